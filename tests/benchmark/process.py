"""Running a command and measuring it from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class BenchmarkError(Exception):
    """The benchmark itself could not go on."""


@dataclass(frozen=True)
class Finished:
    """A process that ended."""

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Its largest resident memory. The kernel counts that of the process it was forked from as well: whoever calls
    `run` has to stay small.
    """


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Finished:
    """Run a command in a folder to its end; what it prints goes to the files `stdout` and `stderr` there."""
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS_UNIT)

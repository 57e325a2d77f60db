"""Processes of the qbsf command that start in a tenth of the time: forked from one that has imported its libraries.

Each command line still runs in a process of its own, by the installed command's entry point, with its own environment,
folder and streams. Where the environment speaks to Python itself, the command is executed anew instead.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_LIBRARIES = (
    "typer.main",
    "requests",
    "requests_oauthlib",
    "simple_salesforce.api",
    "filelock",
    "sqlite3",
    "rich.table",
    "qbsf.sync.command",
    "qbsf.salesforce.rest",
    "qbsf.commands.sync",
    "qbsf.commands.status",
)
_BACKEND = "PYTHON_KEYRING_BACKEND"


def can_start(environment: Mapping[str, str]) -> bool:
    """Whether a forked process would do the same as an executed one."""
    speaks_to_python = any(name.startswith("PYTHON") and name != _BACKEND for name in environment)
    return hasattr(os, "fork") and not speaks_to_python and "COVERAGE_PROCESS_START" not in environment


class WarmStart:
    """One warm process, from which commands are forked one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "program.warm_start"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        stdin: Path,
        streams: tuple[Path, Path],
        seconds: float,
    ) -> int:
        """Run a command line to its end; its exit code, negative for a signal. Raises TimeoutExpired."""
        order = {
            "command": list(command),
            "environment": dict(environment),
            "folder": str(folder),
            "streams": [str(stdin), *map(str, streams)],
            "seconds": seconds,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        if status == _TOO_LATE:
            raise subprocess.TimeoutExpired(list(command), seconds)
        return os.waitstatus_to_exitcode(status)


_TOO_LATE = -1


def serve(orders: IO[str], answers: IO[str]) -> None:
    """The warm process: one order a line, one wait status a line."""
    for name in _LIBRARIES:
        __import__(name)
    for line in orders:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
        answers.write(f"{_wait(child, order['seconds'])}\n")
        answers.flush()


def _become(order: dict[str, object]) -> None:
    """In the child: take on the order's environment, folder and streams, and be the command."""
    code = 70
    try:
        environment, streams, command = order["environment"], order["streams"], order["command"]
        assert isinstance(environment, dict)
        assert isinstance(streams, list)
        assert isinstance(command, list)
        os.setsid()
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        os.chdir(str(order["folder"]))
        for number, (name, flags) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
            opened = os.open(name, flags)
            os.dup2(opened, number)
            os.close(opened)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own streams
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        sys.argv = command
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from qbsf.__main__ import main  # noqa: PLC0415 - only the child is the command

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - told where the command's own words would be
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        os._exit(code)


def _wait(child: int, seconds: float) -> int:
    """The child's wait status; killed when its time is up."""
    end = time.monotonic() + seconds
    signal.set_wakeup_fd(-1)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return _TOO_LATE
        time.sleep(0.002)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)

"""The channel `[alerts] command`: run once an alert, without a shell, the alert as one JSON document on its stdin."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath

from qbsf.clock import Deadline
from qbsf.errors import QbsfError
from qbsf.output.text import one_line

_TODO = "Correct [alerts] command; what it missed waits for the next pass, for a day at most."
_DYING_SECONDS = 0.5


class ChannelFailed(QbsfError):
    """A channel of alerts did not take what was sent. It never changes what a pass did or its exit code."""

    default_code = "alert_channel"


class CommandUnusable(ChannelFailed):
    """The command cannot be started, or took all the time there was: trying it again now would not help."""


def run_command(command: str, document: str, environ: Mapping[str, str], deadline: Deadline) -> None:
    """Give one alert to the command. Raises ChannelFailed where it fails, CommandUnusable where it cannot be
    started or takes too long (it is then killed, and what it started with it).
    """
    words = shlex.split(command)
    name = f"The alert command {one_line(PurePath(words[0]).name)}"
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own command, and no shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=without_secrets(environ),
            start_new_session=True,
        )
    except OSError as error:
        raise CommandUnusable(f"{name} cannot be started ({error.strerror}).", _TODO) from None
    allowed = deadline.left()
    try:
        process.communicate(document.encode(), timeout=allowed)
    except subprocess.TimeoutExpired:
        raise CommandUnusable(f"{name} took longer than {allowed:.0f} seconds and was ended.", _TODO) from None
    finally:
        _end(process)
    if process.returncode < 0:
        raise ChannelFailed(f"{name} was ended by signal {-process.returncode}.", _TODO)
    if process.returncode:
        raise ChannelFailed(f"{name} failed with exit code {process.returncode}.", _TODO)


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for other programs: without qbsf's own secrets."""
    return {name: value for name, value in environ.items() if not (name.startswith("QBSF_") and "SECRET" in name)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill what still runs, with everything in its session; what cannot be killed, or does not die, is left."""
    if process.poll() is None:
        with suppress(PermissionError):  # it runs as another user (sudo)
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_DYING_SECONDS)
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # what it did not read
            process.stdin.close()

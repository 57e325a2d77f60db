"""Every exception as an error that a user can read: known ones as they are, signals and bugs as what they mean.

A bug's traceback goes to a file in the state folder, without local values and with everything that looks like a
secret taken out, never to the terminal or into cron's mail.
"""

import errno
import re
import signal
import traceback
from datetime import datetime
from pathlib import Path
from types import FrameType

from qbsf import __version__
from qbsf.errors import QbsfError
from qbsf.files import PRIVATE_FOLDER, write_private
from qbsf.output.text import one_line, utc

_SECRET = re.compile(
    r"(?P<name>(?i:secret|token|password|passwd|assertion|authorization|cookie|code|state|sid)[\"']*\s*[=:]\s*[\"']*)"
    r"(?P<value>(?i:bearer |basic )?[^\s\"',;&)}]+)"
    r"|(?P<scheme>://)[^/\s@]+@"
    r"|(?P<dense>[A-Za-z0-9_\-.~+=!%]{20,})"
)
_IDENTIFIER = re.compile(r"[a-z_.]+|[A-Za-z]+")


class InterruptError(QbsfError):
    """Ctrl+C."""

    exit_code = 130
    default_code = "interrupted"

    def __init__(self) -> None:
        super().__init__("Interrupted.", "What was done until here is kept; run it again to go on.")


class TerminatedError(QbsfError):
    """SIGTERM."""

    exit_code = 143
    default_code = "terminated"

    def __init__(self) -> None:
        super().__init__("Terminated.", "What was done until here is kept; the next run goes on.")


class DiskFullError(QbsfError):
    """The system's fault, not a bug."""

    exit_code = 1
    default_code = "disk_full"


class UnforeseenError(QbsfError):
    """A bug."""

    exit_code = 1
    default_code = "unforeseen"


class Terminated(BaseException):
    """SIGTERM, or a terminal that was closed, raised where the program is: every `finally` runs."""


def stop_on_sigterm() -> None:
    """Let the first SIGTERM unwind the program as Ctrl+C does; further ones do not disturb that."""
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def as_error(problem: BaseException, folder: Path, now: datetime) -> QbsfError:
    """What to tell the user of `problem`. A bug's details are written under `folder`, the profile's state folder."""
    if isinstance(problem, QbsfError):
        return problem
    if isinstance(problem, KeyboardInterrupt):
        return InterruptError()
    if isinstance(problem, Terminated):
        return TerminatedError()
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = f" for {problem.filename}" if problem.filename else ""
        return DiskFullError(f"There is no space left{where}.", "Free some space, then run it again.")
    what = f"Unforeseen {type(problem).__name__}, a bug in qbsf."
    path = folder / f"crash-{now:%Y%m%dT%H%M%SZ}.txt"
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_private(path, crash_report(problem, now))
    except OSError as error:
        where = _place(problem)
        return UnforeseenError(what, f"No details could be kept at {path} ({error.strerror}); it happened in {where}.")
    return UnforeseenError(what, f"Please report it with {path}, which holds no secrets.")


def crash_report(problem: BaseException, now: datetime) -> str:
    """The traceback of a bug and of what led to it: places, our own source lines, and messages without secrets."""
    told = [f"qbsf {__version__} crash report, {utc(now)}"]
    shown: BaseException | None = problem
    met: set[int] = set()
    while shown is not None and id(shown) not in met:
        met.add(id(shown))
        told.append("")
        told += "".join(traceback.format_tb(shown.__traceback__)).splitlines()
        told.append(f"{type(shown).__name__}: {without_secrets(one_line(str(shown)))}")
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    return "\n".join(told) + "\n"


def without_secrets(text: str) -> str:
    """`text` without every value that is named like a secret, and every long run that could be a token."""
    return _SECRET.sub(_without, text)


def _without(match: re.Match[str]) -> str:
    if match["name"]:
        return f"{match['name']}[removed]"
    if match["scheme"]:
        return f"{match['scheme']}[removed]@"
    run = match["dense"]
    return run if _IDENTIFIER.fullmatch(run) else f"[{len(run)} characters removed]"


def _place(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    return f"{Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else "an unknown place"

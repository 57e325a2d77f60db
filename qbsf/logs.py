"""Logging: qbsf's own events on stderr with -v and in `[log] file`; the libraries never below warnings.

oauthlib and requests_oauthlib log tokens, urllib3 logs addresses with their queries, keyring what it stores where, all
at DEBUG. Their loggers are capped here, whatever level somebody gives the root logger.
"""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from qbsf.errors import ConfigError
from qbsf.output.text import one_line

if TYPE_CHECKING:
    from qbsf.log_file import LogFile

CAPPED = (
    "filelock",
    "keyring",
    "oauthlib",
    "requests",
    "requests_oauthlib",
    "simple_salesforce",
    "urllib3",
)
_OWN = "qbsf"
_files: "list[LogFile]" = []
"""The log files of this process."""


def set_up(stream: TextIO | None, *, verbose: bool) -> None:
    """Cap the libraries; with `verbose` show qbsf's own events on `stream`. Replaces an earlier set-up."""
    for name in CAPPED:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # else Python prints what libraries warn of, and cron mails it
    own = logging.getLogger(_OWN)
    for handler in own.handlers[:]:
        own.removeHandler(handler)
        handler.close()
    own.addHandler(logging.NullHandler())
    own.propagate = False
    own.setLevel(logging.DEBUG if verbose else logging.INFO)
    if verbose and stream is not None:
        shown = logging.StreamHandler(stream)
        shown.setFormatter(_LineFormatter("%(asctime)s %(name)s: %(message)s"))
        shown.addFilter(lambda record: not hasattr(record, "members"))  # what a report says stands on stdout
        own.addHandler(shown)


def add_file(path: Path) -> None:
    """Also write one JSON line per event to `path`, rotated. Raises ConfigError where it cannot be written."""
    # logging's rotation takes 5 ms to import, and most commands write no log file.
    from qbsf.log_file import LogFile  # noqa: PLC0415

    try:
        handler = LogFile(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    _files.append(handler)
    handler.setFormatter(_JsonFormatter())
    handler.setLevel(logging.INFO)
    logging.getLogger(_OWN).addHandler(handler)


def file_error() -> ConfigError | None:
    """What the log file met while it was written (a full disk, a folder that lets nobody rotate); None where all
    went well, or none is written.
    """
    for handler in _open_files():
        if handler.failure is not None:
            return _unwritable(Path(handler.baseFilename), handler.failure)
    return None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The log file {path} cannot be written ({error.strerror}).",
        "Make its folder and let this user write there, or correct [log] file.",
        code="log_file",
    )


def file_is_open() -> bool:
    """Whether there is a log file to write to."""
    return bool(_open_files())


def _open_files() -> "list[LogFile]":
    """Those that set_up has not taken away since."""
    handlers = logging.getLogger(_OWN).handlers
    return [file for file in _files if file in handlers]


def log_event(name: str, members: Mapping[str, object]) -> None:
    """One event with its members, for the log file alone."""
    logging.getLogger(f"{_OWN}.pass").info(name, extra={"members": members})


class _LineFormatter(logging.Formatter):
    """One line per event, UTC with Z."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = ""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


class _JsonFormatter(_LineFormatter):
    """{"time", "level", "logger", "event"} and what the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        members: Mapping[str, object] = getattr(record, "members", {})
        line = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": one_line(record.getMessage()),
            **members,
        }
        return json.dumps(line, default=str)

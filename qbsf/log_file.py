"""The file behind `[log] file`."""

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from qbsf.files import PRIVATE_FILE

_FILE_BYTES = 2_000_000
_KEPT_FILES = 5


class LogFile(RotatingFileHandler):
    """Rotated, each file this user's alone (mode 0600). A line that cannot be written is no reason to stop: the first
    such failure is kept in `failure`.
    """

    failure: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_KEPT_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        return open(descriptor, "a", encoding=self.encoding)  # noqa: PTH123 - a descriptor has no Path

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        else:
            self.failure = self.failure or error

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            self.failure = self.failure or error

"""A keyring over one JSON file, for processes that run against the sandbox (PYTHON_KEYRING_BACKEND).

QBSF_SANDBOX_KEYRING is the file. QBSF_SANDBOX_KEYRING_FAILS makes it behave badly: "locked" (KeyringLocked),
"missing" (NoKeyringError), "slow" (each call takes QBSF_SANDBOX_KEYRING_SECONDS, 60 by default), "forgets" (writes
succeed and keep nothing), "readonly" (writes fail), "prompt" (KeyringLocked on write only), each for every call.
"""

import json
import os
import tempfile
import time
from pathlib import Path

from filelock import FileLock
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError, PasswordDeleteError, PasswordSetError

FILE_VARIABLE = "QBSF_SANDBOX_KEYRING"
FAILS_VARIABLE = "QBSF_SANDBOX_KEYRING_FAILS"
SECONDS_VARIABLE = "QBSF_SANDBOX_KEYRING_SECONDS"


class SandboxKeyring(KeyringBackend):
    """The keyring of sandbox processes."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        self._behave()
        with self._lock():
            return self._read().get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._behave()
        fails = os.environ.get(FAILS_VARIABLE, "")
        if fails == "forgets":
            return
        if fails == "readonly":
            raise PasswordSetError("Can't store password on keychain")
        if fails == "prompt":
            raise KeyringLocked("Failed to unlock the item!")
        with self._lock():
            entries = self._read()
            entries.setdefault(service, {})[username] = password
            self._write(entries)

    def delete_password(self, service: str, username: str) -> None:
        self._behave()
        with self._lock():
            entries = self._read()
            if entries.get(service, {}).pop(username, None) is None:
                raise PasswordDeleteError("No such password!")
            self._write(entries)

    @staticmethod
    def _behave() -> None:
        match os.environ.get(FAILS_VARIABLE, ""):
            case "locked":
                raise KeyringLocked("Failed to unlock the collection!")
            case "missing":
                raise NoKeyringError("No recommended backend was available.")
            case "slow":
                time.sleep(float(os.environ.get(SECONDS_VARIABLE, "60")))

    @staticmethod
    def _file() -> Path:
        name = os.environ.get(FILE_VARIABLE)
        if not name:
            raise NoKeyringError(f"{FILE_VARIABLE} names no file")
        return Path(name)

    def _lock(self) -> FileLock:
        return FileLock(f"{self._file()}.lock")

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            entries: dict[str, dict[str, str]] = json.loads(self._file().read_text())
        except FileNotFoundError:
            return {}
        return entries

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        file = self._file()
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(descriptor, "w") as temporary:
            json.dump(entries, temporary)
        Path(name).replace(file)

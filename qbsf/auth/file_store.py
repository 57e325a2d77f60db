"""Secrets in one private file, for a machine that has no keyring (`[secrets] store = "file"`)."""

import json
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qbsf.auth.store import SecretName
from qbsf.errors import StoreUnavailable
from qbsf.files import PRIVATE_FOLDER, exclusive, write_private
from qbsf.ownership import account_name, my_id
from qbsf.paths import quoted

_LOCK_SECONDS = 10.0
"""A holder needs milliseconds: it reads and writes one small file."""


class FileStore:
    """One JSON object, name to text, mode 0600, replaced atomically. Profiles may share the file."""

    def __init__(self, path: Path, profile: str) -> None:
        self._path = path
        self._profile = profile

    @property
    def place(self) -> str:
        return f"file {self._path}"

    @property
    def refresh_lock(self) -> Path:
        return self._path.with_name(f"{self._path.name}.{self._profile}.refresh.lock")

    def get(self, name: SecretName) -> str | None:
        return self._read().get(self._key(name))

    def set(self, name: SecretName, value: str) -> None:
        self._change(lambda secrets: {**secrets, self._key(name): value})
        if self.get(name) != value:
            raise StoreUnavailable(
                f"{self._path} does not keep what is written to it.",
                "See that the file system is whole and nothing else writes that file.",
            )

    def delete(self, name: SecretName) -> None:
        key = self._key(name)
        if key in self._read():
            self._change(lambda secrets: {other: secrets[other] for other in secrets if other != key})

    def _key(self, name: SecretName) -> str:
        return f"{self._profile}:{name}"

    def _change(self, changed: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with self._wrapped():
            self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            # A write that interleaved with another process's would undo it, and with it a rotated token.
            with exclusive(self._path.with_name(f"{self._path.name}.lock"), _LOCK_SECONDS):
                secrets = changed(self._read())
                write_private(self._path, json.dumps(secrets, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, str]:
        with self._wrapped():
            try:
                self._refuse_open_file()
                content = self._path.read_bytes()
            except FileNotFoundError:
                return {}
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise StoreUnavailable(
                f"{self._path} is damaged: it is not the JSON that qbsf wrote.",
                f"Set it aside (mv {quoted(self._path)} {quoted(self._path)}.damaged), then run `qbsf auth`.",
            )
        return found

    def _refuse_open_file(self) -> None:
        """Raises StoreUnavailable where others own or may read the file."""
        if sys.platform == "win32":
            return
        status = self._path.stat()
        if status.st_uid != my_id():
            raise StoreUnavailable(
                f"{self._path} belongs to {account_name(status.st_uid)}.",
                f"Take it back: sudo chown {account_name(my_id())} {quoted(self._path)}",
            )
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise StoreUnavailable(
                f"{self._path} can be read by others on this machine (mode {stat.S_IMODE(status.st_mode):04o}).",
                f"Close it: chmod 600 {quoted(self._path)}; then run `qbsf auth` for fresh tokens.",
            )

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise StoreUnavailable(
                f"{self._path} is locked by another qbsf for {_LOCK_SECONDS:.0f} seconds.", "Run it again."
            ) from error
        except OSError as error:
            raise StoreUnavailable(
                f"{self._path} cannot be used: {error.strerror or error}.",
                f"Let {account_name(my_id())} write to {quoted(self._path.parent)}, or change [secrets] file.",
            ) from error

"""Where qbsf keeps its state: one folder per profile, this user's own, mode 0700 (shared/interface.md)."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qbsf.files import PRIVATE_FOLDER
from qbsf.ownership import require_own, unusable

STATE_NAME = "state.sqlite3"


@dataclass(frozen=True)
class ProfilePaths:
    """The files of one profile. Nothing is made or checked before `prepare`."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / STATE_NAME

    @property
    def grant(self) -> Path:
        """What `auth` and every refresh leave for `status`; no secret."""
        return self.folder / "grant.json"

    @property
    def pass_lock(self) -> Path:
        return self.folder / "pass.lock"

    @property
    def secrets(self) -> Path:
        """The default place of `[secrets] store = "file"`."""
        return self.folder / "secrets.json"

    def check(self) -> None:
        """Raises ConfigError where the folder or one of its files is another user's; makes nothing."""
        require_own(self.folder)
        try:
            inside = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise unusable(self.folder, error) from error
        for path in inside:
            require_own(path)

    def prepare(self) -> None:
        """Makes the folder (mode 0700). Raises ConfigError where it cannot be used or is another user's."""
        try:
            self.folder.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            self.folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise unusable(self.folder, error) from error
        self.check()
        try:
            if sys.platform != "win32" and self.folder.stat().st_mode & 0o077:
                self.folder.chmod(PRIVATE_FOLDER)
        except OSError as error:
            raise unusable(self.folder, error) from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise unusable(self.folder, PermissionError(13, "it may not be written to"))

    def set_aside_state(self, label: str) -> Path | None:
        """Renames the local state after what it belonged to, and returns its new name (None where there is none).

        For a change of company or organization, which must not see the other's links. The caller holds the pass
        lock. Raises ConfigError.
        """
        if not self.state.exists():
            return None
        kept = self.folder / f"state-{label}.sqlite3"
        try:
            for suffix in ("", "-wal", "-shm"):
                source = self.state.with_name(self.state.name + suffix)
                if source.exists():
                    source.replace(kept.with_name(kept.name + suffix))
        except OSError as error:
            raise unusable(self.state, error) from error
        return kept


def profile_paths(profile: str, environ: Mapping[str, str]) -> ProfilePaths:
    """The files of a profile, under $QBSF_STATE_DIR or the user's state folder for qbsf."""
    if named := environ.get("QBSF_STATE_DIR", ""):
        return ProfilePaths(Path(named).absolute() / profile)
    import platformdirs  # noqa: PLC0415 - 0.06 s that a named folder does not need

    return ProfilePaths(platformdirs.user_state_path("qbsf", appauthor=False) / profile)


def keyring_lock(profile: str) -> Path:
    """The refresh lock of tokens in the keyring. A keyring is the user's, so is its lock: it sits under the home
    folder whatever XDG_STATE_HOME or QBSF_STATE_DIR say, for these differ between a shell and cron (auth.md A5).
    """
    return Path.home() / ".local" / "state" / "qbsf" / f"refresh-{profile}.lock"


def prepare_lock(lock: Path) -> None:
    """Makes the folder of a lock file. Raises ConfigError where it cannot, or where the lock is another user's."""
    try:
        lock.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(lock.parent, error) from error
    require_own(lock)


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    return shlex.quote(str(path))

"""Whose a file is: state, locks and secrets must be this user's own (shared/interface.md, Configuration)."""

import os
import shlex
import sys
from pathlib import Path

from qbsf.errors import ConfigError


def my_id() -> int:
    """This user's number; 0 on Windows, where files carry no such number."""
    return 0 if sys.platform == "win32" else os.geteuid()


def account_name(user_id: int) -> str:
    """The login name of a user number, or the number where it has none."""
    if sys.platform != "win32":
        import pwd  # noqa: PLC0415 - not there on Windows

        try:
            return pwd.getpwuid(user_id).pw_name
        except KeyError:
            pass  # a number without a name is shown as it is
    return str(user_id)


def require_own(path: Path) -> None:
    """Raises ConfigError, with the command that mends it, where a file or folder is there and is another user's."""
    if sys.platform == "win32":
        return
    try:
        owner = path.lstat().st_uid
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(path, error) from error
    me = my_id()
    if owner == me:
        return
    owner_name = account_name(owner)
    if me == 0:
        todo = f"Run qbsf as {owner_name} (sudo -u {owner_name} -H qbsf ...), or set QBSF_STATE_DIR to root's own."
    else:
        todo = f"Take it back: sudo chown -R {account_name(me)} {shlex.quote(str(path))}"
    raise ConfigError(f"{path} belongs to {owner_name}, not to {account_name(me)}.", todo)


def unusable(path: Path, error: OSError) -> ConfigError:
    """The ConfigError of a state file or folder that the system refuses to read or write."""
    reason = error.strerror or str(error)
    return ConfigError(
        f"{path} cannot be used: {reason}.",
        f"Let {account_name(my_id())} write there, or set QBSF_STATE_DIR to a folder where it may.",
    )

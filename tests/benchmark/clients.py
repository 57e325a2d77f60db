"""The three that are measured: qbsf as installed, the floor, and the script as people write it."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
QBSF = str(Path(sys.executable).with_name("qbsf"))
Environment = Mapping[str, str]


def _always(_: Environment) -> bool:
    """A bare script does all of a pass, or fails."""
    return True


def _says_complete(environment: Environment) -> bool:
    """What `qbsf status` says of the last pass; that one prints nothing, as under cron."""
    told = subprocess.run([QBSF, "status", "--json"], env=dict(environment), capture_output=True, check=False).stdout
    return json.loads(told)["last_run"]["complete"] is True


@dataclass(frozen=True)
class Client:
    """How a pass is started, in a home folder that world.py furnished; every pass by the same words."""

    name: str
    command: tuple[str, ...]
    remembers: bool
    """Keeps what it knows between passes, so that the pass after the first differs from an idle one."""
    is_complete: Callable[[Environment], bool] = _always
    """Whether a pass that ended well did all there was to do."""


CLIENTS = {
    client.name: client
    for client in (
        Client("qbsf", (QBSF, "sync", "--allow-large"), remembers=True, is_complete=_says_complete),
        Client("floor", (sys.executable, str(_FOLDER / "floor.py"), "access.json"), remembers=True),
        Client("naive", (sys.executable, str(_FOLDER / "naive.py"), "access.json"), remembers=False),
    )
}

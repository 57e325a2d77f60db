"""This machine: the configuration file, the state folder, the secret store, the log."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from qbsf.auth.store import SecretStore, probe
from qbsf.check.findings import Finding, of_error, ok, warn, wrong
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.paths import ProfilePaths


def config_file(config: Config) -> Finding:
    """The file that was read; whose it is was judged when it was loaded."""
    path = config.path
    if path is None:
        return ok("configuration", f"profile {config.name}.")
    if sys.platform != "win32" and (mode := path.stat().st_mode & 0o777) & 0o077:
        return warn(
            "configuration",
            f"{path} (profile {config.name}) may be read by others (mode {mode:04o}).",
            f"chmod 600 {shlex.quote(str(path))}",
        )
    return ok("configuration", f"{path}, profile {config.name}.")


def start_date(config: Config) -> Finding:
    day = config.sync.start_date
    if day is None:
        return warn(
            "start_date",
            "sync.start_date is not set: the first pass also writes payments of long ago.",
            'Set sync.start_date to the day from which deals count, as in "2026-01-31"; see qbsf sync --dry-run.',
        )
    return ok("start_date", f"Invoices settled before {day.isoformat()} are left alone.")


def state_folder(paths: ProfilePaths) -> Finding:
    """Makes the folder where it is missing, as a pass would."""
    try:
        paths.prepare()
    except QbsfError as error:
        return of_error("state", error)
    return ok("state", f"{paths.folder} can be written.")


def log_file(config: Config) -> Iterator[Finding]:
    if not config.log.file:
        return
    path = Path(config.log.file)
    folder = path.parent
    writable = os.access(path, os.W_OK) if path.exists() else os.access(folder, os.W_OK | os.X_OK)
    if writable:
        yield ok("log", f"{path} can be written.")
    else:
        yield wrong("log", f"log.file {path} cannot be written.", f"Let this user write to {folder}.")


def secret_store(store: SecretStore) -> Finding:
    """Writes, reads and deletes a probe."""
    try:
        probe(store)
        place = store.place
    except QbsfError as error:
        return of_error("secrets", error)
    return ok("secrets", f"The {place} can be written and read.")

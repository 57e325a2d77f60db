"""One minute of cron for all users: each is set up by a fixture, and all their passes start together."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from system import cron, desktop
from system.account import Account
from system.packages import install_qbsf, require_debian
from system.readme import with_keyring_script
from system.station import Station

from qbsf.sandbox.world import Sandbox


@dataclass(frozen=True)
class Stations:
    """The users of the machine; cron has started a pass of each."""

    desktop: Station
    """Logged in, the keyring unlocked by that."""
    headless: Station
    """On a server, with a keyring of its own for each command (README, Unattended)."""
    file: Station
    """With `[secrets] store = "file"`."""
    logged_out: Station
    """Authorized at a desktop, and logged out since."""
    never_authorized: Station
    """With a configuration, and no keyring ever."""
    locked: Station
    """At a desktop that logged in by itself: its keyring is locked."""
    asked: Station
    """The same, and a window asks for the keyring's password."""


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """The folder of an installed qbsf that every user can run.

    One test run at a time has the machine: another would lose the cron that the first one started.
    """
    require_debian()
    with (
        FileLock("/run/qbsf-system-tests.lock", timeout=600),
        tempfile.TemporaryDirectory(prefix="qbsf-system-", dir="/opt") as folder,
    ):
        Path(folder).chmod(0o755)
        yield install_qbsf(Path(folder) / "venv")


@pytest.fixture(scope="session")
def stations(programs: Path) -> Iterator[Stations]:
    """Everybody, in one minute of cron."""
    with ExitStack() as stack:

        def fresh(role: str) -> Station:
            account = Account(f"qbsf{os.getpid()}{role}", homes=programs.parent.parent)
            stack.callback(account.remove)
            return Station(account, stack.enter_context(Sandbox()), programs)

        found = Stations(
            desktop=_at_a_desktop(fresh("desk")),
            headless=_on_a_server(fresh("server")),
            file=_with_a_file(fresh("file")),
            logged_out=_logged_out(fresh("out")),
            never_authorized=fresh("new"),
            locked=_locked(fresh("locked")),
            asked=_asked(fresh("asked"), programs / "python"),
        )
        _let_cron_start_a_pass_of(list(vars(found).values()))
        yield found


def _let_cron_start_a_pass_of(stations: Sequence[Station]) -> None:
    with ExitStack() as crontabs, cron.cron_daemon():
        for station in stations:
            station.let_the_token_run_out()
            station.schedule()
            crontabs.callback(cron.remove_crontab, station.account)
        for station in stations:
            cron.wait_for_start(station.account)


def _at_a_desktop(station: Station) -> Station:
    desktop.log_in(station.account)
    station.authorize()
    return station


def _on_a_server(station: Station) -> Station:
    """By the README: a passphrase file and a session of its own for each command."""
    script = station.installation.home / "with-keyring.sh"
    script.write_text(with_keyring_script())
    passphrase = station.installation.home / "passphrase"
    passphrase.write_text(f"{desktop.PASSWORD}\n")
    passphrase.chmod(0o600)
    station.account.own(station.installation.home)
    station.wrapper = ("dbus-run-session", "--", "sh", str(script))
    station.authorize()
    return station


def _with_a_file(station: Station) -> Station:
    station.configure(secrets={"store": "file"})
    station.authorize()
    return station


def _logged_out(station: Station) -> Station:
    desktop.log_in(station.account)
    station.authorize()
    desktop.log_out(station.account)
    return station


def _locked(station: Station) -> Station:
    desktop.log_in(station.account)
    station.authorize()
    desktop.lock(station.account)
    return station


def _asked(station: Station, python: Path) -> Station:
    desktop.log_in(station.account)
    station.authorize()
    desktop.lock(station.account)
    desktop.ask_for_the_password(station.account, python)
    return station

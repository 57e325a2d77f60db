"""Debian's cron and gnome-keyring, as they are, start a pass and hold its tokens (issue 3, item 2; auth.md A).

Cron gives a job HOME, LOGNAME, SHELL and PATH=/usr/bin:/bin: the crontabs add what leads to the simulated services,
and nothing that leads to a keyring. Each pass has to renew the token, and so to write to the keyring as well.
"""

import pytest
from system.conftest import Stations
from system.station import Station

pytestmark = pytest.mark.system

IN_THE_KEYRING = "tokens are in the keyring (SecretService Keyring)"


def assert_cron_closed_the_deal(station: Station) -> None:
    done = station.pass_by_cron
    assert (done.output, done.exit_code) == ("", 0)
    assert station.closed_in_salesforce()
    assert station.sandbox.books.oauth.refreshes == 1


def assert_the_renewed_token_is_kept(station: Station) -> None:
    station.let_the_token_run_out()
    again = station.run_as_cron_does("sync")
    assert (again.output, again.exit_code) == ("", 0)
    assert station.sandbox.books.oauth.refreshes == 2


def test_at_a_desktop_cron_reaches_the_keyring_by_itself_and_the_deal_closes(stations: Stations) -> None:
    assert_cron_closed_the_deal(stations.desktop)
    assert_the_renewed_token_is_kept(stations.desktop)
    assert IN_THE_KEYRING in stations.desktop.told_by_auth
    assert stations.desktop.keyring_file.exists()
    assert not stations.desktop.secrets_file.exists()


def test_on_a_server_cron_opens_a_keyring_by_its_passphrase_file_and_the_deal_closes(stations: Stations) -> None:
    assert_cron_closed_the_deal(stations.headless)
    assert_the_renewed_token_is_kept(stations.headless)
    assert IN_THE_KEYRING in stations.headless.told_by_auth
    assert stations.headless.keyring_file.exists()
    stations.headless.account.wait_for_no_process()


def test_with_the_secrets_file_the_deal_closes_without_a_keyring(stations: Stations) -> None:
    assert_cron_closed_the_deal(stations.file)
    assert_the_renewed_token_is_kept(stations.file)
    status = stations.file.secrets_file.stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o600, stations.file.account.uid)


def assert_cron_names_the_cure(station: Station, told: str, *cures: str) -> None:
    done = station.pass_by_cron
    assert done.exit_code == 3
    assert done.output.startswith("qbsf: ")
    assert done.output.count("\n") == 1, done.output
    assert told in done.output
    for cure in cures:
        assert cure in done.output
    assert station.installation.all_writes() == 0
    assert station.sandbox.books.oauth.refreshes == 0


def test_without_any_keyring_the_pass_exits_3_and_one_line_names_the_cure(stations: Stations) -> None:
    for station in (stations.logged_out, stations.never_authorized):
        assert_cron_names_the_cure(
            station,
            "there is none that qbsf can reach from here",
            "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/UID/bus",
            '[secrets] store = "file"',
        )


def test_a_locked_keyring_exits_3_and_one_line_names_the_cure(stations: Stations) -> None:
    cures = ("Log in on the desktop once", "gnome-keyring-daemon --unlock", '[secrets] store = "file"')
    assert_cron_names_the_cure(stations.locked, "(SecretService Keyring) could not be read: it is locked", *cures)


def test_a_keyring_that_waits_for_somebody_does_not_hold_the_pass(stations: Stations) -> None:
    cures = ("Log in on the desktop once", "gnome-keyring-daemon --unlock", '[secrets] store = "file"')
    assert_cron_names_the_cure(stations.asked, "could not be read within 5 seconds", *cures)

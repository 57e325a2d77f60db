"""A user's desktop session, as far as a keyring is concerned: the session bus and gnome-keyring on it."""

import shutil
from pathlib import Path

from system.account import Account, wait_until

PASSWORD = "correct horse battery staple"
DAEMON = "gnome-keyring-daemon"
BUS = "dbus-daemon"
PROMPTER = "org.gnome.keyring.SystemPrompter"

_OWNS_NAME = """\
import sys
from jeepney import message_bus
from jeepney.io.blocking import open_dbus_connection
with open_dbus_connection() as connection:
    connection.send_and_get_reply(message_bus.RequestName(sys.argv[1]))
    while True:
        connection.receive()
"""


def log_in(account: Account) -> None:
    """Starts the session bus where a login does, and the keyring, unlocked by the password that was typed."""
    folder = account.runtime_folder
    folder.mkdir(mode=0o700, parents=True)
    account.own(folder)
    bus = folder / "bus"
    account.variables["XDG_RUNTIME_DIR"] = str(folder)
    account.variables["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"
    account.start(BUS, "--session", "--nofork", "--nopidfile", f"--address=unix:path={bus}")
    wait_until(bus.exists, f"the session bus of {account.name}")
    account.start(DAEMON, "--foreground", "--components=secrets", "--unlock", stdin=PASSWORD)
    wait_until(lambda: is_on_bus(account, "org.freedesktop.secrets"), f"the keyring of {account.name}")


def log_out(account: Account) -> None:
    """Ends the session: no bus, no keyring."""
    account.end(DAEMON)
    account.end(BUS)
    shutil.rmtree(account.runtime_folder)


def lock(account: Account) -> None:
    """The desktop as after a login without a password: when the keyring is asked for, the bus starts it locked."""
    account.end(DAEMON)


def ask_for_the_password(account: Account, python: Path) -> None:
    """A desktop that answers a locked keyring by a window for its password, at which nobody sits."""
    account.start(str(python), "-c", _OWNS_NAME, PROMPTER)
    wait_until(lambda: is_on_bus(account, PROMPTER), f"the password window of {account.name}")


def is_on_bus(account: Account, name: str) -> bool:
    """Whether a service of that name is on the session bus."""
    bus = ("--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus")
    return "true" in account.run("dbus-send", *bus, "org.freedesktop.DBus.NameHasOwner", f"string:{name}").stdout

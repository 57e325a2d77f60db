"""The keyring as it really is: locked, absent, slow, forgetful, or raising what nobody documented."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordDeleteError, PasswordSetError

from qbsf.auth.keyring_store import Backend, KeyringStore, point_at_session_bus
from qbsf.errors import StoreUnavailable

LOCK = Path("unused.lock")


class MemoryKeyring:
    """A keyring that works; `fault` runs before every call."""

    def __init__(self, fault: Callable[[], None] = lambda: None) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.fault = fault
        self.writes = 0

    def get_password(self, service: str, username: str, /) -> str | None:
        self.fault()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        self.fault()
        self.writes += 1
        self.entries[(service, username)] = password

    def delete_password(self, service: str, username: str, /) -> None:
        self.fault()
        if (service, username) not in self.entries:
            raise PasswordDeleteError("No such password!")
        del self.entries[(service, username)]


def store_on(backend: Backend, seconds: float = 5.0) -> KeyringStore:
    return KeyringStore("default", LOCK, choose_backend=lambda: backend, seconds=seconds)


def raising(error: Exception) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def waiting_for(event: Event) -> Callable[[], None]:
    """A keyring whose prompt nobody answers before the event."""

    def fault() -> None:
        event.wait(30.0)

    return fault


def test_entries_are_named_after_qbsf_and_the_profile() -> None:
    backend = MemoryKeyring()
    store = store_on(backend)
    store.set("quickbooks.refresh", "AB11")
    assert backend.entries == {("qbsf", "default:quickbooks.refresh"): "AB11"}
    assert store.get("quickbooks.refresh") == "AB11"


def test_deleting_what_is_not_there_is_fine() -> None:
    store_on(MemoryKeyring()).delete("quickbooks.refresh")


def test_its_place_names_the_backend() -> None:
    assert store_on(MemoryKeyring()).place == "keyring (test_store_keyring MemoryKeyring)"


def foreign(module: str, name: str) -> Exception:
    kind: type[Exception] = type(name, (Exception,), {"__module__": module})
    return kind("Item does not exist! s3cr3t")


ERRORS = [
    (NoKeyringError("No recommended backend was available. s3cr3t"), "there is none", "DBUS_SESSION_BUS_ADDRESS"),
    (KeyringLocked("Failed to unlock the collection! s3cr3t"), "it is locked", "Log in on the desktop"),
    (InitError("Failed to create the collection: Prompt dismissed.. s3cr3t"), "asks somebody", "gnome-keyring-daemon"),
    (PasswordSetError("Can't store password on keychain s3cr3t"), "(PasswordSetError)", "keyring diagnose"),
    (foreign("secretstorage.exceptions", "ItemNotFoundException"), "its service failed", "DBUS_SESSION_BUS"),
    (foreign("pywintypes", "error"), "(error)", "keyring diagnose"),
    (EOFError("s3cr3t"), "asks for a password at each start", 'store = "file"'),
    (ConnectionRefusedError(111, "s3cr3t"), "its service failed (ConnectionRefusedError)", "DBUS_SESSION_BUS"),
]


@pytest.mark.parametrize(("error", "told", "cure"), ERRORS)
def test_every_fault_of_a_backend_is_told_with_its_cure_and_without_its_text(
    error: Exception, told: str, cure: str
) -> None:
    store = store_on(MemoryKeyring(raising(error)))
    uses: list[Callable[[], object]] = [
        lambda: store.get("quickbooks.refresh"),
        lambda: store.set("quickbooks.refresh", "s3cr3t"),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable) as caught:
            use()
        assert told in caught.value.message
        assert cure in caught.value.todo
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module named 'x'"), ValueError("Empty module name")])
def test_a_backend_that_cannot_be_loaded_is_told(error: Exception) -> None:
    def choose() -> Backend:
        raise error

    with pytest.raises(StoreUnavailable, match="its backend cannot be loaded") as caught:
        KeyringStore("default", LOCK, choose_backend=choose).get("quickbooks.refresh")
    assert "PYTHON_KEYRING_BACKEND" in caught.value.todo


@pytest.mark.parametrize("backend", ["no.such.Backend", "", "keyring.backends.fail.Keyring"])
def test_a_wrong_backend_variable_is_one_clear_error(backend: str) -> None:
    code = (
        "from pathlib import Path\n"
        "from qbsf.auth.keyring_store import KeyringStore\n"
        "from qbsf.errors import StoreUnavailable\n"
        "try: KeyringStore('default', Path('x')).get('quickbooks.refresh')\n"
        "except StoreUnavailable as error: print(error.exit_code)\n"
    )
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")


class NullKeyring(MemoryKeyring):
    """Takes everything and keeps nothing, as keyring.backends.null does, and a chainer over locked backends."""

    def get_password(self, service: str, username: str, /) -> str | None:
        super().get_password(service, username)
        return None


def test_a_keyring_that_keeps_nothing_is_noticed_by_reading_back() -> None:
    with pytest.raises(StoreUnavailable, match="does not keep what is written to it"):
        store_on(NullKeyring()).set("quickbooks.refresh", "AB11")


def test_a_keyring_that_waits_for_somebody_is_left_after_the_limit() -> None:
    freed = Event()
    backend = MemoryKeyring(waiting_for(freed))
    store = store_on(backend, seconds=0.05)
    with pytest.raises(StoreUnavailable, match=r"could not be read within 0\.05 seconds") as caught:
        store.get("quickbooks.refresh")
    assert "may still arrive" not in caught.value.message
    freed.set()


def test_a_late_write_is_told_and_never_overtaken_by_the_next() -> None:
    freed = Event()
    backend = MemoryKeyring(waiting_for(freed))
    store = store_on(backend, seconds=0.05)
    with pytest.raises(StoreUnavailable, match="may still arrive there"):
        store.set("quickbooks.refresh", "old")
    with pytest.raises(StoreUnavailable, match="could not be written"):
        store.set("quickbooks.refresh", "new")
    assert backend.writes == 0
    freed.set()
    patient = store_on(backend)
    patient._late = store._late
    patient.set("quickbooks.refresh", "new")
    assert backend.writes == 2
    assert patient.get("quickbooks.refresh") == "new"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="D-Bus is a matter of Unix")
def test_cron_is_led_to_the_session_bus_where_it_is(tmp_path: Path) -> None:
    bus = tmp_path / "1001" / "bus"
    bus.parent.mkdir()
    bus.touch()
    environ: dict[str, str] = {}
    point_at_session_bus(environ, 1001, tmp_path)
    assert environ == {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"}


def test_a_bus_that_is_named_already_or_not_there_changes_nothing(tmp_path: Path) -> None:
    named = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/elsewhere"}
    point_at_session_bus(named, 1001, tmp_path)
    assert named == {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/elsewhere"}
    absent: dict[str, str] = {}
    point_at_session_bus(absent, 1001, tmp_path)
    assert absent == {}

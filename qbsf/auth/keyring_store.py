"""Secrets in the operating system's keyring: slow, promptable, sometimes absent (shared/reference/auth.md A1 to A4).

The only importer of keyring. Every call is bounded in time, every foreign exception becomes StoreUnavailable.
"""

import os
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from threading import Thread
from typing import Protocol, TypeVar

from qbsf.auth.store import SERVICE, SecretName
from qbsf.errors import StoreUnavailable

T = TypeVar("T")

CALL_SECONDS = 5.0
"""An unlocked keyring answers in 0.02 s, a cold one in 0.25 s; one that waits for a person never does (A2)."""

_NO_KEYRING = "keyring.backends.fail.Keyring"
_INSTEAD = 'On a machine without a keyring set [secrets] store = "file".'
_UNLOCK = (
    "Log in on the desktop once so that the keyring is unlocked, or run qbsf in a session that unlocks it"
    f" (dbus-run-session with gnome-keyring-daemon --unlock). {_INSTEAD}"
)
_FIND = (
    "From cron, add DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/UID/bus (UID: what `id -u` prints) to the"
    f" crontab, and be logged in. {_INSTEAD}"
)


class Backend(Protocol):
    """What of a keyring backend is used."""

    def get_password(self, service: str, username: str, /) -> str | None: ...

    def set_password(self, service: str, username: str, password: str, /) -> None: ...

    def delete_password(self, service: str, username: str, /) -> None: ...


def point_at_session_bus(
    environ: MutableMapping[str, str], user_id: int, runtime_folders: Path = Path("/run/user")
) -> None:
    """Sets DBUS_SESSION_BUS_ADDRESS where it is unset and the user's bus is at its usual place: with this one step
    plain cron reaches the keyring of a logged-in desktop (auth.md A2).
    """
    bus = runtime_folders / str(user_id) / "bus"
    if not environ.get("DBUS_SESSION_BUS_ADDRESS") and bus.exists():
        environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"


def system_backend() -> Backend:
    """The backend that keyring chooses here, by PYTHON_KEYRING_BACKEND, keyringrc.cfg or priority."""
    if sys.platform == "linux":
        point_at_session_bus(os.environ, os.geteuid())
    import keyring  # noqa: PLC0415 - 0.13 s, and it opens D-Bus connections

    return keyring.get_keyring()


class KeyringStore:
    """The secrets of one profile under the service name "qbsf", each as "profile:name"."""

    def __init__(
        self,
        profile: str,
        refresh_lock: Path,
        *,
        choose_backend: Callable[[], Backend] = system_backend,
        seconds: float = CALL_SECONDS,
    ) -> None:
        self._profile = profile
        self._refresh_lock = refresh_lock
        self._choose_backend = choose_backend
        self._seconds = seconds
        self._backend: Backend | None = None
        self._late: Thread | None = None
        """A call that did not come back in time: the next waits for it, so that writes never overtake another."""

    @property
    def place(self) -> str:
        return f"keyring ({_backend_name(self._bounded('opened', self._chosen))})"

    @property
    def refresh_lock(self) -> Path:
        return self._refresh_lock

    def get(self, name: SecretName) -> str | None:
        return self._bounded("read", lambda: self._chosen().get_password(SERVICE, self._entry(name)))

    def set(self, name: SecretName, value: str) -> None:
        self._bounded("written", lambda: self._chosen().set_password(SERVICE, self._entry(name), value))
        if self.get(name) != value:
            raise StoreUnavailable(
                f"The {self.place} does not keep what is written to it.",
                f"Choose another backend (PYTHON_KEYRING_BACKEND, keyringrc.cfg). {_INSTEAD}",
            )

    def delete(self, name: SecretName) -> None:
        if self.get(name) is not None:
            self._bounded("written", lambda: self._chosen().delete_password(SERVICE, self._entry(name)))

    def _entry(self, name: SecretName) -> str:
        return f"{self._profile}:{name}"

    def _chosen(self) -> Backend:
        if self._backend is None:
            self._backend = self._choose_backend()
        return self._backend

    def _bounded(self, verb: str, call: Callable[[], T]) -> T:
        """The call's result, from a thread of its own: a locked keyring may wait for a person without limit."""
        if self._late is not None:
            self._late.join(self._seconds)
            if self._late.is_alive():
                raise self._too_late(verb)
            self._late = None
        results: list[T] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                results.append(call())
            except Exception as error:  # noqa: BLE001 - backends raise anything; _explained tells it
                errors.append(error)

        thread = Thread(target=work, name="qbsf-keyring", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._late = thread
            raise self._too_late(verb)
        if errors:
            raise _explained(verb, errors[0], self._backend) from None
        return results[0]

    def _too_late(self, verb: str) -> StoreUnavailable:
        landing = " What was being written may still arrive there." if verb == "written" else ""
        return StoreUnavailable(
            f"The keyring could not be {verb} within {self._seconds:g} seconds:"
            f" it seems to wait for somebody to unlock it.{landing}",
            _UNLOCK,
        )


def _backend_name(backend: Backend) -> str:
    """As in "SecretService Keyring", of keyring.backends.SecretService.Keyring."""
    kind = type(backend)
    return f"{kind.__module__.rsplit('.', maxsplit=1)[-1]} {kind.__name__}"


def _explained(verb: str, error: Exception, backend: Backend | None) -> StoreUnavailable:
    """A backend's exception in plain words. Its text is not repeated: nobody knows what a backend puts there."""
    names = {kind.__name__ for kind in type(error).__mro__}
    where = f" ({_backend_name(backend)})" if backend is not None else ""
    what = f"The keyring{where} could not be {verb}"
    if "NoKeyringError" in names:
        return StoreUnavailable(f"{what}: there is none that qbsf can reach from here.", _FIND)
    if "KeyringLocked" in names:
        return StoreUnavailable(f"{what}: it is locked.", _UNLOCK)
    if "InitError" in names:
        return StoreUnavailable(f"{what}: it has not been set up, or asks somebody for a password.", _UNLOCK)
    if backend is None:
        return StoreUnavailable(
            f"{what}: its backend cannot be loaded ({type(error).__name__}).",
            f"See PYTHON_KEYRING_BACKEND and keyringrc.cfg, or unset them. {_INSTEAD}",
        )
    if "EOFError" in names:
        return StoreUnavailable(f"{what}: this backend asks for a password at each start.", _INSTEAD)
    if type(error).__module__.startswith(("secretstorage", "jeepney")) or isinstance(error, OSError):
        return StoreUnavailable(f"{what}: its service failed ({type(error).__name__}).", _FIND)
    return StoreUnavailable(f"{what} ({type(error).__name__}).", f"`keyring diagnose` shows its settings. {_INSTEAD}")

"""What the parts of `qbsf auth` work with, and the questions they share."""

import secrets
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from qbsf.auth.consent import OpenBrowser
from qbsf.auth.grant import GrantFile
from qbsf.auth.salesforce_login import Post, post_form
from qbsf.auth.store import CLIENT_SECRET_VARIABLES, SecretName, SecretStore, client_secret
from qbsf.auth.terminal import Terminal
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.errors import AuthorizationNeeded, Busy, QbsfError
from qbsf.files import exclusive
from qbsf.ownership import unusable
from qbsf.paths import ProfilePaths


def _new_state() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Desk:
    """One run of `qbsf auth`; the last three are the world outside."""

    config: Config
    paths: ProfilePaths
    store: SecretStore
    grant: GrantFile
    terminal: Terminal
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)
    open_browser: OpenBrowser = webbrowser.open
    new_state: Callable[[], str] = _new_state
    post: Post = post_form


@dataclass(frozen=True)
class Secret:
    """A client secret and whether it was typed just now: then it is stored once it has proved right."""

    value: str = field(repr=False)
    typed: bool = False


def known_or_asked(desk: Desk, name: SecretName, question: str) -> Secret:
    """The client secret from environment or store, else typed without echo. Raises AuthorizationNeeded."""
    if known := client_secret(name, desk.store, desk.environ):
        return Secret(known)
    if typed := desk.terminal.ask_secret(f"{question} (not shown): "):
        return Secret(typed, typed=True)
    raise AuthorizationNeeded(
        f"{question} is not known, and was not entered.",
        f"Run `qbsf auth` at a terminal, or set {CLIENT_SECRET_VARIABLES[name]}.",
        code="no_client_secret",
    )


def drop_refused(desk: Desk, name: SecretName) -> None:
    """Forgets a stored client secret that was refused, so that the next run asks for it."""
    if not desk.environ.get(CLIENT_SECRET_VARIABLES[name], "").strip():
        desk.store.delete(name)


def require_yes(desk: Desk, question: str, refused: QbsfError) -> None:
    """Raises `refused` unless a person at the terminal agrees."""
    if not desk.terminal.confirm(question):
        raise refused


@contextmanager
def changing_owner(desk: Desk, before: str) -> Iterator[None]:
    """Lets no pass run while the profile leaves the company or organization `before`, and puts the local state of
    it aside when the block has succeeded. Does nothing where `before` is "". Raises Busy, ConfigError.
    """
    if not before:
        yield
        return
    with _locked(desk.paths.pass_lock):
        yield
        kept = desk.paths.set_aside_state(before)
    if kept is not None:
        desk.terminal.say(f"The local state of before is kept as {kept}.")


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(lock, seconds=0.0))
        except TimeoutError as error:
            raise Busy("A pass of this profile is running.", "Run `qbsf auth` again when it is over.") from error
        except OSError as error:
            raise unusable(lock, error) from error
        yield

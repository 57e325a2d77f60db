"""What a run of `sync` and of `invoice` stands on: the profile's lock, its state, its two systems."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from qbsf.auth.logins import open_logins
from qbsf.clock import Clock, Deadline
from qbsf.config import Config
from qbsf.errors import Busy, QbsfError
from qbsf.files import exclusive, write_private
from qbsf.ownership import unusable
from qbsf.paths import ProfilePaths
from qbsf.quickbooks.client import QuickBooks
from qbsf.salesforce.client import SalesforceOrg
from qbsf.state.store import State, empty_state, is_damage, open_state, put_aside, read_state, state_unusable


@dataclass(frozen=True)
class Systems:
    """The two clients, each with its stored authorization."""

    realm_id: str
    books: QuickBooks
    org: SalesforceOrg
    finish: Callable[[], None]
    """To be called when no more requests are made: threads that still have some may not renew a token any more."""


def connect(
    config: Config,
    paths: ProfilePaths,
    environ: Mapping[str, str],
    *,
    clock: Clock,
    random: Random,
    deadline: Deadline,
    working: bool = True,
) -> Systems:
    """The systems of a profile; nothing is asked yet. `working` is False for a dry run.

    Raises AuthorizationNeeded, StoreUnavailable, ConfigError.
    """
    logins = open_logins(config, paths, clock, environ)
    if working:
        logins.note_where_missing()
    version = config.salesforce.api_version
    return Systems(
        realm_id=logins.quickbooks.realm_id,
        books=QuickBooks(
            logins.quickbooks, config.quickbooks.environment, clock=clock, random=random, deadline=deadline
        ),
        org=SalesforceOrg(logins.salesforce, version, clock=clock, random=random, deadline=deadline),
        finish=logins.quickbooks.finish,
    )


@contextmanager
def working_state(paths: ProfilePaths, clock: Clock) -> Iterator[State]:
    """The profile's state, with its lock held. Raises Busy where another run holds it, ConfigError, QbsfError."""
    paths.prepare()
    with _alone(paths, clock), _whole(paths, clock):
        state = open_state(paths.state, clock.now())
        try:
            yield state
        finally:
            state.close()


@contextmanager
def scratch_state(paths: ProfilePaths) -> Iterator[State]:
    """A throw-away copy of the state, for a dry run: no lock, and nothing reaches the disk. Raises ConfigError."""
    paths.check()
    kept = read_state(paths.state)
    scratch = kept.copy() if kept is not None else empty_state()
    if kept is not None:
        kept.close()
    try:
        yield scratch
    finally:
        scratch.close()


@contextmanager
def _alone(paths: ProfilePaths, clock: Clock) -> Iterator[None]:
    """The profile's lock; the kernel frees it at a crash. Raises Busy where another run holds it."""
    started = paths.folder / "pass.started"
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(paths.pass_lock, 0))
            write_private(started, clock.now().isoformat())
        except TimeoutError:
            raise Busy(
                f"Another run of profile {paths.folder.name} holds the lock.",
                "Wait for it to end; if none is running, look for a stopped qbsf process.",
                held_for=_held_for(started, clock.now()),
            ) from None
        except OSError as error:
            raise unusable(paths.folder, error) from error
        yield


def _held_for(started: Path, now: datetime) -> timedelta | None:
    try:
        return now - datetime.fromisoformat(started.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


@contextmanager
def _whole(paths: ProfilePaths, clock: Clock) -> Iterator[None]:
    """A state that turns out damaged in the middle is put aside; the next pass rebuilds it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise state_unusable(paths.state, error) from error
        put_aside(paths.state, clock.now())
        raise QbsfError(
            f"The state file {paths.state} is damaged; it was put aside.",
            "Run qbsf sync again: a full pass rebuilds it.",
            code="state",
        ) from error

"""What follows a run: tell its news and its wins, and the news of the channels themselves.

Everything the run wrote is on disk by then and its lock is free; nothing here changes its exit code.
"""

import logging
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random

from qbsf import logs
from qbsf.alerts import letters as mail
from qbsf.alerts.alert import Alert, is_win, of_win, of_word
from qbsf.alerts.command import ChannelFailed
from qbsf.alerts.delivery import Attempt, OutletName, Sender
from qbsf.alerts.letters import Letter, channels_of
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.files import exclusive
from qbsf.output import as_json, manner, troubles
from qbsf.output.manner import News
from qbsf.output.telling import Ending, manners_of
from qbsf.paths import ProfilePaths
from qbsf.state.store import State, open_state
from qbsf.sync.notebook import OF_PASSES

log = logging.getLogger("qbsf.alerts")

_UNUSABLE = (QbsfError, sqlite3.Error, OSError)
"""What a state that cannot be read or written raises."""


@dataclass(frozen=True)
class Desk:
    """Where the alerts of one profile are written and sent from."""

    config: Config
    paths: ProfilePaths
    environ: Mapping[str, str]
    clock: Clock
    random: Random


def tell_channels(desk: Desk, ending: Ending, run_id: str) -> list[str]:
    """Send what a run has to tell, and what earlier ones could not. Answers the lines for stderr: a channel that
    died, or works again.

    Where the state cannot be used nothing is remembered, and what there is to tell is sent as it is. Where another
    process is sending right now, it waits for the next run.
    """
    now = desk.clock.now()
    news = _alerts_of(desk, ending.news, now)
    if not desk.config.alerts.any_channel:
        return []
    letters = [_letter(desk, alert) for alert in news]
    with ExitStack() as held:
        state: State | None = None
        try:
            desk.paths.prepare()
            state = held.enter_context(_opened(desk, now))
            held.enter_context(exclusive(desk.paths.folder / "alerts.lock", 0))
            wins = [_letter(desk, alert) for alert in _wins(desk, state, run_id, now)]
            letters = _with_those_that_wait(state, [*letters, *wins], now)
        except TimeoutError:
            if state is not None:
                mail.post(state, letters, now)
            return []
        except _UNUSABLE as error:
            log.warning("alerts cannot be remembered: %s", type(error).__name__)
            state = None
        attempts = Sender(desk.config.alerts, desk.environ, desk.clock, desk.random).send(letters, ending.good)
        try:
            return [] if state is None else _remember(desk, state, attempts, now)
        except _UNUSABLE as error:
            log.warning("what alerts told cannot be remembered: %s", type(error).__name__)
            return []


def _with_those_that_wait(state: State, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    waiting, given_up = mail.post(state, letters, now)
    for letter in given_up:
        log.warning("an alert is given up, no channel took it: %s", letter.text)
    return waiting


def _remember(desk: Desk, state: State, attempts: Mapping[OutletName, Attempt], now: datetime) -> list[str]:
    """Note what was taken; the lines that tell of channels which died or work again, for the other channels too."""
    mail.strike_off(state, {name: attempts[name].taken for name in mail.CHANNELS if name in attempts})
    failures = {name: attempt.failure for name, attempt in attempts.items() if attempt.failure is not None}
    alerts = _alerts_of(desk, _news_of_channels(desk, state, failures, attempts, now), now)
    mail.post(state, [_letter(desk, alert, without=failures) for alert in alerts], now)
    return [alert.text for alert in alerts]


def _news_of_channels(
    desk: Desk,
    state: State,
    failures: Mapping[OutletName, ChannelFailed],
    used: Iterable[OutletName],
    now: datetime,
) -> tuple[News, ...]:
    """What is news about the channels that were used, remembered beside what the pass told."""
    with state.transaction():
        memory = manner.load(state.get(OF_PASSES) or "")
        decision = manner.decide(
            memory,
            [troubles.of_outlet(name, error.message, error.todo) for name, error in failures.items()],
            now,
            manners_of(desk.config.alerts),
            sees=frozenset(used),
        )
        if decision.memory != memory:
            state.put(OF_PASSES, manner.dump(decision.memory))
    return decision.news


def _alerts_of(desk: Desk, news: Iterable[News], now: datetime) -> list[Alert]:
    """The news as alerts, each of them an event of the log."""
    words = troubles.words_of(piece for piece in news if not piece.repeated)
    alerts = [of_word(word, desk.config.name, now) for word in words]
    for alert in alerts:
        logs.log_event("alert", as_json.alert_members(alert))
    return alerts


def _wins(desk: Desk, state: State, run_id: str, now: datetime) -> list[Alert]:
    if not desk.config.alerts.on_paid:
        return []
    won = [entry for entry in mail.new_writes(state, run_id, now) if is_win(entry.record)]
    alerts = [of_win(entry.record, desk.config.name, entry.at, now) for entry in won]
    for alert in alerts:
        logs.log_event("alert", as_json.alert_members(alert))
    return alerts


def _letter(desk: Desk, alert: Alert, without: Iterable[OutletName] = ()) -> Letter:
    """An alert addressed to every channel that is configured, `without` some."""
    to = tuple(name for name in channels_of(desk.config.alerts) if name not in set(without))
    return Letter(uuid.uuid4().hex, to, alert.text, as_json.alert(alert), alert.at)


@contextmanager
def _opened(desk: Desk, now: datetime) -> Iterator[State]:
    state = open_state(desk.paths.state, now)
    try:
        yield state
    finally:
        state.close()

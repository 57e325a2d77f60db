"""Alerts on their way: kept in the state until every channel has taken them, a day at most."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from qbsf.config import AlertsConfig
from qbsf.state.journal import Journal, WriteEntry
from qbsf.state.store import State

ChannelName = Literal["command", "webhook"]
CHANNELS: tuple[ChannelName, ...] = ("command", "webhook")

KEPT_FOR = timedelta(days=1)
KEPT_MOST = 100
"""So much of what a dead channel misses is kept for it."""

_WAITING = "alerts_waiting"
_LAST_WRITE = "alerts_last_write"


@dataclass(frozen=True)
class Letter:
    """One alert and the channels that have not taken it yet."""

    id: str
    to: tuple[ChannelName, ...]
    text: str
    document: str
    at: datetime


def channels_of(alerts: AlertsConfig) -> tuple[ChannelName, ...]:
    """The channels that take letters, by the configuration."""
    configured = {"command": alerts.command, "webhook": alerts.webhook_url}
    return tuple(name for name in CHANNELS if configured[name])


def post(state: State, letters: Iterable[Letter], now: datetime) -> tuple[list[Letter], list[Letter]]:
    """Add letters to those that wait. Answers (all that wait now, the oldest first; what is given up as too old or
    too many). The newest for each channel is never given up: by it a channel that works again is noticed.
    """
    with state.transaction():
        every = [letter for letter in (*_waiting(state), *letters) if letter.to]
        newest = {channel: letter.id for letter in every for channel in letter.to}
        kept = {letter.id for letter in every if abs(now - letter.at) <= KEPT_FOR}
        kept &= {letter.id for letter in every[-KEPT_MOST:]}
        kept |= set(newest.values())
        waiting = [letter for letter in every if letter.id in kept]
        _keep(state, waiting)
    return waiting, [letter for letter in every if letter.id not in kept]


def strike_off(state: State, taken: Mapping[ChannelName, Iterable[str]]) -> None:
    """Forget what channels have taken: ids of letters by channel."""
    pairs = {(channel, number) for channel, numbers in taken.items() for number in numbers}
    with state.transaction():
        left = (
            replace(letter, to=tuple(channel for channel in letter.to if (channel, letter.id) not in pairs))
            for letter in _waiting(state)
        )
        _keep(state, [letter for letter in left if letter.to])


def new_writes(state: State, run_id: str, now: datetime) -> list[WriteEntry]:
    """The writes since this was last asked, each once, also those of a run that was killed before it could tell.

    Where nobody asked for a day (alerts were just turned on, or the state is new) only those of this run.
    """
    journal = Journal(state)
    with state.transaction():
        known = json.loads(state.get(_LAST_WRITE) or "null")
        newest = journal.newest_write()
        trusted = known is not None and known["number"] <= newest and _is_recent(known["at"], now)
        entries = journal.writes_after(known["number"] if trusted else 0)
        state.put(_LAST_WRITE, json.dumps({"number": newest, "at": now.isoformat()}))
    return [entry for entry in entries if trusted or entry.run_id == run_id]


def _is_recent(at: str, now: datetime) -> bool:
    return abs(now - datetime.fromisoformat(at)) <= KEPT_FOR


def _waiting(state: State) -> list[Letter]:
    rows = json.loads(state.get(_WAITING) or "[]")
    return [
        Letter(row["id"], tuple(row["to"]), row["text"], row["document"], datetime.fromisoformat(row["at"]))
        for row in rows
    ]


def _keep(state: State, letters: Iterable[Letter]) -> None:
    rows = [
        {
            "id": letter.id,
            "to": letter.to,
            "text": letter.text,
            "document": letter.document,
            "at": letter.at.isoformat(),
        }
        for letter in letters
    ]
    if rows:
        state.put(_WAITING, json.dumps(rows))
    else:
        state.forget(_WAITING)

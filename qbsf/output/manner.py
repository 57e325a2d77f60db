"""PURE. When a problem is worth a line: when it is new, again after `remind_after`, and once when it is over.

A pass under cron runs 288 times a day; cron mails every line. So what was told is remembered (`Memory`, which the
state keeps as text between passes) and `decide` says what is news now. A problem that may pass by itself
(`Trouble.patient`: an outage) is told only when it has lasted longer than `stale_after`.

Times are aware datetimes of this machine's clock, which may have been set back or forth between two passes: then a
problem is rather told once more than not for days.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from qbsf.report import Record

Family = Literal["pass", "record", "passing", "installation", "command", "webhook", "heartbeat", "log"]
"""Who can tell that it is over: any pass that ran to its end (`pass`, `installation`), the state's list of what
waits for a person (`record`), a pass that ran to its end completely (`passing`: records to be tried again), a pass
that used the channel (`command`, `webhook`, `heartbeat`: the channels of alerts; `log`: the log file)."""

OUTLETS: tuple[Family, ...] = ("command", "webhook", "heartbeat", "log")
"""Families whose problems only this memory knows between two passes: `status` shows them from here."""
_FAMILIES: tuple[Family, ...] = ("pass", "record", "passing", "installation", *OUTLETS)
_VERSION = 1


@dataclass(frozen=True)
class Trouble:
    """One problem as it stands now."""

    key: str
    """The same for the same problem in every pass."""
    family: Family
    what: str
    """What happened to what, one line."""
    todo: str = ""
    group: str = ""
    """Troubles of one group that are news together may share a line."""
    code: str = ""
    """What kind of problem it is, for programs: an error's or problem's code, a record's reason."""
    record: Record | None = None
    """The record that it is about, for who wants its facts."""
    urgency: int = 0
    """Where it is higher than it was when it was told, it is told again at once."""
    patient: bool = False
    """May pass by itself; told when it has lasted."""
    since: datetime | None = None
    """When it began, where somebody knows better than the memory."""
    always: bool = False
    """Told by every pass, to who reads its output."""


@dataclass(frozen=True)
class Told:
    """A trouble as remembered. `told_at` is None while it is only watched."""

    key: str
    family: Family
    what: str
    group: str
    first_seen: datetime
    told_at: datetime | None
    todo: str = ""
    code: str = ""
    urgency: int = 0


@dataclass(frozen=True)
class Memory:
    """Everything that stands, told or watched, in the order it was first seen."""

    entries: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Manners:
    """`[alerts] remind_hours` and `stale_after_minutes`."""

    remind_after: timedelta
    stale_after: timedelta


@dataclass(frozen=True)
class News:
    """Something worth a line; `todo` is empty for what is over."""

    kind: Literal["new", "reminder", "over"]
    family: Family
    what: str
    todo: str
    group: str
    first_seen: datetime
    code: str = ""
    record: Record | None = None
    repeated: bool = False
    """Told only because it is told by every pass: nothing for who is to be told once."""


@dataclass(frozen=True)
class Decision:
    """What to tell now, and what to remember."""

    news: tuple[News, ...]
    memory: Memory


def decide(
    memory: Memory,
    troubles: Iterable[Trouble],
    now: datetime,
    manners: Manners,
    *,
    sees: frozenset[Family],
    acknowledged: frozenset[str] = frozenset(),
) -> Decision:
    """Weigh what stands now against what was told.

    `sees`: the families this pass could judge; what it could not see is neither over nor told again.
    `acknowledged`: keys a person has taken note of; they leave without a word.
    """
    known = {entry.key: entry for entry in memory.entries}
    news: list[News] = []
    entries: dict[str, Told] = {}
    for trouble in troubles:
        if trouble.key in entries:
            continue
        old = known.get(trouble.key)
        entry = _entry(trouble, old, now)
        worse = old is not None and trouble.urgency > old.urgency
        kind = _kind(trouble, entry, now, manners, worse=worse)
        if kind is not None:
            entry = replace(entry, told_at=now)
        if kind is not None or trouble.always:
            news.append(_news(kind, trouble, entry))
        entries[trouble.key] = entry
    for key, old in known.items():
        if key in entries or key in acknowledged:
            continue
        if old.family not in sees:
            entries[key] = old
        elif old.told_at is not None:
            news.append(News("over", old.family, old.what, "", old.group, old.first_seen, old.code))
    return Decision(tuple(news), Memory(tuple(sorted(entries.values(), key=_by_age))))


def _entry(trouble: Trouble, old: Told | None, now: datetime) -> Told:
    first_seen = now if old is None else min(old.first_seen, now)
    told_at = None if old is None or old.told_at is None else min(old.told_at, now)
    return Told(
        trouble.key,
        trouble.family,
        trouble.what,
        trouble.group,
        first_seen,
        told_at,
        trouble.todo,
        trouble.code,
        trouble.urgency,
    )


def _news(kind: Literal["new", "reminder"] | None, trouble: Trouble, entry: Told) -> News:
    return News(
        kind or "new",
        trouble.family,
        trouble.what,
        trouble.todo,
        trouble.group,
        entry.first_seen,
        trouble.code,
        trouble.record,
        repeated=kind is None,
    )


def _kind(
    trouble: Trouble, entry: Told, now: datetime, manners: Manners, *, worse: bool
) -> Literal["new", "reminder"] | None:
    if entry.told_at is not None:
        return "reminder" if worse or now - entry.told_at >= manners.remind_after else None
    began = trouble.since or entry.first_seen
    lasted = began > now or now - began > manners.stale_after
    return "new" if lasted or not trouble.patient else None


def _by_age(entry: Told) -> tuple[datetime, str]:
    return entry.first_seen, entry.key


def dump(memory: Memory) -> str:
    """The memory as the text that the state keeps."""
    return json.dumps(
        {
            "version": _VERSION,
            "entries": [
                {
                    "key": entry.key,
                    "family": entry.family,
                    "what": entry.what,
                    "group": entry.group,
                    "first_seen": entry.first_seen.isoformat(),
                    "told_at": None if entry.told_at is None else entry.told_at.isoformat(),
                    "todo": entry.todo,
                    "code": entry.code,
                    "urgency": entry.urgency,
                }
                for entry in memory.entries
            ],
        }
    )


def load(text: str) -> Memory:
    """The memory that `dump` wrote. Anything else ("" at first, a damaged or newer text) is an empty memory:
    then a problem is told once more, which is the harmless side to err on.
    """
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            return Memory()
        return Memory(tuple(_told(row) for row in document["entries"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def _told(row: dict[str, str | None]) -> Told:
    family = _FAMILIES[_FAMILIES.index(row["family"])]  # ValueError for an unknown one
    first_seen, told_at = row["first_seen"], row["told_at"]
    return Told(
        key=str(row["key"]),
        family=family,
        what=str(row["what"]),
        group=str(row["group"]),
        first_seen=_instant(first_seen),
        told_at=None if told_at is None else _instant(told_at),
        todo=str(row.get("todo") or ""),
        code=str(row.get("code") or ""),
        urgency=int(row.get("urgency") or 0),
    )


def _instant(text: str | None) -> datetime:
    instant = datetime.fromisoformat(text or "")
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant

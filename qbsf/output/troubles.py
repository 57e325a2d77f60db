"""PURE. What of a pass and of what it left behind is a problem, and the lines that tell it (manner.py says when)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from qbsf.config import Config
from qbsf.errors import Busy, ConfigError, QbsfError, Unreachable
from qbsf.output import words
from qbsf.output.manner import OUTLETS, Family, News, Trouble
from qbsf.output.plain import named, why
from qbsf.output.text import one_line, utc
from qbsf.output.voice import prefix
from qbsf.report import AttentionItem, Problem, Record, Report, Status

BUSY_GRACE = timedelta(minutes=15)
"""A run that holds the lock longer than this is worth a line (shared/interface.md, exit code 5)."""

MANY = 3
"""More records than this with the same reason share one line, so that a brake or a new validation rule is no flood."""

_SAME = {"held_back": "rejected"}
"""A refused record is held back from the next pass on: for a person that is one problem, not two."""

_RECORDS: tuple[Family, ...] = ("record", "passing")

_NUMBERS = re.compile(r"\d+")


def of_pass(report: Report, last_success_at: datetime | None) -> list[Trouble]:
    """What stopped the pass, if anything did; an outage is counted from the last good pass."""
    error = report.error
    if error is None:
        return []
    outage = report.exit_code == Unreachable.exit_code
    return [
        Trouble(
            key=f"pass:{error.code}:{_NUMBERS.sub('#', error.todo)}",
            family="pass",
            what=one_line(error.message),
            todo=one_line(error.todo),
            code=error.code,
            patient=outage and last_success_at is not None,
            since=last_success_at if outage else None,
            always=report.exit_code == ConfigError.exit_code,
        )
    ]


def of_records(attention: Iterable[AttentionItem]) -> list[Trouble]:
    """What waits for a person and has not been acknowledged, from the state's list."""
    return [_of_record(item.record, "record") for item in attention if not item.acknowledged]


def acknowledged(attention: Iterable[AttentionItem]) -> frozenset[str]:
    """Keys of what a person has taken note of."""
    return frozenset(_key(item.record) for item in attention if item.acknowledged)


def passing(report: Report) -> list[Trouble]:
    """Records that failed for the moment and are tried again: told only when that goes on."""
    if not report.summary.failed:
        return []
    return [
        _of_record(record, "passing", patient=True)
        for record in report.records
        if record.outcome == "failed" and record.reason == "unavailable"
    ]


def of_installation(problems: Iterable[Problem]) -> list[Trouble]:
    """What is about to go wrong although the pass went well: a grant that ends soon, and the like. What the memory
    itself told `status` of (channels of alerts, the log file) is not found anew by that.
    """
    return [
        Trouble(
            key=f"installation:{found.code}",
            family="installation",
            what=one_line(found.message),
            todo=one_line(found.todo),
            code=found.code,
            urgency=found.urgency,
        )
        for found in problems
        if found.code not in OUTLET_CODES
    ]


def of_outlet(family: Family, message: str, todo: str) -> Trouble:
    """A channel of alerts, or the log file, that did not take what was sent."""
    return Trouble(
        key=_outlet_key(family),
        family=family,
        what=one_line(message),
        todo=one_line(todo),
        code=outlet_code(family),
    )


def of_log(error: QbsfError | None) -> list[Trouble]:
    """What the log file met, if anything."""
    return [] if error is None else [of_outlet("log", error.message, error.todo)]


def unused_outlets(config: Config) -> frozenset[str]:
    """Keys of the outlets that the configuration does not name: what was wrong with them is nobody's problem."""
    named = {
        "command": config.alerts.command,
        "webhook": config.alerts.webhook_url,
        "heartbeat": config.alerts.heartbeat_url,
        "log": config.log.file,
    }
    return frozenset(_outlet_key(family) for family in OUTLETS if not named[family])


def _outlet_key(family: Family) -> str:
    return f"outlet:{family}"


def outlet_code(family: Family) -> str:
    """The code of a dead outlet's problem: alert_command, alert_webhook, alert_heartbeat, log_file."""
    return "log_file" if family == "log" else f"alert_{family}"


OUTLET_CODES = frozenset(outlet_code(family) for family in OUTLETS)


def standing(report: Report, status: Status | None) -> list[Trouble]:
    """Everything that stands after this pass. Without a status (no state to read) only what stopped it."""
    troubles = of_pass(report, status.last_success_at if status else None)
    if status is None:
        return troubles
    troubles += of_records(status.attention)
    if report.error is None:
        troubles += [*passing(report), *of_installation(status.problems)]
    return troubles


def seen(report: Report, status: Status | None) -> frozenset[Family]:
    """The families this pass could judge."""
    families: set[Family] = set()
    if status is not None:
        families.add("record")
    if report.error is None:
        families |= {"pass", "installation"}
        if report.run.complete:
            families.add("passing")
    return frozenset(families)


def lock_is_young(report: Report, held_for: timedelta | None) -> bool:
    """Whether another run holds the lock and may well be at work (`held_for`: how long; None where not known)."""
    return report.exit_code == Busy.exit_code and may_be_at_work(held_for)


def may_be_at_work(held_for: timedelta | None) -> bool:
    """Whether a lock that is held so long is nothing to tell of. A time below zero means that the clock was set back:
    nobody knows, so it is told.
    """
    return held_for is None or timedelta() <= held_for <= BUSY_GRACE


@dataclass(frozen=True)
class Word:
    """What is said at once: one piece of news, or a lot of one kind and group. `told` is the whole sentence."""

    kind: Literal["new", "reminder", "over"]
    code: str
    message: str
    todo: str
    told: str
    since: datetime
    records: tuple[Record, ...] = ()

    def line(self, profile: str) -> str:
        """The line of it on stderr."""
        return f"{prefix(profile)} {_opening(self.kind, self.since)}{self.told}"


def words_of(news: Iterable[News]) -> list[Word]:
    """One word for each piece of news, or for each lot of more than `MANY` of one kind and group."""
    lots: dict[tuple[str, str], list[News]] = {}
    for number, piece in enumerate(news):
        lots.setdefault((piece.kind, piece.group or f"#{number}"), []).append(piece)
    return [
        word
        for lot in lots.values()
        for word in ([_word_of_lot(lot)] if len(lot) > MANY else [_word(piece) for piece in lot])
    ]


def lines(news: Iterable[News], profile: str) -> list[str]:
    """The lines that tell the news."""
    return [word.line(profile) for word in words_of(news)]


def _word(piece: News) -> Word:
    joint = " - " if piece.todo and piece.family in _RECORDS else " "
    return Word(
        kind=piece.kind,
        code=piece.code,
        message=piece.what,
        todo=piece.todo,
        told=f"{piece.what}{joint}{piece.todo}".strip(),
        since=piece.first_seen,
        records=(piece.record,) if piece.record else (),
    )


def _word_of_lot(lot: list[News]) -> Word:
    kind, reason = lot[0].kind, lot[0].group
    message = f"{len(lot)} records, {words.label(reason)}"
    todo = "" if kind == "over" else f"{words.note(reason)} qbsf status lists them."
    return Word(
        kind=kind,
        code=lot[0].code,
        message=message,
        todo=todo,
        told=f"{message}: {todo}" if todo else message,
        since=min(piece.first_seen for piece in lot),
        records=tuple(piece.record for piece in lot if piece.record),
    )


def _opening(kind: str, first_seen: datetime) -> str:
    if kind == "reminder":
        return f"still, since {utc(first_seen)}: "
    return "over: " if kind == "over" else ""


def _key(record: Record) -> str:
    who = record.opportunity_id or ",".join(invoice.id for invoice in record.invoices)
    return f"record:{who}:{_SAME.get(record.reason, record.reason)}"


def _of_record(record: Record, family: Family, *, patient: bool = False) -> Trouble:
    return Trouble(
        key=_key(record),
        family=family,
        what=f"{named(record)}: {words.label(one_line(record.reason))}",
        todo=why(record),
        group=record.reason,
        code=record.reason,
        record=record,
        patient=patient,
    )

"""What qbsf itself did to Opportunities: noted before it is sent, known once the row, read again, shows it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from qbsf.core.case import STAGE, ChangeBacks, Kind, Move, MoveTarget, Own
from qbsf.core.fields import OwnValues
from qbsf.model import FieldValue, Opportunity
from qbsf.state.codec import decode_fields, decode_value, dump, encode_fields, encode_value, instant
from qbsf.state.store import State

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Note:
    """A write that is about to be sent: old and new values, and what they mean when they land."""

    opportunity_id: str
    before: Mapping[str, FieldValue]
    changes: Mapping[str, FieldValue]
    kind: Kind
    invoice_ids: tuple[str, ...]
    method_ids: tuple[str, ...]
    move: Move | None
    payment_fields: frozenset[str]
    """Those of the changes that tell a payment: writing one makes the invoices' payment this Opportunity's."""
    record: str = ""
    """The encoded report record, for the history of writes."""
    attention: str = ""
    """For a reversal that waits for a person: the fingerprint of the facts once it has landed."""
    owes_stage: bool = False
    """The stage that goes with a reversal was refused and is still to be moved."""


@dataclass(frozen=True)
class HoldRecord:
    """A refusal that trying again cannot cure; `fingerprint` is of what would have to change first."""

    scope: str
    """ "stage" or "record"."""
    since: datetime
    fingerprint: str
    code: str
    message: str


class OwnHistory:
    """The tables of own writes, moves, notes and holds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._db = state.db

    def of(self, opportunity_id: str, now: datetime) -> Own:
        """What is known of own writes to one Opportunity; `now` is a server's clock, for the 24 hours."""
        values = {
            row[0]: decode_value(json.loads(row[1]))
            for row in self._db.execute(
                "SELECT field, value FROM own_values WHERE opportunity_id = ?", (opportunity_id,)
            )
        }
        own = self._db.execute(
            "SELECT method_ids, stage FROM own WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchone()
        moves = self._db.execute(
            "SELECT target, invoice_ids FROM moves WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchall()
        return Own(
            known=own is not None,
            values=OwnValues(values, tuple(json.loads(own[0])) if own else ()),
            moves=frozenset(Move(row[0], frozenset(json.loads(row[1]))) for row in moves),
            stage=own[1] if own else "",
            change_backs=self._change_backs(opportunity_id, now),
        )

    def knows(self, opportunity_id: str) -> bool:
        """Whether the state knows what qbsf did to this Opportunity."""
        row = self._db.execute("SELECT 1 FROM own WHERE opportunity_id = ?", (opportunity_id,)).fetchone()
        return row is not None

    def watch(self, opportunity_id: str) -> None:
        """From now on the state knows what qbsf did to this Opportunity: it was seen before its payment was whole."""
        self._db.execute("INSERT OR IGNORE INTO own VALUES (?, '[]', '')", (opportunity_id,))

    def value(self, opportunity_id: str, field: str) -> FieldValue:
        row = self._db.execute(
            "SELECT value FROM own_values WHERE opportunity_id = ? AND field = ?", (opportunity_id, field)
        ).fetchone()
        return None if row is None else decode_value(json.loads(row[0]))

    def owner_of(self, invoice_id: str) -> set[str]:
        """The Opportunities that qbsf wrote this invoice's payment to."""
        rows = self._db.execute("SELECT opportunity_id FROM paid_for WHERE invoice_id = ?", (invoice_id,))
        return {row[0] for row in rows}

    def note(self, notes: Iterable[Note], at: datetime) -> None:
        """Durably, before anything is sent."""
        with self._state.transaction():
            for note in notes:
                self._db.execute(
                    "INSERT OR REPLACE INTO notes (opportunity_id, at, answered, body) VALUES (?, ?, 0, ?)",
                    (note.opportunity_id, instant(at), _encode(note)),
                )

    def answered(self, opportunity_id: str) -> None:
        """Salesforce said that the noted write was done."""
        self._db.execute("UPDATE notes SET answered = 1 WHERE opportunity_id = ?", (opportunity_id,))

    def refused(self, opportunity_id: str) -> None:
        """Salesforce refused the noted write: it never happened."""
        self._db.execute("DELETE FROM notes WHERE opportunity_id = ?", (opportunity_id,))

    def pending(self, opportunity_id: str) -> tuple[Note, bool, str] | None:
        """The note of a write that no row has shown yet, whether Salesforce answered that it was done, and when it
        was noted.
        """
        row = self._db.execute(
            "SELECT body, answered, at FROM notes WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchone()
        return None if row is None else (_decode(opportunity_id, row[0]), bool(row[1]), row[2])

    def settle(self, seen: Opportunity, before: Opportunity | None, now: datetime) -> Note | None:
        """Hold a row that was read against what was noted and written before; call for every row read.

        A note is done when the row shows any value that it changed, and is dropped otherwise. What others changed back
        is counted, with the name of who did. Answers the note that the row confirmed, if Salesforce had not.
        """
        pending = self.pending(seen.id)
        confirmed: Note | None = None
        if pending is not None:
            note, was_answered, at = pending
            is_done = landed(note, seen, was_answered=was_answered)
            if is_done:
                self._land(note, at)
                confirmed = None if was_answered else note
            if was_answered or is_done:
                lost = [name for name, value in note.changes.items() if not _shows(seen, name, value)]
                self._changed_back(seen, lost, now)
            self._db.execute("DELETE FROM notes WHERE opportunity_id = ?", (seen.id,))
        elif before is not None:
            self._changed_back(seen, self._lost_since(seen, before), now)
        return confirmed

    def reversals_since(self, moment: datetime) -> int:
        """How many payments were taken back since then, those included that no row has shown yet."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM reversals WHERE at > :moment) + (SELECT count(*) FROM notes "
            "WHERE at > :moment AND json_extract(body, '$.kind') = 'reversal')",
            {"moment": instant(moment)},
        ).fetchone()
        return int(row[0])

    def hold(self, opportunity_id: str) -> HoldRecord | None:
        row = self._db.execute(
            "SELECT scope, since, fingerprint, code, message FROM holds WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchone()
        return None if row is None else HoldRecord(row[0], datetime.fromisoformat(row[1]), *row[2:])

    def put_hold(self, opportunity_id: str, hold: HoldRecord) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?, ?)",
            (opportunity_id, hold.scope, instant(hold.since), hold.fingerprint, hold.code, hold.message),
        )

    def holds_before(self, moment: datetime) -> list[str]:
        """The Opportunities that have been held since before then: they may be tried again."""
        rows = self._db.execute("SELECT opportunity_id FROM holds WHERE since < ?", (instant(moment),))
        return [row[0] for row in rows]

    def lift_hold(self, opportunity_id: str) -> None:
        self._db.execute("DELETE FROM holds WHERE opportunity_id = ?", (opportunity_id,))

    def prune(self, now: datetime) -> None:
        """What lies more than a day back decides nothing any more."""
        for table in ("change_backs", "reversals"):
            self._db.execute(f"DELETE FROM {table} WHERE at < ?", (instant(now - DAY),))  # noqa: S608 - names above

    def _land(self, note: Note, at: str) -> None:
        key = note.opportunity_id
        self._db.executemany(
            "INSERT OR REPLACE INTO own_values VALUES (?, ?, ?)",
            [(key, name, dump(encode_value(value))) for name, value in note.changes.items() if name != STAGE],
        )
        if note.payment_fields:
            self.watch(key)
            self._db.execute(
                "UPDATE own SET method_ids = ? WHERE opportunity_id = ?", (dump(list(note.method_ids)), key)
            )
        if STAGE in note.changes:
            self.watch(key)
            self._db.execute("UPDATE own SET stage = ? WHERE opportunity_id = ?", (note.changes[STAGE], key))
        if note.kind == "reversal" and note.owes_stage:
            owed = Move("reversed", frozenset(note.invoice_ids))
            self._db.execute("INSERT OR IGNORE INTO moves VALUES (?, ?, ?)", (key, owed.target, _key_of(owed)))
        elif note.kind == "reversal":
            self._db.execute("DELETE FROM moves WHERE opportunity_id = ?", (key,))
        elif note.payment_fields:
            self._db.execute("DELETE FROM moves WHERE opportunity_id = ? AND target = 'reversed'", (key,))
        if note.kind == "reversal" and note.payment_fields:
            self._db.execute("INSERT INTO reversals VALUES (?, ?)", (key, at))
        if note.move is not None:
            self._db.execute(
                "INSERT OR IGNORE INTO moves VALUES (?, ?, ?)",
                (key, note.move.target, _key_of(note.move)),
            )
        if note.payment_fields:
            self._db.executemany(
                "INSERT OR IGNORE INTO paid_for VALUES (?, ?)", [(key, each) for each in note.invoice_ids]
            )

    def _lost_since(self, seen: Opportunity, before: Opportunity) -> list[str]:
        """Fields that held what qbsf wrote when last seen, and hold something else now."""
        rows = self._db.execute("SELECT field, value FROM own_values WHERE opportunity_id = ?", (seen.id,))
        own = {row[0]: decode_value(json.loads(row[1])) for row in rows}
        return [
            name
            for name, value in own.items()
            if name in seen.fields and _shows(before, name, value) and not _shows(seen, name, value)
        ]

    def _changed_back(self, seen: Opportunity, fields: Iterable[str], now: datetime) -> None:
        self._db.executemany(
            "INSERT INTO change_backs VALUES (?, ?, ?, ?)",
            [(seen.id, name, instant(now), seen.modified_by) for name in fields if name in seen.fields],
        )

    def _change_backs(self, opportunity_id: str, now: datetime) -> dict[str, ChangeBacks]:
        rows = self._db.execute(
            "SELECT field, count(*), max(at), by FROM change_backs WHERE opportunity_id = ? AND at > ? GROUP BY field",
            (opportunity_id, instant(now - DAY)),
        )
        return {row[0]: ChangeBacks(row[1], row[3]) for row in rows}


def _key_of(move: Move) -> str:
    return dump(sorted(move.invoice_ids))


def landed(note: Note, seen: Opportunity, *, was_answered: bool) -> bool:
    """Whether a row shows any value that the noted write changed.

    A stage may have been moved by a person at the same time: it proves nothing where the answer was lost.
    """
    values = {name: value for name, value in note.changes.items() if name in seen.fields}
    if any(_shows(seen, name, value) for name, value in values.items()):
        return True
    stage_counts = was_answered or not values
    return stage_counts and STAGE in note.changes and _shows(seen, STAGE, note.changes[STAGE])


def _shows(opportunity: Opportunity, name: str, value: FieldValue) -> bool:
    if name == STAGE:
        return opportunity.stage == value
    held = opportunity.fields.get(name)
    return held == value or (not held and not value)


def _encode(note: Note) -> str:
    return dump(
        {
            "before": encode_fields(note.before),
            "changes": encode_fields(note.changes),
            "kind": note.kind,
            "invoices": list(note.invoice_ids),
            "methods": list(note.method_ids),
            "move": [note.move.target, sorted(note.move.invoice_ids)] if note.move else None,
            "payment": sorted(note.payment_fields),
            "record": note.record,
            "attention": note.attention,
            "owes_stage": note.owes_stage,
        }
    )


def _decode(opportunity_id: str, body: str) -> Note:
    value = json.loads(body)
    target: MoveTarget
    move = None
    if value["move"]:
        target, invoice_ids = value["move"]
        move = Move(target, frozenset(invoice_ids))
    return Note(
        opportunity_id,
        decode_fields(value["before"]),
        decode_fields(value["changes"]),
        value["kind"],
        tuple(value["invoices"]),
        tuple(value["methods"]),
        move,
        frozenset(value["payment"]),
        value["record"],
        value["attention"],
        value["owes_stage"],
    )

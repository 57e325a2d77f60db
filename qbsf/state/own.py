"""What qbsf itself did to Opportunities: noted before it is sent, known once the row, read again, shows it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qbsf.core.case import STAGE, ChangeBacks, Kind, Move, MoveTarget, Own
from qbsf.core.fields import OwnValues
from qbsf.model import FieldValue, Opportunity
from qbsf.state.codec import decode_fields, decode_value, dump, encode_fields, encode_value, instant, pack
from qbsf.state.known import THESE, Known, KnownKeys
from qbsf.state.store import State

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Note:
    """A write that is about to be sent: the new values, and what they mean when they land."""

    opportunity_id: str
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
class Settled:
    """A noted write that was done: Salesforce said so, or the row shows it."""

    note: Note
    is_news: bool
    """Salesforce had not answered that it was done."""


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
        db = self._db = state.db

        def values(keys: str) -> dict[str, Mapping[str, FieldValue]]:
            found: dict[str, dict[str, FieldValue]] = {}
            for opportunity_id, name, value in db.execute(
                f"SELECT opportunity_id, field, value FROM own_values WHERE opportunity_id IN {THESE}",  # noqa: S608
                (keys,),
            ):
                found.setdefault(opportunity_id, {})[name] = decode_value(json.loads(value))
            return {**found}

        def own(keys: str) -> dict[str, tuple[tuple[str, ...], str] | None]:
            found = db.execute(
                f"SELECT opportunity_id, method_ids, stage FROM own WHERE opportunity_id IN {THESE}",  # noqa: S608
                (keys,),
            )
            return {row[0]: (tuple(json.loads(row[1])), row[2]) for row in found}

        def moves(keys: str) -> dict[str, frozenset[Move]]:
            found: dict[str, set[Move]] = {}
            for opportunity_id, target, invoice_ids in db.execute(
                f"SELECT opportunity_id, target, invoice_ids FROM moves WHERE opportunity_id IN {THESE}",  # noqa: S608
                (keys,),
            ):
                found.setdefault(opportunity_id, set()).add(Move(target, frozenset(json.loads(invoice_ids))))
            return {key: frozenset(each) for key, each in found.items()}

        self._values: Known[Mapping[str, FieldValue]] = Known(state, values, {})
        self._own: Known[tuple[tuple[str, ...], str] | None] = Known(state, own, None)
        self._moves: Known[frozenset[Move]] = Known(state, moves, frozenset())
        self._noted = KnownKeys(state, "SELECT opportunity_id FROM notes")
        self._held = KnownKeys(state, "SELECT opportunity_id FROM holds")
        self._contested = KnownKeys(state, "SELECT DISTINCT opportunity_id FROM change_backs")

    def fetch(self, opportunity_ids: Iterable[str]) -> None:
        """Read what is known of these Opportunities at once: they are about to be asked for."""
        wanted = list(opportunity_ids)
        for known in (self._values, self._own, self._moves):
            known.fetch(wanted)

    def of(self, opportunity_id: str, now: datetime) -> Own:
        """What is known of own writes to one Opportunity; `now` is a server's clock, for the 24 hours."""
        own = self._own.get(opportunity_id)
        return Own(
            known=own is not None,
            values=OwnValues(self._values.get(opportunity_id), own[0] if own else ()),
            moves=self._moves.get(opportunity_id),
            stage=own[1] if own else "",
            change_backs=self._change_backs(opportunity_id, now),
        )

    def knows(self, opportunity_id: str) -> bool:
        """Whether the state knows what qbsf did to this Opportunity."""
        return self._own.get(opportunity_id) is not None

    def watch(self, opportunity_id: str) -> None:
        """From now on the state knows what qbsf did to this Opportunity: it was seen before its payment was whole."""
        if not self.knows(opportunity_id):
            self._db.execute("INSERT OR IGNORE INTO own VALUES (?, '[]', '')", (opportunity_id,))
            self._own.set(opportunity_id, ((), ""))

    def value(self, opportunity_id: str, field: str) -> FieldValue:
        return self._values.get(opportunity_id).get(field)

    def owner_of(self, invoice_id: str) -> set[str]:
        """The Opportunities that qbsf wrote this invoice's payment to."""
        rows = self._db.execute("SELECT opportunity_id FROM paid_for WHERE invoice_id = ?", (invoice_id,))
        return {row[0] for row in rows}

    def note(self, notes: Collection[Note], at: datetime) -> None:
        """Durably, before anything is sent."""
        with self._state.transaction(lasting=True):
            self._db.executemany(
                "INSERT OR REPLACE INTO notes (opportunity_id, at, answered, body) VALUES (?, ?, 0, ?)",
                [(note.opportunity_id, instant(at), _encode(note)) for note in notes],
            )
            for note in notes:
                self._noted.add(note.opportunity_id)

    def answered(self, opportunity_ids: Sequence[str]) -> None:
        """Salesforce said that the noted writes were done."""
        self._db.execute(
            f"UPDATE notes SET answered = 1 WHERE opportunity_id IN {THESE}",  # noqa: S608 - its own text
            (pack(opportunity_ids),),
        )

    def refused(self, opportunity_id: str) -> None:
        """Salesforce refused the noted write: it never happened."""
        self._drop_note(opportunity_id)

    def has_note(self, opportunity_id: str) -> bool:
        """Whether a write was noted that no row has shown yet."""
        return opportunity_id in self._noted

    def pending(self, opportunity_id: str) -> tuple[Note, bool, str] | None:
        """The note of a write that no row has shown yet, whether Salesforce answered that it was done, and when it
        was noted.
        """
        if not self.has_note(opportunity_id):
            return None
        row = self._db.execute(
            "SELECT body, answered, at FROM notes WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchone()
        return None if row is None else (_decode(opportunity_id, row[0]), bool(row[1]), row[2])

    def settle(self, seen: Opportunity, before: Opportunity | None, now: datetime) -> Settled | None:
        """Hold a row that was read against what was noted and written before; call for every row read.

        A note is done when the row shows any value that it changed, and is dropped otherwise. What others changed back
        is counted, with the name of who did. Answers a write that was done, whatever became of it.
        """
        pending = self.pending(seen.id)
        settled: Settled | None = None
        if pending is not None:
            note, was_answered, at = pending
            is_done = landed(note, seen, was_answered=was_answered)
            if is_done:
                self._land(note, at)
            if was_answered or is_done:
                settled = Settled(note, is_news=not was_answered)
                lost = [name for name, value in note.changes.items() if not _shows(seen, name, value)]
                self._changed_back(seen, lost, now)
            self._drop_note(seen.id)
        elif before is not None and before.fields != seen.fields:
            self._changed_back(seen, self._lost_since(seen, before), now)
        return settled

    def reversals_since(self, moment: datetime) -> int:
        """How many payments were taken back since then, those included that no row has shown yet."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM reversals WHERE at > :moment) + (SELECT count(*) FROM notes "
            "WHERE at > :moment AND json_extract(body, '$.kind') = 'reversal')",
            {"moment": instant(moment)},
        ).fetchone()
        return int(row[0])

    def hold(self, opportunity_id: str) -> HoldRecord | None:
        if opportunity_id not in self._held:
            return None
        row = self._db.execute(
            "SELECT scope, since, fingerprint, code, message FROM holds WHERE opportunity_id = ?", (opportunity_id,)
        ).fetchone()
        return None if row is None else HoldRecord(row[0], datetime.fromisoformat(row[1]), *row[2:])

    def put_hold(self, opportunity_id: str, hold: HoldRecord) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?, ?)",
            (opportunity_id, hold.scope, instant(hold.since), hold.fingerprint, hold.code, hold.message),
        )
        self._held.add(opportunity_id)

    def holds_before(self, moment: datetime) -> list[str]:
        """The Opportunities that have been held since before then: they may be tried again."""
        rows = self._db.execute("SELECT opportunity_id FROM holds WHERE since < ?", (instant(moment),))
        return [row[0] for row in rows]

    def lift_hold(self, opportunity_id: str) -> None:
        if opportunity_id in self._held:
            self._db.execute("DELETE FROM holds WHERE opportunity_id = ?", (opportunity_id,))
            self._held.remove(opportunity_id)

    def prune(self, now: datetime) -> None:
        """What lies more than a day back decides nothing any more."""
        for table in ("change_backs", "reversals"):
            self._db.execute(f"DELETE FROM {table} WHERE at < ?", (instant(now - DAY),))  # noqa: S608 - names above

    def _drop_note(self, opportunity_id: str) -> None:
        if opportunity_id in self._noted:
            self._db.execute("DELETE FROM notes WHERE opportunity_id = ?", (opportunity_id,))
            self._noted.remove(opportunity_id)

    def _land(self, note: Note, at: str) -> None:
        key = note.opportunity_id
        self._db.executemany(
            "INSERT OR REPLACE INTO own_values VALUES (?, ?, ?)",
            [(key, name, dump(encode_value(value))) for name, value in note.changes.items() if name != STAGE],
        )
        self._values.forget(key)
        self._remember(note)
        self._move(note)
        if note.kind == "reversal" and note.payment_fields:
            self._db.execute("INSERT INTO reversals VALUES (?, ?)", (key, at))
        if note.payment_fields:
            self._db.executemany(
                "INSERT OR IGNORE INTO paid_for VALUES (?, ?)", [(key, each) for each in note.invoice_ids]
            )

    def _remember(self, note: Note) -> None:
        """The methods behind the text that landed, and the stage."""
        if not note.payment_fields and STAGE not in note.changes:
            return
        methods, stage = self._own.get(note.opportunity_id) or ((), "")
        if note.payment_fields:
            methods = note.method_ids
        if STAGE in note.changes:
            stage = str(note.changes[STAGE])
        self._db.execute(
            "INSERT OR REPLACE INTO own VALUES (?, ?, ?)", (note.opportunity_id, dump(list(methods)), stage)
        )
        self._own.set(note.opportunity_id, (methods, stage))

    def _move(self, note: Note) -> None:
        """The stage moves that are remembered once the write has landed."""
        key = note.opportunity_id
        moves = self._moves.get(key)
        if note.kind == "reversal" and note.owes_stage:
            moves |= {Move("reversed", frozenset(note.invoice_ids))}
        elif note.kind == "reversal":
            moves = frozenset()
        elif note.payment_fields:
            moves = frozenset(move for move in moves if move.target != "reversed")
        if note.move is not None:
            moves |= {note.move}
        before = self._moves.get(key)
        self._db.executemany(
            "DELETE FROM moves WHERE opportunity_id = ? AND target = ? AND invoice_ids = ?",
            [(key, move.target, _key_of(move)) for move in before - moves],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO moves VALUES (?, ?, ?)",
            [(key, move.target, _key_of(move)) for move in moves - before],
        )
        self._moves.set(key, moves)

    def _lost_since(self, seen: Opportunity, before: Opportunity) -> list[str]:
        """Fields that held what qbsf wrote when last seen, and hold something else now."""
        return [
            name
            for name, value in self._values.get(seen.id).items()
            if name in seen.fields and _shows(before, name, value) and not _shows(seen, name, value)
        ]

    def _changed_back(self, seen: Opportunity, fields: Iterable[str], now: datetime) -> None:
        for name in fields:
            if name in seen.fields:
                row = (seen.id, name, instant(now), seen.modified_by)
                self._db.execute("INSERT INTO change_backs VALUES (?, ?, ?, ?)", row)
                self._contested.add(seen.id)

    def _change_backs(self, opportunity_id: str, now: datetime) -> dict[str, ChangeBacks]:
        if opportunity_id not in self._contested:
            return {}
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

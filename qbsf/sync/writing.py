"""Carrying out what was planned: rows read again where they are old, noted first, in Collections of 200, several at a
time but never two with deals of one Account.

One record's refusal never stops another's. A lost answer is never repeated blindly: the rows are read again and tell.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from qbsf.core.case import STAGE, Kind
from qbsf.core.restraint import without_stage
from qbsf.errors import AnswerLost, OutOfTime, QbsfError, Unreachable
from qbsf.lanes import Failures
from qbsf.model import OpportunityUpdate, UpdateResult
from qbsf.report import Record
from qbsf.salesforce.soql import MOST_IDS
from qbsf.state.own import HoldRecord, landed
from qbsf.sync.context import Context
from qbsf.sync.flight import CHUNK, Chunk, Flight, Sent
from qbsf.sync.gathering import Gatherer
from qbsf.sync.planner import Planner
from qbsf.sync.planning import Planned, hold_fingerprint, note_of, plan, with_failure
from qbsf.sync.results import Results

WINDOW = MOST_IDS
"""Opportunities that are planned at once; rows that have become old are read again by so many, and written well
within 30 seconds.
"""
TRIES = 4
_WAIT_SECONDS = 0.5

# salesforce.md section 2: what trying again may cure, and what one failing flow makes of a whole chunk.
_PASSING = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"})
_SINKS_ALL = frozenset({"CANNOT_EXECUTE_FLOW_TRIGGER", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "APEX_ERROR"})


class _TooOldError(Exception):
    """The rows of a chunk became old before it was its turn: it was not sent."""


@dataclass(frozen=True, slots=True)
class Due:
    """An Opportunity that is to be written."""

    id: str
    kind: Kind
    account_id: str


def due_of(planned: Planned) -> Due:
    """A plan that is to be carried out, reduced to what is kept of many."""
    return Due(planned.opportunity.id, planned.decision.kind, planned.opportunity.account_id)


class Writer:
    """The writing half of a pass."""

    def __init__(self, context: Context, gatherer: Gatherer, planner: Planner, results: Results) -> None:
        self.context = context
        self.gatherer = gatherer
        self.results = results
        self.planner = planner
        self.stages_are_fresh = False
        """Whether the org's stages were read in this pass."""
        self.has_begun = False
        """Whether something was offered: `write` has to end it."""
        self._barred: frozenset[Kind] = frozenset()
        self._ready: list[Planned] = []
        """Plans by rows that are not old, which go into the next chunks."""
        self._old: list[Due] = []
        """What was offered and was not true any more when it was its turn."""
        self._flight = Flight(context.lanes.salesforce.depth)
        self._failed = Failures()
        self._held_after_write: list[str] = []

    def offer(self, plans: Sequence[Planned]) -> None:
        """Have plans carried out as soon as there is room (`go_on`)."""
        self.has_begun = True
        self.context.under_way.update(planned.opportunity.id for planned in plans)
        self._ready += plans

    def go_on(self) -> bool:
        """Do a piece of work that needs no waiting: judge an answer that has come, send a chunk that is full. False
        where there is none. What fails is raised by `write` or `end`, and loses nothing else.
        """
        try:
            if self._flight.has_answer:
                self._take(self._flight.first())
                return True
            return not self._failed.stop and self._flight.has_room and self._send_full()
        except QbsfError as error:
            self._failed.add(error)
            return True

    def _send_full(self) -> bool:
        """Send a chunk that is full; False where there is none. What is not true any more is left to `write`: reading
        rows again has to wait until everything else is read.
        """
        chunk = self._flight.next_chunk(self._full_chunks())
        if chunk is None:
            return False
        true: list[Planned] = []
        for item in chunk.items:
            if self._is_true(item):
                true.append(item)
            else:
                self._old.append(due_of(item))
        if len(true) == len(chunk.items):
            self._flight.sent(self._send(chunk))
        elif true:
            self._flight.queue.appendleft(replace(chunk, items=tuple(true)))
        return True

    def end(self, because: QbsfError) -> None:
        """The pass cannot go on: take the answers of what is under way, send nothing more, and raise the worst."""
        self._failed.add(because)
        while not self._flight.is_over:
            try:
                self._take(self._flight.first())
            except QbsfError as error:
                self._failed.add(error)
        self._finish()

    def write(self, due: Sequence[Due], barred: frozenset[Kind], kinds: Collection[Kind]) -> None:
        """Write what is planned for these Opportunities, and what was offered; `kinds` are those of all planned writes.

        Raises ConfigError for a wrong stage before anything is written, OutOfTime, Unreachable.
        """
        context = self.context
        context.under_way.clear()
        self._barred = barred
        if self._may_move_stages(kinds):
            self._read_stages()
        context.progress.phase("Writing Opportunities", len(due))
        self._send_all(self._chunks(sorted([*due, *self._old], key=lambda each: (each.account_id, each.id))))
        self._finish()

    def _finish(self) -> None:
        if not self._failed.stop:
            try:
                self._measure_holds()
            except QbsfError as error:
                self._failed.add(error)
        self._failed.raise_worst()

    def _full_chunks(self) -> Iterator[Chunk]:
        while len(self._ready) >= CHUNK:
            yield self._chunk()

    def _chunk(self) -> Chunk:
        """What is ready, as far as one request holds it."""
        self.check_stages(self._ready[:CHUNK])
        chunk = Chunk(tuple(self._ready[:CHUNK]))
        del self._ready[:CHUNK]
        return chunk

    def _chunks(self, due: Sequence[Due]) -> Iterator[Chunk]:
        """What is to be written by rows that are not old, an Account's deals side by side, a window at a time."""
        for start in range(0, len(due), WINDOW):
            ids = [each.id for each in due[start : start + WINDOW]]
            self.context.check_time()
            self._freshen(ids)
            self._ready += self._plan_again(ids)
            yield from self._full_chunks()
        while self._ready:
            yield self._chunk()

    def _send_all(self, chunks: Iterator[Chunk]) -> None:
        """Send the chunks, several at a time, and judge their answers in the order in which they were sent.

        One that fails does not lose the others.
        """
        failed = self._failed
        while True:
            try:
                while self._flight.has_room and not failed.stop and self._send_next(chunks):
                    pass
                if self._flight.is_over:
                    return
                self._take(self._flight.first())
                if len(self._held_after_write) >= CHUNK:
                    self._measure_holds()
            except QbsfError as error:
                failed.add(error)

    def _send_next(self, chunks: Iterator[Chunk]) -> bool:
        """Send the next chunk that may go; False where there is none to send for now."""
        chunk = self._flight.next_chunk(chunks)
        if chunk is None:
            return False
        self.context.check_time()
        ready = self._fresh(chunk)
        if ready is not None:
            self._flight.sent(self._send(ready))
        return True

    def check_stages(self, planned: Sequence[Planned]) -> None:
        """Before the first stage is moved: the org's stages, freshly read. Raises ConfigError, nothing is written."""
        if any(STAGE in item.decision.changes for item in planned):
            self._read_stages()

    def _may_move_stages(self, kinds: Collection[Kind]) -> bool:
        stages = self.context.config.stages
        partly = bool(stages.partially_paid) and not {"change", "reversal"}.isdisjoint(kinds)
        return "win" in kinds or partly or (bool(stages.reversed) and "reversal" in kinds)

    def _read_stages(self) -> None:
        if not self.stages_are_fresh:
            stages = tuple(self.context.org.stages())
            if stages != self.context.lookups.stages:
                self.context.use(replace(self.context.lookups, stages=stages))
            self.stages_are_fresh = True

    def _freshen(self, opportunity_ids: Sequence[str]) -> None:
        old = [each for each in opportunity_ids if not self.context.is_fresh(each)]
        if old:
            self.gatherer.refresh(old)
            self.gatherer.gather()

    def _plan_again(self, opportunity_ids: Sequence[str]) -> list[Planned]:
        """The plans on fresh rows; what turns out to need no write is decided with that."""
        planned: list[Planned] = []
        for opportunity_id, item in self.planner.last_plans(opportunity_ids):
            if item is None:
                self.gatherer.intake.forget(opportunity_id)
            elif item.decision.outcome != "updated":
                doubtful = item.decision.reason == "inconsistent"
                self.results.decided(item, item.record, keep=doubtful)
            elif item.decision.kind in self._barred:
                self.results.braked(item)
            else:
                planned.append(item)
        return planned

    def _is_true(self, item: Planned) -> bool:
        """Whether the row is not old, and nothing was heard of it since it was planned."""
        opportunity_id = item.opportunity.id
        return opportunity_id not in self.context.deals.touched and self.context.is_fresh(opportunity_id)

    def _fresh(self, chunk: Chunk) -> Chunk | None:
        """The chunk by rows that are not old and plans that are true; None where nothing of it is to be written any
        more.
        """
        if all(self._is_true(item) for item in chunk.items):
            return chunk
        self._freshen([item.opportunity.id for item in chunk.items])
        again = self._plan_again([item.opportunity.id for item in chunk.items])
        return replace(chunk, items=tuple(again), refusals={}) if again else None

    def _send(self, chunk: Chunk) -> Sent:
        """Note what is about to be written, then send it."""
        context = self.context
        notes = [note_of(item, context) for item in chunk.items]
        context.own.note(notes, context.now)
        updates = [
            OpportunityUpdate(item.opportunity.id, item.opportunity.account_id, item.decision.changes)
            for item in chunk.items
        ]
        fresh_until = min(context.fresh_until(item.opportunity.id) for item in chunk.items)

        def send() -> list[UpdateResult]:
            # It may have waited in line behind slow ones.
            if context.clock.monotonic() > fresh_until:
                raise _TooOldError
            return context.org.update(updates)

        return Sent(chunk, notes, context.lanes.salesforce.begin(send))

    def _take(self, sent: Sent) -> None:
        """Wait for the answer of a chunk, and judge it."""
        context, chunk = self.context, sent.chunk
        try:
            verdicts = sent.answer.result()
        except _TooOldError:
            with context.state.transaction():
                for item in chunk.items:
                    context.own.refused(item.opportunity.id)
            self._flight.queue.appendleft(chunk)
            return
        except AnswerLost as lost:
            if self._failed.stop:
                # Nothing answers any more: the next pass sees by the notes what was written.
                raise
            try:
                self._after_lost_answer(chunk)
            except OutOfTime:
                # The time ran out while a server was waited for: that is what stopped the pass.
                raise lost from None
            return
        except QbsfError:
            # Nothing was written: the request was refused as a whole, or never sent.
            with context.state.transaction():
                for item in chunk.items:
                    context.own.refused(item.opportunity.id)
            raise
        self._judge(sent, verdicts)

    def _after_lost_answer(self, chunk: Chunk) -> None:
        """It may have been done: the rows, read again, tell. What did not land is sent once more, then left."""
        context = self.context
        self.gatherer.refresh([item.opportunity.id for item in chunk.items])
        left: list[Planned] = []
        for item in chunk.items:
            now = self.planner.anew(item.opportunity.id)
            if now is None:
                continue
            if landed(note_of(item, context), now.opportunity, was_answered=False):
                # As it stands now; its record tells what was planned.
                item = replace(item, opportunity=now.opportunity, told=item.record)  # noqa: PLW2901
                self._end(item, chunk.refusals.get(item.opportunity.id))
            elif now.decision.outcome != "updated":
                self.results.decided(now, now.record)
            elif now.decision.kind == item.decision.kind:
                left.append(now)
            # What has become another kind of write, the brake has not seen: the next pass decides it.
        if left and chunk.lost:
            raise Unreachable(
                f"Salesforce did not answer an update of {len(left)} Opportunities, twice.",
                "The next run goes on where this one stopped.",
            )
        if left:
            self._flight.queue.append(Chunk(tuple(left), chunk.tries, chunk.lost + 1))

    def _judge(self, sent: Sent, verdicts: Sequence[UpdateResult]) -> None:
        """Each record by its own verdict; what one failing flow may have sunk with itself is sent again in halves."""
        chunk = sent.chunk
        again: list[Planned] = []
        sunk: list[Planned] = []
        bare: dict[str, UpdateResult] = {}
        wrote: list[tuple[Record, str]] = []
        with self.context.state.transaction():
            self.context.own.answered([verdict.opportunity_id for verdict in verdicts if verdict.ok])
            for item, note, verdict in zip(chunk.items, sent.notes, verdicts, strict=True):
                if verdict.ok:
                    wrote.append((item.record, note.record))
                    self.context.outdate(item.opportunity.id)
                    self._end(item, chunk.refusals.get(item.opportunity.id), note.record)
                    continue
                self.context.own.refused(item.opportunity.id)
                if verdict.code in _PASSING:
                    again.append(item)
                elif verdict.code in _SINKS_ALL and len(chunk.items) > 1:
                    sunk.append(item)
                elif item.decision.stage_part and set(item.decision.changes) - item.decision.stage_part:
                    bare[item.opportunity.id] = verdict
                else:
                    self._hold(item, chunk.refusals.get(item.opportunity.id, verdict), "record", written=None)
            self.context.journal.wrote_all(self.context.run_id, self.context.now, wrote)
        middle = (len(sunk) + 1) // 2
        for half in (sunk[middle:], sunk[:middle]):
            if half:
                self._flight.queue.appendleft(replace(chunk, items=tuple(half)))
        if bare:
            items = tuple(self._without_stage(item) for item in chunk.items if item.opportunity.id in bare)
            self._flight.queue.appendleft(Chunk(items, chunk.tries, chunk.lost, bare))
        if again:
            self._later(replace(chunk, items=tuple(again), tries=chunk.tries + 1), verdicts)

    def _later(self, chunk: Chunk, verdicts: Sequence[UpdateResult]) -> None:
        """Row locks and server faults: tried again in this pass, then in the next."""
        context = self.context
        if chunk.tries <= TRIES:
            pause = _WAIT_SECONDS * 2 ** (chunk.tries - 2) * (1 + context.random())
            if pause < context.deadline.left():
                context.clock.sleep(pause)
                self._flight.queue.append(chunk)
                return
        by_id = {verdict.opportunity_id: verdict for verdict in verdicts}
        for item in chunk.items:
            verdict = by_id[item.opportunity.id]
            record = with_failure(replace(item.record, changes={}), verdict.code, verdict.message, "unavailable")
            self.results.decided(item, record, keep=True)

    def _without_stage(self, item: Planned) -> Planned:
        return replace(item, decision=without_stage(item.decision), told=None)

    def _measure_holds(self) -> None:
        """A hold ends when others change the row: its stamp after our own write is what it is measured by."""
        context = self.context
        held, self._held_after_write = self._held_after_write, []
        if not held:
            return
        self.gatherer.refresh(held)
        with context.state.transaction():
            for opportunity_id in held:
                hold = context.own.hold(opportunity_id)
                item = plan(context, opportunity_id)
                if hold is not None and item is not None:
                    fingerprint = hold_fingerprint(context, item.opportunity, item.money)
                    context.own.put_hold(opportunity_id, replace(hold, fingerprint=fingerprint))

    def _end(self, item: Planned, refusal: UpdateResult | None, body: str = "") -> None:
        """A record was written: whole, or (with a refusal) its money without the stage, which alone is held back."""
        if refusal is not None:
            self._hold(item, refusal, "stage", written=item)
            self._held_after_write.append(item.opportunity.id)
            return
        hold = self.context.own.hold(item.opportunity.id)
        if hold is not None and (hold.scope == "record" or STAGE in item.decision.changes):
            self.context.own.lift_hold(item.opportunity.id)
        for warning in item.decision.warnings:
            self.context.warn(f"{item.opportunity.name}: {warning}")
        self.results.decided(item, item.record, item.decision.changes, body=body)

    def _hold(self, item: Planned, refusal: UpdateResult, scope: str, *, written: Planned | None) -> None:
        context = self.context
        changes = written.record.changes if written is not None else {}
        failed = with_failure(replace(item.record, changes=changes), refusal.code, refusal.message, "rejected")
        hold = HoldRecord(
            scope,
            context.now,
            hold_fingerprint(context, item.opportunity, item.money),
            refusal.code,
            refusal.message,
        )
        with context.state.transaction():
            context.own.put_hold(item.opportunity.id, hold)
        self.results.decided(item, failed, written.decision.changes if written is not None else {})

"""Carrying out what was planned: rows read again where they are old, noted first, in Collections of 200.

One record's refusal never stops another's. A lost answer is never repeated blindly: the rows are read again and tell.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qbsf.core.case import STAGE, Kind
from qbsf.core.restraint import without_stage
from qbsf.errors import AnswerLost, OutOfTime, QbsfError, Unreachable
from qbsf.model import OpportunityUpdate, UpdateResult
from qbsf.state.own import HoldRecord, landed
from qbsf.sync.context import Context
from qbsf.sync.planning import Planned, after, hold_fingerprint, note_of, plan, record_of, with_failure
from qbsf.sync.reading import Reader
from qbsf.sync.results import Results

BATCH = 200
WINDOW = 600
"""Rows that are read again at once: as many as one address holds, written well within 30 seconds."""
TRIES = 4
_WAIT_SECONDS = 0.5

# salesforce.md section 2: what trying again may cure, and what one failing flow makes of a whole chunk.
_PASSING = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"})
_SINKS_ALL = frozenset({"CANNOT_EXECUTE_FLOW_TRIGGER", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "APEX_ERROR"})


@dataclass(frozen=True)
class _Chunk:
    """Up to 200 records that are sent together, and what became of them before."""

    items: tuple[Planned, ...]
    tries: int = 1
    lost: int = 0
    refusals: Mapping[str, UpdateResult] = field(default_factory=dict)
    """For records that are sent without their stage: why it was refused, by Opportunity id."""


class Writer:
    """The writing half of a pass."""

    def __init__(self, context: Context, reader: Reader, results: Results) -> None:
        self.context = context
        self.reader = reader
        self.results = results
        self.stages_are_fresh = False
        """Whether the org's stages were read in this pass."""
        self._barred: frozenset[Kind] = frozenset()
        self._held_after_write: list[str] = []

    def write(self, opportunity_ids: Sequence[str], barred: frozenset[Kind], kinds: Collection[Kind]) -> None:
        """Write what is planned for these Opportunities, `kinds` of writes in all, window by window.

        Raises ConfigError for a wrong stage before anything is written, OutOfTime, Unreachable.
        """
        context = self.context
        self._barred = barred
        if self._may_move_stages(kinds):
            self._read_stages()
        context.progress.phase("Writing Opportunities", len(opportunity_ids))
        waiting = self._by_account(opportunity_ids)
        for start in range(0, len(waiting), WINDOW):
            window = waiting[start : start + WINDOW]
            context.check_time()
            self._freshen(window)
            planned = self._plan_again(window)
            self.check_stages(planned)
            queue = deque(_chunks(planned))
            while queue:
                self._send(queue)
            self._measure_holds()
            context.progress.advance(len(window))

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
            self.context.use(replace(self.context.lookups, stages=tuple(self.context.org.stages())))
            self.stages_are_fresh = True

    def _by_account(self, opportunity_ids: Sequence[str]) -> list[str]:
        """One Account's deals side by side: they share its row lock."""

        def key(opportunity_id: str) -> tuple[str, str]:
            row = self.context.deals.get(opportunity_id)
            return (row.account_id if row else "", opportunity_id)

        return sorted(opportunity_ids, key=key)

    def _freshen(self, opportunity_ids: Sequence[str]) -> None:
        old = [each for each in opportunity_ids if not self.context.is_fresh(each)]
        if old:
            self.reader.refresh(old)
            self.reader.gather()

    def _plan_again(self, opportunity_ids: Sequence[str]) -> list[Planned]:
        """The plans on fresh rows; what turns out to need no write is decided with that."""
        context = self.context
        planned: list[Planned] = []
        for opportunity_id in opportunity_ids:
            item = plan(context, opportunity_id)
            if item is None:
                self.reader.intake.forget(opportunity_id)
            elif item.decision.outcome != "updated":
                doubtful = item.decision.reason == "inconsistent"
                self.results.decided(item, item.record, item.opportunity, keep=doubtful)
            elif item.decision.kind in self._barred:
                self.results.braked(item)
            else:
                planned.append(item)
        return planned

    def _send(self, queue: "deque[_Chunk]") -> None:
        context = self.context
        chunk = queue.popleft()
        context.check_time()
        stale = [item.opportunity.id for item in chunk.items if not context.is_fresh(item.opportunity.id)]
        if stale:
            self._freshen(stale)
            again = self._plan_again([item.opportunity.id for item in chunk.items])
            if not again:
                return
            chunk = replace(chunk, items=tuple(again), refusals={})
        context.own.note([note_of(item, context) for item in chunk.items], context.now)
        updates = [
            OpportunityUpdate(item.opportunity.id, item.opportunity.account_id, item.decision.changes)
            for item in chunk.items
        ]
        try:
            verdicts = context.org.update(updates)
        except AnswerLost as lost:
            try:
                self._after_lost_answer(chunk, queue)
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
        self._judge(chunk, verdicts, queue)

    def _after_lost_answer(self, chunk: _Chunk, queue: "deque[_Chunk]") -> None:
        """It may have been done: the rows, read again, tell. What did not land is sent once more, then left."""
        context = self.context
        self.reader.refresh([item.opportunity.id for item in chunk.items])
        left: list[Planned] = []
        for item in chunk.items:
            now = plan(context, item.opportunity.id)
            if now is None:
                continue
            if landed(note_of(item, context), now.opportunity, was_answered=False):
                self._end(replace(item, opportunity=now.opportunity), chunk.refusals.get(item.opportunity.id))
            elif now.decision.outcome == "updated":
                left.append(now)
            else:
                self.results.decided(now, now.record, now.opportunity)
        if left and chunk.lost:
            raise Unreachable(
                f"Salesforce did not answer an update of {len(left)} Opportunities, twice.",
                "The next run goes on where this one stopped.",
            )
        if left:
            queue.append(_Chunk(tuple(left), chunk.tries, chunk.lost + 1))

    def _judge(self, chunk: _Chunk, verdicts: Sequence[UpdateResult], queue: "deque[_Chunk]") -> None:
        """Each record by its own verdict; what one failing flow may have sunk with itself is sent again in halves."""
        again: list[Planned] = []
        sunk: list[Planned] = []
        bare: dict[str, UpdateResult] = {}
        with self.context.state.transaction():
            for item, verdict in zip(chunk.items, verdicts, strict=True):
                if verdict.ok:
                    self._wrote(item)
                    self._end(item, chunk.refusals.get(item.opportunity.id))
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
        middle = (len(sunk) + 1) // 2
        for half in (sunk[middle:], sunk[:middle]):
            if half:
                queue.appendleft(replace(chunk, items=tuple(half)))
        if bare:
            items = tuple(self._without_stage(item) for item in chunk.items if item.opportunity.id in bare)
            queue.appendleft(_Chunk(items, chunk.tries, chunk.lost, bare))
        if again:
            self._later(replace(chunk, items=tuple(again), tries=chunk.tries + 1), verdicts, queue)

    def _later(self, chunk: _Chunk, verdicts: Sequence[UpdateResult], queue: "deque[_Chunk]") -> None:
        """Row locks and server faults: tried again in this pass, then in the next."""
        context = self.context
        if chunk.tries <= TRIES:
            pause = _WAIT_SECONDS * 2 ** (chunk.tries - 2) * (1 + context.random())
            if pause < context.deadline.left():
                context.clock.sleep(pause)
                queue.append(chunk)
                return
        by_id = {verdict.opportunity_id: verdict for verdict in verdicts}
        for item in chunk.items:
            verdict = by_id[item.opportunity.id]
            record = with_failure(replace(item.record, changes={}), verdict.code, verdict.message, "unavailable")
            self.results.decided(item, record, item.opportunity, keep=True)

    def _without_stage(self, item: Planned) -> Planned:
        decision = without_stage(item.decision)
        record = record_of(item.opportunity, item.links, item.money, decision, item.record.matched_by)
        return replace(item, decision=decision, record=record)

    def _measure_holds(self) -> None:
        """A hold ends when others change the row: its stamp after our own write is what it is measured by."""
        context = self.context
        held, self._held_after_write = self._held_after_write, []
        if not held:
            return
        self.reader.refresh(held)
        with context.state.transaction():
            for opportunity_id in held:
                hold = context.own.hold(opportunity_id)
                item = plan(context, opportunity_id)
                if hold is not None and item is not None:
                    fingerprint = hold_fingerprint(context, item.opportunity, item.money)
                    context.own.put_hold(opportunity_id, replace(hold, fingerprint=fingerprint))

    def _wrote(self, item: Planned) -> None:
        """Salesforce said that it was done."""
        context = self.context
        context.own.answered(item.opportunity.id)
        context.deals.put(after(item, context))
        context.journal.wrote(context.run_id, context.now, item.record)

    def _end(self, item: Planned, refusal: UpdateResult | None) -> None:
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
        self.results.decided(item, item.record, after(item, self.context))

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
        row = after(written, context) if written is not None else item.opportunity
        self.results.decided(item, failed, row)


def _chunks(planned: Sequence[Planned]) -> list[_Chunk]:
    return [_Chunk(tuple(planned[start : start + BATCH])) for start in range(0, len(planned), BATCH)]

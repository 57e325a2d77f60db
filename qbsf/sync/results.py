"""What a pass did so far, and what of it people are told later: outcomes, attention, the list still to be done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from qbsf.core.fields import payment_field_names
from qbsf.model import FieldValue, Invoice
from qbsf.report import QUIET_REASONS, Outcome, Record, Summary
from qbsf.state.journal import late_key
from qbsf.sync.context import Context
from qbsf.sync.planning import Planned, facts_fingerprint, note_for, unlinked_record
from qbsf.sync.spool import RecordSpool
from qbsf.sync.written import after


@dataclass
class Results:
    """Counts every record once, keeps those that are to be shown, and settles or opens attention for them."""

    context: Context
    counts: Counter[Outcome] = field(default_factory=Counter)
    shown: RecordSpool = field(default_factory=RecordSpool)
    refused: bool = False
    """Some record was refused, or the brake held it: exit code 1."""

    def add(self, record: Record, order: str, body: str = "") -> None:
        """Count a record; `order` sorts the report, whatever the order in which things were done."""
        self.counts[record.outcome] += 1
        options = self.context.options
        if record.reason not in QUIET_REASONS or options.verbose or options.invoice is not None:
            self.shown.add(order, record, body)

    def decided(
        self,
        planned: Planned,
        record: Record,
        landed: Mapping[str, FieldValue] = MappingProxyType({}),
        *,
        keep: bool = False,
        body: str = "",
    ) -> None:
        """One Opportunity is decided; `landed` is what was written to it. `keep` leaves it on the list still to be
        done; `body` is the record's text where there is one already.
        """
        context = self.context
        self.add(record, planned.opportunity.id, body)
        for late in planned.late:
            self.add(late, f"{planned.opportunity.id} {late.invoices[0].id if late.invoices else ''}")
        if record.outcome == "failed" or record.reason == "braked":
            self.refused = True
        with context.state.transaction():
            self._attend(planned, record, landed)
            # What was heard of it since it was planned is decided in the next pass.
            heard_more = planned.opportunity.id in context.deals.touched
            if not keep and not heard_more and planned.opportunity.id not in context.links_left:
                context.deals.done([planned.opportunity.id])

    def braked(self, planned: Planned) -> None:
        """A write that the brake holds: it is decided again in each pass. A dry run shows what it would have been."""
        changes = planned.record.changes if self.context.options.dry_run else {}
        record = replace(planned.record, outcome="skipped", reason="braked", changes=changes, note=note_for("braked"))
        self.decided(planned, record, keep=True)

    def unlinked(self, invoice: Invoice) -> None:
        """Count a changed invoice that belongs to no Opportunity."""
        self.add(unlinked_record(invoice), f"~{invoice.id}")

    def summary(self) -> Summary:
        counts = self.counts
        return Summary(
            sum(counts.values()), counts["updated"], counts["unchanged"], counts["skipped"], counts["failed"]
        )

    def _attend(self, planned: Planned, record: Record, landed: Mapping[str, FieldValue]) -> None:
        context = self.context
        nothing_learnt = record.reason == "inconsistent" and not planned.decision.attention
        if record.reason == "unavailable" or nothing_learnt:
            return
        if planned.decision.attention or record.reason in ("braked", "rejected", "held_back"):
            context.journal.attend(planned.key, record, self._facts(planned, landed), context.now)
        elif context.own.hold(planned.opportunity.id) is None and not self._still_reversed(planned, landed):
            context.journal.settle(planned.key)
        late_keys = {late_key(planned.opportunity.id, r.invoices[0].id): r for r in planned.late if r.invoices}
        for key, late in late_keys.items():
            context.journal.attend(key, late, key, context.now)
        context.journal.settle_late(planned.opportunity.id, late_keys)

    def _facts(self, planned: Planned, landed: Mapping[str, FieldValue]) -> str:
        row = after(planned.opportunity, landed, self.context)
        names = payment_field_names(self.context.config.fields)
        return facts_fingerprint(row, planned.money, planned.decision.about, names)

    def _still_reversed(self, planned: Planned, landed: Mapping[str, FieldValue]) -> bool:
        """A payment that was taken back leaves a deal to a person until something about it changes."""
        waiting = self.context.journal.attention_facts(planned.key)
        return waiting is not None and waiting == ("reversed", self._facts(planned, landed))

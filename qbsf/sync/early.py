"""Deals that are written while the books are still being read: half of a large first pass is waiting.

Only where nothing that is still to be read can change the decision: no limit of the brake may hold the write, whoever
linked the deal named its invoices by id, no other Opportunity has to do with them, and all that settled them is here.
"""

from collections.abc import Sequence

from qbsf.core.brake import unlimited
from qbsf.core.case import Kind
from qbsf.core.links import link_text
from qbsf.sync.context import Context
from qbsf.sync.intake import Intake
from qbsf.sync.planner import Planner
from qbsf.sync.planning import Planned
from qbsf.sync.writing import Writer


class EarlyWrites:
    """Plans, and writes what may be written, while something is waited for."""

    def __init__(self, context: Context, intake: Intake, planner: Planner, writer: Writer) -> None:
        self._context = context
        self._intake = intake
        self._planner = planner
        self._writer = writer
        self._kinds = _free_kinds(context)
        self._planned: list[str] = []
        """Opportunities that were planned before it could be told whether they may be written."""

    def plan(self) -> bool:
        """Plan some; False where there is nothing to plan."""
        planned = self._planner.plan_some()
        self._planned += [each.opportunity.id for each in planned]
        return bool(planned)

    def use_time(self) -> bool:
        """Do a piece of work, once all Opportunities that name an invoice were read; False where there is nothing to
        do for now.
        """
        if self._writer.go_on():
            return True
        ids, self._planned = self._planned, []
        plans = self._planner.made(ids) if ids else self._planner.plan_some()
        self.go_ahead([planned for planned in plans if self.may_go_ahead(planned)])
        return bool(plans)

    def go_ahead(self, plans: Sequence[Planned]) -> None:
        """Leave plans to the writer."""
        if not plans:
            return
        ids = [planned.opportunity.id for planned in plans]
        with self._context.state.transaction():
            self._context.deals.reread_done(ids)
            for opportunity_id in ids:
                self._context.deals.no_doubt(opportunity_id)
                self._planner.drop(opportunity_id)
        self._writer.offer(plans)

    def may_go_ahead(self, planned: Planned) -> bool:
        """Whether it may be written while the rest is still being read."""
        decision, money = planned.decision, planned.money
        writes = decision.outcome == "updated" and decision.kind in self._kinds and not decision.attention
        paid = money is not None and money.state == "paid"
        return (
            self._may_begin
            and writes
            and paid
            and self._is_linked_for_good(planned)
            and self._is_settled_for_good(planned)
        )

    @property
    def _may_begin(self) -> bool:
        """Not before the stages are known to be right: the plans were made by them. Of a large world no more plans are
        kept than are being carried out.
        """
        return self._writer.stages_are_fresh and not self._context.state.is_large

    def _is_linked_for_good(self, planned: Planned) -> bool:
        """Whether its invoices are its own whatever is still to be read: a person named them by id, nothing else."""
        context, links, row = self._context, planned.links, planned.opportunity
        fields, by = context.config.fields, context.config.match.by
        named = links.way == "invoice_id" and by[:1] == ("invoice_id",) and not links.unknown
        own = link_text(row, fields.invoice_id) == context.own.value(row.id, fields.invoice_id)
        number = link_text(row, fields.invoice_number)
        alone = not number or number == context.own.value(row.id, fields.invoice_number)
        return named and not own and alone and all(self._wanted_by(each) == {row.id} for each in links.invoice_ids)

    def _wanted_by(self, invoice_id: str) -> set[str]:
        """Every Opportunity that has, or could have, to do with an invoice."""
        deals, known = self._context.deals, self._context.cache.invoice(invoice_id)
        wanted = deals.naming("invoice_id", [invoice_id]) | set(deals.linked_to(invoice_id))
        if known is not None:
            wanted |= deals.naming("invoice_number", [known[0].number]) | set(known[0].opportunity_ids)
        return wanted

    def _is_settled_for_good(self, planned: Planned) -> bool:
        """Whether row, invoices and all their payments were read in this pass, with the names of their methods."""
        context, intake = self._context, self._intake
        if not context.is_fresh(planned.opportunity.id):
            return False
        for invoice_id in planned.links.invoice_ids:
            known = context.cache.invoice(invoice_id)
            if known is None or invoice_id not in intake.read_invoices:
                return False
            for payment in context.cache.payments_of(known[0]):
                if payment.method_id and payment.method_id not in context.lookups.methods:
                    return False
            payment_ids = {*known[0].payment_ids, *context.cache.payment_ids_of(invoice_id)}
            if not payment_ids <= intake.read_payments:
                return False
        return True


def _free_kinds(context: Context) -> frozenset[Kind]:
    """The kinds of write that may be made before all of them are known."""
    return frozenset() if context.options.looks_only else unlimited(context.limits)

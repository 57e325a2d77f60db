"""What the Opportunities still to be decided need and is not here: asked for in bulk, until nothing is left.

Statements of 1,000 ids are under way side by side; one that fails does not lose what the others brought.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from qbsf.core.links import link_text, possible_names
from qbsf.lanes import Failures, take_all
from qbsf.model import Invoice, Opportunity
from qbsf.quickbooks import query
from qbsf.salesforce.soql import MOST_IDS
from qbsf.state.books import ASKED_NUMBER
from qbsf.sync.context import Context
from qbsf.sync.facts import batches, fetch_names, with_money
from qbsf.sync.intake import Intake
from qbsf.sync.linking import relink

_WINDOW = 8 * query.PAGE
"""Opportunities whose records are read at once in a full pass."""
_ROUNDS = 6

T = TypeVar("T")


class Gatherer:
    """Reads what is named or linked and not known here, and what is known and may be old."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self.context = context
        self.intake = intake
        self.scope: set[str] | None = None
        """The Opportunities that this pass is about, None for all."""
        self._list_is_linked = False

    def todo(self) -> list[str]:
        """The Opportunities that this pass has still to decide."""
        return self._in_scope(self.context.deals.todo())

    def gather(self) -> None:
        """Read what the Opportunities still to be decided need and is not here, until nothing is missing."""
        self._reread()
        for _ in range(_ROUNDS):
            todo = self._to_link()
            relink(self.context, todo)
            if not self._read_missing(todo):
                return

    def _to_link(self) -> list[str]:
        """Those still to be decided whose links are to be found: of the whole list once, then of what was touched."""
        deals = self.context.deals
        if not self._list_is_linked:
            self._list_is_linked = True
            return deals.not_linked_yet(self.todo())
        return self._in_scope(deals.unlinked())

    def _in_scope(self, opportunity_ids: Iterable[str]) -> list[str]:
        scope, under_way = self.scope, self.context.under_way
        return [each for each in opportunity_ids if (scope is None or each in scope) and each not in under_way]

    def again(self, invoice_ids: Iterable[str]) -> None:
        """Read invoices and their payments once more: they were read in the middle of a change."""
        context = self.context
        ids = sorted(invoice_ids)
        payments: set[str] = set()
        for invoice_id in ids:
            payments.update(context.cache.payment_ids_of(invoice_id))
        failed = Failures()
        for row in self._invoices(ids, failed):
            payments.update(row.payment_ids)
        self._payments(payments, failed)
        failed.raise_worst()

    def find_mentioned(self) -> None:
        """Ask for the Opportunities that invoices name and that are not known here: before the watermark moves, for
        the feed will not show those invoices again.
        """
        waiting = sorted(self.intake.mentions_waiting)
        if waiting:
            self.intake.mentions_found(self.opportunities(waiting))

    def refresh(self, opportunity_ids: Iterable[str]) -> None:
        """Read rows again before they are written; those that are gone are forgotten."""
        wanted = set(opportunity_ids)
        gone = wanted - self.opportunities(wanted)
        with self.context.state.transaction():
            for opportunity_id in gone:
                self.intake.forget(opportunity_id)

    def opportunities(self, ids: Iterable[str], *, reread: bool = False) -> set[str]:
        """Read these Opportunities; answers the ids of those that are there and ours."""
        wanted = sorted(ids)
        if not wanted:
            return set()
        context = self.context
        found: set[str] = set()

        def ask(portion: Sequence[str]) -> tuple[float, list[Opportunity]]:
            # An answer may wait for those before it: it is as old as its asking.
            return context.clock.monotonic(), context.org.opportunities_by_id(context.columns, portion)

        def take(_: Sequence[str], answer: tuple[float, list[Opportunity]]) -> None:
            asked_at, rows = answer
            self.intake.opportunities(rows, reread=reread, asked_at=asked_at)
            found.update(row.id for row in rows if context.deals.get(row.id) is not None)

        portions = [wanted[start : start + MOST_IDS] for start in range(0, len(wanted), MOST_IDS)]
        failed = Failures()
        take_all(context.lanes.salesforce, portions, ask, take, failed)
        failed.raise_worst()
        return found

    def _reread(self) -> None:
        """In a full pass: the invoices and payments of every Opportunity that was marked for it, in windows."""
        context = self.context
        waiting = self._in_scope(context.deals.to_reread())
        if not waiting:
            return
        context.progress.phase("Reading invoices and payments", len(waiting))
        for start in range(0, len(waiting), _WINDOW):
            window = waiting[start : start + _WINDOW]
            context.check_time()
            self._reread_window(window)
            context.progress.advance(len(window))

    def _reread_window(self, opportunity_ids: Sequence[str]) -> None:
        context = self.context
        ids, numbers = self._names_of(opportunity_ids, linked=True)
        failed = Failures()
        self._invoices(ids - self.intake.read_invoices, failed)
        self._invoices_by_number(self._not_asked(numbers), failed)
        relink(context, opportunity_ids)
        payments: set[str] = set()
        for each in with_money(context, opportunity_ids):
            payments |= self._payments_of(each)
        self._payments(payments - self.intake.read_payments, failed)
        done = [each for each in opportunity_ids if self._is_read(each)] if failed.happened else opportunity_ids
        with context.state.transaction():
            context.deals.reread_done(done)
        failed.raise_worst()

    def _payments_of(self, opportunity_id: str) -> set[str]:
        """The payments of its invoices, as far as they are listed or known."""
        cache = self.context.cache
        payments: set[str] = set()
        for invoice_id in self.context.deals.links_of(opportunity_id):
            known = cache.invoice(invoice_id)
            payments.update(known[0].payment_ids if known and not known[1] else ())
            payments.update(cache.payment_ids_of(invoice_id))
        return payments

    def _is_read(self, opportunity_id: str) -> bool:
        """Whether everything it hangs on was read in this pass."""
        ids, _ = self._names_of([opportunity_id], linked=True)
        payments = self._payments_of(opportunity_id)
        return ids <= self.intake.read_invoices and payments <= self.intake.read_payments

    def _read_missing(self, opportunity_ids: Sequence[str]) -> bool:
        """One round of asking for what is named or linked and not here. Answers whether anything was read."""
        context = self.context
        waiting = self.intake.mentions_waiting
        ids, numbers = self._names_of(opportunity_ids)
        unknown_ids = {
            i for i in ids if not context.cache.has_invoice(i) and not context.cache.is_missing("invoice_id", i)
        }
        unknown_numbers = self._not_asked(numbers)
        payments = self._payments_wanted(opportunity_ids)
        stale = {i for i in self.intake.stale_invoices if context.cache.has_invoice(i)}
        self.intake.stale_invoices.clear()
        if not (waiting or unknown_ids or unknown_numbers or payments or stale):
            return False
        context.check_time()
        self.find_mentioned()
        failed = Failures()
        self._invoices(unknown_ids | stale, failed)
        self._invoices_by_number(unknown_numbers, failed)
        self._payments(payments, failed)
        failed.raise_worst()
        return True

    def _names_of(self, opportunity_ids: Sequence[str], *, linked: bool = False) -> tuple[set[str], set[str]]:
        """Everything the link fields may mean: ids that QuickBooks could have, and numbers; with `linked` also the ids
        of the invoices that are linked or name the Opportunity.
        """
        context = self.context
        fields, by = context.config.fields, context.config.match.by
        ids: set[str] = set()
        numbers: set[str] = set()
        for batch in batches(opportunity_ids):
            fetch_names(context, batch)
            for opportunity_id in batch:
                if linked:
                    ids.update(context.deals.links_of(opportunity_id))
                    ids.update(each.id for each in context.cache.candidates_mentioning(opportunity_id))
                row = context.deals.get(opportunity_id)
                if row is None:
                    continue
                if "invoice_id" in by:
                    ids.update(filter(query.is_id, possible_names(link_text(row, fields.invoice_id))))
                if "invoice_number" in by:
                    text = link_text(row, fields.invoice_number)
                    # What qbsf filled in itself decides nothing.
                    if text and text != context.own.value(opportunity_id, fields.invoice_number):
                        numbers.update(n for n in possible_names(text) if len(n) <= query.LONGEST_NUMBER)
        return ids, numbers

    def _payments_wanted(self, opportunity_ids: Sequence[str]) -> set[str]:
        """Payments that a linked invoice lists and that are not here, or that are here and it does not list."""
        context = self.context
        wanted: set[str] = set()
        for opportunity_id in with_money(context, opportunity_ids):
            for invoice_id in context.deals.links_of(opportunity_id):
                known = context.cache.invoice(invoice_id)
                if known is None or known[1]:
                    continue
                listed = set(known[0].payment_ids)
                linking = set(context.cache.payment_ids_of(invoice_id))
                here = {each for each in listed | linking if context.cache.payment(each) is not None}
                wanted |= (listed - here) | (linking - listed)
        return wanted - self.intake.read_payments

    def _invoices(self, ids: Iterable[str], failed: Failures) -> list[Invoice]:
        """Invoices by id. One that was here and is not answered is asked for by itself: 610 means deleted."""
        context = self.context
        asked = sorted(i for i in set(ids) if not self._is_deleted(i))
        answered: list[Invoice] = []

        def take(portion: Sequence[str], rows: list[Invoice]) -> None:
            self.intake.invoices(rows)
            answered.extend(rows)
            self._absent(set(portion) - {row.id for row in rows})

        self._ask_quickbooks(context.books.invoices_by_id, asked, take, failed)
        return answered

    def _absent(self, invoice_ids: set[str]) -> None:
        """Invoices that QuickBooks did not answer with."""
        context = self.context
        self.intake.read_invoices |= invoice_ids
        never_seen = {each for each in invoice_ids if not context.cache.has_invoice(each)}
        with context.state.transaction():
            context.cache.put_missing("invoice_id", sorted(never_seen))
        for invoice_id in sorted(invoice_ids - never_seen):
            row = context.books.invoice(invoice_id)
            if row is None:
                self.intake.invoice_gone(invoice_id)
            else:
                self.intake.invoices([row])

    def _is_deleted(self, invoice_id: str) -> bool:
        known = self.context.cache.invoice(invoice_id)
        return known is not None and known[1]

    def _invoices_by_number(self, numbers: Iterable[str], failed: Failures) -> None:
        def take(portion: Sequence[str], rows: list[Invoice]) -> None:
            # QuickBooks compares without letter case: only an exact namesake is the one that was meant.
            meant = set(portion)
            self.intake.invoices([row for row in rows if row.number in meant])
            with self.context.state.transaction():
                self.context.cache.put_missing(ASKED_NUMBER, portion)

        self._ask_quickbooks(self.context.books.invoices_by_number, sorted(set(numbers)), take, failed)

    def _not_asked(self, numbers: set[str]) -> set[str]:
        """Numbers that QuickBooks was not asked for while an Opportunity named them: a bearer that is known tells
        nothing of its namesakes. From the asking on, the feed brings every new bearer.
        """
        self.context.cache.fetch_missing(ASKED_NUMBER, numbers)
        return {number for number in numbers if not self.context.cache.is_missing(ASKED_NUMBER, number)}

    def _payments(self, ids: Iterable[str], failed: Failures) -> None:
        self._ask_quickbooks(self.context.books.payments_by_id, sorted(set(ids)), self.intake.asked_payments, failed)

    def _ask_quickbooks(
        self,
        ask: Callable[[Sequence[str]], T],
        texts: Sequence[str],
        take: Callable[[Sequence[str], T], None],
        failed: Failures,
    ) -> None:
        """Ask for these, 1,000 in a statement, several statements at a time; `take` gets each portion's answer."""
        take_all(self.context.lanes.quickbooks, list(query.portions(texts)), ask, take, failed)

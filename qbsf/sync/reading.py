"""What a pass reads: what changed since the watermarks, everything that is linked, or one invoice.

Reads are in bulk; what is not known here yet and is named by what was read is then asked for, until nothing is left.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from qbsf.core.links import link_text, possible_names
from qbsf.model import Invoice, Opportunity
from qbsf.quickbooks.faults import LookBackExceeded
from qbsf.quickbooks.query import LONGEST_NUMBER
from qbsf.state.books import ASKED_NUMBER
from qbsf.sync.context import Context
from qbsf.sync.intake import Intake
from qbsf.sync.linking import relink

CHUNK = 1000
"""QuickBooks answers at most 1000 records a statement."""
FEED_DAYS = 30
QUICKBOOKS_OVERLAP = timedelta(minutes=5)
SALESFORCE_OVERLAP = timedelta(minutes=15)
QUICKBOOKS_WATERMARK = "quickbooks_watermark"
SALESFORCE_WATERMARK = "salesforce_watermark"
_ROUNDS = 6


class Reader:
    """The reading half of a pass, in the order in which it must happen."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self.context = context
        self.intake = intake
        self.scope: set[str] | None = None
        """The Opportunities that this pass is about, None for all."""

    def todo(self) -> list[str]:
        """The Opportunities that this pass has still to decide."""
        return [each for each in self.context.deals.todo() if self.scope is None or each in self.scope]

    def opportunities_changed(self, since: datetime | None, *, reread: bool) -> set[str]:
        """Opportunities that name an invoice, all of them or those that changed; moves Salesforce's watermark.

        Answers the ids that were read.
        """
        context = self.context
        context.progress.phase("Reading Opportunities")
        seen: set[str] = set()
        started: datetime | None = None
        for page in context.org.linked_opportunities(context.columns, since):
            started = started or page.server_time
            self.intake.opportunities(page.rows, reread=reread)
            seen.update(row.id for row in page.rows)
            context.progress.advance(len(page.rows))
            context.check_time()
        if started is not None:
            with context.state.transaction():
                context.state.put_instant(SALESFORCE_WATERMARK, started - SALESFORCE_OVERLAP)
                context.state.put_instant("salesforce_time", started)
        return seen

    def forget_others(self, seen: set[str]) -> None:
        """After a full read: known Opportunities that were not in it are asked for by id, and forgotten if absent."""
        absent = [each for each in self.context.deals.ids() if each not in seen]
        found = self._opportunities(absent, reread=True)
        with self.context.state.transaction():
            for opportunity_id in absent:
                if opportunity_id not in found:
                    self.intake.forget(opportunity_id)

    def feed(self, since: datetime) -> bool:
        """What changed in QuickBooks, by change data capture; False where that cannot tell everything."""
        context = self.context
        if context.now - since > timedelta(days=FEED_DAYS):
            return False
        context.progress.phase("Reading what changed in QuickBooks")
        try:
            changes = context.books.changes_since(since)
        except LookBackExceeded:
            return False
        self.intake.changes(changes)
        self._find_mentioned()
        if changes.complete:
            context.state.put_instant(QUICKBOOKS_WATERMARK, changes.server_time - QUICKBOOKS_OVERLAP)
        return changes.complete

    def window(self, since: datetime) -> None:
        """What changed in QuickBooks, by queries on LastUpdatedTime: as far back as asked, but without deletions."""
        context = self.context
        context.progress.phase("Reading changed invoices")
        started: datetime | None = None
        for page in context.books.invoices_changed(since):
            started = started or page.server_time
            self.intake.invoices(page.rows)
            context.progress.advance(len(page.rows))
            context.check_time()
        self._find_mentioned()
        if started is not None:
            context.state.put_instant(QUICKBOOKS_WATERMARK, started - QUICKBOOKS_OVERLAP)

    def _find_mentioned(self) -> None:
        """Ask for the Opportunities that invoices name and that are not known here: before the watermark moves, for
        the feed will not show those invoices again.
        """
        waiting = sorted(self.intake.mentions_waiting)
        if waiting:
            self.intake.mentions_found(self._opportunities(waiting))

    def gather(self) -> None:
        """Read what the Opportunities still to be decided need and is not here, until nothing is missing."""
        self._reread()
        for _ in range(_ROUNDS):
            relink(self.context, self.todo())
            if not self._read_missing():
                return

    def again(self, invoice_ids: Iterable[str]) -> None:
        """Read invoices and their payments once more: they were read in the middle of a change."""
        context = self.context
        ids = sorted(invoice_ids)
        payments: set[str] = set()
        for invoice_id in ids:
            payments.update(context.cache.payment_ids_with("Invoice", invoice_id))
        for row in self._invoices(ids):
            payments.update(row.payment_ids)
        self._payments(payments)

    def _reread(self) -> None:
        """In a full pass: the invoices and payments of every Opportunity that was marked for it, in windows."""
        context = self.context
        waiting = [each for each in context.deals.to_reread() if self.scope is None or each in self.scope]
        if not waiting:
            return
        context.progress.phase("Reading invoices and payments", len(waiting))
        iterator = iter(waiting)
        while window := list(islice(iterator, CHUNK)):
            context.check_time()
            self._reread_window(window)
            context.progress.advance(len(window))

    def _reread_window(self, opportunity_ids: Sequence[str]) -> None:
        context = self.context
        ids, numbers = self._names_of(opportunity_ids)
        linked = {i for each in opportunity_ids for i in context.deals.links_of(each)}
        linked |= {c.id for each in opportunity_ids for c in context.cache.candidates_mentioning(each)}
        self._invoices((ids | linked) - self.intake.read_invoices)
        self._invoices_by_number(self._not_asked(numbers))
        relink(context, opportunity_ids)
        payments: set[str] = set()
        for invoice_id in {i for each in opportunity_ids for i in context.deals.links_of(each)}:
            known = context.cache.invoice(invoice_id)
            payments.update(known[0].payment_ids if known and not known[1] else ())
            payments.update(context.cache.payment_ids_with("Invoice", invoice_id))
        self._payments(payments - self.intake.read_payments)
        with context.state.transaction():
            context.deals.reread_done(opportunity_ids)

    def _read_missing(self) -> bool:
        """One round of asking for what is named or linked and not here. Answers whether anything was read."""
        context = self.context
        todo = self.todo()
        waiting = self.intake.mentions_waiting
        ids, numbers = self._names_of(todo)
        unknown_ids = {
            i for i in ids if not context.cache.has_invoice(i) and not context.cache.is_missing("invoice_id", i)
        }
        unknown_numbers = self._not_asked(numbers)
        payments = self._payments_wanted(todo)
        stale = {i for i in self.intake.stale_invoices if context.cache.has_invoice(i)}
        self.intake.stale_invoices.clear()
        if not (waiting or unknown_ids or unknown_numbers or payments or stale):
            return False
        context.check_time()
        self._find_mentioned()
        self._invoices(unknown_ids | stale)
        self._invoices_by_number(unknown_numbers)
        self._payments(payments)
        return True

    def _names_of(self, opportunity_ids: Iterable[str]) -> tuple[set[str], set[str]]:
        """Everything the link fields may mean: ids that QuickBooks could have, and numbers."""
        fields, by = self.context.config.fields, self.context.config.match.by
        ids: set[str] = set()
        numbers: set[str] = set()
        for opportunity_id in opportunity_ids:
            row = self.context.deals.get(opportunity_id)
            if row is None:
                continue
            if "invoice_id" in by:
                ids.update(n for n in possible_names(link_text(row, fields.invoice_id)) if n.isascii() and n.isdigit())
            if "invoice_number" in by:
                text = link_text(row, fields.invoice_number)
                # What qbsf filled in itself decides nothing.
                if text and text != self.context.own.value(opportunity_id, fields.invoice_number):
                    numbers.update(name for name in possible_names(text) if len(name) <= LONGEST_NUMBER)
        return ids, numbers

    def _payments_wanted(self, opportunity_ids: Iterable[str]) -> set[str]:
        """Payments that a linked invoice lists and that are not here, or that are here and it does not list."""
        context = self.context
        wanted: set[str] = set()
        for invoice_id in {i for each in opportunity_ids for i in context.deals.links_of(each)}:
            known = context.cache.invoice(invoice_id)
            if known is None or known[1]:
                continue
            listed = set(known[0].payment_ids)
            linking = set(context.cache.payment_ids_with("Invoice", invoice_id))
            here = {payment.id for payment in context.cache.payments_of(known[0])}
            wanted |= (listed - here) | (linking - listed)
        return wanted - self.intake.read_payments

    def _opportunities(self, ids: Iterable[str], *, reread: bool = False) -> set[str]:
        wanted = sorted(ids)
        rows: list[Opportunity] = []
        if wanted:
            rows = self.context.org.opportunities_by_id(self.context.columns, wanted)
            self.intake.opportunities(rows, reread=reread)
        return {row.id for row in rows if self.context.deals.get(row.id) is not None}

    def refresh(self, opportunity_ids: Iterable[str]) -> None:
        """Read rows again before they are written; those that are gone are forgotten."""
        wanted = set(opportunity_ids)
        gone = wanted - self._opportunities(wanted)
        with self.context.state.transaction():
            for opportunity_id in gone:
                self.intake.forget(opportunity_id)

    def _invoices(self, ids: Iterable[str]) -> list[Invoice]:
        """Invoices by id. One that was here and is not answered is asked for by itself: 610 means deleted."""
        context = self.context
        asked = sorted(i for i in set(ids) if not self._is_deleted(i))
        rows = context.books.invoices_by_id(asked) if asked else []
        self.intake.invoices(rows)
        absent = set(asked) - {row.id for row in rows}
        self.intake.read_invoices |= absent
        never_seen = {each for each in absent if not context.cache.has_invoice(each)}
        with context.state.transaction():
            context.cache.put_missing("invoice_id", never_seen)
        for invoice_id in sorted(absent - never_seen):
            row = context.books.invoice(invoice_id)
            if row is None:
                self.intake.invoice_gone(invoice_id)
            else:
                self.intake.invoices([row])
        return rows

    def _is_deleted(self, invoice_id: str) -> bool:
        known = self.context.cache.invoice(invoice_id)
        return known is not None and known[1]

    def _invoices_by_number(self, numbers: Iterable[str]) -> None:
        asked = sorted(set(numbers))
        if not asked:
            return
        rows = self.context.books.invoices_by_number(asked)
        # QuickBooks compares without letter case: only an exact namesake is the one that was meant.
        exact = [row for row in rows if row.number in set(asked)]
        self.intake.invoices(exact)
        self.context.cache.put_missing(ASKED_NUMBER, asked)

    def _not_asked(self, numbers: set[str]) -> set[str]:
        """Numbers that QuickBooks was not asked for while an Opportunity named them: a bearer that is known tells
        nothing of its namesakes. From the asking on, the feed brings every new bearer.
        """
        return {number for number in numbers if not self.context.cache.is_missing(ASKED_NUMBER, number)}

    def _payments(self, ids: Iterable[str]) -> None:
        asked = sorted(set(ids))
        if not asked:
            return
        rows = self.context.books.payments_by_id(asked)
        self.intake.payments(rows, asked=True)
        with self.context.state.transaction():
            for payment_id in set(asked) - {row.id for row in rows}:
                self.intake.read_payments.add(payment_id)
                self.intake.payment_gone(payment_id)

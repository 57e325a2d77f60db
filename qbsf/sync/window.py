"""The invoices that QuickBooks changed in a window of time, and their payments, read while other things go on."""

from collections.abc import Collection, Sequence
from datetime import datetime

from qbsf.lanes import Ahead
from qbsf.model import Invoice, Page
from qbsf.sync.context import Context
from qbsf.sync.early import EarlyWrites
from qbsf.sync.intake import Intake
from qbsf.sync.payments_ahead import PaymentsAhead
from qbsf.sync.planner import Planner

PAGES_AHEAD = 6


class InvoiceWindow:
    """Begun, then used while Opportunities are waited for, then read to its end."""

    def __init__(self, context: Context, intake: Intake, planner: Planner, early: EarlyWrites) -> None:
        self._context = context
        self._intake = intake
        self._payments = PaymentsAhead(context, intake, self._plan_ahead)
        self._planner = planner
        self._early = early
        self._pages: Ahead[Page[Invoice]] | None = None
        self._started: datetime | None = None
        """QuickBooks' clock at the first page."""
        self._unclaimed: list[Invoice] = []
        """Invoices that no Opportunity has named so far."""

    def begin(self, since: datetime) -> None:
        """Begin to ask for pages."""
        pages = self._context.books.invoices_changed(since)
        self._pages = self._context.lanes.quickbooks.ahead(pages, PAGES_AHEAD)

    def use_time(self) -> bool:
        """While Opportunities are still being read: take in a page that is here, as far as they name its invoices, or
        plan some. False where there is nothing to do for now.
        """
        if self._pages is None or self._context.state.is_large:
            return False
        if self._pages.waiting or self._pages.is_over:
            return self._early.plan()
        page = self._pages.next()
        if page is not None:
            self._take(page, named_only=True)
        return True

    def read(self, since: datetime) -> datetime | None:
        """Take in all of it, once every Opportunity that names an invoice is known. Answers QuickBooks' clock at the
        beginning.
        """
        if self._pages is None:
            self.begin(since)
        # One that came again in the meantime, and was named by then, is known in its later form.
        unclaimed = [row for row in self._unclaimed if row.id not in self._intake.read_invoices]
        self._unclaimed = []
        self._take_invoices(unclaimed, named_only=False)
        while self._pages is not None and (page := self._pages.next()) is not None:
            self._take(page, named_only=False)
            self._context.check_time()
            while self._pages.waiting and self._early.use_time():
                pass
        self._pages = None
        self._payments.take(self._early.use_time)
        while self._early.use_time():
            pass
        return self._started

    def _take(self, page: Page[Invoice], *, named_only: bool) -> None:
        self._started = self._started or page.server_time
        self._take_invoices(page.rows, named_only=named_only)
        self._context.progress.advance(len(page.rows))

    def _take_invoices(self, rows: Sequence[Invoice], *, named_only: bool) -> None:
        """Their payments will be wanted: they are asked for while the window is read on. What the payments that are
        here were for can be planned.
        """
        if named_only:
            self._unclaimed += self._intake.named_invoices(rows)
        else:
            self._intake.invoices(rows)
        kept = (row for row in rows if row.id in self._intake.read_invoices)
        self._payments.want(payment_id for row in kept for payment_id in row.payment_ids)
        self._payments.take_answered()

    def _plan_ahead(self, payment_ids: Collection[str]) -> None:
        self._planner.plan_ahead(sorted(self._intake.concerned_by(payment_ids)))

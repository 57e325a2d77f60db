"""What changed since the watermarks, in both systems, or everything that is linked."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from qbsf.lanes import Ahead
from qbsf.model import TRACKED, Changes, Page, Tracked
from qbsf.quickbooks.faults import LookBackExceeded
from qbsf.quickbooks.parse import CHANGES_LIMIT
from qbsf.state.known import MOST
from qbsf.sync.context import Context
from qbsf.sync.gathering import Gatherer
from qbsf.sync.intake import Intake
from qbsf.sync.window import PAGES_AHEAD, InvoiceWindow

FEED_DAYS = 30
QUICKBOOKS_OVERLAP = timedelta(minutes=5)
SALESFORCE_OVERLAP = timedelta(minutes=15)
QUICKBOOKS_WATERMARK = "quickbooks_watermark"
SALESFORCE_WATERMARK = "salesforce_watermark"
FULL_WANTED = "full_wanted"
"""Set where deletions may have been missed: the next pass is a full one."""
_OPPORTUNITY_PAGES_AHEAD = 2

Row = TypeVar("Row")


class Reader:
    """The beginning of a pass, in the order in which it must happen."""

    def __init__(self, context: Context, intake: Intake, gatherer: Gatherer, invoices: InvoiceWindow) -> None:
        self.context = context
        self.intake = intake
        self.gatherer = gatherer
        self.invoices = invoices

    def opportunities_changed(self, since: datetime | None, *, reread: bool) -> set[str]:
        """Opportunities that name an invoice, all of them or those that changed; moves Salesforce's watermark.

        Answers the ids that were read.
        """
        context = self.context
        context.progress.phase("Reading Opportunities")
        seen: set[str] = set()
        started: datetime | None = None
        asked = context.org.linked_opportunities(context.columns, since)
        pages = context.lanes.salesforce.ahead(asked, _OPPORTUNITY_PAGES_AHEAD)
        for page in pages:
            started = started or page.server_time
            context.state.is_large |= page.total > MOST
            self.intake.opportunities(page.rows, reread=reread)
            seen.update(row.id for row in page.rows)
            context.progress.advance(len(page.rows))
            context.check_time()
            while pages.waiting and self.invoices.use_time():
                pass
        if started is not None:
            with context.state.transaction():
                context.state.put_instant(SALESFORCE_WATERMARK, started - SALESFORCE_OVERLAP)
                context.state.put_instant("salesforce_time", started)
        return seen

    def forget_others(self, seen: set[str]) -> None:
        """After a full read: known Opportunities that were not in it are asked for by id, and forgotten if absent."""
        absent = [each for each in self.context.deals.ids() if each not in seen]
        found = self.gatherer.opportunities(absent, reread=True)
        with self.context.state.transaction():
            for opportunity_id in absent:
                if opportunity_id not in found:
                    self.intake.forget(opportunity_id)

    def feed(self, since: datetime, *, full: bool) -> bool:
        """What changed in QuickBooks, by change data capture; False where that does not look back so far.

        An answer holds 1,000 objects and has no second page: where more have changed, each kind is asked for by itself,
        and one that is still too large by a query on LastUpdatedTime. That shows no deletions: the next pass is a full
        one, unless this one is (`full`).
        """
        context = self.context
        if context.now - since > timedelta(days=FEED_DAYS):
            return False
        context.progress.phase("Reading what changed in QuickBooks")
        try:
            changes = context.books.changes_since(since)
        except LookBackExceeded:
            return False
        self.intake.changes(changes)
        if not changes.complete:
            self._feed_by_kind(since, changes, full=full)
        self.gatherer.find_mentioned()
        context.state.put_instant(QUICKBOOKS_WATERMARK, changes.server_time - QUICKBOOKS_OVERLAP)
        return True

    def window(self, since: datetime) -> None:
        """What changed in QuickBooks, by queries on LastUpdatedTime: as far back as asked, but without deletions."""
        self.context.progress.phase("Reading changed invoices")
        started = self.invoices.read(since)
        self.gatherer.find_mentioned()
        if started is not None:
            self.context.state.put_instant(QUICKBOOKS_WATERMARK, started - QUICKBOOKS_OVERLAP)

    def _feed_by_kind(self, since: datetime, changes: Changes, *, full: bool) -> None:
        context = self.context
        cut_off: dict[Tracked, datetime] = {}
        """The kinds that are not told to the end, and until when they are."""
        if any(changes.count(kind) >= CHANGES_LIMIT for kind in TRACKED):
            # One kind alone is too large. Its deletions are not told, so that those of the others can wait, too.
            cut_off = {kind: _told_until(changes, kind, since) for kind in TRACKED}
        else:
            calls = [partial(context.books.changes_since, since, (kind,)) for kind in TRACKED]
            for kind, answer in zip(TRACKED, context.lanes.quickbooks.each(calls), strict=True):
                part = answer.result()
                self.intake.changes(part)
                if not part.complete:
                    cut_off[kind] = _told_until(part, kind, since)
        if cut_off and not full:
            context.state.put(FULL_WANTED, "1")
        if "Invoice" in cut_off:
            self._take(self._ahead(context.books.invoices_changed(cut_off["Invoice"])), self.intake.invoices)
        if "Payment" in cut_off:
            self._take(self._ahead(context.books.payments_changed(cut_off["Payment"])), self.intake.payments)
        if "CreditMemo" in cut_off:
            self.intake.credit_memos(context.books.credit_memos_changed(cut_off["CreditMemo"]))

    def _ahead(self, pages: Iterator[Page[Row]]) -> Ahead[Page[Row]]:
        return self.context.lanes.quickbooks.ahead(pages, PAGES_AHEAD)

    def _take(self, pages: Ahead[Page[Row]], take: Callable[[Sequence[Row]], None]) -> None:
        for page in pages:
            take(page.rows)
            self.context.progress.advance(len(page.rows))
            self.context.check_time()


def _told_until(changes: Changes, kind: Tracked, since: datetime) -> datetime:
    """Until when a cut-off answer of the feed tells all changes of a kind: they come kind by kind, each in the order of
    their times (quickbooks.md section 3). Where that order is broken, nothing is told for sure.
    """
    times = [row.updated for row in changes.of(kind)]
    if changes.count(kind) < CHANGES_LIMIT or not times or times != sorted(times):
        return since
    return times[-1]

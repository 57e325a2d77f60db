"""Reading more rows than a page holds, in the order QuickBooks last updated them, while others change them.

Counting pages over a moving set skips rows. So each page asks for what was updated at the last page's last second or
later, and drops what it has shown; only within one second that fills a whole page are rows counted.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from qbsf.errors import Unreachable
from qbsf.model import Page
from qbsf.quickbooks import query

RESTARTS = 3


class Updated(Protocol):
    """A row that pages can be made of."""

    @property
    def id(self) -> str: ...

    @property
    def updated(self) -> datetime: ...


Row = TypeVar("Row", bound=Updated)


Ask = Callable[[str], Page[Row]]
"""Sends a statement and parses its rows."""


def pages(ask: Ask[Row], entity: str, conditions: tuple[str, ...], since: datetime | None) -> Iterator[Page[Row]]:
    """All rows that meet the conditions and were updated at `since` or later, oldest change first.

    A row that changes while the pages are read comes again in its new form: the last one counts.
    """
    after, start, restarts = since, 1, 0
    shown: set[tuple[str, datetime]] = set()
    last: Row | None = None
    while True:
        bounds = () if after is None else (query.updated_since(after),)
        statement = query.select(entity, (*conditions, *bounds), order_by=query.LAST_UPDATED, start=start)
        page = ask(statement)
        if start > 1 and last is not None and (not page.rows or page.rows[0].id != last.id):
            # A row of this second was changed meanwhile and left it: the counted places have moved.
            restarts += 1
            if restarts > RESTARTS:
                raise Unreachable(
                    f"QuickBooks' {entity} rows change faster than they can be read.",
                    "Nothing to do: the next run goes on where this one stopped.",
                )
            start = 1
            continue
        yield Page(page.server_time, tuple(row for row in page.rows if (row.id, row.updated) not in shown))
        shown.update((row.id, row.updated) for row in page.rows)
        if len(page.rows) < query.PAGE:
            return
        last = page.rows[-1]
        second = last.updated.replace(microsecond=0)
        # Only rows of the last second can come again as they were.
        shown = {(row_id, updated) for row_id, updated in shown if updated >= second}
        if after is None or second > after.replace(microsecond=0):
            # A page that is all of one second need not be asked for once more.
            of_one_second = start == 1 and page.rows[0].updated >= second
            after, start = last.updated, query.PAGE if of_one_second else 1
        else:
            # One row again, to see that the places have not moved.
            start += query.PAGE - 1

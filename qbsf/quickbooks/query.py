"""Statements of QuickBooks' query language (quickbooks.md section 2). PURE.

No OR, no projection; values in single quotes, numbers too; at most 1,000 rows a page, STARTPOSITION from 1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

PAGE = 1000
"""Rows a page can have, and values that one IN list carries here."""
LONGEST_NUMBER = 21
"""Characters of a DocNumber (quickbooks.md section 4)."""
LAST_UPDATED = "MetaData.LastUpdatedTime"

_ID = re.compile(r"[0-9]{1,18}")


def is_id(text: str) -> bool:
    """Whether a text can be a QuickBooks id at all: digits, few enough for a long integer."""
    return _ID.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text can be a DocNumber at all: not empty, at most 21 printable characters."""
    return 0 < len(text) <= LONGEST_NUMBER and text.isprintable()


def quoted(text: str) -> str:
    """A value in single quotes; the two characters that could end it are escaped."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def instant(value: datetime) -> str:
    """A time with its offset, in whole seconds rounded down, as QuickBooks resolves them; naive times are refused."""
    if value.tzinfo is None:
        raise ValueError("a time without an offset means a different hour to QuickBooks")
    return value.astimezone(UTC).isoformat(timespec="seconds")


def is_in(name: str, values: Iterable[str]) -> str:
    """A condition: the property is one of these. An empty list is refused: it is no valid statement."""
    items = ", ".join(quoted(value) for value in values)
    if not items:
        raise ValueError("an IN list needs a value")
    return f"{name} IN ({items})"


def updated_since(since: datetime) -> str:
    """A condition: last updated at that second or later."""
    return f"{LAST_UPDATED} >= '{instant(since)}'"


def select(entity: str, conditions: Sequence[str] = (), *, order_by: str = "", start: int = 1) -> str:
    """One page of an entity's rows, from the `start`th, 1-based."""
    order = ["ORDERBY", order_by, "ASC"] if order_by else []
    page = ["STARTPOSITION", str(start), "MAXRESULTS", str(PAGE)]
    return " ".join(["SELECT * FROM", entity, *_where(conditions), *order, *page])


def _where(conditions: Sequence[str]) -> list[str]:
    return ["WHERE", " AND ".join(conditions)] if conditions else []


def portions(values: Iterable[str]) -> Iterator[list[str]]:
    """The distinct values in lists of at most 1,000, in their order."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), PAGE):
        yield distinct[start : start + PAGE]

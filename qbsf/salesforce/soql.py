"""SOQL statements (salesforce.md section 3). PURE.

Names are allow-listed, for SOQL has no way to quote them; values are escaped literals. Lists are cut so that the
address and the headers of a request stay below Salesforce's 16,384 bytes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

REQUEST_BYTES = 15_500
"""Bytes that address and headers together may have here."""
LONGEST_LITERAL = 4_000
"""Characters of one text literal."""
MOST_IDS = 2_000
"""Ids of one statement: as many as a page has rows, and well below the 100,000 characters of a statement."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79})?", re.ASCII)
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
_LIKE_ESCAPES = {**_ESCAPES, "%": r"\%", "_": r"\_"}


def is_name(text: str) -> bool:
    """Whether it can be a field's API name, or one reached over a parent ("Account.Name")."""
    return _NAME.fullmatch(text) is not None


def name(text: str) -> str:
    """The name itself. Raises ValueError where it is none: it would become part of the statement."""
    if not is_name(text):
        raise ValueError(f"no field name: {text!r}")
    return text


def literal(text: str) -> str:
    """A text literal."""
    return f"'{_escaped(text, _ESCAPES)}'"


def contains(text: str) -> str:
    """A LIKE pattern that finds the text anywhere, whatever characters it has."""
    return f"'%{_escaped(text, _LIKE_ESCAPES)}%'"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    if len(text) > LONGEST_LITERAL:
        raise ValueError("SOQL takes no text of over 4,000 characters")
    return "".join(escapes.get(c, c) for c in text)


def instant(value: datetime) -> str:
    """A time in UTC, in whole seconds rounded down."""
    if value.tzinfo is None:
        raise ValueError("a time without an offset")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def select(columns: Sequence[str], entity: str, conditions: Sequence[str] = (), order_by: Sequence[str] = ()) -> str:
    """A statement; the conditions all have to hold."""
    words = ["SELECT", ",".join(name(column) for column in columns), "FROM", name(entity)]
    if conditions:
        words += ["WHERE", " AND ".join(conditions)]
    if order_by:
        words += ["ORDER BY", ",".join(name(column) for column in order_by)]
    return " ".join(words)


def is_in(column: str, values: Iterable[str]) -> str:
    """A condition: the column is one of these. An empty list is refused: SOQL has none."""
    items = ",".join(literal(value) for value in values)
    if not items:
        raise ValueError("an IN list needs a value")
    return f"{name(column)} IN ({items})"


def any_of(conditions: Sequence[str]) -> str:
    """A condition: one of these holds."""
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"


def is_filled(column: str) -> str:
    """A condition: the column is not null."""
    return f"{name(column)} != null"


def encoded_length(text: str) -> int:
    """Bytes of a text as a query parameter."""
    return len(quote_plus(text))


def portions(values: Iterable[str], room: int, cost: Callable[[str], int]) -> Iterator[list[str]]:
    """The distinct values in lists whose costs fit into `room`, in their order; at least one value in each."""
    portion: list[str] = []
    used = 0
    for value in dict.fromkeys(values):
        needed = cost(value)
        if portion and used + needed > room:
            yield portion
            portion, used = [], 0
        portion.append(value)
        used += needed
    if portion:
        yield portion

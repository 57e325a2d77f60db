"""The query language: a statement into a value, refused where QuickBooks refuses it (quickbooks.md section 2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qbsf.sandbox.quickbooks.refusal import invalid_query, parse_error

DEFAULT_RESULTS = 100
MAX_RESULTS = 1000

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<symbol><=|>=|!=|[=<>(),*])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "in", "like"})


@dataclass(frozen=True)
class Condition:
    """`property operator values`; a boolean value is a bool, every other a text."""

    name: str
    operator: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True)
class Order:
    name: str
    descending: bool


@dataclass(frozen=True)
class Query:
    """A statement. Names are as written: they are compared without case."""

    entity: str
    count: bool = False
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    start: int = 1
    limit: int = DEFAULT_RESULTS


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(statement: str) -> Query:
    """The statement as a value. Refuses with 4000 what cannot be read and with 4001 what may not be asked."""
    return _Parser(list(_tokens(statement))).query()


def _tokens(statement: str) -> Iterator[_Token]:
    position, end = 0, len(statement.rstrip())
    while position < end:
        match = _TOKEN.match(statement, position)
        if match is None or match.lastgroup is None:
            raise parse_error(statement[position:].strip()[:12], position + 1)
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        position = match.end()
    yield _Token("end", "<EOF>", end + 1)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._word("select")
        count = self._selected()
        self._word("from")
        entity = self._take("name").text
        conditions = tuple(self._conditions()) if self._accept("where") else ()
        orders = tuple(self._orders()) if self._order_follows() else ()
        start = self._bounded("startposition", 1, None, default=1)
        limit = self._bounded("maxresults", 1, MAX_RESULTS, default=DEFAULT_RESULTS)
        self._take("end")
        return Query(entity, count, conditions, orders, start, limit)

    def _selected(self) -> bool:
        if self._accept("*"):
            return False
        self._word("count")
        self._word("(")
        self._word("*")
        self._word(")")
        return True

    def _conditions(self) -> Iterator[Condition]:
        while True:
            yield self._condition()
            if not self._accept("and"):
                return

    def _condition(self) -> Condition:
        name = self._take("name").text
        operator = self._next()
        if operator.text.lower() not in _OPERATORS:
            raise self._error(operator)
        if operator.text.lower() != "in":
            return Condition(name, operator.text.lower(), (self._value(),))
        self._word("(")
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        self._word(")")
        return Condition(name, "in", tuple(values))

    def _value(self) -> str | bool:
        token = self._next()
        if token.kind == "string":
            return _ESCAPE.sub(r"\1", token.text[1:-1])
        if token.kind == "name" and token.text.lower() in {"true", "false"}:
            return token.text.lower() == "true"
        raise self._error(token)

    def _order_follows(self) -> bool:
        if self._accept("orderby"):
            return True
        if self._accept("order"):
            self._word("by")
            return True
        return False

    def _orders(self) -> Iterator[Order]:
        while True:
            name = self._take("name").text
            descending = self._accept("desc")
            if not descending:
                self._accept("asc")
            yield Order(name, descending)
            if not self._accept(","):
                return

    def _bounded(self, word: str, lowest: int, highest: int | None, *, default: int) -> int:
        if not self._accept(word):
            return default
        token = self._take("number")
        try:
            value = int(token.text)
        except ValueError:
            raise self._error(token) from None
        if value < lowest:
            raise invalid_query(f"value {value} is too small. Min allowed value is {lowest}")
        if highest is not None and value > highest:
            raise invalid_query(f"value {value} is too large. Max allowed value is {highest}")
        return value

    # -- tokens ---------------------------------------------------------------------------------------------------

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _accept(self, text: str) -> bool:
        token = self._tokens[self._at]
        if token.kind in {"name", "symbol"} and token.text.lower() == text:
            self._at += 1
            return True
        return False

    def _word(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(self._tokens[self._at])

    def _take(self, kind: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            raise self._error(token)
        return token

    @staticmethod
    def _error(token: _Token) -> Exception:
        return parse_error(f" <{token.kind.upper()}> {token.text[:40]} ", token.column)

"""Answering a query: which records, in which order, which page of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice

from qbsf.sandbox.quickbooks.company import LIST_ENTITIES, Company
from qbsf.sandbox.quickbooks.pacific import from_local
from qbsf.sandbox.quickbooks.properties import (
    EMPTY_ENTITIES,
    ENTITIES,
    KNOWN_BUT_CLOSED,
    SINGLES,
    Comparable,
    Property,
    find,
)
from qbsf.sandbox.quickbooks.query import Condition, Query
from qbsf.sandbox.quickbooks.records import Entry, Record
from qbsf.sandbox.quickbooks.refusal import RefusedError, invalid_query
from qbsf.sandbox.quickbooks.tables import Table

Test = Callable[[Record], bool]
_ONLY_FOR_IDS = frozenset({"=", "in"})


def entity_named(name: str) -> str:
    """The entity's own spelling; refuses an unknown one (recorded/error_400_query_4001.json)."""
    entity = ENTITIES.get(name.casefold())
    if entity is None:
        raise invalid_query(f"invalid context declaration: {name}")
    return entity


class QueryRunner:
    """Called with the company's lock held."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def page(self, query: Query) -> list[Record]:
        """The records of the page asked for."""
        rows = self._ordered(query)
        return list(islice(rows, query.start - 1, query.start - 1 + query.limit))

    def count(self, query: Query) -> int:
        return sum(1 for _ in self._ordered(query))

    def _ordered(self, query: Query) -> Iterator[Record]:
        entity = entity_named(query.entity)
        tests = [self._test(entity, condition) for condition in query.conditions]
        orders = [(self._sort_property(entity, order.name), order.descending) for order in query.orders]
        if entity in EMPTY_ENTITIES or entity in SINGLES:
            return iter(())
        if entity in LIST_ENTITIES and not any(c.name.casefold() == "active" for c in query.conditions):
            tests.append(_is_active)
        table = self._company.table(entity)
        now = self._company.exact_now()
        rows: Iterator[Record] = (
            row
            for row in self._candidates(table, entity, query.conditions)
            if (row.visible_at is None or row.visible_at <= now) and all(test(row) for test in tests)
        )
        for wanted, descending in reversed(orders):
            if wanted.kind != "id":
                rows = iter(sorted(rows, key=_sort_key(wanted), reverse=descending))
        return rows

    def _candidates(self, table: "Table[Record]", entity: str, conditions: Sequence[Condition]) -> Iterable[Record]:
        """Few rows that hold all that fit, by the index that serves best."""
        for condition in conditions:
            if condition.operator not in _ONLY_FOR_IDS:
                continue
            if condition.name.casefold() == "id":
                return table.by_ids(map(str, condition.values))
            if condition.name.casefold() == _key_property(entity):
                keys = dict.fromkeys(str(value).casefold() for value in condition.values)
                return table.by_ids(row.id for key in keys for row in table.by_key(key))
        times = [
            (condition.operator, _instant(str(condition.values[0])))
            for condition in conditions
            if condition.name.casefold() == "metadata.lastupdatedtime"
        ]
        lowers = [instant for operator, instant in times if operator in {">", ">=", "="}]
        uppers = [instant for operator, instant in times if operator in {"<", "<=", "="}]
        return table.updated(max(lowers), min(uppers, default=None)) if lowers else table.newest_first()

    def _sort_property(self, entity: str, name: str) -> Property:
        wanted = _property(entity, name)
        if not wanted.sortable:
            raise invalid_query(f"property '{wanted.name}' is not sortable")
        return wanted

    def _test(self, entity: str, condition: Condition) -> Test:
        wanted = _property(entity, condition.name)
        operator = condition.operator
        if wanted.kind == "id" and operator not in _ONLY_FOR_IDS:
            raise invalid_query(f"operator {operator} is not supported for property '{wanted.name}'")
        if operator == "like":
            return _like(wanted, condition.values[0])
        values = [_operand(wanted, value) for value in condition.values]
        read = wanted.read
        if wanted.kind in {"id", "text"}:
            read = _folded(read)
        if operator == "in":
            among = frozenset(values)
            return lambda row: read(row) in among
        compare = _COMPARISONS[operator]
        limit = values[0]
        return lambda row: (value := read(row)) is not None and compare(value, limit)


def _property(entity: str, name: str) -> Property:
    found = find(entity, name)
    if found is None:
        if name.casefold() in KNOWN_BUT_CLOSED.get(entity, ()):
            raise invalid_query(f"property '{name}' is not queryable")
        raise invalid_query(f"Property {name} not found for Entity {entity}")
    return found


def _key_property(entity: str) -> str:
    """The property that the table of an entity is indexed by."""
    if entity == "Payment":
        return "paymentrefnum"
    if entity in {"Customer", "Vendor", "Employee"}:
        return "displayname"
    return "name" if entity in LIST_ENTITIES else "docnumber"


def _is_active(row: Record) -> bool:
    return isinstance(row, Entry) and row.active


def _folded(read: Callable[[Record], Comparable | None]) -> Callable[[Record], Comparable | None]:
    def folded(row: Record) -> Comparable | None:
        value = read(row)
        return value.casefold() if isinstance(value, str) else value

    return folded


def _like(wanted: Property, pattern: str | bool) -> Test:
    if wanted.kind != "text" or not isinstance(pattern, str):
        raise invalid_query(f"operator like is not supported for property '{wanted.name}'")
    compiled = re.compile(".*".join(map(re.escape, pattern.split("%"))), re.IGNORECASE | re.DOTALL)
    return lambda row: compiled.fullmatch(str(wanted.read(row) or "")) is not None


def _operand(wanted: Property, value: str | bool) -> Comparable:
    if (wanted.kind == "flag") != isinstance(value, bool):
        raise invalid_query(f"'{value}' is no value for property '{wanted.name}'")
    if isinstance(value, bool):
        return value
    try:
        match wanted.kind:
            case "money":
                return Decimal(value)
            case "date":
                return date.fromisoformat(value[:10])
            case "instant":
                return _instant(value)
            case _:
                return value.casefold()
    except (ValueError, InvalidOperation):
        raise invalid_query(f"'{value}' is no value for property '{wanted.name}'") from None


def _instant(text: str) -> datetime:
    """A moment; without an offset it is the company's local time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_query(f"'{text}' is no date-time") from None
    return (moment if moment.tzinfo else from_local(moment)).astimezone(UTC)


def parse_instant(text: str) -> datetime | None:
    """The same for the change feed; None where it is no date-time."""
    try:
        return _instant(text)
    except RefusedError:
        return None


_COMPARISONS: dict[str, Callable[[Comparable, Comparable], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,  # type: ignore[operator]  # both sides are of the property's one kind
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def _sort_key(wanted: Property) -> Callable[[Record], tuple[bool, Comparable]]:
    def key(row: Record) -> tuple[bool, Comparable]:
        value = wanted.read(row)
        if isinstance(value, str):
            value = value.casefold()
        return (value is not None, "" if value is None else value)

    return key

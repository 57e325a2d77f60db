"""A statement carried out: which rows, in which order, and how each is shown."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from qbsf.sandbox.salesforce.schema import ObjectSchema, Row, Value
from qbsf.sandbox.salesforce.soql_conditions import Conditions, Predicate, fold
from qbsf.sandbox.salesforce.soql_literals import value_of
from qbsf.sandbox.salesforce.soql_names import Bound, Org, bind, find_child, find_object
from qbsf.sandbox.salesforce.soql_projection import Projection, Render, project
from qbsf.sandbox.salesforce.soql_syntax import (
    And,
    Comparison,
    Condition,
    Membership,
    Not,
    Or,
    Order,
    Path,
    Statement,
)
from qbsf.sandbox.salesforce.soql_text import Token, located

STAMPS = {"systemmodstamp", "lastmodifieddate"}


class Query:
    """A checked statement over one object, or over the children of one row at a time."""

    def __init__(
        self, org: Org, statement: Statement, *, with_deleted: bool = False, child_of: ObjectSchema | None = None
    ) -> None:
        self._org = org
        self._statement = statement
        self._with_deleted = with_deleted
        text, at = statement.text, statement.source_at
        self._child = None if child_of is None else find_child(child_of, text, at, statement.source)
        source = statement.source if self._child is None else self._child.object_name
        self.schema = find_object(org, text, at, source)
        self._table = org.database.table(self.schema.name)
        self._where = self._predicate(statement.where)
        self._order = [(bind_sortable(org, self.schema, text, one), one) for one in statement.order]
        self.project: Projection = project(org, self.schema, statement, self._children)

    def rows(self) -> list[Row]:
        """The rows of the whole query."""
        return self._finish(self._candidates(self._statement.where))

    def rows_of(self, parent_id: str) -> list[Row]:
        """The rows of one parent, for a child subquery."""
        if self._child is None:
            return []
        return self._finish(self._table.by_reference(self._child.field, parent_id))

    def _finish(self, candidates: Iterable[Row]) -> list[Row]:
        statement = self._statement
        found: Iterator[Row] | list[Row] = (row for row in candidates if self._is_wanted(row))
        if self._order:
            found = self._sorted(found)
        end = None if statement.limit is None else statement.offset + statement.limit
        return list(islice(found, statement.offset, end))

    def _is_wanted(self, row: Row) -> bool:
        if row["IsDeleted"] and not self._with_deleted:
            return False
        return self._where(row) and self._org.access.can_see(self.schema, row)

    def _sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Stable sorts from the last key to the first; nulls first unless told otherwise, in either direction."""
        ordered = list(rows)
        for bound, order in reversed(self._order):
            read = bound.read
            empty = [row for row in ordered if read(row) is None]
            filled = [row for row in ordered if read(row) is not None]
            filled.sort(key=lambda row: _sort_key(bound, row), reverse=order.descending)
            ordered = filled + empty if order.nulls_last else empty + filled
        return ordered

    def _predicate(self, condition: Condition | None) -> Predicate:
        if condition is None:
            return lambda _row: True
        conditions = Conditions(self._org, self.schema, self._statement.text, self._column_values)
        wanted = conditions.compile(condition)
        if not _asks_for_stamp(condition):
            return wanted
        table, now = self._table, self._org.now
        return lambda row: not table.is_late(str(row["Id"]), now) and wanted(row)

    def _column_values(self, statement: Statement) -> frozenset[Value]:
        """The values of a semi-join's one column."""
        inner = Query(self._org, statement)
        column = statement.columns[0] if len(statement.columns) == 1 else None
        if not isinstance(column, Path):
            raise located(statement.text, statement.source_at, "semi join sub-selects can only select one field")
        read = bind(self._org, inner.schema, statement.text, column).read
        return frozenset(read(row) for row in inner.rows()) - {None}

    def _children(self, statement: Statement) -> Render:
        """A child relationship's member: null where there is no child (CumulusCI cassettes)."""
        inner = Query(self._org, statement, with_deleted=self._with_deleted, child_of=self.schema)

        def render(row: Row, version: str) -> object:
            found = inner.rows_of(str(row["Id"]))
            if not found:
                return None
            shown = [inner.project(one, version) for one in found]
            return {"totalSize": len(shown), "done": True, "records": shown}

        return render

    def _candidates(self, condition: Condition | None) -> Iterable[Row]:
        """The smallest set of rows an index offers for the condition; all rows without one."""
        for one in condition.conditions if isinstance(condition, And) else (condition,):
            narrowed = self._by_index(one)
            if narrowed is not None:
                return narrowed
        return self._table.rows()

    def _by_index(self, condition: Condition | None) -> Iterable[Row] | None:
        match condition:
            case Comparison(Path((name,)), "=", literal):
                return self._by_id(name, self._values(name, (literal,)))
            case Membership(Path((name,)), tuple() as literals, negated=False):
                return self._by_id(name, self._values(name, literals))
            case Comparison(Path((name,)), ">=" | ">", literal) if name.lower() in STAMPS:
                start = self._values(name, (literal,))
                return self._table.changed_since(start[0]) if start and isinstance(start[0], datetime) else None
            case _:
                return None

    def _values(self, name: str, literals: tuple[Token, ...]) -> list[object]:
        field = self.schema.find(name)
        if field is None or (field.type not in {"id", "reference"} and name.lower() not in STAMPS):
            return []
        return [value_of(self._statement.text, field, one, self._org.now) for one in literals]

    def _by_id(self, name: str, values: list[object]) -> Iterable[Row] | None:
        ids = dict.fromkeys(one for one in values if isinstance(one, str))
        if not ids or len(ids) < len(set(values)):
            return None
        if name.lower() == "id":
            found = (self._table.get(one) for one in ids)
            return [row for row in found if row is not None]
        field = self.schema.find(name)
        if field is None or not self._table.has_reference_index(field.name):
            return None
        return [row for one in ids for row in self._table.by_reference(field.name, one)]


def bind_sortable(org: Org, schema: ObjectSchema, text: str, order: Order) -> Bound:
    """The field of an ORDER BY; a long text area cannot be sorted by."""
    bound = bind(org, schema, text, order.path)
    if not bound.field.filterable:
        message = f"field '{bound.field.name}' can not be sorted in a query call"
        raise located(text, order.path.at, message, "INVALID_FIELD")
    return bound


def _sort_key(bound: Bound, row: Row) -> Any:
    """Values of one field compare with each other, which no annotation can say."""
    return fold(bound.field, bound.read(row))


def _asks_for_stamp(condition: Condition) -> bool:
    match condition:
        case And(conditions) | Or(conditions):
            return any(_asks_for_stamp(one) for one in conditions)
        case Not(inner):
            return _asks_for_stamp(inner)
        case Comparison(path) | Membership(path):
            return path.names[-1].lower() in STAMPS

"""The columns of a statement: rows as the nested JSON of a query answer, every selected key present."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from qbsf.sandbox.salesforce.database import Table
from qbsf.sandbox.salesforce.faults import ApiError
from qbsf.sandbox.salesforce.schema import Field, ObjectSchema, Row
from qbsf.sandbox.salesforce.soql_names import Org, Read, bind, reader_of
from qbsf.sandbox.salesforce.soql_syntax import AllFields, Path, Statement
from qbsf.sandbox.salesforce.values import wire

Render = Callable[[Row, str], object]
"""A row and the API version asked for, as a JSON value."""


def attributes(schema: ObjectSchema, record_id: object, version: str) -> dict[str, object]:
    """The `attributes` member of every record."""
    return {"type": schema.name, "url": f"/services/data/v{version}/sobjects/{schema.name}/{record_id}"}


@dataclass
class Projection:
    """What of a row is shown, in the order of the SELECT."""

    schema: ObjectSchema
    members: dict[str, Render] = field(default_factory=dict)
    parents: dict[str, "Projection"] = field(default_factory=dict)

    def __call__(self, row: Row, version: str) -> dict[str, object]:
        shown: dict[str, object] = {"attributes": attributes(self.schema, row["Id"], version)}
        for name, render in self.members.items():
            shown[name] = render(row, version)
        return shown

    def add(self, name: str, read: Read) -> None:
        if name in self.members:
            raise ApiError("MALFORMED_QUERY", f"duplicate field selected: {name}")
        self.members[name] = lambda row, _version: wire(read(row))

    def parent(self, name: str, table: Table, schema: ObjectSchema, reference: str) -> "Projection":
        """The projection of a parent; where the reference is empty it is null."""
        if name not in self.parents:
            inner = self.parents[name] = Projection(schema)

            def follow(row: Row, version: str) -> object:
                parent = table.get(str(row[reference]))
                return None if parent is None else inner(parent, version)

            self.members[name] = follow
        return self.parents[name]


def project(org: Org, schema: ObjectSchema, statement: Statement, child: Callable[[Statement], Render]) -> Projection:
    """The statement's columns; `child` makes a child subquery's renderer."""
    projection = Projection(schema)
    for column in statement.columns:
        match column:
            case Path():
                _add_path(org, projection, statement.text, column)
            case AllFields(which):
                for one in _all_fields(org, schema, which):
                    if one.name not in projection.members:
                        projection.add(one.name, reader_of(one))
            case Statement():
                projection.members[_child_name(schema, column)] = child(column)
    return projection


def record(org: Org, schema: ObjectSchema, names: Iterable[str] | None = None) -> Projection:
    """All readable fields of an object, or those named, for the record resources."""
    projection = Projection(schema)
    if names is None:
        for one in _all_fields(org, schema, "ALL"):
            projection.add(one.name, reader_of(one))
    else:
        for name in names:
            _add_path(org, projection, name, Path(tuple(name.split(".")), 0))
    return projection


def _add_path(org: Org, projection: Projection, text: str, path: Path) -> None:
    bound = bind(org, projection.schema, text, path)
    node = projection
    for reference in bound.parents:
        table = org.database.table(reference.reference_to)
        node = node.parent(reference.relationship, table, org.schema.find(reference.reference_to), reference.name)
    node.add(bound.field.name, reader_of(bound.field))


def _all_fields(org: Org, schema: ObjectSchema, which: str) -> list[Field]:
    wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[which]
    return [one for one in schema.fields.values() if one.custom in wanted and org.access.can_read(schema, one)]


def _child_name(schema: ObjectSchema, column: Statement) -> str:
    child = schema.find_child(column.source)
    return column.source if child is None else child.name

"""Names in a statement bound to the org's objects and fields, as far as the integration user may see them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import ApiError
from qbsf.sandbox.salesforce.schema import Child, Field, ObjectSchema, Row, Schema, Value
from qbsf.sandbox.salesforce.soql_syntax import Path
from qbsf.sandbox.salesforce.soql_text import located

Read = Callable[[Row], Value]
WSDL = "Please reference your WSDL or the describe call for the appropriate names."


@dataclass(frozen=True)
class Org:
    """What a query reads, at one instant."""

    schema: Schema
    database: Database
    access: Access
    now: datetime


@dataclass(frozen=True)
class Bound:
    """A path that exists: `parents` are the reference fields it goes through, `read` takes a row of its root."""

    schema: ObjectSchema
    field: Field
    parents: tuple[Field, ...]
    read: Read


def no_such_column(text: str, at: int, name: str, entity: str) -> ApiError:
    """The recorded text (samples/salesforce/errors.json); the same for a field hidden by field-level security."""
    message = (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append"
        f" the '__c' after the custom field name. {WSDL}"
    )
    return located(text, at, message, "INVALID_FIELD")


def find_object(org: Org, text: str, at: int, name: str) -> ObjectSchema:
    """The object of FROM; ApiError INVALID_TYPE, located, where the org has none of that name."""
    try:
        return org.schema.find(name)
    except ApiError as error:
        raise located(text, at, f"{error.message} {WSDL}", "INVALID_TYPE") from None


def find_child(schema: ObjectSchema, text: str, at: int, name: str) -> Child:
    """The child relationship of a subquery's FROM."""
    child = schema.find_child(name)
    if child is None:
        message = (
            f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom"
            f" relationship, be sure to append the '__r' after the custom relationship name. {WSDL}"
        )
        raise located(text, at, message, "INVALID_TYPE")
    return child


def bind(org: Org, schema: ObjectSchema, text: str, path: Path) -> Bound:
    """The field that a path names from rows of `schema`; ApiError INVALID_FIELD."""
    names = path.names
    if len(names) > 1 and names[0].lower() == schema.name.lower() and schema.parent(names[0]) is None:
        names = names[1:]
    parents: list[Field] = []
    for name in names[:-1]:
        reference = schema.parent(name)
        if reference is None or not org.access.can_read(schema, reference):
            message = (
                f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom"
                f" relationship, be sure to append the '__r' after the custom relationship name. {WSDL}"
            )
            raise located(text, path.at, message, "INVALID_FIELD")
        parents.append(reference)
        schema = find_object(org, text, path.at, reference.reference_to)
    field = schema.find(names[-1])
    if field is None or not org.access.can_read(schema, field):
        raise no_such_column(text, path.at, names[-1], schema.name)
    return Bound(schema, field, tuple(parents), _reader(org, field, parents))


def reader_of(field: Field) -> Read:
    """How a field is read from a row; the plain case is one dictionary look-up."""
    if field.formula is None and field.type != "boolean":
        name = field.name
        return lambda row: row[name]
    return field.read


def _reader(org: Org, field: Field, parents: list[Field]) -> Read:
    read = reader_of(field)
    for reference in reversed(parents):
        read = _through(org, reference, read)
    return read


def _through(org: Org, reference: Field, read: Read) -> Read:
    table = org.database.table(reference.reference_to)
    name = reference.name

    def follow(row: Row) -> Value:
        parent = table.get(str(row[name]))
        return None if parent is None else read(parent)

    return follow

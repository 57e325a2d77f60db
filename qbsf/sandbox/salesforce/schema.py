"""Objects and fields of an org: what describe shows and what SOQL and saves are checked against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from qbsf.sandbox.salesforce.faults import no_such_object

Value = str | bool | int | Decimal | date | datetime | None
"""A stored value: currency, number and percent as Decimal, ids with 18 characters, instants aware in UTC."""

FieldType = Literal[
    "id",
    "reference",
    "string",
    "textarea",
    "picklist",
    "email",
    "phone",
    "url",
    "boolean",
    "currency",
    "double",
    "percent",
    "int",
    "date",
    "datetime",
]
TEXT_TYPES: frozenset[FieldType] = frozenset({"string", "textarea", "picklist", "email", "phone", "url"})
ID_TYPES: frozenset[FieldType] = frozenset({"id", "reference"})
NUMBER_TYPES: frozenset[FieldType] = frozenset({"currency", "double", "percent", "int"})
LONGEST_FILTERABLE_TEXT = 255


class Row(dict[str, Value]):
    """One record by field name; what is not stored is null. Never changed once it is in a table."""

    def __missing__(self, key: str) -> Value:
        return None


Formula = Callable[[Row], Value]


@dataclass(frozen=True)
class PicklistValue:
    value: str
    label: str
    active: bool = True


@dataclass(frozen=True)
class Field:
    """A field as describe tells it; access rights are kept apart (access.py)."""

    name: str
    type: FieldType
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    reference_to: str = ""
    relationship: str = ""
    picklist: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    default: Value = None
    formula: Formula | None = None

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def read(self, row: Row) -> Value:
        """The field's value in a row: computed for a formula, never null for a checkbox."""
        value = self.formula(row) if self.formula is not None else row[self.name]
        return bool(value) if self.type == "boolean" else value


@dataclass(frozen=True)
class Child:
    """A child relationship: the rows of `object_name` whose `field` holds the parent's id."""

    name: str
    object_name: str
    field: str


@dataclass
class ObjectSchema:
    """One object; `fields` is by lower-case name, in the order describe lists them."""

    name: str
    label: str
    prefix: str
    fields: dict[str, Field] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True

    def add(self, *fields: Field) -> None:
        self.fields.update({one.name.lower(): one for one in fields})

    def find(self, name: str) -> Field | None:
        return self.fields.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        """The reference field behind a relationship name (Account, Owner, LastModifiedBy)."""
        wanted = relationship.lower()
        return next((one for one in self.fields.values() if one.relationship.lower() == wanted), None)

    def find_child(self, relationship: str) -> Child | None:
        return self.children.get(relationship.lower())


class Schema:
    """The objects of one org."""

    def __init__(self, objects: Iterator[ObjectSchema]) -> None:
        self._objects = {one.name.lower(): one for one in objects}

    def __iter__(self) -> Iterator[ObjectSchema]:
        return iter(self._objects.values())

    def find(self, name: str) -> ObjectSchema:
        """The object of that name, in any case; ApiError INVALID_TYPE without one."""
        found = self._objects.get(name.lower())
        if found is None:
            raise no_such_object(name)
        return found

    def of_id(self, record_id: str) -> ObjectSchema | None:
        """The object whose key prefix an id has."""
        return next((one for one in self if one.prefix == record_id[:3]), None)

    def remove(self, name: str) -> None:
        """Take an object out of the org, and the child relationships that led to it (Products switched off)."""
        gone = self._objects.pop(self.find(name).name.lower())
        for one in self:
            one.children = {key: child for key, child in one.children.items() if child.object_name != gone.name}

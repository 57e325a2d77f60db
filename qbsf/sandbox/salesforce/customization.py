"""The fields of an org as its administrator makes and changes them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from qbsf.sandbox.salesforce.schema import (
    LONGEST_FILTERABLE_TEXT,
    Field,
    FieldType,
    Formula,
    PicklistValue,
    Row,
    Value,
)
from qbsf.sandbox.salesforce.state import OrgState, locked

MetadataType = Literal[
    "Text",
    "TextArea",
    "LongTextArea",
    "Picklist",
    "Email",
    "Phone",
    "Url",
    "Checkbox",
    "Currency",
    "Number",
    "Percent",
    "Date",
    "DateTime",
]
FIELD_TYPES: dict[MetadataType, FieldType] = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Picklist": "picklist",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Checkbox": "boolean",
    "Currency": "currency",
    "Number": "double",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
}
LENGTHS: dict[MetadataType, int] = {
    "Text": 255,
    "TextArea": 255,
    "LongTextArea": 32768,
    "Picklist": 255,
    "Email": 80,
    "Phone": 40,
    "Url": 255,
}
NUMBERS: frozenset[MetadataType] = frozenset({"Currency", "Number", "Percent"})


def custom_field(
    name: str,
    kind: MetadataType,
    *,
    length: int = 0,
    precision: int = 18,
    scale: int = 2,
    label: str = "",
    unique: bool = False,
    case_sensitive: bool = False,
    external_id: bool = False,
) -> Field:
    """A field as Setup or the Tooling API makes it; a text longer than 255 cannot be filtered."""
    is_number = kind in NUMBERS
    size = 0 if is_number else length or LENGTHS.get(kind, 0)
    return Field(
        name,
        FIELD_TYPES[kind],
        label=label,
        length=size,
        precision=precision if is_number else 0,
        scale=scale if is_number else 0,
        nillable=kind != "Checkbox",
        filterable=size <= LONGEST_FILTERABLE_TEXT,
        unique=unique,
        case_sensitive=case_sensitive,
        external_id=external_id,
        default=False if kind == "Checkbox" else None,
    )


class Customization(OrgState):
    """Objects and fields. Changes hold at once, for every later request."""

    @locked
    def add_field(
        self,
        name: str,
        kind: MetadataType = "Text",
        length: int = 0,
        scale: int = 2,
        *,
        precision: int = 18,
        label: str = "",
        formula: Formula | None = None,
        unique: bool = False,
        case_sensitive: bool = False,
        external_id: bool = False,
        default: Value = None,
        picklist: Sequence[str] = (),
        restricted: bool = False,
        filterable: bool | None = None,
        visible: bool = True,
        editable: bool = True,
        object_name: str = "Opportunity",
    ) -> None:
        """Add a field; `visible` and `editable` are what the integration user's profile grants.

        A `formula` is computed from the row at each read, so its changes move no stamp.
        """
        made = custom_field(
            name,
            kind,
            length=length,
            precision=precision,
            scale=scale,
            label=label,
            unique=unique,
            case_sensitive=case_sensitive,
            external_id=external_id,
        )
        made = replace(
            made,
            formula=formula,
            default=made.default if default is None else default,
            picklist=tuple(PicklistValue(one, one) for one in picklist),
            restricted=restricted,
            filterable=made.filterable if filterable is None else filterable,
        )
        self._put_field(object_name, made)
        self._access.set_field(object_name, name, visible=visible, editable=editable)

    @locked
    def alter_field(
        self,
        name: str,
        *,
        kind: MetadataType | None = None,
        length: int | None = None,
        scale: int | None = None,
        unique: bool | None = None,
        case_sensitive: bool | None = None,
        restricted: bool | None = None,
        filterable: bool | None = None,
        nillable: bool | None = None,
        default: Value = None,
        object_name: str = "Opportunity",
    ) -> None:
        """Change what is given of a field, standard ones too."""
        old = self._field(object_name, name)
        if kind is not None:
            made = custom_field(old.name, kind, label=old.label)
            self._put_field(object_name, made)
            old = made
        changed = replace(
            old,
            length=old.length if length is None else length,
            scale=old.scale if scale is None else scale,
            unique=old.unique if unique is None else unique,
            case_sensitive=old.case_sensitive if case_sensitive is None else case_sensitive,
            restricted=old.restricted if restricted is None else restricted,
            nillable=old.nillable if nillable is None else nillable,
            default=old.default if default is None else default,
        )
        too_long = changed.length > LONGEST_FILTERABLE_TEXT
        self._put_field(object_name, replace(changed, filterable=not too_long if filterable is None else filterable))

    @locked
    def set_field_access(
        self, name: str, *, visible: bool = True, editable: bool = True, object_name: str = "Opportunity"
    ) -> None:
        """Field-level security of the integration user's profile."""
        self._access.set_field(object_name, self._field(object_name, name).name, visible=visible, editable=editable)

    @locked
    def remove_field(self, name: str, *, object_name: str = "Opportunity") -> None:
        """Delete a field with its values."""
        schema = self._schema.find(object_name)
        field = schema.fields.pop(self._field(object_name, name).name.lower())
        for row in list(self._database.table(schema.name).rows()):
            if field.name in row:
                kept = Row({key: value for key, value in row.items() if key != field.name})
                self._database.put(schema.name, kept)
        self._database.table(schema.name).reindex()

    @locked
    def remove_object(self, name: str) -> None:
        """Switch a feature off: OpportunityLineItem is not there without Products."""
        self._schema.remove(name)

    @locked
    def forbid_customizing(self, *, forbidden: bool = True) -> None:
        """The integration user may neither create fields nor grant permissions."""
        self._access.may_customize = not forbidden

    def _field(self, object_name: str, name: str) -> Field:
        field = self._schema.find(object_name).find(name)
        if field is None:
            raise KeyError(f"{object_name} has no field {name}")
        return field

    def _put_field(self, object_name: str, field: Field) -> None:
        self._schema.find(object_name).add(field)
        self._database.table(self._schema.find(object_name).name).reindex()

"""Short words for the fields and objects of a schema."""

from qbsf.sandbox.salesforce.schema import Field, FieldType, ObjectSchema


def text_field(name: str, length: int = 255, *, required: bool = False, type_: FieldType = "string") -> Field:
    return Field(name, type_, length=length, nillable=not required)


def long_text(name: str, length: int = 32000) -> Field:
    return Field(name, "textarea", length=length, filterable=False)


def money(name: str, *, computed: bool = False, scale: int = 2) -> Field:
    return Field(name, "currency", precision=18, scale=scale, createable=not computed, updateable=not computed)


def number(name: str, precision: int = 18, scale: int = 2, *, type_: FieldType = "double") -> Field:
    return Field(name, type_, precision=precision, scale=scale)


def checkbox(name: str, *, computed: bool = False) -> Field:
    writable = not computed
    return Field(name, "boolean", nillable=False, createable=writable, updateable=writable, default=False)


def picklist(name: str, *, required: bool = False, computed: bool = False) -> Field:
    writable = not computed
    return Field(name, "picklist", length=255, nillable=not required, createable=writable, updateable=writable)


def reference(
    name: str, to: str, relationship: str, *, required: bool = False, fixed: bool = False, computed: bool = False
) -> Field:
    return Field(
        name,
        "reference",
        length=18,
        nillable=not required,
        createable=not computed,
        updateable=not (fixed or computed),
        reference_to=to,
        relationship=relationship,
    )


def stamp(name: str) -> Field:
    return Field(name, "datetime", nillable=False, createable=False, updateable=False)


def object_of(name: str, label: str, prefix: str, *fields: Field, read_only: bool = False) -> ObjectSchema:
    """An object with its own fields between the Id and the audit fields every object has."""
    schema = ObjectSchema(name, label, prefix, createable=not read_only, updateable=not read_only)
    schema.add(
        Field("Id", "id", label=f"{label} ID", length=18, nillable=False, createable=False, updateable=False),
        checkbox("IsDeleted", computed=True),
        *fields,
        stamp("CreatedDate"),
        reference("CreatedById", "User", "CreatedBy", computed=True),
        stamp("LastModifiedDate"),
        reference("LastModifiedById", "User", "LastModifiedBy", computed=True),
        stamp("SystemModstamp"),
    )
    return schema


def address(kind: str) -> tuple[Field, ...]:
    return (
        Field(f"{kind}Street", "textarea", length=255),
        text_field(f"{kind}City", 40),
        text_field(f"{kind}State", 80),
        text_field(f"{kind}PostalCode", 20),
        text_field(f"{kind}Country", 80),
    )

"""The Tooling API's CustomField (salesforce.md section 5): a field made here exists, and nobody sees it yet."""

from collections.abc import Mapping

from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.calls import Answer, Call
from qbsf.sandbox.salesforce.customization import FIELD_TYPES, MetadataType, custom_field
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import RecordError, bad_json, may_not_customize
from qbsf.sandbox.salesforce.ids import IdFactory
from qbsf.sandbox.salesforce.schema import Schema


class Tooling:
    """Answers POST /tooling/sobjects/CustomField."""

    def __init__(self, schema: Schema, database: Database, access: Access) -> None:
        self._schema = schema
        self._database = database
        self._access = access
        self._ids = IdFactory()

    def create_field(self, call: Call) -> Answer:
        if not self._access.may_customize:
            raise may_not_customize()
        body = call.object_body()
        full_name, metadata = body.get("FullName"), body.get("Metadata")
        if not isinstance(full_name, str) or not isinstance(metadata, dict):
            raise bad_json("A CustomField needs FullName and Metadata")
        object_name, _, name = full_name.partition(".")
        schema = self._schema.find(object_name)
        if not name.endswith("__c"):
            raise RecordError("FIELD_INTEGRITY_EXCEPTION", f"Custom field name {name} must end with __c", ("FullName",))
        if schema.find(name) is not None:
            text = f"There is already a field named {name.removesuffix('__c')} on {schema.name}."
            raise RecordError("DUPLICATE_DEVELOPER_NAME", text, ("FullName",))
        schema.add(
            custom_field(
                name,
                _kind(metadata),
                length=_number(metadata, "length", 0),
                precision=_number(metadata, "precision", 18),
                scale=_number(metadata, "scale", 2),
                label=str(metadata.get("label", "")),
                unique=metadata.get("unique") is True,
                case_sensitive=metadata.get("caseSensitive") is True,
                external_id=metadata.get("externalId") is True,
            )
        )
        self._database.table(schema.name).reindex()
        self._access.set_field(schema.name, name, visible=False, editable=False)
        created = {"id": self._ids.new("00N"), "success": True, "errors": [], "warnings": [], "infos": []}
        return Answer(201, created)


def _kind(metadata: Mapping[str, object]) -> MetadataType:
    for kind in FIELD_TYPES:
        if kind == metadata.get("type"):
            return kind
    text = f"Value not of required type: {metadata.get('type')}"
    raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ("Metadata",))


def _number(metadata: Mapping[str, object], name: str, default: int) -> int:
    value = metadata.get(name, default)
    return value if isinstance(value, int) else default

"""Describe answers, in the shape of samples/salesforce/describe_opportunity_excerpt.json."""

from collections.abc import Iterable

from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.schema import Field, ObjectSchema, Schema
from qbsf.sandbox.salesforce.values import SOAP_TYPES, label_of

MASTER = "012000000000000AAA"
NEVER_PERMISSIONABLE = {"Id", "IsDeleted", "Name", "StageName", "CloseDate", "IsClosed", "IsWon", "OwnerId"}


def describe_object(schema: ObjectSchema, access: Access, database: Database, version: str) -> dict[str, object]:
    """One object: only the fields that the user may see (salesforce.md section 4)."""
    readable = [one for one in schema.fields.values() if access.can_read(schema, one)]
    return {
        **_summary(schema),
        "recordTypeInfos": list(_record_types(schema, database, version)),
        "childRelationships": [
            {"childSObject": one.object_name, "field": one.field, "relationshipName": one.name}
            for one in schema.children.values()
        ],
        "fields": [_field(schema, one, editable=access.can_edit(schema, one)) for one in readable],
        "urls": {"sobject": f"/services/data/v{version}/sobjects/{schema.name}"},
    }


def describe_global(schema: Schema, version: str) -> dict[str, object]:
    """All objects of the org."""
    objects = [{**_summary(one), "urls": _urls(one, version)} for one in schema]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}


def basic_information(schema: ObjectSchema, version: str) -> dict[str, object]:
    """GET /sobjects/{type}."""
    return {"objectDescribe": {**_summary(schema), "urls": _urls(schema, version)}, "recentItems": []}


def picklist_values(field: Field, version: str, path: Iterable[str]) -> dict[str, object]:
    """GET /ui-api/object-info/.../picklist-values/{recordTypeId}/{field}: active values only."""
    return {
        "controllerValues": {},
        "defaultValue": None,
        "url": f"/services/data/v{version}/{'/'.join(path)}",
        "values": [
            {"attributes": None, "label": one.label, "validFor": [], "value": one.value}
            for one in field.picklist
            if one.active
        ],
    }


def _summary(schema: ObjectSchema) -> dict[str, object]:
    return {
        "name": schema.name,
        "label": schema.label,
        "custom": schema.name.endswith("__c"),
        "createable": schema.createable,
        "updateable": schema.updateable,
        "queryable": True,
        "keyPrefix": schema.prefix,
    }


def _urls(schema: ObjectSchema, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{schema.name}"
    return {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}


def _record_types(schema: ObjectSchema, database: Database, version: str) -> Iterable[dict[str, object]]:
    layouts = f"/services/data/v{version}/sobjects/{schema.name}/describe/layouts"
    for row in database.table("RecordType").rows():
        if row["SobjectType"] == schema.name and row["IsActive"]:
            yield {
                "active": True,
                "available": True,
                "defaultRecordTypeMapping": False,
                "developerName": row["DeveloperName"],
                "master": False,
                "name": row["Name"],
                "recordTypeId": row["Id"],
                "urls": {"layout": f"{layouts}/{row['Id']}"},
            }
    yield {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER,
        "urls": {"layout": f"{layouts}/{MASTER}"},
    }


def _field(schema: ObjectSchema, field: Field, *, editable: bool) -> dict[str, object]:
    calculated = field.formula is not None
    return {
        "aggregatable": field.filterable,
        "autoNumber": False,
        "calculated": calculated,
        "caseSensitive": field.case_sensitive,
        "createable": field.createable and editable and not calculated,
        "custom": field.custom,
        "defaultValue": bool(field.default) if field.type == "boolean" else None,
        "deprecatedAndHidden": False,
        "encrypted": False,
        "externalId": field.external_id,
        "filterable": field.filterable,
        "idLookup": field.type == "id" or field.external_id,
        "label": label_of(schema, field),
        "length": field.length,
        "name": field.name,
        "nillable": field.nillable,
        "permissionable": field.name not in NEVER_PERMISSIONABLE,
        "picklistValues": [
            {"active": one.active, "defaultValue": False, "label": one.label, "validFor": None, "value": one.value}
            for one in field.picklist
        ],
        "precision": field.precision,
        "referenceTo": [field.reference_to] if field.reference_to else [],
        "relationshipName": field.relationship or None,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.filterable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and editable and not calculated,
    }

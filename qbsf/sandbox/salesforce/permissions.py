"""Permission sets, what they grant and to whom: which of them cannot be saved."""

from qbsf.sandbox.salesforce.database import Table
from qbsf.sandbox.salesforce.faults import RecordError, duplicate_value
from qbsf.sandbox.salesforce.schema import ObjectSchema, Row, Schema
from qbsf.sandbox.salesforce.values import bad_picklist_value

PERMISSION_KEYS = {
    "PermissionSet": ("Name",),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
}
"""What may stand in one row of each object only."""


def check_permission(org: Schema, table: Table, schema: ObjectSchema, row: Row) -> None:
    """RecordError for a second row with the same key, or a grant on a field that does not exist."""
    key = PERMISSION_KEYS[schema.name]
    for other in table.rows():
        same = all(other[name] == row[name] for name in key)
        if same and not other["IsDeleted"] and other["Id"] != row["Id"]:
            raise duplicate_value(key[-1], str(other["Id"]))
    if schema.name == "FieldPermissions":
        object_name, _, field = str(row["Field"]).partition(".")
        if org.find(object_name).find(field) is None:
            raise bad_picklist_value(schema.fields["field"], str(row["Field"]))
        if row["PermissionsEdit"] and not row["PermissionsRead"]:
            raise RecordError("FIELD_INTEGRITY_EXCEPTION", "Permission Edit depends on permission(s): Read")

"""Field-level security and sharing, as the integration user meets them.

A field is in the user's profile or is granted by an assigned permission set; one made through the API is in neither
(salesforce.md section 5). People of the sandbox are administrators and see everything.
"""

from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.schema import Field, ObjectSchema, Row

SHARED_THROUGH = {"OpportunityLineItem": "OpportunityId", "OpportunityContactRole": "OpportunityId"}


class Access:
    """What the integration user may see and edit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unreadable: set[str] = set()
        self._uneditable: set[str] = set()
        self._unshared: set[str] = set()
        self._read_only_records: set[str] = set()
        self.user_id = ""
        self.may_customize = True
        """Whether the integration user may create fields and grant permissions."""

    def set_field(self, object_name: str, field: str, *, visible: bool, editable: bool) -> None:
        """What the profile grants for a field."""
        key = f"{object_name}.{field}".lower()
        (self._unreadable.discard if visible else self._unreadable.add)(key)
        (self._uneditable.discard if visible and editable else self._uneditable.add)(key)

    def can_read(self, schema: ObjectSchema, field: Field) -> bool:
        key = f"{schema.name}.{field.name}".lower()
        return key not in self._unreadable or self._granted(key, "PermissionsRead")

    def can_edit(self, schema: ObjectSchema, field: Field) -> bool:
        key = f"{schema.name}.{field.name}".lower()
        return key not in self._uneditable or self._granted(key, "PermissionsEdit")

    def unshare(self, record_id: str) -> None:
        self._unshared.add(record_id)

    def share(self, record_id: str, *, read_only: bool = False) -> None:
        self._unshared.discard(record_id)
        (self._read_only_records.add if read_only else self._read_only_records.discard)(record_id)

    def can_see(self, schema: ObjectSchema, row: Row) -> bool:
        """False for a row that is not shared with the integration user, and for its lines."""
        if not self._unshared:
            return True
        through = SHARED_THROUGH.get(schema.name)
        return row["Id"] not in self._unshared and (through is None or row[through] not in self._unshared)

    def is_read_only(self, record_id: str) -> bool:
        return record_id in self._read_only_records

    def _granted(self, key: str, right: str) -> bool:
        assigned = self._database.table("PermissionSetAssignment").by_reference("AssigneeId", self.user_id)
        permissions = self._database.table("FieldPermissions")
        return any(
            row[right] is True and not row["IsDeleted"] and str(row["Field"]).lower() == key
            for assignment in assigned
            if not assignment["IsDeleted"]
            for row in permissions.by_reference("ParentId", str(assignment["PermissionSetId"]))
        )

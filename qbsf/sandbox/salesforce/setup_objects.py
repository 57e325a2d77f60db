"""The objects of Setup: the organization, its users, record types and permissions."""

from collections.abc import Iterator

from qbsf.sandbox.salesforce.field_kinds import checkbox, object_of, picklist, reference, text_field
from qbsf.sandbox.salesforce.schema import Child, Field, ObjectSchema


def setup_objects() -> Iterator[ObjectSchema]:
    yield object_of(
        "Organization",
        "Organization",
        "00D",
        text_field("Name", 80),
        checkbox("IsSandbox"),
        picklist("OrganizationType"),
        text_field("InstanceName", 5),
        text_field("PrimaryContact", 80),
        picklist("DefaultLocaleSidKey"),
        picklist("TimeZoneSidKey"),
        picklist("LanguageLocaleKey"),
        text_field("Country", 80),
        text_field("NamespacePrefix", 15),
        Field("TrialExpirationDate", "datetime"),
        read_only=True,
    )
    yield object_of(
        "User",
        "User",
        "005",
        text_field("Username", 80, required=True),
        text_field("FirstName", 40),
        text_field("LastName", 80, required=True),
        text_field("Name", 121),
        text_field("Email", 128, type_="email"),
        text_field("Alias", 8),
        checkbox("IsActive"),
        picklist("UserType"),
        picklist("TimeZoneSidKey"),
        read_only=True,
    )
    yield object_of(
        "RecordType",
        "Record Type",
        "012",
        text_field("Name", 80),
        text_field("DeveloperName", 80),
        text_field("SobjectType", 40),
        checkbox("IsActive"),
        text_field("Description"),
        read_only=True,
    )
    permission_set = object_of(
        "PermissionSet",
        "Permission Set",
        "0PS",
        text_field("Name", 80, required=True),
        text_field("Label", 80, required=True),
        text_field("Description"),
        checkbox("IsOwnedByProfile", computed=True),
        checkbox("IsCustom", computed=True),
    )
    for child in (
        Child("FieldPerms", "FieldPermissions", "ParentId"),
        Child("ObjectPerms", "ObjectPermissions", "ParentId"),
        Child("Assignments", "PermissionSetAssignment", "PermissionSetId"),
    ):
        permission_set.children[child.name.lower()] = child
    yield permission_set
    yield object_of(
        "FieldPermissions",
        "Field Permissions",
        "01k",
        reference("ParentId", "PermissionSet", "Parent", required=True, fixed=True),
        text_field("SobjectType", required=True, type_="picklist"),
        text_field("Field", required=True, type_="picklist"),
        checkbox("PermissionsRead"),
        checkbox("PermissionsEdit"),
    )
    rights = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    yield object_of(
        "ObjectPermissions",
        "Object Permissions",
        "110",
        reference("ParentId", "PermissionSet", "Parent", required=True, fixed=True),
        text_field("SobjectType", required=True, type_="picklist"),
        *(checkbox(f"Permissions{right}") for right in rights),
    )
    yield object_of(
        "PermissionSetAssignment",
        "Permission Set Assignment",
        "0Pa",
        reference("PermissionSetId", "PermissionSet", "PermissionSet", required=True, fixed=True),
        reference("AssigneeId", "User", "Assignee", required=True, fixed=True),
    )

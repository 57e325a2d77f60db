"""`qbsf check --fix`: creates the missing fields and grants them to the integration user (salesforce.md section 5).

A field made by the Tooling API is visible to nobody until a permission set grants it. Every step is asked for first
and done only where it is missing, so that it can be run again after whatever stopped it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qbsf.check.field_specs import LENGTH, PRECISION, SCALE, FieldSpec
from qbsf.check.permission_set import DESCRIPTION, LABEL, NAME
from qbsf.errors import ConfigError, QbsfError
from qbsf.records import Json, Reader
from qbsf.salesforce import soql
from qbsf.salesforce.client import SalesforceOrg
from qbsf.salesforce.faults import SalesforceRefused

INSTEAD = "Let an administrator do it: qbsf check --print-fields DIR writes what there is to deploy."
_THERE_ALREADY = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    create: tuple[FieldSpec, ...]
    """Fields that describe does not show; one that exists and is hidden is only granted."""
    grant: tuple[FieldSpec, ...]
    """All that the integration user cannot use yet."""
    beyond: tuple[FieldSpec, ...]
    """Standard fields and those of packages, which cannot be created here."""

    @property
    def nothing(self) -> bool:
        return not self.grant

    def told(self) -> list[str]:
        """The plan for who has to agree to it."""
        lines = [f"create the Opportunity field {spec.name} ({_kind(spec)})" for spec in self.create]
        granted = ", ".join(spec.name for spec in self.grant)
        return [*lines, f"grant the integration user {granted} by the permission set {NAME}"]


def plan(missing: Sequence[FieldSpec], ungranted: Sequence[FieldSpec]) -> Plan:
    """What mends these fields."""
    beyond = tuple(spec for spec in missing if not spec.creatable)
    return Plan(
        create=tuple(spec for spec in missing if spec.creatable),
        grant=tuple(spec for spec in ungranted if spec not in beyond),
        beyond=beyond,
    )


def carry_out(org: SalesforceOrg, wanted: Plan) -> Iterator[str]:
    """Does it, telling each step once it is done. Raises QbsfError; ConfigError where the login may not."""
    for spec in wanted.create:
        yield f"{spec.name}: {_created(org, spec)}"
    permission_set = _permission_set(org)
    for spec in wanted.grant:
        _grant(org, permission_set, spec)
        yield f"{spec.name}: granted by {NAME}"
    if _assigned(org, permission_set):
        yield f"{NAME}: assigned to user {org.user_id}"


def _created(org: SalesforceOrg, spec: FieldSpec) -> str:
    made = _sent(
        org,
        "POST",
        "tooling/sobjects/CustomField",
        f"the creation of {spec.name}",
        {"FullName": f"Opportunity.{spec.name}", "Metadata": metadata(spec)},
    )
    return "created" if made else "was there, hidden"


def metadata(spec: FieldSpec) -> dict[str, object]:
    """A CustomField's Metadata."""
    found: dict[str, object] = {"label": spec.label, "type": spec.type, "required": False, "trackHistory": False}
    if spec.type == "Text":
        found |= {"length": LENGTH, "unique": False}
    if spec.type == "Currency":
        found |= {"precision": PRECISION, "scale": SCALE}
    return found | {"externalId": True} if spec.external_id else found


def _permission_set(org: SalesforceOrg) -> str:
    """The id of the permission set, made where it is missing."""
    known = _ids(org, soql.select(("Id",), "PermissionSet", (soql.is_in("Name", [NAME]),)))
    if known:
        return known[0]
    body = {"Name": NAME, "Label": LABEL, "Description": DESCRIPTION}
    answer = _made(org, "sobjects/PermissionSet", f"the permission set {NAME}", body)
    return Reader.of("Salesforce", "PermissionSet", answer).text("id")


def _grant(org: SalesforceOrg, permission_set: str, spec: FieldSpec) -> None:
    name = f"Opportunity.{spec.name}"
    rights = {"PermissionsRead": True, "PermissionsEdit": spec.written}
    conditions = (soql.is_in("ParentId", [permission_set]), soql.is_in("Field", [name]))
    known = _ids(org, soql.select(("Id",), "FieldPermissions", conditions))
    asked = f"the grant of {spec.name}"
    if known:
        _sent(org, "PATCH", f"sobjects/FieldPermissions/{known[0]}", asked, rights)
    else:
        body = {"ParentId": permission_set, "SobjectType": "Opportunity", "Field": name, **rights}
        _sent(org, "POST", "sobjects/FieldPermissions", asked, body)


def _assigned(org: SalesforceOrg, permission_set: str) -> bool:
    """Whether the permission set had to be assigned to the integration user."""
    conditions = (soql.is_in("PermissionSetId", [permission_set]), soql.is_in("AssigneeId", [org.user_id]))
    if _ids(org, soql.select(("Id",), "PermissionSetAssignment", conditions)):
        return False
    body = {"PermissionSetId": permission_set, "AssigneeId": org.user_id}
    return _sent(org, "POST", "sobjects/PermissionSetAssignment", f"the assignment of {NAME}", body)


def _ids(org: SalesforceOrg, statement: str) -> list[str]:
    try:
        pages = [page for page, _ in org.rest.query(statement, "the permissions")]
    except (ConfigError, SalesforceRefused) as error:
        raise _may_not("reading permission sets", error) from error
    return [Reader.of("Salesforce", "permission", row).text("Id") for page in pages for row in page]


def _made(org: SalesforceOrg, path: str, asked: str, body: Mapping[str, object]) -> Json:
    try:
        return org.rest.send("POST", path, asked, body)
    except (ConfigError, SalesforceRefused) as error:
        raise _may_not(asked, error) from error


def _sent(org: SalesforceOrg, method: str, path: str, asked: str, body: Mapping[str, object]) -> bool:
    """Whether it was done; False where it is there already."""
    try:
        org.rest.send(method, path, asked, body)
    except SalesforceRefused as error:
        if error.refusal.code in _THERE_ALREADY:
            return False
        raise _may_not(asked, error) from error
    except ConfigError as error:
        raise _may_not(asked, error) from error
    return True


def _may_not(asked: str, error: QbsfError) -> ConfigError:
    return ConfigError(f"Salesforce does not let this login do {asked}: {error.message}", INSTEAD, code="may_not_fix")


def _kind(spec: FieldSpec) -> str:
    match spec.type:
        case "Text":
            return f"Text({LENGTH})"
        case "Currency":
            return f"Currency({PRECISION - SCALE},{SCALE})"
        case _:
            return spec.type

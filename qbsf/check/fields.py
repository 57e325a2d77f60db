"""The configured Opportunity fields against what describe says of them (rules.md sections 1, 3 and 4). PURE."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qbsf.check.field_specs import SCALE, FieldSpec, specs
from qbsf.check.findings import Finding, ok, warn, wrong
from qbsf.config import FieldsConfig, StagesConfig
from qbsf.model import FieldInfo

CREATE = (
    "Create it and grant it to the integration user: qbsf check --fix does both where the login may, "
    "qbsf check --print-fields DIR writes what an administrator deploys. Or correct the name in the configuration."
)
GRANT = "Grant edit access to the integration user by a permission set: qbsf check --fix, where the login may."
_READ_ONLY = "If it is a formula or a roll-up, name another field; else: "


@dataclass(frozen=True)
class Described:
    """What describe says of an Opportunity field beyond what a pass needs."""

    info: FieldInfo
    required: bool
    calculated: bool
    restricted: bool
    """A picklist that takes its own values only."""


def check(fields: FieldsConfig, stages: StagesConfig, described: Mapping[str, Described]) -> Iterator[Finding]:
    """A finding for each configured field, further ones where something is odd. `described` is by API name."""
    for spec in specs(fields):
        found = described.get(spec.name)
        topic = f"fields.{spec.key}"
        if found is None:
            yield _missing(topic, spec.name, described)
        elif problem := _unfit(topic, spec, found):
            yield problem
        else:
            odd = list(_oddities(topic, spec, found))
            yield from odd or [ok(topic, f"{spec.name}: {_kind(found.info)}, {_rights(spec, found.info)}.")]
    for name, _ in stages.set_:
        yield _settable(f"stages.set.{name}", name, described)


def missing(fields: FieldsConfig, described: Mapping[str, Described]) -> tuple[FieldSpec, ...]:
    """Those that the integration user does not see."""
    return tuple(spec for spec in specs(fields) if spec.name not in described)


def ungranted(fields: FieldsConfig, described: Mapping[str, Described]) -> tuple[FieldSpec, ...]:
    """Those that a grant makes usable: hidden ones, and ones that may be read only."""
    hidden = missing(fields, described)
    read_only = (
        spec
        for spec in specs(fields)
        if spec.written
        and (found := described.get(spec.name)) is not None
        and not found.info.updateable
        and not found.calculated
    )
    return (*hidden, *read_only)


def _missing(topic: str, name: str, described: Mapping[str, Described]) -> Finding:
    for other in described:
        if other.lower() == name.lower():
            return wrong(topic, f"{name} is written {other} in this org.", f'Set {topic} = "{other}".')
    return wrong(topic, f"Opportunity has no field {name} that the integration user can see.", CREATE)


def _unfit(topic: str, spec: FieldSpec, found: Described) -> Finding | None:
    info = found.info
    if info.type not in spec.fitting:
        wanted = {"Currency": "a currency field", "Date": "a date field"}.get(spec.type, "a text field")
        return wrong(topic, f"{spec.name} is of type {info.type}; it must be {wanted}.", f"Name another in {topic}.")
    if spec.written and not info.updateable:
        todo = GRANT if not found.calculated else _READ_ONLY + GRANT
        what = "is computed by Salesforce" if found.calculated else "cannot be written by the integration user"
        return wrong(topic, f"{spec.name} {what}.", todo)
    if info.unique and not spec.searched:
        return wrong(
            topic,
            f"{spec.name} is unique: the second deal with the same value would be refused.",
            "Take Unique off the field in Setup.",
        )
    return None


def _oddities(topic: str, spec: FieldSpec, found: Described) -> Iterator[Finding]:
    info = found.info
    if info.unique:
        yield warn(
            topic,
            f"{spec.name} is unique: a deal that names an invoice cannot be cloned, nor name one that another names.",
            "Take Unique off the field in Setup; qbsf tells by itself where two deals name one invoice.",
        )
    if spec.searched and not info.filterable:
        yield warn(
            topic,
            f"{spec.name} cannot be filtered on ({_kind(info)}): every pass reads more than it needs.",
            "Make it a text field of at most 255 characters.",
        )
    if info.length and info.length < spec.shortest:
        yield warn(
            topic,
            f"{spec.name} holds {info.length} characters: longer values are cut, or left out where they name invoices.",
            f"Lengthen it to {spec.shortest} or more; 255 is best.",
        )
    if spec.type == "Currency" and info.scale < SCALE:
        yield warn(
            topic, f"{spec.name} keeps {info.scale} decimal places: cents are lost.", "Give it 2 decimal places."
        )
    if found.restricted:
        yield warn(
            topic,
            f"{spec.name} is a restricted picklist: values it does not list are refused.",
            "Make it a text field, or do not restrict its values.",
        )
    if found.required and spec.written:
        yield warn(
            topic,
            f"{spec.name} is required: it cannot be emptied when a payment is taken back.",
            "Take Required off the field in Setup.",
        )


def _settable(topic: str, name: str, described: Mapping[str, Described]) -> Finding:
    found = described.get(name)
    if found is None:
        return _missing(topic, name, described)
    if not found.info.updateable:
        return wrong(topic, f"{name} cannot be written by the integration user.", GRANT)
    return ok(topic, f"{name}: {_kind(found.info)}, writable.")


def _kind(info: FieldInfo) -> str:
    if info.type == "currency":
        return f"currency({info.precision},{info.scale})"
    return f"{info.type}({info.length})" if info.length else info.type


def _rights(spec: FieldSpec, info: FieldInfo) -> str:
    rights = ["writable"] if info.updateable else ["readable"]
    return ", ".join([*rights, "filterable"] if spec.searched else rights)

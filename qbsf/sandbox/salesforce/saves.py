"""Saving a record: the checks in Salesforce's order, what follows from the values, stamps, flows, history."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.database import Database, Save, unique_key
from qbsf.sandbox.salesforce.faults import (
    RecordError,
    duplicate_value,
    entity_is_deleted,
    field_not_writable,
    may_not_customize,
    no_such_field_on_write,
    no_such_record,
    required_missing,
    wrong_id,
)
from qbsf.sandbox.salesforce.hazards import Hazards
from qbsf.sandbox.salesforce.ids import IdFactory, full_id
from qbsf.sandbox.salesforce.opportunity import settle_line, settle_opportunity
from qbsf.sandbox.salesforce.permissions import PERMISSION_KEYS, check_permission
from qbsf.sandbox.salesforce.schema import Field, ObjectSchema, Row, Schema, Value
from qbsf.sandbox.salesforce.values import label_of, parse, whole_second

AUDIT = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"})
UNTOLD = AUDIT | {"Id"}
"""What the history leaves out of a save's changes."""
Values = dict[str, Value]


@dataclass(frozen=True)
class Actor:
    """Who saves. `through_api` is the integration user: field security, sharing and locks hold for it alone."""

    user_id: str
    name: str
    through_api: bool = False
    is_flow: bool = False


class Saver:
    """All changes to an org's records go through here."""

    def __init__(
        self, schema: Schema, database: Database, access: Access, hazards: Hazards, clock: SandboxClock
    ) -> None:
        self._schema = schema
        self._database = database
        self._access = access
        self._hazards = hazards
        self._clock = clock
        self._ids = IdFactory()
        self.flow_actor: Actor | None = None
        self.currency = ""
        self.visibility_delay = timedelta()

    def read(self, schema: ObjectSchema, payload: Mapping[str, object], actor: Actor, *, creating: bool) -> Values:
        """A payload's values by field name.

        ApiError for an unknown (or hidden) field or a wrong JSON type, which fails the whole request; RecordError for
        what this record alone may not hold or set.
        """
        if actor.through_api:
            self._check_entity(schema, creating=creating)
        given = {key: raw for key, raw in payload.items() if key != "attributes" and (creating or key.lower() != "id")}
        fields = {key: self._field(schema, key, actor) for key in given}
        locked = tuple(
            one.name for one in fields.values() if not self._is_writable(schema, one, actor, creating=creating)
        )
        if locked:
            raise field_not_writable(locked)
        return {field.name: parse(schema, field, given[key]) for key, field in fields.items()}

    def new_id(self, object_name: str) -> str:
        """A fresh id of that object."""
        return self._ids.new(self._schema.find(object_name).prefix)

    def create(self, schema: ObjectSchema, values: Values, actor: Actor) -> str:
        """Save a new record and answer its id."""
        now = whole_second(self._clock.now())
        record_id = self.new_id(schema.name)
        row = Row({one.name: one.default for one in schema.fields.values() if one.default is not None})
        row.update(Id=record_id, CreatedDate=now, CreatedById=actor.user_id)
        if schema.find("OwnerId") is not None:
            row["OwnerId"] = actor.user_id
        if self.currency and schema.find("CurrencyIsoCode") is not None:
            row["CurrencyIsoCode"] = self.currency
        row.update(values)
        self._save(schema, row, None, values.keys(), actor, "create")
        return record_id

    def update(self, schema: ObjectSchema, record_id: str, values: Values, actor: Actor) -> None:
        """Save an existing record; a no-op save too runs everything and moves the stamps."""
        old = self.existing(schema, record_id, actor)
        if actor.through_api:
            if self._access.is_read_only(record_id):
                raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
            self._hazards.check_locks(old)
        row = Row(old)
        row.update(values)
        self._save(schema, row, old, values.keys(), actor, "update")

    def delete(self, schema: ObjectSchema, record_id: str, actor: Actor) -> None:
        """Move a record, and what cannot be without it, to the recycle bin."""
        old = self.existing(schema, record_id, actor)
        self._bin(schema, old, actor, deleted=True)

    def undelete(self, schema: ObjectSchema, record_id: str, actor: Actor) -> None:
        row = self._database.table(schema.name).get(record_id)
        if row is None:
            raise no_such_record()
        self._bin(schema, row, actor, deleted=False)

    def existing(self, schema: ObjectSchema, record_id: str, actor: Actor) -> Row:
        """The row to change, as far as the actor may see it."""
        whole = full_id(record_id)
        if whole is None or whole[:3] != schema.prefix:
            raise wrong_id(f"{schema.label} ID", record_id, "Id")
        row = self._database.table(schema.name).get(whole)
        if row is None or (actor.through_api and not self._access.can_see(schema, row)):
            raise no_such_record()
        if row["IsDeleted"]:
            raise entity_is_deleted()
        return row

    def _check_entity(self, schema: ObjectSchema, *, creating: bool) -> None:
        if not (schema.createable if creating else schema.updateable):
            text = f"entity type cannot be {'inserted' if creating else 'updated'}: {schema.label}"
            raise RecordError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text)
        if schema.name in PERMISSION_KEYS and not self._access.may_customize:
            raise may_not_customize()

    def _field(self, schema: ObjectSchema, name: str, actor: Actor) -> Field:
        field = schema.find(name)
        if field is None or (actor.through_api and not self._access.can_read(schema, field)):
            raise no_such_field_on_write(name, schema.name)
        return field

    def _is_writable(self, schema: ObjectSchema, field: Field, actor: Actor, *, creating: bool) -> bool:
        if field.formula is not None or not (field.createable if creating else field.updateable):
            return False
        return not actor.through_api or self._access.can_edit(schema, field)

    def _save(
        self, schema: ObjectSchema, row: Row, old: Row | None, given: AbstractSet[str], actor: Actor, kind: str
    ) -> None:
        self._settle(schema, row, old, given)
        self._check(schema, row, given)
        self._hazards.check_rules(schema.name, row)
        self._hazards.check_flows(schema.name, row)
        with self._database.transaction():
            self._commit(schema, row, old, actor, kind)
            if schema.name == "OpportunityLineItem":
                self._touch_parent(row, actor)
            if not actor.is_flow:
                self._run_flows(schema, row, old or Row())

    def _settle(self, schema: ObjectSchema, row: Row, old: Row | None, given: AbstractSet[str]) -> None:
        match schema.name:
            case "Opportunity":
                settle_opportunity(self._database, row, old, given, self._clock.now().date())
            case "OpportunityLineItem":
                settle_line(self._database, row, old, given)
            case "Contact":
                row["Name"] = " ".join(str(row[name]) for name in ("FirstName", "LastName") if row[name])

    def _check(self, schema: ObjectSchema, row: Row, given: AbstractSet[str]) -> None:
        needed = [one for one in schema.fields.values() if not one.nillable and one.name not in AUDIT]
        missing = tuple(one.name for one in needed if row[one.name] is None and one.type != "boolean")
        if missing:
            raise required_missing(missing)
        for name in given:
            field = schema.fields[name.lower()]
            if field.reference_to and row[name] is not None:
                self._check_reference(schema, field, str(row[name]))
        for field in (one for one in schema.fields.values() if one.unique and row[one.name] is not None):
            key = unique_key(row[field.name], case_sensitive=field.case_sensitive)
            holder = self._database.table(schema.name).holder_of(field.name, key)
            if holder is not None and holder != row["Id"]:
                raise duplicate_value(field.name, holder)
        if schema.name in PERMISSION_KEYS:
            check_permission(self._schema, self._database.table(schema.name), schema, row)

    def _check_reference(self, schema: ObjectSchema, field: Field, record_id: str) -> None:
        target = self._schema.find(field.reference_to)
        if record_id[:3] != target.prefix:
            raise wrong_id(label_of(schema, field), record_id, field.name)
        found = self._database.table(target.name).get(record_id)
        if found is None or found["IsDeleted"]:
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))

    def _commit(self, schema: ObjectSchema, row: Row, old: Row | None, actor: Actor, kind: str) -> None:
        now = whole_second(self._clock.now())
        row.update(LastModifiedDate=now, LastModifiedById=actor.user_id, SystemModstamp=now)
        visible_from = now + self.visibility_delay if self.visibility_delay else None
        self._database.put(schema.name, row, visible_from=visible_from)
        before = old or Row()
        names = (one.name for one in schema.fields.values() if one.name not in UNTOLD and one.formula is None)
        changes = {name: (before[name], row[name]) for name in names if before[name] != row[name]}
        save = Save(str(row["Id"]), schema.name, kind, actor.name, now, actor.through_api, changes)
        self._database.saves.append(save)

    def _run_flows(self, schema: ObjectSchema, row: Row, before: Row) -> None:
        if self.flow_actor is None:
            return
        for flow in self._hazards.flows:
            changes = flow.run(row, before) if flow.object_name == schema.name else None
            if changes:
                values = self.read(schema, changes, self.flow_actor, creating=False)
                self.update(schema, str(row["Id"]), values, self.flow_actor)

    def _touch_parent(self, line: Row, actor: Actor) -> None:
        """A changed product line is a save of its Opportunity, whose Amount is the sum."""
        opportunity = self._schema.find("Opportunity")
        old = self._database.table("Opportunity").get(str(line["OpportunityId"]))
        if old is None:
            return
        row = Row(old)
        self._settle(opportunity, row, old, frozenset())
        self._commit(opportunity, row, old, actor, "update")

    def _bin(self, schema: ObjectSchema, old: Row, actor: Actor, *, deleted: bool) -> None:
        row = Row(old)
        row["IsDeleted"] = deleted
        self._commit(schema, row, old, actor, "delete" if deleted else "undelete")
        for child in schema.children.values():
            target = self._schema.find(child.object_name)
            if not target.fields[child.field.lower()].nillable:
                for one in self._database.table(target.name).by_reference(child.field, str(row["Id"])):
                    if bool(one["IsDeleted"]) is not deleted:
                        self._bin(target, one, actor, deleted=deleted)
        if schema.name == "OpportunityLineItem" and deleted:
            self._touch_parent(row, actor)

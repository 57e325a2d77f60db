"""Salesforce's JSON made into qbsf.model values (salesforce.md sections 2 to 4). PURE."""

from collections.abc import Sequence
from sys import intern

from qbsf.answers import one_line
from qbsf.errors import AnswerLost
from qbsf.model import (
    FieldInfo,
    FieldValue,
    Opportunity,
    OpportunityUpdate,
    Organization,
    Stage,
    UpdateResult,
)
from qbsf.records import Json, Reader
from qbsf.salesforce.columns import Column, OpportunityColumns
from qbsf.salesforce.ids import long_id

SYSTEM = "Salesforce"
_NUMBERS = frozenset({"currency", "double", "percent", "int", "long"})


def opportunity(value: Json, columns: OpportunityColumns) -> Opportunity:
    """A row of a query for these columns."""
    row = Reader.of(SYSTEM, "Opportunity", value)
    return Opportunity(
        id=_id(row, "Id"),
        name=row.text_or_empty("Name"),
        stage=row.text_or_empty("StageName"),
        is_closed=row.boolean("IsClosed"),
        is_won=row.boolean("IsWon"),
        amount=row.decimal_or_none("Amount"),
        close_date=row.day_or_none("CloseDate"),
        currency=row.text("CurrencyIsoCode") if columns.multi_currency else "",
        account_id=_id(row, "AccountId") if row.has("AccountId") else "",
        account_name=row.member("Account").text_or_empty("Name"),
        record_type=row.member("RecordType").text_or_empty("DeveloperName"),
        fields={column.configured: _field(row, column) for column in columns.fields},
        modified_by=row.member("LastModifiedBy").text_or_empty("Name"),
        modified_by_id=_id(row, "LastModifiedById") if row.has("LastModifiedById") else "",
        system_modstamp=row.instant("SystemModstamp"),
    )


def _id(row: Reader, name: str) -> str:
    try:
        # Ten thousands of Opportunities share few Accounts and users, and each id is kept in several places.
        return intern(long_id(row.text(name)))
    except ValueError:
        raise row.wrong(name, "a Salesforce id") from None


def _field(row: Reader, column: Column) -> FieldValue:
    if row.raw(column.name) is None and column.type != "boolean":
        return None
    if column.type in _NUMBERS:
        return row.decimal_or_none(column.name)
    if column.type == "date":
        return row.day_or_none(column.name)
    if column.type == "boolean":
        return row.boolean(column.name)
    return row.text_or_empty(column.name) or None


def stage(value: Json) -> Stage:
    """A row of OpportunityStage."""
    row = Reader.of(SYSTEM, "OpportunityStage", value)
    return Stage(
        label=row.text("MasterLabel"),
        api_name=row.text_or_empty("ApiName") or row.text("MasterLabel"),
        is_active=row.boolean("IsActive"),
        is_closed=row.boolean("IsClosed"),
        is_won=row.boolean("IsWon"),
    )


def organization(value: Json) -> Organization:
    """The row of Organization."""
    row = Reader.of(SYSTEM, "Organization", value)
    return Organization(
        id=_id(row, "Id"),
        name=row.text_or_empty("Name"),
        is_sandbox=row.boolean("IsSandbox"),
        is_developer_edition=row.text_or_empty("OrganizationType") == "Developer Edition",
    )


def field_infos(value: Json) -> dict[str, FieldInfo]:
    """The fields of a describe, by API name. One without field access is simply not there."""
    described = Reader.of(SYSTEM, "describe of Opportunity", value)
    found = (
        FieldInfo(
            name=item.text("name"),
            type=item.text("type"),
            length=item.integer_or_zero("length"),
            scale=item.integer_or_zero("scale"),
            precision=item.integer_or_zero("precision"),
            updateable=item.boolean("updateable"),
            filterable=item.boolean("filterable"),
            unique=item.raw("unique") is True,
        )
        for item in described.members("fields")
    )
    return {info.name: info for info in found}


def update_results(batch: Sequence[OpportunityUpdate], answer: Json) -> list[UpdateResult]:
    """Verdicts in the order of the batch: a failed entry often has no id, so the place decides (section 2).

    Raises AnswerLost for anything but one verdict for each record: the writes may have been done.
    """
    if not isinstance(answer, list) or len(answer) != len(batch):
        raise _unreadable()
    return [_verdict(update, entry) for update, entry in zip(batch, answer, strict=True)]


def _verdict(update: OpportunityUpdate, entry: Json) -> UpdateResult:
    if not isinstance(entry, dict) or not isinstance(entry.get("success"), bool):
        raise _unreadable()
    named = entry.get("id")
    if isinstance(named, str) and named[:15] != update.opportunity_id[:15]:
        raise _unreadable()
    if entry["success"]:
        return UpdateResult(update.opportunity_id)
    errors = entry.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return UpdateResult(update.opportunity_id, "UNKNOWN", "Salesforce gave no reason.")
    code, message, fields = first.get("statusCode"), first.get("message"), first.get("fields")
    return UpdateResult(
        update.opportunity_id,
        code=one_line(code) if isinstance(code, str) and code else "UNKNOWN",
        message=one_line(message) if isinstance(message, str) else "",
        fields=tuple(name for name in fields if isinstance(name, str)) if isinstance(fields, list) else (),
    )


def _unreadable() -> AnswerLost:
    return AnswerLost(
        "Salesforce's answer to an update does not fit what was sent.",
        "Nothing to do: the next run reads the Opportunities again and sees what was written.",
    )


def update_body(batch: Sequence[OpportunityUpdate]) -> dict[str, object]:
    """The body of a Collections PATCH, for a writer that keeps the digits of Decimals and writes dates in ISO 8601."""
    return {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Opportunity"},
                "id": update.opportunity_id,
                **update.changes,
            }
            for update in batch
        ],
    }

"""Literals as values of the field they are compared with; the wrong kind is refused as Salesforce refuses it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from qbsf.sandbox.salesforce.faults import ApiError
from qbsf.sandbox.salesforce.ids import full_id
from qbsf.sandbox.salesforce.schema import ID_TYPES, NUMBER_TYPES, Field, Value
from qbsf.sandbox.salesforce.soql_text import Token, located, unexpected, unquote
from qbsf.sandbox.salesforce.values import parse_date, parse_datetime

TYPE_NAMES = {"datetime": "dateTime", "textarea": "string", "picklist": "string", "id": "ID", "reference": "ID"}
QUOTED = "and should be enclosed in quotes"
UNQUOTED = "and should not be enclosed in quotes"


@dataclass(frozen=True)
class Span:
    """What a date literal means: from the first instant (or day) to before the second."""

    start: date | datetime
    end: date | datetime


def value_of(text: str, field: Field, token: Token, now: datetime) -> Value | Span:
    """The literal's value for that field, null for NULL and for ''; ApiError where it cannot be one."""
    if token.is_word("NULL"):
        return None
    if field.type == "boolean":
        return _boolean(text, field, token)
    if field.type in NUMBER_TYPES:
        if token.kind != "number":
            raise _wrong_kind(text, field, token)
        return Decimal(token.text)
    if field.type in {"date", "datetime"}:
        return _moment(text, field, token, now)
    if token.kind != "string":
        raise _wrong_kind(text, field, token)
    literal = unquote(text, token)
    if field.type in ID_TYPES:
        record_id = full_id(literal)
        if record_id is None:
            raise located(text, token.at, f"invalid ID field: {literal}", "INVALID_QUERY_FILTER_OPERATOR")
        return record_id
    return literal.rstrip() or None


def _boolean(text: str, field: Field, token: Token) -> bool:
    if not token.is_word("TRUE", "FALSE"):
        raise _wrong_kind(text, field, token)
    return token.is_word("TRUE")


def _moment(text: str, field: Field, token: Token, now: datetime) -> Value | Span:
    if token.kind == "word" and not token.is_word("TRUE", "FALSE"):
        try:
            return _span(text, field, token, now)
        except OverflowError:
            raise unexpected(text, token) from None
    if token.kind != field.type:
        raise _wrong_kind(text, field, token)
    moment = parse_date(token.text) if field.type == "date" else parse_datetime(token.text)
    if moment is None:
        raise unexpected(text, token)
    return moment


def _span(text: str, field: Field, token: Token, now: datetime) -> Span:
    today = now.astimezone(UTC).date()
    name, _, days = token.text.upper().partition(":")
    match name:
        case "TODAY":
            first, last = today, today
        case "YESTERDAY":
            first = last = today - timedelta(days=1)
        case "TOMORROW":
            first = last = today + timedelta(days=1)
        case "LAST_N_DAYS":
            first, last = today - timedelta(days=int(days)), today
        case "NEXT_N_DAYS":
            first, last = today + timedelta(days=1), today + timedelta(days=int(days))
        case _:
            raise unexpected(text, token)
    end = last + timedelta(days=1)
    if field.type == "date":
        return Span(first, end)
    return Span(datetime.combine(first, time(), UTC), datetime.combine(end, time(), UTC))


def _wrong_kind(text: str, field: Field, token: Token) -> ApiError:
    if token.kind == "word" and not token.is_word("TRUE", "FALSE"):
        return unexpected(text, token)
    wants_quotes = field.type not in NUMBER_TYPES | {"boolean", "date", "datetime"}
    kind = TYPE_NAMES.get(field.type, field.type)
    message = (
        f"value of filter criterion for field '{field.name}' must be of type {kind}"
        f" {QUOTED if wants_quotes else UNQUOTED}"
    )
    return located(text, token.at, message, "INVALID_FIELD")

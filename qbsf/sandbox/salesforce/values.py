"""Values between JSON, the tables and JSON again: strict on the way in, in Salesforce's form on the way out."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import simplejson

from qbsf.sandbox.salesforce.faults import RecordError, bad_json, wrong_id
from qbsf.sandbox.salesforce.ids import full_id
from qbsf.sandbox.salesforce.schema import NUMBER_TYPES, Field, ObjectSchema, Value

DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:?\d{2})\Z")
SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "currency": "xsd:double",
    "double": "xsd:double",
    "percent": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
LARGEST_PLAIN_DOUBLE = 10**7


def whole_second(moment: datetime) -> datetime:
    """Salesforce stamps have one-second grain."""
    return moment.astimezone(UTC).replace(microsecond=0)


def parse_date(text: str) -> date | None:
    """YYYY-MM-DD; None for anything else."""
    if not DATE.match(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_datetime(text: str) -> datetime | None:
    """An ISO instant with its zone (Z, +hh:mm or +hhmm), in UTC; None for anything else."""
    parts = DATETIME.match(text)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(parts[1] + "." + (parts[2] or "0").ljust(6, "0") + parts[3]).astimezone(UTC)
    except ValueError:
        return None


def parse(schema: ObjectSchema, field: Field, raw: object) -> Value:
    """A field's value from JSON (or from a test's Python value).

    ApiError JSON_PARSER_ERROR for a wrong JSON type, which fails the whole request; RecordError for a value that the
    field cannot hold. Text is trimmed, an empty one is null, numbers are rounded to the field's scale.
    """
    if raw is None:
        return False if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(raw)
    if field.type in NUMBER_TYPES:
        return _number(field, raw)
    if field.type == "date":
        return _date(raw)
    if field.type == "datetime":
        return _datetime(raw)
    if not isinstance(raw, str):
        raise _wrong_type("string", raw)
    text = raw.strip()
    if not text:
        return None
    if field.type in {"id", "reference"}:
        record_id = full_id(text)
        if record_id is None:
            raise wrong_id(label_of(schema, field), text, field.name)
        return record_id
    return _text(field, text)


def label_of(schema: ObjectSchema, field: Field) -> str:
    """The label that messages and describe show: given, else made of the API name."""
    if field.label:
        return field.label
    name = field.name.removesuffix("__c").replace("_", " ")
    if field.reference_to and name.endswith("Id"):
        return f"{field.reference_to} ID"
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return spaced or schema.label


def _text(field: Field, text: str) -> str:
    if field.length and len(text) > field.length:
        label = field.label or field.name.removesuffix("__c").replace("_", " ")
        message = f"{label}: data value too large: {text} (max length={field.length})"
        raise RecordError("STRING_TOO_LONG", message, (field.name,))
    if field.restricted and field.picklist and not any(one.active and one.value == text for one in field.picklist):
        raise bad_picklist_value(field, text)
    return text


def bad_picklist_value(field: Field, text: str) -> RecordError:
    label = field.label or field.name.removesuffix("__c").replace("_", " ")
    message = f"{label}: bad value for restricted picklist field: {text}"
    return RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))


def _boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false"}:
        return raw.lower() == "true"
    raise _wrong_type("boolean", raw)


def _number(field: Field, raw: object) -> Decimal | int:
    """A number, or a text that is one (salesforce.md section 2), rounded half up as the platform does."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        raise _wrong_type(field.type, raw)
    try:
        number = Decimal(str(raw).strip())
    except InvalidOperation:
        raise _wrong_type(field.type, raw) from None
    if not number.is_finite():
        raise _wrong_type(field.type, raw)
    if field.precision and abs(number) >= Decimal(10) ** (field.precision - field.scale):
        message = f"{field.label or field.name}: value outside of valid range on numeric field: {raw}"
        raise RecordError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
    if field.type == "int":
        return int(number)
    return number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)


def _date(raw: object) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    day = parse_date(raw) if isinstance(raw, str) else None
    if day is None:
        raise _wrong_type("date", raw)
    return day


def _datetime(raw: object) -> datetime:
    if isinstance(raw, datetime):
        return whole_second(raw)
    moment = parse_datetime(raw) if isinstance(raw, str) else None
    if moment is None:
        raise _wrong_type("datetime", raw)
    return whole_second(moment)


def _wrong_type(kind: str, raw: object) -> Exception:
    token, shown = _json_token(raw)
    return bad_json(
        f"Cannot deserialize instance of {kind} from {token} value {shown}"
        " or request may be missing a required field at [line:1, column:1]"
    )


def _json_token(raw: object) -> tuple[str, str]:
    if isinstance(raw, bool):
        return f"VALUE_{str(raw).upper()}", str(raw).lower()
    if isinstance(raw, str):
        return "VALUE_STRING", raw
    if isinstance(raw, int):
        return "VALUE_NUMBER_INT", str(raw)
    if isinstance(raw, list):
        return "START_ARRAY", "["
    if isinstance(raw, dict):
        return "START_OBJECT", "{"
    return "VALUE_NUMBER_FLOAT", str(raw)


def wire(value: Value) -> object:
    """A stored value as the JSON encoder takes it: 2750.0, 1.0E7, 2026-11-20T09:15:02.000+0000."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if abs(number) < LARGEST_PLAIN_DOUBLE else simplejson.RawJSON(java_double(number))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    return value


def java_double(number: float) -> str:
    """Doubles from ten million up, as Java writes them (salesforce.md section 3: `1.0E7`)."""
    mantissa, _, exponent = f"{Decimal(repr(number)).normalize():E}".partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"

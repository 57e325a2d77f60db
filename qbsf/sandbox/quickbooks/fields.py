"""Reading the members of a written document, refusing what QuickBooks refuses."""

from datetime import date
from decimal import Decimal, InvalidOperation

from qbsf.sandbox.quickbooks.records import Document, Value
from qbsf.sandbox.quickbooks.refusal import (
    RefusedError,
    bad_value,
    invalid_reference,
    missing,
    too_long,
    unknown_property,
)

CENT = Decimal("0.01")


def text(document: Document, name: str, longest: int = 4000) -> str:
    """A text member, "" where absent or null."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_value(name, value)
    if len(value) > longest:
        raise too_long(name, longest)
    return value


def amount(document: Document, name: str) -> Decimal | None:
    """A money member to the cent, None where absent."""
    value = number(document, name)
    if value is not None and value != value.quantize(CENT):
        raise bad_value(name, value)
    return None if value is None else value.quantize(CENT)


def number(document: Document, name: str) -> Decimal | None:
    """A numeric member as it was sent (UnitPrice is not rounded), None where absent."""
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise bad_value(name, value)
    try:
        return Decimal(value)
    except InvalidOperation:
        raise bad_value(name, value) from None


def day(document: Document, name: str) -> date | None:
    """A plain date member, None where absent."""
    value = text(document, name)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise bad_value(name, value) from None


def reference(document: Document, name: str) -> str:
    """The `value` of a reference member, "" where absent."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        raise invalid_reference(name)
    return str(value["value"])


def needed_reference(document: Document, name: str) -> str:
    """The same; refused where absent."""
    value = reference(document, name)
    if not value:
        raise missing(name)
    return value


def objects(document: Document, name: str) -> list[Document]:
    """A member that is a list of objects, empty where absent."""
    value: Value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise bad_value(name, value)
    return [each for each in value if isinstance(each, dict)]


def inner(document: Document, name: str) -> Document:
    """A member that is an object, empty where absent."""
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_value(name, value)
    return value


def kept(document: Document, names: frozenset[str]) -> Document:
    """The members that are shown again as they were written."""
    return {name: value for name, value in document.items() if name in names and value is not None}


def refuse_unknown(document: Document, entity: str, known: frozenset[str]) -> None:
    """2010 for a member that the entity does not have."""
    for name in document:
        if name not in known:
            raise unknown_property(name, entity, known)


def unequal_amount() -> RefusedError:
    detail = (
        "Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. "
        "Supplied value:Line.Amount"
    )
    return RefusedError("6070", "Amount calculation incorrect in the request", detail, "Line.Amount")

"""QuickBooks' answers made into qbsf.model values (quickbooks.md sections 3 and 4). PURE."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from qbsf.errors import UnexpectedAnswer
from qbsf.model import Changes, Company, Deleted
from qbsf.quickbooks.shapes import CREDIT_MEMO, INVOICE, PAYMENT, SYSTEM
from qbsf.records import REPORT_IT, Json, Reader

CHANGES_LIMIT = 1000
"""Objects one change-data-capture answer can hold (quickbooks.md section 3)."""

T = TypeVar("T")


invoice, payment, credit_memo = INVOICE.of, PAYMENT.of, CREDIT_MEMO.of


def payment_link(value: Json) -> str:
    """InvoiceLink of an Invoice object that was asked for with it, "" where QuickBooks gives none."""
    return Reader.of(SYSTEM, "Invoice", value).text_or_empty("InvoiceLink")


def deleted(entity: str, value: Json) -> Deleted | None:
    """What the change feed says of a deleted object (a bare id); None for a live one."""
    record = Reader.of(SYSTEM, entity, value)
    if record.text_or_empty("status") != "Deleted":
        return None
    return Deleted(record.text("Id"), record.member("MetaData").instant_or_none("LastUpdatedTime"))


def server_time(answer: Reader) -> datetime | None:
    """The answer's `time`: a text with an offset, or milliseconds since 1970 from the gateway; None where absent."""
    value = answer.raw("time")
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000, UTC)
    return answer.instant_or_none("time")


def rows(answer: Reader, entity: str) -> list[Json]:
    """The rows of a query answer. An empty result has no member of the entity's name at all."""
    response = answer.raw("QueryResponse")
    if not isinstance(response, dict):
        raise answer.wrong("QueryResponse", "an object")
    found = response.get(entity)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Reader(answer.where, response).wrong(entity, "a list")
    return found


def changes(answer: Reader, asked_at: datetime) -> Changes:
    """A change-data-capture answer; `asked_at` is the server's Date, used where the answer tells no time."""
    objects = list(_changed_objects(answer))
    live = [(entity, value) for entity, value in objects if deleted(entity, value) is None]
    return Changes(
        server_time=server_time(answer) or asked_at,
        complete=len(objects) < CHANGES_LIMIT,
        invoices=_all(invoice, "Invoice", live),
        payments=_all(payment, "Payment", live),
        credit_memos=_all(credit_memo, "CreditMemo", live),
        deleted_invoices=_deleted("Invoice", objects),
        deleted_payments=_deleted("Payment", objects),
        deleted_credit_memos=_deleted("CreditMemo", objects),
    )


def _changed_objects(answer: Reader) -> Iterator[tuple[str, Json]]:
    """(entity, object) of every object; an entity without changes is an empty object in the list."""
    if not answer.has("CDCResponse"):
        raise answer.wrong("CDCResponse", "a list")
    for part in answer.members("CDCResponse"):
        for group in part.members("QueryResponse"):
            for entity in ("Invoice", "Payment", "CreditMemo"):
                found = group.raw(entity)
                if found is None:
                    continue
                if not isinstance(found, list):
                    raise group.wrong(entity, "a list")
                yield from ((entity, value) for value in found)


def _all(parse: Callable[[Json], T], entity: str, objects: list[tuple[str, Json]]) -> tuple[T, ...]:
    return tuple(parse(value) for name, value in objects if name == entity)


def _deleted(entity: str, objects: list[tuple[str, Json]]) -> tuple[Deleted, ...]:
    found = (deleted(entity, value) for name, value in objects if name == entity)
    return tuple(item for item in found if item is not None)


def payment_method(value: Json) -> tuple[str, str]:
    """(id, name) of a PaymentMethod."""
    record = Reader.of(SYSTEM, "PaymentMethod", value)
    return record.text("Id"), record.text("Name")


def company(preferences: Json, info: Json) -> Company:
    """The company from its Preferences and, where it was asked for (else None), its CompanyInfo."""
    currency = Reader.of(SYSTEM, "Preferences", preferences).member("CurrencyPrefs")
    about = Reader(f"{SYSTEM} CompanyInfo", {}) if info is None else Reader.of(SYSTEM, "CompanyInfo", info)
    home = currency.member("HomeCurrency").text_or_empty("value")
    if not home:
        raise UnexpectedAnswer("QuickBooks' Preferences name no home currency.", REPORT_IT)
    return Company(
        home_currency=home,
        multi_currency=currency.raw("MultiCurrencyEnabled") is True,
        name=about.text_or_empty("CompanyName"),
        country=about.text_or_empty("Country"),
    )

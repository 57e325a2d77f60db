"""QuickBooks' JSON made into qbsf.model values (quickbooks.md section 4). PURE.

Unknown members are ignored: Intuit adds them in place. What decides has to be there and right, else UnexpectedAnswer
names entity and id. Amounts keep the digits of the wire.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from qbsf.errors import UnexpectedAnswer
from qbsf.model import Changes, Company, CreditMemo, Deleted, Invoice, Payment, PaymentLine
from qbsf.records import REPORT_IT, Json, Reader
from qbsf.salesforce.ids import opportunity_ids_in

SYSTEM = "QuickBooks"
CHANGES_LIMIT = 1000
"""Objects one change-data-capture answer can hold (quickbooks.md section 3)."""

T = TypeVar("T")


def invoice(value: Json) -> Invoice:
    """An Invoice object."""
    record = Reader.of(SYSTEM, "Invoice", value)
    times = record.member("MetaData")
    note = record.text_or_empty("PrivateNote")
    number = record.text_or_empty("DocNumber")
    links = record.members("LinkedTxn")
    custom = [field.text_or_empty("StringValue") for field in record.members("CustomField")]
    return Invoice(
        id=record.text("Id"),
        number=number,
        txn_date=record.day("TxnDate"),
        total=record.decimal("TotalAmt"),
        balance=record.decimal("Balance"),
        deposit=record.decimal_or_none("Deposit") or Decimal(0),
        currency=record.member("CurrencyRef").text_or_empty("value"),
        customer=record.member("CustomerRef").text_or_empty("name"),
        voided=note.startswith("Voided"),
        payment_ids=tuple(
            dict.fromkeys(link.text("TxnId") for link in links if link.text_or_empty("TxnType") == "Payment")
        ),
        # A line end ends a word, so that no id can grow together from two texts.
        opportunity_ids=opportunity_ids_in("\n".join([number, note, *custom])),
        bill_email=bool(record.member("BillEmail").text_or_empty("Address").strip()),
        created=times.instant("CreateTime"),
        updated=times.instant("LastUpdatedTime"),
    )


def payment_link(value: Json) -> str:
    """InvoiceLink of an Invoice object that was asked for with it, "" where QuickBooks gives none."""
    return Reader.of(SYSTEM, "Invoice", value).text_or_empty("InvoiceLink")


def payment(value: Json) -> Payment:
    """A Payment object."""
    record = Reader.of(SYSTEM, "Payment", value)
    times = record.member("MetaData")
    method = record.member("PaymentMethodRef")
    card = record.member("CreditCardPayment")
    return Payment(
        id=record.text("Id"),
        txn_date=record.day("TxnDate"),
        total=record.decimal("TotalAmt"),
        unapplied=record.decimal_or_none("UnappliedAmt") or Decimal(0),
        currency=record.member("CurrencyRef").text_or_empty("value"),
        customer=record.member("CustomerRef").text_or_empty("name"),
        method_id=method.text_or_empty("value"),
        method_name=method.text_or_empty("name") or card.member("CreditChargeInfo").text_or_empty("Type"),
        reference=record.text_or_empty("PaymentRefNum")
        or card.member("CreditChargeResponse").text_or_empty("CCTransId"),
        lines=tuple(_payment_line(line) for line in record.members("Line")),
        created=times.instant("CreateTime"),
        updated=times.instant("LastUpdatedTime"),
    )


def _payment_line(line: Reader) -> PaymentLine:
    links = line.members("LinkedTxn")
    amount = line.decimal("Amount")
    if len(links) != 1:
        return PaymentLine(amount, "", "")
    return PaymentLine(amount, links[0].text("TxnType"), links[0].text("TxnId"))


def credit_memo(value: Json) -> CreditMemo:
    """A CreditMemo object, of which only id and time matter."""
    record = Reader.of(SYSTEM, "CreditMemo", value)
    return CreditMemo(record.text("Id"), record.member("MetaData").instant("LastUpdatedTime"))


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

"""How the objects that a pass reads by the thousand are made from what QuickBooks sends. PURE.

Unknown members are ignored: Intuit adds them in place. What decides has to be there and right, else UnexpectedAnswer
names entity and id. Amounts keep the digits of the wire.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

import msgspec

from qbsf.answers import one_line
from qbsf.errors import UnexpectedAnswer
from qbsf.model import CreditMemo, Invoice, Payment, PaymentLine
from qbsf.quickbooks import wire
from qbsf.quickbooks.wire import NO_REF, NO_TIMES, WrongMember, amount, amount_or_zero, text
from qbsf.records import REPORT_IT, Json, Reader, day_of, instant_of, kind_of, wrong_member
from qbsf.salesforce.ids import opportunity_ids_in

SYSTEM = "QuickBooks"

W = TypeVar("W")
R = TypeVar("R")


class _Page(Protocol[W]):
    rows: list[W] | None


class Shape(Generic[W, R]):
    """One entity: `sent` as it is sent, alone and by the page; `build` makes a record of it."""

    def __init__(self, entity: str, sent: type[W], page: type[_Page[W]], build: Callable[[W], R]) -> None:
        self.entity = entity
        self._sent = sent
        self._build = build
        self._page = msgspec.json.Decoder(page, float_hook=Decimal)

    def of(self, value: Json) -> R:
        """The record of one object. Raises UnexpectedAnswer."""
        reader = Reader.of(SYSTEM, self.entity, value)
        try:
            return self._build(msgspec.convert(value, self._sent))
        except WrongMember as wrong:
            found = "nothing" if wrong.found is None else kind_of(wrong.found)
            raise wrong_member(reader.where, found, wrong.member, wrong.expected) from None
        except msgspec.ValidationError as error:
            raise UnexpectedAnswer(
                f"{reader.where} is not as it should be: {one_line(str(error))}.", REPORT_IT
            ) from None

    def page(self, response: msgspec.Raw) -> list[R] | None:
        """The records of a query's answer, from its QueryResponse; None where something about it is wrong: `of` tells
        what.
        """
        try:
            return [self._build(row) for row in self._page.decode(response).rows or ()]
        except (ValueError, msgspec.DecodeError):
            return None


def _invoice(sent: wire.Invoice) -> Invoice:
    note, number = sent.private_note or "", sent.doc_number or ""
    links = sent.linked_txn or ()
    custom = [field.string_value or "" for field in sent.custom_field or ()]
    times = sent.meta_data or NO_TIMES
    return Invoice(
        id=text(sent.id, "Id"),
        number=number,
        txn_date=_day(sent.txn_date, "TxnDate"),
        total=amount(sent.total_amt, "TotalAmt"),
        balance=amount(sent.balance, "Balance"),
        deposit=amount_or_zero(sent.deposit, "Deposit"),
        currency=(sent.currency_ref or NO_REF).value or "",
        customer=(sent.customer_ref or NO_REF).name or "",
        voided=note.startswith("Voided"),
        payment_ids=tuple(
            dict.fromkeys([text(link.txn_id, "LinkedTxn TxnId") for link in links if link.txn_type == "Payment"])
        ),
        # A line end ends a word, so that no id can grow together from two texts.
        opportunity_ids=opportunity_ids_in("\n".join([number, note, *custom])),
        bill_email=bool(sent.bill_email and (sent.bill_email.address or "").strip()),
        created=_instant(times.create_time, "MetaData CreateTime"),
        updated=_instant(times.last_updated_time, "MetaData LastUpdatedTime"),
    )


def _payment(sent: wire.Payment) -> Payment:
    times = sent.meta_data or NO_TIMES
    method = sent.payment_method_ref or NO_REF
    card = sent.credit_card_payment or wire.CardPayment()
    charge, response = card.credit_charge_info, card.credit_charge_response
    return Payment(
        id=text(sent.id, "Id"),
        txn_date=_day(sent.txn_date, "TxnDate"),
        total=amount(sent.total_amt, "TotalAmt"),
        unapplied=amount_or_zero(sent.unapplied_amt, "UnappliedAmt"),
        currency=(sent.currency_ref or NO_REF).value or "",
        customer=(sent.customer_ref or NO_REF).name or "",
        method_id=method.value or "",
        method_name=method.name or (charge and charge.type) or "",
        reference=sent.payment_ref_num or (response and response.trans_id) or "",
        lines=tuple([_line(line) for line in sent.line or ()]),
        created=_instant(times.create_time, "MetaData CreateTime"),
        updated=_instant(times.last_updated_time, "MetaData LastUpdatedTime"),
    )


def _line(sent: wire.Line) -> PaymentLine:
    links = sent.linked_txn or ()
    value = amount(sent.amount, "Line Amount")
    if len(links) != 1:
        return PaymentLine(value, "", "")
    return PaymentLine(value, text(links[0].txn_type, "Line TxnType"), text(links[0].txn_id, "Line TxnId"))


def _credit_memo(sent: wire.CreditMemo) -> CreditMemo:
    times = sent.meta_data or NO_TIMES
    return CreditMemo(text(sent.id, "Id"), _instant(times.last_updated_time, "MetaData LastUpdatedTime"))


def _day(value: str, member: str) -> date:
    day = day_of(value)
    if day is None:
        raise WrongMember(member, "a date", value)
    return day


def _instant(value: str | None, member: str) -> datetime:
    instant = None if value is None else instant_of(value)
    if instant is None:
        raise WrongMember(member, "a time with its offset", value)
    return instant


INVOICE = Shape("Invoice", wire.Invoice, wire.InvoicePage, _invoice)
PAYMENT = Shape("Payment", wire.Payment, wire.PaymentPage, _payment)
CREDIT_MEMO = Shape("CreditMemo", wire.CreditMemo, wire.CreditMemoPage, _credit_memo)
"""Of which only id and time matter."""

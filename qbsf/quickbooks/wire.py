"""Invoice, Payment and CreditMemo as QuickBooks writes them, reduced to the members that are looked at
(quickbooks.md section 4). PURE.

A page of a thousand is decoded straight into these: nothing is made of the members that nobody asks for. Amounts are
declared as `object`, for a text is no amount: `amount` takes them.
"""

from decimal import Decimal

import msgspec


class WrongMember(ValueError):
    """A member that is not as it has to be: it holds `found`."""

    def __init__(self, member: str, expected: str, found: object) -> None:
        super().__init__(member)
        self.member = member
        self.expected = expected
        self.found = found


class Ref(msgspec.Struct):
    """A reference to another record."""

    value: str | None = None
    name: str | None = None


class Times(msgspec.Struct, rename="pascal"):
    """MetaData."""

    create_time: str | None = None
    last_updated_time: str | None = None


class Link(msgspec.Struct, rename="pascal"):
    """A link to another transaction."""

    txn_id: str | None = None
    txn_type: str | None = None


class CustomField(msgspec.Struct, rename="pascal"):
    string_value: str | None = None


class Email(msgspec.Struct, rename="pascal"):
    address: str | None = None


class Invoice(msgspec.Struct, rename="pascal"):
    id: str
    txn_date: str
    doc_number: str | None = None
    private_note: str | None = None
    total_amt: object = None
    balance: object = None
    deposit: object = None
    currency_ref: Ref | None = None
    customer_ref: Ref | None = None
    linked_txn: list[Link] | None = None
    custom_field: list[CustomField] | None = None
    bill_email: Email | None = None
    meta_data: Times | None = None


class InvoicePage(msgspec.Struct):
    """QueryResponse of a query for invoices. An empty one has no member of the entity's name at all."""

    rows: list[Invoice] | None = msgspec.field(default=None, name="Invoice")


class Line(msgspec.Struct, rename="pascal"):
    amount: object = None
    linked_txn: list[Link] | None = None


class ChargeInfo(msgspec.Struct, rename="pascal"):
    type: str | None = None


class ChargeResponse(msgspec.Struct):
    trans_id: str | None = msgspec.field(default=None, name="CCTransId")


class CardPayment(msgspec.Struct, rename="pascal"):
    credit_charge_info: ChargeInfo | None = None
    credit_charge_response: ChargeResponse | None = None


class Payment(msgspec.Struct, rename="pascal"):
    id: str
    txn_date: str
    total_amt: object = None
    unapplied_amt: object = None
    currency_ref: Ref | None = None
    customer_ref: Ref | None = None
    payment_method_ref: Ref | None = None
    payment_ref_num: str | None = None
    credit_card_payment: CardPayment | None = None
    line: list[Line] | None = None
    meta_data: Times | None = None


class PaymentPage(msgspec.Struct):
    rows: list[Payment] | None = msgspec.field(default=None, name="Payment")


class CreditMemo(msgspec.Struct, rename="pascal"):
    id: str
    meta_data: Times | None = None


class CreditMemoPage(msgspec.Struct):
    rows: list[CreditMemo] | None = msgspec.field(default=None, name="CreditMemo")


NO_REF, NO_TIMES = Ref(), Times()


def amount(value: object, member: str) -> Decimal:
    """An amount that has to be there, with the digits of the wire. Raises WrongMember."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    raise WrongMember(member, "a number", value)


def amount_or_zero(value: object, member: str) -> Decimal:
    """An amount, 0 where absent or null. Raises WrongMember."""
    return Decimal(0) if value is None else amount(value, member)


def text(value: str | None, member: str) -> str:
    """A text that has to be there and not be empty. Raises WrongMember."""
    if not value:
        raise WrongMember(member, "a text", value)
    return value

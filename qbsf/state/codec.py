"""Records of both systems as the JSON texts that the state keeps.

A cached body holds the members that matter and no others, so that two bodies are equal exactly when nothing that
decides has changed: never SyncToken, LastUpdatedTime or SystemModstamp (rules.md section 7).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern

import msgspec

from qbsf.model import FieldValue, Invoice, Opportunity, Payment, PaymentLine

_DATE = "date:"
_MONEY = "money:"
_TEXT = "text:"

JsonValue = str | bool | int | None


def encode_value(value: FieldValue) -> JsonValue:
    """A field value as JSON that tells its type: money and dates and texts are marked."""
    if value is None:
        return None
    if isinstance(value, str):
        return _TEXT + value
    if isinstance(value, Decimal):
        return f"{_MONEY}{value.normalize():f}"
    if isinstance(value, date):
        return f"{_DATE}{value.isoformat()}"
    return value


def decode_value(value: JsonValue) -> FieldValue:
    """The inverse of encode_value."""
    if not isinstance(value, str):
        return value
    if value.startswith(_MONEY):
        return Decimal(value.removeprefix(_MONEY))
    if value.startswith(_DATE):
        return date.fromisoformat(value.removeprefix(_DATE))
    return value.removeprefix(_TEXT)


def encode_fields(fields: Mapping[str, FieldValue]) -> dict[str, JsonValue]:
    return {name: encode_value(value) for name, value in fields.items()}


def decode_fields(fields: Mapping[str, JsonValue]) -> dict[str, FieldValue]:
    return {name: decode_value(value) for name, value in fields.items()}


_CANONICAL = msgspec.json.Encoder(order="sorted")
_COMPACT = msgspec.json.Encoder()


def dump(value: object) -> str:
    """JSON in one canonical form, so that equal values are equal texts."""
    return _CANONICAL.encode(value).decode()


def pack(value: object) -> str:
    """JSON of lists, and of objects whose members always come in one order: equal values are equal texts, quicker."""
    return _COMPACT.encode(value).decode()


@lru_cache(maxsize=4096)
def instant(moment: datetime) -> str:
    """An instant as a sortable text in UTC."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")


_INVOICE = msgspec.json.Decoder(
    tuple[
        str,
        str,
        date,
        Decimal,
        Decimal,
        Decimal,
        str,
        str,
        bool,
        tuple[str, ...],
        tuple[str, ...],
        bool,
        datetime,
    ]
)


def encode_invoice(invoice: Invoice) -> str:
    return pack(
        [
            invoice.id,
            invoice.number,
            invoice.txn_date,
            invoice.total,
            invoice.balance,
            invoice.deposit,
            invoice.currency,
            invoice.customer,
            invoice.voided,
            sorted(invoice.payment_ids),
            sorted(invoice.opportunity_ids),
            invoice.bill_email,
            invoice.created.isoformat(),
        ]
    )


def decode_invoice(body: str) -> Invoice:
    (
        invoice_id,
        number,
        txn_date,
        total,
        balance,
        deposit,
        currency,
        customer,
        voided,
        payment_ids,
        opportunity_ids,
        bill_email,
        created,
    ) = _INVOICE.decode(body)
    return Invoice(
        id=invoice_id,
        number=number,
        txn_date=txn_date,
        total=total,
        balance=balance,
        deposit=deposit,
        currency=currency,
        customer=customer,
        voided=voided,
        payment_ids=payment_ids,
        opportunity_ids=opportunity_ids,
        bill_email=bill_email,
        created=created,
        updated=created,
    )


_PAYMENT = msgspec.json.Decoder(
    tuple[str, date, Decimal, Decimal, str, str, str, str, str, tuple[tuple[Decimal, str, str], ...], datetime]
)


def encode_payment(payment: Payment) -> str:
    return pack(
        [
            payment.id,
            payment.txn_date,
            payment.total,
            payment.unapplied,
            payment.currency,
            payment.customer,
            payment.method_id,
            payment.method_name,
            payment.reference,
            [(line.amount, line.txn_type, line.txn_id) for line in payment.lines],
            payment.created.isoformat(),
        ]
    )


def decode_payment(body: str) -> Payment:
    (
        payment_id,
        txn_date,
        total,
        unapplied,
        currency,
        customer,
        method_id,
        method_name,
        reference,
        lines,
        created,
    ) = _PAYMENT.decode(body)
    return Payment(
        id=payment_id,
        txn_date=txn_date,
        total=total,
        unapplied=unapplied,
        currency=currency,
        customer=customer,
        method_id=method_id,
        method_name=method_name,
        reference=reference,
        lines=tuple(PaymentLine(amount, txn_type, txn_id) for amount, txn_type, txn_id in lines),
        created=created,
        updated=created,
    )


_OPPORTUNITY = msgspec.json.Decoder(
    tuple[str, str, str, bool, bool, str | None, str | None, str, str, str, str, dict[str, JsonValue]]
)


def encode_opportunity(opportunity: Opportunity) -> str:
    return dump(
        [
            opportunity.id,
            opportunity.name,
            opportunity.stage,
            opportunity.is_closed,
            opportunity.is_won,
            encode_value(opportunity.amount),
            encode_value(opportunity.close_date),
            opportunity.currency,
            opportunity.account_id,
            opportunity.account_name,
            opportunity.record_type,
            encode_fields(opportunity.fields),
        ]
    )


def decode_opportunity(body: str, modified_by: str, modified_by_id: str, modstamp: str) -> Opportunity:
    """`modstamp` and who changed it stand beside the body: they move without anything having changed."""
    (
        opportunity_id,
        name,
        stage,
        is_closed,
        is_won,
        amount,
        close_date,
        currency,
        account_id,
        account_name,
        record_type,
        fields,
    ) = _OPPORTUNITY.decode(body)
    decoded_amount = decode_value(amount)
    decoded_date = decode_value(close_date)
    return Opportunity(
        id=intern(opportunity_id),
        name=name,
        stage=stage,
        is_closed=is_closed,
        is_won=is_won,
        amount=decoded_amount if isinstance(decoded_amount, Decimal) else None,
        close_date=decoded_date if isinstance(decoded_date, date) else None,
        currency=currency,
        account_id=account_id,
        account_name=account_name,
        record_type=record_type,
        fields=decode_fields(fields),
        modified_by=modified_by,
        modified_by_id=modified_by_id,
        system_modstamp=datetime.fromisoformat(modstamp),
    )

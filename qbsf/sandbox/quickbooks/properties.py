"""What may be asked of which entity: the filterable and sortable properties (quickbooks.md section 2, D6 and D7)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from qbsf.sandbox.quickbooks.company import LIST_ENTITIES
from qbsf.sandbox.quickbooks.records import Entry, Invoice, LedgerEntry, Payment, Record, Transaction

Kind = Literal["id", "text", "money", "date", "instant", "flag"]
Comparable = str | Decimal | date | datetime | bool


@dataclass(frozen=True)
class Property:
    name: str
    kind: Kind
    read: Callable[[Record], Comparable | None]
    sortable: bool = True


def _txn(read: Callable[[Transaction], Comparable | None]) -> Callable[[Record], Comparable | None]:
    return lambda record: read(record) if isinstance(record, Transaction) else None


def _entry(read: Callable[[Entry], Comparable | None]) -> Callable[[Record], Comparable | None]:
    return lambda record: read(record) if isinstance(record, Entry) else None


def _member(name: str) -> Callable[[Record], Comparable | None]:
    def read(record: Record) -> Comparable | None:
        value = record.members.get(name) if isinstance(record, Entry | Transaction) else None
        if isinstance(value, dict):
            value = value.get("value")
        return value if isinstance(value, str | bool | Decimal) else None

    return read


_COMMON = (
    Property("Id", "id", lambda record: record.id),
    Property("MetaData.CreateTime", "instant", lambda record: record.created),
    Property("MetaData.LastUpdatedTime", "instant", lambda record: record.updated),
)
_TRANSACTION = (
    *_COMMON,
    Property("DocNumber", "text", _txn(lambda txn: txn.number)),
    Property("TxnDate", "date", _txn(lambda txn: txn.txn_date)),
    Property("TotalAmt", "money", _txn(lambda txn: txn.total)),
    Property("CustomerRef", "text", _txn(lambda txn: txn.customer), sortable=False),
    Property("ProjectRef", "text", _member("ProjectRef"), sortable=False),
)
_INVOICE = (
    *_TRANSACTION,
    Property("Balance", "money", _txn(lambda txn: txn.open)),
    Property("DueDate", "date", lambda record: record.due_date if isinstance(record, Invoice) else None),
    Property("SalesTermRef", "text", _member("SalesTermRef"), sortable=False),
)
_PAYMENT = (
    *(each for each in _TRANSACTION if each.name != "DocNumber"),
    Property("PaymentRefNum", "text", lambda record: record.reference if isinstance(record, Payment) else None),
)
_PURCHASE = (
    *_TRANSACTION,
    Property(
        "PaymentType",
        "text",
        lambda record: record.members.get("PaymentType") if isinstance(record, LedgerEntry) else None,  # type: ignore[arg-type,return-value]
    ),
)
_LIST = (*_COMMON, Property("Active", "flag", _entry(lambda entry: entry.active)))
_NAMED = (*_LIST, Property("Name", "text", _entry(lambda entry: entry.name)))
_PERSON = (
    *_LIST,
    Property("DisplayName", "text", _entry(lambda entry: entry.name)),
    *(Property(name, "text", _member(name)) for name in ("CompanyName", "GivenName", "FamilyName", "ParentRef")),
)

EMPTY_ENTITIES = frozenset(
    {
        "Bill",
        "BillPayment",
        "Budget",
        "Estimate",
        "ExchangeRate",
        "PurchaseOrder",
        "RefundReceipt",
        "SalesReceipt",
        "TaxAgency",
        "TimeActivity",
        "Transfer",
        "VendorCredit",
    }
)
"""Entities that exist in QuickBooks and of which a sandbox company has no rows."""
SINGLES = frozenset({"CompanyInfo", "Preferences"})

_BY_ENTITY: dict[str, tuple[Property, ...]] = {
    "Invoice": _INVOICE,
    "Payment": _PAYMENT,
    "CreditMemo": (*_TRANSACTION, Property("Balance", "money", _txn(lambda txn: txn.open))),
    "JournalEntry": _TRANSACTION,
    "Deposit": _TRANSACTION,
    "Purchase": _PURCHASE,
    **dict.fromkeys(LIST_ENTITIES, _NAMED),
    **dict.fromkeys(("Customer", "Vendor", "Employee"), _PERSON),
    "Item": (*_NAMED, Property("Type", "text", _member("Type")), Property("Sku", "text", _member("Sku"))),
    "Account": (*_NAMED, Property("AccountType", "text", _member("AccountType"))),
    **dict.fromkeys(EMPTY_ENTITIES, _TRANSACTION),
    **dict.fromkeys(SINGLES, _COMMON),
}
ENTITIES = {name.casefold(): name for name in _BY_ENTITY}
"""Spelling of every entity, by its name in lower case."""

_PROPERTIES = {entity: {each.name.casefold(): each for each in properties} for entity, properties in _BY_ENTITY.items()}

KNOWN_BUT_CLOSED: dict[str, frozenset[str]] = {
    "Invoice": frozenset(
        {
            "customfield",
            "privatenote",
            "linkedtxn",
            "line",
            "emailstatus",
            "currencyref",
            "customermemo",
            "deposit",
            "billemail",
        }
    ),
    "Payment": frozenset({"paymentmethodref", "unappliedamt", "linkedtxn", "line", "privatenote", "currencyref"}),
}
"""Members that exist and may not be asked by."""


def find(entity: str, name: str) -> Property | None:
    """The queryable property of an entity, any case."""
    return _PROPERTIES[entity].get(name.casefold())

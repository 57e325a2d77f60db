"""The company's records as the simulation keeps them. Money is Decimal, times are UTC with whole seconds."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Value = None | bool | int | Decimal | str | list["Value"] | dict[str, "Value"]
"""A JSON value whose fractions are Decimals."""
Document = dict[str, Value]

ZERO = Decimal("0.00")
Side = Literal["paid", "credit"]
"""What a transaction is on a payment: settled by it, or settling with it."""
PURCHASE_KINDS = frozenset({"Expense", "Check", "CreditCardCredit"})


@dataclass(slots=True, kw_only=True)
class Record:
    id: str
    created: datetime
    updated: datetime
    sync_token: int = 0
    visible_at: datetime | None = None
    """Until then, changes by this record's last update are missing from queries and the change feed."""


@dataclass(slots=True, kw_only=True)
class Entry(Record):
    """A row of a list: Customer, Item, PaymentMethod, Account, ..."""

    entity: str
    name: str
    active: bool = True
    members: Document = field(default_factory=dict)
    """Everything else, as JSON shows it."""


@dataclass(slots=True, kw_only=True)
class Transaction(Record):
    customer: str
    """Customer id, "" for none."""
    txn_date: date
    number: str = ""
    currency: str
    exchange_rate: Decimal = Decimal(1)
    """Home units for one foreign unit."""
    private_note: str = ""
    total: Decimal = ZERO
    links: dict[str, Decimal] = field(default_factory=dict)
    """What each payment, by its id, links to this transaction."""
    members: Document = field(default_factory=dict)
    """Members that decide nothing here, shown as they were written."""

    @property
    def open(self) -> Decimal:
        """What is left to be settled (or to settle with)."""
        return self.total - sum(self.links.values(), ZERO)


@dataclass(slots=True, kw_only=True)
class SalesLine:
    amount: Decimal
    detail_type: str = "SalesItemLineDetail"
    description: str = ""
    detail: Document = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SalesForm(Transaction):
    """What an invoice and a credit memo have in common."""

    lines: list[SalesLine] = field(default_factory=list)
    tax: Decimal = ZERO
    custom_fields: dict[str, str] = field(default_factory=dict)
    """Values by DefinitionId; the blank ones are left out."""
    bill_email: str = ""


@dataclass(slots=True, kw_only=True)
class Invoice(SalesForm):
    due_date: date
    deposit: Decimal = ZERO
    shown_balance: Decimal | None = None
    """A balance of an earlier moment that the next `shown_reads` reads still show."""
    shown_reads: int = 0
    last_balance: Decimal = ZERO
    """The balance before its last change."""

    @property
    def open(self) -> Decimal:
        return self.total - self.deposit - sum(self.links.values(), ZERO)


@dataclass(slots=True, kw_only=True)
class CreditMemo(SalesForm):
    """Its `open` is RemainingCredit."""


@dataclass(slots=True, kw_only=True)
class LedgerEntry(Transaction):
    """Another transaction that a payment can link: a journal entry, a deposit or a purchase."""

    kind: str
    """TxnType on a payment line: JournalEntry, Deposit, Expense, Check or CreditCardCredit."""
    side: Side


@dataclass(slots=True)
class PaymentLine:
    amount: Decimal
    txn_type: str
    txn_id: str


@dataclass(slots=True, kw_only=True)
class Payment(Transaction):
    """Money received. `links` stays empty: a payment links others, by its lines."""

    lines: list[PaymentLine] = field(default_factory=list)
    unapplied: Decimal = ZERO
    method: str = ""
    """PaymentMethod id, "" for none."""
    reference: str = ""
    card_type: str = ""
    card_transaction: str = ""
    deposited: bool = False
    """It stands in a bank deposit: QuickBooks refuses further edits (6540)."""


@dataclass(frozen=True, slots=True)
class Deletion:
    id: str
    updated: datetime
    visible_at: datetime | None = None

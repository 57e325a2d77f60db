"""The records of both systems as frozen values, reduced to the members that decide something.

Money is `Decimal` in the transaction's own currency; TxnDate is a plain date; instants are aware datetimes.
QuickBooks ids are texts of digits; Salesforce ids are always the 18-character form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

FieldValue = str | bool | int | Decimal | date | None
"""What an Opportunity field can hold: currency and number as Decimal, date as date, everything else as text."""


@dataclass(frozen=True)
class Invoice:
    """An Invoice as QuickBooks shows it (shared/reference/quickbooks.md section 4)."""

    id: str
    number: str
    """DocNumber, "" where absent."""
    txn_date: date
    total: Decimal
    balance: Decimal
    deposit: Decimal
    """Paid on the invoice itself, without a Payment object."""
    currency: str
    """CurrencyRef, "" where absent: the company's home currency."""
    customer: str
    voided: bool
    """The private note begins with "Voided"; only with total and balance 0 does that mean it is."""
    payment_ids: tuple[str, ...]
    """LinkedTxn of type Payment."""
    opportunity_ids: tuple[str, ...]
    """Opportunity ids (18 characters) that stand as whole words in DocNumber, private note or a custom field."""
    bill_email: bool
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class PaymentLine:
    """One link of a Payment; the amount is always positive, the side is told by the type."""

    amount: Decimal
    txn_type: str
    """Invoice, CreditMemo, JournalEntry, ...; "" where the line has not exactly one link."""
    txn_id: str


@dataclass(frozen=True)
class Payment:
    """A Payment as QuickBooks shows it."""

    id: str
    txn_date: date
    total: Decimal
    unapplied: Decimal
    currency: str
    """CurrencyRef, "" where absent: the company's home currency."""
    customer: str
    method_id: str
    """PaymentMethodRef.value, "" where absent."""
    method_name: str
    """PaymentMethodRef.name where it is given, else the card type of CreditCardPayment, else ""."""
    reference: str
    """PaymentRefNum, else CreditCardPayment's CCTransId, else ""."""
    lines: tuple[PaymentLine, ...]
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class CreditMemo:
    """Only which one changed matters: the payments that applied it are then read again."""

    id: str
    updated: datetime


@dataclass(frozen=True)
class Deleted:
    """A bare id in the change feed: QuickBooks deleted the record."""

    id: str
    updated: datetime | None


Tracked = Literal["Invoice", "Payment", "CreditMemo"]
"""What a pass follows in the change feed."""
TRACKED: tuple[Tracked, ...] = ("Invoice", "Payment", "CreditMemo")


@dataclass(frozen=True)
class Changes:
    """One change-data-capture answer. `complete` is False where it was as long as an answer can be (1000 objects):
    then deletions, which come last, may be missing.
    """

    server_time: datetime
    complete: bool
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    credit_memos: tuple[CreditMemo, ...] = ()
    deleted_invoices: tuple[Deleted, ...] = ()
    deleted_payments: tuple[Deleted, ...] = ()
    deleted_credit_memos: tuple[Deleted, ...] = ()

    def of(self, kind: Tracked) -> Sequence[Invoice | Payment | CreditMemo]:
        """The records of a kind that were not deleted."""
        live: dict[Tracked, Sequence[Invoice | Payment | CreditMemo]] = {
            "Invoice": self.invoices,
            "Payment": self.payments,
            "CreditMemo": self.credit_memos,
        }
        return live[kind]

    def count(self, kind: Tracked) -> int:
        """How many objects of a kind the answer holds, deleted ones too."""
        deleted = {
            "Invoice": self.deleted_invoices,
            "Payment": self.deleted_payments,
            "CreditMemo": self.deleted_credit_memos,
        }
        return len(self.of(kind)) + len(deleted[kind])


@dataclass(frozen=True)
class Company:
    """What a pass has to know of the QuickBooks company (Preferences, CompanyInfo)."""

    home_currency: str
    multi_currency: bool
    name: str = ""
    country: str = ""


@dataclass(frozen=True)
class Opportunity:
    """An Opportunity row, reduced to what the configuration names. `fields` holds the configured API names."""

    id: str
    name: str
    stage: str
    is_closed: bool
    is_won: bool
    amount: Decimal | None
    close_date: date | None
    currency: str
    """CurrencyIsoCode, "" in an org with a single currency."""
    account_id: str
    account_name: str
    record_type: str
    """DeveloperName, "" where not asked for or none."""
    fields: dict[str, FieldValue]
    modified_by: str
    """Name of who changed it last."""
    modified_by_id: str
    system_modstamp: datetime

    @property
    def is_lost(self) -> bool:
        return self.is_closed and not self.is_won


@dataclass(frozen=True)
class Stage:
    """A row of OpportunityStage."""

    label: str
    api_name: str
    is_active: bool
    is_closed: bool
    is_won: bool


@dataclass(frozen=True)
class FieldInfo:
    """What describe says of an Opportunity field."""

    name: str
    type: str
    """string, textarea, currency, double, date, picklist, ..."""
    length: int
    scale: int
    precision: int
    updateable: bool
    filterable: bool
    unique: bool


@dataclass(frozen=True)
class Organization:
    """Which org this is: `is_production` is False for sandboxes and Developer Editions."""

    id: str
    name: str
    is_sandbox: bool
    is_developer_edition: bool

    @property
    def is_production(self) -> bool:
        return not self.is_sandbox and not self.is_developer_edition


@dataclass(frozen=True)
class OrgSettings:
    """What rarely changes in an org."""

    fields: dict[str, FieldInfo]
    """What describe says of every Opportunity field, by API name."""
    stages: tuple[Stage, ...]
    organization: Organization


@dataclass(frozen=True)
class OpportunityUpdate:
    """What one record of a Collections PATCH carries: only the fields that differ."""

    opportunity_id: str
    account_id: str
    changes: dict[str, FieldValue]


@dataclass(frozen=True)
class UpdateResult:
    """Salesforce's verdict on one record: an empty code is success."""

    opportunity_id: str
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.code


Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True)
class Page(Generic[Row_co]):
    """Changed QuickBooks records in the order it last updated them, and its clock when it answered."""

    server_time: datetime
    rows: tuple[Row_co, ...]


@dataclass(frozen=True)
class OpportunityPage:
    """Rows of one SOQL page, and Salesforce's clock (the Date header) when it answered."""

    server_time: datetime
    rows: tuple[Opportunity, ...]
    total: int
    """How many rows the whole query has."""

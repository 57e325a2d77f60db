"""One QuickBooks company: its settings, its tables, and what a new company starts with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import cast

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.quickbooks.records import (
    CreditMemo,
    Deletion,
    Document,
    Entry,
    Invoice,
    LedgerEntry,
    Payment,
    Record,
    Transaction,
)
from qbsf.sandbox.quickbooks.tables import Table

LIST_ENTITIES = (
    "Customer",
    "Vendor",
    "Employee",
    "Item",
    "PaymentMethod",
    "Account",
    "Term",
    "TaxCode",
    "TaxRate",
    "Class",
    "Department",
    "CompanyCurrency",
)
NAMED_TOGETHER = ("Customer", "Vendor", "Employee")
"""Their DisplayNames are unique over all three (quickbooks.md section 6)."""
LEDGER_ENTITIES = {
    "JournalEntry": "JournalEntry",
    "Deposit": "Deposit",
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
}
"""The entity in which a payment line's TxnType is kept."""
CURRENCY_NAMES = {
    "USD": "United States Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
    "CHF": "Swiss Franc",
    "JPY": "Japanese Yen",
}
RECEIVABLE, UNDEPOSITED, CHECKING, INCOME = "84", "4", "35", "79"


@dataclass
class CompanySettings:
    """What differs between companies; may be changed while the sandbox runs."""

    realm_id: str = "9341453908059624"
    name: str = "Sandbox Company"
    country: str = "US"
    home_currency: str = "USD"
    multi_currency: bool = False
    show_currency: bool = True
    """Whether records carry CurrencyRef; with multi_currency they always do."""
    custom_txn_numbers: bool = False
    """DocNumber stays empty where it is not given."""
    allow_deposit: bool = False
    auto_apply_credits: bool = False
    quickbooks_payments: bool = False
    """The company takes payments online, so that invoices can have an InvoiceLink."""
    throttled: bool = False
    """Enforces 500 requests a minute and 10 a second."""
    builder_allowance: int | None = None
    """CorePlus requests a month after which the rest is refused (429); None does not count."""
    custom_field_names: list[str] = field(default_factory=lambda: ["Crew #"])
    """At most three, their position is their DefinitionId."""


class Company:
    """The books. Whoever reads or changes them does it inside `moment`."""

    def __init__(self, clock: SandboxClock, settings: CompanySettings) -> None:
        self.clock = clock
        self.settings = settings
        self._lock = RLock()
        self._moment: datetime | None = None
        self.invoices: Table[Invoice] = Table(lambda invoice: invoice.number)
        self.payments: Table[Payment] = Table(lambda payment: payment.reference)
        self.credit_memos: Table[CreditMemo] = Table(lambda memo: memo.number)
        self.ledger_entries: dict[str, Table[LedgerEntry]] = {
            entity: Table(lambda entry: entry.number) for entity in ("JournalEntry", "Deposit", "Purchase")
        }
        self.lists: dict[str, Table[Entry]] = {entity: Table(lambda entry: entry.name) for entity in LIST_ENTITIES}
        self.created = self.now()
        self.late_seconds = 0.0
        self._late_turn = False
        self._late_turn_taken = False
        self._last_txn_id = 0
        self._last_list_ids = dict.fromkeys(LIST_ENTITIES, 0)
        self._last_number = 1000
        _furnish(self)

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Hold the company's lock; what happens inside happens at one time."""
        with self._lock:
            outer = self._moment
            self._moment = outer or self.clock.now()
            if outer is None:
                self._late_turn_taken = False
            try:
                yield
            finally:
                self._moment = outer

    def exact_now(self) -> datetime:
        """The servers' time."""
        return self._moment or self.clock.now()

    def now(self) -> datetime:
        """The servers' time as MetaData keeps it: whole seconds."""
        return self.exact_now().replace(microsecond=0)

    # -- ids and numbers ------------------------------------------------------------------------------------------

    def next_txn_id(self) -> str:
        """All transactions share one sequence of ids."""
        self._last_txn_id += 1
        return str(self._last_txn_id)

    def claim_txn_id(self, wanted: str) -> str:
        """A certain id, for a world that needs it; later ones follow it."""
        if not wanted.isdecimal() or self._is_taken(wanted):
            raise ValueError(f"the transaction id {wanted!r} is no free number")
        self._last_txn_id = max(self._last_txn_id, int(wanted))
        return wanted

    def _is_taken(self, txn_id: str) -> bool:
        tables = [self.table(entity) for entity in ("Invoice", "Payment", "CreditMemo", *self.ledger_entries)]
        return any(txn_id in table or txn_id in table.deleted for table in tables)

    def next_number(self) -> str:
        """The next free DocNumber of the company's own numbering."""
        while True:
            self._last_number += 1
            if not self.invoices.by_key(str(self._last_number)):
                return str(self._last_number)

    # -- changes --------------------------------------------------------------------------------------------------

    def touch(self, record: Record) -> None:
        """Note that a record has just changed."""
        now, visible_at = self.now(), self._visible_at()
        match record:
            case Invoice():
                self.invoices.touch(record, now, visible_at)
            case Payment():
                self.payments.touch(record, now, visible_at)
            case CreditMemo():
                self.credit_memos.touch(record, now, visible_at)
            case LedgerEntry():
                self.ledger_entries[LEDGER_ENTITIES[record.kind]].touch(record, now, visible_at)
            case Entry():
                self.lists[record.entity].touch(record, now, visible_at)
            case _:
                raise TypeError(f"no table holds a {type(record).__name__}")

    def deletion(self, record: Record) -> Deletion:
        return Deletion(record.id, self.now(), self._visible_at())

    def _visible_at(self) -> datetime | None:
        """With late visibility, every other change comes late, with all the records that it touches."""
        if not self.late_seconds:
            return None
        if not self._late_turn_taken:
            self._late_turn, self._late_turn_taken = not self._late_turn, True
        return self.exact_now() + timedelta(seconds=self.late_seconds) if self._late_turn else None

    # -- look-ups -------------------------------------------------------------------------------------------------

    def table(self, entity: str) -> Table[Record]:
        """The table of an entity that has one; to be read only."""
        tables: dict[str, object] = {
            "Invoice": self.invoices,
            "Payment": self.payments,
            "CreditMemo": self.credit_memos,
            **self.ledger_entries,
            **self.lists,
        }
        return cast("Table[Record]", tables[entity])

    def entry(self, entity: str, entry_id: str) -> Entry | None:
        return self.lists[entity].get(entry_id)

    def linked(self, txn_type: str, txn_id: str) -> Transaction | None:
        """The transaction that a payment line names."""
        if txn_type == "Invoice":
            return self.invoices.get(txn_id)
        if txn_type == "CreditMemo":
            return self.credit_memos.get(txn_id)
        entity = LEDGER_ENTITIES.get(txn_type)
        found = self.ledger_entries[entity].get(txn_id) if entity else None
        return found if found is None or found.kind == txn_type else None

    def name_is_taken(self, name: str, but: Entry | None = None) -> bool:
        """Whether any (other) customer, vendor or employee, inactive ones too, has this DisplayName."""
        return any(entry is not but for entity in NAMED_TOGETHER for entry in self.lists[entity].by_key(name))

    def add_entry(
        self, entity: str, name: str, members: Document | None = None, entry_id: str = "", *, active: bool = True
    ) -> Entry:
        """A new row of a list; the caller has checked its name."""
        self._last_list_ids[entity] += 1
        if not entry_id:
            while str(self._last_list_ids[entity]) in self.lists[entity]:
                self._last_list_ids[entity] += 1
            entry_id = str(self._last_list_ids[entity])
        now = self.now()
        entry = Entry(
            id=entry_id,
            created=now,
            updated=now,
            entity=entity,
            name=name,
            active=active,
            members=dict(members or {}),
        )
        self.lists[entity].add(entry)
        return entry

    def customer_currency(self, customer_id: str) -> str:
        customer = self.entry("Customer", customer_id)
        currency = customer.members.get("CurrencyRef") if customer else None
        value = currency.get("value") if isinstance(currency, dict) else None
        return str(value) if value else self.settings.home_currency

    def tax_rate(self, tax_code: str) -> Decimal:
        """The rate of a tax code as a fraction; 0 for one without."""
        entry = self.entry("TaxCode", tax_code)
        rate = entry.members.get("Rate") if entry else None
        return Decimal(str(rate)) if rate is not None else Decimal(0)

    @property
    def is_us(self) -> bool:
        return self.settings.country == "US"


_METHODS = (
    ("1", "Cash", "NON_CREDIT_CARD"),
    ("2", "Check", "NON_CREDIT_CARD"),
    ("3", "Visa", "CREDIT_CARD"),
    ("4", "MasterCard", "CREDIT_CARD"),
    ("5", "Discover", "CREDIT_CARD"),
    ("6", "American Express", "CREDIT_CARD"),
    ("7", "Diners Club", "CREDIT_CARD"),
)
"""samples/quickbooks/docs/paymentmethod_query.json"""
_ACCOUNTS = (
    (UNDEPOSITED, "Undeposited Funds", "Other Current Asset"),
    (CHECKING, "Checking", "Bank"),
    (INCOME, "Sales of Product Income", "Income"),
    (RECEIVABLE, "Accounts Receivable (A/R)", "Accounts Receivable"),
)
_TERMS = (("1", "Due on receipt", 0), ("2", "Net 15", 15), ("3", "Net 30", 30))
_US_TAX_CODES = (("TAX", "TAX", "0"), ("NON", "NON", "0"))
_OTHER_TAX_CODES = (("2", "20.0% S", "0.20"), ("3", "0.0% Z", "0"), ("4", "Exempt", "0"))


def _furnish(company: Company) -> None:
    """What every new company has."""
    for method_id, name, kind in _METHODS:
        company.add_entry("PaymentMethod", name, {"Type": kind}, method_id)
    for account_id, name, kind in _ACCOUNTS:
        company.add_entry("Account", name, {"AccountType": kind}, account_id)
    for term_id, name, days in _TERMS:
        company.add_entry("Term", name, {"Type": "STANDARD", "DueDays": days}, term_id)
    for code_id, name, rate in _US_TAX_CODES if company.is_us else _OTHER_TAX_CODES:
        members: Document = {"Taxable": rate != "0", "Rate": rate}
        if not company.is_us:
            percent = company.add_entry("TaxRate", name, {"RateValue": Decimal(rate) * 100})
            detail: Document = {"TaxRateRef": {"value": percent.id, "name": name}, "TaxOrder": 0}
            members["SalesTaxRateList"] = {"TaxRateDetail": [detail]}
        company.add_entry("TaxCode", name, members, code_id)
    income: Document = {"value": INCOME, "name": "Sales of Product Income"}
    for item_id, name in (("1", "Services"), ("2", "Hours")):
        company.add_entry("Item", name, {"Type": "Service", "IncomeAccountRef": income}, item_id)

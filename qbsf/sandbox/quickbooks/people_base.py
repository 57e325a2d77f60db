"""What all people actions share: the company, the ledger, and reading of what a person says."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Concatenate, ParamSpec, TypedDict, TypeVar

from qbsf.sandbox.quickbooks.company import Company, CompanySettings
from qbsf.sandbox.quickbooks.ledger import Ledger
from qbsf.sandbox.quickbooks.oauth import OAuthServer
from qbsf.sandbox.quickbooks.records import CreditMemo, Document, Entry, Invoice, LedgerEntry, Payment, SalesLine
from qbsf.sandbox.quickbooks.rendering import Renderer

Money = Decimal | str | int
Day = date | str | None
Instant = datetime | str
P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="PeopleBase")


def locked(action: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Do it at one moment, with the company's lock held."""

    @wraps(action)
    def held(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.company.moment():
            return action(self, *args, **kwargs)

    return held


class LineOf(TypedDict, total=False):
    """A line: its amount, or quantity and price."""

    amount: Money
    quantity: Money
    price: Money
    item: str
    description: str


class PeopleBase:
    def __init__(self, company: Company, oauth: OAuthServer) -> None:
        self.company = company
        self.oauth = oauth
        self._ledger = Ledger(company)
        self._renderer = Renderer(company)

    @property
    def settings(self) -> CompanySettings:
        """The company's settings; may be changed at any time."""
        return self.company.settings

    @property
    def realm_id(self) -> str:
        return self.company.settings.realm_id

    def _customer(self, customer: str, currency: str = "") -> Entry:
        """A customer by id, or by name: a new name is a new customer."""
        customers = self.company.lists["Customer"]
        found = customers.get(customer)
        if found is None:
            found = next(iter(customers.by_key(customer)), None)
        if found is None:
            if customer.isdecimal():
                raise ValueError(f"there is no customer {customer}")
            found = self._new_customer(customer, currency)
        actual = self.company.customer_currency(found.id)
        if currency and currency != actual:
            raise ValueError(f"{found.name} is a customer in {actual}, not {currency}")
        return found

    def _new_customer(self, name: str, currency: str = "") -> Entry:
        if self.company.name_is_taken(name):
            raise ValueError(f"a customer, vendor or employee is already called {name}")
        wanted = currency or self.settings.home_currency
        if wanted != self.settings.home_currency and not self.settings.multi_currency:
            raise ValueError("a foreign currency needs settings.multi_currency")
        return self.company.add_entry("Customer", name, {"CurrencyRef": {"value": wanted}})

    def _invoice(self, invoice_id: str) -> Invoice:
        return _there(self.company.invoices.get(invoice_id), "invoice", invoice_id)

    def _credit_memo(self, memo_id: str) -> CreditMemo:
        return _there(self.company.credit_memos.get(memo_id), "credit memo", memo_id)

    def _payment(self, payment_id: str) -> Payment:
        return _there(self.company.payments.get(payment_id), "payment", payment_id)

    def _ledger_entry(self, kind: str, entry_id: str) -> LedgerEntry:
        found = self.company.linked(kind, entry_id)
        return _there(found if isinstance(found, LedgerEntry) else None, kind, entry_id)

    def _edited(self, record: Invoice | CreditMemo | Payment | LedgerEntry | Entry) -> None:
        """A person saved a change."""
        record.sync_token += 1
        self.company.touch(record)

    def _today(self) -> date:
        return self.company.now().date()

    def _line(self, line: LineOf) -> SalesLine:
        wanted = line.get("item", "Services")
        items = self.company.lists["Item"]
        item = items.get(wanted) or next(iter(items.by_key(wanted)), None)
        if item is None:
            item = self.company.add_entry("Item", wanted, {"Type": "Service"})
        tax_code = "NON" if self.company.is_us else "3"
        detail: Document = {
            "ItemRef": {"value": item.id, "name": item.name},
            "TaxCodeRef": {"value": tax_code},
        }
        if "quantity" in line or "price" in line:
            quantity, price = Decimal(line.get("quantity", 1)), Decimal(line.get("price", 0))
            detail["UnitPrice"], detail["Qty"] = price, quantity
            amount = (quantity * price).quantize(Decimal("0.01"))
        else:
            amount = as_money(line["amount"])
        return SalesLine(amount=amount, description=line.get("description", ""), detail=detail)


def _there(found: T | None, what: str, record_id: str) -> T:
    if found is None:
        raise ValueError(f"there is no {what} {record_id}")
    return found


def as_money(value: Money) -> Decimal:
    """An amount to the cent."""
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"{value!r} has more than two decimals")
    return amount.quantize(Decimal("0.01"))


def as_day(value: Day, otherwise: date) -> date:
    if value is None:
        return otherwise
    return date.fromisoformat(value) if isinstance(value, str) else value


def as_instant(value: Instant) -> datetime:
    """An instant in whole seconds; one without an offset is UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)

"""QuickBooks as invoicing asks it: customers, items and tax codes by name, invoices by customer, and the two creates.

Every method raises Unreachable, OutOfTime, AuthorizationNeeded, ConfigError, or QuickBooksRefused with the fault.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from qbsf.invoicing.catalog import Item
from qbsf.invoicing.company import Customs, TaxCode
from qbsf.invoicing.customers import Customer
from qbsf.invoicing.documents import Body
from qbsf.model import Invoice, Page
from qbsf.quickbooks import parse, query
from qbsf.quickbooks.api import QuickBooksApi
from qbsf.quickbooks.paging import pages
from qbsf.quickbooks.shapes import INVOICE, SYSTEM
from qbsf.records import Json, Reader

Row = TypeVar("Row")

_ALL = "Active IN (true, false)"
"""Lists answer with active rows alone unless they are asked for all (quickbooks.md section 2)."""
_CUSTOMERS_A_QUERY = 100
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class BookedInvoice:
    """An invoice as QuickBooks shows it, with what a salesperson asks about."""

    invoice: Invoice
    tax: Decimal
    due_date: date | None
    email: str
    """BillEmail, "" where there is none."""
    link: str
    """Where the customer can pay it, "" where it was not asked for or QuickBooks gives none."""


class InvoicingBooks:
    """One company. `started` is QuickBooks' clock at its first answer here: what is older was there before."""

    def __init__(self, api: QuickBooksApi) -> None:
        self._api = api
        self.started: datetime | None = None

    def customs(self) -> Customs:
        """The company's settings: Preferences and CompanyInfo, two requests."""
        answer = self._api.get("preferences")
        self.started = self.started or answer.server_time
        preferences = answer.members.raw("Preferences")
        info = self._api.get(f"companyinfo/{self._api.realm_id}").members.raw("CompanyInfo")
        company = parse.company(preferences, info)
        forms = Reader.of(SYSTEM, "Preferences", preferences).member("SalesFormsPrefs")
        return Customs(
            home_currency=company.home_currency,
            multi_currency=company.multi_currency,
            country=company.country,
            numbers_by_hand=forms.raw("CustomTxnNumbers") is True,
            takes_payments=forms.raw("ETransactionPaymentEnabled") is not False,
        )

    def customers_named(self, names: Iterable[str]) -> list[Customer]:
        """Customers with these display names whatever their case, inactive ones too."""
        return self._listed("Customer", "DisplayName", names, customer)

    def customers_by_id(self, ids: Iterable[str]) -> list[Customer]:
        return self._listed("Customer", "Id", (each for each in ids if query.is_id(each)), customer)

    def customer(self, customer_id: str) -> Customer | None:
        """One customer; None where it is gone."""
        found = self._api.read("Customer", customer_id)
        return None if found is None else customer(found)

    def items_coded(self, codes: Iterable[str]) -> list[Item]:
        """Items with these SKUs, inactive ones too; several may share one."""
        return self._listed("Item", "Sku", codes, item)

    def items_named(self, names: Iterable[str]) -> list[Item]:
        return self._listed("Item", "Name", names, item)

    def tax_codes(self, *, with_rates: bool) -> list[TaxCode]:
        """All tax codes, inactive ones too; with their sales rates for one more request."""
        rows, _ = self._api.rows("TaxCode", query.select("TaxCode", (_ALL,)))
        rates = dict(self._listed_all("TaxRate", tax_rate)) if with_rates else {}
        return [tax_code(row, rates) for row in rows]

    def invoices_of(self, customer_ids: Iterable[str], since: datetime) -> list[Invoice]:
        """The customers' invoices entered at `since` or later, voided ones too."""
        found: dict[str, Invoice] = {}
        distinct = list(dict.fromkeys(customer_ids))
        for start in range(0, len(distinct), _CUSTOMERS_A_QUERY):
            portion = distinct[start : start + _CUSTOMERS_A_QUERY]
            conditions = (
                query.is_in("CustomerRef", portion),
                f"MetaData.CreateTime >= '{query.instant(since)}'",
            )
            for page in pages(self._ask_invoices, "Invoice", conditions, None):
                found.update((invoice.id, invoice) for invoice in page.rows)
        return list(found.values())

    def invoice(self, invoice_id: str) -> BookedInvoice | None:
        """One invoice with its payment link, where QuickBooks gives one; None where it is deleted."""
        found = self._api.read("Invoice", invoice_id, {"include": "invoiceLink"})
        return None if found is None else booked_invoice(found)

    def create_customer(self, body: Body, request_id: str) -> tuple[Customer, bool]:
        """The customer, and whether it was there before this run: a repeated request id does nothing anew."""
        made = self._api.post("Customer", body, request_id=request_id)
        return customer(made), self._is_older(made)

    def create_invoice(self, body: Body, request_id: str) -> tuple[BookedInvoice, bool]:
        """The invoice as it was made, and whether it was there before this run.

        A repeated request id is answered with the invoice as it was then. One that may be older than this run (times
        have a grain of a second) is read again by `invoice`: it may have been deleted since.
        """
        made = self._api.post("Invoice", body, request_id=request_id)
        return booked_invoice(made), self._is_older(made)

    def is_surely_new(self, made: BookedInvoice) -> bool:
        """Whether an invoice that was answered was made in this run and not within the second in which it began."""
        return self.started is not None and made.invoice.created > self.started

    def _is_older(self, made: Json) -> bool:
        created = Reader.of(SYSTEM, "answer", made).member("MetaData").instant("CreateTime")
        return self.started is not None and created < self.started.replace(microsecond=0)

    def _ask_invoices(self, statement: str) -> Page[Invoice]:
        rows, server_time = self._api.records(INVOICE, statement)
        return Page(server_time, tuple(rows))

    def _listed(self, entity: str, column: str, values: Iterable[str], read: Callable[[Json], Row]) -> list[Row]:
        found: list[Row] = []
        for portion in query.portions(value for value in values if value):
            rows, _ = self._api.rows(entity, query.select(entity, (query.is_in(column, portion), _ALL)))
            found.extend(read(row) for row in rows)
        return found

    def _listed_all(self, entity: str, read: Callable[[Json], Row]) -> list[Row]:
        rows, _ = self._api.rows(entity, query.select(entity, (_ALL,)))
        return [read(row) for row in rows]


def customer(value: Json) -> Customer:
    """A Customer object."""
    record = Reader.of(SYSTEM, "Customer", value)
    return Customer(
        id=record.text("Id"),
        name=record.text("DisplayName"),
        active=record.raw("Active") is not False,
        currency=record.member("CurrencyRef").text_or_empty("value"),
        terms_id=record.member("SalesTermRef").text_or_empty("value"),
    )


def booked_invoice(value: Json) -> BookedInvoice:
    """An Invoice object."""
    record = Reader.of(SYSTEM, "Invoice", value)
    return BookedInvoice(
        invoice=parse.invoice(value),
        tax=record.member("TxnTaxDetail").decimal_or_none("TotalTax") or Decimal(0),
        due_date=record.day_or_none("DueDate"),
        email=record.member("BillEmail").text_or_empty("Address").strip(),
        link=record.text_or_empty("InvoiceLink"),
    )


def item(value: Json) -> Item:
    """An Item object."""
    record = Reader.of(SYSTEM, "Item", value)
    return Item(
        id=record.text("Id"),
        name=record.text("Name"),
        sku=record.text_or_empty("Sku"),
        active=record.raw("Active") is not False,
        type=record.text_or_empty("Type") or "Service",
    )


def tax_rate(value: Json) -> tuple[str, Decimal]:
    """(id, rate as a fraction) of a TaxRate, whose RateValue is in percent."""
    record = Reader.of(SYSTEM, "TaxRate", value)
    return record.text("Id"), (record.decimal_or_none("RateValue") or Decimal(0)) / _HUNDRED


def tax_code(value: Json, rates: "dict[str, Decimal]") -> TaxCode:
    """A TaxCode object; its rate is the sum of its sales rates, as far as they are known."""
    record = Reader.of(SYSTEM, "TaxCode", value)
    details = record.member("SalesTaxRateList").members("TaxRateDetail")
    ids: Sequence[str] = [detail.member("TaxRateRef").text_or_empty("value") for detail in details]
    known = ids and all(each in rates for each in ids)
    return TaxCode(
        id=record.text("Id"),
        name=record.text("Name"),
        active=record.raw("Active") is not False,
        rate=sum((rates[each] for each in ids), Decimal(0)) if known else None,
    )

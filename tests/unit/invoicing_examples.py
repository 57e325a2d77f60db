"""What the tests of invoicing's pure rules are made from."""

from datetime import UTC, date, datetime
from decimal import Decimal

from qbsf.invoicing.catalog import Catalog, Item
from qbsf.invoicing.company import Customs, TaxCode
from qbsf.invoicing.customers import Customer, CustomerBook
from qbsf.invoicing.deals import Account, Deal, LineItem
from qbsf.invoicing.plan import World
from qbsf.model import FieldValue, Invoice, Opportunity

OPPORTUNITY = "006000000000001AAA"
OTHER = "006000000000002AAA"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
US = Customs(home_currency="USD", multi_currency=False, country="US")
GERMANY = Customs(home_currency="EUR", multi_currency=True, country="DE")
HOURS = Item("7", "Hours", "H-1", active=True)


def opportunity(
    opportunity_id: str = OPPORTUNITY,
    *,
    stage: str = "Proposal and Agreement",
    closed: bool = False,
    amount: str | None = None,
    currency: str = "",
    fields: dict[str, FieldValue] | None = None,
) -> Opportunity:
    return Opportunity(
        id=opportunity_id,
        name="Deal",
        stage=stage,
        is_closed=closed,
        is_won=False,
        amount=None if amount is None else Decimal(amount),
        close_date=None,
        currency=currency,
        account_id="001000000000001AAA",
        account_name="Acme",
        record_type="",
        fields=fields or {},
        modified_by="",
        modified_by_id="",
        system_modstamp=NOON,
    )


def line(
    total: str = "100.00",
    *,
    quantity: str = "1",
    price: str | None = None,
    product: str = "Hours",
    code: str = "",
    description: str = "",
) -> LineItem:
    unit_price = Decimal(price) if price is not None else Decimal(total) / Decimal(quantity)
    return LineItem("00k1", product, code, Decimal(quantity), unit_price, Decimal(total), description)


def deal(
    *lines: LineItem,
    account: str | None = "Acme",
    row: Opportunity | None = None,
    created: datetime = NOON,
    email: str = "",
) -> Deal:
    named = Account("001000000000001AAA", account) if account is not None else None
    return Deal(row or opportunity(), created, named, lines or (line(),), email)


def customer(name: str = "Acme", *, active: bool = True, currency: str = "", customer_id: str = "12") -> Customer:
    return Customer(customer_id, name, active, currency)


def world(
    *customers: Customer,
    customs: Customs = US,
    items: tuple[Item, ...] = (HOURS,),
    stand_in: Item | None = None,
    tax_code: TaxCode | None = None,
    org_currency: str = "",
) -> World:
    return World(
        customs=customs,
        tax_code=tax_code,
        catalog=Catalog(items, stand_in),
        customers=CustomerBook(customers),
        org_currency=org_currency or customs.home_currency,
    )


def invoice(*opportunity_ids: str, invoice_id: str = "1", total: str = "100.00", voided: bool = False) -> Invoice:
    return Invoice(
        id=invoice_id,
        number=f"10{invoice_id}",
        txn_date=DAY,
        total=Decimal(total),
        balance=Decimal(total),
        deposit=Decimal(0),
        currency="",
        customer="Acme",
        voided=voided,
        payment_ids=(),
        opportunity_ids=opportunity_ids,
        bill_email=False,
        created=NOON,
        updated=NOON,
    )

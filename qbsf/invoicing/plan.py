"""What the invoice of an Opportunity would be, or what stands in its way. PURE."""

from dataclasses import dataclass
from decimal import Decimal

from qbsf.invoicing.basket import BasketLine, basket, total_of
from qbsf.invoicing.catalog import Catalog, Item, ItemChoice
from qbsf.invoicing.company import Customs, TaxCode
from qbsf.invoicing.customers import Customer, CustomerBook
from qbsf.invoicing.deals import Account, Deal, LineItem
from qbsf.invoicing.names import display_name, in_latin, is_latin, objection


@dataclass(frozen=True)
class Hindrance:
    """Why an Opportunity gets no invoice now: `reason` is the record's, `note` says what to do."""

    reason: str
    note: str


@dataclass(frozen=True)
class DraftLine:
    """A line with the item it is sold as."""

    line: BasketLine
    item: Item
    product: str


@dataclass(frozen=True)
class Draft:
    """An invoice as it would be."""

    deal: Deal
    account: Account
    customer: Customer | None
    """None: it is made with the invoice, under `customer_name`."""
    customer_name: str
    currency: str
    lines: tuple[DraftLine, ...]
    net: Decimal
    """What the lines add up to, before tax."""
    tax_code: TaxCode | None
    email: str


@dataclass(frozen=True)
class World:
    """What of both systems a draft is made from."""

    customs: Customs
    tax_code: TaxCode | None
    catalog: Catalog
    customers: CustomerBook
    org_currency: str
    """Of an org with a single currency."""


def not_due(deal: Deal, stage: str) -> Hindrance | None:
    """Why an Opportunity that was asked for by its id is not one to invoice now; None where it is."""
    row = deal.opportunity
    if row.is_closed:
        return Hindrance("closed", f"It is closed ({row.stage}); only open Opportunities are invoiced.")
    if row.stage != stage:
        return Hindrance("other_stage", f"It stands at {row.stage}; it is invoiced at {stage} (invoicing.stage).")
    return None


def draft(deal: Deal, world: World) -> Draft | Hindrance:
    """The invoice of an Opportunity that has none."""
    account = deal.account
    if account is None:
        return Hindrance("no_account", "It has no account to send an invoice to. Choose one.")
    money = _money(deal, world)
    if isinstance(money, Hindrance):
        return money
    currency, net = money
    customer = _customer(account, currency, world)
    if isinstance(customer, Hindrance):
        return customer
    lines = _lines(deal, world)
    if isinstance(lines, Hindrance):
        return lines
    return Draft(
        deal=deal,
        account=account,
        customer=customer,
        customer_name=customer.name if customer else display_name(account.name, latin=world.customs.in_us),
        currency=currency,
        lines=lines,
        net=net,
        tax_code=world.tax_code,
        email=deal.email,
    )


def without_lines(deal: Deal) -> Hindrance | None:
    """An Opportunity without products is nobody's mistake: it has nothing to invoice yet."""
    return None if deal.lines else Hindrance("no_lines", "It has no products yet.")


def _money(deal: Deal, world: World) -> tuple[str, Decimal] | Hindrance:
    """Currency and sum, where an invoice can be written over them."""
    net = total_of(deal.lines)
    amount = deal.opportunity.amount
    if amount is not None and amount != net:
        return Hindrance(
            "inconsistent",
            f"Its Amount is {amount:.2f} and its products add up to {net:.2f}: it may just be changing. "
            "If it stays so, look at its products.",
        )
    if net == 0:
        return Hindrance("zero_total", "Its products add up to nothing.")
    if net < 0:
        return Hindrance(
            "negative_total", "Its products add up to less than nothing, which QuickBooks does not invoice."
        )
    currency = deal.opportunity.currency or world.org_currency
    if currency != world.customs.home_currency and not world.customs.multi_currency:
        return Hindrance(
            "currency_mismatch",
            f"It is in {currency}, and the QuickBooks company knows only {world.customs.home_currency}. Switch "
            "multicurrency on there, or correct the currency of the Opportunity.",
        )
    return currency, net


def _customer(account: Account, currency: str, world: World) -> Customer | Hindrance | None:
    latin = world.customs.in_us
    customer = world.customers.of_account(account.name, latin=latin)
    if customer is None:
        why = objection(display_name(account.name, latin=latin), latin=latin)
        if why is None:
            return None
        return Hindrance(
            "customer_name", f"No customer can be made for {account.name!r}: {why} Rename the account in Salesforce."
        )
    if not customer.active:
        return Hindrance(
            "customer_inactive",
            f"The QuickBooks customer {customer.name!r} is inactive. Make it active there, or rename the account.",
        )
    held = customer.currency or world.customs.home_currency
    if held != currency:
        return Hindrance(
            "currency_mismatch",
            f"The QuickBooks customer {customer.name!r} is in {held} for good, and the Opportunity in {currency}. "
            "Correct the Opportunity's currency, or give the account another name for a customer of its own.",
        )
    return customer


def _lines(deal: Deal, world: World) -> tuple[DraftLine, ...] | Hindrance:
    chosen: list[tuple[LineItem, ItemChoice]] = []
    for product in deal.lines:
        choice = world.catalog.choose(product)
        if not isinstance(choice, ItemChoice):
            return Hindrance(
                choice.reason,
                f"{choice.why} Make one with its product code as SKU or with its name, or set invoicing.item.",
            )
        chosen.append((product, choice))
    lines: list[DraftLine] = []
    for line, (product, choice) in zip(basket(deal.lines), chosen, strict=True):
        text = line.description
        if not choice.is_namesake and not text.startswith(product.product_name):
            text = f"{product.product_name}: {text}"
        if world.customs.in_us and not is_latin(text := in_latin(text)):
            return Hindrance(
                "unwritable_text",
                f"A United States company of QuickBooks lacks letters (ISO-8859-1) of the product {product.product}. "
                "Describe that line in Latin letters.",
            )
        lines.append(DraftLine(_described(line, text), choice.item, product.product))
    return tuple(lines)


def _described(line: BasketLine, text: str) -> BasketLine:
    return BasketLine(line.amount, line.quantity, line.unit_price, text, line.service_date)

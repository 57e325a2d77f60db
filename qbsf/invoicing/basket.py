"""Product lines as invoice lines, exact to the cent. PURE.

QuickBooks refuses a line whose Amount is not UnitPrice times Qty (6070, quickbooks.md section 6). A discount, a price
of three decimals or a total that Salesforce held constant leave no such price in Salesforce: then one is worked out,
and where none of seven decimals fits, the line has quantity 1 and says the real one in its description.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from qbsf.invoicing.deals import LineItem

CENT = Decimal("0.01")
ONE = Decimal(1)
LONGEST_DESCRIPTION = 4000
_HALF_CENT = Decimal("0.005")
_PRICE_PLACES = range(2, 8)
"""Decimals of a UnitPrice."""
_QUANTITY_PLACES = 5


@dataclass(frozen=True)
class BasketLine:
    """One line of an invoice. `amount` is in whole cents and equals quantity times unit price, rounded."""

    amount: Decimal
    quantity: Decimal
    unit_price: Decimal
    description: str
    service_date: date | None = None


def basket(lines: Sequence[LineItem]) -> tuple[BasketLine, ...]:
    """The invoice lines of an Opportunity; their amounts add up to its lines' total to the cent."""
    amounts = whole_cents([line.total for line in lines])
    return tuple(_line(line, amount) for line, amount in zip(lines, amounts, strict=True))


def total_of(lines: Sequence[LineItem]) -> Decimal:
    """What the lines add up to, in whole cents."""
    return sum((line.total for line in lines), Decimal(0)).quantize(CENT, ROUND_HALF_UP)


def whole_cents(totals: Sequence[Decimal]) -> list[Decimal]:
    """Each total in whole cents, so that they add up to the rounded sum: what rounding each would gain or lose goes to
    the lines that are nearest to it.
    """
    rounded = [total.quantize(CENT, ROUND_HALF_UP) for total in totals]
    whole = sum(totals, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    missing = int((whole - sum(rounded, Decimal(0))) / CENT)
    step = CENT if missing > 0 else -CENT
    nearest = sorted(range(len(totals)), key=lambda n: (totals[n] - rounded[n]) * step, reverse=True)
    for place in nearest[: abs(missing)]:
        rounded[place] += step
    return rounded


def priced(quantity: Decimal, unit_price: Decimal, amount: Decimal) -> tuple[Decimal, Decimal] | None:
    """(quantity, unit price) whose product is the amount: with the price as it is, else with the shortest that fits.
    None where there is none that QuickBooks takes.
    """
    if quantity == 0 or _places(quantity) > _QUANTITY_PLACES:
        return None
    if _places(unit_price) <= _PRICE_PLACES[-1] and _is_product(quantity, unit_price, amount):
        return plain(quantity), plain(unit_price)
    exact = amount / quantity
    for places in _PRICE_PLACES:
        price = exact.quantize(ONE.scaleb(-places), ROUND_HALF_EVEN)
        if _is_product(quantity, price, amount):
            return plain(quantity), plain(price)
    return None


def plain(number: Decimal) -> Decimal:
    """The same number without superfluous zeros and without an exponent."""
    return Decimal(format(number.normalize(), "f"))


def _line(line: LineItem, amount: Decimal) -> BasketLine:
    description = line.description or line.product_name
    found = priced(line.quantity, line.unit_price, amount)
    if found is None:
        said = f"{description} (quantity {plain(line.quantity)} at {plain(line.unit_price)})"
        return BasketLine(amount, ONE, amount, said[:LONGEST_DESCRIPTION], line.service_date)
    return BasketLine(amount, *found, description[:LONGEST_DESCRIPTION], line.service_date)


def _is_product(quantity: Decimal, price: Decimal, amount: Decimal) -> bool:
    """Whether the product rounds to the amount, whichever way half a cent is rounded."""
    return abs(quantity * price - amount) < _HALF_CENT


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0

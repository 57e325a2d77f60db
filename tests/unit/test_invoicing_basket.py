"""Product lines as invoice lines: to the cent, and as QuickBooks takes them."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.invoicing_examples import line

from qbsf.invoicing.basket import CENT, basket, priced, total_of, whole_cents
from qbsf.invoicing.deals import LineItem

LINES = st.tuples(
    st.integers(1, 500_000),  # hundredths of a piece
    st.integers(-99_999, 9_999_999),  # tenths of a cent
    st.sampled_from([0, 0, 500, 1000, 1250, 3333, 9999, 10_000]),  # hundredths of a percent
    st.booleans(),  # whether Salesforce's total is in whole cents
)


def product_line(hundredths: int, mills: int, discount: int, whole: bool) -> LineItem:
    """A line as Salesforce has it: the total after discount, to the cent or held with more decimals."""
    quantity, price = Decimal(hundredths).scaleb(-2), Decimal(mills).scaleb(-3)
    total = quantity * price * (10_000 - discount) / 10_000
    return LineItem("00k1", "Hours", "", quantity, price, total.quantize(CENT, ROUND_HALF_UP) if whole else total)


def refused_by_quickbooks(amount: Decimal, price: Decimal, quantity: Decimal) -> bool:
    """6070, whichever way it rounds half a cent."""
    product = price * quantity
    return any(product.quantize(CENT, way) != amount for way in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def assert_exact(lines: list[LineItem]) -> None:
    made = basket(lines)
    assert sum(each.amount for each in made) == total_of(lines)
    for each, source in zip(made, lines, strict=True):
        assert abs(each.amount - source.total) < CENT
        assert each.amount == each.amount.quantize(CENT)
        assert not refused_by_quickbooks(each.amount, each.unit_price, each.quantity)


@given(st.lists(LINES, min_size=1, max_size=5))
def test_a_basket_agrees_with_its_opportunity_to_the_cent(drawn: list[tuple[int, int, int, bool]]) -> None:
    assert_exact([product_line(*each) for each in drawn])


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=True))
def test_ten_thousand_baskets_agree_with_their_opportunities_to_the_cent(random: Random) -> None:
    """A hundred to an example: drawn one by one they would take a minute."""
    for _ in range(100):
        assert_exact([_random_line(random) for _ in range(random.randint(1, 5))])


def _random_line(random: Random) -> LineItem:
    discount = random.choice([0, 0, 500, 1000, 1250, 3333, 9999, 10_000])
    return product_line(
        random.randint(1, 500_000), random.randint(-99_999, 9_999_999), discount, random.random() < 1 / 2
    )


def test_a_price_of_three_decimals_stays_as_it_is() -> None:
    assert priced(Decimal(10), Decimal("0.125"), Decimal("1.25")) == (Decimal(10), Decimal("0.125"))


def test_a_discount_becomes_a_lower_price() -> None:
    made = basket([line("90.00", quantity="3", price="33.333")])
    assert (made[0].quantity, made[0].unit_price, made[0].amount) == (Decimal(3), Decimal(30), Decimal("90.00"))


def test_a_third_of_a_cent_gets_as_many_decimals_as_it_needs() -> None:
    assert priced(Decimal(3), Decimal(40), Decimal("100.00")) == (Decimal(3), Decimal("33.333"))


@pytest.mark.parametrize(
    ("quantity", "price", "total"),
    [
        pytest.param("999999.37", "0.00000003", "0.03", id="no price of seven decimals"),
        pytest.param("0", "10", "5.00", id="no quantity"),
        pytest.param("0.0000001", "10", "5.00", id="a quantity of too many decimals"),
    ],
)
def test_where_no_price_fits_the_line_is_one_and_says_the_real_quantity(quantity: str, price: str, total: str) -> None:
    item = LineItem("00k1", "Hours", "", Decimal(quantity), Decimal(price), Decimal(total), "Work")
    made = basket([item])[0]
    assert (made.quantity, made.unit_price, made.amount) == (Decimal(1), Decimal(total), Decimal(total))
    assert made.description.startswith("Work (quantity ")


def test_half_a_cent_is_left_to_no_rounding() -> None:
    """0.005 rounds up here and to even there: such a line is one of the exact amount."""
    made = basket([line("0.13", quantity="1", price="0.125")])[0]
    assert (made.quantity, made.unit_price) == (Decimal(1), Decimal("0.13"))


@given(st.lists(st.decimals("-1000", "1000", places=4), min_size=1, max_size=40))
def test_whole_cents_add_up_to_the_rounded_sum_and_no_line_moves_by_a_cent(totals: list[Decimal]) -> None:
    made = whole_cents(totals)
    assert sum(made) == sum(totals, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    assert all(abs(cents - total) < CENT for cents, total in zip(made, totals, strict=True))


def test_a_line_without_description_says_its_product() -> None:
    assert basket([line(product="Hours")])[0].description == "Hours"
    assert basket([line(description="March")])[0].description == "March"

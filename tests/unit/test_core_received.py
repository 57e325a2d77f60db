"""What a payment brought to each invoice it settles (rules.md section 1)."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samples import sample_text
from unit.core_examples import line, payment

from qbsf.core.received import Share, shares_of, spread
from qbsf.model import Payment
from qbsf.quickbooks import parse
from qbsf.records import Reader, decode

cents = st.integers(0, 10_000_000).map(lambda number: Decimal(number).scaleb(-2))
some_cents = st.integers(1, 10_000_000).map(lambda number: Decimal(number).scaleb(-2))


def cash_of(payment: Payment) -> dict[str, Decimal]:
    shares = shares_of(payment)
    assert shares is not None, "the payment is unexplained"
    return {invoice_id: share.cash for invoice_id, share in shares.items()}


def share(applied: str, cash: str) -> Share:
    return Share(Decimal(applied), Decimal(cash))


def test_one_payment_settles_many_invoices_and_each_gets_its_line() -> None:
    both = payment(line("Invoice", "600.00", "201"), line("Invoice", "400.00", "202"))
    assert shares_of(both) == {"201": share("600.00", "600.00"), "202": share("400.00", "400.00")}


def test_two_lines_on_one_invoice_add_up() -> None:
    twice = payment(line("Invoice", "600.00"), line("Invoice", "150.00"), line("CreditMemo", "75.00", "68"))
    assert shares_of(twice) == {"2052": share("750.00", "675.00")}


def test_a_payment_that_only_carries_a_credit_memo_brings_no_cash() -> None:
    applied = payment(line("Invoice", "300.00", "67"), line("CreditMemo", "300.00", "68"))
    assert applied.total == 0
    assert shares_of(applied) == {"67": share("300.00", "0.00")}


def test_a_mixed_payment_brings_each_invoice_its_share_of_the_money() -> None:
    mixed = payment(
        line("Invoice", "600.00", "201"), line("Invoice", "400.00", "202"), line("CreditMemo", "100.00", "68")
    )
    assert mixed.total == 900
    assert cash_of(mixed) == {"201": Decimal(540), "202": Decimal(360)}


@pytest.mark.parametrize("given_back", ["Expense", "Check", "CreditCardCredit"])
def test_what_was_refunded_out_of_a_payment_is_no_cash_of_the_invoice(given_back: str) -> None:
    refunded = payment(line("Invoice", "1000.00"), line(given_back, "100.00", "9"))
    assert refunded.total == 1100
    assert cash_of(refunded) == {"2052": Decimal(1000)}


def test_a_refund_shares_the_credit_with_the_invoice() -> None:
    both = payment(
        line("Invoice", "1000.00"), line("Check", "1000.00", "9"), line("CreditMemo", "500.00", "68"), total="1500.00"
    )
    assert cash_of(both) == {"2052": Decimal(750)}


def test_a_bank_deposit_posted_to_receivables_is_real_money() -> None:
    deposited = payment(line("Invoice", "1000.00"), line("Deposit", "1000.00", "12"))
    assert deposited.total == 0
    assert cash_of(deposited) == {"2052": Decimal(1000)}


def test_what_is_not_applied_yet_is_no_cash_of_the_invoice() -> None:
    overpaid = payment(line("Invoice", "55.00"), unapplied="10.00")
    assert overpaid.total == 65
    assert cash_of(overpaid) == {"2052": Decimal(55)}


def test_credit_that_is_worth_more_than_the_invoice_brings_no_cash_and_takes_none() -> None:
    left_over = payment(line("Invoice", "50.00"), line("CreditMemo", "80.00", "68"), total="0.00", unapplied="30.00")
    assert cash_of(left_over) == {"2052": Decimal(0)}


def test_a_journal_entry_that_settles_an_invoice_is_credit() -> None:
    settled = payment(line("Invoice", "250.00"), line("JournalEntry", "250.00", "88"), total="0.00")
    assert shares_of(settled) == {"2052": share("250.00", "0.00")}


def test_a_journal_entry_that_was_paid_is_on_the_paid_side() -> None:
    paid = payment(line("JournalEntry", "250.00", "88"), line("Invoice", "750.00"), total="1000.00")
    assert shares_of(paid) == {"2052": share("750.00", "750.00")}


def test_journal_entries_on_both_sides_are_told_apart_by_the_identity() -> None:
    both = payment(
        line("Invoice", "1000.00"),
        line("JournalEntry", "30.00", "88"),
        line("JournalEntry", "200.00", "89"),
        line("JournalEntry", "50.00", "90"),
        total="880.00",  # 1000 + 30 + 50 paid, 200 credit
    )
    assert cash_of(both) == {"2052": Decimal("814.81")}  # 1000 x 880 / 1080


def test_journal_entries_that_no_side_explains_leave_the_payment_unexplained() -> None:
    assert shares_of(payment(line("Invoice", "100.00"), line("JournalEntry", "70.00", "88"), total="100.00")) is None


def test_more_journal_entries_than_can_be_looked_through_leave_the_payment_unexplained() -> None:
    entries = [line("JournalEntry", Decimal(2**power), str(power)) for power in range(20)]
    assert shares_of(payment(*entries, total=str(2**20 - 1 - 2 * 2**19))) is None


def test_a_voided_payment_brings_nothing() -> None:
    assert shares_of(replace(payment(), lines=(), total=Decimal(0))) == {}


def test_a_line_of_an_unknown_type_leaves_the_payment_unexplained() -> None:
    assert shares_of(payment(line("Invoice", "100.00"), line("Bill", "0.00", "7"))) is None


def test_a_line_that_has_not_exactly_one_link_leaves_the_payment_unexplained() -> None:
    assert shares_of(payment(line("Invoice", "100.00"), line("", "20.00", ""), total="100.00")) is None


def test_an_empty_line_without_a_link_says_nothing() -> None:
    assert cash_of(payment(line("Invoice", "100.00"), line("", "0.00", ""))) == {"2052": Decimal(100)}


def test_a_line_of_zero_on_an_invoice_brings_it_nothing() -> None:
    both = payment(line("Invoice", "0.00", "201"), line("Invoice", "100.00", "202"))
    assert cash_of(both) == {"201": Decimal(0), "202": Decimal(100)}
    assert cash_of(payment(line("Invoice", "0.00"), total="0.00")) == {"2052": Decimal(0)}


def test_a_negative_line_leaves_the_payment_unexplained() -> None:
    assert shares_of(payment(line("Invoice", "-100.00"), line("Invoice", "200.00", "7"))) is None


@pytest.mark.parametrize("total", ["99.99", "100.01", "0.00"])
def test_a_payment_whose_total_is_not_what_its_lines_say_is_unexplained(total: str) -> None:
    assert shares_of(payment(line("Invoice", "100.00"), total=total)) is None


def test_the_rounding_rest_goes_to_the_last_line() -> None:
    assert spread(Decimal(100), [Decimal(100), Decimal(100), Decimal(100)]) == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]


def test_a_rounding_rest_that_the_last_line_cannot_take_moves_on_to_those_before_it() -> None:
    none, cent = Decimal("0.00"), Decimal("0.01")
    assert spread(Decimal("0.03"), [cent] * 6) == [cent, cent, cent, none, none, none]
    assert spread(Decimal("0.04"), [cent] * 10) == [none] * 6 + [cent] * 4


def test_no_money_spread_over_nothing_is_nothing() -> None:
    assert spread(Decimal(0), []) == []
    assert spread(Decimal(0), [Decimal(0), Decimal(0)]) == [0, 0]


@given(st.lists(cents, max_size=8), st.fractions(0, 1))
@example([Decimal("0.01")] * 8, Fraction(3, 8))
def test_shares_sum_to_the_money_and_each_lies_between_zero_and_its_line(
    amounts: list[Decimal], part: Fraction
) -> None:
    total = sum(amounts, Decimal(0))
    money = Decimal(int(part * Fraction(total) * 100)).scaleb(-2)
    shares = spread(money, amounts)
    assert sum(shares, Decimal(0)) == money
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))


@st.composite
def explained_payments(draw: st.DrawFn) -> Payment:
    """Payments with money, credit memos, bank deposits, refunds and a rest that is not applied."""
    paid = draw(st.lists(st.tuples(st.sampled_from(["Invoice", "Check", "Expense"]), some_cents), max_size=5))
    owed = sum((amount for _, amount in paid), Decimal(0))
    credit = min(draw(cents), owed)
    deposit = min(draw(cents), owed - credit)
    lines = [line(kind, amount, str(draw(st.integers(1, 3)))) for kind, amount in paid]
    lines += [line("CreditMemo", credit, "68")] if credit else []
    lines += [line("Deposit", deposit, "12")] if deposit else []
    shuffled = draw(st.permutations(lines))
    return payment(*shuffled, unapplied=str(draw(cents))) if shuffled else payment(line("Invoice", "0.00"))


@given(explained_payments())
def test_the_cash_of_an_invoice_is_never_more_than_was_applied_to_it(paid: Payment) -> None:
    shares = shares_of(paid)
    assert shares is not None
    for each in shares.values():
        assert 0 <= each.cash <= each.applied
        assert each.cash == round(each.cash, 2)


@given(explained_payments())
def test_all_invoices_together_never_get_more_cash_than_the_payment_had(paid: Payment) -> None:
    deposited = sum((each.amount for each in paid.lines if each.txn_type == "Deposit"), Decimal(0))
    assert sum(cash_of(paid).values(), Decimal(0)) <= paid.total - paid.unapplied + deposited


@given(explained_payments(), some_cents)
def test_a_total_that_is_off_by_any_amount_is_unexplained(paid: Payment, off: Decimal) -> None:
    assert shares_of(replace(paid, total=paid.total + off)) is None


def sample(name: str) -> Reader:
    return Reader.of("QuickBooks", name, decode(sample_text("quickbooks", name)))


def sample_payment(name: str) -> Payment:
    return parse.payment(sample(name).raw("Payment"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "payment_many_invoices_with_credit.json",
            {"201": ("600.00", "540.00"), "202": ("400.00", "360.00")},
        ),
        ("payment_journalentry_credit.json", {"201": ("250.00", "0.00")}),
        ("payment_intuit_card.json", {"130": ("362.07", "362.07")}),
        ("payment_zero_creditmemo_applied.json", {"67": ("300", "0")}),
        ("payment_overpaid_with_unapplied.json", {"70": ("55.00", "55.00")}),
        ("payment_voided.json", {}),
    ],
)
def test_the_payments_that_quickbooks_shows_bring_what_they_say(
    name: str, expected: dict[str, tuple[str, str]]
) -> None:
    shares = shares_of(sample_payment(name))
    assert shares == {invoice_id: share(*amounts) for invoice_id, amounts in expected.items()}


def test_a_payment_in_a_foreign_currency_is_never_converted() -> None:
    paid = sample_payment("payment_multicurrency.json")
    assert paid.currency == "EUR"
    assert list(cash_of(paid).values()) == [Decimal("1000.00")]  # not 1084.20, which it is worth at home


def test_of_the_payments_that_quickbooks_lists_those_on_the_invoice_count_and_unapplied_ones_do_not() -> None:
    listed = [parse.payment(row) for row in parse.rows(sample("payment_query.json"), "Payment")]
    assert len(listed) == 6
    cash = {each.id: cash_of(each) for each in listed}
    assert {payment_id: found["70"] for payment_id, found in cash.items() if found} == {
        "163": Decimal(55),
        "164": Decimal(55),
        "170": Decimal(15),
    }

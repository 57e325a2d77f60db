"""The state of an invoice and the four facts of an Opportunity's invoices (rules.md sections 1 and 2)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import sample_text
from unit.core_examples import BY_CREDIT, INVOICED, MOSTLY_CREDIT, PAID_ON, VOIDED, books, invoice, line, money, payment

from qbsf.core.states import InvoiceAccount, State, account_of, combine, deleted_account, unknown_account
from qbsf.model import Invoice, Payment
from qbsf.quickbooks import parse
from qbsf.records import Reader, decode


def with_credit(cash: str, credit: str, payment_id: str = "187", txn_date: date = PAID_ON) -> Payment:
    """A payment on invoice 2052 of which `cash` is money and `credit` a credit memo."""
    lines = (line("Invoice", Decimal(cash) + Decimal(credit)), line("CreditMemo", credit, "68"))
    return payment(*lines, payment_id=payment_id, txn_date=txn_date, method="Credit", reference="CM")


# One invoice


def test_an_invoice_without_balance_that_brought_cash_is_paid() -> None:
    assert money(payment()).state == "paid"


def test_an_invoice_with_a_balance_and_cash_is_partially_paid() -> None:
    assert money(payment(line("Invoice", "0.01")), of=invoice(balance="2749.99")).state == "partially_paid"


def test_an_invoice_without_a_payment_is_not_paid() -> None:
    assert money(of=invoice(balance="2750.00")).state == "not_paid"


def test_an_invoice_that_only_a_credit_lowered_is_not_paid() -> None:
    assert money(with_credit("0.00", "750.00"), of=invoice(balance="2000.00")).state == "not_paid"


def test_an_invoice_that_only_credit_settled_is_settled_by_credit() -> None:
    assert BY_CREDIT.state == "settled_by_credit"
    assert BY_CREDIT.amount == 0
    assert BY_CREDIT.date is None


@pytest.mark.parametrize(("credit", "state"), [("1375.00", "paid"), ("1375.01", "settled_by_credit")])
def test_an_invoice_is_paid_with_credit_up_to_max_credit_share_of_its_total(credit: str, state: State) -> None:
    cash = str(Decimal("2750.00") - Decimal(credit))
    assert money(with_credit(cash, credit)).state == state


def test_where_the_whole_may_be_credit_credit_alone_counts_as_paid_on_the_day_it_was_applied() -> None:
    facts = money(with_credit("0.00", "2750.00"), rules=books("1"))
    assert (facts.state, facts.amount, facts.date) == ("paid", Decimal(0), PAID_ON)
    assert facts.methods == facts.references == ()


def test_where_no_credit_is_allowed_money_alone_counts_as_paid() -> None:
    assert money(payment(), rules=books("0")).state == "paid"
    assert money(with_credit("2749.99", "0.01"), rules=books("0")).state == "settled_by_credit"


def test_mostly_credit_still_tells_the_cash_there_was() -> None:
    assert (MOSTLY_CREDIT.state, MOSTLY_CREDIT.amount) == ("settled_by_credit", Decimal("750.00"))


def test_an_invoice_of_zero_whose_note_begins_with_voided_is_voided() -> None:
    assert VOIDED.state == "voided"


def test_the_voided_invoice_that_was_recorded_is_voided_and_not_paid() -> None:
    answer = Reader.of("QuickBooks", "answer", decode(sample_text("quickbooks", "invoice_voided.json")))
    recorded = parse.invoice(answer.raw("Invoice"))
    assert recorded.balance == 0
    assert money(of=recorded).state == "voided"


def test_the_word_voided_in_the_note_of_an_invoice_with_money_says_nothing() -> None:
    assert money(payment(), of=invoice(voided=True)).state == "paid"


def test_an_invoice_that_quickbooks_deleted_is_voided_whatever_was_last_seen_of_it() -> None:
    assert account_of(invoice(), [payment()], books(), deleted=True).state == "voided"
    assert account_of(invoice(), [payment()], books(), deleted=True).cash == 0


def test_an_invoice_of_which_only_its_deletion_was_told_is_voided() -> None:
    gone = deleted_account("9")
    assert (combine([gone]).state, combine([gone]).currency) == ("voided", "")
    assert combine([gone, *money(payment()).accounts]).state == "paid"


def test_any_other_invoice_of_zero_is_zero_total() -> None:
    assert money(of=invoice(total="0.00")).state == "zero_total"


def test_an_invoice_that_quickbooks_has_never_shown_is_unknown() -> None:
    assert combine([unknown_account("9")]).state == "unknown_invoice"


def test_an_invoice_whose_balance_its_payments_do_not_explain_is_inconsistent() -> None:
    assert money().state == "inconsistent"
    assert money(payment(), of=invoice(balance="1.00")).state == "inconsistent"
    assert money(payment(), of=invoice(deposit="1.00")).state == "inconsistent"


def test_an_invoice_with_a_payment_that_does_not_add_up_is_unexplained() -> None:
    assert money(payment(total="2749.99")).state == "unexplained"


def test_a_payment_in_another_currency_than_the_invoice_is_unexplained() -> None:
    assert money(payment(currency="USD")).state == "unexplained"
    assert money(payment(), of=invoice(currency="USD")).state == "unexplained"


def test_a_record_without_a_currency_is_in_the_home_currency() -> None:
    facts = money(payment(currency="EUR"))
    assert (facts.state, facts.currency) == ("paid", "EUR")
    assert money(payment(currency="USD"), of=invoice(currency="USD")).currency == "USD"


def test_a_payment_of_other_invoices_is_none_of_this_one() -> None:
    stranger = payment(line("Invoice", "10.00", "7"), payment_id="188", total="99.00")
    assert money(payment(), stranger).amount == Decimal("2750.00")


def test_an_unexplained_payment_that_the_invoice_lists_counts_whatever_its_lines_say() -> None:
    unreadable = payment(line("", "2750.00", ""), payment_id="188")
    assert money(unreadable, of=replace(invoice(), payment_ids=("188",))).state == "unexplained"
    assert money(payment(), unreadable, of=replace(invoice(), payment_ids=("187",))).state == "paid"


def test_a_payment_that_the_invoice_still_lists_and_that_is_no_longer_on_it_brings_nothing() -> None:
    elsewhere = payment(line("Invoice", "2750.00", "7"), payment_id="188")
    assert money(payment(), elsewhere, of=replace(invoice(), payment_ids=("187", "188"))).amount == Decimal("2750.00")
    assert money(elsewhere, of=replace(invoice(), payment_ids=("188",))).state == "inconsistent"


# The four facts


def test_a_deposit_on_the_invoice_is_cash_on_the_invoices_own_date() -> None:
    facts = money(of=invoice(deposit="2750.00"))
    assert (facts.state, facts.amount, facts.date) == ("paid", Decimal("2750.00"), INVOICED)
    assert facts.methods == facts.references == ()
    assert [receipt.payment_id for receipt in facts.receipts] == [""]


def test_amounts_add_up_and_the_latest_date_stands() -> None:
    facts = money(
        payment(line("Invoice", "750.00"), payment_id="188", txn_date=date(2025, 9, 3)),
        payment(line("Invoice", "1000.00"), txn_date=date(2025, 9, 1)),
        of=invoice(deposit="1000.00"),
    )
    assert (facts.amount, facts.date) == (Decimal("2750.00"), date(2025, 9, 3))


def test_methods_and_references_are_told_by_date_then_by_id_as_a_number_each_once() -> None:
    def part(payment_id: str, day: int, method: str, reference: str) -> Payment:
        return payment(
            line("Invoice", "550.00"),
            payment_id=payment_id,
            txn_date=date(2025, 8, day),
            method=method,
            reference=reference,
        )

    facts = money(
        part("10", 2, "Cash", "C"),
        part("9", 2, "Check", "B"),
        part("11", 1, "Visa", "A"),
        part("12", 3, "Cash", " B "),
        part("13", 4, "", ""),
    )
    assert facts.methods == ("Visa", "Check", "Cash")
    assert facts.references == ("A", "B", "C")
    assert [receipt.payment_id for receipt in facts.receipts] == ["11", "9", "10", "12", "13"]


def test_a_payment_that_brought_only_credit_has_no_part_in_the_facts() -> None:
    later_credit = with_credit("0.00", "750.00", payment_id="188", txn_date=date(2025, 9, 9))
    facts = money(payment(line("Invoice", "2000.00")), later_credit)
    assert (facts.state, facts.amount, facts.date) == ("paid", Decimal("2000.00"), PAID_ON)
    assert (facts.methods, facts.references) == (("Test Payment",), ("Manual Test Update",))


def test_the_method_is_named_by_payment_method_where_it_is_known() -> None:
    named = books(method_names={"4": "MasterCard"})
    assert money(payment(method_id="4", method=""), rules=named).methods == ("MasterCard",)
    assert money(payment(method_id="4", method="Renamed"), rules=named).methods == ("MasterCard",)
    assert money(payment(method_id="5", method="Visa"), rules=named).methods == ("Visa",)
    assert money(payment(method_id="4"), rules=named).method_ids == ("4",)


# Settled when


def test_an_invoice_is_settled_on_the_later_of_the_date_and_the_day_it_was_entered() -> None:
    assert money(payment()).settled_on == PAID_ON
    assert money(payment(entered=date(2025, 9, 2))).settled_on == date(2025, 9, 2)
    assert money(payment(entered=date(2025, 8, 1))).settled_on == PAID_ON


def test_an_invoice_is_settled_by_its_last_payment() -> None:
    credit = with_credit("0.00", "750.00", payment_id="188", txn_date=date(2025, 9, 9))
    assert money(payment(line("Invoice", "2000.00")), credit).settled_on == date(2025, 9, 9)


def test_an_invoice_with_a_balance_is_not_settled() -> None:
    assert money(payment(line("Invoice", "1.00")), of=invoice(balance="2749.00")).settled_on is None


def test_the_day_a_payment_was_entered_is_the_one_of_quickbooks_own_offset() -> None:
    entered = parse.payment(
        {
            "Id": "187",
            "TxnDate": "2025-08-31",
            "TotalAmt": Decimal("2750.00"),
            "Line": [{"Amount": Decimal("2750.00"), "LinkedTxn": [{"TxnId": "2052", "TxnType": "Invoice"}]}],
            "MetaData": {
                "CreateTime": "2025-08-31T18:30:00-07:00",  # 1 September in UTC
                "LastUpdatedTime": "2025-08-31T18:30:00-07:00",
            },
        }
    )
    assert money(entered).settled_on == date(2025, 8, 31)


# Several invoices


def account(state: State, invoice_id: str = "2052", currency: str = "") -> InvoiceAccount:
    """An invoice of 100.00 in that state."""
    whole = invoice(invoice_id, total="100.00", currency=currency)
    open_one = replace(whole, balance=Decimal("60.00"))
    paid = payment(line("Invoice", "100.00", invoice_id), currency=currency)
    partly = payment(line("Invoice", "40.00", invoice_id), currency=currency)
    credited = (line("Invoice", "100.00", invoice_id), line("CreditMemo", "100.00", "68"))
    made: dict[State, tuple[Invoice, Sequence[Payment]]] = {
        "paid": (whole, [paid]),
        "partially_paid": (open_one, [partly]),
        "not_paid": (replace(whole, balance=Decimal("100.00")), []),
        "settled_by_credit": (whole, [payment(*credited, currency=currency)]),
        "voided": (replace(whole, total=Decimal(0), voided=True), []),
        "zero_total": (replace(whole, total=Decimal(0)), []),
        "inconsistent": (whole, []),
        "unexplained": (whole, [replace(paid, total=Decimal(7))]),
    }
    found = account_of(*made[state], books()) if state in made else unknown_account(invoice_id)
    assert found.state == state
    return found


@pytest.mark.parametrize(
    ("states", "together"),
    [
        (("paid", "paid"), "paid"),
        (("paid", "not_paid"), "partially_paid"),
        (("paid", "partially_paid"), "partially_paid"),
        (("not_paid", "partially_paid"), "partially_paid"),
        (("settled_by_credit", "partially_paid"), "partially_paid"),
        (("settled_by_credit", "not_paid"), "not_paid"),
        (("not_paid", "not_paid"), "not_paid"),
        (("settled_by_credit", "paid"), "settled_by_credit"),
        (("settled_by_credit", "settled_by_credit"), "settled_by_credit"),
        (("voided", "paid"), "paid"),
        (("zero_total", "paid"), "paid"),
        (("voided", "not_paid"), "not_paid"),
        (("zero_total", "unknown_invoice"), "unknown_invoice"),
        (("voided", "voided"), "voided"),
        (("zero_total", "zero_total"), "zero_total"),
        (("paid", "unknown_invoice"), "unknown_invoice"),
        (("unknown_invoice", "inconsistent"), "inconsistent"),
        (("inconsistent", "unexplained"), "unexplained"),
        (("unexplained", "unknown_invoice", "paid"), "unexplained"),
    ],
)
def test_several_invoices_are_in_the_first_state_that_fits_whatever_their_order(
    states: tuple[State, ...], together: State
) -> None:
    accounts = [account(state, str(place)) for place, state in enumerate(states, start=1)]
    assert combine(accounts).state == together
    assert combine(accounts[::-1]).state == together


def test_invoices_in_different_currencies_are_a_currency_mismatch() -> None:
    both = [account("paid", "1", "EUR"), account("paid", "2", "USD")]
    assert combine(both).state == "currency_mismatch"
    assert combine([both[0], account("voided", "2", "USD")]).state == "paid"


def test_the_facts_of_several_invoices_add_up() -> None:
    facts = combine([account("paid", "1"), account("partially_paid", "2"), account("voided", "3")])
    assert (facts.amount, facts.total, facts.balance) == (Decimal("140.00"), Decimal("200.00"), Decimal("60.00"))
    assert facts.methods == ("Test Payment",)
    assert [each.payment_id for each in facts.receipts] == ["187", "187"]


def test_the_latest_date_counts_for_an_invoice_that_credit_alone_may_settle_too() -> None:
    by_cash = account_of(invoice("1"), [payment(line("Invoice", "2750.00", "1"))], books("1"))
    credit = payment(line("Invoice", "2750.00", "2"), line("CreditMemo", "2750.00", "68"), txn_date=date(2025, 9, 9))
    by_credit = account_of(invoice("2"), [credit], books("1"))
    facts = combine([by_cash, by_credit])
    assert (facts.state, facts.amount, facts.date) == ("paid", Decimal("2750.00"), date(2025, 9, 9))


# Laws

STATES: list[State] = ["paid", "partially_paid", "not_paid", "settled_by_credit", "voided", "zero_total"]
DOUBTS: list[State] = ["unexplained", "inconsistent", "unknown_invoice"]


@st.composite
def settled_histories(draw: st.DrawFn) -> tuple[Invoice, list[Payment]]:
    """An invoice with payments of cash and credit on some days, and what is left as its balance."""
    total = draw(st.integers(1, 500_000))
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=5)))
    parts = [later - before for before, later in pairwise([0, *cuts])]
    payments = []
    for place, part in enumerate(parts):
        credit = draw(st.integers(0, part))
        day = INVOICED + timedelta(days=draw(st.integers(0, 3)))
        lines = [line("Invoice", Decimal(part).scaleb(-2)), line("CreditMemo", Decimal(credit).scaleb(-2), "68")]
        method, reference = draw(st.sampled_from(["", "Cash", "Check"])), draw(st.sampled_from(["", "1", "2"]))
        payments.append(payment(*lines, payment_id=str(8 + place), txn_date=day, method=method, reference=reference))
    left = Decimal(total - sum(parts)).scaleb(-2)
    return invoice(total=str(Decimal(total).scaleb(-2)), balance=str(left)), payments


@given(settled_histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_payments_are_read_never_matters(
    history: tuple[Invoice, list[Payment]], random: Random
) -> None:
    of, payments = history
    shuffled = random.sample(payments, len(payments))
    assert account_of(of, shuffled, books()) == account_of(of, payments, books())


@given(settled_histories())
def test_the_amount_is_never_above_what_the_invoice_was_lowered_by(history: tuple[Invoice, list[Payment]]) -> None:
    of, payments = history
    facts = money(*payments, of=of)
    assert facts.state not in DOUBTS
    assert 0 <= facts.amount <= of.total - of.balance
    account = facts.accounts[0]
    assert sum(receipt.applied for receipt in account.receipts) == of.total - of.balance


@given(settled_histories())
def test_paid_means_no_balance_and_cash(history: tuple[Invoice, list[Payment]]) -> None:
    of, payments = history
    facts = money(*payments, of=of)
    if facts.state == "paid":
        assert of.balance == 0
        assert facts.amount * 2 >= of.total
        assert facts.date is not None


@given(settled_histories(), st.integers(1, 100_000))
def test_a_balance_that_nothing_explains_is_inconsistent_by_any_amount(
    history: tuple[Invoice, list[Payment]], off: int
) -> None:
    of, payments = history
    moved = replace(of, balance=of.balance + Decimal(off).scaleb(-2))
    assert account_of(moved, payments, books()).state == "inconsistent"


@given(st.lists(st.sampled_from(STATES), max_size=4), st.lists(st.sampled_from(DOUBTS), min_size=1, max_size=2))
def test_one_doubtful_invoice_makes_the_whole_doubtful_and_tells_no_amount(
    states: list[State], doubts: list[State]
) -> None:
    facts = combine([account(state, str(place)) for place, state in enumerate([*states, *doubts], start=1)])
    assert facts.state in DOUBTS
    assert facts.amount == 0
    assert facts.date is None

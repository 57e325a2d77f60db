"""rules.md section 1: what an invoice received, told by what stands on its Opportunity afterwards."""

from decimal import Decimal

import pytest
from program.installation import Installation
from program.sales import NOTHING, amounts, payment_record, sell, sync_skips, sync_writes

from qbsf.sandbox.quickbooks.records import PaymentLine

# -- paid lines, credit lines and the identity ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Expense", "Check", "CreditCardCredit"])
def test_1100_received_on_1000_with_100_refunded_brings_1000(qbsf: Installation, kind: str) -> None:
    invoice, deal = sell(qbsf)
    refund = qbsf.books.add_refund(amount="100.00", kind=kind)
    qbsf.books.receive_payment({invoice: "1000.00"}, "1100.00", refunds=[(kind, refund, "100.00")])
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 1000
    qbsf.settled()


def test_journal_entry_as_a_credit_settles_without_cash(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    entry = qbsf.books.add_journal_entry(credit="1000.00")
    qbsf.books.receive_payment({invoice: "1000.00"}, 0, method="", credits=[("JournalEntry", entry, "1000.00")])
    sync_skips(qbsf, "settled_by_credit", deal)
    assert qbsf.amount(deal) is None
    qbsf.settled()


def test_journal_entry_that_is_paid_itself_takes_its_share(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "600.00")
    entry = qbsf.books.add_journal_entry(debit="400.00")
    qbsf.books.receive_payment({invoice: "600.00"}, "1000.00", refunds=[("JournalEntry", entry, "400.00")])
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 600
    qbsf.settled()


def test_journal_entries_on_both_sides_of_one_payment(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "600.00")
    paid = qbsf.books.add_journal_entry(debit="100.00")
    credit = qbsf.books.add_journal_entry(credit="200.00")
    qbsf.books.receive_payment(
        {invoice: "600.00"},
        "500.00",
        refunds=[("JournalEntry", paid, "100.00")],
        credits=[("JournalEntry", credit, "200.00")],
    )
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == Decimal("428.57")  # 600 of 700 settled with 500 of money
    qbsf.settled()


def test_bank_deposit_posted_to_receivables_is_real_money(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    deposit = qbsf.books.add_deposit(amount="1000.00")
    qbsf.books.receive_payment(
        {invoice: "1000.00"}, 0, date="2026-10-05", method="", credits=[("Deposit", deposit, "1000.00")]
    )
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("1000.00", "2026-10-05", None, None)
    qbsf.settled()


def test_bank_deposit_beside_a_cheque_and_a_credit_memo(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    deposit = qbsf.books.add_deposit(amount="300.00")
    memo = qbsf.books.add_credit_memo(total="200.00")
    credits_used = [("Deposit", deposit, "300.00"), ("CreditMemo", memo, "200.00")]
    qbsf.books.receive_payment({invoice: "1000.00"}, "500.00", credits=credits_used)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 800
    qbsf.settled()


# -- applied, and cash of it ------------------------------------------------------------------------------------------


def test_one_payment_settles_many_invoices_each_with_its_line(qbsf: Installation) -> None:
    first, first_deal = sell(qbsf, "600.00", "First")
    second, second_deal = sell(qbsf, "400.00", "Second")
    qbsf.books.receive_payment({first: "600.00", second: "400.00"}, date="2026-09-01", reference="CHQ 7")
    sync_writes(qbsf, "paid", first_deal, second_deal)
    assert qbsf.payment_fields(first_deal) == ("600.00", "2026-09-01", "Check", "CHQ 7")
    assert qbsf.payment_fields(second_deal) == ("400.00", "2026-09-01", "Check", "CHQ 7")
    qbsf.settled()


def test_overpayment_counts_only_what_was_applied(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "600.00")
    qbsf.books.receive_payment({invoice: "600.00"}, "1000.00")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 600
    qbsf.settled()


def test_prepayment_applied_later_keeps_its_own_date(qbsf: Installation) -> None:
    payment = qbsf.books.receive_payment((), "1000.00", customer="Acme Corp", date="2026-01-15")
    invoice, deal = sell(qbsf, txn_date="2026-03-01")
    qbsf.sync()
    assert qbsf.payment_fields(deal) == NOTHING
    qbsf.books.edit_payment(payment, invoices={invoice: "1000.00"})
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("1000.00", "2026-01-15", "Check", None)
    qbsf.settled()


def test_two_lines_of_one_payment_on_the_same_invoice_add_up(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment({invoice: "1000.00"})
    parts = [PaymentLine(Decimal(part), "Invoice", invoice) for part in ("300.00", "700.00")]
    payment_record(qbsf, payment).lines = parts
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 1000
    qbsf.settled()


def test_900_of_money_and_100_of_credit_on_600_and_400_bring_540_and_360(qbsf: Installation) -> None:
    first, first_deal = sell(qbsf, "600.00", "First")
    second, second_deal = sell(qbsf, "400.00", "Second")
    memo = qbsf.books.add_credit_memo(total="100.00")
    paid = {first: "600.00", second: "400.00"}
    qbsf.books.receive_payment(paid, "900.00", credits=[("CreditMemo", memo, "100.00")])
    sync_writes(qbsf, "paid", first_deal, second_deal)
    assert amounts(qbsf, first_deal, second_deal) == ["540.00", "360.00"]
    qbsf.settled()


def test_the_rounding_rest_goes_to_the_last_line(qbsf: Installation) -> None:
    sales = [sell(qbsf, total, f"Deal {total}") for total in ("33.34", "33.35", "33.33")]
    memo = qbsf.books.add_credit_memo(total="0.02")
    paid = {invoice: qbsf.books.invoice(invoice)["TotalAmt"] for invoice, _ in sales}
    qbsf.books.receive_payment(
        {invoice: str(total) for invoice, total in paid.items()}, "100.00", credits=[("CreditMemo", memo, "0.02")]
    )
    sync_writes(qbsf, "paid", *(deal for _, deal in sales))
    amounts = [qbsf.amount(deal) for _, deal in sales]
    assert amounts == [Decimal("33.33"), Decimal("33.34"), Decimal("33.33")]  # 33.3333, 33.3433, the rest
    qbsf.settled()


def test_cash_never_leaves_0_to_applied_however_it_rounds(qbsf: Installation) -> None:
    sales = [sell(qbsf, "0.01", f"Deal {number}") for number in range(10)]
    memo = qbsf.books.add_credit_memo(total="0.05")
    qbsf.books.receive_payment([invoice for invoice, _ in sales], "0.05", credits=[("CreditMemo", memo, "0.05")])
    qbsf.sync()
    amounts = [qbsf.amount(deal) or Decimal(0) for _, deal in sales]
    assert set(amounts) == {Decimal(0), Decimal("0.01")}
    assert sum(amounts) == Decimal("0.05")
    qbsf.settled()


def test_a_payment_that_only_carries_a_credit_memo_brings_no_cash(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.apply_credit(qbsf.books.add_credit_memo(total="1000.00"), invoice)
    sync_skips(qbsf, "settled_by_credit", deal)
    assert qbsf.payment_fields(deal) == NOTHING
    assert qbsf.stage(deal) == "Proposal and Agreement"
    qbsf.settled()


def test_deposit_on_the_invoice_is_cash_on_the_invoices_own_date(qbsf: Installation) -> None:
    _, deal = sell(qbsf, "500.00", txn_date="2026-08-03", deposit="500.00")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("500.00", "2026-08-03", None, None)
    qbsf.settled()


def test_deposit_on_the_invoice_adds_to_its_payments(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "500.00", txn_date="2026-08-03", deposit="200.00")
    sync_writes(qbsf, "partially_paid", deal)
    assert qbsf.payment_fields(deal) == ("200.00", "2026-08-03", None, None)
    qbsf.books.receive_payment({invoice: "300.00"}, date="2026-08-20", method="Cash", reference="R1")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("500.00", "2026-08-20", "Cash", "R1")
    qbsf.settled()


def test_a_voided_payment_brings_nothing(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.void_payment(qbsf.books.receive_payment(invoice))
    kept, kept_deal = sell(qbsf, "300.00", "Kept")
    qbsf.books.receive_payment({kept: "100.00"})
    voided = qbsf.books.receive_payment({kept: "200.00"}, reference="BOUNCED")
    sync_writes(qbsf, "paid", kept_deal)
    assert qbsf.payment_fields(deal) == NOTHING
    qbsf.books.void_payment(voided)
    sync_writes(qbsf, "reversed", kept_deal)
    assert qbsf.payment_fields(kept_deal)[0::3] == ("100.00", None)
    assert qbsf.writes(deal) == 1  # only its number was filled in
    qbsf.settled()


def test_a_deleted_payment_brings_nothing(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    qbsf.books.delete_payment(payment)
    sync_writes(qbsf, "reversed", deal)
    assert qbsf.payment_fields(deal) == NOTHING
    qbsf.settled()


# -- dates and money are taken as they stand --------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
def test_a_date_is_never_shifted_by_a_time_zone(qbsf: Installation, zone: str) -> None:
    qbsf.extra_environment["TZ"] = zone
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice, date="2026-03-31")
    record = sync_writes(qbsf, "paid", deal).record(deal)
    assert qbsf.payment_fields(deal)[1] == record["payments"][0]["date"] == "2026-03-31"
    qbsf.settled()


def test_money_is_exact_from_the_wire_to_the_wire(qbsf: Installation) -> None:
    small, small_deal = sell(qbsf, "0.30", "Small")
    for amount in ("0.10", "0.20"):
        qbsf.books.receive_payment({small: amount})
    large, large_deal = sell(qbsf, "98765432109.87", "Large")
    qbsf.books.receive_payment(large)
    record = sync_writes(qbsf, "paid", small_deal, large_deal).record(large_deal)
    assert (qbsf.amount(small_deal), qbsf.amount(large_deal)) == (Decimal("0.30"), Decimal("98765432109.87"))
    assert record["changes"]["QB_Payment_Amount__c"]["to"] == "98765432109.87"
    qbsf.settled()


def test_records_without_a_currency_are_in_the_home_currency(qbsf: Installation) -> None:
    qbsf.books.settings.show_currency = False
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice)
    assert "CurrencyRef" not in qbsf.books.invoice(invoice)
    record = sync_writes(qbsf, "paid", deal).record(deal)
    assert record["invoices"][0]["currency"] == "USD"
    qbsf.settled()


# -- the two guards ---------------------------------------------------------------------------------------------------


def test_a_payment_that_breaks_the_identity_is_unexplained_until_it_adds_up(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice)
    qbsf.books.corrupt_payment(payment, unapplied="50.00")
    sync_skips(qbsf, "unexplained", deal)
    qbsf.settled()
    assert (qbsf.writes(deal), qbsf.payment_fields(deal)) == (0, NOTHING)
    qbsf.books.corrupt_payment(payment, unapplied="0.00")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 1000
    assert qbsf.attention() == {}


def test_a_payment_with_a_line_of_an_unknown_type_is_unexplained(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice)
    qbsf.books.corrupt_payment(payment, extra_line=("StatementCharge", "77", "10.00"))
    sync_skips(qbsf, "unexplained", deal)
    qbsf.settled()
    assert (qbsf.writes(deal), qbsf.payment_fields(deal)) == (0, NOTHING)


def test_a_payment_in_another_currency_than_the_invoice_is_unexplained(qbsf: Installation) -> None:
    qbsf.books.settings.multi_currency = True
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice)
    payment_record(qbsf, payment).currency = "EUR"
    sync_skips(qbsf, "unexplained", deal)
    qbsf.settled()
    assert (qbsf.writes(deal), qbsf.payment_fields(deal)) == (0, NOTHING)


def test_every_invoice_of_an_unexplained_payment_waits(qbsf: Installation) -> None:
    first, first_deal = sell(qbsf, "600.00", "First")
    second, second_deal = sell(qbsf, "400.00", "Second")
    payment = qbsf.books.receive_payment([first, second])
    qbsf.books.corrupt_payment(payment, unapplied="1.00")
    sync_skips(qbsf, "unexplained", first_deal, second_deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0


@pytest.mark.parametrize("first_pass", [True, False])
def test_an_invoice_read_in_the_middle_of_a_change_is_read_again_in_the_same_pass(
    qbsf: Installation, first_pass: bool
) -> None:
    invoice, deal = sell(qbsf)
    if not first_pass:
        qbsf.sync()
    qbsf.books.receive_payment(invoice)
    qbsf.books.show_stale(invoice)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 1000
    qbsf.settled()


@pytest.mark.parametrize("first_pass", [True, False])
def test_an_invoice_that_stays_inconsistent_is_left_to_the_next_pass(qbsf: Installation, first_pass: bool) -> None:
    invoice, deal = sell(qbsf)
    if not first_pass:
        qbsf.sync()
    written = qbsf.all_writes()
    qbsf.books.receive_payment(invoice)
    qbsf.books.show_stale(invoice, for_reads=2)
    record = qbsf.sync().record(deal)
    assert (record["outcome"], record["reason"], record["changes"]) == ("skipped", "inconsistent", {})
    assert qbsf.all_writes() == written
    assert qbsf.attention() == {}
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[0] == "1000.00"
    qbsf.settled()


def test_a_balance_of_zero_that_no_payment_explains_is_never_written(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.show_stale(invoice, for_reads=2, balance="0.00")
    assert qbsf.sync().record(deal)["reason"] == "inconsistent"
    assert qbsf.all_writes() == 0
    assert qbsf.stage(deal) == "Proposal and Agreement"
    qbsf.sync()  # the invoice is read as it is
    assert qbsf.payment_fields(deal) == NOTHING
    qbsf.settled()


def test_a_won_deal_keeps_its_payment_while_that_cannot_be_explained(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    kept = qbsf.payment_fields(deal)
    qbsf.books.corrupt_payment(payment, unapplied="700.00")
    sync_skips(qbsf, "unexplained", deal)
    qbsf.settled()
    assert (qbsf.payment_fields(deal), qbsf.stage(deal)) == (kept, "Closed Won")


def test_a_won_deal_keeps_its_payment_when_its_invoice_is_read_in_the_middle_of_a_change(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    kept = qbsf.payment_fields(deal)
    qbsf.books.edit_invoice(invoice, private_note="Thank you")
    qbsf.books.show_stale(invoice, for_reads=2, balance="1000.00")
    assert qbsf.sync().record(deal)["reason"] == "inconsistent"
    qbsf.settled()
    assert (qbsf.payment_fields(deal), qbsf.stage(deal)) == (kept, "Closed Won")

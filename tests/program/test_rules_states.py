"""rules.md section 2: the state of an invoice, and of several together, told by record and Opportunity."""

from datetime import timedelta

import pytest
from program.installation import Installation
from program.sales import OPEN, WON, bill, deal_for, sell, sync_skips, sync_writes, told


def skipped_untouched(qbsf: Installation, deal: str, reason: str) -> None:
    """Skipped by rule, asking nobody, with no write to the deal in this pass or a later one."""
    before = qbsf.writes(deal)
    record = qbsf.sync("-v").record(deal)
    assert (record["outcome"], record["reason"], record["changes"]) == ("skipped", reason, {})
    assert qbsf.attention() == {}
    qbsf.settled()
    assert qbsf.writes(deal) == before


# -- one invoice ------------------------------------------------------------------------------------------------------


def test_voided_invoice_is_not_paid_although_nothing_is_open(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", private_note="Thank you")
    qbsf.books.void_invoice(invoice)
    assert qbsf.books.invoice(invoice)["Balance"] == 0
    skipped_untouched(qbsf, deal_for(qbsf, invoice), "voided")


def test_invoice_voided_after_it_was_paid_loses_its_payment(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="100.00")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "paid", deal)
    qbsf.books.void_invoice(invoice)
    sync_writes(qbsf, "reversed", deal)
    assert qbsf.amount(deal) is None
    qbsf.settled()


def test_a_note_that_says_voided_makes_no_live_invoice_voided(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="100.00", private_note="Voided cheque was replaced")
    sync_writes(qbsf, "paid", deal_for(qbsf, invoice))
    qbsf.settled()


def test_deleted_invoice_is_voided_when_the_change_feed_says_so(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00")
    deal = deal_for(qbsf, invoice)
    qbsf.sync()
    qbsf.books.delete_invoice(invoice)
    skipped_untouched(qbsf, deal, "voided")


def test_deleted_invoice_is_voided_when_it_answers_610_and_was_seen_before(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00")
    deal = deal_for(qbsf, invoice)
    qbsf.sync()
    qbsf.books.delete_invoice(invoice)
    qbsf.clock.advance(timedelta(days=40))  # further back than the change feed tells
    skipped_untouched(qbsf, deal, "voided")


def test_deleted_invoice_that_only_the_change_feed_ever_told_of_is_voided(qbsf: Installation) -> None:
    qbsf.sync()
    invoice = bill(qbsf, "100.00")
    deal = deal_for(qbsf, invoice)
    qbsf.books.delete_invoice(invoice)
    skipped_untouched(qbsf, deal, "voided")


def test_paid_invoice_that_was_deleted_loses_its_payment(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="100.00")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "paid", deal)
    qbsf.books.delete_invoice(invoice)
    sync_writes(qbsf, "reversed", deal)
    assert qbsf.amount(deal) is None
    qbsf.settled()


@pytest.mark.parametrize("note", ["", "Not Voided"])
def test_invoice_over_nothing_is_zero_total(qbsf: Installation, note: str) -> None:
    skipped_untouched(qbsf, deal_for(qbsf, bill(qbsf, "0.00", private_note=note)), "zero_total")


def test_paid_where_the_balance_is_0_and_credit_at_most_half(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "1000.00", cash="500.00", credit="500.00"))
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "500.00")
    qbsf.settled()


def test_settled_by_credit_where_credit_is_a_cent_over_half(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "1000.00", cash="499.99", credit="500.01"))
    sync_writes(qbsf, "settled_by_credit", deal)
    assert told(qbsf, deal) == (OPEN, "499.99")
    assert qbsf.attention() == {deal: "settled_by_credit"}
    qbsf.settled()


def test_settled_by_credit_where_there_is_no_cash(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "1000.00", credit="1000.00"))
    sync_skips(qbsf, "settled_by_credit", deal)
    assert (qbsf.writes(deal), qbsf.stage(deal)) == (0, OPEN)
    qbsf.settled()


@pytest.mark.parametrize(("share", "stage"), [("0%", OPEN), ("20%", WON), ("19%", OPEN), ("90%", WON)])
def test_max_credit_share_says_how_much_credit_a_paid_invoice_may_have(
    qbsf: Installation, share: str, stage: str
) -> None:
    qbsf.configure(sync={"max_credit_share": share})
    deal = deal_for(qbsf, bill(qbsf, "1000.00", cash="800.00", credit="200.00"))
    sync_writes(qbsf, "paid" if stage == WON else "settled_by_credit", deal)
    assert told(qbsf, deal) == (stage, "800.00")
    qbsf.settled()


def test_max_credit_share_of_90_percent_still_wants_some_cash(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_credit_share": "99%"})
    deal = deal_for(qbsf, bill(qbsf, "1000.00", credit="1000.00"))
    sync_skips(qbsf, "settled_by_credit", deal)
    qbsf.settled()


def test_max_credit_share_of_100_percent_counts_credit_alone_as_paid_on_its_date(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_credit_share": "100%"})
    invoice = bill(qbsf, "1000.00", txn_date="2026-02-01")
    memo = qbsf.books.add_credit_memo(total="1000.00", txn_date="2026-02-02")
    qbsf.books.apply_credit(memo, invoice, date="2026-02-10")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.stage(deal) == WON
    assert qbsf.payment_fields(deal) == (None, "2026-02-10", None, None)
    qbsf.settled()


def test_partially_paid_where_some_cash_came_and_some_is_open(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "1000.00", cash="400.00"))
    sync_writes(qbsf, "partially_paid", deal)
    assert told(qbsf, deal) == (OPEN, "400.00")
    qbsf.settled()


def test_not_paid_where_nothing_came(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "1000.00"))
    outcome = qbsf.sync()
    assert outcome.records == []
    assert outcome.json["summary"]["skipped"] == 1
    skipped_again = qbsf.sync("--full", "-v").record(deal)
    assert (skipped_again["outcome"], skipped_again["reason"]) == ("skipped", "not_paid")
    assert qbsf.all_writes() == 0


def test_not_paid_where_only_credit_came_and_some_is_open(qbsf: Installation) -> None:
    skipped_untouched(qbsf, deal_for(qbsf, bill(qbsf, "1000.00", credit="900.00")), "not_paid")


def test_an_invoice_is_open_again_when_its_credit_memo_is_deleted(qbsf: Installation) -> None:
    invoice = bill(qbsf, "1000.00")
    memo = qbsf.books.add_credit_memo(total="1000.00")
    qbsf.books.apply_credit(memo, invoice)
    deal = deal_for(qbsf, invoice)
    sync_skips(qbsf, "settled_by_credit", deal)
    qbsf.books.delete_credit_memo(memo)
    skipped_untouched(qbsf, deal, "not_paid")


def test_unknown_invoice_is_for_a_person(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="777001", number="N-777")
    record = sync_skips(qbsf, "unknown_invoice", deal).record(deal)
    assert "777001" in str(record)
    qbsf.settled()


def test_an_invoice_deleted_before_it_was_ever_seen_is_unknown(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="100.00")
    deal = deal_for(qbsf, invoice)
    qbsf.books.delete_invoice(invoice)
    sync_skips(qbsf, "unknown_invoice", deal)
    assert qbsf.all_writes() == 0
    qbsf.settled()


def test_unknown_invoice_takes_nothing_back(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    told = qbsf.payment_fields(deal)
    qbsf.org.edit(deal, QB_Invoice_ID__c="777001", QB_Invoice_Number__c=None)
    sync_skips(qbsf, "unknown_invoice", deal)
    assert (qbsf.payment_fields(deal), qbsf.stage(deal)) == (told, WON)
    qbsf.settled()


def test_an_invoice_that_appears_later_is_no_longer_unknown(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="777001")
    sync_skips(qbsf, "unknown_invoice", deal)
    bill(qbsf, "100.00", cash="100.00", invoice_id="777001")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.attention() == {}
    qbsf.settled()


# -- several invoices of one Opportunity ------------------------------------------------------------------------------


def test_voided_and_zero_invoices_are_left_out_while_another_remains(qbsf: Installation) -> None:
    voided = bill(qbsf, "300.00")
    qbsf.books.void_invoice(voided)
    deal = deal_for(qbsf, voided, bill(qbsf, "0.00"), bill(qbsf, "100.00", cash="100.00"))
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "100.00")
    qbsf.settled()


def test_all_voided_together_are_voided(qbsf: Installation) -> None:
    voided = [bill(qbsf, "300.00"), bill(qbsf, "200.00")]
    for invoice in voided:
        qbsf.books.void_invoice(invoice)
    skipped_untouched(qbsf, deal_for(qbsf, *voided), "voided")


def test_all_of_zero_together_are_zero_total(qbsf: Installation) -> None:
    skipped_untouched(qbsf, deal_for(qbsf, bill(qbsf, "0.00"), bill(qbsf, "0.00")), "zero_total")


def test_one_unexplained_makes_all_unexplained_before_anything_else(qbsf: Installation) -> None:
    odd = bill(qbsf, "300.00")
    qbsf.books.corrupt_payment(qbsf.books.receive_payment(odd), unapplied="5.00")
    paid = bill(qbsf, "100.00", cash="100.00")
    stale = bill(qbsf, "100.00", cash="100.00")
    qbsf.books.show_stale(stale, for_reads=20, balance="60.00")
    deal = qbsf.deal(invoice=f"{paid}, {stale}, 777001, {odd}")
    sync_skips(qbsf, "unexplained", deal)
    assert qbsf.all_writes() == 0
    qbsf.settled()


def test_one_inconsistent_makes_all_inconsistent_before_an_unknown_one(qbsf: Installation) -> None:
    paid = bill(qbsf, "100.00", cash="100.00")
    stale = bill(qbsf, "100.00", cash="100.00")
    qbsf.books.show_stale(stale, for_reads=2, balance="60.00")
    deal = qbsf.deal(invoice=f"{paid}, {stale}, 777001")
    assert qbsf.sync().record(deal)["reason"] == "inconsistent"
    assert qbsf.all_writes() == 0


def test_one_unknown_makes_all_unknown(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice=f"{bill(qbsf, '100.00', cash='100.00')}, 777001")
    sync_skips(qbsf, "unknown_invoice", deal)
    assert qbsf.all_writes() == 0
    qbsf.settled()


def test_all_paid_together_are_paid_and_their_facts_add_up(qbsf: Installation) -> None:
    first, second = bill(qbsf, "100.00"), bill(qbsf, "50.00")
    qbsf.books.receive_payment({first: "100.00"}, date="2026-04-02", method="Wire", reference="W1")
    qbsf.books.receive_payment({second: "50.00"}, date="2026-04-01", method="Cash", reference="C1")
    deal = deal_for(qbsf, first, second)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.stage(deal) == WON
    assert qbsf.payment_fields(deal) == ("150.00", "2026-04-02", "Cash, Wire", "C1, W1")
    qbsf.settled()


def test_one_payment_for_both_invoices_is_named_once(qbsf: Installation) -> None:
    first, second = bill(qbsf, "100.00"), bill(qbsf, "50.00")
    qbsf.books.receive_payment([first, second], date="2026-04-02", method="Wire", reference="W1")
    deal = deal_for(qbsf, first, second)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("150.00", "2026-04-02", "Wire", "W1")
    qbsf.settled()


def test_one_open_among_paid_is_partially_paid(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "100.00", cash="100.00"), bill(qbsf, "50.00"))
    sync_writes(qbsf, "partially_paid", deal)
    assert told(qbsf, deal) == (OPEN, "100.00")
    qbsf.settled()


def test_several_with_a_balance_and_no_cash_are_not_paid(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "100.00", credit="100.00"), bill(qbsf, "50.00"))
    skipped_untouched(qbsf, deal, "not_paid")


def test_paid_beside_settled_by_credit_is_settled_by_credit(qbsf: Installation) -> None:
    deal = deal_for(qbsf, bill(qbsf, "100.00", cash="100.00"), bill(qbsf, "50.00", credit="50.00"))
    sync_writes(qbsf, "settled_by_credit", deal)
    assert told(qbsf, deal) == (OPEN, "100.00")
    assert qbsf.attention() == {deal: "settled_by_credit"}
    qbsf.settled()


def test_invoices_of_different_currencies_are_for_a_person(qbsf: Installation) -> None:
    qbsf.books.settings.multi_currency = True
    dollars = bill(qbsf, "100.00", cash="100.00")
    euros = bill(qbsf, "100.00", cash="100.00", customer="Müller GmbH", currency="EUR")
    deal = deal_for(qbsf, dollars, euros)
    sync_skips(qbsf, "currency_mismatch", deal)
    assert qbsf.all_writes() == 0
    qbsf.settled()


def test_a_voided_invoice_in_another_currency_does_not_count(qbsf: Installation) -> None:
    qbsf.books.settings.multi_currency = True
    euros = bill(qbsf, "100.00", customer="Müller GmbH", currency="EUR")
    qbsf.books.void_invoice(euros)
    deal = deal_for(qbsf, bill(qbsf, "100.00", cash="100.00"), euros)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 100
    qbsf.settled()

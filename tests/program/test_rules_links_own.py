"""rules.md section 3: what qbsf filled in itself never counts as a person's; late invoices."""

from typing import Any

import pytest
from program.installation import Installation
from program.sales import OPEN, WON, amounts, bill, deal_for, paid_bill, payment_of, sell, sync_skips, sync_writes, told


def named_links(qbsf: Installation, deal: str) -> tuple[str | None, str | None]:
    """(invoice id field, invoice number field)"""
    return qbsf.field(deal, "QB_Invoice_ID__c"), qbsf.field(deal, "QB_Invoice_Number__c")


def bill_for(qbsf: Installation, deal: str, total: str = "100.00", **invoice: Any) -> str:
    """An invoice whose private note names the deal."""
    return bill(qbsf, total, private_note=f"Deal {deal}", **invoice)


# -- what was filled in -----------------------------------------------------------------------------------------------


def test_a_link_found_by_the_note_is_written_back(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = bill_for(qbsf, deal, number="A-1")
    record = sync_writes(qbsf, "linked", deal).record(deal)
    assert record["matched_by"] == "opportunity_id"
    assert named_links(qbsf, deal) == (invoice, "A-1")
    qbsf.settled()


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_what_was_filled_in_leaves_the_note_open_for_further_invoices(qbsf: Installation, memory: str) -> None:
    deal = qbsf.deal()
    first = bill_for(qbsf, deal, number="A-1")
    sync_writes(qbsf, "linked", deal)
    if memory == "lost":
        qbsf.state_path.unlink()
    second = bill_for(qbsf, deal, number="A-2")
    sync_writes(qbsf, "linked", deal)
    assert named_links(qbsf, deal) == (f"{first}, {second}", "A-1, A-2")
    qbsf.books.receive_payment([first, second])
    record = sync_writes(qbsf, "paid", deal).record(deal)
    assert (*amounts(qbsf, deal), record["matched_by"]) == ("200.00", "opportunity_id")
    qbsf.settled()


@pytest.mark.parametrize("separator", [", ", "\r\n"])
def test_fields_that_a_person_filled_with_invoices_that_all_name_the_deal_leave_the_note_open(
    qbsf: Installation, separator: str
) -> None:
    qbsf.org.alter_field("QB_Invoice_ID__c", kind="TextArea")
    deal = qbsf.deal()
    invoices = [bill_for(qbsf, deal, cash="100.00") for _ in range(3)]
    qbsf.org.edit(deal, QB_Invoice_ID__c=separator.join(invoices[:2]))
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 300
    qbsf.settled()


def test_a_person_who_adds_another_invoice_to_the_filled_in_list_decides(qbsf: Installation) -> None:
    deal = qbsf.deal()
    first = bill_for(qbsf, deal, cash="40.00")
    sync_writes(qbsf, "partially_paid", deal)
    further = paid_bill(qbsf, "60.00")
    qbsf.org.edit(deal, QB_Invoice_ID__c=f"{first}, {further}")
    sync_writes(qbsf, "partially_paid", deal)
    assert qbsf.amount(deal) == 100
    qbsf.settled()


def test_a_filled_in_id_is_filled_anew_when_the_number_changes(qbsf: Installation) -> None:
    first = qbsf.books.add_invoice(total="100.00", number="A-1")
    second = qbsf.books.add_invoice(total="55.00", number="A-2")
    deal = qbsf.deal(number="A-1")
    sync_writes(qbsf, "linked", deal)
    assert named_links(qbsf, deal) == (first, "A-1")
    qbsf.org.edit(deal, QB_Invoice_Number__c="A-2")
    record = sync_writes(qbsf, "linked", deal).record(deal)
    assert record["matched_by"] == "invoice_number"
    assert named_links(qbsf, deal) == (second, "A-2")
    qbsf.books.receive_payment(second)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 55
    qbsf.settled()


def test_a_filled_in_number_is_filled_anew_when_the_id_changes(qbsf: Installation) -> None:
    first = qbsf.books.add_invoice(total="100.00", number="A-1")
    second = paid_bill(qbsf, "55.00", number="A-2")
    deal = qbsf.deal(invoice=first)
    sync_writes(qbsf, "linked", deal)
    assert named_links(qbsf, deal) == (first, "A-1")
    qbsf.org.edit(deal, QB_Invoice_ID__c=second)
    sync_writes(qbsf, "paid", deal)
    assert named_links(qbsf, deal) == (second, "A-2")
    assert qbsf.amount(deal) == 55
    qbsf.settled()


def test_the_fields_of_a_paid_deal_follow_the_persons_link(qbsf: Installation) -> None:
    paid_bill(qbsf, "100.00", number="A-1")
    second = paid_bill(qbsf, "155.00", number="A-2")
    deal = qbsf.deal(number="A-1")
    sync_writes(qbsf, "paid", deal)
    qbsf.org.edit(deal, QB_Invoice_Number__c="A-2")
    sync_writes(qbsf, "payment_changed", deal)
    assert (named_links(qbsf, deal), told(qbsf, deal)) == ((second, "A-2"), (WON, "155.00"))
    qbsf.settled()


def test_an_id_that_a_person_typed_is_never_filled_anew(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00", number="A-1")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "paid", deal)
    qbsf.books.add_invoice(total="55.00", number="A-2")
    qbsf.org.edit(deal, QB_Invoice_Number__c="A-2")
    sync_skips(qbsf, "link_conflict", deal)
    assert named_links(qbsf, deal) == (invoice, "A-2")
    qbsf.settled()


def test_a_filled_in_number_that_another_invoice_takes_over_is_no_conflict(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "100.00", number="A-1")
    sync_writes(qbsf, "linked", deal)
    qbsf.books.edit_invoice(invoice, number="B-1")
    paid_bill(qbsf, "55.00", number="A-1")
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "100.00")
    qbsf.settled()


def test_an_invoice_that_was_voided_and_issued_again_under_its_number_is_followed(qbsf: Installation) -> None:
    first = qbsf.books.add_invoice(total="100.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    sync_writes(qbsf, "linked", deal)
    qbsf.books.void_invoice(first)
    second = paid_bill(qbsf, "110.00", number="A-1")
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "110.00")
    assert named_links(qbsf, deal) == (second, "A-1")
    qbsf.settled()


def test_a_deal_whose_link_was_filled_in_counts_as_known_and_is_won(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "100.00")
    sync_writes(qbsf, "linked", deal)
    qbsf.org.edit(deal, QB_Payment_Amount__c="100.00")  # a person was quicker than the bookkeeper
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "100.00")
    qbsf.settled()


def test_matched_by_stays_the_way_it_was_first_found(qbsf: Installation) -> None:
    by_number, by_note = qbsf.deal("By number", number="A-1"), qbsf.deal("By note")
    first = bill(qbsf, "100.00", number="A-1")
    second = bill_for(qbsf, by_note)
    qbsf.sync()
    assert named_links(qbsf, by_number)[0] == first  # from here on, the id field alone would tell
    qbsf.books.receive_payment([first, second])
    outcome = sync_writes(qbsf, "paid", by_number, by_note)
    assert outcome.record(by_number)["matched_by"] == "invoice_number"
    assert outcome.record(by_note)["matched_by"] == "opportunity_id"
    full = qbsf.sync("--full", "-v")
    assert full.record(by_number)["matched_by"] == "invoice_number"
    assert full.record(by_note)["matched_by"] == "opportunity_id"


def test_a_link_that_was_written_back_outlives_the_note(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = bill_for(qbsf, deal)
    sync_writes(qbsf, "linked", deal)
    qbsf.books.edit_invoice(invoice, private_note="Thank you")
    qbsf.sync()
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 100
    qbsf.settled()


# -- further invoices, in time and late -------------------------------------------------------------------------------


def won_by_note(qbsf: Installation) -> tuple[str, str]:
    """An invoice that names its deal, and the deal that its payment has won."""
    deal = qbsf.deal()
    invoice = bill_for(qbsf, deal, cash="100.00")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.stage(deal) == WON
    return invoice, deal


def test_a_further_invoice_of_a_won_and_paid_deal_is_late(qbsf: Installation) -> None:
    invoice, deal = won_by_note(qbsf)
    late = bill_for(qbsf, deal, "77.00", cash="77.00")
    outcome = qbsf.sync("-v")
    (record,) = [each for each in outcome.records if each["reason"] == "late_invoice"]
    assert (record["outcome"], record["changes"], record["opportunity_id"]) == ("skipped", {}, deal)
    assert [each["id"] for each in record["invoices"]] == [late]
    assert qbsf.attention() == {deal: "late_invoice"}
    assert (*amounts(qbsf, deal), named_links(qbsf, deal)[0]) == ("100.00", invoice)
    qbsf.settled()


def test_a_late_invoice_stays_late_when_local_state_is_lost_and_it_is_paid(qbsf: Installation) -> None:
    invoice, deal = won_by_note(qbsf)
    late = bill_for(qbsf, deal, "77.00")
    qbsf.state_path.unlink()
    qbsf.sync()
    assert qbsf.attention() == {deal: "late_invoice"}
    qbsf.books.receive_payment(late)
    qbsf.sync()
    assert qbsf.attention() == {deal: "late_invoice"}
    assert (*amounts(qbsf, deal), named_links(qbsf, deal)[0]) == ("100.00", invoice)
    qbsf.settled()


def test_each_late_invoice_has_a_record_of_its_own(qbsf: Installation) -> None:
    _, deal = won_by_note(qbsf)
    late = {bill_for(qbsf, deal) for _ in range(2)}
    records = [each for each in qbsf.sync().records if each["reason"] == "late_invoice"]
    assert {each["id"] for record in records for each in record["invoices"]} == late
    assert len(records) == 2
    qbsf.settled()


def test_a_late_invoice_does_not_keep_the_first_ones_changes_from_the_deal(qbsf: Installation) -> None:
    invoice, deal = won_by_note(qbsf)
    bill_for(qbsf, deal)
    qbsf.sync()
    payment = payment_of(qbsf, invoice)
    qbsf.books.edit_payment(payment, reference="Corrected")
    qbsf.sync()
    assert qbsf.payment_fields(deal)[3] == "Corrected"
    assert qbsf.amount(deal) == 100
    qbsf.settled()


def test_a_late_invoice_is_settled_when_a_person_names_it(qbsf: Installation) -> None:
    invoice, deal = won_by_note(qbsf)
    late = bill_for(qbsf, deal, "77.00", cash="77.00")
    qbsf.sync()
    assert qbsf.attention() == {deal: "late_invoice"}
    qbsf.org.edit(deal, QB_Invoice_ID__c=f"{invoice}, {late}")
    sync_writes(qbsf, "payment_changed", deal)
    assert qbsf.amount(deal) == 177
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_late_invoice_is_settled_when_it_no_longer_names_the_deal(qbsf: Installation) -> None:
    _, deal = won_by_note(qbsf)
    late = bill_for(qbsf, deal)
    qbsf.sync()
    qbsf.books.edit_invoice(late, private_note="For another deal")
    qbsf.sync()
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_further_invoice_joins_an_open_deal_that_is_partly_paid(qbsf: Installation) -> None:
    deal = qbsf.deal()
    bill_for(qbsf, deal, cash="40.00")
    sync_writes(qbsf, "partially_paid", deal)
    bill_for(qbsf, deal, cash="60.00")
    sync_writes(qbsf, "partially_paid", deal)
    assert told(qbsf, deal) == (OPEN, "100.00")
    qbsf.settled()


@pytest.mark.parametrize("amount", [None, "100.00"])
def test_a_further_invoice_joins_a_won_deal_that_has_no_payment_of_qbsf(qbsf: Installation, amount: str | None) -> None:
    deal = qbsf.deal()
    first = bill_for(qbsf, deal)
    sync_writes(qbsf, "linked", deal)
    qbsf.org.edit(deal, StageName=WON, QB_Payment_Amount__c=amount)  # by hand
    second = bill_for(qbsf, deal)
    qbsf.sync()
    assert named_links(qbsf, deal)[0] == f"{first}, {second}"
    qbsf.books.receive_payment([first, second])
    qbsf.sync()
    assert qbsf.amount(deal) == 200
    qbsf.settled()


def test_a_late_invoice_joins_when_the_deal_is_opened_again(qbsf: Installation) -> None:
    invoice, deal = won_by_note(qbsf)
    late = bill_for(qbsf, deal)
    qbsf.sync()
    qbsf.org.edit(deal, StageName=OPEN)
    qbsf.sync()
    assert named_links(qbsf, deal)[0] == f"{invoice}, {late}"
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_deal_linked_by_a_field_has_no_late_invoices(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, "100.00")
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    bill_for(qbsf, deal, cash="100.00")
    qbsf.sync()
    assert qbsf.attention() == {}
    assert (*amounts(qbsf, deal), named_links(qbsf, deal)[0]) == ("100.00", invoice)
    qbsf.settled()

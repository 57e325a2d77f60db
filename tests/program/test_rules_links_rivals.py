"""rules.md section 3: one invoice that several Opportunities want."""

from program.installation import Installation
from program.sales import (
    NOTHING,
    WON,
    amounts,
    bill,
    deal_for,
    paid_bill,
    payment_of,
    sell,
    sync_skips,
    sync_writes,
    told,
)

AMBIGUOUS = "ambiguous_opportunity"


def won(qbsf: Installation, total: str = "1000.00") -> tuple[str, str]:
    """A paid invoice, and the deal that qbsf won with its payment."""
    invoice = bill(qbsf, total, cash=total)
    deal = deal_for(qbsf, invoice, name="Original")
    sync_writes(qbsf, "paid", deal)
    return invoice, deal


# -- without history --------------------------------------------------------------------------------------------------


def test_two_deals_that_want_one_invoice_are_both_left_alone_and_both_named(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf)
    first, second = deal_for(qbsf, invoice, name="First"), deal_for(qbsf, invoice, name="Second")
    outcome = sync_skips(qbsf, AMBIGUOUS, first, second)
    assert second in outcome.record(first)["note"]
    assert first in outcome.record(second)["note"]
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_a_deal_cloned_before_the_payment_leaves_both_ambiguous(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.sync()
    copy = qbsf.org.clone(deal, Name="Copy")
    qbsf.books.receive_payment(invoice)
    sync_skips(qbsf, AMBIGUOUS, deal, copy)
    assert qbsf.payment_fields(deal) == qbsf.payment_fields(copy) == NOTHING
    qbsf.settled()


def test_filling_in_a_number_is_no_payment_and_gives_no_right(qbsf: Installation) -> None:
    _, deal = sell(qbsf)
    sync_writes(qbsf, "linked", deal)
    copy = qbsf.org.clone(deal, Name="Copy")
    sync_skips(qbsf, AMBIGUOUS, deal, copy)
    qbsf.settled()


def test_ways_of_different_kinds_can_want_one_invoice(qbsf: Installation) -> None:
    by_note = qbsf.deal("By note")
    invoice = paid_bill(qbsf, number="A-1", private_note=f"Deal {by_note}")
    by_id, by_number = qbsf.deal("By id", invoice=invoice), qbsf.deal("By number", number="A-1")
    sync_skips(qbsf, AMBIGUOUS, by_id, by_number, by_note)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_lists_that_share_one_invoice_are_ambiguous_and_others_are_not(qbsf: Installation) -> None:
    first, shared, last, alone = (paid_bill(qbsf) for _ in range(4))
    left, right = deal_for(qbsf, first, shared, name="Left"), deal_for(qbsf, shared, last, name="Right")
    other = deal_for(qbsf, alone, name="Other")
    outcome = sync_skips(qbsf, AMBIGUOUS, left, right)
    assert outcome.record(other)["reason"] == "paid"
    assert qbsf.writes(other) == 1
    qbsf.settled()


def test_an_invoice_that_names_two_opportunities_is_ambiguous(qbsf: Installation) -> None:
    first, second = qbsf.deal("First"), qbsf.deal("Second")
    paid_bill(qbsf, private_note=f"{first} or {second}")
    sync_skips(qbsf, AMBIGUOUS, first, second)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_a_lost_deal_is_a_candidate_too(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf)
    lost, deal = deal_for(qbsf, invoice, name="Lost"), deal_for(qbsf, invoice, name="Open")
    qbsf.org.edit(lost, StageName="Closed Lost")
    sync_skips(qbsf, AMBIGUOUS, lost, deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_the_deal_that_a_person_leaves_the_invoice_to_gets_the_payment(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf)
    first, second = deal_for(qbsf, invoice, name="First"), deal_for(qbsf, invoice, name="Second")
    sync_skips(qbsf, AMBIGUOUS, first, second)
    other = paid_bill(qbsf, "55.00")
    qbsf.org.edit(second, QB_Invoice_ID__c=other, QB_Invoice_Number__c=None)
    sync_writes(qbsf, "paid", first, second)
    assert amounts(qbsf, first, second) == ["1000.00", "55.00"]
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_rival_that_is_deleted_or_cleared_leaves_the_invoice_to_the_other_by_the_full_pass(
    qbsf: Installation,
) -> None:
    deals = []
    for number in range(2):
        invoice = paid_bill(qbsf)
        deals += [deal_for(qbsf, invoice, name=f"{name} {number}") for name in ("Keeps", "Goes")]
    sync_skips(qbsf, AMBIGUOUS, *deals)
    qbsf.org.delete(deals[1])
    qbsf.org.edit(deals[3], QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)
    qbsf.sync("--full")
    assert (qbsf.stage(deals[0]), qbsf.stage(deals[2])) == (WON, WON)
    assert qbsf.writes(deals[1]) == qbsf.writes(deals[3]) == 0
    assert qbsf.attention() == {}
    qbsf.settled()


# -- with history -----------------------------------------------------------------------------------------------------


def test_the_deal_that_was_paid_before_keeps_the_invoice_and_its_clone_is_ambiguous(qbsf: Installation) -> None:
    _, deal = won(qbsf)
    copy = qbsf.org.clone(deal, Name="Copy", StageName="Proposal and Agreement")
    record = sync_skips(qbsf, AMBIGUOUS, copy).record(copy)
    assert deal in record["note"]
    qbsf.settled()
    assert list(qbsf.attention()) == [copy]
    assert (qbsf.writes(deal), qbsf.writes(copy)) == (1, 0)


def test_the_keeper_still_learns_of_changes_while_clones_are_about(qbsf: Installation) -> None:
    invoice = bill(qbsf, cash="400.00")
    deal = deal_for(qbsf, invoice, name="Original")
    sync_writes(qbsf, "partially_paid", deal)
    copies = [qbsf.org.clone(deal, Name=f"Copy {number}") for number in range(2)]
    sync_skips(qbsf, AMBIGUOUS, *copies)
    qbsf.books.receive_payment({invoice: "600.00"})
    sync_writes(qbsf, "paid", deal)
    assert told(qbsf, deal) == (WON, "1000.00")
    assert [qbsf.writes(copy) for copy in copies] == [0, 0]
    qbsf.settled()


def test_a_lost_clone_does_not_take_the_invoice_from_the_keeper(qbsf: Installation) -> None:
    invoice, deal = won(qbsf)
    copy = qbsf.org.clone(deal, Name="Copy", StageName="Closed Lost")
    sync_skips(qbsf, AMBIGUOUS, copy)
    payment = payment_of(qbsf, invoice)
    qbsf.books.edit_payment(payment, reference="Corrected")
    sync_writes(qbsf, "payment_changed", deal)
    assert qbsf.payment_fields(deal)[3] == "Corrected"
    qbsf.settled()


def test_without_the_history_in_local_state_no_clone_is_touched(qbsf: Installation) -> None:
    _, deal = won(qbsf)
    copy = qbsf.org.clone(deal, Name="Copy", StageName="Proposal and Agreement")
    written = qbsf.all_writes()
    qbsf.state_path.unlink()
    sync_skips(qbsf, AMBIGUOUS, deal, copy)
    qbsf.settled()
    assert qbsf.all_writes() == written


def test_a_clone_that_gets_an_invoice_of_its_own_is_paid_by_it(qbsf: Installation) -> None:
    _, deal = won(qbsf)
    copy = qbsf.org.clone(
        deal,
        Name="Copy",
        StageName="Proposal and Agreement",
        QB_Payment_Amount__c=None,
        QB_Payment_Date__c=None,
        QB_Payment_Method__c=None,
        QB_Payment_Reference__c=None,
    )
    sync_skips(qbsf, AMBIGUOUS, copy)
    qbsf.org.edit(copy, QB_Invoice_ID__c=paid_bill(qbsf, "55.00"), QB_Invoice_Number__c=None)
    sync_writes(qbsf, "paid", copy)
    assert amounts(qbsf, deal, copy) == ["1000.00", "55.00"]
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_keeper_whose_payment_was_taken_back_still_keeps_the_invoice(qbsf: Installation) -> None:
    invoice, deal = won(qbsf)
    payment = payment_of(qbsf, invoice)
    qbsf.books.delete_payment(payment)
    sync_writes(qbsf, "reversed", deal)
    copy = qbsf.org.clone(deal, Name="Copy", StageName="Proposal and Agreement")
    sync_skips(qbsf, AMBIGUOUS, copy)
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    assert (*amounts(qbsf, deal), qbsf.writes(copy)) == ("1000.00", 0)
    qbsf.settled()


def test_a_deal_found_by_the_note_keeps_its_invoice_from_a_clone_that_copied_the_id(qbsf: Installation) -> None:
    deal = qbsf.deal("Original")
    paid_bill(qbsf, private_note=f"Deal {deal}")
    sync_writes(qbsf, "paid", deal)
    copy = qbsf.org.clone(deal, Name="Copy", StageName="Proposal and Agreement")
    sync_skips(qbsf, AMBIGUOUS, copy)
    qbsf.settled()
    assert (qbsf.writes(deal), qbsf.writes(copy)) == (1, 0)


def test_two_deals_that_both_had_the_payment_once_are_both_ambiguous(qbsf: Installation) -> None:
    invoice, first = won(qbsf)
    link = {"QB_Invoice_ID__c": invoice, "QB_Invoice_Number__c": qbsf.field(first, "QB_Invoice_Number__c")}
    qbsf.org.edit(first, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)
    second = qbsf.deal("Second", **link)
    qbsf.sync("--full")
    assert qbsf.amount(second) == 1000
    qbsf.org.edit(first, **link)
    sync_skips(qbsf, AMBIGUOUS, first, second)
    qbsf.settled()


def test_a_note_that_names_a_second_deal_later_makes_the_invoice_ambiguous(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    sync_writes(qbsf, "linked", deal)
    other = qbsf.deal("Other")
    qbsf.books.edit_invoice(invoice, private_note=f"Deal {other}")
    qbsf.books.receive_payment(invoice)
    sync_skips(qbsf, AMBIGUOUS, deal, other)
    qbsf.settled()

"""Corners of a pass that a review found: each was once decided wrongly, or forgotten."""

from program.installation import Installation
from program.sales import deal_for, paid_bill
from program.scenes import Scene, later, paid_scene


def test_an_older_namesake_outside_the_look_back_window_makes_a_number_ambiguous(qbsf: Installation) -> None:
    paid_bill(qbsf, "100.00", number="1037")
    later(qbsf, hours=24 * 95)
    qbsf.authorize()
    paid_bill(qbsf, "100.00", number="1037")
    deal = qbsf.deal(number="1037")
    qbsf.sync()
    assert qbsf.attention() == {deal: "ambiguous_invoice"}
    qbsf.settled()


def test_a_look_at_one_invoice_sees_who_wants_its_deals_further_invoices(qbsf: Installation) -> None:
    first, second = paid_bill(qbsf, "100.00"), paid_bill(qbsf, "100.00")
    deal = deal_for(qbsf, first, second, name="A")
    deal_for(qbsf, second, name="B")
    outcome = qbsf.sync("--invoice", f"id:{first}")
    assert outcome.record(deal)["reason"] == "ambiguous_opportunity"
    assert qbsf.all_writes() == 0


def test_the_stage_of_a_reversal_that_was_refused_is_moved_once_it_may(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene, payment = paid_scene(qbsf)
    rule = qbsf.org.add_validation_rule(lambda row: row["StageName"] == "Negotiation/Review", "no reopening")
    qbsf.books.void_payment(payment)
    assert scene.sync(expect=1) == ("failed", "rejected")
    assert scene.amount is None
    assert scene.waits == "rejected"
    qbsf.sync("--full", expect=(0, 1))
    assert scene.waits in ("rejected", "held_back")
    qbsf.org.remove_validation_rule(rule)
    scene.sync("--full")
    assert scene.stage == "Negotiation/Review"
    assert scene.waits is None
    qbsf.settled()


def test_a_server_that_hangs_on_the_write_until_the_time_is_up_is_exit_4(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.configure(sync={"time_limit_seconds": 3})
    qbsf.sync()
    scene.pay()
    qbsf.sandbox.faults.add("salesforce", "hang", "/composite/sobjects")
    outcome = qbsf.sync(expect=4)
    assert outcome.json["error"]["code"] == "answer_lost"
    qbsf.configure()
    assert scene.sync() == ("updated", "paid")


def test_a_hold_whose_deal_wants_no_write_any_more_ends(qbsf: Installation) -> None:
    qbsf.configure(sync={"full_every_hours": 1000})
    scene = Scene(qbsf)
    qbsf.org.require_on_win("NextStep")
    scene.pay()
    assert scene.sync(expect=1) == ("failed", "rejected")
    scene.edit(StageName="Closed Lost")
    assert scene.sync() == ("skipped", "closed_lost")
    later(qbsf, hours=25)
    qbsf.sync()
    assert qbsf.sync().json["summary"]["examined"] == 0


def test_a_reversal_waits_on_while_its_invoice_is_read_in_the_middle_of_a_change(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    later(qbsf, minutes=20)
    qbsf.sync()
    qbsf.books.show_stale(scene.invoice, for_reads=1000, balance="0.00")
    qbsf.books.touch("Invoice", scene.invoice)
    assert scene.sync() == ("skipped", "inconsistent")
    assert scene.waits == "reversed"
    qbsf.books.show_stale(scene.invoice, for_reads=0)
    qbsf.books.touch("Invoice", scene.invoice)
    qbsf.sync()
    assert scene.waits == "reversed"


def test_when_notes_begin_to_count_the_look_back_window_is_read_again(qbsf: Installation) -> None:
    qbsf.configure(match={"by": ["invoice_id"]})
    deal = qbsf.deal()
    paid_bill(qbsf, "50.00", private_note=deal)
    qbsf.sync()
    later(qbsf, hours=1)
    qbsf.sync()
    qbsf.configure()
    qbsf.sync()
    assert qbsf.stage(deal) == "Closed Won"


def test_the_invoice_of_a_cleared_link_is_forgotten_with_it(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.org.edit(scene.deal, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)
    later(qbsf, hours=1)
    qbsf.sync("--full")
    scene.pay()
    assert [record["reason"] for record in qbsf.sync("-v").records] == ["no_opportunity"]
    assert scene.stage == "Proposal and Agreement"

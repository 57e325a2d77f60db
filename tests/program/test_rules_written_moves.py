"""A stage is moved once (rules.md section 4): reopened deals, payments taken back and paid again, and [stages]."""

from decimal import Decimal

from program.installation import Installation
from program.scenes import NOTHING, TELLING, Scene, later, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"


def test_a_reopened_deal_keeps_its_stage_and_waits_for_a_person(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    writes = scene.writes
    scene.edit(StageName=OPEN)
    assert scene.sync() == ("skipped", "reopened")
    assert (scene.stage, scene.writes, scene.waits) == (OPEN, writes, "reopened")
    qbsf.settled()
    qbsf.books.edit_payment(payment, reference="R-2")
    assert scene.sync() == ("updated", "reopened")
    assert (scene.stage, scene.facts[3], scene.waits) == (OPEN, "R-2", "reopened")
    assert scene.changes == {"QB_Payment_Reference__c"}
    qbsf.settled()
    assert scene.waits == "reopened"


def test_a_deal_reopened_and_won_again_by_hand_is_in_step(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    scene.edit(StageName=OPEN)
    scene.sync()
    scene.edit(StageName=WON)
    assert scene.sync() == ("unchanged", "in_step")
    assert scene.waits is None
    qbsf.settled()


def test_a_payment_taken_back_and_paid_again_wins_the_deal_again(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert scene.stage == "Negotiation/Review"
    scene.pay(date="2026-03-09", reference="R-2")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-09", "Check", "R-2"))
    assert scene.waits is None
    qbsf.settled()


def test_a_deal_reopened_after_its_payment_was_taken_back_is_won_by_the_next_payment(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    scene.sync()
    scene.edit(StageName=OPEN)
    scene.sync()
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == (WON, "1000.00")
    qbsf.settled()


def test_a_deal_reopened_for_a_further_invoice_is_won_when_all_are_paid(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    further = qbsf.books.add_invoice("Acme Corp", "500.00")
    scene.edit(StageName=OPEN, QB_Invoice_ID__c=f"{scene.invoice}, {further}", QB_Invoice_Number__c=None)
    assert scene.sync()[1] in {"in_step", "partially_paid", "linked"}
    assert (scene.stage, scene.amount) == (OPEN, "1000.00")
    qbsf.books.receive_payment([further], date="2026-03-08", reference="R-2")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts) == (WON, ("1500.00", "2026-03-08", "Check", "R-1, R-2"))
    qbsf.settled()


def test_payment_fields_that_told_the_whole_payment_before_qbsf_came_count_as_moved(qbsf: Installation) -> None:
    scene = Scene(qbsf, **TELLING)
    scene.pay()
    outcome, reason = scene.sync()
    assert reason == "reopened"
    assert outcome == "updated"  # method and reference were empty
    assert (scene.stage, scene.facts) == (OPEN, ("1000.00", "2026-03-02", "Check", "R-1"))
    assert scene.waits == "reopened"
    qbsf.settled()


def test_payment_fields_that_told_a_part_do_not_count_as_moved(qbsf: Installation) -> None:
    scene = Scene(qbsf, QB_Payment_Amount__c="400.00")
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == (WON, "1000.00")
    qbsf.settled()


def test_an_empty_paid_stage_writes_the_payment_and_moves_nothing(qbsf: Installation) -> None:
    qbsf.configure(stages={"paid": ""})
    scene = Scene(qbsf)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount, scene.waits) == (OPEN, "1000.00", None)
    qbsf.settled()


def test_a_stage_moves_only_from_those_that_are_listed(qbsf: Installation) -> None:
    qbsf.configure(stages={"from": ["Negotiation/Review"]})
    early, due = Scene(qbsf, stage="Qualification"), Scene(qbsf, stage="Negotiation/Review")
    early.pay()
    due.pay()
    assert early.sync() == ("updated", "paid")
    assert (early.stage, early.amount) == ("Qualification", "1000.00")
    assert due.stage == WON
    qbsf.settled()
    early.edit(StageName="Negotiation/Review")
    assert early.sync() == ("updated", "paid")
    assert early.stage == WON
    assert early.changes == {"StageName"}
    qbsf.settled()


def test_a_record_type_has_a_won_stage_of_its_own(qbsf: Installation) -> None:
    qbsf.org.add_stage("Renewed", closed=True, won=True)
    qbsf.configure(**{"stages.by_record_type": {"Renewal": "Renewed"}})
    renewal, other, plain = Scene(qbsf, record_type="Renewal"), Scene(qbsf, record_type="New_Business"), Scene(qbsf)
    for scene in (renewal, other, plain):
        scene.pay()
    qbsf.sync()
    assert (renewal.stage, other.stage, plain.stage) == ("Renewed", WON, WON)
    qbsf.settled()


def test_with_require_amount_the_payment_has_to_reach_the_deals_amount(qbsf: Installation) -> None:
    qbsf.configure(stages={"require_amount": True})
    short, exact, open_ended = Scene(qbsf, amount="1000.01"), Scene(qbsf, amount="1000"), Scene(qbsf, amount=None)
    for scene in (short, exact, open_ended):
        scene.pay()
    assert short.sync() == ("updated", "paid")
    assert (short.stage, short.amount) == (OPEN, "1000.00")
    assert (exact.stage, open_ended.stage) == (WON, WON)
    qbsf.settled()
    short.edit(Amount=Decimal(1000))
    assert short.sync() == ("updated", "paid")
    assert short.stage == WON
    qbsf.settled()


def test_further_fields_are_set_when_a_deal_is_won_and_only_then(qbsf: Installation) -> None:
    qbsf.org.add_field("Win_Reason__c", "Text", 80)
    qbsf.org.add_field("Paid_Up__c", "Checkbox")
    qbsf.configure(**{"stages.set": {"Win_Reason__c": "Invoice paid", "Paid_Up__c": True}})
    scene, by_hand = Scene(qbsf), Scene(qbsf, stage=WON)
    scene.pay("400.00")
    by_hand.pay()
    scene.sync()
    assert (qbsf.field(scene.deal, "Win_Reason__c"), qbsf.field(by_hand.deal, "Win_Reason__c")) == (None, None)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (qbsf.field(scene.deal, "Win_Reason__c"), qbsf.field(scene.deal, "Paid_Up__c")) == ("Invoice paid", True)
    assert {"StageName", "Win_Reason__c", "Paid_Up__c"} <= scene.changes
    scene.edit(Win_Reason__c="They like us", Paid_Up__c=False)
    scene.sync()
    assert qbsf.field(scene.deal, "Win_Reason__c") == "They like us"
    qbsf.settled()


def test_a_further_field_that_is_set_already_is_not_sent(qbsf: Installation) -> None:
    qbsf.org.add_field("Win_Reason__c", "Text", 80)
    qbsf.configure(**{"stages.set": {"Win_Reason__c": "Invoice paid"}})
    scene, _ = paid_scene(qbsf, Win_Reason__c="Invoice paid")
    assert "Win_Reason__c" not in scene.changes


def test_the_stage_for_partial_payments_is_not_sent_where_the_deal_stands_there_already(qbsf: Installation) -> None:
    qbsf.configure(stages={"partially_paid": "Negotiation/Review"})
    scene = Scene(qbsf, stage="Negotiation/Review")
    scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    assert "StageName" not in scene.changes
    assert (scene.stage, scene.amount) == ("Negotiation/Review", "400.00")
    qbsf.settled()


def test_a_deal_that_a_person_moved_on_after_a_partial_payment_is_not_moved_back_by_a_reversal(
    qbsf: Installation,
) -> None:
    qbsf.configure(stages={"partially_paid": "Qualification", "reversed": "Prospecting"})
    scene = Scene(qbsf)
    payment = scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    scene.edit(StageName="Negotiation/Review")
    scene.sync()
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts, scene.waits) == ("Negotiation/Review", NOTHING, "reversed")
    qbsf.settled()


def test_days_later_a_move_is_still_remembered(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    later(qbsf, hours=80)
    qbsf.sync()
    scene.edit(StageName=OPEN)
    assert scene.sync() == ("skipped", "reopened")
    later(qbsf, hours=80)
    qbsf.sync()
    assert (scene.stage, scene.waits) == (OPEN, "reopened")

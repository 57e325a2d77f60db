"""What is written, row by row (rules.md section 4, the table): which fields, which stage, what a person is told."""

from collections.abc import Callable

import pytest
from program.installation import Installation
from program.scenes import NOTHING, Scene, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"
LOST = "Closed Lost"
Doubt = Callable[[Scene], None]


# -- unexplained, inconsistent, unknown, currency mismatch, link conflict, ambiguous: not written, stage kept ----------


def _unknown_line(scene: Scene) -> None:
    scene.qbsf.books.corrupt_payment(scene.pay(), extra_line=("BarterExchange", "4711", "10.00"))


def _conflicting_number(scene: Scene) -> None:
    scene.pay()
    scene.qbsf.books.add_invoice("Acme Corp", "10.00", number="OTHER")
    scene.edit(QB_Invoice_Number__c="OTHER")


def _two_namesakes(scene: Scene) -> None:
    for _ in range(2):
        scene.qbsf.books.receive_payment([scene.qbsf.books.add_invoice("Acme Corp", "1000.00", number="TWIN")])
    scene.edit(QB_Invoice_ID__c=None, QB_Invoice_Number__c="TWIN")


def _clone(scene: Scene) -> None:
    scene.pay()
    scene.qbsf.org.clone(scene.deal, Name="Copy")


def _unknown_invoice(scene: Scene) -> None:
    scene.edit(QB_Invoice_ID__c="987654", QB_Invoice_Number__c=None)


DOUBTS: dict[str, Doubt] = {
    "unexplained": _unknown_line,
    "link_conflict": _conflicting_number,
    "ambiguous_invoice": _two_namesakes,
    "ambiguous_opportunity": _clone,
    "unknown_invoice": _unknown_invoice,
}


@pytest.mark.parametrize("stage", [OPEN, WON])
@pytest.mark.parametrize("reason", DOUBTS)
def test_what_cannot_be_told_for_sure_is_not_written_and_waits_for_a_person(
    qbsf: Installation, reason: str, stage: str
) -> None:
    scene = Scene(qbsf, stage=stage)
    DOUBTS[reason](scene)
    assert scene.sync() == ("skipped", reason)
    assert (scene.stage, scene.facts, scene.writes) == (stage, NOTHING, 0)
    assert scene.waits == reason
    qbsf.settled()


def test_in_doubt_the_payment_that_was_written_before_stays(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    told, writes = scene.facts, scene.writes
    qbsf.books.corrupt_payment(payment, unapplied="10.00")
    assert scene.sync() == ("skipped", "unexplained")
    assert (scene.stage, scene.facts, scene.writes) == (WON, told, writes)
    qbsf.settled()


def test_an_invoice_read_in_the_middle_of_a_change_is_left_to_the_next_pass(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    qbsf.books.show_stale(scene.invoice, for_reads=50, balance="1000.00")
    assert scene.sync() == ("skipped", "inconsistent")
    assert (scene.stage, scene.facts, scene.writes) == (OPEN, NOTHING, 0)
    assert scene.waits is None
    qbsf.books.show_stale(scene.invoice, for_reads=0)
    assert scene.sync() == ("updated", "paid")
    assert scene.stage == WON
    qbsf.settled()


# -- settled before start_date: left alone -----------------------------------------------------------------------------


def test_an_invoice_settled_before_the_start_date_is_left_alone(qbsf: Installation) -> None:
    qbsf.configure(sync={"start_date": "2026-02-01"})
    scene = Scene(qbsf, number="OLD-1")
    qbsf.books.edit_invoice(scene.invoice, number="OLD-1")
    payment = scene.pay(date="2026-01-15")
    qbsf.books.backdate("Payment", payment, created="2026-01-31T12:00:00-08:00")
    assert scene.sync() == ("skipped", "before_start")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (OPEN, NOTHING, 0, None)
    qbsf.settled()


def test_a_payment_dated_before_the_start_but_entered_after_it_counts(qbsf: Installation) -> None:
    qbsf.configure(sync={"start_date": "2026-02-01"})
    scene = Scene(qbsf)
    payment = scene.pay(date="2026-01-15")
    qbsf.books.backdate("Payment", payment, created="2026-02-01T12:00:00-08:00")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts[1]) == (WON, "2026-01-15")
    qbsf.settled()


def test_an_old_invoice_of_a_lost_deal_asks_nobody(qbsf: Installation) -> None:
    qbsf.configure(sync={"start_date": "2026-02-01"})
    scene = Scene(qbsf, stage=LOST)
    qbsf.books.backdate("Payment", scene.pay(date="2026-01-15"), created="2026-01-15T12:00:00-08:00")
    assert scene.sync() == ("skipped", "before_start")
    assert (scene.writes, scene.waits) == (0, None)


# -- any cash, Opportunity lost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["1000.00", "400.00"])
def test_money_for_a_lost_deal_is_not_written_and_waits_for_a_person(qbsf: Installation, amount: str) -> None:
    scene = Scene(qbsf, number="L-1", stage=LOST)
    qbsf.books.edit_invoice(scene.invoice, number="L-1")
    scene.pay(amount)
    assert scene.sync() == ("skipped", "closed_lost")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (LOST, NOTHING, 0, "closed_lost")
    qbsf.settled()


def test_a_deal_lost_after_it_was_paid_keeps_what_was_written(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    told = scene.facts
    scene.edit(StageName=LOST)
    assert scene.sync() == ("skipped", "closed_lost")
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert (scene.stage, scene.facts) == (LOST, told)
    qbsf.settled()


# -- paid --------------------------------------------------------------------------------------------------------------


def test_a_paid_invoice_is_written_and_wins_the_open_deal(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay(date="2026-03-02", method="Visa", reference="R-77")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-02", "Visa", "R-77"))
    assert (scene.writes, scene.waits) == (1, None)
    qbsf.settled()


def test_a_deal_that_a_person_won_gets_the_payment_and_keeps_its_stage(qbsf: Installation) -> None:
    qbsf.org.add_stage("Won by Hand", closed=True, won=True)
    scene = Scene(qbsf, stage="Won by Hand")
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == ("Won by Hand", "1000.00")
    qbsf.settled()


def test_a_payment_that_changes_on_a_won_deal_is_written_anew(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.edit_payment(payment, date="2026-03-05", reference="R-2")
    assert scene.sync() == ("updated", "payment_changed")
    assert scene.changes == {"QB_Payment_Date__c", "QB_Payment_Reference__c"}
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-05", "Check", "R-2"))
    assert scene.waits is None
    qbsf.settled()


# -- less cash than qbsf wrote -----------------------------------------------------------------------------------------


def _deleted(scene: Scene, payment: str) -> None:
    scene.qbsf.books.delete_payment(payment)


def _voided_payment(scene: Scene, payment: str) -> None:
    scene.qbsf.books.void_payment(payment)


def _voided_invoice(scene: Scene, _payment: str) -> None:
    scene.qbsf.books.void_invoice(scene.invoice)


def _zero_total(scene: Scene, _payment: str) -> None:
    scene.qbsf.books.edit_invoice(scene.invoice, total="0.00")


def _credited_instead(scene: Scene, payment: str) -> None:
    scene.qbsf.books.delete_payment(payment)
    scene.credit("1000.00")


@pytest.mark.parametrize("take_back", [_deleted, _voided_payment, _voided_invoice, _zero_total, _credited_instead])
def test_a_payment_taken_back_empties_the_fields_and_asks_a_person(
    qbsf: Installation, take_back: Callable[[Scene, str], None]
) -> None:
    scene, payment = paid_scene(qbsf)
    take_back(scene, payment)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts, scene.waits) == (WON, NOTHING, "reversed")
    qbsf.settled()
    assert scene.waits == ("settled_by_credit" if take_back is _credited_instead else "reversed")


def test_a_deal_that_qbsf_won_goes_back_to_the_configured_stage(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts, scene.waits) == ("Negotiation/Review", NOTHING, None)
    qbsf.settled()


@pytest.mark.parametrize(
    ("stages", "stage", "waits"),
    [
        ({"partially_paid": "Qualification", "reversed": "Negotiation/Review"}, "Qualification", None),
        ({"reversed": "Negotiation/Review"}, "Negotiation/Review", None),
        ({"partially_paid": "Qualification"}, "Qualification", None),
        ({}, WON, "reversed"),
    ],
)
def test_where_money_remains_the_stage_for_partial_payments_comes_first(
    qbsf: Installation, stages: dict[str, str], stage: str, waits: str | None
) -> None:
    qbsf.configure(stages=stages)
    scene = Scene(qbsf)
    scene.pay("400.00", date="2026-03-01", reference="A")
    second = scene.pay("600.00", date="2026-03-02", reference="B")
    assert scene.sync() == ("updated", "paid")
    qbsf.books.delete_payment(second)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts) == (stage, ("400.00", "2026-03-01", "Check", "A"))
    assert scene.waits == waits
    qbsf.settled()


def test_a_deal_that_a_person_won_keeps_its_stage_when_the_payment_is_taken_back(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene = Scene(qbsf, stage=WON)
    payment = scene.pay()
    assert scene.sync() == ("updated", "paid")
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts, scene.waits) == (WON, NOTHING, "reversed")
    qbsf.settled()


def test_a_partial_payment_taken_back_from_an_open_deal_is_emptied(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene = Scene(qbsf)
    payment = scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    qbsf.books.edit_payment(payment, amount="150.00", invoices={scene.invoice: "150.00"})
    assert scene.sync() == ("updated", "reversed")
    assert scene.amount == "150.00"
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.facts, scene.waits) == (OPEN, NOTHING, "reversed")
    qbsf.settled()


def test_a_payment_taken_back_is_brought_to_the_truth_where_partial_payments_are_not_recorded(
    qbsf: Installation,
) -> None:
    qbsf.configure(sync={"record_partial_payments": False})
    scene = Scene(qbsf)
    scene.pay("400.00", date="2026-03-01", reference="A")
    second = scene.pay("600.00")
    assert scene.sync() == ("updated", "paid")
    qbsf.books.delete_payment(second)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.amount, scene.waits) == (WON, "400.00", "reversed")
    qbsf.settled()


def test_a_reversal_is_settled_once_a_person_reopens_the_deal(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert scene.waits == "reversed"
    scene.edit(StageName=OPEN)
    scene.sync()
    assert scene.waits is None
    qbsf.settled()


# -- settled by credit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [OPEN, WON])
def test_the_cash_of_an_invoice_settled_mostly_by_credit_is_written_for_a_person(
    qbsf: Installation, stage: str
) -> None:
    scene = Scene(qbsf, stage=stage)
    scene.pay("300.00")
    scene.credit("700.00")
    assert scene.sync() == ("updated", "settled_by_credit")
    assert (scene.stage, scene.amount, scene.waits) == (stage, "300.00", "settled_by_credit")
    qbsf.settled()
    assert scene.waits == "settled_by_credit"


def test_an_invoice_settled_by_credit_alone_leaves_nothing_to_write(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.credit("1000.00")
    assert scene.sync() == ("skipped", "settled_by_credit")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (OPEN, NOTHING, 0, "settled_by_credit")
    qbsf.settled()


# -- partially paid ----------------------------------------------------------------------------------------------------


def test_a_partial_payment_is_written_and_keeps_the_stage(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    assert (scene.stage, scene.facts) == (OPEN, ("400.00", "2026-03-02", "Check", "R-1"))
    assert scene.waits is None
    qbsf.settled()


def test_a_partial_payment_moves_to_its_stage_once(qbsf: Installation) -> None:
    qbsf.configure(stages={"partially_paid": "Negotiation/Review"})
    scene = Scene(qbsf)
    scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    assert (scene.stage, scene.amount, scene.writes) == ("Negotiation/Review", "400.00", 1)
    scene.edit(StageName="Qualification")
    scene.sync()
    scene.pay("100.00", date="2026-03-03")
    assert scene.sync() == ("updated", "partially_paid")
    assert (scene.stage, scene.amount) == ("Qualification", "500.00")
    scene.pay(date="2026-03-04")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == (WON, "1000.00")
    qbsf.settled()


def test_partial_payments_are_not_written_where_they_are_not_recorded(qbsf: Installation) -> None:
    qbsf.configure(sync={"record_partial_payments": False}, stages={"partially_paid": "Negotiation/Review"})
    scene = Scene(qbsf, QB_Invoice_Number__c=None)
    scene.pay("400.00")
    assert scene.sync() == ("skipped", "not_paid")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (OPEN, NOTHING, 0, None)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == (WON, "1000.00")
    qbsf.settled()


def test_what_was_written_before_partial_payments_were_switched_off_stays(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    told = scene.facts
    qbsf.configure(sync={"record_partial_payments": False})
    scene.pay("100.00")
    assert scene.sync() == ("skipped", "not_paid")
    assert (scene.stage, scene.facts) == (OPEN, told)
    qbsf.settled()


def test_a_deal_whose_invoice_was_raised_after_it_was_won_has_a_balance_due(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    writes = scene.writes
    qbsf.books.edit_invoice(scene.invoice, total="1500.00")
    assert scene.sync() == ("skipped", "balance_due")
    assert (scene.stage, scene.amount, scene.writes, scene.waits) == (WON, "1000.00", writes, "balance_due")
    qbsf.books.edit_payment(payment, reference="R-2")
    assert scene.sync() == ("updated", "balance_due")
    assert (scene.stage, scene.facts[3], scene.waits) == (WON, "R-2", "balance_due")
    qbsf.settled()
    scene.pay()
    assert scene.sync() == ("updated", "payment_changed")
    assert (scene.stage, scene.amount, scene.waits) == (WON, "1500.00", None)
    qbsf.settled()


@pytest.mark.parametrize("recorded", [True, False])
def test_a_partial_payment_of_a_deal_that_a_person_won_is_written(qbsf: Installation, recorded: bool) -> None:
    qbsf.configure(sync={"record_partial_payments": recorded}, stages={"partially_paid": "Negotiation/Review"})
    scene = Scene(qbsf, stage=WON)
    scene.pay("400.00")
    assert scene.sync() == ("updated", "partially_paid")
    assert (scene.stage, scene.amount, scene.waits) == (WON, "400.00", None)
    qbsf.settled()


# -- not paid, voided, zero total --------------------------------------------------------------------------------------


def _unpaid(scene: Scene) -> None:
    """Nothing happens."""


def _void(scene: Scene) -> None:
    scene.qbsf.books.void_invoice(scene.invoice)


def _free(scene: Scene) -> None:
    scene.qbsf.books.edit_invoice(scene.invoice, total="0.00")


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
@pytest.mark.parametrize(("befalls", "reason"), [(_unpaid, "not_paid"), (_void, "voided"), (_free, "zero_total")])
def test_an_invoice_that_brought_nothing_touches_nothing(
    qbsf: Installation, befalls: Callable[[Scene], None], reason: str, stage: str
) -> None:
    scene = Scene(qbsf, stage=stage, QB_Payment_Amount__c="50.00", QB_Payment_Reference__c="by hand")
    befalls(scene)
    assert scene.sync() == ("skipped", reason)
    assert (scene.stage, scene.facts) == (stage, ("50.00", None, None, "by hand"))
    assert (scene.writes, scene.waits) == (0, None)
    qbsf.settled()

"""A person's values and qbsf's own (rules.md section 4): what is raised, lowered, emptied; what is no difference."""

import json
import signal
import subprocess
from collections.abc import Callable
from decimal import Decimal

import pytest
from program.installation import Installation
from program.scenes import NOTHING, Scene, later, paid_scene

from qbsf.sandbox.exchange import Request

OPEN = "Proposal and Agreement"
WON = "Closed Won"
AMOUNT = "QB_Payment_Amount__c"
DATE = "QB_Payment_Date__c"
METHOD = "QB_Payment_Method__c"
REFERENCE = "QB_Payment_Reference__c"


# -- what a person entered ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [OPEN, WON])
def test_a_persons_lower_amount_is_raised_and_the_rest_corrected_with_it(qbsf: Installation, stage: str) -> None:
    by_hand = {AMOUNT: "250.00", DATE: "2026-01-01", METHOD: "Cash", REFERENCE: "typed"}
    scene = Scene(qbsf, stage=stage, **by_hand)
    scene.pay(date="2026-03-02", method="Visa", reference="R-1")
    assert scene.sync()[0] == "updated"
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-02", "Visa", "R-1"))
    assert scene.waits is None
    qbsf.settled()


@pytest.mark.parametrize("stage", [OPEN, WON])
def test_a_persons_higher_amount_is_never_lowered(qbsf: Installation, stage: str) -> None:
    scene = Scene(qbsf, stage=stage, **{AMOUNT: "1200.00", REFERENCE: "typed"})
    scene.pay()
    assert scene.sync() == ("skipped", "not_ours")
    assert (scene.stage, scene.facts) == (stage, ("1200.00", None, None, "typed"))
    assert (scene.writes, scene.waits) == (0, "not_ours")
    qbsf.settled()
    scene.edit(**{AMOUNT: None})
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount, scene.waits) == (WON, "1000.00", None)
    qbsf.settled()


def test_an_amount_that_a_person_raised_after_qbsf_wrote_it_is_left_to_that_person(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    writes = scene.writes
    scene.edit(**{AMOUNT: "1100.00"})
    assert scene.sync() == ("skipped", "not_ours")
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert (scene.stage, scene.amount, scene.writes, scene.waits) == (WON, "1100.00", writes, "not_ours")
    qbsf.settled()


def test_an_amount_that_a_person_lowered_is_raised_to_the_truth(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    scene.edit(**{AMOUNT: "900.00"})
    assert scene.sync() == ("updated", "payment_changed")
    assert (scene.stage, scene.amount, scene.changes) == (WON, "1000.00", {AMOUNT})
    qbsf.settled()


def test_an_emptied_field_is_filled_again(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    scene.edit(**{DATE: None, REFERENCE: None})
    assert scene.sync() == ("updated", "payment_changed")
    assert scene.changes == {DATE, REFERENCE}
    assert scene.facts == ("1000.00", "2026-03-02", "Check", "R-1")
    qbsf.settled()


def test_a_persons_text_is_not_emptied_where_quickbooks_has_none(qbsf: Installation) -> None:
    scene = Scene(qbsf, **{METHOD: "Wire", REFERENCE: "typed"})
    scene.pay(method="", reference="")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-02", "Wire", "typed"))
    qbsf.settled()
    assert scene.facts[2:] == ("Wire", "typed")
    assert scene.waits == "not_ours"


def test_a_reversal_empties_what_qbsf_wrote_and_leaves_what_a_person_wrote(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.edit_payment(payment, reference="")
    scene.sync()
    scene.edit(**{REFERENCE: "typed"})
    scene.sync()
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == (None, None, None, "typed")
    qbsf.settled()


def test_a_reference_that_qbsf_wrote_is_emptied_when_quickbooks_has_none_any_more(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.edit_payment(payment, reference="")
    assert scene.sync() == ("updated", "payment_changed")
    assert scene.facts == ("1000.00", "2026-03-02", "Check", None)
    qbsf.settled()


# -- lost answers, lost requests ---------------------------------------------------------------------------------------


def test_a_write_whose_answer_was_lost_is_known_and_not_repeated(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    payment = scene.pay()
    lost = qbsf.sandbox.faults.add("salesforce", "reset_after", "PATCH ")
    assert scene.sync() == ("updated", "paid")
    assert (lost.struck, scene.stage, scene.writes) == (1, WON, 1)
    qbsf.settled()
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == NOTHING
    qbsf.settled()


def test_a_write_whose_answer_was_lost_with_the_connection_is_known_in_the_next_pass(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    payment = scene.pay()
    faults = qbsf.sandbox.faults

    def go_down(_request: Request) -> None:
        faults.add("salesforce", "unavailable", times=20, retry_after=600)

    faults.add("salesforce", "reset_after", "PATCH ")
    faults.add("salesforce", "hook_after", "PATCH ", hook=go_down)
    scene.sync(expect=4)
    qbsf.sandbox.faults.clear()
    assert (scene.stage, scene.writes) == (WON, 1)
    qbsf.settled()
    scene.edit(StageName=OPEN)
    assert scene.sync() == ("skipped", "reopened")
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == NOTHING
    qbsf.settled()


def test_a_lost_request_is_not_held_against_the_deal(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    scene.pay()
    qbsf.sandbox.faults.add("salesforce", "reset", "PATCH ", times=20)
    scene.sync(expect=4)
    qbsf.sandbox.faults.clear()
    assert (scene.stage, scene.facts, scene.writes) == (OPEN, NOTHING, 0)
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount, scene.writes) == (WON, "1000.00", 1)
    qbsf.settled()


def test_what_a_person_enters_after_a_lost_request_is_that_persons(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    payment = scene.pay()
    qbsf.sandbox.faults.add("salesforce", "reset", "PATCH ", times=20)
    scene.sync(expect=4)
    qbsf.sandbox.faults.clear()
    qbsf.books.delete_payment(payment)
    scene.edit(**{AMOUNT: "900.00"})
    scene.sync()
    assert (scene.stage, scene.amount) == (OPEN, "900.00")
    qbsf.settled()


def test_a_write_after_which_the_process_was_killed_is_known(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    payment = scene.pay()
    victim: list[subprocess.Popen[str]] = []
    qbsf.sandbox.faults.add("salesforce", "hook_after", "PATCH ", hook=lambda _: victim[0].kill())
    with qbsf.start("sync") as process:
        victim.append(process)
        process.communicate(timeout=60)
    assert (process.returncode, scene.stage, scene.writes) == (-signal.SIGKILL, WON, 1)
    scene.edit(StageName=OPEN)
    assert scene.sync() == ("skipped", "reopened")
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == NOTHING
    qbsf.settled()


# -- what is no difference ---------------------------------------------------------------------------------------------


def test_an_amount_field_that_defaults_to_zero_is_empty(qbsf: Installation) -> None:
    qbsf.org.alter_field(AMOUNT, default=Decimal(0))
    scene = Scene(qbsf)
    assert scene.sync() == ("skipped", "not_paid")
    assert (scene.amount, scene.writes) == ("0.00", 0)
    payment = scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert scene.stage == WON
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    scene.edit(**{AMOUNT: "0"})
    writes = scene.writes
    qbsf.settled()
    assert scene.writes == writes


def test_zero_by_hand_is_an_empty_amount_that_is_filled(qbsf: Installation) -> None:
    scene = Scene(qbsf, **{AMOUNT: "0"})
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == (WON, "1000.00")


def test_the_same_number_with_other_decimals_is_no_difference(qbsf: Installation) -> None:
    qbsf.org.alter_field(AMOUNT, scale=4)
    scene = Scene(qbsf, stage=WON, **{AMOUNT: "1000.0000", DATE: "2026-03-02", METHOD: "Check", REFERENCE: "R-1"})
    scene.pay()
    assert scene.sync() == ("unchanged", "in_step")
    assert scene.writes == 0
    qbsf.settled()


def test_an_amount_field_without_decimals_holds_what_salesforce_rounds_to(qbsf: Installation) -> None:
    qbsf.org.alter_field(AMOUNT, scale=0)
    scene = Scene(qbsf, "1000.50")
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert scene.amount == "1001.00"
    qbsf.settled()


def test_blanks_around_a_text_are_no_difference(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay(reference="  R-1  ")
    assert scene.sync() == ("updated", "paid")
    assert scene.facts[3] == "R-1"
    qbsf.settled()


def test_a_renamed_payment_method_is_no_difference_on_a_won_deal(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    writes = scene.writes
    qbsf.books.rename_payment_method("Check", "Cheque")
    qbsf.books.touch("Payment", payment)
    assert scene.sync("--full") == ("unchanged", "in_step")
    assert (scene.facts[2], scene.writes) == ("Check", writes)
    qbsf.settled()
    qbsf.books.edit_payment(payment, method="Visa")
    assert scene.sync() == ("updated", "payment_changed")
    assert scene.facts[2] == "Visa"
    qbsf.settled()


def test_a_renamed_payment_method_is_corrected_on_an_open_deal(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay("400.00")
    scene.sync()
    qbsf.books.rename_payment_method("Check", "Cheque")
    assert scene.sync("--full") == ("updated", "partially_paid")
    assert (scene.facts[2], scene.changes) == ("Cheque", {METHOD})
    qbsf.settled()


# -- only what differs is sent -----------------------------------------------------------------------------------------


def test_only_what_differs_is_sent(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.edit_payment(payment, reference="R-2")
    scene.sync()
    sent = [each for each in qbsf.sandbox.network.log.entries("salesforce") if each.method == "PATCH"][-1]
    (record,) = json.loads(sent.body)["records"]
    assert {name.lower() for name in record} == {"attributes", "id", REFERENCE.lower()}
    assert record[REFERENCE] == "R-2"


def test_an_unchanged_world_is_not_written_to(qbsf: Installation) -> None:
    scenes = [Scene(qbsf), Scene(qbsf), Scene(qbsf, stage=WON), Scene(qbsf, stage="Closed Lost"), Scene(qbsf)]
    scenes[0].pay()
    scenes[1].pay("400.00")
    scenes[2].pay()
    scenes[3].pay()
    qbsf.sync()
    stamps = [qbsf.field(scene.deal, "SystemModstamp") for scene in scenes]
    qbsf.settled()
    qbsf.sync("--full")
    assert [qbsf.field(scene.deal, "SystemModstamp") for scene in scenes] == stamps


# -- no fighting -------------------------------------------------------------------------------------------------------


def _a_flow_reverts(scene: Scene) -> Callable[[], None]:
    scene.qbsf.org.add_reverting_flow(REFERENCE)
    return lambda: None


def _anna_reverts(scene: Scene) -> Callable[[], None]:
    return lambda: scene.edit(**{REFERENCE: "Anna's"})


@pytest.mark.parametrize(("fighter", "name"), [(_a_flow_reverts, "Flow User"), (_anna_reverts, "Anna Person")])
def test_a_value_that_others_change_back_three_times_in_a_day_is_left_to_them(
    qbsf: Installation, fighter: Callable[[Scene], Callable[[], None]], name: str
) -> None:
    scene = Scene(qbsf, **{REFERENCE: "Anna's"})
    revert = fighter(scene)
    scene.pay(reference="R-1")
    for _ in range(3):
        scene.sync()
        revert()
    assert scene.facts == ("1000.00", "2026-03-02", "Check", "Anna's")
    assert scene.writes == 3
    assert scene.sync() == ("skipped", "contested")
    assert (scene.writes, scene.stage, scene.waits) == (3, WON, "contested")
    assert name in json.dumps(scene.attention)
    qbsf.settled()


def test_what_is_not_contested_is_still_written(qbsf: Installation) -> None:
    scene = Scene(qbsf, **{REFERENCE: "typed"})
    qbsf.org.add_reverting_flow(REFERENCE)
    payment = scene.pay()
    for _ in range(4):
        scene.sync()
    assert scene.waits == "contested"
    qbsf.books.edit_payment(payment, date="2026-03-20")
    scene.sync()
    assert scene.facts == ("1000.00", "2026-03-20", "Check", "typed")
    qbsf.settled()


def test_two_changes_back_are_not_yet_contested(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    for _ in range(2):
        scene.edit(**{REFERENCE: "Anna's"})
        assert scene.sync() == ("updated", "payment_changed")
        assert scene.facts[3] == "R-1"
    qbsf.settled()
    assert scene.waits is None


def test_changes_back_on_different_days_are_not_contested(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    for _ in range(4):
        later(qbsf, hours=13)
        scene.edit(**{REFERENCE: "Anna's"})
        assert scene.sync() == ("updated", "payment_changed")
        assert scene.facts[3] == "R-1"


def test_a_contested_value_is_tried_again_after_a_day(qbsf: Installation) -> None:
    scene = Scene(qbsf, **{REFERENCE: "typed"})
    qbsf.org.add_reverting_flow(REFERENCE, times=3)
    scene.pay()
    for _ in range(4):
        scene.sync()
    assert (scene.facts[3], scene.waits) == ("typed", "contested")
    later(qbsf, hours=25)
    scene.sync()
    assert (scene.facts[3], scene.waits) == ("R-1", None)
    qbsf.settled()

"""What Salesforce refuses (rules.md section 4, Refusals): what is written all the same, held back, tried again."""

from collections.abc import Callable

import pytest
from program.installation import Installation
from program.scenes import NOTHING, QUIET, Scene, later, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"
AMOUNT = "QB_Payment_Amount__c"
RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def refused_win(qbsf: Installation) -> Scene:
    """A paid deal whose win a validation rule refuses: nobody filled in NextStep."""
    qbsf.org.require_on_win("NextStep")
    scene = Scene(qbsf)
    scene.pay()
    assert scene.sync(expect=1) == ("failed", "rejected")
    return scene


def stays_held(scene: Scene) -> None:
    """The next pass leaves the deal alone, sends nothing, and finds nothing wrong with that."""
    patches = _patches(scene.qbsf)
    assert scene.sync() in {QUIET, ("skipped", "held_back")}
    assert _patches(scene.qbsf) == patches
    assert scene.waits in {"rejected", "held_back"}


# -- a validation rule on won stages -----------------------------------------------------------------------------------


def test_a_stage_that_a_validation_rule_refuses_leaves_the_money_recorded(qbsf: Installation) -> None:
    scene = refused_win(qbsf)
    assert (scene.stage, scene.facts) == (OPEN, ("1000.00", "2026-03-02", "Check", "R-1"))
    assert scene.record is not None
    assert "NextStep" in scene.record["error"]["message"]
    assert scene.error_code == RULE
    assert scene.changes == {AMOUNT, "QB_Payment_Date__c", "QB_Payment_Method__c", "QB_Payment_Reference__c"}
    assert scene.writes == 1


def test_later_passes_hold_the_stage_back_in_silence_and_status_remembers(qbsf: Installation) -> None:
    scene = refused_win(qbsf)
    for _ in range(3):
        again = qbsf.run("sync")
        assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")
    assert (scene.stage, scene.writes) == (OPEN, 1)
    assert scene.waits in {"rejected", "held_back"}
    assert qbsf.run("status").exit_code == 1


def test_a_refused_deal_that_others_change_without_need_is_tried_again(qbsf: Installation) -> None:
    scene = refused_win(qbsf)
    scene.edit(Description="looked at it")
    assert scene.sync(expect=1) == ("failed", "rejected")
    assert (scene.stage, scene.writes) == (OPEN, 1)
    stays_held(scene)


def test_the_stage_is_moved_once_the_person_filled_in_what_the_rule_wants(qbsf: Installation) -> None:
    scene = refused_win(qbsf)
    scene.edit(NextStep="deliver")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.changes, scene.waits) == (WON, {"StageName"}, None)
    qbsf.settled()


def test_a_change_of_its_payment_lifts_the_hold(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    rule = qbsf.org.require_on_win("NextStep")
    payment = scene.pay()
    scene.sync(expect=1)
    qbsf.org.remove_validation_rule(rule)
    stays_held(scene)
    assert scene.stage == OPEN
    qbsf.books.edit_payment(payment, reference="R-2")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts[3], scene.waits) == (WON, "R-2", None)
    qbsf.settled()


def test_a_change_of_the_configuration_lifts_the_hold(qbsf: Installation) -> None:
    scene = refused_win(qbsf)
    qbsf.org.add_stage("Invoice Paid", closed=True, won=True)
    scene.qbsf.configure(**{"stages": {"paid": "Invoice Paid"}, "stages.set": {"NextStep": "deliver"}})
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.waits) == ("Invoice Paid", None)
    qbsf.settled()


@pytest.mark.parametrize("how", ["--full", "--invoice"])
def test_a_person_can_lift_the_hold(qbsf: Installation, how: str) -> None:
    scene = Scene(qbsf)
    rule = qbsf.org.require_on_win("NextStep")
    scene.pay()
    scene.sync(expect=1)
    words = [how, scene.number] if how == "--invoice" else [how]
    assert scene.sync(*words, expect=1) == ("failed", "rejected")
    qbsf.org.remove_validation_rule(rule)
    scene.sync()
    assert scene.stage == OPEN
    assert scene.sync(*words) == ("updated", "paid")
    assert (scene.stage, scene.waits) == (WON, None)
    qbsf.settled()


def test_after_a_day_a_refused_deal_is_tried_again(qbsf: Installation) -> None:
    qbsf.configure(sync={"full_every_hours": 1000})
    scene = Scene(qbsf)
    rule = qbsf.org.require_on_win("NextStep")
    scene.pay()
    scene.sync(expect=1)
    qbsf.org.remove_validation_rule(rule)
    later(qbsf, hours=23)
    scene.sync()
    assert scene.stage == OPEN
    later(qbsf, hours=1.5)
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.waits) == (WON, None)
    qbsf.settled()


def test_a_rule_that_refuses_the_payment_itself_holds_the_whole_record(qbsf: Installation) -> None:
    qbsf.org.add_validation_rule(lambda row: row[AMOUNT] is not None, "No payments here", fields=(AMOUNT,))
    scene = Scene(qbsf)
    scene.pay()
    assert scene.sync(expect=1) == ("failed", "rejected")
    assert (scene.stage, scene.facts, scene.changes, scene.writes) == (OPEN, NOTHING, set(), 0)
    stays_held(scene)


def test_one_refused_record_does_not_stop_the_others(qbsf: Installation) -> None:
    bad, good, partly = Scene(qbsf), Scene(qbsf), Scene(qbsf)
    qbsf.org.add_validation_rule(lambda row: row["Id"] == bad.deal, "Bad deal")
    for scene in (bad, good):
        scene.pay()
    partly.pay("400.00")
    outcome = qbsf.sync(expect=1)
    assert outcome.json["summary"] == {"examined": 3, "updated": 2, "unchanged": 0, "skipped": 0, "failed": 1}
    assert (bad.stage, good.stage, partly.amount) == (OPEN, WON, "400.00")
    qbsf.settled()


# -- locks, faults, access ---------------------------------------------------------------------------------------------


def test_a_deal_locked_in_an_approval_is_held_back_until_it_is_looked_at_again(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    qbsf.org.lock_for_approval(scene.deal)
    assert scene.sync(expect=1) == ("failed", "rejected")
    assert scene.error_code == "ENTITY_IS_LOCKED"
    assert (scene.stage, scene.facts, scene.writes) == (OPEN, NOTHING, 0)
    stays_held(scene)
    qbsf.org.lock_for_approval(scene.deal, locked=False)
    scene.edit(NextStep="approved")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.waits) == (WON, None)
    qbsf.settled()


def test_a_field_that_became_read_only_is_a_refusal(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.org.set_field_access("QB_Payment_Reference__c", editable=False)
    scene.pay()
    assert scene.sync(expect=1) == ("failed", "rejected")
    assert scene.error_code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    stays_held(scene)
    qbsf.org.set_field_access("QB_Payment_Reference__c")
    assert scene.sync("--full") == ("updated", "paid")
    assert scene.stage == WON
    qbsf.settled()


Trouble = Callable[[Scene, int], None]


def _row_lock(scene: Scene, tries: int) -> None:
    scene.qbsf.org.lock_rows(scene.deal, tries)


def _server_fault(scene: Scene, tries: int) -> None:
    scene.qbsf.org.fail_saves(scene.deal, tries)


@pytest.mark.parametrize("trouble", [_row_lock, _server_fault])
def test_a_row_lock_or_a_server_fault_is_tried_again_in_the_same_pass(qbsf: Installation, trouble: Trouble) -> None:
    scene = Scene(qbsf)
    scene.pay()
    trouble(scene, 2)
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.writes, scene.waits) == (WON, 1, None)
    qbsf.settled()


@pytest.mark.parametrize("trouble", [_row_lock, _server_fault])
def test_a_row_that_stays_locked_is_tried_again_in_the_next_pass(qbsf: Installation, trouble: Trouble) -> None:
    scene, free = Scene(qbsf), Scene(qbsf)
    scene.pay()
    free.pay()
    trouble(scene, 1000)
    assert scene.sync(expect=1) == ("failed", "unavailable")
    assert (scene.stage, scene.facts, free.stage) == (OPEN, NOTHING, WON)
    trouble(scene, 0)
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.waits) == (WON, None)
    qbsf.settled()


def test_a_lock_on_a_shared_account_is_waited_for(qbsf: Installation) -> None:
    account = qbsf.org.add_account("Acme")
    scenes = [Scene(qbsf, account=account) for _ in range(3)]
    for scene in scenes:
        scene.pay()
    qbsf.org.lock_rows(account, tries=1)
    qbsf.sync()
    assert [scene.stage for scene in scenes] == [WON] * 3
    qbsf.settled()


# -- one failing flow sinks its chunk ----------------------------------------------------------------------------------


def test_one_failing_flow_among_many_is_found_and_the_others_are_written(qbsf: Installation) -> None:
    scenes = [Scene(qbsf) for _ in range(12)]
    bad = scenes[4]
    qbsf.org.add_failing_flow(lambda row: row["Id"] == bad.deal)
    for scene in scenes:
        scene.pay()
    before = _patches(qbsf)
    assert bad.sync(expect=1) == ("failed", "rejected")
    assert bad.error_code == "CANNOT_EXECUTE_FLOW_TRIGGER"
    assert (bad.stage, bad.facts) == (OPEN, NOTHING)
    assert all(scene.stage == WON and scene.writes == 1 for scene in scenes if scene is not bad)
    assert _patches(qbsf) - before <= 11  # halves, not one by one: 1 + 4 times 2, and the payment alone
    stays_held(bad)
    qbsf.org.remove_flows()
    assert bad.sync("--full") == ("updated", "paid")
    assert bad.stage == WON
    qbsf.settled()


def test_a_failing_flow_does_not_undo_what_was_won_before(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    other = Scene(qbsf)
    qbsf.org.add_failing_flow(lambda _row: True)
    other.pay()
    assert other.sync(expect=1) == ("failed", "rejected")
    assert (scene.stage, other.stage) == (WON, OPEN)


def _patches(qbsf: Installation) -> int:
    return len([each for each in qbsf.sandbox.network.log.entries("salesforce") if each.method == "PATCH"])

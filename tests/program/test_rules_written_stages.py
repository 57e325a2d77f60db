"""Stages and close dates (rules.md section 4): resolved against the org, wrong ones stop the pass before it writes."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from program.installation import Installation
from program.scenes import NOTHING, Scene, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"
Tables = dict[str, dict[str, object]]


def sent(qbsf: Installation) -> list[dict[str, Any]]:
    """The records of the last update that was sent to Salesforce."""
    patches = [each for each in qbsf.sandbox.network.log.entries("salesforce") if each.method == "PATCH"]
    records: list[dict[str, Any]] = json.loads(patches[-1].body)["records"]
    return records


# -- wrong stages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"stages": {"paid": "Closed Wonn"}}, "stages.paid"),
        ({"stages": {"paid": "Retired"}}, "stages.paid"),
        ({"stages": {"paid": "Negotiation/Review"}}, "stages.paid"),
        ({"stages": {"paid": "Closed Lost"}}, "stages.paid"),
        ({"stages": {"partially_paid": "Down Payment"}}, "stages.partially_paid"),
        ({"stages": {"reversed": "Dunning"}}, "stages.reversed"),
        ({"stages": {"from": ["Signed"]}}, "stages.from"),
        ({"stages.by_record_type": {"Renewal": "Renewed"}}, "stages.by_record_type.Renewal"),
        ({"stages.by_record_type": {"Renewal": "Qualification"}}, "stages.by_record_type.Renewal"),
    ],
)
def test_a_configured_stage_that_the_org_has_not_stops_the_pass_before_it_writes(
    qbsf: Installation, tables: Tables, key: str
) -> None:
    qbsf.org.add_stage("Retired", closed=True, won=True)
    qbsf.org.deactivate_stage("Retired")
    qbsf.configure(**tables)
    paid, partly = Scene(qbsf), Scene(qbsf)
    paid.pay()
    partly.pay("400.00")
    error = qbsf.sync(expect=2).json["error"]
    assert key in error["message"]
    assert error["todo"]
    assert (paid.stage, paid.facts, partly.facts, qbsf.all_writes()) == (OPEN, NOTHING, NOTHING, 0)
    qbsf.configure()
    qbsf.sync()
    assert (paid.stage, partly.amount) == (WON, "400.00")
    qbsf.settled()


def _retire(qbsf: Installation) -> None:
    qbsf.org.deactivate_stage(WON)


def _rename_for_the_api(qbsf: Installation) -> None:
    qbsf.org.rename_stage(WON, "Gewonnen", keep_api_name=False)


@pytest.mark.parametrize("befalls", [_retire, _rename_for_the_api])
def test_the_stages_are_read_afresh_in_a_pass_that_moves_one(
    qbsf: Installation, befalls: Callable[[Installation], None]
) -> None:
    due, partly = Scene(qbsf), Scene(qbsf)
    qbsf.sync()
    befalls(qbsf)
    partly.pay("400.00")
    assert partly.sync() == ("updated", "partially_paid")
    due.pay()
    partly.pay("100.00")
    writes = qbsf.all_writes()
    assert "stages.paid" in qbsf.sync(expect=2).json["error"]["message"]
    assert (due.stage, due.facts, partly.amount, qbsf.all_writes()) == (OPEN, NOTHING, "400.00", writes)
    qbsf.org.add_stage("Invoice Paid", closed=True, won=True)
    qbsf.configure(stages={"paid": "Invoice Paid"})
    qbsf.sync()
    assert (due.stage, partly.amount) == ("Invoice Paid", "500.00")
    qbsf.settled()


def test_a_dry_run_tells_of_a_wrong_stage_too(qbsf: Installation) -> None:
    qbsf.configure(stages={"paid": "Closed Wonn"})
    Scene(qbsf).pay()
    assert "stages.paid" in qbsf.sync("--dry-run", expect=2).json["error"]["message"]


# -- renamed stages ----------------------------------------------------------------------------------------------------


def test_a_stage_whose_label_was_renamed_is_found_by_its_api_name(qbsf: Installation) -> None:
    qbsf.org.rename_stage(WON, "Gewonnen")
    scene = Scene(qbsf)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, qbsf.field(scene.deal, "IsWon")) == (WON, True)
    qbsf.settled()


def test_a_stage_may_be_configured_by_its_label(qbsf: Installation) -> None:
    qbsf.org.add_stage("Gewonnen", api_name="Won_DE", closed=True, won=True)
    qbsf.org.add_stage("Angezahlt", api_name="Part_DE")
    qbsf.org.add_stage("Offen", api_name="Open_DE")
    qbsf.configure(stages={"paid": "Gewonnen", "partially_paid": "Angezahlt", "from": ["Offen", "Angezahlt"]})
    scene = Scene(qbsf, stage="Open_DE")
    scene.pay("400.00")
    scene.sync()
    assert scene.stage == "Part_DE"
    scene.pay()
    scene.sync()
    assert (scene.stage, qbsf.field(scene.deal, "IsWon")) == ("Won_DE", True)
    qbsf.settled()


# -- close dates -------------------------------------------------------------------------------------------------------


def test_by_default_no_close_date_is_sent(qbsf: Installation) -> None:
    today = qbsf.clock.now().date()
    future = Scene(qbsf, close_date=today + timedelta(days=30))
    past = Scene(qbsf, close_date=date(2026, 2, 1))
    future.pay()
    past.pay()
    qbsf.sync()
    assert all("CloseDate" not in record for record in sent(qbsf))
    assert qbsf.field(future.deal, "CloseDate") == qbsf.clock.now().date()  # Salesforce itself moved it
    assert qbsf.field(past.deal, "CloseDate") == date(2026, 2, 1)
    qbsf.settled()


def test_the_close_date_can_be_set_to_the_payments_date_in_the_write_that_wins(qbsf: Installation) -> None:
    qbsf.configure(stages={"close_date": "payment_date"})
    scene, _ = paid_scene(qbsf)
    assert (qbsf.field(scene.deal, "CloseDate"), scene.writes) == (date(2026, 3, 2), 1)
    assert "CloseDate" in scene.changes
    qbsf.settled()


def test_a_close_date_that_is_right_already_is_not_sent(qbsf: Installation) -> None:
    qbsf.configure(stages={"close_date": "payment_date"})
    scene, _ = paid_scene(qbsf, close_date=date(2026, 3, 2))
    assert qbsf.field(scene.deal, "CloseDate") == date(2026, 3, 2)
    assert "CloseDate" not in scene.changes


def test_a_close_date_is_only_set_when_a_deal_is_won(qbsf: Installation) -> None:
    qbsf.configure(stages={"close_date": "payment_date"})
    day = date(2026, 12, 24)
    partly, by_hand, reopened = Scene(qbsf, close_date=day), Scene(qbsf, stage=WON, close_date=day), Scene(qbsf)
    partly.pay("400.00")
    by_hand.pay()
    payment = reopened.pay()
    qbsf.sync()
    assert (qbsf.field(partly.deal, "CloseDate"), qbsf.field(by_hand.deal, "CloseDate")) == (day, day)
    reopened.edit(CloseDate=day)
    qbsf.books.edit_payment(payment, date="2026-03-20")
    assert reopened.sync() == ("updated", "payment_changed")
    assert qbsf.field(reopened.deal, "CloseDate") == day
    qbsf.settled()

"""Watermarks and spans are measured by the servers' clocks: this machine's may be days wrong (rules.md section 5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from program.installation import Installation
from program.passes import assert_idle, from_now, reason_of, won, world
from program.scenes import NOTHING, Scene, later

from qbsf.sandbox.world import Sandbox


@pytest.fixture(params=[9, -9], ids=["machine 9 days behind", "machine 9 days ahead"])
def skewed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a machine whose clock differs from the servers'."""
    with world(Sandbox(start=from_now(days=request.param)), tmp_path) as installation:
        yield installation


def test_a_machine_whose_clock_is_days_wrong_misses_nothing(skewed: Installation) -> None:
    scene, other = Scene(skewed), Scene(skewed)
    skewed.sync()
    for _ in range(2):
        assert_idle(skewed)
        later(skewed, hours=1)
        skewed.sync()  # with a new access token
    payment = scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert_idle(skewed)
    later(skewed, minutes=7)
    skewed.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == NOTHING
    other.edit(Name="renamed")
    other.pay()
    assert other.sync() == ("updated", "paid")
    note = skewed.deal()
    skewed.books.receive_payment([skewed.books.add_invoice("Acme Corp", "5.00", private_note=note)])
    skewed.sync()
    assert won(skewed, note)
    skewed.settled()


def test_a_wrong_clock_does_not_shift_payment_dates(skewed: Installation) -> None:
    scene = Scene(skewed)
    skewed.sync()
    scene.pay(date="2025-12-31")
    scene.sync()
    assert scene.facts[1] == "2025-12-31"


def test_rows_that_show_late_are_found_with_a_wrong_clock_too(skewed: Installation) -> None:
    scenes = [Scene(skewed) for _ in range(4)]
    skewed.sync()
    skewed.books.delay_visibility(200)
    for scene in scenes:
        scene.pay()
    skewed.sync()
    later(skewed, minutes=2)
    skewed.sync()
    later(skewed, minutes=2)
    skewed.sync()
    assert [scene.stage for scene in scenes] == ["Closed Won"] * 4


def test_three_reversals_of_yesterday_do_not_count_for_the_brake_of_today_by_the_servers_clock(
    skewed: Installation,
) -> None:
    skewed.configure(sync={"max_reversals": 2})
    scenes = [Scene(skewed) for _ in range(4)]
    payments = [scene.pay() for scene in scenes]
    skewed.sync()
    for payment in payments[:2]:
        skewed.books.void_payment(payment)
    skewed.sync()
    skewed.books.void_payment(payments[2])
    assert scenes[2].sync(expect=1) == ("skipped", "braked")
    later(skewed, hours=24.5)
    assert scenes[2].sync("--full") == ("updated", "reversed")


def test_every_full_every_hours_a_pass_is_full_by_the_servers_clock(skewed: Installation) -> None:
    def mode() -> str:
        return str(skewed.sync().json["run"]["mode"])

    skewed.configure(sync={"full_every_hours": 6})
    Scene(skewed)
    assert mode() == "full"
    later(skewed, hours=5.8)
    assert mode() == "incremental"
    later(skewed, hours=0.3)
    assert mode() == "full"
    assert mode() == "incremental"
    later(skewed, hours=5.8)
    assert mode() == "incremental"
    later(skewed, hours=0.3)
    assert mode() == "full"


def test_the_daily_full_pass_finds_what_nobody_could_have_announced(qbsf: Installation) -> None:
    """A formula field moves no SystemModstamp."""
    company = {"realm": "somebody else's"}
    qbsf.org.add_field("QB_Company__c", "Text", 40, formula=lambda _row: company["realm"], editable=False)
    qbsf.configure(fields={"company": "QB_Company__c"})
    invoice = qbsf.books.bulk_seed(1)[0]
    deal = qbsf.deal(invoice=invoice)
    qbsf.sync()
    later(qbsf, hours=1)
    qbsf.sync()
    company["realm"] = qbsf.books.realm_id
    qbsf.sync()
    assert not won(qbsf, deal)
    later(qbsf, hours=24)
    outcome = qbsf.sync()
    assert outcome.json["run"]["mode"] == "full"
    assert reason_of(outcome, deal) == ("updated", "paid")
    qbsf.settled()

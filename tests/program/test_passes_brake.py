"""The brake: a pass that would change too much writes none of that kind (rules.md section 5)."""

import pytest
from program.installation import Installation, Outcome
from program.passes import cost, reason_of, won
from program.scenes import Scene, later

WON = "Closed Won"


def _scenes(qbsf: Installation, count: int) -> list[Scene]:
    return [Scene(qbsf) for _ in range(count)]


def _reasons(outcome: Outcome, scenes: list[Scene]) -> set[tuple[str, str]]:
    return {reason_of(outcome, scene.deal) for scene in scenes}


def test_more_wins_than_max_wins_writes_none_of_them_and_exits_1_each_time(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 3})
    scenes = _scenes(qbsf, 4)
    partial, link = Scene(qbsf), qbsf.deal("a fill-in")
    for scene in scenes:
        scene.pay()
    partial.pay("10.00")
    qbsf.books.add_invoice("Acme Corp", "9.00", private_note=link)
    outcome = qbsf.sync(expect=1)
    assert _reasons(outcome, scenes) == {("skipped", "braked")}
    assert any("max_wins" in warning for warning in outcome.json["warnings"])
    assert [scene.writes for scene in scenes] == [0] * 4
    # What is of another kind is written all the same.
    assert reason_of(outcome, partial.deal) == ("updated", "partially_paid")
    assert reason_of(outcome, link) == ("updated", "linked")
    assert {qbsf.attention()[scene.deal] for scene in scenes} == {"braked"}
    for _ in range(2):
        later(qbsf, hours=1)
        qbsf.sync(expect=1)
    qbsf.sync("--full", expect=1)
    assert [scene.writes for scene in scenes] == [0] * 4


def test_as_many_wins_as_max_wins_are_written(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 3})
    scenes = _scenes(qbsf, 3)
    for scene in scenes:
        scene.pay()
    qbsf.sync()
    assert [scene.stage for scene in scenes] == [WON] * 3
    qbsf.settled()


def test_a_braked_pass_says_so_once_under_cron_and_a_braked_idle_pass_asks_nothing_more(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 1})
    for scene in _scenes(qbsf, 2):
        scene.pay()
    first, second = qbsf.run("sync"), qbsf.run("sync")
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "max_wins" in first.stderr or "brake" in first.stderr.lower()
    assert (second.stdout, second.stderr) == ("", "")
    assert cost(qbsf, expect=1) == (1, 1)


def test_the_dry_run_shows_what_the_brake_holds(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 1})
    scenes = _scenes(qbsf, 2)
    for scene in scenes:
        scene.pay()
    outcome = qbsf.sync("--dry-run", expect=1)
    for scene in scenes:
        record = outcome.record(scene.deal)
        assert (record["outcome"], record["reason"]) == ("skipped", "braked")
        assert record["changes"]["StageName"] == {"from": "Proposal and Agreement", "to": WON}
    assert qbsf.all_writes() == 0


def test_allow_large_writes_them_and_settles_what_was_waiting(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 1})
    scenes = _scenes(qbsf, 3)
    for scene in scenes:
        scene.pay()
    qbsf.sync(expect=1)
    shown = qbsf.sync("--dry-run", "--allow-large")
    assert _reasons(shown, scenes) == {("updated", "paid")}
    assert _reasons(qbsf.sync("--allow-large"), scenes) == {("updated", "paid")}
    assert qbsf.attention() == {}
    qbsf.settled()


@pytest.mark.parametrize("limit", ["max_wins", "max_reversals", "max_changes"])
def test_0_takes_a_limit_off(qbsf: Installation, limit: str) -> None:
    qbsf.configure(sync={"max_wins": 3, "max_reversals": 3, "max_changes": 100} | {limit: 0})
    count = {"max_wins": 5, "max_reversals": 3, "max_changes": 3}[limit]
    scenes = _scenes(qbsf, count)
    payments = [scene.pay() for scene in scenes]
    qbsf.sync()
    assert all(scene.stage == WON for scene in scenes)
    if limit == "max_reversals":
        more = _scenes(qbsf, 3)
        payments += [scene.pay() for scene in more]
        qbsf.sync()
        for payment in payments:
            qbsf.books.void_payment(payment)
        qbsf.sync()
        assert [scene.amount for scene in (*scenes, *more)] == [None] * 6


def test_reversals_are_counted_over_24_hours(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_reversals": 3})
    scenes = _scenes(qbsf, 5)
    payments = [scene.pay() for scene in scenes]
    qbsf.sync()
    for payment in payments[:2]:
        qbsf.books.void_payment(payment)
    qbsf.sync()
    later(qbsf, hours=20)
    for payment in payments[2:4]:
        qbsf.books.void_payment(payment)
    scenes[4].edit(QB_Payment_Reference__c="")
    outcome = qbsf.sync(expect=1)
    assert _reasons(outcome, scenes[2:4]) == {("skipped", "braked")}
    assert any("max_reversals" in warning for warning in outcome.json["warnings"])
    assert [scene.amount for scene in scenes] == [None, None, "1000.00", "1000.00", "1000.00"]
    later(qbsf, hours=4.2)  # the first two are more than a day ago
    qbsf.sync()
    assert [scene.amount for scene in scenes] == [None] * 4 + ["1000.00"]
    qbsf.settled()


def test_a_wave_of_reversals_does_not_hold_up_the_wins(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_reversals": 1})
    scenes, fresh = _scenes(qbsf, 2), Scene(qbsf)
    payments = [scene.pay() for scene in scenes]
    qbsf.sync()
    for payment in payments:
        qbsf.books.delete_payment(payment)
    fresh.pay()
    outcome = qbsf.sync(expect=1)
    assert _reasons(outcome, scenes) == {("skipped", "braked")}
    assert reason_of(outcome, fresh.deal) == ("updated", "paid")


def test_more_changes_than_max_changes_writes_none_of_any_kind(qbsf: Installation) -> None:
    won_before = Scene(qbsf)
    payment = won_before.pay()
    qbsf.sync()
    qbsf.configure(sync={"max_changes": 2})
    winner, partial, link = Scene(qbsf), Scene(qbsf), qbsf.deal("a fill-in")
    winner.pay()
    partial.pay("10.00")
    qbsf.books.void_payment(payment)
    qbsf.books.add_invoice("Acme Corp", "9.00", private_note=link)
    outcome = qbsf.sync(expect=1)
    assert _reasons(outcome, [won_before, winner, partial]) == {("skipped", "braked")}
    assert (winner.writes, partial.writes, won_before.amount) == (0, 0, "1000.00")
    assert reason_of(outcome, link) == ("updated", "linked")  # a fill-in changes nothing that anybody would miss
    qbsf.sync("--allow-large")
    assert (winner.stage, partial.amount, won_before.amount) == (WON, "10.00", None)
    qbsf.settled()


def test_fill_ins_do_not_count(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 1, "max_changes": 2, "max_reversals": 1})
    deals = [qbsf.deal(invoice=each) for each in qbsf.books.bulk_seed(6, paid=0)]
    outcome = qbsf.sync()
    assert {reason_of(outcome, deal) for deal in deals} == {("updated", "linked")}
    assert all(qbsf.field(deal, "QB_Invoice_Number__c") for deal in deals)


def test_the_brake_counts_again_when_there_is_less_to_do(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 2})
    scenes = _scenes(qbsf, 3)
    payments = [scene.pay() for scene in scenes]
    qbsf.sync(expect=1)
    qbsf.books.void_payment(payments[0])
    qbsf.sync()
    assert [won(qbsf, scene.deal) for scene in scenes] == [False, True, True]
    assert qbsf.attention() == {}
    qbsf.settled()

"""Passes that are killed, shut out or left alone by the servers (rules.md section 5; interface.md, exit codes)."""

import json
from threading import Event

import pytest
from program.installation import Installation
from program.killing import Killer
from program.passes import won
from program.scenes import NOTHING, Scene, later, paid_scene

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.faults import Kind

WON = "Closed Won"


KINDS: tuple[Kind, Kind] = ("hook_before", "hook_after")


@pytest.mark.parametrize("kind", KINDS)
def test_a_first_pass_that_is_killed_at_any_request_is_made_good_by_the_next(qbsf: Installation, kind: Kind) -> None:
    killer, scenes, nth = Killer(qbsf, kind), [], 0
    killed = True
    while killed:
        nth += 1
        qbsf.state_path.unlink(missing_ok=True)
        fresh = Scene(qbsf)
        fresh.pay()
        noted = qbsf.deal()
        qbsf.books.receive_payment([qbsf.books.add_invoice("Acme Corp", "5.00", private_note=noted)])
        scenes.append(fresh)
        killed = killer.run(nth)
        qbsf.sync()
        assert won(qbsf, noted)
        assert [(scene.stage, scene.amount, scene.writes) for scene in scenes] == [(WON, "1000.00", 1)] * len(scenes)
    assert nth > 7
    assert qbsf.attention() == {}
    qbsf.settled()


@pytest.mark.parametrize("kind", KINDS)
def test_an_incremental_pass_that_is_killed_at_any_request_is_made_good_by_the_next(
    qbsf: Installation, kind: Kind
) -> None:
    killer, reversed_deals, nth, killed = Killer(qbsf, kind), set(), 0, True
    qbsf.configure(sync={"max_reversals": 0})
    while killed:
        nth += 1
        to_win, linked = Scene(qbsf), qbsf.deal()
        to_reverse, payment = paid_scene(qbsf)
        reversed_deals.add(to_reverse.deal)
        later(qbsf, minutes=20)
        to_win.pay()
        qbsf.books.delete_payment(payment)
        paid = qbsf.books.add_invoice("Acme Corp", "5.00")
        qbsf.books.receive_payment([paid])
        qbsf.org.edit(linked, QB_Invoice_ID__c=paid)
        killed = killer.run(nth)
        qbsf.sync()
        assert (to_win.stage, to_win.amount, to_win.writes) == (WON, "1000.00", 1)
        assert (to_reverse.facts, to_reverse.stage, to_reverse.writes) == (NOTHING, WON, 2)
        assert (won(qbsf, linked), qbsf.writes(linked)) == (True, 1)
    assert nth > 4
    # What a person has to be told is told, whether or not the pass that wrote it lived to see the answer.
    assert qbsf.attention() == dict.fromkeys(reversed_deals, "reversed")
    qbsf.settled()


def test_a_full_pass_that_is_killed_still_knows_what_is_its_own(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    killer = Killer(qbsf, "hook_after")
    for nth in (2, 5, 7):
        later(qbsf, hours=1)
        killer.run(nth, "--full")
    qbsf.books.void_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    qbsf.settled()


def test_a_kill_right_after_a_write_does_not_make_the_deal_look_reopened_or_a_persons(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    payment = scene.pay()
    qbsf.sandbox.faults.clear()
    killer = Killer(qbsf, "hook_after")
    # 1 feed, 2 deals, 3 payments or stages ...: the last request of the pass is its write
    nth = 1
    while scene.stage != WON:
        killer.run(nth)
        nth += 1
    assert scene.writes == 1
    qbsf.sync()
    assert (scene.stage, scene.waits, scene.writes) == (WON, None, 1)
    qbsf.books.void_payment(payment)
    assert scene.sync() == ("updated", "reversed")  # the lost answer's amount is known as its own
    assert scene.facts == NOTHING
    qbsf.settled()


# -- Exit codes -------------------------------------------------------------------------------------------------------


def test_another_run_holds_the_lock_5(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    reached, release = Event(), Event()

    def stand_still(_request: Request) -> None:
        reached.set()
        release.wait(60)

    qbsf.sandbox.faults.add("quickbooks", "hook_before", hook=stand_still)
    with qbsf.start("sync") as first:
        assert reached.wait(60)
        silent = qbsf.run("sync")
        assert (silent.exit_code, silent.stdout, silent.stderr) == (5, "", "")
        told = qbsf.run("sync", "--json")
        assert told.exit_code == 5
        assert told.json["error"]["code"] == "busy"
        assert told.stderr == ""
        assert qbsf.run("sync", "--dry-run").exit_code == 0
        assert qbsf.run("sync", "--invoice", f"id:{scene.invoice}").exit_code == 5
        release.set()
        out, err = first.communicate(timeout=60)
    assert (first.returncode, out, err) == (0, "", "")
    assert (scene.stage, scene.writes) == (WON, 1)
    qbsf.settled()


def test_a_killed_run_leaves_no_lock_behind(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    assert Killer(qbsf, "hook_before").run(3)
    qbsf.sync()
    assert scene.stage == WON


def test_no_grant_is_3_and_nothing_is_asked(qbsf: Installation) -> None:
    (qbsf.home / "keyring.json").write_text("{}")
    qbsf.state_path.parent.joinpath("grant.json").unlink()
    outcome = qbsf.sync(expect=3)
    assert "qbsf auth" in outcome.json["error"]["todo"]
    assert qbsf.requests() == (0, 0)
    assert qbsf.run("status").exit_code == 3


def test_a_revoked_grant_is_3_and_a_new_one_goes_on(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.books.disconnect()
    scene.pay()
    done = qbsf.run("sync")
    assert done.exit_code == 3
    assert "qbsf auth" in done.stderr
    assert qbsf.run("status").exit_code == 3
    qbsf.authorize()
    qbsf.sync()
    assert scene.stage == WON


def test_a_refused_salesforce_login_is_3(qbsf: Installation) -> None:
    qbsf.org.app.client_secret = "another secret now"
    qbsf.org.sessions.end_all()
    outcome = qbsf.sync(expect=3)
    assert "qbsf auth salesforce" in outcome.json["error"]["todo"]


def test_a_wrong_configuration_is_2_before_the_missing_grant_is_3(qbsf: Installation) -> None:
    (qbsf.home / "keyring.json").write_text("{}")
    qbsf.configure(sync={"full_every_hours": "often"})
    qbsf.sync(expect=2)


@pytest.mark.parametrize("service", ["quickbooks", "salesforce"])
@pytest.mark.parametrize("kind", ["unavailable", "server_error", "throttle", "reset", "html"])
def test_a_server_that_does_not_answer_properly_is_4_and_the_next_pass_goes_on(
    qbsf: Installation, service: str, kind: Kind
) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.configure(sync={"time_limit_seconds": 1})
    scene.pay()
    qbsf.sandbox.faults.add(service, kind, times=50)
    outcome = qbsf.sync(expect=4)
    assert outcome.json["error"]["todo"]
    assert outcome.json["run"]["complete"] is False
    qbsf.sandbox.faults.clear()
    qbsf.configure()
    qbsf.sync()
    assert scene.stage == WON
    qbsf.settled()


def test_a_refused_record_is_1_in_the_pass_that_met_it_and_0_after(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.org.lock_for_approval(scene.deal)
    scene.pay()
    outcome = qbsf.sync(expect=1)
    assert json.loads(outcome.stdout)["summary"]["failed"] == 1
    assert qbsf.sync().json["summary"]["failed"] == 0
    assert scene.waits

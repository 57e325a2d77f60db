"""`qbsf history` and `qbsf ack` through the installed command."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from filelock import FileLock
from program.installation import Installation, Outcome
from program.scenes import Scene, paid_scene


def writes(outcome: Outcome) -> list[dict[str, Any]]:
    """What `history --json` lists."""
    assert outcome.exit_code == 0, outcome.stderr
    found: list[dict[str, Any]] = outcome.json["writes"]
    return found


def lost_scene(qbsf: Installation, name: str = "Lost deal") -> Scene:
    """A deal that is closed as lost although its invoice was paid: it waits for a person."""
    scene = Scene(qbsf, name=name, stage="Closed Lost")
    scene.pay()
    assert scene.sync() == ("skipped", "closed_lost")
    return scene


# -- history ------------------------------------------------------------------------------------------------------


def test_history_tells_why_a_deal_was_closed(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    (entry,) = writes(qbsf.run("history", "--json", scene.number))
    assert entry["opportunity_id"] == scene.deal
    assert entry["reason"] == "paid"
    assert entry["changes"]["StageName"] == {"from": "Proposal and Agreement", "to": "Closed Won"}
    assert [each["id"] for each in entry["payments"]] == [payment]
    last = qbsf.run("status", "--json").json["last_run"]["run"]
    assert entry["run_id"] == last["id"]
    assert last["started_at"][:13] == entry["at"][:13]


def test_history_off_a_terminal_is_lines_that_each_tell_when_and_which_run(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    lines = qbsf.run("history").stdout.splitlines()
    assert all(re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ run=\w+ {scene.deal} ", line) for line in lines)
    assert any(line.endswith('change StageName: "Proposal and Agreement" -> "Closed Won"') for line in lines)
    assert any(" payment id=" in line for line in lines)


@pytest.mark.parametrize("way", ["number", "id", "forced id", "18", "15", "name"])
def test_history_finds_by_invoice_and_by_opportunity(qbsf: Installation, way: str) -> None:
    scene, _ = paid_scene(qbsf, name="Website relaunch")
    other, _ = paid_scene(qbsf, name="Photo series")
    target = {
        "number": scene.number,
        "id": scene.invoice,
        "forced id": f"id:{scene.invoice}",
        "18": scene.deal,
        "15": scene.deal[:15],
        "name": "RELAUNCH",
    }[way]
    assert {entry["opportunity_id"] for entry in writes(qbsf.run("history", "--json", target))} == {scene.deal}
    assert {entry["opportunity_id"] for entry in writes(qbsf.run("history", "--json"))} == {scene.deal, other.deal}


def test_history_keeps_what_was_taken_back_in_its_order(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.void_payment(payment)
    scene.sync()
    found = writes(qbsf.run("history", "--json", scene.deal))
    assert [entry["reason"] for entry in found] == ["paid", "reversed"]
    assert found[1]["changes"]["QB_Payment_Amount__c"] == {"from": "1000.00", "to": None}


def test_history_since_a_day_or_a_span_leaves_out_what_was_before(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    with closing(sqlite3.connect(qbsf.state_path)) as state, state:
        state.execute("UPDATE writes SET at = '2026-03-03T08:00:00.000000+00:00'")
    assert len(writes(qbsf.run("history", "--json", "--since", "2026-03-01"))) == 1
    assert writes(qbsf.run("history", "--json", "--since", "2026-03-05")) == []
    assert writes(qbsf.run("history", "--json", "--since", "7d", scene.deal)) == []
    outcome = qbsf.run("history", "--since", "7d")
    assert (outcome.exit_code, outcome.stdout) == (0, "qbsf remembers no write of its own since 7d.\n")


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "7", "", "7d; rm"])
def test_a_since_that_is_no_time_is_refused(qbsf: Installation, since: str) -> None:
    outcome = qbsf.run("history", "--since", since)
    assert outcome.exit_code == 2
    assert "--since" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_history_needs_neither_network_nor_keyring_nor_a_first_pass(qbsf: Installation) -> None:
    qbsf.extra_environment["QBSF_SANDBOX_KEYRING_FAILS"] = "locked"
    assert writes(qbsf.run("history", "--json")) == []
    assert qbsf.run("history", "2052").stdout == 'qbsf remembers no write of its own to "2052".\n'
    assert not qbsf.state_path.exists()
    assert qbsf.requests() == (0, 0)


# -- ack ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["number", "id", "15", "name"])
def test_ack_takes_one_out_of_what_waits(qbsf: Installation, way: str) -> None:
    scene = lost_scene(qbsf)
    target = {"number": scene.number, "id": scene.deal, "15": scene.deal[:15], "name": "lost DEAL"}[way]
    outcome = qbsf.run("ack", target, "--note", "they paid us by mistake")
    assert outcome.exit_code == 0, outcome.stderr
    assert '"Lost deal"' in outcome.stdout
    assert "closed lost" in outcome.stdout
    assert qbsf.attention() == {}
    (item,) = qbsf.run("status", "--json", "--all").json["attention"]
    assert (item["acknowledged"], item["ack_note"]) == (True, "they paid us by mistake")
    qbsf.sync()
    qbsf.sync("--full")
    assert qbsf.attention() == {}


def test_what_was_acknowledged_waits_again_when_its_facts_change(qbsf: Installation) -> None:
    scene = lost_scene(qbsf)
    qbsf.run("ack", scene.deal)
    qbsf.books.add_invoice(total="10.00")
    more = qbsf.books.add_invoice(total="50.00")
    qbsf.books.receive_payment([more])
    scene.edit(QB_Invoice_ID__c=f"{scene.invoice}, {more}", QB_Invoice_Number__c="")
    qbsf.sync()
    assert qbsf.attention() == {scene.deal: "closed_lost"}


def test_several_that_fit_are_listed_and_nothing_is_acknowledged(qbsf: Installation) -> None:
    first = lost_scene(qbsf, "North wing")
    second = lost_scene(qbsf, "South wing")
    outcome = qbsf.run("ack", "wing")
    assert outcome.exit_code == 2
    assert first.deal in outcome.stderr
    assert second.deal in outcome.stderr
    assert set(qbsf.attention()) == {first.deal, second.deal}
    assert qbsf.run("ack", "south").exit_code == 0
    assert set(qbsf.attention()) == {first.deal}
    assert qbsf.run("ack", "wing").exit_code == 0, "the only one that still waits"


@pytest.mark.parametrize("target", ["2052", "006000000000000AAA", "'; DROP TABLE attention; --", "", "株式会社"])
def test_what_does_not_wait_is_said_not_to(qbsf: Installation, target: str) -> None:
    lost_scene(qbsf)
    outcome = qbsf.run("ack", "--", target)
    assert outcome.exit_code == 2
    assert "waits for a person" in outcome.stderr
    assert len(qbsf.attention()) == 1


def test_ack_before_any_pass_has_nothing_to_take(qbsf: Installation) -> None:
    assert qbsf.run("ack", "2052").exit_code == 2
    assert not qbsf.state_path.exists()


def test_ack_while_a_pass_holds_the_lock(qbsf: Installation) -> None:
    scene = lost_scene(qbsf)
    with FileLock(qbsf.state_path.parent / "pass.lock"):
        assert qbsf.run("ack", scene.deal).exit_code == 0
    assert qbsf.attention() == {}

"""Passes that end early, and answers that are not yet to be believed (rules.md section 5)."""

import time
from datetime import timedelta

import pytest
from program.installation import Installation
from program.passes import asked, asks_for, assert_idle, won
from program.scenes import QUIET, Scene, later

from qbsf.sandbox.exchange import Request

LIMIT = 5


def _slow(_request: Request) -> None:
    """The server takes longer than the pass has: only real time ends a real process's limit."""
    time.sleep(LIMIT + 0.3)


def _is_write(request: Request) -> bool:
    return request.method == "PATCH" and "/composite/sobjects" in request.path


def test_a_pass_that_reaches_its_time_limit_keeps_what_it_did_and_the_next_goes_on(qbsf: Installation) -> None:
    qbsf.configure(sync={"time_limit_seconds": LIMIT, "max_wins": 0, "max_changes": 0})
    invoices = qbsf.books.bulk_seed(2000, days=9)
    deals = qbsf.org.bulk_seed(2000, fields=lambda n: {"QB_Invoice_ID__c": invoices[n]})
    # As many as are under way at a time: the pass waits for them, and begins no other.
    qbsf.sandbox.faults.add("salesforce", "hook_after", _is_write, times=4, hook=_slow)
    outcome = qbsf.sync()
    assert (outcome.json["run"]["complete"], outcome.json["error"]) == (False, None)
    kept = [deal for deal in deals if won(qbsf, deal)]
    assert len(kept) in {800, 1200}  # those that stood in line may go out as well
    assert outcome.json["summary"]["updated"] == len(kept)
    while not qbsf.sync().json["run"]["complete"]:
        pass
    assert all(won(qbsf, deal) for deal in deals)
    assert {qbsf.writes(deal) for deal in deals} == {1}
    qbsf.settled()


def test_after_a_full_pass_that_ran_out_of_time_the_incremental_part_comes_first(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    scene.pay()
    qbsf.configure(sync={"time_limit_seconds": LIMIT, "max_wins": 0, "max_changes": 0})
    invoices = qbsf.books.bulk_seed(1100, days=80)
    deals = qbsf.org.bulk_seed(1100, fields=lambda n: {"QB_Invoice_ID__c": invoices[n]})
    later(qbsf, hours=24 * 100)  # what is linked here has left the look-back window
    qbsf.authorize()
    qbsf.state_path.unlink()
    qbsf.sandbox.faults.add(
        "quickbooks", "hook_after", lambda request: b"FROM Invoice WHERE Id IN" in request.body, hook=_slow
    )
    assert qbsf.sync().json["run"]["complete"] is False
    fresh = Scene(qbsf)
    fresh.pay()
    first, second, *_ = asked(qbsf)
    assert "SystemModstamp%20%3E" in first.target or "SystemModstamp" in first.target
    assert "/cdc" in second.path
    while not qbsf.sync().json["run"]["complete"]:
        pass
    assert sum(won(qbsf, deal) for deal in deals) == 1100
    assert (scene.stage, fresh.stage) == ("Closed Won", "Closed Won")
    qbsf.settled()


def test_a_pass_whose_time_runs_out_while_it_waits_for_a_server_exits_4(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    qbsf.configure(sync={"time_limit_seconds": 1})
    scene.pay()
    qbsf.sandbox.faults.add("quickbooks", "hang", "/cdc")
    outcome = qbsf.sync(expect=4)
    assert outcome.json["run"]["complete"] is False
    assert outcome.json["error"]["code"] == "unreachable"
    assert "Traceback" not in outcome.stderr
    qbsf.configure()
    qbsf.sync()
    assert scene.stage == "Closed Won"
    qbsf.settled()


# -- inconsistent: an invoice that was read in the middle of a change -------------------------------------------------


def _stale_scene(qbsf: Installation) -> Scene:
    scene = Scene(qbsf)
    scene.sync()
    scene.pay()
    qbsf.books.show_stale(scene.invoice, for_reads=1000, balance="1000.00")
    return scene


def test_an_inconsistent_invoice_is_read_again_at_once_and_again_in_the_next_pass_once(qbsf: Installation) -> None:
    scene = _stale_scene(qbsf)
    assert scene.sync() == ("skipped", "inconsistent")
    again = asked(qbsf)
    assert any(asks_for(entry, scene.invoice) for entry in again)
    for _ in range(2):
        assert_idle(qbsf)
    assert scene.waits is None


def test_an_invoice_that_is_right_when_it_is_read_again_is_written_in_the_same_pass(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.sync()
    scene.pay()
    qbsf.books.show_stale(scene.invoice, for_reads=1, balance="1000.00")
    assert scene.sync() == ("updated", "paid")
    qbsf.settled()


def test_an_inconsistent_invoice_is_read_again_when_it_changes(qbsf: Installation) -> None:
    scene = _stale_scene(qbsf)
    for _ in range(3):
        qbsf.sync()
    qbsf.books.show_stale(scene.invoice, for_reads=0)
    qbsf.books.touch("Invoice", scene.invoice)
    assert scene.sync() == ("updated", "paid")
    qbsf.settled()


@pytest.mark.parametrize("words", [("--full",), ("--invoice",)])
def test_an_inconsistent_invoice_is_read_again_by_full_passes_and_by_a_look_at_it(
    qbsf: Installation, words: tuple[str, ...]
) -> None:
    scene = _stale_scene(qbsf)
    qbsf.sync()
    later(qbsf, minutes=20)  # the feed shows it no more
    qbsf.sync()
    qbsf.books.show_stale(scene.invoice, for_reads=0)
    assert_idle(qbsf)
    more = (f"id:{scene.invoice}",) if words == ("--invoice",) else ()
    assert scene.sync(*words, *more) == ("updated", "paid")


def test_after_a_day_an_inconsistent_invoice_is_for_a_person(qbsf: Installation) -> None:
    scene = _stale_scene(qbsf)
    for _ in range(2):
        qbsf.sync()
    later(qbsf, hours=23)
    scene.sync("--full")
    assert scene.waits is None
    later(qbsf, hours=25)
    assert scene.sync() == ("skipped", "inconsistent")  # the daily full pass
    assert scene.waits == "inconsistent"
    qbsf.books.show_stale(scene.invoice, for_reads=0)
    assert scene.sync("--full") == ("updated", "paid")
    assert scene.waits is None


# -- What a system did not have is remembered -------------------------------------------------------------------------


def test_what_quickbooks_did_not_have_is_not_asked_for_again_in_the_overlap(qbsf: Installation) -> None:
    for name in ("987654", "987655, 987656"):
        qbsf.deal(invoice=name)
    qbsf.deal(number="NO-SUCH")
    qbsf.sync()
    assert_idle(qbsf)


def test_an_opportunity_that_salesforce_did_not_have_is_not_asked_for_again_in_the_overlap(qbsf: Installation) -> None:
    qbsf.sync()
    qbsf.books.add_invoice("Acme Corp", "10.00", private_note="006550000000001AAA")
    qbsf.sync()
    assert_idle(qbsf)
    hidden = qbsf.deal()
    qbsf.org.hide(hidden)
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00", private_note=hidden)
    qbsf.sync()
    assert_idle(qbsf)
    # Shared again, it is found when the invoice changes: only what the overlap shows again is not asked for.
    qbsf.org.share(hidden)
    qbsf.books.receive_payment([invoice])
    qbsf.sync()
    assert won(qbsf, hidden)


def test_salesforces_allowance_is_left_to_others(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    qbsf.org.set_allowance(1000, 950)
    outcome = qbsf.sync(expect=4)
    assert outcome.json["error"]["code"] == "api_allowance"
    assert scene.writes == 0
    qbsf.org.set_allowance(1000, 100)
    qbsf.clock.advance(timedelta(minutes=1))
    qbsf.sync()
    assert scene.stage == "Closed Won"


def test_a_pause_without_news_stays_quiet(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.sync()
    later(qbsf, hours=20)
    assert scene.sync() == QUIET

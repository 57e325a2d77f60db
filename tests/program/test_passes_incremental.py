"""An incremental pass: two questions, and nothing but those where nothing happened (rules.md section 5)."""

from collections.abc import Callable

import pytest
from program.installation import Installation
from program.passes import IDLE, asked, asks_for, assert_idle, cost, reason_of, won
from program.scenes import NOTHING, QUIET, Scene, later, paid_scene

WON = "Closed Won"


def test_an_idle_pass_is_one_request_to_each_side(qbsf: Installation) -> None:
    paid_scene(qbsf)
    later(qbsf, hours=2)
    qbsf.sync()
    for _ in range(3):
        entries = asked(qbsf)
        assert [entry.service for entry in entries].count("quickbooks") == 1
        assert any("/cdc" in entry.path and "Invoice%2CPayment%2CCreditMemo" in entry.target for entry in entries)
        assert any("SystemModstamp" in entry.target for entry in entries)
        assert len(entries) == 2


Change = Callable[[Scene, str], object]
CHANGES: dict[str, Change] = {
    "a payment is voided": lambda scene, payment: scene.qbsf.books.void_payment(payment),
    "a payment is deleted": lambda scene, payment: scene.qbsf.books.delete_payment(payment),
    "an amount is edited": lambda scene, payment: scene.qbsf.books.edit_payment(
        payment, amount="700.00", invoices={scene.invoice: "700.00"}
    ),
    "the invoice is voided": lambda scene, _: scene.qbsf.books.void_invoice(scene.invoice),
    "the invoice is deleted": lambda scene, _: scene.qbsf.books.delete_invoice(scene.invoice),
    "the invoice is raised": lambda scene, _: scene.qbsf.books.edit_invoice(scene.invoice, total="1200.00"),
    "the deal is reopened": lambda scene, _: scene.edit(StageName="Prospecting"),
    "a field is emptied": lambda scene, _: scene.edit(QB_Payment_Reference__c=None),
    "the deal is renamed": lambda scene, _: scene.edit(Name="Another name"),
    "the deal is lost": lambda scene, _: scene.edit(StageName="Closed Lost"),
    "the deal is deleted": lambda scene, _: scene.qbsf.org.delete(scene.deal),
    "the link is cleared": lambda scene, _: scene.edit(QB_Invoice_ID__c=None, QB_Invoice_Number__c=None),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_pass_right_after_changes_is_two_requests_again(qbsf: Installation, what: str) -> None:
    scene, payment = paid_scene(qbsf)
    assert cost(qbsf) == IDLE
    CHANGES[what](scene, payment)
    qbsf.sync(expect=(0, 1))
    assert_idle(qbsf)
    assert_idle(qbsf)
    later(qbsf, minutes=20)  # everything has left both overlaps
    assert_idle(qbsf)
    qbsf.settled()


def test_own_writes_to_many_deals_are_recognised_without_a_further_request(qbsf: Installation) -> None:
    invoices = qbsf.books.bulk_seed(450, paid=0, days=3)
    deals = [qbsf.deal(f"Deal {position}", invoice=each) for position, each in enumerate(invoices)]
    qbsf.configure(sync={"max_wins": 0})
    qbsf.sync()
    assert_idle(qbsf)
    for invoice in invoices:
        qbsf.books.receive_payment([invoice])
    qbsf.sync()
    assert all(won(qbsf, deal) for deal in deals)
    assert_idle(qbsf)


def test_a_deal_linked_after_its_invoice_was_paid_is_found_on_the_next_pass(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = qbsf.books.add_invoice("Acme Corp", "80.00")
    qbsf.books.receive_payment([invoice])
    later(qbsf, hours=3)  # QuickBooks tells nothing of it any more
    qbsf.sync()
    qbsf.sync()
    qbsf.org.edit(deal, QB_Invoice_ID__c=invoice)
    assert reason_of(qbsf.sync(), deal) == ("updated", "paid")
    assert won(qbsf, deal)
    assert_idle(qbsf)
    qbsf.settled()


def test_an_edit_by_hand_in_salesforce_is_seen_on_the_next_pass(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    later(qbsf, hours=1)
    scene.edit(QB_Payment_Amount__c=None)
    assert scene.sync() == ("updated", "paid")
    assert scene.amount == "1000.00"
    scene.edit(StageName="Prospecting")
    assert scene.sync()[1] == "reopened"
    assert (scene.stage, scene.waits) == ("Prospecting", "reopened")
    qbsf.settled()


# -- Most invoices of most companies belong to no Opportunity ---------------------------------------------------------


def test_an_unlinked_invoice_is_counted_once_and_never_asked_about_again(qbsf: Installation) -> None:
    paid_scene(qbsf)
    invoice = qbsf.books.add_invoice("Somebody else", "70.00", private_note="no deal")
    payment = qbsf.books.receive_payment([invoice])
    outcome = qbsf.sync("-v")
    assert [(each["outcome"], each["reason"]) for each in outcome.records if not each["opportunity_id"]] == [
        ("skipped", "no_opportunity")
    ]
    assert outcome.json["summary"]["skipped"] == 1
    for words in ((), (), ("--full",), ()):
        before = len(qbsf.sandbox.network.log)
        again = qbsf.sync("-v", *words)
        assert not [each for each in again.records if not each["opportunity_id"]]
        asked_now = qbsf.sandbox.network.log.entries()[before:]
        assert not [entry for entry in asked_now if asks_for(entry, invoice) or asks_for(entry, payment)]
    assert_idle(qbsf)


def test_unlinked_invoices_are_only_counted_and_left_out_of_the_records(qbsf: Installation) -> None:
    qbsf.sync()
    ids = [qbsf.books.add_invoice("Somebody else", "70.00") for _ in range(30)]
    for invoice in ids:
        qbsf.books.receive_payment([invoice])
    before = qbsf.requests()
    outcome = qbsf.sync()
    assert outcome.json["summary"] == {"examined": 30, "updated": 0, "unchanged": 0, "skipped": 30, "failed": 0}
    assert outcome.records == []
    after = qbsf.requests()
    assert (after[0] - before[0], after[1] - before[1]) == IDLE


def test_a_later_link_to_an_invoice_that_was_counted_as_unlinked_is_found_from_salesforces_side(
    qbsf: Installation,
) -> None:
    qbsf.sync()
    invoice = qbsf.books.add_invoice("Acme Corp", "70.00", number="LATE-1")
    qbsf.books.receive_payment([invoice])
    qbsf.sync()
    later(qbsf, hours=5)
    qbsf.sync()
    by_id = qbsf.deal("by id", invoice=invoice)
    assert reason_of(qbsf.sync(), by_id) == ("updated", "paid")
    other = qbsf.books.add_invoice("Acme Corp", "71.00", number="LATE-2")
    qbsf.books.receive_payment([other])
    qbsf.sync()
    by_number = qbsf.deal("by number", number="LATE-2")
    assert reason_of(qbsf.sync(), by_number) == ("updated", "paid")
    qbsf.settled()


def test_a_number_that_quickbooks_does_not_know_yet_is_found_when_the_invoice_is_made(qbsf: Installation) -> None:
    deal = qbsf.deal(number="FUTURE-1")
    assert reason_of(qbsf.sync(), deal) == ("skipped", "unknown_invoice")
    assert_idle(qbsf)
    qbsf.books.receive_payment([qbsf.books.add_invoice("Acme Corp", "70.00", number="FUTURE-1")])
    assert reason_of(qbsf.sync(), deal) == ("updated", "paid")
    assert deal not in qbsf.attention()
    qbsf.settled()


# -- What the feed tells of deletions ---------------------------------------------------------------------------------


def test_a_deleted_payment_which_the_feed_tells_as_a_bare_id_takes_back_what_it_paid(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    later(qbsf, hours=2)
    qbsf.sync()
    qbsf.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert scene.facts == NOTHING
    assert (scene.stage, scene.waits) == (WON, "reversed")
    qbsf.settled()


def test_a_deleted_payment_of_several_invoices_takes_back_all_of_them(qbsf: Installation) -> None:
    scenes = [Scene(qbsf), Scene(qbsf)]
    payment = qbsf.books.receive_payment([scene.invoice for scene in scenes])
    qbsf.sync()
    assert [scene.stage for scene in scenes] == [WON, WON]
    qbsf.books.delete_payment(payment)
    outcome = qbsf.sync()
    assert [outcome.record(scene.deal)["reason"] for scene in scenes] == ["reversed", "reversed"]
    qbsf.settled()


def test_a_deleted_invoice_takes_back_what_was_written_for_it(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    qbsf.books.delete_invoice(scene.invoice)
    assert scene.sync() == ("updated", "reversed")
    assert (scene.stage, scene.waits) == (WON, "reversed")
    qbsf.settled()


def test_a_deleted_invoice_that_had_no_payment_leaves_its_deal_alone(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.sync()
    qbsf.books.delete_invoice(scene.invoice)
    writes = scene.writes
    assert scene.sync() == ("skipped", "voided")
    assert scene.writes == writes
    assert scene.sync() == QUIET
    qbsf.settled()


def test_a_deleted_credit_memo_opens_the_invoice_it_had_settled(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    memo = qbsf.books.add_credit_memo(total="400.00")
    qbsf.books.apply_credit(memo, scene.invoice)
    scene.pay("600.00")
    assert scene.sync() == ("updated", "paid")
    later(qbsf, hours=1)
    qbsf.sync()
    qbsf.books.delete_credit_memo(memo)
    assert scene.sync() == ("skipped", "balance_due")
    assert (scene.amount, scene.stage, scene.waits) == ("600.00", WON, "balance_due")
    qbsf.settled()


def test_a_credit_memo_deleted_from_a_mixed_payment_changes_the_cash_share(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    memo = qbsf.books.add_credit_memo(total="100.00")
    qbsf.books.receive_payment([scene.invoice], credits=[("CreditMemo", memo, "100.00")], date="2026-03-02")
    assert scene.sync() == ("updated", "paid")
    assert scene.amount == "900.00"
    qbsf.books.delete_credit_memo(memo)
    scene.sync()
    assert scene.amount == "900.00"
    assert scene.waits == "balance_due"
    qbsf.settled()

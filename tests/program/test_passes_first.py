"""A first pass, and --full: starts from Salesforce, and reads back as far as `look_back_days` (rules.md section 5)."""

from datetime import timedelta
from pathlib import Path

import pytest
from program.installation import Installation
from program.passes import assert_idle, cost, from_now, won, world
from program.scenes import later

from qbsf.sandbox.world import Sandbox


def test_a_first_pass_finds_open_won_and_lost_deals_that_name_an_invoice(qbsf: Installation) -> None:
    deals = {}
    for stage in ("Prospecting", "Closed Won", "Closed Lost"):
        invoice = qbsf.books.add_invoice("Acme Corp", "100.00")
        deals[stage] = qbsf.deal(stage, stage=stage, invoice=invoice)
        qbsf.books.receive_payment([invoice])
    outcome = qbsf.sync()
    assert outcome.json["run"]["mode"] == "full"
    assert {stage: outcome.record(deal)["reason"] for stage, deal in deals.items()} == {
        "Prospecting": "paid",
        "Closed Won": "paid",
        "Closed Lost": "closed_lost",
    }
    assert [str(qbsf.amount(deal)) for deal in deals.values()] == ["100.00", "100.00", "None"]
    qbsf.settled()


@pytest.mark.parametrize("words", [(), ("--full",)], ids=["first pass", "--full"])
def test_the_cost_of_a_first_pass_grows_with_the_deals_and_not_with_the_books(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    costs = []
    for unlinked in (3, 2500):
        with world(Sandbox(start=from_now(days=-200)), tmp_path / str(unlinked)) as qbsf:
            qbsf.books.bulk_seed(unlinked, days=60)
            later(qbsf, hours=24 * 100)
            qbsf.authorize()  # the first grant has died of disuse
            linked = [qbsf.deal(invoice=each) for each in qbsf.books.bulk_seed(5, days=1)]
            if words:
                qbsf.sync()
            costs.append(cost(qbsf, *words))
            assert all(won(qbsf, deal) for deal in linked)
    assert costs[0] == costs[1]


def test_a_first_pass_reads_invoices_that_name_their_deal_as_far_back_as_look_back_days(qbsf: Installation) -> None:
    young, old = qbsf.deal("young"), qbsf.deal("old")
    invoices = {deal: qbsf.books.add_invoice("Acme Corp", "50.00", private_note=f"for {deal}") for deal in (young, old)}
    for deal, days in ((young, 89), (old, 91)):
        qbsf.books.backdate("Invoice", invoices[deal], updated=qbsf.clock.now() - timedelta(days=days))
    assert qbsf.sync().record(young)["reason"] == "linked"
    assert qbsf.field(young, "QB_Invoice_ID__c") == invoices[young]
    assert (qbsf.field(old, "QB_Invoice_ID__c"), qbsf.writes(old)) == (None, 0)
    qbsf.books.receive_payment([invoices[old]])  # the change feed tells of it now
    assert qbsf.sync().record(old)["matched_by"] == "opportunity_id"
    assert won(qbsf, old)
    qbsf.settled()


def test_a_link_that_the_invoice_itself_tells_is_written_back_and_lives_in_salesforce(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = qbsf.books.add_invoice("Acme Corp", "50.00", number="INV-7", private_note=f"Deal {deal}, thanks")
    record = qbsf.sync().record(deal)
    assert (record["outcome"], record["reason"], record["matched_by"]) == ("updated", "linked", "opportunity_id")
    assert (qbsf.field(deal, "QB_Invoice_ID__c"), qbsf.field(deal, "QB_Invoice_Number__c")) == (invoice, "INV-7")
    assert qbsf.stage(deal) == "Proposal and Agreement"
    qbsf.settled()
    # Without the note and without any memory of it, the deal still knows its invoice.
    qbsf.books.edit_invoice(invoice, private_note="")
    qbsf.state_path.unlink()
    qbsf.books.receive_payment([invoice])
    qbsf.sync()
    assert won(qbsf, deal)


def test_a_link_found_in_a_later_invoice_is_written_back_too(qbsf: Installation) -> None:
    deal = qbsf.deal()
    qbsf.sync()
    invoice = qbsf.books.add_invoice("Acme Corp", "50.00", custom_fields={"Crew #": deal[:15]})
    assert qbsf.sync().record(deal)["reason"] == "linked"
    assert qbsf.field(deal, "QB_Invoice_ID__c") == invoice
    assert_idle(qbsf)
    qbsf.settled()


def test_a_full_pass_also_reads_what_changed_since_the_watermark(qbsf: Installation) -> None:
    deal = qbsf.deal()
    qbsf.sync()
    qbsf.books.receive_payment([qbsf.books.add_invoice("Acme Corp", "50.00", private_note=deal)])
    assert qbsf.sync("--full").record(deal)["reason"] == "paid"
    qbsf.settled()


def test_an_idle_second_pass_sends_no_write_incremental_or_full(qbsf: Installation) -> None:
    for position, invoice in enumerate(qbsf.books.bulk_seed(40, paid=30, days=20)):
        qbsf.deal(f"Deal {position}", invoice=invoice)
    qbsf.sync()
    assert qbsf.all_writes() == 40  # 30 wins, and 40 numbers that were filled in
    qbsf.settled()

"""Deals that are written while the books are still read: never by what is not true any more.

One request is made at a time here, and each test says when there is time between two pages.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from machine.computer import Computer

from qbsf import lanes
from qbsf.quickbooks import query
from qbsf.sandbox.exchange import Request
from qbsf.sync import payments_ahead

NO_BRAKE = {"max_wins": 0, "max_changes": 0}


@pytest.fixture
def qbsf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Computer]:
    """Pages of two invoices, payments asked for one by one, and one deal a write."""
    monkeypatch.setattr(query, "PAGE", 2)
    monkeypatch.setattr(payments_ahead, "PAGE", 1)
    computer = Computer(tmp_path)
    computer.configure(sync=NO_BRAKE)
    computer.chunk = 1
    yield computer
    computer.close()


class Leisure:
    """Says how often there is time for something else after the pages of one kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pages: str, turns: list[bool]) -> None:
        """`pages`: what the pages are of, by the name of what yields them."""
        of, left = pages, iter(turns)

        def waiting(ahead: lanes.Ahead[object]) -> bool:
            return vars(ahead)["_pages"].__name__ == of and next(left, False)

        monkeypatch.setattr(lanes.Ahead, "waiting", property(waiting))


def at_window_page(qbsf: Computer, number: int, act: object) -> None:
    """Have `act` called before the window's page of this number is answered."""
    asked = iter(range(1, 1000))

    def hook(_: Request) -> None:
        if next(asked) == number and callable(act):
            act()

    def is_window(request: Request) -> bool:
        return b"from invoice" in request.body.lower() and b"lastupdatedtime" in request.body.lower()

    qbsf.sandbox.faults.add("quickbooks", "hook_before", is_window, times=1000, hook=hook)


def sold(qbsf: Computer, count: int) -> list[tuple[str, str]]:
    """So many paid invoices with their deals, a minute apart."""
    pairs = []
    for number in range(count):
        invoice = qbsf.books.add_invoice(total="100.00")
        pairs.append((invoice, qbsf.deal(f"Deal {number}", invoice=invoice)))
        qbsf.books.receive_payment([invoice])
        qbsf.clock.advance(timedelta(minutes=1))
    return pairs


def test_a_deal_whose_invoice_comes_again_changed_before_it_is_sent_is_decided_anew(
    qbsf: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (invoice, deal), *_ = sold(qbsf, 3)
    Leisure(monkeypatch, "pages", [True])  # the first page's deals are planned, and none is sent
    at_window_page(qbsf, 2, lambda: qbsf.books.edit_invoice(invoice, total="900.00"))
    report = qbsf.sync()
    assert report.record(deal)["reason"] == "partially_paid"
    assert (qbsf.stage(deal), qbsf.payment_fields(deal)[0]) == ("Proposal and Agreement", "100.00")
    assert qbsf.writes(deal) == 1
    qbsf.settled()


def test_what_is_heard_of_a_deal_while_its_write_is_under_way_is_decided_in_the_next_pass(
    qbsf: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (invoice, deal), *_ = sold(qbsf, 3)
    Leisure(monkeypatch, "pages", [True, True])  # planned, and sent
    at_window_page(qbsf, 2, lambda: qbsf.books.edit_invoice(invoice, total="900.00"))
    assert qbsf.sync().record(deal)["reason"] == "paid"
    assert qbsf.sync().record(deal)["reason"] == "balance_due"
    assert (qbsf.stage(deal), qbsf.writes(deal)) == ("Closed Won", 1)


def test_the_later_form_of_an_invoice_counts_that_nobody_had_named_at_first(
    qbsf: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = qbsf.books.add_invoice(total="100.00")
    qbsf.books.receive_payment([invoice])
    qbsf.clock.advance(timedelta(minutes=1))
    other = qbsf.books.add_invoice(total="100.00")
    qbsf.org.bulk_seed(2000, fields=lambda _: {"QB_Invoice_ID__c": other})
    qbsf.clock.advance(timedelta(minutes=1))
    deal = qbsf.deal(invoice=invoice)
    # The window's first page after the first Opportunities, the second after the deal.
    Leisure(monkeypatch, "linked_opportunities", [True, False, True, False])
    at_window_page(qbsf, 2, lambda: qbsf.books.edit_invoice(invoice, total="900.00"))
    assert qbsf.sync().record(deal)["reason"] == "partially_paid"
    assert qbsf.stage(deal) == "Proposal and Agreement"


def test_a_stage_with_another_api_name_since_the_last_pass_is_never_written(qbsf: Computer) -> None:
    invoice = qbsf.books.add_invoice(total="100.00")
    deal = qbsf.deal(invoice=invoice)
    qbsf.sync()
    qbsf.org.rename_stage("Closed Won", "Won", keep_api_name=False)
    qbsf.org.rename_stage("Won", "Closed Won", keep_api_name=True)
    qbsf.books.receive_payment([invoice])
    qbsf.clock.advance(timedelta(minutes=5))
    qbsf.org.edit(deal, NextStep="call")
    assert qbsf.sync().record(deal)["reason"] == "paid"
    assert qbsf.field(deal, "IsWon") is True


def test_a_deal_is_written_between_two_pages(qbsf: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests above rely on."""
    (_, first), *_ = sold(qbsf, 3)
    Leisure(monkeypatch, "pages", [True] * 4)
    written: list[int] = []
    at_window_page(qbsf, 2, lambda: written.append(qbsf.writes(first)))
    qbsf.sync()
    assert written == [1]

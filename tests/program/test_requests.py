"""What a pass costs in requests, to the last one: QuickBooks meters reads, Salesforce's allowance is the whole org's.

The floor of a first pass over N paid invoices is N/1000 invoice pages, N/1000 payment pages, N/2000 pages of
Opportunities and N/200 writes.
"""

from math import ceil
from pathlib import Path

import pytest
from machine.computer import Computer
from program.installation import Installation
from program.passes import IDLE, asked, cost
from program.scenes import later, paid_scene

NO_BRAKE = {"max_wins": 0, "max_changes": 0}
LOOKUPS = (2, 1)
"""Company and payment methods; fields, stages and organization in one request."""


def linked(qbsf: Installation, count: int) -> list[str]:
    """So many paid invoices, each with its deal."""
    invoices = qbsf.books.bulk_seed(count)
    qbsf.org.bulk_seed(count, fields=lambda position: {"QB_Invoice_ID__c": invoices[position]})
    qbsf.configure(sync=NO_BRAKE)
    return invoices


def correct_references(qbsf: Installation, invoices: list[str]) -> None:
    """The bookkeeper corrects the reference of the payment of each of these invoices; both are saved."""
    for invoice in invoices:
        (payment,) = qbsf.books.payments_of(invoice)
        qbsf.books.edit_payment(payment, reference=f"corrected {invoice}")
        qbsf.books.touch("Invoice", invoice)


def test_an_idle_pass_is_one_request_to_each_side_also_with_many_linked_deals(qbsf: Installation) -> None:
    linked(qbsf, 300)
    qbsf.sync()
    later(qbsf, minutes=20)
    qbsf.sync()
    assert [cost(qbsf) for _ in range(3)] == [IDLE] * 3


def test_a_deal_that_is_won_costs_its_write_and_the_stages_beside_the_two_questions(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "100.00")
    qbsf.deal(invoice=invoice)
    qbsf.sync()
    qbsf.books.receive_payment([invoice])
    assert cost(qbsf) == (1, 3)


def test_a_change_without_a_stage_costs_its_write_beside_the_two_questions(qbsf: Installation) -> None:
    _, payment = paid_scene(qbsf)
    qbsf.books.edit_payment(payment, reference="corrected")
    assert cost(qbsf) == (1, 2)


@pytest.mark.parametrize(("count", "books", "org"), [(0, 1, 1), (1, 2, 2), (200, 2, 2), (201, 2, 3), (1000, 3, 6)])
def test_a_first_pass_costs_the_floor_and_the_look_ups(qbsf: Installation, count: int, books: int, org: int) -> None:
    linked(qbsf, count)
    assert cost(qbsf) == (books + LOOKUPS[0], org + LOOKUPS[1])
    assert books + org + sum(LOOKUPS) <= 1.1 * floor(count) + 5
    assert qbsf.all_writes() == count


def test_a_first_pass_over_ten_thousand_costs_the_floor_and_the_look_ups(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    try:
        linked(computer, 10_000)
        before = computer.requests()
        assert computer.run("sync").exit_code == 0
        books, org = (after - first for after, first in zip(computer.requests(), before, strict=True))
        # 10 pages of invoices, and one that shows there is no further one; 10 of payments; 5 of deals; 50 writes.
        assert (books, org) == (11 + 10 + LOOKUPS[0], 5 + 50 + LOOKUPS[1])
        assert books + org <= 1.1 * floor(10_000) + 5
        assert computer.all_writes() == 10_000
    finally:
        computer.close()


@pytest.mark.parametrize(("changed", "books", "org"), [(100, 1, 3), (499, 1, 5), (600, 4, 5), (1000, 6, 7)])
def test_a_pass_in_which_many_changed_costs_nine_and_its_writes_at_most(
    qbsf: Installation, changed: int, books: int, org: int
) -> None:
    invoices = linked(qbsf, 1000)
    qbsf.sync()
    later(qbsf, minutes=20)
    qbsf.sync()
    correct_references(qbsf, invoices[:changed])
    assert cost(qbsf) == (books, org)
    assert books + org <= 9 + ceil(changed / 200)
    assert qbsf.all_writes() == 1000 + changed


def test_payment_methods_fields_and_stages_are_kept_and_read_again_with_the_daily_full_pass(qbsf: Installation) -> None:
    paid_scene(qbsf)
    assert not any(_is_lookup(entry.target + entry.body.decode()) for entry in asked(qbsf))
    later(qbsf, hours=25)
    assert any(_is_lookup(entry.target + entry.body.decode()) for entry in asked(qbsf))


def floor(count: int) -> int:
    """The fewest requests for so many paid invoices; that there is no deal takes one as well."""
    return 2 * ceil(count / 1000) + max(1, ceil(count / 2000)) + ceil(count / 200)


def _is_lookup(text: str) -> bool:
    return any(word in text for word in ("preferences", "PaymentMethod", "/describe", "OpportunityStage"))

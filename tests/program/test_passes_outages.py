"""Nothing is missed, whatever the outage: more changes than the feed holds, longer pauses than it looks back, rows that
show late (rules.md section 5).
"""

import pytest
from program.installation import Installation
from program.passes import assert_idle, won
from program.scenes import NOTHING, Scene, later

WON, OPEN = "Closed Won", "Proposal and Agreement"
FEED_HOLDS = 1000


class Trade:
    """Deals at all stages of trade before an outage, and what happens to them while qbsf sees nothing of it."""

    def __init__(self, qbsf: Installation) -> None:
        self.qbsf = qbsf
        self.to_pay, self.to_delete, self.to_void, self.to_lose_invoice, self.to_lose_credit = (
            Scene(qbsf) for _ in range(5)
        )
        self.payments = {scene.deal: scene.pay() for scene in (self.to_delete, self.to_void, self.to_lose_invoice)}
        self.memo = qbsf.books.add_credit_memo(total="400.00")
        qbsf.books.apply_credit(self.memo, self.to_lose_credit.invoice)
        self.to_lose_credit.pay("600.00")
        self.unlinked = qbsf.deal("linked by its invoice alone")
        self.later_linked = qbsf.deal("linked in Salesforce")
        qbsf.sync()
        assert [scene.stage for scene in (self.to_delete, self.to_void, self.to_lose_invoice, self.to_lose_credit)] == (
            [WON] * 4
        )

    def goes_on(self) -> None:
        books = self.qbsf.books
        self.to_pay.pay(date="2026-04-01")
        books.delete_payment(self.payments[self.to_delete.deal])
        books.void_payment(self.payments[self.to_void.deal])
        books.delete_invoice(self.to_lose_invoice.invoice)
        books.delete_credit_memo(self.memo)
        books.receive_payment([books.add_invoice("Acme Corp", "30.00", private_note=self.unlinked)])
        invoice = books.add_invoice("Acme Corp", "40.00")
        books.receive_payment([invoice])
        self.qbsf.org.edit(self.later_linked, QB_Invoice_ID__c=invoice)

    def assert_nothing_missed(self) -> None:
        assert (self.to_pay.stage, self.to_pay.amount) == (WON, "1000.00")
        for scene in (self.to_delete, self.to_void, self.to_lose_invoice):
            assert (scene.facts, scene.stage, scene.waits) == (NOTHING, WON, "reversed")
        assert (self.to_lose_credit.amount, self.to_lose_credit.waits) == ("600.00", "balance_due")
        assert won(self.qbsf, self.unlinked)
        assert won(self.qbsf, self.later_linked)
        self.qbsf.settled()


@pytest.fixture
def trade(qbsf: Installation) -> Trade:
    return Trade(qbsf)


def _pay_many(qbsf: Installation, count: int) -> None:
    for invoice in qbsf.books.bulk_seed(count, paid=0, customer="Busy customer", days=1):
        qbsf.books.receive_payment([invoice])


def test_1300_payments_between_two_passes_are_not_too_many(qbsf: Installation, trade: Trade) -> None:
    _pay_many(qbsf, 1300)
    trade.goes_on()
    qbsf.sync()
    trade.assert_nothing_missed()


def test_1300_payments_that_all_settle_linked_invoices_win_every_deal(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_wins": 0, "max_changes": 0})
    invoices = qbsf.books.bulk_seed(1300, paid=0, days=50)
    deals = qbsf.org.bulk_seed(1300, fields=lambda n: {"QB_Invoice_ID__c": invoices[n]})
    qbsf.sync()
    for invoice in invoices:
        qbsf.books.receive_payment([invoice])
    qbsf.sync()
    assert sum(won(qbsf, deal) for deal in deals) == len(deals)
    qbsf.settled()


def test_deletions_that_the_full_feed_cut_off_are_found(qbsf: Installation, trade: Trade) -> None:
    """The feed tells deletions last: with 1,000 payments before them none is told."""
    for invoice in qbsf.books.bulk_seed(FEED_HOLDS + 10, paid=0, customer="Busy customer", days=1):
        qbsf.books.receive_payment([invoice])
    qbsf.books.delete_payment(trade.payments[trade.to_delete.deal])
    qbsf.sync()
    assert trade.to_delete.facts == NOTHING


def test_the_passes_after_a_cut_off_feed_are_idle_again(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    _pay_many(qbsf, FEED_HOLDS)
    scene.pay()
    qbsf.sync()
    assert scene.stage == WON
    later(qbsf, minutes=30)
    qbsf.sync()
    assert_idle(qbsf)


@pytest.mark.parametrize("days", [29, 31, 40])
def test_a_pause_of_weeks_misses_nothing(qbsf: Installation, trade: Trade, days: int) -> None:
    later(qbsf, hours=24 * days / 2)
    trade.goes_on()
    later(qbsf, hours=24 * days / 2)
    qbsf.sync()
    trade.assert_nothing_missed()
    assert_idle(qbsf)


def test_a_pause_of_40_days_with_1300_payments_in_it_misses_nothing(qbsf: Installation, trade: Trade) -> None:
    later(qbsf, hours=24 * 2)
    trade.goes_on()
    _pay_many(qbsf, 1300)
    later(qbsf, hours=24 * 38)
    qbsf.sync()
    trade.assert_nothing_missed()


# -- Rows of one second arrive in two parts ---------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [20, 290])
def test_payments_of_one_second_that_quickbooks_shows_in_two_parts_are_all_found(
    qbsf: Installation, seconds: int
) -> None:
    scenes = [Scene(qbsf) for _ in range(6)]
    lost = [Scene(qbsf) for _ in range(4)]
    payments = [scene.pay() for scene in lost]
    qbsf.sync()
    qbsf.books.delay_visibility(seconds)  # every other one is seen only that much later
    for scene in scenes:
        scene.pay()
    for payment in payments:
        qbsf.books.delete_payment(payment)
    qbsf.sync()
    assert sorted(scene.stage for scene in scenes) == [WON] * 3 + [OPEN] * 3
    assert sum(scene.facts == NOTHING for scene in lost) == 2
    later(qbsf, minutes=seconds / 2 / 60)
    qbsf.sync()
    later(qbsf, minutes=(seconds / 2 + 2) / 60)
    qbsf.sync()
    qbsf.sync()
    assert [(scene.stage, scene.amount) for scene in scenes] == [(WON, "1000.00")] * 6
    assert [scene.facts for scene in lost] == [NOTHING] * 4
    qbsf.settled()


@pytest.mark.parametrize("seconds", [20, 840])
def test_deals_of_one_second_that_salesforce_shows_late_are_all_found(qbsf: Installation, seconds: int) -> None:
    invoices = qbsf.books.bulk_seed(4, days=9)
    seen = qbsf.deal(invoice=invoices[0])
    qbsf.sync()
    qbsf.org.delay_visibility(seconds)
    late = [qbsf.deal(invoice=each) for each in invoices[1:]]
    qbsf.sync()
    later(qbsf, minutes=seconds / 2 / 60)
    qbsf.sync()
    assert not any(won(qbsf, deal) for deal in late)
    later(qbsf, minutes=(seconds / 2 + 2) / 60)
    qbsf.sync()
    assert all(won(qbsf, deal) for deal in (seen, *late))
    qbsf.org.delay_visibility(0)
    later(qbsf, minutes=20)
    qbsf.sync()
    qbsf.settled()

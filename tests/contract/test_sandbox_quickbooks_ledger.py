"""Whatever bookkeepers do, in whatever order, the simulated books add up (rules.md section 1)."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.quickbooks.company import Company, CompanySettings
from qbsf.sandbox.quickbooks.oauth import OAuthServer
from qbsf.sandbox.quickbooks.people import Books

ZERO = Decimal(0)


class Bookkeeper:
    """Acts at random; what QuickBooks would refuse leaves the books as they were."""

    def __init__(self, random: Random, *, auto_apply: bool) -> None:
        self.random = random
        clock = SandboxClock()
        company = Company(clock, CompanySettings(auto_apply_credits=auto_apply))
        self.books = Books(company, OAuthServer(clock, lambda: "1"))
        self.actions: list[Callable[[], object]] = [
            lambda: self.books.add_invoice("Acme", self.money(), deposit="0.50"),
            lambda: self.books.add_invoice("Acme", self.money()),
            lambda: self.books.add_credit_memo("Acme", self.money()),
            lambda: self.books.add_journal_entry("Acme", credit=self.money()),
            lambda: self.books.add_refund("Acme", self.money()),
            self.pay,
            self.pay,
            lambda: self.books.apply_credit(self.memo(), self.invoice()),
            lambda: self.books.edit_invoice(self.invoice(), total=self.money()),
            lambda: self.books.edit_credit_memo(self.memo(), total=self.money()),
            lambda: self.books.edit_payment(self.payment(), amount=self.money()),
            lambda: self.books.edit_payment(self.payment(), invoices=[self.invoice()]),
            lambda: self.books.move_payment(self.payment(), self.invoice(), self.invoice()),
            lambda: self.books.void_invoice(self.invoice()),
            lambda: self.books.delete_invoice(self.invoice()),
            lambda: self.books.void_payment(self.payment()),
            lambda: self.books.delete_payment(self.payment()),
            lambda: self.books.void_credit_memo(self.memo()),
            lambda: self.books.delete_credit_memo(self.memo()),
        ]

    def act(self) -> None:
        try:
            self.random.choice(self.actions)()
        except (ValueError, IndexError):
            return

    def pay(self) -> None:
        invoices = {self.invoice(): self.money() for _ in range(self.random.randint(1, 3))}
        credit: list[tuple[str, str, Decimal]] = []
        if self.random.random() < 0.5:
            entry = self.random.choice(list(self.books.company.ledger_entries["JournalEntry"]))
            credit = [("JournalEntry", entry.id, self.money())]
        amount = self.money() if self.random.random() < 0.5 else None
        self.books.receive_payment(invoices, amount, credits=credit)

    def money(self) -> Decimal:
        return Decimal(self.random.randint(50, 3000)) / 100

    def invoice(self) -> str:
        return self.random.choice(self.books.invoice_ids())

    def memo(self) -> str:
        return self.random.choice(list(self.books.company.credit_memos)).id

    def payment(self) -> str:
        return self.random.choice(list(self.books.company.payments)).id

    def check(self) -> None:
        company = self.books.company
        for payment in company.payments:
            paid, credit = self.books._ledger.sums(payment.lines)
            assert paid - credit + payment.unapplied == payment.total
            assert ZERO <= payment.unapplied <= payment.total
            for line in payment.lines:
                target = company.linked(line.txn_type, line.txn_id)
                assert target is not None
                assert target.links[payment.id] == line.amount > ZERO
        linked = [*company.invoices, *company.credit_memos, *company.ledger_entries["JournalEntry"]]
        for each in linked:
            assert ZERO <= each.open <= each.total
            for payment_id, amount in each.links.items():
                linker = company.payments.get(payment_id)
                assert linker is not None
                assert [line.amount for line in linker.lines if line.txn_id == each.id] == [amount]


@given(seed=st.integers(0, 2**32), auto_apply=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_payment_keeps_its_identity_and_both_sides_of_every_link_agree(seed: int, auto_apply: bool) -> None:
    bookkeeper = Bookkeeper(Random(seed), auto_apply=auto_apply)
    for _ in range(60):
        bookkeeper.act()
    bookkeeper.check()

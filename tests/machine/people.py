"""What bookkeepers and sales people do between two passes: the rules of the state machine that change the worlds."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from machine.computer import START, Computer
from machine.truth import AMOUNT, DATE, LOST, METHOD, REFERENCE, WON
from machine.watch import Watch

from qbsf.sandbox.quickbooks.records import Invoice, Payment

T = TypeVar("T")
Way = Literal["id", "number", "note", "two", "later"]

WAYS: st.SearchStrategy[Way] = st.sampled_from(["id", "id", "number", "note", "two", "later"])
"""How a deal and its invoice know each other."""
PICK = st.integers(0, 40)
"""Chooses one of what there is."""
MONEY = st.integers(100, 200_000).map(lambda cents: Decimal(cents) / 100)
PARTS = st.sampled_from([Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.3"), Decimal("0.9")])
DAYS = st.integers(-20, 3).map(lambda days: START.date() + timedelta(days=days))
METHODS = st.sampled_from(["", "Cash", "Check", "Visa"])
REFERENCES = st.sampled_from(["", "R-1", "R-2", "Überweisung 7"])
OPEN_STAGES = st.sampled_from(["Prospecting", "Proposal and Agreement", "Negotiation/Review"])
CENT = Decimal("0.01")


class People(RuleBasedStateMachine):
    """A company and an org with nobody in trouble. `trouble.py` adds passes and everything that goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        shared = Path("/dev/shm")
        self._folder = TemporaryDirectory(dir=shared if shared.is_dir() else None)
        self.qbsf = Computer(Path(self._folder.name))
        self.watch = Watch(self.qbsf)
        self.odd: set[str] = set()
        """Deals of which only the invariants are checked: cloned, linked anew, deleted."""
        self.reversed_stage = ""

    def teardown(self) -> None:
        self.qbsf.close()
        self._folder.cleanup()

    @initialize(
        reversed_stage=st.sampled_from(["", "Negotiation/Review"]),
        rotation=st.sampled_from(["daily", "every"]),
        chunk=st.sampled_from([1, 2, 200]),
        sales=st.lists(st.tuples(WAYS, MONEY, st.booleans()), min_size=1, max_size=5),
    )
    def begin(
        self,
        reversed_stage: str,
        rotation: Literal["daily", "every"],
        chunk: int,
        sales: list[tuple[Way, Decimal, bool]],
    ) -> None:
        """A few deals, some paid, and no brake: that has tests of its own."""
        self.reversed_stage = reversed_stage
        self.qbsf.chunk = chunk
        self.qbsf.configure(
            stages={"reversed": reversed_stage}, sync={"max_wins": 0, "max_reversals": 0, "max_changes": 0}
        )
        self.qbsf.books.set_rotation(rotation)
        for way, total, is_paid in sales:
            self.sell_one(way, total, "Prospecting")
            if is_paid:
                self.qbsf.books.receive_payment([self.invoices[-1].id], reference="at once")

    # -- what there is --------------------------------------------------------------------------------------------

    @property
    def invoices(self) -> list[Invoice]:
        return [invoice for invoice in self.qbsf.books.company.invoices if invoice.total]

    @property
    def unpaid(self) -> list[Invoice]:
        return [invoice for invoice in self.invoices if invoice.open]

    @property
    def payments(self) -> list[Payment]:
        """Those that brought money."""
        return [payment for payment in self.qbsf.books.company.payments if payment.total]

    @property
    def deals(self) -> list[str]:
        """Every Opportunity that is not deleted."""
        self.watch.follow()
        return [deal for deal in self.watch.deals if not self.qbsf.field(deal, "IsDeleted")]

    @property
    def open_credit(self) -> list[str]:
        return [memo.id for memo in self.qbsf.books.company.credit_memos if memo.open > 0]

    def edit(self, deal: str, **fields: Any) -> None:
        self.qbsf.org.edit(deal, **fields)

    # -- sales ----------------------------------------------------------------------------------------------------

    @rule(total=MONEY, way=WAYS, stage=OPEN_STAGES)
    def sell(self, total: Decimal, way: Way, stage: str) -> None:
        self.sell_one(way, total, stage)

    def sell_one(self, way: Way, total: Decimal, stage: str) -> None:
        """A deal, and the invoice that it names or that names it."""
        books, name = self.qbsf.books, f"Deal {len(self.deals)}"
        if way == "note":
            deal = self.qbsf.deal(name, stage=stage)
            self.watch.notes[deal].append(books.add_invoice(total=total, private_note=f"Opportunity {deal}"))
            return
        invoice = books.add_invoice(total=total)
        if way == "number":
            self.qbsf.deal(name, stage=stage, number=str(books.invoice(invoice)["DocNumber"]))
        elif way == "two":
            self.qbsf.deal(name, stage=stage, invoice=f"{invoice}, {books.add_invoice(total=total)}")
        else:
            self.qbsf.deal(name, stage=stage, **({"invoice": invoice} if way == "id" else {}))

    @precondition(lambda self: self.invoices and self.deals)
    @rule(deal=PICK, invoice=PICK)
    def link_late(self, deal: int, invoice: int) -> None:
        """A deal without a link gets one, be it to an invoice that another deal has."""
        unlinked = [each for each in self.deals if not self.watch.links_of(each)]
        if unlinked:
            chosen, wanted = _one(unlinked, deal), _one(self.invoices, invoice).id
            sharing = [each for each in self.deals if wanted in self.watch.links_of(each)]
            self.odd.update([*sharing, chosen] if sharing else ())
            self.edit(chosen, QB_Invoice_ID__c=wanted)

    @precondition(lambda self: self.deals)
    @rule(deal=PICK)
    def clone(self, deal: int) -> None:
        """The copy wants the same invoices."""
        original = _one(self.deals, deal)
        self.odd |= {original, self.qbsf.org.clone(original, Name=f"Copy {len(self.deals)}")}

    @precondition(lambda self: self.deals)
    @rule(deal=PICK, stage=st.sampled_from([LOST, "Prospecting", "Proposal and Agreement", "Prospecting"]))
    def move_by_hand(self, deal: int, stage: str) -> None:
        """Somebody loses a deal or opens it again."""
        self.edit(_one(self.deals, deal), StageName=stage)

    @precondition(lambda self: self.deals)
    @rule(deal=PICK)
    def win_by_hand(self, deal: int) -> None:
        chosen = _one(self.deals, deal)
        if not self.watch.deals[chosen].moved:
            self.edit(chosen, StageName=WON)

    @precondition(lambda self: self.deals)
    @rule(deal=PICK, amount=st.sampled_from([None, Decimal(1), Decimal(99999)]))
    def enter_an_amount(self, deal: int, amount: Decimal | None) -> None:
        """Somebody empties the amount, or enters a smaller or a larger one."""
        self.edit(_one(self.deals, deal), **{AMOUNT: amount})

    @precondition(lambda self: self.deals)
    @rule(deal=PICK, field=st.sampled_from([DATE, METHOD, REFERENCE]), empty=st.booleans())
    def enter_a_detail(self, deal: int, field: str, empty: bool) -> None:
        value: object = date(2020, 1, 1) if field == DATE else "by hand"
        self.edit(_one(self.deals, deal), **{field: None if empty else value})

    @precondition(lambda self: self.deals)
    @rule(deal=PICK)
    def save_without_a_change(self, deal: int) -> None:
        self.edit(_one(self.deals, deal))

    @precondition(lambda self: self.deals)
    @rule(deal=PICK)
    def unlink(self, deal: int) -> None:
        chosen = _one(self.deals, deal)
        self.odd.add(chosen)
        self.edit(chosen, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)

    @precondition(lambda self: self.deals)
    @rule(deal=PICK, back=st.booleans())
    def bin(self, deal: int, back: bool) -> None:
        """A deal goes to the recycle bin, and perhaps comes back."""
        chosen = _one(self.deals, deal)
        self.odd.add(chosen)
        self.qbsf.org.delete(chosen)
        if back:
            self.qbsf.org.undelete(chosen)

    # -- money ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.unpaid)
    @rule(invoice=PICK, part=PARTS, day=DAYS, method=METHODS, reference=REFERENCES, more=st.sampled_from([0, 0, 5]))
    def receive(self, invoice: int, part: Decimal, day: date, method: str, reference: str, more: int) -> None:
        """Money for an invoice, all that is open or a part, perhaps with something left over."""
        chosen = _one(self.unpaid, invoice)
        amount = _part(chosen.open, part)
        self.qbsf.books.receive_payment(
            {chosen.id: amount}, amount + more, date=day, method=method, reference=reference
        )

    @precondition(lambda self: len(self.unpaid) > 1)
    @rule(first=PICK, day=DAYS)
    def receive_for_two(self, first: int, day: date) -> None:
        unpaid = self.unpaid
        one, other = _one(unpaid, first), _one(unpaid, first + 1)
        self.qbsf.books.receive_payment([one.id, other.id], date=day, reference="both")

    @precondition(lambda self: self.payments)
    @rule(payment=PICK, how=st.sampled_from(["void", "delete", "less", "details", "move"]), day=DAYS, method=METHODS)
    def correct_a_payment(self, payment: int, how: str, day: date, method: str) -> None:
        """The bookkeeper corrects what was received."""
        books, chosen = self.qbsf.books, _one(self.payments, payment)
        actions: dict[str, Callable[[], None]] = {
            "void": lambda: books.void_payment(chosen.id),
            "delete": lambda: books.delete_payment(chosen.id),
            "less": lambda: books.edit_payment(chosen.id, amount=_part(chosen.total, Decimal("0.6"))),
            "details": lambda: books.edit_payment(chosen.id, date=day, method=method, reference="corrected"),
            "move": lambda: self._move(chosen),
        }
        actions[how]()

    def _move(self, payment: Payment) -> None:
        paid = {line.txn_id for line in payment.lines}
        others = [invoice for invoice in self.unpaid if invoice.id not in paid]
        if paid and others:
            self.qbsf.books.move_payment(payment.id, min(paid), others[0].id)

    @precondition(lambda self: self.unpaid)
    @rule(invoice=PICK, part=PARTS)
    def credit(self, invoice: int, part: Decimal) -> None:
        """A credit memo for an invoice, applied."""
        chosen = _one(self.unpaid, invoice)
        amount = _part(chosen.open, part)
        self.qbsf.books.apply_credit(self.qbsf.books.add_credit_memo(total=amount), chosen.id, amount)

    @precondition(lambda self: len(self.qbsf.books.company.credit_memos) > 0)
    @rule(memo=PICK, deleted=st.booleans())
    def withdraw_credit(self, memo: int, deleted: bool) -> None:
        chosen = _one(list(self.qbsf.books.company.credit_memos), memo).id
        (self.qbsf.books.delete_credit_memo if deleted else self.qbsf.books.void_credit_memo)(chosen)

    @precondition(lambda self: self.invoices)
    @rule(invoice=PICK, factor=st.sampled_from([Decimal("0.5"), Decimal("0.8"), Decimal("1.5")]))
    def change_a_total(self, invoice: int, factor: Decimal) -> None:
        chosen = _one(self.invoices, invoice)
        self.qbsf.books.edit_invoice(chosen.id, total=_part(chosen.total, factor))

    @precondition(lambda self: self.invoices)
    @rule(invoice=PICK, deleted=st.booleans())
    def void_or_delete_an_invoice(self, invoice: int, deleted: bool) -> None:
        chosen = _one(self.invoices, invoice).id
        # A deleted one that qbsf never saw leaves the others of its deal in doubt until the change feed tells of it.
        links = [self.watch.links_of(deal) for deal in self.deals]
        deleted = deleted and not any(chosen in ids and len(ids) > 1 for ids in links)
        (self.qbsf.books.delete_invoice if deleted else self.qbsf.books.void_invoice)(chosen)


def _one(things: list[T], number: int) -> T:
    return things[number % len(things)]


def _part(amount: Decimal, part: Decimal) -> Decimal:
    return max((amount * part).quantize(CENT), CENT)

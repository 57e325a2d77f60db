"""Payments asked for while the invoices that list them are still being read."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from contextlib import suppress

from qbsf.errors import UnexpectedAnswer, Unreachable
from qbsf.model import Payment
from qbsf.quickbooks.query import PAGE
from qbsf.sync.context import Context
from qbsf.sync.intake import Intake


class PaymentsAhead:
    """A statement is sent as soon as it is full; `take` sends the rest and takes in all answers."""

    def __init__(self, context: Context, intake: Intake, on_taken: Callable[[Collection[str]], None]) -> None:
        """`on_taken` is told the ids of payments that were taken in."""
        self._context = context
        self._intake = intake
        self._on_taken = on_taken
        self._waiting: dict[str, None] = {}
        self._asked: set[str] = set()
        self._answers: deque[tuple[list[str], Future[list[Payment]]]] = deque()

    def want(self, payment_ids: Iterable[str]) -> None:
        """Payments that will be needed."""
        self._waiting.update((each, None) for each in payment_ids if each not in self._asked)
        while len(self._waiting) >= PAGE:
            self._ask()

    def take_answered(self) -> None:
        """Take in what is answered already."""
        while self._answers and self._answers[0][1].done():
            self._take_one()

    def take(self, meanwhile: Callable[[], bool]) -> None:
        """Everything that was wanted, in the order of the wishes; `meanwhile` uses the time, False where it has
        nothing to do. What could not be read is asked for again with what the Opportunities still lack.
        """
        if self._waiting:
            self._ask()
        while self._answers:
            while not self._answers[0][1].done() and meanwhile():
                pass
            self._take_one()
        self._asked.clear()

    def _ask(self) -> None:
        ids = list(self._waiting)[:PAGE]
        for payment_id in ids:
            del self._waiting[payment_id]
        self._asked.update(ids)
        lane, books = self._context.lanes.quickbooks, self._context.books
        self._answers.append((ids, lane.begin(lambda: books.payments_by_id(ids))))
        # Bodies are not piled up: no more answers wait here than the lane is wide.
        if len(self._answers) >= lane.width:
            self._take_one()

    def _take_one(self) -> None:
        ids, answer = self._answers.popleft()
        with suppress(Unreachable, UnexpectedAnswer):
            self._intake.asked_payments(ids, answer.result())
            self._on_taken(ids)

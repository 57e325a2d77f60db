"""Several requests to one service at a time. What they answer is taken in the order in which they were begun, so that
nothing depends on which answer comes first; the caller alone touches the state.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

from qbsf.errors import AuthorizationNeeded, ConfigError, OutOfTime, QbsfError

QUICKBOOKS_AT_ONCE = 8
"""QuickBooks took 10 requests at a time once (quickbooks.md section 5); its limits a second are kept by http.py."""
SALESFORCE_AT_ONCE = 4

_IN_LINE = 2
_PATIENCE = 1.0
"""Seconds after which a reader of pages that waits for room sees whether anybody still wants them."""
_URGENCY = {2: 0, 3: 1}
"""Exit codes that come before all others (shared/interface.md)."""

T = TypeVar("T")
P = TypeVar("P")
_Job = Callable[[], None]


class Lane:
    """At most `width` calls at once, each in a thread; with a width of 1 every call is simply made.

    The threads are daemons: a person who interrupts a pass does not wait for a server that hangs.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.closed = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def depth(self) -> int:
        """Calls to have begun at a time: some wait in line, so that no thread waits for the caller."""
        return self.width + _IN_LINE if self.width > 1 else 1

    def begin(self, call: Callable[[], T]) -> "Future[T]":
        """Make the call as soon as there is room; the future tells its answer or raises its error."""
        future: Future[T] = Future()

        def job() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - whoever asks for the answer is told
                future.set_exception(error)

        if self.width == 1:
            job()
            return future
        if len(self._threads) < self.width:
            thread = threading.Thread(target=self._work, name="qbsf-lane", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put(job)
        return future

    def each(self, calls: Iterable[Callable[[], T]]) -> "Iterator[Future[T]]":
        """The futures of these calls in their order, each done; of those that were begun few wait to be taken."""
        begun: deque[Future[T]] = deque()
        for call in calls:
            if len(begun) == self.depth:
                yield _done(begun.popleft())
            begun.append(self.begin(call))
        while begun:
            yield _done(begun.popleft())

    def ahead(self, pages: Iterator[T], most: int) -> "Ahead[T]":
        """The same pages, of which up to `most` are read before they are asked for, from now on."""
        return Ahead(self, pages, most)

    def close(self) -> None:
        """Begin nothing more, and let the threads end when what is under way is over."""
        self.closed = True
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self.closed:
            job()


class Ahead(Generic[T]):
    """Pages that are read while the earlier ones are worked on, in their order."""

    def __init__(self, lane: Lane, pages: Iterator[T], most: int) -> None:
        self._pages = pages
        self._lane = lane
        self._inline = lane.width == 1
        self.is_over = False
        """Whether the last page was taken, or reading failed."""
        self._room = threading.Semaphore(most)
        self._read: SimpleQueue[Future[T | None]] = SimpleQueue()
        if not self._inline:
            lane.begin(self._produce)

    @property
    def waiting(self) -> bool:
        """Whether the next page is still being read: there is time for something else."""
        return not self._inline and not self.is_over and self._read.empty()

    def __iter__(self) -> Iterator[T]:
        while (page := self.next()) is not None:
            yield page

    def next(self) -> T | None:
        """The next page, waited for; None after the last. Raises what went wrong in reading it."""
        if self.is_over:
            return None
        page: T | None = None
        try:
            page = next(self._pages, None) if self._inline else self._read.get().result()
        finally:
            self.is_over = page is None
        self._room.release()
        return page

    def _produce(self) -> None:
        more = True
        while more and not self._lane.closed:
            if not self._room.acquire(timeout=_PATIENCE):
                continue
            page: Future[T | None] = Future()
            try:
                page.set_result(next(self._pages, None))
                more = page.result() is not None
            except BaseException as error:  # noqa: BLE001 - told where the page is asked for
                page.set_exception(error)
                more = False
            self._read.put(page)


@dataclass(frozen=True)
class Lanes:
    """The lanes to both services."""

    quickbooks: Lane
    salesforce: Lane

    @classmethod
    def open(cls) -> "Lanes":
        return cls(Lane(QUICKBOOKS_AT_ONCE), Lane(SALESFORCE_AT_ONCE))

    def close(self) -> None:
        """Let their threads end."""
        self.quickbooks.close()
        self.salesforce.close()


class Failures:
    """What went wrong while other things go on: one failure stops nothing else, unless it means all of it; two do."""

    def __init__(self) -> None:
        self._errors: list[QbsfError] = []

    def add(self, error: QbsfError) -> None:
        self._errors.append(error)

    @property
    def happened(self) -> bool:
        return bool(self._errors)

    @property
    def stop(self) -> bool:
        """Whether nothing new should be begun."""
        return len(self._errors) > 1 or any(
            isinstance(error, OutOfTime | AuthorizationNeeded | ConfigError) or error.code == "api_allowance"
            for error in self._errors
        )

    def raise_worst(self) -> None:
        """Raise what a person has to mend first, else what came first, where there was any."""
        if self._errors:
            raise min(self._errors, key=lambda error: _URGENCY.get(error.exit_code, len(_URGENCY)))


def take_all(
    lane: Lane,
    portions: Sequence[P],
    ask: Callable[[P], T],
    take: Callable[[P, T], None],
    failures: Failures,
) -> list[P]:
    """Ask for every portion and take the answers in, in the order of the portions, by the caller's thread.

    A portion that fails does not lose the others: its error is added to `failures`, and those that were not taken in
    are answered.
    """
    left: dict[int, P] = dict(enumerate(portions))

    def calls() -> Iterator[Callable[[], T]]:
        for portion in portions:
            if failures.stop:
                return
            yield partial(ask, portion)

    for number, answer in enumerate(lane.each(calls())):
        try:
            found = answer.result()
        except QbsfError as error:
            failures.add(error)
        else:
            take(left.pop(number), found)
    return list(left.values())


def _done(future: "Future[T]") -> "Future[T]":
    """Wait until it is over, however it ended."""
    future.exception()
    return future

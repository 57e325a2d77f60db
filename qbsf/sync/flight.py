"""Chunks of writes on their way to Salesforce: several at a time, but never two with deals of one Account, which would
wait for one row lock.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from qbsf.model import UpdateResult
from qbsf.state.own import Note
from qbsf.sync.planning import Planned

CHUNK = 200
"""Records of one Collections request (salesforce.md section 2)."""
_LOOK_AHEAD = 12
"""Chunks among which one is looked for that shares no Account with those under way."""


@dataclass(frozen=True)
class Chunk:
    """Up to 200 records that are sent together, and what became of them before."""

    items: tuple[Planned, ...]
    tries: int = 1
    lost: int = 0
    refusals: Mapping[str, UpdateResult] = field(default_factory=dict)
    """For records that are sent without their stage: why it was refused, by Opportunity id."""

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The Accounts of its Opportunities, as far as they have one."""
        return frozenset(item.opportunity.account_id for item in self.items if item.opportunity.account_id)


@dataclass(frozen=True)
class Sent:
    """A chunk that is under way, and what was noted of it."""

    chunk: Chunk
    notes: Sequence[Note]
    answer: "Future[list[UpdateResult]]"


class Flight:
    """What is under way, in the order in which it was sent, and what waits for its turn."""

    def __init__(self, most: int) -> None:
        """`most` chunks at a time."""
        self._most = most
        self._under_way: deque[Sent] = deque()
        self.queue: deque[Chunk] = deque()
        """Chunks that are to be sent again, or had to let others go first."""

    @property
    def has_room(self) -> bool:
        return len(self._under_way) < self._most

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    @property
    def has_answer(self) -> bool:
        """Whether the chunk that was sent first is answered."""
        return bool(self._under_way) and self._under_way[0].answer.done()

    def sent(self, sent: Sent) -> None:
        """A chunk was sent."""
        self._under_way.append(sent)

    def first(self) -> Sent:
        """The chunk that was sent first, taken out; it may not be answered yet."""
        return self._under_way.popleft()

    def next_chunk(self, more: Iterator[Chunk]) -> Chunk | None:
        """The next chunk whose Accounts are in none that is under way, from the queue, then from `more`; those that
        have to wait stay in the queue. None where there is none to send for now.
        """
        locked = {account for sent in self._under_way for account in sent.chunk.accounts}
        for place in range(_LOOK_AHEAD):
            if place == len(self.queue):
                self.queue.extend(islice(more, 1))
            if place == len(self.queue):
                return None
            if locked.isdisjoint(self.queue[place].accounts):
                chunk = self.queue[place]
                del self.queue[place]
                return chunk
        return None

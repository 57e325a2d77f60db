"""Chunks on their way: the order in which they go, and whom they wait for."""

from concurrent.futures import Future
from dataclasses import replace

from unit.core_examples import opportunity

from qbsf.core.case import Decision
from qbsf.core.links import Links
from qbsf.model import UpdateResult
from qbsf.sync.flight import Chunk, Flight, Sent
from qbsf.sync.planning import Planned


def chunk(*accounts: str) -> Chunk:
    """A chunk with a deal of each of these Accounts; "" is a deal without one."""
    rows = [replace(opportunity(), id=f"006{number:015}", account_id=of) for number, of in enumerate(accounts)]
    return Chunk(tuple(Planned(row, Links(), None, Decision("updated", "paid"), None) for row in rows))


def sent(chunk: Chunk) -> Sent:
    answer: Future[list[UpdateResult]] = Future()
    return Sent(chunk, (), answer)


def test_a_chunk_waits_while_one_of_its_accounts_is_written_and_the_next_goes_first() -> None:
    flight = Flight(4)
    more = iter([chunk("a"), chunk("a", "b"), chunk("c")])
    first = flight.next_chunk(more)
    assert first is not None
    flight.sent(sent(first))
    second = flight.next_chunk(more)
    assert second is not None
    assert second.accounts == {"c"}
    assert [each.accounts for each in flight.queue] == [{"a", "b"}]
    flight.sent(sent(second))
    assert flight.next_chunk(more) is None
    flight.first()
    third = flight.next_chunk(more)
    assert third is not None
    assert third.accounts == {"a", "b"}
    assert flight.next_chunk(more) is None


def test_deals_without_an_account_wait_for_nobody() -> None:
    flight = Flight(2)
    more = iter([chunk(""), chunk("")])
    for _ in range(2):
        assert flight.has_room
        following = flight.next_chunk(more)
        assert following is not None
        flight.sent(sent(following))
    assert not flight.has_room


def test_answers_are_judged_in_the_order_of_the_sending() -> None:
    flight = Flight(2)
    one, two = sent(chunk("a")), sent(chunk("b"))
    flight.sent(one)
    flight.sent(two)
    two.answer.set_result([])
    assert not flight.has_answer
    one.answer.set_result([])
    assert flight.has_answer
    assert flight.first() is one
    assert not flight.is_over
    assert flight.first() is two
    assert flight.is_over

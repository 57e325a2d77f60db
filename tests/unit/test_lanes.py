"""Requests side by side: answers in the order of the asking, and one that fails loses no other."""

import threading
from collections.abc import Callable, Iterator

import pytest

from qbsf.errors import AuthorizationNeeded, QbsfError, Unreachable
from qbsf.lanes import Failures, Lane, take_all

WIDTHS = [1, 4]


@pytest.fixture(params=WIDTHS)
def lane(request: pytest.FixtureRequest) -> Iterator[Lane]:
    lane = Lane(request.param)
    yield lane
    lane.close()


def test_answers_come_in_the_order_of_the_calls_whichever_is_ready_first() -> None:
    lane = Lane(3)
    second_is_done = threading.Event()

    def first() -> int:
        assert second_is_done.wait(10)
        return 1

    def second() -> int:
        second_is_done.set()
        return 2

    assert [answer.result() for answer in lane.each([first, second])] == [1, 2]


def test_no_more_calls_are_under_way_than_the_lane_is_wide() -> None:
    lane, lock = Lane(4), threading.Lock()
    now, most = 0, 0
    full = threading.Barrier(4)

    def call() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.wait(10)  # opens when four are here: the lane is as wide as it says
        with lock:
            now -= 1

    for answer in lane.each([call] * 20):
        answer.result()
    assert most == 4


def test_a_lane_of_one_makes_its_calls_in_the_callers_thread() -> None:
    assert Lane(1).begin(threading.get_ident).result() == threading.get_ident()
    assert Lane(2).begin(threading.get_ident).result() != threading.get_ident()


def test_pages_are_read_ahead_no_further_than_asked_and_come_in_their_order() -> None:
    read: list[int] = []
    third = threading.Event()

    def pages() -> Iterator[int]:
        for number in range(10):
            read.append(number)
            if number == 2:
                third.set()
            yield number

    ahead = Lane(2).ahead(pages(), 3)
    assert third.wait(10)
    assert read == [0, 1, 2]
    assert list(ahead) == list(range(10))


def test_what_breaks_a_page_is_raised_where_the_page_is_asked_for(lane: Lane) -> None:
    def pages() -> Iterator[int]:
        yield 1
        raise Unreachable("gone", "wait")

    ahead = lane.ahead(pages(), 3)
    assert ahead.next() == 1
    with pytest.raises(Unreachable):
        ahead.next()
    assert ahead.is_over


def test_after_the_last_page_there_is_none_and_nothing_is_waited_for(lane: Lane) -> None:
    ahead = lane.ahead(iter([1, 2]), 3)
    assert [ahead.next(), ahead.next()] == [1, 2]
    assert not ahead.is_over
    assert (ahead.next(), ahead.next()) == (None, None)
    assert ahead.is_over
    assert not ahead.waiting


def failing(*numbers: int, by: Callable[[], QbsfError] = lambda: Unreachable("gone", "wait")) -> Callable[[int], int]:
    def ask(number: int) -> int:
        if number in numbers:
            raise by()
        return number * 10

    return ask


def test_a_portion_that_fails_loses_no_other(lane: Lane) -> None:
    taken: dict[int, int] = {}
    failed = Failures()
    left = take_all(lane, range(6), failing(1), taken.__setitem__, failed)
    assert (left, taken) == ([1], {0: 0, 2: 20, 3: 30, 4: 40, 5: 50})
    with pytest.raises(Unreachable):
        failed.raise_worst()


def test_after_a_second_failure_nothing_new_is_begun(lane: Lane) -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        return failing(0, 1)(number)

    failed = Failures()
    left = take_all(lane, range(100), ask, lambda *_: None, failed)
    assert {0, 1} <= set(left)
    assert len(asked) <= 2 + lane.depth


def test_an_error_that_means_all_requests_stops_at_once(lane: Lane) -> None:
    failed = Failures()
    ask = failing(0, by=lambda: AuthorizationNeeded("no token", "authorize"))
    left = take_all(lane, range(100), ask, lambda *_: None, failed)
    assert len(left) >= 100 - lane.depth
    with pytest.raises(AuthorizationNeeded):
        failed.raise_worst()


def test_what_a_person_has_to_mend_is_told_before_what_passes() -> None:
    failed = Failures()
    failed.add(Unreachable("gone", "wait"))
    failed.add(AuthorizationNeeded("no token", "authorize"))
    with pytest.raises(AuthorizationNeeded):
        failed.raise_worst()


def test_a_lane_that_is_closed_reads_no_further_pages() -> None:
    lane = Lane(2)
    read: list[int] = []
    stopped = threading.Event()

    def pages() -> Iterator[int]:
        try:
            for number in range(10**6):
                read.append(number)
                yield number
        finally:
            stopped.set()

    ahead = lane.ahead(pages(), 2)
    assert next(iter(ahead)) == 0
    lane.close()
    del ahead
    assert stopped.wait(10)
    assert len(read) < 10

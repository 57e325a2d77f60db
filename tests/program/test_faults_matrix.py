"""For every request of a pass, everything that can go wrong with it: the next pass reaches the same world as if
nothing had happened, and each difference was written once (issue 3, "It holds when").

The passes run in this process on a wire without sockets (machine/); test_faults_processes.py does a sample of the
same with real processes, sockets and kill -9. By default each kind of fault meets a third of the requests and each
request a third of the kinds; `-m long` lets all meet all.
"""

import pytest
from machine.worlds import (
    FAULTS,
    FOR_EVER,
    PASSES,
    assert_ended_well,
    assert_recovers,
    machine,
    nth,
    undisturbed,
)

from qbsf.sandbox.faults import Kind, is_token_request

SAMPLE = 3
KINDS: dict[str, Kind] = {**FAULTS, "no answer": "hang", "done, no answer": "hang_after"}
LOST_WITH_THE_ANSWER = {"reset_after", "truncated", "hang_after"}
AT_MOST_LATER = 30.0
"""Seconds after its time limit at which a pass that gets no answer is over."""


def disturb(which: str, kind: str, number: int, *, lasting: bool, check_more: bool) -> None:
    """A fault at one request of a pass, once or at every request from there on; then a pass that nothing disturbs."""
    where = f"{kind} at request {number}, {undisturbed(which).requests[number]}"
    with machine() as qbsf:
        PASSES[which](qbsf)
        times = FOR_EVER if lasting else 1
        fault = qbsf.sandbox.faults.add("", KINDS[kind], nth(number), times=times, scope="any")
        waited = qbsf.waited
        assert_ended_well(qbsf.run("sync", "--json"), where)
        assert fault.struck, f"request {number} was never sent"
        assert qbsf.waited - waited <= 240 + AT_MOST_LATER, where
        assert_recovers(which, qbsf, where)
        if check_more:
            qbsf.settled()


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", PASSES)
def test_after_a_fault_at_a_request_the_next_pass_reaches_the_same_world(which: str, kind: str, lasting: bool) -> None:
    first = list(KINDS).index(kind) % SAMPLE
    for number in range(first, len(undisturbed(which).requests), SAMPLE):
        disturb(which, kind, number, lasting=lasting, check_more=number == first)


@pytest.mark.long
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", PASSES)
def test_after_a_fault_at_any_request_the_next_pass_reaches_the_same_world(
    which: str, kind: str, lasting: bool
) -> None:
    for number in range(len(undisturbed(which).requests)):
        disturb(which, kind, number, lasting=lasting, check_more=True)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", PASSES)
def test_after_a_kill_at_any_request_the_next_pass_reaches_the_same_world(which: str, when: str) -> None:
    for number, request in enumerate(undisturbed(which).requests):
        with machine() as qbsf:
            PASSES[which](qbsf)
            kind: Kind = "hook_before" if when == "before" else "hook_after"
            qbsf.sandbox.faults.add("", kind, nth(number), scope="any", hook=qbsf.kill)
            assert qbsf.attempt() is None
            assert_recovers(which, qbsf, f"killed {when} request {number}, {request}")


def kill_at_statements(which: str, first: int, every: int) -> None:
    for number in range(first, undisturbed(which).statements + 1, every):
        with machine() as qbsf:
            PASSES[which](qbsf)
            qbsf.kill_at_statement(number)
            assert qbsf.attempt() is None
            assert_recovers(which, qbsf, f"killed before statement {number}")


@pytest.mark.parametrize("which", PASSES)
def test_after_a_kill_between_two_requests_the_next_pass_reaches_the_same_world(which: str) -> None:
    kill_at_statements(which, first=13, every=97)


@pytest.mark.long
@pytest.mark.parametrize("which", PASSES)
def test_after_a_kill_before_any_statement_to_the_state_the_next_pass_reaches_the_same_world(which: str) -> None:
    kill_at_statements(which, first=1, every=1)


@pytest.mark.parametrize("kind", KINDS)
def test_only_an_answer_that_is_lost_on_its_way_costs_a_grant_with_single_use_tokens(kind: str) -> None:
    with machine() as qbsf:
        qbsf.books.set_rotation("every")
        qbsf.sync()
        qbsf.books.expire_access_tokens()
        qbsf.sandbox.faults.add("quickbooks", KINDS[kind], is_token_request, scope="token")
        qbsf.run("sync", "--json")
        issued = qbsf.books.oauth.issued_refresh_tokens
        assert qbsf.stored_refresh_token in issued[-2:]
        if KINDS[kind] not in LOST_WITH_THE_ANSWER:
            qbsf.sync()
            assert qbsf.stored_refresh_token == qbsf.books.oauth.newest_refresh_token

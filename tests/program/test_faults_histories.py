"""Whole worlds driven at random by a Hypothesis state machine: what people do, and everything that can go wrong.

A failure prints its steps and a blob to replay it (`@reproduce_failure`); `--hypothesis-seed` repeats a run.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine.computer import Computer
from machine.trouble import Worlds
from machine.worlds import machine

HISTORIES = int(os.environ.get("QBSF_HISTORIES", "1500"))
"""How many a long run plays."""
SETTINGS = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
    database=None,
)
SHORT = settings(SETTINGS, max_examples=15, stateful_step_count=25, derandomize=True)
LONG = settings(SETTINGS, max_examples=HISTORIES, stateful_step_count=50)


@pytest.fixture
def qbsf() -> Iterator[Computer]:
    with machine() as computer:
        yield computer


def test_whatever_happens_the_next_clean_pass_leaves_what_the_rules_say() -> None:
    run_state_machine_as_test(Worlds, settings=SHORT)


@pytest.mark.long
def test_thousands_of_histories_leave_what_the_rules_say(capsys: pytest.CaptureFixture[str]) -> None:
    Worlds.figures.clear()
    run_state_machine_as_test(Worlds, settings=LONG)
    with capsys.disabled():
        print("\n" + ", ".join(f"{number} {what}" for what, number in sorted(Worlds.figures.items())))


# What the histories have found, as single stories


def test_a_deal_that_a_person_opens_again_stays_open_also_when_its_payment_had_been_replaced(qbsf: Computer) -> None:
    """Found open again, it was reopened by a person (rules.md section 4): the stage had stayed won meanwhile."""
    invoice = qbsf.books.add_invoice(total="100.00")
    deal = qbsf.deal(invoice=invoice)
    payment = qbsf.books.receive_payment([invoice])
    qbsf.sync()
    qbsf.books.void_payment(payment)
    assert qbsf.sync().record(deal)["reason"] == "reversed"
    qbsf.books.receive_payment([invoice])
    qbsf.sync()
    assert (qbsf.stage(deal), qbsf.payment_fields(deal)[0]) == ("Closed Won", "100.00")
    qbsf.org.edit(deal, StageName="Negotiation/Review")
    assert qbsf.sync().record(deal)["reason"] == "reopened"
    assert qbsf.stage(deal) == "Negotiation/Review"
    qbsf.settled()

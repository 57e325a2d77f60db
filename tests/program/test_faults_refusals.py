"""One record's refusal never stops another's (rules.md section 4), also where several are refused in one request."""

from collections.abc import Iterator

import pytest
from machine.business import deal_named, paid_deal, refuse_to_win, sink
from machine.computer import Computer
from machine.worlds import machine


@pytest.fixture
def qbsf() -> Iterator[Computer]:
    with machine() as computer:
        yield computer


def test_a_failing_flow_beside_other_refusals_holds_back_only_its_own_deal(qbsf: Computer) -> None:
    deals = {name: paid_deal(qbsf, name) for name in ("Plain", "Ruled", "Sinking", "Locked", "Plain too")}
    refuse_to_win(qbsf, "Ruled")
    sink(qbsf, "Sinking")
    qbsf.org.lock_rows(deals["Locked"], tries=1)
    outcome = qbsf.sync(expect=1)
    reasons = {record["opportunity_name"]: record["reason"] for record in outcome.records}
    assert reasons == {
        "Plain": "paid",
        "Ruled": "rejected",
        "Sinking": "rejected",
        "Locked": "paid",
        "Plain too": "paid",
    }
    assert qbsf.stage(deal_named(qbsf, "Plain too")) == "Closed Won"
    assert qbsf.amount(deals["Ruled"]) == 100
    assert qbsf.amount(deals["Sinking"]) is None
    qbsf.settled()


def test_one_failing_flow_among_many_deals_that_may_not_be_won_holds_back_only_its_own_deal(qbsf: Computer) -> None:
    """The second request, which records the money without the stage, is sunk by the flow too."""
    deals = {name: paid_deal(qbsf, name) for name in ("One", "Two", "Sinking", "Four")}
    for name in deals:
        refuse_to_win(qbsf, name)
    sink(qbsf, "Sinking")
    qbsf.sync(expect=1)
    assert {name: qbsf.amount(deal) for name, deal in deals.items()} == {
        "One": 100,
        "Two": 100,
        "Sinking": None,
        "Four": 100,
    }
    qbsf.settled()

"""The brake (rules.md section 5) and the configured stages against those of the org (section 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsf.config import StagesConfig
from qbsf.core.brake import Brake, Limits, brake, unlimited
from qbsf.core.case import Kind
from qbsf.core.stages import resolve
from qbsf.errors import ConfigError
from qbsf.model import Stage

LIMITS = Limits(max_wins=3, max_reversals=2, max_changes=5)


def braked(planned: dict[Kind, int], reversals_before: int = 0, limits: Limits = LIMITS) -> Brake:
    """The brake on so many planned writes of each kind."""
    return brake([kind for kind, count in planned.items() for _ in range(count)], reversals_before, limits)


# The brake


def test_a_pass_within_every_limit_is_not_braked() -> None:
    assert braked({"win": 3, "reversal": 2}) == Brake()


def test_a_pass_that_would_win_more_than_max_wins_wins_none_and_writes_the_rest() -> None:
    held = braked({"win": 4, "change": 1})
    assert held.barred == {"win"}
    assert held.because == ("4 deals would be won in one pass (sync.max_wins = 3)",)


def test_a_pass_that_would_take_back_more_than_max_reversals_takes_none_back() -> None:
    held = braked({"reversal": 3, "win": 1})
    assert held.barred == {"reversal"}
    assert held.because == ("3 payments would be taken back within 24 hours (sync.max_reversals = 2)",)


def test_reversals_of_the_last_24_hours_count() -> None:
    assert braked({"reversal": 1}, reversals_before=2).barred == {"reversal"}
    assert braked({"reversal": 1}, reversals_before=1) == Brake()


def test_reversals_that_were_made_before_hold_nothing_back_where_no_further_one_is_planned() -> None:
    assert braked({"win": 1}, reversals_before=9) == Brake()


def test_a_pass_that_would_change_more_than_max_changes_writes_no_kind() -> None:
    held = braked({"win": 2, "reversal": 1, "change": 3})
    assert held.barred >= {"win", "reversal", "change"}
    assert held.because == ("6 Opportunities would change in one pass (sync.max_changes = 5)",)


def test_fill_ins_and_what_needs_no_write_do_not_count() -> None:
    assert braked({"fill_in": 9, "none": 9, "change": 5}) == Brake()


@pytest.mark.parametrize(
    ("limits", "free"),
    [
        (LIMITS, {"fill_in"}),
        (Limits(0, 0, 5), {"fill_in"}),
        (Limits(3, 2, 0), {"fill_in", "change"}),
        (Limits(0, 2, 0), {"fill_in", "change", "win"}),
        (Limits(0, 0, 0), {"fill_in", "change", "win", "reversal"}),
    ],
)
def test_what_no_limit_can_bar_may_be_written_before_all_is_known(limits: Limits, free: set[Kind]) -> None:
    assert unlimited(limits) == free


@given(
    st.dictionaries(st.sampled_from(["win", "reversal", "change", "fill_in"]), st.integers(0, 9)),
    st.integers(0, 9),
    st.builds(Limits, st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)),
)
def test_the_brake_bars_nothing_that_is_unlimited(planned: dict[Kind, int], before: int, limits: Limits) -> None:
    assert braked(planned, before, limits).barred.isdisjoint(unlimited(limits))


def test_every_limit_that_is_passed_is_named() -> None:
    assert len(braked({"win": 4, "reversal": 3}).because) == 3


def test_zero_takes_a_limit_off() -> None:
    assert braked({"win": 500, "reversal": 500, "change": 500}, limits=Limits(0, 0, 0)) == Brake()


kinds: st.SearchStrategy[list[Kind]] = st.lists(
    st.sampled_from(["none", "fill_in", "change", "win", "reversal"]), max_size=12
)


@given(kinds, st.integers(0, 4))
def test_the_order_of_the_plans_never_matters(planned: list[Kind], before: int) -> None:
    assert brake(planned, before, LIMITS) == brake(sorted(planned), before, LIMITS)


@given(kinds, st.integers(0, 4))
def test_what_is_left_to_write_is_within_the_limits(planned: list[Kind], before: int) -> None:
    left = [kind for kind in planned if kind not in brake(planned, before, LIMITS).barred]
    assert left.count("win") <= LIMITS.max_wins
    assert "reversal" not in left or left.count("reversal") + before <= LIMITS.max_reversals
    assert sum(kind in ("win", "reversal", "change") for kind in left) <= LIMITS.max_changes


# Stages

ORG = (
    Stage("Proposal", "Proposal", is_active=True, is_closed=False, is_won=False),
    Stage("Teilbezahlt", "Partly paid", is_active=True, is_closed=False, is_won=False),
    Stage("Gewonnen", "Closed Won", is_active=True, is_closed=True, is_won=True),
    Stage("Renewed", "Renewed", is_active=True, is_closed=True, is_won=True),
    Stage("Closed Lost", "Closed Lost", is_active=True, is_closed=True, is_won=False),
    Stage("Won (old)", "Won (old)", is_active=False, is_closed=True, is_won=True),
)


def refused(stages: StagesConfig) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        resolve(stages, ORG)
    return caught.value


def test_stages_are_found_by_api_name_or_by_label() -> None:
    stages = resolve(
        StagesConfig(
            paid="Gewonnen",
            from_=("Proposal", "Teilbezahlt"),
            partially_paid="Partly paid",
            reversed="Closed Lost",
            by_record_type=(("Renewal", "Renewed"),),
        ),
        ORG,
    )
    assert (stages.paid, stages.partially_paid, stages.reversed) == ("Closed Won", "Partly paid", "Closed Lost")
    assert stages.from_ == ("Proposal", "Partly paid")
    assert stages.by_record_type == (("Renewal", "Renewed"),)


def test_an_api_name_goes_before_a_label_of_the_same_text() -> None:
    twins = (
        Stage("Closed Won", "Old", is_active=True, is_closed=True, is_won=True),
        Stage("New", "Closed Won", is_active=True, is_closed=True, is_won=True),
    )
    assert resolve(StagesConfig(), twins).paid == "Closed Won"


def test_a_stage_that_is_left_out_stays_left_out_and_the_rest_as_configured() -> None:
    stages = StagesConfig(paid="", close_date="payment_date", set_=(("Win_Reason__c", "Invoice paid"),))
    assert resolve(stages, ORG) == stages


def test_a_stage_that_the_org_does_not_have_is_a_configuration_error() -> None:
    error = refused(StagesConfig(paid="Closed won"))
    assert error.message == 'stages.paid = "Closed won" is not a stage of the Salesforce org.'
    assert error.todo == "Set stages.paid to one of: Gewonnen, Renewed."
    assert error.exit_code == 2


def test_a_stage_that_is_not_active_is_a_configuration_error() -> None:
    assert refused(StagesConfig(paid="Won (old)")).message == 'stages.paid = "Won (old)" is not an active stage.'


def test_a_paid_stage_that_wins_nothing_is_a_configuration_error() -> None:
    assert "wins nothing" in refused(StagesConfig(paid="Proposal")).message
    error = refused(StagesConfig(by_record_type=(("Renewal", "Closed Lost"),)))
    assert error.message == 'stages.by_record_type.Renewal = "Closed Lost" is a stage that wins nothing.'


@pytest.mark.parametrize(
    ("stages", "key"),
    [
        (StagesConfig(partially_paid="Renewed"), "stages.partially_paid"),
        (StagesConfig(reversed="Renewed"), "stages.reversed"),
    ],
)
def test_a_stage_for_deals_that_are_not_paid_must_not_be_won(stages: StagesConfig, key: str) -> None:
    assert refused(stages).message == f'{key} = "Renewed" is a won stage.'


def test_a_stage_to_move_from_may_be_any_active_one() -> None:
    assert resolve(StagesConfig(from_=("Gewonnen", "Closed Lost")), ORG).from_ == ("Closed Won", "Closed Lost")
    error = refused(StagesConfig(from_=("Proposal", "Nowhere")))
    assert error.message == 'stages.from = "Nowhere" is not a stage of the Salesforce org.'
    assert error.todo == "Set stages.from to one of: Proposal, Teilbezahlt, Gewonnen, Renewed, Closed Lost."

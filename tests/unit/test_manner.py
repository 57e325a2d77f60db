"""What cron would mail: news, reminders, and the end of a problem."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.output_examples import HELD_ID, IDLE, LOST, NOW, REFUSED, REPORT, STATUS

from qbsf.output import manner, troubles
from qbsf.output.manner import Decision, Family, Manners, Memory, Trouble, decide
from qbsf.report import AttentionItem, Failure, Problem, Report

STEP = timedelta(minutes=5)
START = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
MANNERS = Manners(remind_after=timedelta(hours=24), stale_after=timedelta(minutes=30))
ALL: frozenset[Family] = frozenset({"pass", "record", "passing", "installation"})
GRANT = Trouble("pass:auth", "pass", "The grant ended.", "Run qbsf auth.")
OUTAGE = Trouble("pass:outage", "pass", "QuickBooks is down.", "Wait.", patient=True)


def told(decision: Decision) -> list[str]:
    return [piece.kind for piece in decision.news]


def passes(*worlds: list[Trouble], sees: frozenset[Family] = ALL, step: timedelta = STEP) -> list[tuple[int, str]]:
    """(number of the pass, kind of news) over passes five minutes apart, each with its troubles."""
    memory, news = Memory(), []
    for number, world in enumerate(worlds):
        decision = decide(memory, world, START + number * step, MANNERS, sees=sees)
        memory = manner.load(manner.dump(decision.memory))
        news += [(number, kind) for kind in told(decision)]
    return news


def test_a_weekend_without_a_grant_is_one_mail_a_day_and_one_when_it_is_over() -> None:
    weekend = 64 * 12
    lines = passes(*[[GRANT]] * weekend, [], [])
    assert lines == [(0, "new"), (288, "reminder"), (576, "reminder"), (weekend, "over")]


def test_a_good_pass_says_nothing() -> None:
    assert passes([], [], []) == []


@given(
    length=st.integers(1, 700), step_minutes=st.integers(1, 180), remind_hours=st.integers(1, 72), patient=st.booleans()
)
def test_a_constant_problem_is_told_once_then_once_in_each_reminding_time(
    length: int, step_minutes: int, remind_hours: int, patient: bool
) -> None:
    manners = Manners(timedelta(hours=remind_hours), timedelta(minutes=30))
    step = timedelta(minutes=step_minutes)
    trouble = replace(OUTAGE, patient=patient)
    memory, at = Memory(), []
    for number in range(length):
        decision = decide(memory, [trouble], START + number * step, manners, sees=ALL)
        memory = decision.memory
        at += [(START + number * step, kind) for kind in told(decision)]
    over = decide(memory, [], START + length * step, manners, sees=ALL)
    assert [kind for _, kind in at] == ["new"] * bool(at) + ["reminder"] * (len(at) - 1)
    assert all(later - earlier >= manners.remind_after for (earlier, _), (later, _) in itertools.pairwise(at))
    assert all(later - earlier < manners.remind_after + step for (earlier, _), (later, _) in itertools.pairwise(at))
    assert told(over) == (["over"] if at else [])
    assert over.memory == Memory()
    if not patient:
        assert at[0][0] == START


@given(st.lists(st.sets(st.sampled_from("abcd")), max_size=60))
def test_every_problem_that_was_told_is_told_to_be_over_and_no_other(history: list[set[str]]) -> None:
    memory = Memory()
    open_now: set[str] = set()
    for number, keys in enumerate([*history, set()]):
        world = [Trouble(key, "record", key) for key in sorted(keys)]
        decision = decide(memory, world, START + number * STEP, MANNERS, sees=ALL)
        for piece in decision.news:
            if piece.kind == "new":
                assert piece.what not in open_now
                open_now.add(piece.what)
            elif piece.kind == "over":
                open_now.remove(piece.what)
        memory = decision.memory
        assert open_now == keys
    assert open_now == set()


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from("abc")), st.integers(-5000, 5000), st.sets(st.sampled_from(sorted(ALL)))),
        max_size=40,
    )
)
def test_memory_survives_being_written_down_whatever_the_clock_does(
    history: list[tuple[set[str], int, set[Family]]],
) -> None:
    memory, now = Memory(), START
    for keys, minutes, sees in history:
        now += timedelta(minutes=minutes)
        world = [Trouble(key, "record", f"{key} «broken»", patient=key == "c") for key in sorted(keys)]
        memory = decide(memory, world, now, MANNERS, sees=frozenset(sees)).memory
        assert manner.load(manner.dump(memory)) == memory
        assert {trouble.key for trouble in world} <= {entry.key for entry in memory.entries}


def test_an_outage_is_told_when_the_last_good_pass_is_stale_and_not_before() -> None:
    outage = replace(OUTAGE, since=START - STEP)
    assert passes(*[[outage]] * 10) == [(6, "new")]


def test_a_short_outage_is_never_told_nor_that_it_is_over() -> None:
    outage = replace(OUTAGE, since=START - STEP)
    assert passes([outage], [outage], []) == []


def test_an_outage_counted_from_a_time_in_the_future_is_told() -> None:
    """The machine's clock was set back: better one line too many than silence for days."""
    assert passes([replace(OUTAGE, since=START + timedelta(days=2))]) == [(0, "new")]


def test_a_clock_set_back_does_not_put_a_reminder_off_for_longer_than_reminding_takes() -> None:
    memory = decide(Memory(), [GRANT], START + timedelta(days=300), MANNERS, sees=ALL).memory
    memory = decide(memory, [GRANT], START, MANNERS, sees=ALL).memory
    assert told(decide(memory, [GRANT], START + timedelta(hours=24), MANNERS, sees=ALL)) == ["reminder"]


def test_a_wrong_configuration_is_told_by_every_pass() -> None:
    wrong = replace(GRANT, always=True)
    assert passes([wrong], [wrong], []) == [(0, "new"), (1, "new"), (2, "over")]


def test_what_has_grown_more_urgent_is_told_again_at_once() -> None:
    near, nearer = replace(GRANT, urgency=0), replace(GRANT, urgency=1)
    assert passes([near], [near], [nearer], [nearer], [near], []) == [(0, "new"), (2, "reminder"), (5, "over")]


def test_what_a_pass_could_not_see_is_not_over() -> None:
    memory = decide(Memory(), [GRANT], START, MANNERS, sees=ALL).memory
    blind = decide(memory, [], START + STEP, MANNERS, sees=frozenset({"record"}))
    assert told(blind) == []
    assert told(decide(blind.memory, [], START + 2 * STEP, MANNERS, sees=ALL)) == ["over"]


def test_what_a_person_acknowledged_leaves_without_a_word() -> None:
    memory = decide(Memory(), [GRANT], START, MANNERS, sees=ALL).memory
    assert told(decide(memory, [], START + STEP, MANNERS, sees=ALL, acknowledged=frozenset({GRANT.key}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"version": 2, "entries": []}',
        '{"version": 1, "entries": [{"key": "a"}]}',
        (
            '{"version": 1, "entries": [{"key": "a", "family": "other", "what": "", "group": "",'
            ' "first_seen": "2026-11-22T08:00:00+00:00", "told_at": null}]}'
        ),
        (
            '{"version": 1, "entries": [{"key": "a", "family": "pass", "what": "", "group": "",'
            ' "first_seen": "2026-11-22T08:00:00", "told_at": null}]}'
        ),
    ],
)
def test_a_damaged_memory_is_an_empty_one(text: str) -> None:
    assert manner.load(text) == Memory()


# --- what a pass leaves behind -------------------------------------------------------------------


def failed(exit_code: int, code: str, message: str = "It broke.", todo: str = "Mend it.") -> Report:
    return replace(IDLE, error=Failure(code, message, todo), exit_code=exit_code)


def mail(report: Report, *, attention: tuple[AttentionItem, ...] = (), memory: Memory | None = None) -> list[str]:
    status = replace(STATUS, attention=attention)
    decision = decide(
        memory or Memory(),
        troubles.standing(report, status),
        NOW,
        MANNERS,
        sees=troubles.seen(report, status),
        acknowledged=troubles.acknowledged(attention),
    )
    return troubles.lines(decision.news, "default")


def test_a_deal_that_waits_for_a_person_is_told_with_what_to_do() -> None:
    assert mail(REPORT, attention=(AttentionItem(LOST, since=NOW),)) == [
        (
            'qbsf: Opportunity "Beta renewal" (006XX0000000002AAA): closed lost - Money arrived for a deal that is'
            " closed as lost. Reopen the deal, or correct the invoice it names."
        )
    ]


def test_a_refused_record_names_what_salesforce_said() -> None:
    (line,) = mail(REPORT, attention=(AttentionItem(REFUSED, since=NOW),))
    assert HELD_ID in line
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION: A won deal needs a contract." in line


def test_a_refused_record_that_is_held_back_later_is_no_news() -> None:
    first = (AttentionItem(REFUSED, since=NOW),)
    memory = decide(Memory(), troubles.of_records(first), NOW, MANNERS, sees=ALL).memory
    held = AttentionItem(replace(REFUSED, outcome="skipped", reason="held_back"), since=NOW)
    assert mail(IDLE, attention=(held,), memory=memory) == []


def test_an_acknowledged_record_is_not_told() -> None:
    assert mail(IDLE, attention=(AttentionItem(LOST, since=NOW, acknowledged=True),)) == []


def test_a_brake_that_holds_many_is_one_line() -> None:
    held = tuple(
        AttentionItem(replace(LOST, reason="braked", opportunity_id=f"006{number}"), since=NOW) for number in range(150)
    )
    (line,) = mail(REPORT, attention=held)
    assert line.startswith("qbsf: 150 records, braked: ")
    assert "qbsf sync --allow-large" in line


def test_a_pass_that_was_stopped_takes_no_record_for_settled() -> None:
    waiting = (AttentionItem(LOST, since=NOW),)
    memory = decide(Memory(), troubles.of_records(waiting), NOW, MANNERS, sees=ALL).memory
    assert mail(failed(3, "authorization_needed"), attention=waiting, memory=memory) == ["qbsf: It broke. Mend it."]


def test_the_same_error_with_other_numbers_in_its_cure_is_the_same_problem() -> None:
    first = troubles.of_pass(failed(4, "unreachable", todo="Try again in 37 seconds."), None)
    second = troubles.of_pass(failed(4, "unreachable", todo="Try again in 5 seconds."), None)
    assert first[0].key == second[0].key


def test_quickbooks_and_salesforce_wanting_authorization_are_two_problems() -> None:
    one = troubles.of_pass(failed(3, "authorization_needed", todo="Run qbsf auth quickbooks."), None)
    other = troubles.of_pass(failed(3, "authorization_needed", todo="Run qbsf auth salesforce."), None)
    assert one[0].key != other[0].key


def test_an_outage_is_told_at_once_where_no_pass_was_ever_good() -> None:
    report = failed(4, "unreachable")
    assert mail(report) == []  # the last good pass of STATUS was just now
    decision = decide(Memory(), troubles.of_pass(report, None), NOW, MANNERS, sees=ALL)
    assert told(decision) == ["new"]


def test_records_that_wait_for_salesforce_are_told_only_when_that_lasts() -> None:
    report = replace(REPORT, records=(replace(REFUSED, reason="unavailable", error=None),))
    decision = decide(Memory(), troubles.standing(report, None), NOW, MANNERS, sees=ALL)
    assert told(decision) == []
    status = replace(STATUS, attention=())
    decision = decide(Memory(), troubles.standing(report, status), NOW, MANNERS, sees=ALL)
    assert told(decision) == []
    later = decide(decision.memory, troubles.standing(report, status), NOW + timedelta(minutes=35), MANNERS, sees=ALL)
    assert told(later) == ["new"]


def test_a_grant_that_ends_soon_is_told_by_a_good_pass() -> None:
    ending = Problem("grant_ends", "The QuickBooks grant ends in 5 days.", "Run qbsf auth quickbooks.")
    status = replace(STATUS, attention=(), problems=(ending,))
    decision = decide(Memory(), troubles.standing(IDLE, status), NOW, MANNERS, sees=ALL)
    assert troubles.lines(decision.news, "acme") == [
        "qbsf[acme]: The QuickBooks grant ends in 5 days. Run qbsf auth quickbooks."
    ]


def test_reminders_and_ends_say_what_they_are() -> None:
    memory = decide(Memory(), [GRANT], NOW, MANNERS, sees=ALL).memory
    reminder = decide(memory, [GRANT], NOW + timedelta(hours=24), MANNERS, sees=ALL)
    assert troubles.lines(reminder.news, "default") == [
        "qbsf: still, since 2026-11-22T08:00:01Z: The grant ended. Run qbsf auth."
    ]
    over = decide(memory, [], NOW + timedelta(hours=1), MANNERS, sees=ALL)
    assert troubles.lines(over.news, "default") == ["qbsf: over: The grant ended."]


def test_another_run_is_worth_a_line_only_after_a_quarter_of_an_hour() -> None:
    busy = failed(5, "busy")
    assert troubles.lock_is_young(busy, None)
    assert troubles.lock_is_young(busy, timedelta(minutes=15))
    assert not troubles.lock_is_young(busy, timedelta(minutes=16))
    assert not troubles.lock_is_young(busy, timedelta(days=-3))  # the clock was set back
    assert not troubles.lock_is_young(IDLE, None)

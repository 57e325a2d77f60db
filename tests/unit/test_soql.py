"""SOQL as Salesforce reads it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsf.salesforce import soql


def test_a_statement_with_conditions_and_order() -> None:
    conditions = (soql.any_of([soql.is_filled("A__c"), soql.is_filled("B__c")]), soql.is_in("Id", ["x", "y"]))
    assert soql.select(("Id", "Account.Name"), "Opportunity", conditions, ("SystemModstamp", "Id")) == (
        "SELECT Id,Account.Name FROM Opportunity WHERE (A__c != null OR B__c != null) AND Id IN ('x','y') "
        "ORDER BY SystemModstamp,Id"
    )


@pytest.mark.parametrize("name", ["", "1a", "a b", "a,b", "a'b", "(SELECT Id FROM Contacts)", "a.b.c", "ä", "A\n"])
def test_no_configured_name_can_become_a_part_of_the_statement(name: str) -> None:
    with pytest.raises(ValueError, match="no field name"):
        soql.select((name,), "Opportunity")


@pytest.mark.parametrize(
    ("text", "written"),
    [("O'Neil", r"'O\'Neil'"), ("a\\", r"'a\\'"), ("a\nb", r"'a\nb'"), ('say "x"', "'say \"x\"'"), ("%_", "'%_'")],
)
def test_no_value_can_leave_its_quotes(text: str, written: str) -> None:
    assert soql.literal(text) == written


def test_wildcards_in_a_searched_text_mean_themselves() -> None:
    assert soql.contains("50%_'a\\") == r"'%50\%\_\'a\\%'"


def test_a_text_that_soql_cannot_take_is_refused() -> None:
    with pytest.raises(ValueError, match="4,000"):
        soql.literal("x" * 4001)


def test_an_empty_list_and_a_time_without_an_offset_are_refused() -> None:
    with pytest.raises(ValueError, match="IN list"):
        soql.is_in("Id", [])
    with pytest.raises(ValueError, match="offset"):
        soql.instant(datetime(2026, 11, 22))  # noqa: DTZ001 - that is the point


def test_a_time_is_written_in_utc() -> None:
    vienna = timezone(timedelta(hours=1))
    assert soql.instant(datetime(2026, 11, 22, 9, 0, 0, 999, tzinfo=vienna)) == "2026-11-22T08:00:00Z"
    assert soql.instant(datetime(2026, 11, 22, tzinfo=UTC)) == "2026-11-22T00:00:00Z"


@given(st.lists(st.text(min_size=1, max_size=30)), st.integers(1, 60))
def test_portions_hold_every_value_once_and_fit(values: list[str], room: int) -> None:
    portions = list(soql.portions(values, room, len))
    assert [value for portion in portions for value in portion] == list(dict.fromkeys(values))
    assert all(len(portion) == 1 or sum(map(len, portion)) <= room for portion in portions)
    assert all(portions)

"""Reading JSON records member by member: what is accepted, and how a wrong shape is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from qbsf.errors import UnexpectedAnswer
from qbsf.records import Json, Reader

WRONG: list[tuple[Callable[[Reader], object], list[Json]]] = [
    (lambda r: r.text("a"), [None, "", 1, [], True]),
    (lambda r: r.text_or_empty("a"), [1, [], False]),
    (lambda r: r.decimal("a"), [None, "1", True, {}]),
    (lambda r: r.decimal_or_none("a"), ["", "1", False]),
    (lambda r: r.boolean("a"), [None, "true", 1]),
    (lambda r: r.integer_or_zero("a"), [Decimal("1.5"), True, "1"]),
    (lambda r: r.day("a"), [None, "", "2026-02-30", "2026-1-1", "22.11.2026", 20261122]),
    (lambda r: r.instant("a"), [None, "soon", "2026-11-22T00:00:00", 1]),
    (lambda r: r.member("a"), ["", [], 1]),
    (lambda r: r.members("a"), [{}, "", [1], [None]]),
]


@pytest.mark.parametrize(("read", "value"), [(read, value) for read, values in WRONG for value in values])
def test_a_wrong_shape_is_told_without_its_value(read: Callable[[Reader], object], value: Json) -> None:
    record = Reader.of("QuickBooks", "Invoice", {"Id": "130", "a": value})
    with pytest.raises(UnexpectedAnswer, match=r"^QuickBooks Invoice 130 has .* for a, not "):
        read(record)


def test_what_is_absent_or_null_is_told_apart_from_what_has_to_be_there() -> None:
    for record in (Reader("r", {}), Reader("r", {"a": None})):
        assert (record.text_or_empty("a"), record.decimal_or_none("a"), record.integer_or_zero("a")) == ("", None, 0)
        assert (record.day_or_none("a"), record.instant_or_none("a")) == (None, None)
        assert (record.members("a"), record.member("a").text_or_empty("b")) == ([], "")
        assert not record.has("a")


@pytest.mark.parametrize("text", ["2026-11-22T00:00:00-08:00", "2026-11-22T08:00:00Z", "2026-11-22T08:00:00.000+0000"])
def test_times_of_both_services_are_the_same_instant(text: str) -> None:
    assert Reader("r", {"a": text}).instant("a") == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_a_date_with_an_offset_stays_the_same_day() -> None:
    assert Reader("r", {"a": "2026-11-22-08:00"}).day("a") == date(2026, 11, 22)


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_a_record_that_is_no_object_is_told(value: Json) -> None:
    with pytest.raises(UnexpectedAnswer, match=r"^Salesforce sent Opportunity as "):
        Reader.of("Salesforce", "Opportunity", value)

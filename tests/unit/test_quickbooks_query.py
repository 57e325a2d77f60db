"""Statements as QuickBooks reads them."""

from datetime import datetime, timedelta, timezone

import pytest

from qbsf.quickbooks import query

PACIFIC = timezone(timedelta(hours=-8))


def test_a_page_of_changed_invoices() -> None:
    since = datetime(2026, 11, 21, 23, 59, 59, 999_999, tzinfo=PACIFIC)
    assert query.select("Invoice", (query.updated_since(since),), order_by=query.LAST_UPDATED, start=1001) == (
        "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2026-11-22T07:59:59+00:00' "
        "ORDERBY MetaData.LastUpdatedTime ASC STARTPOSITION 1001 MAXRESULTS 1000"
    )


def test_ids_are_quoted_and_an_empty_list_is_refused() -> None:
    assert query.is_in("Id", ["1", "22"]) == "Id IN ('1', '22')"
    with pytest.raises(ValueError, match="IN list"):
        query.is_in("Id", [])


@pytest.mark.parametrize(
    ("number", "written"),
    [("O'Neil-1", r"'O\'Neil-1'"), ("a\\", r"'a\\'"), ("\\' OR 1", r"'\\\' OR 1'"), ("Ä 1", "'Ä 1'")],
)
def test_no_number_can_leave_its_quotes(number: str, written: str) -> None:
    assert query.quoted(number) == written


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        query.instant(datetime(2026, 11, 22))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("text", ["", "12a", "-1", "1.5", "١٢", "1 ", "1\n", "9" * 19])
def test_texts_that_cannot_be_an_id(text: str) -> None:
    assert not query.is_id(text)


@pytest.mark.parametrize(("text", "possible"), [("A" * 21, True), ("A" * 22, False), ("", False), ("a\nb", False)])
def test_texts_that_can_be_an_invoice_number(text: str, possible: bool) -> None:
    assert query.is_number(text) is possible


def test_long_lists_are_sent_in_thousands_each_value_once() -> None:
    values = [str(n) for n in range(2500)]
    portions = list(query.portions([*values, *values]))
    assert [len(portion) for portion in portions] == [1000, 1000, 500]
    assert [value for portion in portions for value in portion] == values

"""How a person names a record, and a time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from qbsf.commands.ack import the_one
from qbsf.commands.history import since_of
from qbsf.errors import UsageError
from qbsf.naming import named, opportunity_id
from qbsf.report import InvoiceView, Record
from qbsf.salesforce.ids import long_id
from qbsf.state.acknowledge import Waiting

DEAL, OTHER = long_id("006000000000001"), long_id("00600000000000b")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def record(deal: str | None, name: str | None, *invoices: tuple[str, str]) -> Record:
    views = tuple(InvoiceView(one, number, "1.00", "0.00", "USD") for one, number in invoices)
    return Record("skipped", "closed_lost", deal, name, invoices=views)


RECORDS = [
    record(DEAL, "Café Straße 7", ("130", "2052")),
    record(OTHER, "Deal 2052", ("2052", "A-1"), ("131", "A-2")),
    record(None, None, ("140", "")),
]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("2052", [0, 1]),
        ("id:2052", [1]),
        (" A-2 ", [1]),
        ("140", [2]),
        (DEAL, [0]),
        (OTHER[:15], [1]),
        ("CAFÉ STRASSE", [0]),
        ("deal", [1]),
        ("a", [0, 1]),
        ("", []),
        ("006000000000009", []),
        ("%", []),
    ],
)
def test_an_invoice_or_opportunity_is_meant_by_number_id_or_part_of_its_name(text: str, places: list[int]) -> None:
    assert named(text, RECORDS, lambda one: one) == [RECORDS[place] for place in places]


def test_an_id_with_a_wrong_checksum_names_nothing_by_id() -> None:
    assert opportunity_id(DEAL[:15] + "XYZ") is None
    assert opportunity_id("001000000000001") is None


def test_an_opportunity_id_means_its_own_matter_and_an_invoice_number_that_of_the_invoice() -> None:
    own = Waiting(f"opportunity:{DEAL}", record(DEAL, "Deal", ("1", "A")), acknowledged=False)
    late = Waiting(f"late:{DEAL}:2", record(DEAL, "Deal", ("2", "B")), acknowledged=False)
    assert the_one(DEAL, [late, own]) == own
    assert the_one("B", [late, own]) == late
    assert the_one(DEAL, [late]) == late
    with pytest.raises(UsageError, match="names 2 things"):
        the_one("Deal", [late, own])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("12H", NOW - timedelta(hours=12)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-03-01", datetime(2026, 2, 28, 23, tzinfo=UTC)),
    ],
)
def test_since_is_a_local_day_or_a_span(text: str, instant: datetime) -> None:
    assert since_of(text, NOW, timezone(timedelta(hours=1))) == instant


@pytest.mark.parametrize("text", ["", "d", "-7d", "2026-02-30", "7 years", "0001-01-01T00:00"])
def test_since_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        since_of(text, NOW)

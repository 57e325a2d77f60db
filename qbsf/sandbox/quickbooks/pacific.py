"""US Pacific time, in which QuickBooks writes timestamps (quickbooks.md section 2), without a time zone database."""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache

_STANDARD = timezone(timedelta(hours=-8))
_DAYLIGHT = timezone(timedelta(hours=-7))
ZONE_NAME = "America/Los_Angeles"


def pacific(instant: datetime) -> datetime:
    """The same instant with the Pacific offset of its day."""
    at = instant.astimezone(UTC)
    return at.astimezone(_DAYLIGHT if _start(at.year) <= at < _end(at.year) else _STANDARD)


def from_local(local: datetime) -> datetime:
    """The instant that a Pacific clock without an offset means; the doubled hour of autumn is its first pass."""
    as_daylight = local.replace(tzinfo=_DAYLIGHT)
    year = as_daylight.astimezone(UTC).year
    if _start(year) <= as_daylight.astimezone(UTC) < _end(year):
        return as_daylight
    return local.replace(tzinfo=_STANDARD)


@lru_cache(maxsize=65_536)
def stamp(instant: datetime) -> str:
    """MetaData times: seconds, with offset."""
    return pacific(instant).isoformat(timespec="seconds")


def precise_stamp(instant: datetime) -> str:
    """The `time` of an answer: milliseconds, with offset."""
    return pacific(instant).isoformat(timespec="milliseconds")


@cache
def _start(year: int) -> datetime:
    """Second Sunday of March, 2:00 standard time."""
    return _sunday(year, 3, 8) + timedelta(hours=10)


@cache
def _end(year: int) -> datetime:
    """First Sunday of November, 2:00 daylight time."""
    return _sunday(year, 11, 1) + timedelta(hours=9)


def _sunday(year: int, month: int, earliest: int) -> datetime:
    first = datetime(year, month, earliest, tzinfo=UTC)
    return first + timedelta(days=6 - first.weekday())

"""Typed reading of JSON records from both services: tolerant of what is added, strict on what decides. PURE.

Money and numbers are Decimal from the wire. A wrong shape raises UnexpectedAnswer naming system, entity and id.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from qbsf.answers import one_line
from qbsf.errors import UnexpectedAnswer
from qbsf.json_values import Json, decode

__all__ = ["REPORT_IT", "Json", "Reader", "decode"]

REPORT_IT = "Run it again with -v; if it stays, report it with this line."
"""The cure of an error that only a change of qbsf can mend."""

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:?\d{2})?", re.ASCII)


class Reader:
    """One record, read member by member. `where` names it in errors: "QuickBooks Invoice 130"."""

    __slots__ = ("_inside", "_members", "_of")

    def __init__(self, of: "str | Reader", members: Mapping[str, Json], inside: str = "") -> None:
        """`of` is what the record is called, or the record that it stands in as `inside`."""
        self._of = of
        self._members = members
        self._inside = inside

    @property
    def where(self) -> str:
        """What the record is called in errors; put together only there, for many records are read without one."""
        if isinstance(self._of, Reader):
            return f"{self._of.where} {self._inside}"
        record_id = self._members.get("Id")
        return f"{self._of} {one_line(record_id, 40)}" if isinstance(record_id, str) else self._of

    @classmethod
    def of(cls, system: str, entity: str, value: Json) -> "Reader":
        """A reader of `value`, which has to be an object; its Id, where it has one, goes into errors."""
        if not isinstance(value, dict):
            raise UnexpectedAnswer(f"{system} sent {entity} as {kind_of(value)}, not as an object.", REPORT_IT)
        return cls(f"{system} {entity}", value)

    def wrong(self, name: str, expected: str) -> UnexpectedAnswer:
        """The error for a member that is not as expected; its value is not shown."""
        found = kind_of(self._members[name]) if name in self._members else "nothing"
        return wrong_member(self.where, found, name, expected)

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return self._members.get(name) is not None

    def raw(self, name: str) -> Json:
        """The member as it is; None where absent."""
        return self._members.get(name)

    def text(self, name: str) -> str:
        """A text that has to be there and not be empty."""
        value = self._members.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text")
        return value

    def text_or_empty(self, name: str) -> str:
        """A text, "" where absent or null."""
        value = self._members.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def decimal(self, name: str) -> Decimal:
        """A number that has to be there."""
        value = self.decimal_or_none(name)
        if value is None:
            raise self.wrong(name, "a number")
        return value

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A number, None where absent or null."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.wrong(name, "a number")
        return Decimal(value)

    def boolean(self, name: str) -> bool:
        """True or false, which has to be there."""
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def integer_or_zero(self, name: str) -> int:
        """A whole number, 0 where absent or null."""
        value = self._members.get(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number")
        return value

    def day(self, name: str) -> date:
        """A plain date that has to be there. An offset behind it is dropped, never applied."""
        value = self.day_or_none(name)
        if value is None:
            raise self.wrong(name, "a date")
        return value

    def day_or_none(self, name: str) -> date | None:
        """A plain date, None where absent or null."""
        value = self._members.get(name)
        if value is None:
            return None
        day = day_of(value) if isinstance(value, str) else None
        if day is None:
            raise self.wrong(name, "a date")
        return day

    def instant(self, name: str) -> datetime:
        """A point in time with its offset, which has to be there."""
        value = self.instant_or_none(name)
        if value is None:
            raise self.wrong(name, "a time")
        return value

    def instant_or_none(self, name: str) -> datetime | None:
        """A point in time with its offset, None where absent or null. One without an offset means nothing: refused."""
        value = self._members.get(name)
        if value is None:
            return None
        instant = instant_of(value) if isinstance(value, str) else None
        if instant is None:
            raise self.wrong(name, "a time with its offset")
        return instant

    def member(self, name: str) -> "Reader":
        """An object inside; one without members where absent or null."""
        value = self._members.get(name)
        if value is None:
            return Reader(self, {}, name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Reader(self, value, name)

    def values(self, name: str) -> "list[Json]":
        """A list that has to be there."""
        value = self._members.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def members(self, name: str) -> "list[Reader]":
        """A list of objects inside, empty where absent or null."""
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        items: list[Reader] = []
        for item in value:
            if not isinstance(item, dict):
                raise self.wrong(name, "a list of objects")
            items.append(Reader(self, item, name))
        return items


def wrong_member(where: str, found: str, name: str, expected: str) -> UnexpectedAnswer:
    """The error for a member of a record that holds another kind of value than it should."""
    return UnexpectedAnswer(f"{where} has {found} for {name}, not {expected}.", REPORT_IT)


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """The plain date that a text tells, None where it tells none; records of one time share theirs. An offset behind
    it is dropped, never applied.
    """
    found = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def instant_of(text: str) -> datetime | None:
    """The point in time that a text tells, None where it tells none: one without an offset means nothing."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant


def kind_of(value: object) -> str:
    """What a JSON value is, for a person."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "another text"
        case list():
            return "a list"
        case _:
            return "an object"

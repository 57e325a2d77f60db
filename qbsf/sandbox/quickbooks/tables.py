"""A table of records with the orders and indexes that keep 100,000 of them quick to ask."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

from qbsf.sandbox.quickbooks.records import Deletion, Record

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Records by id, in the order of their last update, and by one text key (number or name, any case)."""

    def __init__(self, key: Callable[[R], str]) -> None:
        self._key = key
        self._rows: dict[str, R] = {}
        self._by_update: dict[str, R] = {}
        self._sorted: list[R] | None = None
        self._in_order = True
        self._ids_of_key: dict[str, dict[str, None]] = {}
        self._key_of_id: dict[str, str] = {}
        self.deleted: dict[str, Deletion] = {}
        """By id, in the order of deletion."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._rows

    def get(self, record_id: str) -> R | None:
        return self._rows.get(record_id)

    def newest_first(self) -> Iterator[R]:
        """The last created first: QuickBooks promises no order, and `ORDERBY Id` changes none."""
        return reversed(self._rows.values())

    def by_ids(self, ids: Iterable[str]) -> list[R]:
        """Those that exist, newest first, each once."""
        found = {record_id for record_id in ids if record_id in self._rows}
        return [self._rows[record_id] for record_id in sorted(found, key=_as_number, reverse=True)]

    def by_key(self, key: str) -> list[R]:
        """Those with this number or name."""
        return [self._rows[record_id] for record_id in self._ids_of_key.get(key.casefold(), {})]

    def updated(self, lower: datetime, upper: datetime | None = None) -> list[R]:
        """Those last updated from an instant on, up to another and including it, oldest update first."""
        if self._sorted is None:
            rows = list(self._by_update.values())
            if not self._in_order:
                rows.sort(key=_updated)
                self._by_update = {row.id: row for row in rows}
                self._in_order = True
            self._sorted = rows
        first = bisect_left(self._sorted, lower, key=_updated)
        last = None if upper is None else bisect_right(self._sorted, upper, key=_updated)
        return self._sorted[first:last]

    def add(self, record: R) -> None:
        self._rows[record.id] = record
        self._by_update[record.id] = record
        self._sorted = None
        self.index(record)

    def touch(self, record: R, at: datetime, visible_at: datetime | None = None) -> None:
        """Note a change made at an instant."""
        record.updated = at
        record.visible_at = visible_at
        self._by_update.pop(record.id, None)
        self._by_update[record.id] = record
        self._sorted = None
        self.index(record)

    def disorder(self) -> None:
        """Some `updated` were set back by hand: the order is found anew when it is next needed."""
        self._in_order = False
        self._sorted = None

    def index(self, record: R) -> None:
        """Follow a changed number or name."""
        key = self._key(record).casefold()
        old = self._key_of_id.get(record.id)
        if old == key:
            return
        if old is not None:
            del self._ids_of_key[old][record.id]
        self._key_of_id[record.id] = key
        self._ids_of_key.setdefault(key, {})[record.id] = None

    def remove(self, record: R, deletion: Deletion) -> None:
        del self._rows[record.id]
        del self._by_update[record.id]
        del self._ids_of_key[self._key_of_id.pop(record.id)][record.id]
        self._sorted = None
        self.deleted[record.id] = deletion


def _updated(record: Record) -> datetime:
    return record.updated


def _as_number(record_id: str) -> tuple[int, str]:
    return (int(record_id) if record_id.isdecimal() else 0, record_id)

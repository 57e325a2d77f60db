"""The rows of an org, with the indexes that keep 100,000 Opportunities quick, and an undo log for rollbacks."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from qbsf.sandbox.salesforce.schema import ObjectSchema, Row, Schema, Value

UNINDEXED = frozenset({"CreatedById", "LastModifiedById", "OwnerId"})
"""References of every row to a few users: an index on them would narrow nothing."""


def unique_key(value: Value, *, case_sensitive: bool) -> Value:
    """What makes two values of a unique field the same."""
    return value.casefold() if isinstance(value, str) and not case_sensitive else value


class Table:
    """The rows of one object by id. A row is replaced, never changed, so an old one is its own snapshot."""

    def __init__(self, schema: ObjectSchema) -> None:
        self._schema = schema
        self._rows: dict[str, Row] = {}
        self._by_stamp: list[tuple[datetime, str]] = []
        self._by_reference: dict[str, dict[str, dict[str, None]]] = {}
        self._by_unique: dict[str, dict[Value, dict[str, None]]] = {}
        self._visible_from: dict[str, datetime] = {}
        self.reindex()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, record_id: str) -> Row | None:
        return self._rows.get(record_id)

    def rows(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def reindex(self) -> None:
        """Build the indexes of references and unique fields anew, after the object's fields changed."""
        fields = self._schema.fields.values()
        self._by_reference = {one.name: {} for one in fields if one.reference_to and one.name not in UNINDEXED}
        self._by_unique = {one.name: {} for one in fields if one.unique}
        for row in self._rows.values():
            self._index(row)

    def put(self, row: Row, *, visible_from: datetime | None = None) -> Row | None:
        """Store a row, answer the one it replaces. Until `visible_from` queries on the modstamp miss it."""
        record_id = str(row["Id"])
        old = self._rows.get(record_id)
        if old is not None:
            self._unindex(old)
        self._rows[record_id] = row
        self._index(row)
        if old is None or old["SystemModstamp"] != row["SystemModstamp"]:
            insort(self._by_stamp, (_stamp(row), record_id))
            if len(self._by_stamp) > 2 * len(self._rows) + 1000:
                self._by_stamp = sorted((_stamp(one), key) for key, one in self._rows.items())
        if visible_from is not None:
            self._visible_from[record_id] = visible_from
        return old

    def restore(self, record_id: str, old: Row | None) -> None:
        """Undo a `put`."""
        if old is not None:
            self.put(old)
            return
        gone = self._rows.pop(record_id, None)
        if gone is not None:
            self._unindex(gone)

    def changed_since(self, moment: datetime) -> Iterator[Row]:
        """Rows whose SystemModstamp is at or after a moment, oldest first."""
        start = bisect_left(self._by_stamp, (moment, ""))
        last = ""
        for stamp, record_id in self._by_stamp[start:]:
            row = self._rows.get(record_id)
            # A rolled-back save leaves a second, adjacent entry of the stamp it went back to.
            if row is not None and row["SystemModstamp"] == stamp and record_id != last:
                last = record_id
                yield row

    def by_reference(self, field_name: str, record_id: str) -> list[Row]:
        """Rows whose reference field holds that id."""
        return [self._rows[key] for key in self._by_reference[field_name].get(record_id, ())]

    def has_reference_index(self, field_name: str) -> bool:
        return field_name in self._by_reference

    def holder_of(self, field_name: str, key: Value) -> str | None:
        """The id of a row, not a deleted one, that holds a unique value."""
        holders = self._by_unique[field_name].get(key, ())
        return next((one for one in holders if not self._rows[one]["IsDeleted"]), None)

    def is_late(self, record_id: str, now: datetime) -> bool:
        """Whether a saved row has not yet arrived for queries on its modstamp."""
        visible_from = self._visible_from.get(record_id)
        return visible_from is not None and now < visible_from

    def _index(self, row: Row) -> None:
        record_id = str(row["Id"])
        for name, index in self._by_reference.items():
            target = row[name]
            if isinstance(target, str):
                index.setdefault(target, {})[record_id] = None
        for name, unique in self._by_unique.items():
            if row[name] is not None:
                unique.setdefault(self._unique_key(name, row), {})[record_id] = None

    def _unindex(self, row: Row) -> None:
        record_id = str(row["Id"])
        for name, index in self._by_reference.items():
            target = row[name]
            if isinstance(target, str):
                index[target].pop(record_id, None)
        for name, unique in self._by_unique.items():
            if row[name] is not None:
                unique[self._unique_key(name, row)].pop(record_id, None)

    def _unique_key(self, name: str, row: Row) -> Value:
        return unique_key(row[name], case_sensitive=self._schema.fields[name.lower()].case_sensitive)


def _stamp(row: Row) -> datetime:
    stamp = row["SystemModstamp"]
    if not isinstance(stamp, datetime):
        raise TypeError(f"row {row['Id']} has no SystemModstamp")
    return stamp


@dataclass(frozen=True)
class Save:
    """One save of one record, also a no-op one: tests count writes by these."""

    record_id: str
    object_name: str
    kind: str
    """create, update, delete or undelete."""
    by: str
    """Name of the user."""
    at: datetime
    through_api: bool
    changes: dict[str, tuple[Value, Value]] = field(default_factory=dict)
    """Field: (old, new), without the audit fields."""


class Database:
    """All tables of an org and the saves made on them."""

    def __init__(self, schema: Schema) -> None:
        self._tables = {one.name: Table(one) for one in schema}
        self._undo: list[Callable[[], None]] = []
        self._depth = 0
        self.saves: list[Save] = []

    def table(self, object_name: str) -> Table:
        """The rows of an object, also of one that was switched off since."""
        return self._tables[object_name]

    def put(self, object_name: str, row: Row, *, visible_from: datetime | None = None) -> None:
        table = self.table(object_name)
        old = table.put(row, visible_from=visible_from)
        if self._depth:
            self._undo.append(lambda: table.restore(str(row["Id"]), old))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Whatever is saved inside is taken back when the block raises; blocks nest."""
        mark, saves = len(self._undo), len(self.saves)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()()
            del self.saves[saves:]
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()

"""The records of a pass, kept out of memory: a first pass over 100,000 deals has as many."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import overload

from qbsf.report import Record
from qbsf.state.journal import decode_record, encode_record

_AT_ONCE = 200


class RecordSpool(Sequence[Record]):
    """Records in a file of SQLite's own that vanishes with the process, read in the order of their keys."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("CREATE TABLE records (number INTEGER PRIMARY KEY, key TEXT NOT NULL, body TEXT NOT NULL)")
        self._count = 0
        self._last: list[tuple[str, str]] = []
        """Key and text of those that are not in the file yet."""

    def add(self, key: str, record: Record, body: str = "") -> None:
        """Keep a record; `body` is its text where there is one already (`encode_record`)."""
        self._last.append((key, body or encode_record(record)))
        self._count += 1
        if len(self._last) == _AT_ONCE:
            self._write()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Record]:
        self._write()
        for row in self._db.execute("SELECT body FROM records ORDER BY key, number"):
            yield decode_record(row[0])

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return list(self)[index]

    def _write(self) -> None:
        self._db.executemany("INSERT INTO records (key, body) VALUES (?, ?)", self._last)
        self._last = []

"""Rows of the state as this run has read or written them: each is asked of SQLite once, and many at a time.

Every write goes to SQLite at once, so that these are never more than a memory of it: they may be emptied at any time.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from qbsf.state.codec import pack
from qbsf.state.store import State

V = TypeVar("V")

MOST = 12_000
"""Rows of one table that are kept in memory, all of them as a rule."""
_WINDOW = 3_000
"""Rows that are kept of a world that is larger: it is worked on in windows."""
THESE = "(SELECT value FROM json_each(?))"
"""The keys that a `load` is asked for, in its SELECT."""


class Known(Generic[V]):
    """Values by key. A key that the table does not have is known as `absent`."""

    def __init__(self, state: State, load: Callable[[str], Mapping[str, V]], absent: V) -> None:
        """`load` answers the rows of a JSON list of keys."""
        self._load = load
        self._absent = absent
        self._rows: dict[str, V] = {}
        self._state = state
        state.on_rollback(self._rows.clear)

    def fetch(self, keys: Iterable[str]) -> None:
        """Read those that are not known yet, in one statement."""
        rows = self._rows
        wanted = [key for key in keys if key not in rows]
        if not wanted:
            return
        wanted = list(dict.fromkeys(wanted))
        self._make_room(len(wanted))
        rows.update(dict.fromkeys(wanted, self._absent))
        rows.update(self._load(pack(wanted)))

    def get(self, key: str) -> V:
        try:
            return self._rows[key]
        except KeyError:
            self.fetch((key,))
            return self._rows[key]

    def set(self, key: str, value: V) -> None:
        """What was just written to the table."""
        if key not in self._rows:
            self._make_room(1)
        self._rows[key] = value

    def clear(self) -> None:
        """Read all again where they are asked for."""
        self._rows.clear()

    def forget(self, key: str) -> None:
        """Read it again where it is asked for."""
        self._rows.pop(key, None)

    def _make_room(self, count: int) -> None:
        if len(self._rows) + count > (_WINDOW if self._state.is_large else MOST):
            self._rows.clear()


class KnownLists(Known[tuple[str, ...]]):
    """Several texts for a key, in the order of `select`, which answers rows of (key, text)."""

    def __init__(self, state: State, select: str) -> None:
        def load(keys: str) -> Mapping[str, tuple[str, ...]]:
            found: dict[str, list[str]] = {}
            for key, text in state.db.execute(select, (keys,)):
                found.setdefault(key, []).append(text)
            return {key: tuple(texts) for key, texts in found.items()}

        super().__init__(state, load, ())

    def add(self, key: str, text: str) -> None:
        """A text that was just written to the table, put where the order of the texts wants it."""
        texts = self._rows.get(key)
        if texts is not None and text not in texts:
            self._rows[key] = tuple(sorted((*texts, text)))

    def remove(self, key: str, text: str) -> None:
        """A text that was just deleted from the table."""
        texts = self._rows.get(key)
        if texts is not None:
            self._rows[key] = tuple(each for each in texts if each != text)


class KnownKeys:
    """Which keys a table has that is small as a rule; all of them are read at the first question."""

    def __init__(self, state: State, select: str) -> None:
        self._state = state
        self._select = select
        self._keys: set[str] | None = None
        state.on_rollback(self._forget)

    def __contains__(self, key: object) -> bool:
        return key in self._read()

    def __bool__(self) -> bool:
        return bool(self._read())

    def beginning(self, prefix: str) -> list[str]:
        """The keys that begin so, in their order."""
        return sorted(key for key in self._read() if key.startswith(prefix))

    def add(self, key: str) -> None:
        """A key that was just written to the table."""
        self._read().add(key)

    def remove(self, key: str) -> None:
        """A key that was just deleted from the table."""
        self._read().discard(key)

    def _read(self) -> set[str]:
        if self._keys is None:
            self._keys = {row[0] for row in self._state.db.execute(self._select)}
        return self._keys

    def _forget(self) -> None:
        self._keys = None

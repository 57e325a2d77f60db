"""Opening the state file: durable, in one transaction at a time, healed where it is damaged."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from qbsf.errors import ConfigError
from qbsf.state import schema
from qbsf.state.codec import instant

_BUSY_SECONDS = 10.0
_TABLE_NAMES = re.findall(r"CREATE TABLE (\w+)", schema.TABLES)
_CHECKED_BYTES = 8_000_000
"""A state up to this size is checked whole at each start; in a larger one damage shows where it is met."""


class State:
    """A connection to the state of one profile, and its key-value facts.

    Several processes may hold one; SQLite's write-ahead log keeps a reader from waiting for a writer.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection
        self.is_large = False
        """Whether more is worked on than memory should hold: its rows are kept there in windows."""
        self._is_relaxed = False
        self._on_rollback: list[Callable[[], None]] = []

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Have `forget` called whenever something that was written is taken back."""
        self._on_rollback.append(forget)

    def transaction(self, *, lasting: bool = False) -> AbstractContextManager[None]:
        """All or nothing, on disk when it ends; within another one it is part of that. `lasting`: not even a loss of
        power takes it back, also where the state is `relaxed`.
        """
        if self.db.in_transaction:
            return _PART
        return _Lasting(self) if lasting and self._is_relaxed else _Transaction(self)

    @contextmanager
    def relaxed(self) -> Iterator[None]:
        """Inside, a loss of power may take back the last transactions, each as a whole and in their order. A kill
        never does. Waiting for the disk after each would be a large part of a large pass.
        """
        self.wait_for_disk(wait=False)
        self._is_relaxed = True
        try:
            yield
        finally:
            self._is_relaxed = False
            self.wait_for_disk(wait=True)

    def wait_for_disk(self, *, wait: bool) -> None:
        """Whether the end of a transaction waits until the disk has it (sqlite.org/pragma.html, synchronous). One that
        could not be ended keeps its way: that cannot be changed inside.
        """
        if not self.db.in_transaction:
            self.db.execute(f"PRAGMA synchronous = {'FULL' if wait else 'NORMAL'}")

    def forget_memory(self) -> None:
        """Something that was written was taken back."""
        for forget in self._on_rollback:
            forget()

    def get(self, key: str) -> str | None:
        """A fact of the profile, None where it is not known."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def forget(self, key: str) -> None:
        self.db.execute("DELETE FROM meta WHERE key = ?", (key,))

    def get_instant(self, key: str) -> datetime | None:
        value = self.get(key)
        return None if value is None else datetime.fromisoformat(value)

    def put_instant(self, key: str, moment: datetime) -> None:
        self.put(key, instant(moment))

    def copy(self) -> "State":
        """A throw-away copy of everything, for a dry run: same facts, and nothing reaches the disk."""
        scratch = _connect(":memory:")
        self.db.backup(scratch)
        return State(scratch)

    def close(self) -> None:
        self.db.close()


class _Transaction:
    """The outermost transaction. A class of its own: ten thousands are begun in a large pass."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    def __enter__(self) -> None:
        self._state.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._state.db.execute("COMMIT")
        else:
            self._state.db.execute("ROLLBACK")
            self._state.forget_memory()


class _Lasting(_Transaction):
    """One that the disk has when it ends, although others need not wait for that."""

    __slots__ = ()

    def __enter__(self) -> None:
        self._state.wait_for_disk(wait=True)
        super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, *of: object) -> None:
        try:
            super().__exit__(kind, *of)
        finally:
            self._state.wait_for_disk(wait=False)


_PART = nullcontext()
"""A transaction within another one."""


def open_state(path: Path, now: datetime) -> State:
    """Open the state, made where it is missing. A damaged file is put aside and a new one begun.

    Raises ConfigError for a state of a newer qbsf (left untouched) and for a folder that cannot be written.
    """
    try:
        return _open_checked(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise state_unusable(path, error) from None
    put_aside(path, now)
    state = _open_checked(path)
    state.put_instant("damaged_at", now)
    return state


def state_unusable(path: Path, error: sqlite3.Error) -> ConfigError:
    """The error of a state that is not damaged and cannot be read or written all the same."""
    return ConfigError(
        f"The state file {path} cannot be used ({error}).",
        "Check that its folder is yours, writable and not full; then run again.",
        code="state",
    )


def read_state(path: Path) -> State | None:
    """The state for reading alone, None where there is none (or none that can be read)."""
    if not path.exists():
        return None
    try:
        _refuse_newer(path)
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.DatabaseError:
        return None
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == schema.VERSION and _is_whole(connection, path):
            return State(connection)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            connection.close()
            raise
    connection.close()
    return None


def empty_state() -> State:
    """A state in memory, for a dry run before there is any."""
    connection = _connect(":memory:")
    _create(connection)
    return State(connection)


def copy_daily(state: State, path: Path, now: datetime) -> None:
    """Keep a copy of the state beside it, at most a day old."""
    last = state.get_instant("copied_at")
    if last is not None and timedelta() <= now - last < timedelta(days=1):
        return
    beside = path.with_suffix(".copy.tmp")
    beside.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(beside)) as target:
            state.db.backup(target)
        beside.chmod(0o600)
        beside.replace(path.with_suffix(".copy.sqlite3"))
    except BaseException:
        # Half a copy would take the room that the state itself needs.
        beside.unlink(missing_ok=True)
        raise
    state.put_instant("copied_at", now)


def _open_checked(path: Path) -> State:
    if not path.exists():
        path.touch(mode=0o600)
    _refuse_newer(path)
    connection = _connect(str(path))
    try:
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return State(connection)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        _create(connection)
    elif not _is_whole(connection, path):
        raise sqlite3.DatabaseError("malformed")


def _refuse_newer(path: Path) -> None:
    """Looked up without writing: a newer state is left untouched."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise _newer(path, version)


def _is_whole(connection: sqlite3.Connection, path: Path) -> bool:
    """Every table is there, and a file that is not large has no damage inside."""
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not there >= set(_TABLE_NAMES):
        return False
    return path.stat().st_size >= _CHECKED_BYTES or connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"


def _connect(where: str) -> sqlite3.Connection:
    connection = sqlite3.connect(where, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -8000")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN; {schema.TABLES} PRAGMA user_version = {schema.VERSION}; COMMIT;")


def _newer(path: Path, version: int) -> ConfigError:
    return ConfigError(
        f"The state file {path} is of a newer qbsf (schema {version}, this one knows {schema.VERSION}).",
        "Install that newer qbsf again; the file was left untouched.",
        code="state",
    )


def is_damage(error: sqlite3.DatabaseError) -> bool:
    text = str(error)
    return any(word in text for word in ("malformed", "not a database", "corrupt", "no such table"))


def put_aside(path: Path, now: datetime) -> None:
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.move(part, path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}{suffix}"))

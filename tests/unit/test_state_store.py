"""Transactions of the state: what each leaves behind, and when the disk is waited for."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qbsf.state.store import State, open_state

FULL, NORMAL = 2, 1
"""How SQLite tells PRAGMA synchronous."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path / "state.sqlite3", datetime(2026, 11, 22, tzinfo=UTC))
    yield state
    state.close()


def level(state: State) -> int:
    found: int = state.db.execute("PRAGMA synchronous").fetchone()[0]
    return found


def test_every_transaction_waits_for_the_disk_unless_that_is_relaxed(state: State) -> None:
    with state.transaction():
        assert level(state) == FULL
    with state.relaxed(), state.transaction():
        assert level(state) == NORMAL
    assert level(state) == FULL


def test_a_lasting_one_waits_also_where_others_do_not(state: State) -> None:
    with state.relaxed():
        with state.transaction(lasting=True):
            assert level(state) == FULL
        assert level(state) == NORMAL


def test_what_fails_is_taken_back_and_forgotten_also_where_it_was_to_last(state: State) -> None:
    told: list[str] = []
    state.on_rollback(lambda: told.append("forget"))

    def fail(*, lasting: bool) -> None:
        with state.transaction(lasting=lasting):
            state.put("key", "value")
            raise LookupError

    for lasting in (False, True):
        with state.relaxed(), pytest.raises(LookupError):
            fail(lasting=lasting)
    assert (state.get("key"), told, level(state)) == (None, ["forget", "forget"], FULL)


def test_an_end_that_fails_is_told_as_it_is(state: State) -> None:
    """A COMMIT on a full disk leaves the transaction open."""

    def fail() -> None:
        with state.relaxed(), state.transaction(lasting=True):
            state.db.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
            state.db.execute("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
            state.db.execute("INSERT INTO child VALUES (1)")

    state.db.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        fail()


def test_one_within_another_is_part_of_it(state: State) -> None:
    def fail() -> None:
        with state.transaction():
            with state.transaction():
                state.put("key", "value")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert state.get("key") is None

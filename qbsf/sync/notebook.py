"""What people were told already, kept in the state."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from qbsf.clock import Clock
from qbsf.paths import ProfilePaths
from qbsf.state.store import State, open_state, state_unusable

OF_PASSES = "told"
OF_INVOICING = "told_invoicing"


class StateNotebook:
    """One text of the profile, under a key of its own for each command that tells news. Raises QbsfError where the
    state cannot be used.
    """

    def __init__(self, paths: ProfilePaths, clock: Clock, key: str = OF_PASSES) -> None:
        self._key = key
        self._paths = paths
        self._clock = clock

    def read(self) -> str:
        """The text last written, "" at first."""
        with self._opened() as state:
            return state.get(self._key) or ""

    def write(self, text: str) -> None:
        """Keep `text`."""
        with self._opened() as state:
            state.put(self._key, text)

    @contextmanager
    def _opened(self) -> Iterator[State]:
        self._paths.prepare()
        state = open_state(self._paths.state, self._clock.now())
        try:
            yield state
        except sqlite3.Error as error:
            raise state_unusable(self._paths.state, error) from error
        finally:
            state.close()

"""Taking something out of what waits for a person, while a pass may be running."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qbsf.errors import Busy, QbsfError
from qbsf.report import Record
from qbsf.state.journal import LATE, decode_record
from qbsf.state.store import State


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a person, under the key that a pass gave it."""

    key: str
    record: Record
    acknowledged: bool

    @property
    def of_one_invoice(self) -> bool:
        """Whether it is about a further invoice of an Opportunity, not about the Opportunity itself."""
        return self.key.startswith(LATE)


def acknowledge(state: State, choose: Callable[[Sequence[Waiting]], Waiting], note: str) -> Waiting:
    """Acknowledge what `choose` picks of everything that waits, until its facts change; as it was before.

    One transaction: a pass that runs beside it either sees it or is seen by it. `choose` may raise, then nothing is
    changed. Raises Busy where the state stays locked.
    """
    try:
        with state.transaction():
            rows = state.db.execute("SELECT key, record, acknowledged FROM attention ORDER BY since, key").fetchall()
            chosen = choose([Waiting(row[0], decode_record(row[1]), row[2] is not None) for row in rows])
            state.db.execute("UPDATE attention SET acknowledged = ? WHERE key = ?", (note, chosen.key))
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Busy("A running pass holds the state.", "Run `qbsf ack` again.") from error
        raise QbsfError(
            f"The state cannot be changed: {error}.", "Look at its folder and disk.", code="state"
        ) from error
    return chosen

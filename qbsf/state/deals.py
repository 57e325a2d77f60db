"""Salesforce as last seen: Opportunities, the names they give invoices, and the links that were found."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from qbsf.config import FieldsConfig, Way
from qbsf.core.links import link_text, possible_names
from qbsf.model import Opportunity
from qbsf.state.codec import decode_opportunity, encode_opportunity, instant
from qbsf.state.store import State

_TOLD = 1_000_000
"""More tries than there can be: a doubt that a person was told of."""


class DealsCache:
    """The tables of Opportunities and links. `put` tells whether anything that matters has changed."""

    def __init__(self, state: State, fields: FieldsConfig) -> None:
        self._db = state.db
        self._fields = fields

    def get(self, opportunity_id: str) -> Opportunity | None:
        row = self._db.execute(
            "SELECT body, modified_by, modified_by_id, modstamp FROM opportunities WHERE id = ?", (opportunity_id,)
        ).fetchone()
        return None if row is None else decode_opportunity(*row)

    def put(self, opportunity: Opportunity) -> bool:
        body = encode_opportunity(opportunity)
        row = self._db.execute("SELECT body FROM opportunities WHERE id = ?", (opportunity.id,)).fetchone()
        self._db.execute(
            "INSERT OR REPLACE INTO opportunities VALUES (?, ?, ?, ?, ?)",
            (
                opportunity.id,
                body,
                opportunity.modified_by,
                opportunity.modified_by_id,
                instant(opportunity.system_modstamp),
            ),
        )
        if row == (body,):
            return False
        self._db.execute("DELETE FROM names WHERE opportunity_id = ?", (opportunity.id,))
        self._db.executemany("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", self._names(opportunity))
        return True

    def drop(self, opportunity_id: str) -> None:
        """Forget an Opportunity: it is gone, not shared any more, or its link was cleared."""
        for table in ("names", "links", "ways", "todo", "doubts", "holds"):
            self._db.execute(f"DELETE FROM {table} WHERE opportunity_id = ?", (opportunity_id,))  # noqa: S608 - names above
        self._db.execute("DELETE FROM opportunities WHERE id = ?", (opportunity_id,))

    def ids(self) -> Iterator[str]:
        """All known Opportunities, in the order of their ids."""
        for row in self._db.execute("SELECT id FROM opportunities ORDER BY id").fetchall():
            yield row[0]

    def naming(self, kind: Way, names: Iterable[str]) -> set[str]:
        """Opportunities whose id or number field may mean one of these names."""
        found: set[str] = set()
        for name in names:
            rows = self._db.execute("SELECT opportunity_id FROM names WHERE kind = ? AND name = ?", (kind, name))
            found.update(row[0] for row in rows)
        return found

    def linked_to(self, invoice_id: str) -> tuple[str, ...]:
        rows = self._db.execute(
            "SELECT opportunity_id FROM links WHERE invoice_id = ? ORDER BY opportunity_id", (invoice_id,)
        )
        return tuple(row[0] for row in rows)

    def links_of(self, opportunity_id: str) -> tuple[str, ...]:
        rows = self._db.execute("SELECT invoice_id FROM links WHERE opportunity_id = ?", (opportunity_id,))
        return tuple(row[0] for row in rows)

    def first_way(self, opportunity_id: str) -> Way | None:
        row = self._db.execute("SELECT way FROM ways WHERE opportunity_id = ?", (opportunity_id,)).fetchone()
        return None if row is None else row[0]

    def set_links(self, opportunity_id: str, way: Way | None, invoice_ids: Iterable[str]) -> set[str]:
        """Store the links of an Opportunity; answers the invoices that came to it or left it."""
        before = set(self.links_of(opportunity_id))
        after = set(invoice_ids)
        self._db.executemany(
            "DELETE FROM links WHERE opportunity_id = ? AND invoice_id = ?",
            [(opportunity_id, invoice_id) for invoice_id in before - after],
        )
        self._db.executemany(
            "INSERT INTO links VALUES (?, ?)", [(opportunity_id, invoice_id) for invoice_id in after - before]
        )
        if way is None:
            self._db.execute("DELETE FROM ways WHERE opportunity_id = ?", (opportunity_id,))
        elif not before & after or self.first_way(opportunity_id) is None:
            self._db.execute("INSERT OR REPLACE INTO ways VALUES (?, ?)", (opportunity_id, way))
        return before ^ after

    # What is still to be decided.

    def mark(self, opportunity_ids: Iterable[str], *, reread: bool = False) -> None:
        """Put Opportunities on the list of those still to be decided."""
        self._db.executemany(
            "INSERT INTO todo VALUES (?, ?) "
            "ON CONFLICT (opportunity_id) DO UPDATE SET reread = max(reread, excluded.reread)",
            [(opportunity_id, int(reread)) for opportunity_id in opportunity_ids],
        )

    def done(self, opportunity_ids: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM todo WHERE opportunity_id = ?", [(each,) for each in opportunity_ids])

    def todo(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT opportunity_id FROM todo ORDER BY opportunity_id")]

    def to_reread(self) -> list[str]:
        """Those whose QuickBooks records are to be read before they are decided."""
        rows = self._db.execute("SELECT opportunity_id FROM todo WHERE reread = 1 ORDER BY opportunity_id")
        return [row[0] for row in rows]

    def reread_done(self, opportunity_ids: Iterable[str]) -> None:
        self._db.executemany(
            "UPDATE todo SET reread = 0 WHERE opportunity_id = ?", [(each,) for each in opportunity_ids]
        )

    # Invoices that were read in the middle of a change.

    def doubt_since(self, opportunity_id: str) -> datetime | None:
        """Since when its invoices have not added up; None where they do."""
        row = self._db.execute("SELECT since FROM doubts WHERE opportunity_id = ?", (opportunity_id,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def doubt(self, opportunity_id: str, now: datetime) -> int:
        """Once more they do not add up; answers how many passes have found so."""
        self._db.execute(
            "INSERT INTO doubts VALUES (?, ?, 1) ON CONFLICT (opportunity_id) DO UPDATE SET tries = tries + 1",
            (opportunity_id, instant(now)),
        )
        row = self._db.execute("SELECT tries FROM doubts WHERE opportunity_id = ?", (opportunity_id,)).fetchone()
        return int(row[0])

    def doubts_before(self, moment: datetime) -> list[str]:
        """Those that have not added up since before then, and nobody was told yet."""
        rows = self._db.execute(
            "SELECT opportunity_id FROM doubts WHERE since < ? AND tries < ?", (instant(moment), _TOLD)
        )
        return [row[0] for row in rows]

    def doubt_told(self, opportunity_id: str) -> None:
        """A person was told: it is looked at again when something changes."""
        self._db.execute("UPDATE doubts SET tries = ? WHERE opportunity_id = ?", (_TOLD, opportunity_id))

    def no_doubt(self, opportunity_id: str) -> None:
        self._db.execute("DELETE FROM doubts WHERE opportunity_id = ?", (opportunity_id,))

    def _names(self, opportunity: Opportunity) -> list[tuple[Way, str, str]]:
        ids = possible_names(link_text(opportunity, self._fields.invoice_id))
        numbers = possible_names(link_text(opportunity, self._fields.invoice_number))
        by_id: list[tuple[Way, str, str]] = [("invoice_id", name, opportunity.id) for name in ids]
        return by_id + [("invoice_number", name, opportunity.id) for name in numbers]

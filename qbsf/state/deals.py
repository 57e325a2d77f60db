"""Salesforce as last seen: Opportunities, the names they give invoices, and the links that were found."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from sys import intern

from qbsf.config import FieldsConfig, Way
from qbsf.core.links import Links, link_text, possible_names
from qbsf.model import Opportunity
from qbsf.state.codec import decode_opportunity, encode_opportunity, instant, pack
from qbsf.state.known import THESE, Known, KnownKeys, KnownLists
from qbsf.state.store import State

_TOLD = 1_000_000
"""More tries than there can be: a doubt that a person was told of."""


class _Kept:
    """An Opportunity as the table has it; its body is decoded where it is asked for."""

    __slots__ = ("body", "stamps", "value")

    def __init__(self, body: str, stamps: tuple[str, str, str], value: Opportunity | None = None) -> None:
        self.body = body
        self.stamps = stamps
        """Who changed it last (name, id), and SystemModstamp."""
        self.value = value

    @property
    def opportunity(self) -> Opportunity:
        if self.value is None:
            self.value = decode_opportunity(self.body, *self.stamps)
        return self.value


class DealsCache:
    """The tables of Opportunities and links. `put` tells whether anything that matters has changed."""

    def __init__(self, state: State, fields: FieldsConfig) -> None:
        self._state = state
        db = self._db = state.db
        self._fields = fields

        def rows(keys: str) -> dict[str, _Kept | None]:
            found = db.execute(
                f"SELECT id, body, modified_by, modified_by_id, modstamp FROM opportunities WHERE id IN {THESE}",  # noqa: S608
                (keys,),
            )
            return {row[0]: _Kept(row[1], row[2:]) for row in found}

        def ways(keys: str) -> dict[str, Way | None]:
            return dict(db.execute(f"SELECT opportunity_id, way FROM ways WHERE opportunity_id IN {THESE}", (keys,)))  # noqa: S608

        self._rows: Known[_Kept | None] = Known(state, rows, None)
        self._ways: Known[Way | None] = Known(state, ways, None)
        self._naming: dict[Way, KnownLists] = {
            kind: _named_by(state, kind) for kind in ("invoice_id", "invoice_number")
        }
        self._invoices_of = KnownLists(
            state,
            f"SELECT opportunity_id, invoice_id FROM links WHERE opportunity_id IN {THESE} ORDER BY invoice_id",  # noqa: S608
        )
        self._linked_to = KnownLists(
            state,
            f"SELECT invoice_id, opportunity_id FROM links WHERE invoice_id IN {THESE} ORDER BY opportunity_id",  # noqa: S608
        )
        self._doubted = KnownKeys(state, "SELECT opportunity_id FROM doubts")
        self._marked: dict[str, bool] = {}
        """Those that this run put on the list, and whether to be read again."""
        self._linked: dict[str, Links | None] = {}
        """Those whose links were found, and as many of the links as memory should hold."""
        self.touched: set[str] = set()
        """Those that were touched in this run; whoever has planned one since takes it out."""
        self._to_link: set[str] = set()
        state.on_rollback(self._forget_run)

    def fetch(self, opportunity_ids: Iterable[str]) -> None:
        """Read what is known of these Opportunities at once: they are about to be asked for."""
        wanted = list(opportunity_ids)
        for known in (self._rows, self._invoices_of, self._ways):
            known.fetch(wanted)

    def fetch_naming(self, ids: Iterable[str], numbers: Iterable[str]) -> None:
        """Read at once which Opportunities name invoices with these ids or numbers, or are linked to these ids."""
        wanted = list(ids)
        self._naming["invoice_id"].fetch(wanted)
        self._naming["invoice_number"].fetch(numbers)
        self._linked_to.fetch(wanted)

    def get(self, opportunity_id: str) -> Opportunity | None:
        kept = self._rows.get(opportunity_id)
        return None if kept is None else kept.opportunity

    def put(self, opportunity: Opportunity, expected: Opportunity | None = None) -> bool:
        """Keep a row that was read. `expected`: how it should be by what qbsf wrote to it since it was read last; that
        is no change.
        """
        body = encode_opportunity(opportunity)
        stamps = (opportunity.modified_by, opportunity.modified_by_id, instant(opportunity.system_modstamp))
        before = self._rows.get(opportunity.id)
        same = before is not None and before.body == body
        changed = not same if expected is None else body != encode_opportunity(expected)
        if before is not None and same and before.stamps == stamps:
            return changed
        self._db.execute("INSERT OR REPLACE INTO opportunities VALUES (?, ?, ?, ?, ?)", (opportunity.id, body, *stamps))
        self._rows.set(opportunity.id, _Kept(body, stamps, opportunity))
        if not same:
            old = before.opportunity if before is not None else None
            self._rename(opportunity.id, self._link_texts(old), self._link_texts(opportunity))
        return changed

    def drop(self, opportunity_id: str) -> None:
        """Forget an Opportunity: it is gone, not shared any more, or its link was cleared."""
        self.touch([opportunity_id])
        before = self.get(opportunity_id)
        if before is not None:
            self._rename(opportunity_id, self._link_texts(before), self._link_texts(None))
        self.set_links(opportunity_id, None, ())
        self.done([opportunity_id])
        self.no_doubt(opportunity_id)
        self._db.execute("DELETE FROM opportunities WHERE id = ?", (opportunity_id,))
        self._rows.set(opportunity_id, None)

    def name_anew(self) -> None:
        """Other fields are the link fields now: find again which names the known Opportunities give invoices."""
        self._db.execute("DELETE FROM names")
        for known in self._naming.values():
            known.clear()
        for opportunity_id in self.ids():
            row = self.get(opportunity_id)
            if row is not None:
                self._rename(opportunity_id, self._link_texts(None), self._link_texts(row))

    def ids(self) -> Iterator[str]:
        """All known Opportunities, in the order of their ids."""
        for row in self._db.execute("SELECT id FROM opportunities ORDER BY id").fetchall():
            yield intern(row[0])

    def naming(self, kind: Way, names: Iterable[str]) -> set[str]:
        """Opportunities whose id or number field may mean one of these names."""
        return {opportunity_id for name in names for opportunity_id in self._naming[kind].get(name)}

    def linked_to(self, invoice_id: str) -> tuple[str, ...]:
        return self._linked_to.get(invoice_id)

    def links_of(self, opportunity_id: str) -> tuple[str, ...]:
        return self._invoices_of.get(opportunity_id)

    def first_way(self, opportunity_id: str) -> Way | None:
        return self._ways.get(opportunity_id)

    def set_links(self, opportunity_id: str, way: Way | None, invoice_ids: Sequence[str]) -> list[str]:
        """Store the links of an Opportunity; answers the invoices that came to it or left it."""
        before = self.links_of(opportunity_id)
        gone = [each for each in before if each not in invoice_ids]
        new = [each for each in invoice_ids if each not in before]
        for invoice_id in gone:
            self._db.execute(
                "DELETE FROM links WHERE opportunity_id = ? AND invoice_id = ?", (opportunity_id, invoice_id)
            )
            self._invoices_of.remove(opportunity_id, invoice_id)
            self._linked_to.remove(invoice_id, opportunity_id)
        for invoice_id in new:
            self._db.execute("INSERT INTO links VALUES (?, ?)", (opportunity_id, invoice_id))
            self._invoices_of.add(opportunity_id, invoice_id)
            self._linked_to.add(invoice_id, opportunity_id)
        first = self.first_way(opportunity_id)
        if way is None:
            if first is not None:
                self._db.execute("DELETE FROM ways WHERE opportunity_id = ?", (opportunity_id,))
                self._ways.set(opportunity_id, None)
        elif first is None or (first != way and len(gone) == len(before)):
            self._db.execute("INSERT OR REPLACE INTO ways VALUES (?, ?)", (opportunity_id, way))
            self._ways.set(opportunity_id, way)
        return gone + new

    # What is still to be decided.

    def mark(self, opportunity_ids: Iterable[str], *, reread: bool = False) -> None:
        """Put Opportunities on the list of those still to be decided. Their links are to be found anew."""
        wanted = set(opportunity_ids)
        self.touch(wanted)
        fresh = [each for each in wanted if self._marked.get(each, -1) < reread]
        if fresh:
            self._db.executemany(
                "INSERT INTO todo VALUES (?, ?) "
                "ON CONFLICT (opportunity_id) DO UPDATE SET reread = max(reread, excluded.reread)",
                [(opportunity_id, int(reread)) for opportunity_id in fresh],
            )
            self._marked.update(dict.fromkeys(fresh, reread))

    def done(self, opportunity_ids: Iterable[str]) -> None:
        for opportunity_id in opportunity_ids:
            self._db.execute("DELETE FROM todo WHERE opportunity_id = ?", (opportunity_id,))
            self._marked.pop(opportunity_id, None)

    def todo(self) -> list[str]:
        return [intern(row[0]) for row in self._db.execute("SELECT opportunity_id FROM todo ORDER BY opportunity_id")]

    def to_reread(self) -> list[str]:
        """Those whose QuickBooks records are to be read before they are decided."""
        rows = self._db.execute("SELECT opportunity_id FROM todo WHERE reread = 1 ORDER BY opportunity_id")
        return [intern(row[0]) for row in rows]

    def reread_done(self, opportunity_ids: Iterable[str]) -> None:
        wanted = list(opportunity_ids)
        self._db.execute(f"UPDATE todo SET reread = 0 WHERE opportunity_id IN {THESE}", (pack(wanted),))  # noqa: S608
        for opportunity_id in wanted:
            if opportunity_id in self._marked:
                self._marked[opportunity_id] = False

    def _forget_run(self) -> None:
        """Something was taken back: what this run knows of lists and links may not be true."""
        self._to_link |= self._marked.keys() | self._linked.keys()
        self._marked.clear()
        self._linked.clear()

    def unlinked(self) -> list[str]:
        """Those on the list that were touched in this run and not linked since."""
        return sorted(each for each in self._to_link if each in self._marked)

    def not_linked_yet(self, opportunity_ids: Iterable[str]) -> list[str]:
        """Those whose links were not found in this run, or not since they were last marked."""
        return [each for each in opportunity_ids if each not in self._linked]

    def linked(self, opportunity_id: str, links: Links) -> None:
        """Its links were found, with everything that is known by now."""
        self._linked[opportunity_id] = None if self._state.is_large else links
        self._to_link.discard(opportunity_id)

    def found_links(self, opportunity_id: str) -> Links | None:
        """The links that were found in this run, where nothing was heard since; None where they have to be found."""
        return self._linked.get(opportunity_id)

    def touch(self, opportunity_ids: Iterable[str]) -> None:
        """Something that decides about them may have changed, their links too."""
        wanted = set(opportunity_ids)
        for opportunity_id in wanted:
            self._linked.pop(opportunity_id, None)
        self._to_link |= wanted
        self.touched |= wanted

    # Invoices that were read in the middle of a change.

    def doubt_since(self, opportunity_id: str) -> datetime | None:
        """Since when its invoices have not added up; None where they do."""
        if opportunity_id not in self._doubted:
            return None
        row = self._db.execute("SELECT since FROM doubts WHERE opportunity_id = ?", (opportunity_id,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def doubt(self, opportunity_id: str, now: datetime) -> int:
        """Once more they do not add up; answers how many passes have found so."""
        self._db.execute(
            "INSERT INTO doubts VALUES (?, ?, 1) ON CONFLICT (opportunity_id) DO UPDATE SET tries = tries + 1",
            (opportunity_id, instant(now)),
        )
        self._doubted.add(opportunity_id)
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
        if opportunity_id in self._doubted:
            self._db.execute("DELETE FROM doubts WHERE opportunity_id = ?", (opportunity_id,))
            self._doubted.remove(opportunity_id)

    def _link_texts(self, opportunity: Opportunity | None) -> dict[Way, str]:
        """What its link fields hold."""
        if opportunity is None:
            return {"invoice_id": "", "invoice_number": ""}
        fields = self._fields
        return {
            "invoice_id": link_text(opportunity, fields.invoice_id),
            "invoice_number": link_text(opportunity, fields.invoice_number),
        }

    def _rename(self, opportunity_id: str, old: dict[Way, str], new: dict[Way, str]) -> None:
        """The link fields hold other texts now: other names."""
        for kind, text in new.items():
            if text == old[kind]:
                continue
            before, names = possible_names(old[kind]), possible_names(text)
            for name in before:
                if name not in names:
                    self._db.execute(
                        "DELETE FROM names WHERE kind = ? AND name = ? AND opportunity_id = ?",
                        (kind, name, opportunity_id),
                    )
                    self._naming[kind].remove(name, opportunity_id)
            for name in names:
                if name not in before:
                    self._db.execute("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", (kind, name, opportunity_id))
                    self._naming[kind].add(name, opportunity_id)


def _named_by(state: State, kind: str) -> KnownLists:
    return KnownLists(
        state,
        f"SELECT name, opportunity_id FROM names WHERE kind = '{kind}' AND name IN {THESE} ORDER BY opportunity_id",  # noqa: S608
    )

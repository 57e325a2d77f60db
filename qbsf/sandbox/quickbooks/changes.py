"""The change feed: `GET /cdc?entities=...&changedSince=...` (quickbooks.md section 3)."""

from datetime import datetime, timedelta

from qbsf.sandbox.quickbooks.company import Company
from qbsf.sandbox.quickbooks.properties import EMPTY_ENTITIES, ENTITIES, SINGLES
from qbsf.sandbox.quickbooks.query_run import parse_instant
from qbsf.sandbox.quickbooks.records import Deletion, Document, Record, Value
from qbsf.sandbox.quickbooks.refusal import RefusedError, bad_value, missing, unsupported
from qbsf.sandbox.quickbooks.rendering import Renderer

LOOK_BACK = timedelta(days=30)
MAX_OBJECTS = 1000
_NOT_TRACKED = frozenset({"TaxCode", "TaxRate", "TaxAgency", "TimeActivity"}) | SINGLES


class ChangeFeed:
    """Called with the company's lock held."""

    def __init__(self, company: Company, renderer: Renderer) -> None:
        self._company = company
        self._renderer = renderer

    def changes(self, entities: str, changed_since: str) -> Document:
        """The CDCResponse: the first 1000 objects, of each entity the live ones first, then the deleted ones."""
        if not entities:
            raise missing("entities")
        names = [self._tracked(name.strip()) for name in entities.split(",")]
        since = parse_instant(changed_since)
        if since is None or since < self._company.exact_now() - LOOK_BACK:
            raise _too_old(changed_since)
        left = MAX_OBJECTS
        blocks: list[Value] = []
        for name in names:
            objects = [self._shown(each) for each in self._found(name, since)[:left]]
            left -= len(objects)
            blocks.append(_block(name, objects))
        return {"CDCResponse": [{"QueryResponse": blocks}]}

    def _tracked(self, name: str) -> str:
        entity = ENTITIES.get(name.casefold())
        if entity is None or entity in _NOT_TRACKED:
            raise bad_value("entities", name)
        return entity

    def _found(self, entity: str, since: datetime) -> list[Record | Deletion]:
        if entity in EMPTY_ENTITIES:
            return []
        table, now = self._company.table(entity), self._company.exact_now()
        live: list[Record | Deletion] = [
            row for row in table.updated(since) if row.visible_at is None or row.visible_at <= now
        ]
        gone = [
            deletion
            for deletion in table.deleted.values()
            if deletion.updated >= since and (deletion.visible_at is None or deletion.visible_at <= now)
        ]
        return live + gone

    def _shown(self, found: Record | Deletion) -> Document:
        if isinstance(found, Deletion):
            return self._renderer.deleted(found)
        return self._renderer.document(found)


def _block(entity: str, objects: list[Document]) -> Value:
    """An empty object where nothing changed; totalCount only with several, as recorded."""
    if not objects:
        return {}
    block: Document = {entity: list(objects), "startPosition": 1, "maxResults": len(objects)}
    if len(objects) > 1:
        block["totalCount"] = len(objects)
    return block


def _too_old(changed_since: str) -> RefusedError:
    return unsupported(f"cdc with changedSince date {changed_since} older than fixed days")

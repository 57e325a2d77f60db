"""sObject Collections: up to 200 records a request, results by position (salesforce.md section 2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from qbsf.sandbox.salesforce.calls import Answer, Call
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import ApiError, ChunkError, RecordError, bad_json, no_such_method
from qbsf.sandbox.salesforce.ids import full_id
from qbsf.sandbox.salesforce.queries import Queries
from qbsf.sandbox.salesforce.records import Records
from qbsf.sandbox.salesforce.saves import Actor, Saver
from qbsf.sandbox.salesforce.schema import ObjectSchema, Schema
from qbsf.sandbox.salesforce.soql_projection import record

LARGEST = 200
LARGEST_RETRIEVE = 2000
LARGEST_CHUNKS = 10
ROLLED_BACK = "Record rolled back because not all records were valid and the request was using AllOrNone header"
Save = Callable[[], str]
"""Saves one record and answers its id, or raises RecordError."""


@dataclass
class _Item:
    """One record of a request and what became of it."""

    type_name: str
    save: Save
    saved_id: str = ""
    error: RecordError | None = None

    def result(self) -> dict[str, object]:
        """A failed entry has no id: results belong to requests by position."""
        if self.error is not None:
            return {"success": False, "errors": [self.error.entry()]}
        return {"id": self.saved_id, "success": True, "errors": []}


class _AllOrNoneError(Exception):
    """Unwinds everything that was saved."""


class SobjectCollections:
    """Answers /composite/sobjects and /composite/sobjects/{type}."""

    def __init__(self, schema: Schema, database: Database, saver: Saver, records: Records, queries: Queries) -> None:
        self._schema = schema
        self._database = database
        self._saver = saver
        self._records = records
        self._queries = queries
        self.isolates_payload_errors = False
        """Whether an unknown column or a wrong JSON type fails one record instead of the whole request."""

    def save(self, call: Call, actor: Actor) -> Answer:
        """PATCH, POST or DELETE of a collection: 200 even where every record failed."""
        match call.method:
            case "PATCH":
                items = [self._update(one, actor) for one in _records(call)]
            case "POST":
                items = [self._create(one, actor) for one in _records(call)]
            case "DELETE":
                ids = call.query.get("ids", "").split(",")
                _check_size(ids)
                items = [self._delete(one, actor) for one in ids]
            case other:
                raise no_such_method(other, "POST,PATCH,DELETE")
        chunks = [list(group) for _, group in groupby(items, key=lambda item: item.type_name)]
        if len(chunks) > LARGEST_CHUNKS:
            text = (
                "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
            )
            raise ApiError("LIMIT_EXCEEDED", text)
        self._save_chunks(chunks, all_or_none=call.flag("allOrNone"))
        return Answer(200, [item.result() for item in items])

    def retrieve(self, call: Call) -> Answer:
        """GET ?ids=&fields= or POST {"ids", "fields"}: rows by position, null for what is not there."""
        schema = self._schema.find(call.path[2])
        if call.method == "GET":
            ids = call.query.get("ids", "").split(",")
            fields = call.query.get("fields", "").split(",")
        elif call.method == "POST":
            body = call.object_body()
            ids, fields = _texts(body.get("ids")), _texts(body.get("fields"))
        else:
            raise no_such_method(call.method, "GET,POST")
        if len(ids) > LARGEST_RETRIEVE:
            raise _too_many(LARGEST_RETRIEVE)
        show = record(self._queries.view(), schema, dict.fromkeys(name for name in fields if name))
        table, access = self._database.table(schema.name), self._queries.view().access
        found = [table.get(full_id(one) or one) for one in ids]
        shown = [
            None if row is None or row["IsDeleted"] or not access.can_see(schema, row) else show(row, call.version)
            for row in found
        ]
        return Answer(200, shown)

    def _save_chunks(self, chunks: list[list[_Item]], *, all_or_none: bool) -> None:
        try:
            with self._database.transaction():
                for chunk in chunks:
                    self._save_chunk(chunk)
                if all_or_none:
                    _unwind_on_failure(chunks)
        except _AllOrNoneError:
            for item in (item for chunk in chunks for item in chunk if item.error is None):
                item.error = RecordError("ALL_OR_NONE_OPERATION_ROLLED_BACK", ROLLED_BACK)

    def _save_chunk(self, chunk: list[_Item]) -> None:
        """One failing flow fails every record of its chunk that was not already refused."""
        try:
            with self._database.transaction():
                for item in chunk:
                    self._save_item(item)
        except ChunkError as error:
            for item in chunk:
                item.error = item.error or error

    def _save_item(self, item: _Item) -> None:
        if item.error is not None:
            return
        try:
            with self._database.transaction():
                item.saved_id = item.save()
        except ChunkError:
            raise
        except RecordError as error:
            item.error = error

    def _update(self, payload: dict[str, object], actor: Actor) -> _Item:
        schema = self._type(payload)
        given = next((raw for key, raw in payload.items() if key.lower() == "id"), None)
        if not isinstance(given, str):
            missing = RecordError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
            return _Item(schema.name, _nothing, error=missing)
        try:
            values = self._saver.read(schema, payload, actor, creating=False)
        except RecordError as error:
            return _Item(schema.name, _nothing, error=error)
        except ApiError as error:
            if not self.isolates_payload_errors:
                raise
            return _Item(schema.name, _nothing, error=RecordError(error.code, error.message or ""))

        def save() -> str:
            row_id = full_id(given) or given
            self._saver.update(schema, row_id, values, actor)
            return row_id

        return _Item(schema.name, save)

    def _create(self, payload: dict[str, object], actor: Actor) -> _Item:
        schema = self._type(payload)
        return _Item(schema.name, lambda: self._records.created(schema, payload, actor))

    def _delete(self, text: str, actor: Actor) -> _Item:
        record_id = full_id(text) or text
        schema = self._schema.of_id(record_id)
        if schema is None:
            error = RecordError("MALFORMED_ID", f"malformed id {text}")
            return _Item("", _nothing, error=error)

        def delete() -> str:
            self._saver.delete(schema, record_id, actor)
            return record_id

        return _Item(schema.name, delete)

    def _type(self, payload: dict[str, object]) -> ObjectSchema:
        attributes = payload.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise ApiError("INVALID_TYPE", "The sObject's attributes must name its type")
        return self._schema.find(name)


def _unwind_on_failure(chunks: list[list[_Item]]) -> None:
    if any(item.error for chunk in chunks for item in chunk):
        raise _AllOrNoneError


def _nothing() -> str:
    return ""


def _records(call: Call) -> Iterator[dict[str, object]]:
    records = call.object_body().get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise bad_json("Cannot deserialize instance of records: an array of sObjects is needed")
    _check_size(records)
    return iter(records)


def _check_size(records: list[str] | list[dict[str, object]]) -> None:
    if len(records) > LARGEST:
        raise _too_many(LARGEST)


def _too_many(limit: int) -> ApiError:
    text = f"record limit reached. cannot submit more than {limit} records in this call"
    return ApiError("EXCEEDED_ID_LIMIT", text)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad_json("Cannot deserialize instance of list from the request's ids or fields")
    return value

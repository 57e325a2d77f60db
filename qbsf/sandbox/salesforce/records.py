"""The resources of single records: create, read, update, delete."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from qbsf.sandbox.salesforce.calls import Answer, Call
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import (
    ApiError,
    bodiless,
    entity_is_deleted,
    no_such_method,
    not_found,
)
from qbsf.sandbox.salesforce.ids import full_id
from qbsf.sandbox.salesforce.queries import Queries
from qbsf.sandbox.salesforce.saves import Actor, Saver
from qbsf.sandbox.salesforce.schema import ObjectSchema, Row, Schema
from qbsf.sandbox.salesforce.soql_projection import record
from qbsf.sandbox.salesforce.values import whole_second


class Records:
    """Answers /sobjects/{type} (POST) and /sobjects/{type}/{id}."""

    def __init__(self, schema: Schema, database: Database, saver: Saver, queries: Queries) -> None:
        self._schema = schema
        self._database = database
        self._saver = saver
        self._queries = queries

    def create(self, call: Call, actor: Actor) -> Answer:
        record_id = self.created(self._schema.find(call.path[1]), call.object_body(), actor)
        headers = {"Location": f"/services/data/v{call.version}/sobjects/{call.path[1]}/{record_id}"}
        return Answer(201, {"id": record_id, "success": True, "errors": []}, headers)

    def created(self, schema: ObjectSchema, payload: Mapping[str, object], actor: Actor) -> str:
        """The id of a new record made of a JSON payload."""
        return self._saver.create(schema, self._saver.read(schema, payload, actor, creating=True), actor)

    def one(self, call: Call, actor: Actor) -> Answer:
        """GET, PATCH or DELETE of a record."""
        schema = self._schema.find(call.path[1])
        row = self._row(schema, call.path[2])
        match call.method:
            case "GET":
                names = [name.strip() for name in call.query["fields"].split(",")] if "fields" in call.query else None
                return Answer(200, record(self._queries.view(), schema, names)(row, call.version))
            case "PATCH":
                self._check_unmodified(call, row)
                values = self._saver.read(schema, call.object_body(), actor, creating=False)
                self._saver.update(schema, str(row["Id"]), values, actor)
                return Answer(204)
            case "DELETE":
                self._saver.delete(schema, str(row["Id"]), actor)
                return Answer(204)
            case other:
                raise no_such_method(other, "HEAD,GET,PATCH,DELETE")

    def _row(self, schema: ObjectSchema, text: str) -> Row:
        record_id = full_id(text)
        if record_id is None:
            message = f"Provided external ID field does not exist or is not accessible: {text}"
            raise ApiError("NOT_FOUND", message, status=404)
        row = self._database.table(schema.name).get(record_id)
        if row is None or not self._queries.view().access.can_see(schema, row):
            raise not_found()
        if row["IsDeleted"]:
            raise entity_is_deleted()
        return row

    def _check_unmodified(self, call: Call, row: Row) -> None:
        """If-Unmodified-Since against LastModifiedDate, whole seconds (salesforce.md section 2)."""
        header = call.headers.get("if-unmodified-since")
        if header is None:
            return
        try:
            limit = parsedate_to_datetime(header)
        except ValueError:
            raise ApiError("INVALID_HEADER", "The If-Unmodified-Since header is no HTTP date") from None
        modified = row["LastModifiedDate"]
        if isinstance(modified, datetime) and modified > whole_second(limit):
            raise bodiless(412)

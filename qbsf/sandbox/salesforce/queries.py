"""The query resources: a first page, and cursors for the rest (salesforce.md section 3)."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.calls import Answer, Call
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import ApiError, no_such_method
from qbsf.sandbox.salesforce.ids import IdFactory
from qbsf.sandbox.salesforce.schema import Row, Schema
from qbsf.sandbox.salesforce.soql_names import Org
from qbsf.sandbox.salesforce.soql_parser import parse_soql
from qbsf.sandbox.salesforce.soql_query import Query

LARGEST_PAGE = 2000
SMALLEST_ASKED_PAGE = 200
OPEN_CURSORS = 10
CURSOR_LIFE = timedelta(minutes=15)
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass
class Cursor:
    """The rows of a query as they were when it began."""

    query: Query
    rows: list[Row]
    last_used: datetime


class Queries:
    """Answers /query, /queryAll and their cursors."""

    def __init__(self, schema: Schema, database: Database, access: Access, clock: SandboxClock) -> None:
        self._schema = schema
        self._database = database
        self._access = access
        self._clock = clock
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._ids = IdFactory()
        self.page_size = LARGEST_PAGE
        """Rows a page holds at most; a page may be smaller than was asked for."""

    def view(self) -> Org:
        """What the integration user reads now."""
        return Org(self._schema, self._database, self._access, self._clock.now())

    def query(self, call: Call) -> Answer:
        """GET /query?q= and /queryAll?q=."""
        if call.method != "GET":
            raise no_such_method(call.method, "GET")
        if "q" not in call.query:
            raise ApiError("MALFORMED_QUERY", "a query string has to be specified")
        statement = parse_soql(call.query["q"])
        query = Query(self.view(), statement, with_deleted=call.path[0] == "queryAll")
        rows = query.rows()
        if statement.count:
            return Answer(200, {"totalSize": len(rows), "done": True, "records": []})
        cursor = Cursor(query, rows, self._clock.now())
        return self._page(call, cursor, 0, "")

    def more(self, call: Call) -> Answer:
        """GET of a nextRecordsUrl."""
        locator, _, start = call.path[1].rpartition("-")
        cursor = self._cursors.get(locator)
        now = self._clock.now()
        if cursor is None or not start.isdecimal() or now - cursor.last_used > CURSOR_LIFE:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        cursor.last_used = now
        self._cursors.move_to_end(locator)
        return self._page(call, cursor, int(start), locator)

    def _page(self, call: Call, cursor: Cursor, start: int, locator: str) -> Answer:
        end = start + self._size(call)
        records = [cursor.query.project(row, call.version) for row in cursor.rows[start:end]]
        done = end >= len(cursor.rows)
        body: dict[str, object] = {"totalSize": len(cursor.rows), "done": done}
        if not done:
            body["nextRecordsUrl"] = f"/services/data/v{call.version}/query/{locator or self._keep(cursor)}-{end}"
        body["records"] = records
        return Answer(200, body)

    def _size(self, call: Call) -> int:
        asked = BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
        wanted = LARGEST_PAGE if asked is None else max(SMALLEST_ASKED_PAGE, int(asked[1]))
        return min(self.page_size, wanted, LARGEST_PAGE)

    def _keep(self, cursor: Cursor) -> str:
        """Open a cursor, dropping the one unused for longest where there are too many."""
        locator = self._ids.new("01g")
        self._cursors[locator] = cursor
        if len(self._cursors) > OPEN_CURSORS:
            self._cursors.popitem(last=False)
        return locator

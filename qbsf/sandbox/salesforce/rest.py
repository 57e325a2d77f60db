"""The REST API of an org: which resource answers a call."""

from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.allowance import Allowance
from qbsf.sandbox.salesforce.calls import Answer, Call
from qbsf.sandbox.salesforce.composite import Composite
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.describe import basic_information, describe_global, describe_object, picklist_values
from qbsf.sandbox.salesforce.faults import no_such_method, not_found
from qbsf.sandbox.salesforce.hazards import Hazards
from qbsf.sandbox.salesforce.queries import Queries
from qbsf.sandbox.salesforce.records import Records
from qbsf.sandbox.salesforce.saves import Actor, Saver
from qbsf.sandbox.salesforce.schema import Schema
from qbsf.sandbox.salesforce.sobject_collections import SobjectCollections
from qbsf.sandbox.salesforce.tooling import Tooling

FIRST_VERSION, LAST_VERSION = 31, 68
FIRST_RETIRED = 21
RESOURCES = ("sobjects", "query", "queryAll", "composite", "limits", "tooling", "ui-api")


def versions() -> list[dict[str, str]]:
    """GET /services/data, which needs no session."""
    return [
        {"label": f"Release {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(FIRST_VERSION, LAST_VERSION + 1)
    ]


class RestApi:
    """Routes calls; every refusal is an ApiError."""

    def __init__(
        self,
        schema: Schema,
        database: Database,
        access: Access,
        hazards: Hazards,
        saver: Saver,
        queries: Queries,
        allowance: Allowance,
    ) -> None:
        self._schema = schema
        self._database = database
        self._access = access
        self._hazards = hazards
        self._queries = queries
        self._allowance = allowance
        self._records = Records(schema, database, saver, queries)
        self.collections = SobjectCollections(schema, database, saver, self._records, queries)
        self._tooling = Tooling(schema, database, access)

    def handle(self, call: Call, actor: Actor) -> Answer:
        """One request of a logged-in user; it is counted as one, whatever it holds."""
        self._hazards.begin_request()
        if call.path == ("composite",):
            _only(call, "POST")
            return Composite(self._database, lambda part: self._route(part, actor)).post(call)
        return self._route(call, actor)

    def _route(self, call: Call, actor: Actor) -> Answer:
        match call.path:
            case ():
                return Answer(200, {name: f"/services/data/v{call.version}/{name}" for name in RESOURCES})
            case ("query" | "queryAll",):
                return self._queries.query(call)
            case ("query" | "queryAll", _):
                _only(call, "GET")
                return self._queries.more(call)
            case ("sobjects", *_):
                return self._sobjects(call, actor)
            case ("composite", "sobjects"):
                return self.collections.save(call, actor)
            case ("composite", "sobjects", _):
                return self.collections.retrieve(call)
            case _:
                return self._setup(call)

    def _setup(self, call: Call) -> Answer:
        match call.path:
            case ("limits",):
                _only(call, "GET")
                return Answer(200, self._limits())
            case ("tooling", "sobjects", "CustomField"):
                _only(call, "POST")
                return self._tooling.create_field(call)
            case ("ui-api", "object-info", name, "picklist-values", _, field_name):
                _only(call, "GET")
                field = self._schema.find(name).find(field_name)
                if field is None or not field.picklist:
                    raise not_found()
                return Answer(200, picklist_values(field, call.version, call.path))
            case _:
                raise not_found()

    def _sobjects(self, call: Call, actor: Actor) -> Answer:
        match call.path[1:]:
            case ():
                _only(call, "GET")
                return Answer(200, describe_global(self._schema, call.version))
            case (name,) if call.method == "GET":
                return Answer(200, basic_information(self._schema.find(name), call.version))
            case (_,):
                _only(call, "POST", "GET,POST")
                return self._records.create(call, actor)
            case (name, "describe"):
                _only(call, "GET")
                schema = self._schema.find(name)
                return Answer(200, describe_object(schema, self._access, self._database, call.version))
            case (_, _):
                return self._records.one(call, actor)
            case _:
                raise not_found()

    def _limits(self) -> dict[str, dict[str, int]]:
        """The excerpt of samples/salesforce/limits_excerpt.json."""
        total, used = self._allowance.total, self._allowance.used
        return {
            "ConcurrentAsyncGetReportInstances": {"Max": 200, "Remaining": 200},
            "DailyApiRequests": {"Max": total, "Remaining": max(0, total - used)},
            "DailyAsyncApexExecutions": {"Max": 250000, "Remaining": 250000},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
            "DataStorageMB": {"Max": 5, "Remaining": 5},
        }


def _only(call: Call, method: str, allowed: str = "") -> None:
    if call.method != method:
        raise no_such_method(call.method, allowed or method)

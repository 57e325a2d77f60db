"""The simulated QuickBooks as a service: gateway checks, routing, and the shape of every answer."""

import re
import uuid
from collections.abc import Callable
from decimal import Decimal

import simplejson

from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.fault_answers import expired_token, gateway_fault, throttled
from qbsf.sandbox.quickbooks import fields
from qbsf.sandbox.quickbooks.changes import ChangeFeed
from qbsf.sandbox.quickbooks.company import Company
from qbsf.sandbox.quickbooks.ledger import Ledger
from qbsf.sandbox.quickbooks.limits import Limits
from qbsf.sandbox.quickbooks.oauth import OAuthServer
from qbsf.sandbox.quickbooks.oauth_http import HOSTS, OAuthPages
from qbsf.sandbox.quickbooks.pacific import precise_stamp
from qbsf.sandbox.quickbooks.properties import EMPTY_ENTITIES, ENTITIES, SINGLES
from qbsf.sandbox.quickbooks.query import parse
from qbsf.sandbox.quickbooks.query_run import QueryRunner, entity_named
from qbsf.sandbox.quickbooks.records import Document, Value
from qbsf.sandbox.quickbooks.refusal import (
    RefusedError,
    bad_value,
    invalid_id,
    missing,
    not_found,
    too_long,
    unsupported,
)
from qbsf.sandbox.quickbooks.rendering import Renderer, json_response
from qbsf.sandbox.quickbooks.writes import Writer, deleted_document
from qbsf.sandbox.quickbooks.xml import xml_document

PRODUCTION_HOST = "quickbooks.api.intuit.com"
SANDBOX_HOST = "sandbox-quickbooks.api.intuit.com"
_API_HOSTS = {PRODUCTION_HOST: "production", SANDBOX_HOST: "sandbox"}

MAX_URI = 16_384
"""Beyond it 414. The reference gives this number for Salesforce only; that QuickBooks has none is not believable."""
_MAX_BATCH = 30
_PATH = re.compile(r"/v3/company/(?P<realm>[^/]+)/(?P<rest>.+)")


class QuickBooksService:
    """Serves Intuit's hosts; `Service` of qbsf/sandbox/exchange.py."""

    name = "quickbooks"

    def __init__(self, company: Company, oauth: OAuthServer) -> None:
        self._company = company
        self._oauth = oauth
        self._pages = OAuthPages(oauth, company.clock)
        self._renderer = Renderer(company)
        self._runner = QueryRunner(company)
        self._feed = ChangeFeed(company, self._renderer)
        self._writer = Writer(company, Ledger(company), self._renderer)
        self._answered: dict[str, Document] = {}
        self.limits = Limits(company.settings)

    def serves(self, host: str) -> bool:
        return host in HOSTS or host in _API_HOSTS

    def handle(self, request: Request) -> Response:
        with self._company.moment():
            response = self._pages.handle(request) if request.host in HOSTS else self._api(request)
        tid = f"1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}"
        return Response(response.status, response.body, {"intuit_tid": tid, **response.headers})

    # -- the gateway ----------------------------------------------------------------------------------------------

    def _api(self, request: Request) -> Response:
        if len(request.target) > MAX_URI:
            return Response(414, b"<html><body>414 Request-URI Too Large</body></html>")
        path = _PATH.fullmatch(request.path)
        refused = self._unauthorized(request, path["realm"] if path else "")
        if refused is not None:
            return refused
        now = self._company.exact_now()
        reads = request.method == "GET" or request.path.endswith(("/query", "/batch"))
        if self.limits.refuses(now, reads=reads):
            return throttled()
        try:
            status, document = 200, self._route(request, path["rest"] if path else "")
        except RefusedError as error:
            status, document = error.status, {"Fault": error.document()}
        document["time"] = precise_stamp(now)
        if reads and status == 200:
            self.limits.meter(now)
        if "json" in request.headers.get("accept", ""):
            return json_response(status, document)
        body = xml_document(document, precise_stamp(now))  # type: ignore[arg-type]
        return Response(status, body, {"Content-Type": "application/xml;charset=utf-8"})

    def _unauthorized(self, request: Request, realm: str) -> Response | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._oauth.access(value) if scheme.lower() == "bearer" else None
        if token is None:
            return gateway_fault(401, "AuthenticationFailed", 100, "General Authentication Error", "AUTHENTICATION")
        if not self._oauth.is_live(token):
            return expired_token(f"Token expired: {value[:8]}")
        environment = _API_HOSTS[request.host]
        if token.grant.app.environment != environment or realm != token.grant.realm_id:
            return gateway_fault(403, "ApplicationAuthorizationFailed", 3100, None, "SERVICE")
        return None

    # -- routing --------------------------------------------------------------------------------------------------

    def _route(self, request: Request, rest: str) -> dict[str, object]:
        name, _, record_id = rest.partition("/")
        if rest == "query":
            return self._query(_statement(request))
        if rest == "cdc" and request.method == "GET":
            asked = request.query
            return dict(self._feed.changes(asked.get("entities", ""), asked.get("changedSince", "")))
        if rest == "batch" and request.method == "POST":
            return self._batch(_body(request))
        entity = ENTITIES.get(name.casefold()) if name == name.lower() else None
        if entity == "Preferences" and not record_id:
            record_id = "1" if request.method == "GET" else ""
        needs_id = request.method == "GET"
        if entity is None or "/" in record_id or needs_id != bool(record_id):
            raise unsupported(f"Could not find resource for relative : {request.path}")
        if request.method == "GET":
            return dict(self._read(entity, record_id, request.query))
        if request.method == "POST":
            return dict(self._once(request.query.get("requestid", ""), self._writing(request, entity)))
        raise unsupported(f"{request.method} {request.path}")

    def _query(self, statement: str) -> dict[str, object]:
        query = parse(statement)
        entity = entity_named(query.entity)
        if query.count:
            return {"QueryResponse": {"totalCount": self._runner.count(query)}}
        if entity in SINGLES:
            rows: list[Document] = [self._single(entity)]
        else:
            rows = [self._renderer.document(record) for record in self._runner.page(query)]
        if not rows:
            return {"QueryResponse": {}}
        return {"QueryResponse": {entity: rows, "startPosition": query.start, "maxResults": len(rows)}}

    def _single(self, entity: str) -> Document:
        return self._renderer.preferences() if entity == "Preferences" else self._renderer.company_info()

    def _read(self, entity: str, record_id: str, asked: dict[str, str]) -> Document:
        if entity in SINGLES:
            return {entity: self._single(entity)}
        is_code = entity == "TaxCode"  # "TAX" and "NON" are ids too
        if not (record_id.isdecimal() or is_code):
            raise invalid_id(record_id)
        record = None if entity in EMPTY_ENTITIES else self._company.table(entity).get(record_id)
        if record is None:
            raise not_found()
        link = asked.get("include") == "invoiceLink"
        return {entity: self._renderer.document(record, invoice_link=link)}

    # -- writing --------------------------------------------------------------------------------------------------

    def _writing(self, request: Request, entity: str) -> Callable[[], Document]:
        document, asked = _body(request), request.query
        operation, include = asked.get("operation", ""), asked.get("include", "")
        return lambda: self._written(entity, document, operation, include)

    def _written(self, entity: str, document: Document, operation: str, include: str) -> Document:
        if entity in EMPTY_ENTITIES or entity in SINGLES:
            raise unsupported(f"write {entity}")
        done = self._writer.write(entity, document, operation, include)
        if isinstance(done, str):
            return {entity: deleted_document(done)}
        return {entity: self._renderer.document(done)}

    def forget_answers(self) -> None:
        """No requestid is remembered any more: how long QuickBooks does is not documented (quickbooks.md section 6)."""
        with self._company.moment():
            self._answered.clear()

    def _once(self, request_id: str, write: Callable[[], Document]) -> Document:
        """A repeated requestid gets the first answer and does nothing."""
        if len(request_id) > 50:
            raise too_long("requestid", 50)
        if request_id in self._answered:
            return dict(self._answered[request_id])
        document = write()
        if request_id:
            self._answered[request_id] = dict(document)
        return document

    def _batch(self, document: Document) -> dict[str, object]:
        items = fields.objects(document, "BatchItemRequest")
        if not items:
            raise missing("BatchItemRequest")
        if len(items) > _MAX_BATCH:
            raise bad_value("BatchItemRequest", f"{len(items)} items (at most {_MAX_BATCH})")
        answers: list[dict[str, object]] = []
        for item in items:
            try:
                answer = self._batch_item(item)
            except RefusedError as error:
                answer = {"Fault": error.document()}
            answers.append({**answer, "bId": item.get("bId")})
        return {"BatchItemResponse": answers}

    def _batch_item(self, item: Document) -> dict[str, object]:
        if "Query" in item:
            return self._query(fields.text(item, "Query", 100_000))
        for name, value in item.items():
            entity = ENTITIES.get(name.casefold())
            if entity == name and isinstance(value, dict):
                operation = fields.text(item, "operation")
                return dict(self._written(entity, value, operation, ""))
        raise bad_value("BatchItemRequest", "an item without an entity")


def _statement(request: Request) -> str:
    if request.method == "GET":
        statement = request.query.get("query", "")
    elif request.headers.get("content-type", "").partition(";")[0].strip() == "application/text":
        statement = request.body.decode(errors="replace")
    else:
        raise unsupported(f"query with Content-Type {request.headers.get('content-type')}")
    if not statement.strip():
        raise missing("query")
    return statement


def _body(request: Request) -> Document:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise unsupported(f"{request.path} with Content-Type {request.headers.get('content-type')}")
    try:
        value: Value = simplejson.loads(request.body, parse_float=Decimal)
    except ValueError as error:
        detail = "JSON is not well formed"
        raise RefusedError("2010", "Request has invalid or unsupported property", detail) from error
    if not isinstance(value, dict):
        raise RefusedError("2010", "Request has invalid or unsupported property", "The body is no object")
    return value

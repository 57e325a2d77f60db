"""Requests to one QuickBooks company: address, token, faults. What is asked and what it means is in client.py."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import requests

from qbsf.answers import NEXT_RUN, json_body, kind_of_body, outline, server_date
from qbsf.clock import Clock, Deadline
from qbsf.errors import AuthorizationNeeded, Unreachable
from qbsf.http import ApiSession, Service, open_session
from qbsf.json_values import Json, decode, encode
from qbsf.quickbooks import faults, parse, query
from qbsf.quickbooks.shapes import R, Shape, W
from qbsf.quickbooks.tokens import QuickBooksTokens
from qbsf.ratelimit import Limit
from qbsf.records import Reader

Environment = Literal["production", "sandbox"]
HOSTS: dict[Environment, str] = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
MINOR_VERSION = "75"
"""What every request behaves as since 2025-08-01 anyway (quickbooks.md section 2)."""
LIMITS = (Limit(10, 1.1), Limit(500, 61.0))
"""10 a second and 500 a minute for a company and app (section 5); a little longer, for the way takes time too."""
LONGEST_REQUEST_ID = 50


def _repeatable(request: requests.PreparedRequest) -> bool:
    """Reads, queries sent by POST, and writes with a requestid: QuickBooks answers a repeated one with the first
    answer (section 6).
    """
    address = urlsplit(request.url or "")
    return request.method == "GET" or address.path.endswith("/query") or "requestid" in parse_qs(address.query)


SERVICE = Service(
    name="QuickBooks",
    judge=faults.judge,
    repeatable=_repeatable,
    limits=LIMITS,
    trace_headers=("intuit_tid", "intuit-tid"),
)


class Answer:
    """A good answer, and QuickBooks' clock when it gave it."""

    def __init__(self, response: requests.Response, asked: str) -> None:
        """Raises Unreachable for one that does not tell its time."""
        self._response = response
        self._where = f"QuickBooks' answer to {asked}"
        self._outline = outline(response)
        told = parse.server_time(self._time()) or server_date(response)
        if told is None:
            raise Unreachable(f"{self._where} does not tell its time.", NEXT_RUN)
        self.server_time = told

    @cached_property
    def members(self) -> Reader:
        """All of it. Raises Unreachable where its texts cannot be read."""
        value = json_body(self._response)
        if not isinstance(value, dict):
            raise Unreachable(f"{self._where} is {kind_of_body(self._response)}.", NEXT_RUN)
        return Reader(self._where, value)

    def records(self, shape: Shape[W, R]) -> list[R]:
        """The records of a shape that a query found."""
        found = self._outline.get("QueryResponse") if self._outline is not None else None
        records = None if found is None else shape.page(found)
        # Something about it is wrong: told by the careful way of reading it.
        return [shape.of(row) for row in parse.rows(self.members, shape.entity)] if records is None else records

    def _time(self) -> Reader:
        """What tells its time: a thousand records need not be decoded for that."""
        if self._outline is None:
            return self.members
        time = self._outline.get("time")
        if time is None:
            return Reader(self._where, {})
        try:
            return Reader(self._where, {"time": decode(bytes(time))})
        except ValueError:
            return self.members


class QuickBooksApi:
    """The Accounting API of one company, request by request. Shared by reading and by invoicing.

    Every method raises Unreachable, OutOfTime, AuthorizationNeeded, ConfigError, or QuickBooksRefused with the fault.
    """

    def __init__(
        self,
        tokens: QuickBooksTokens,
        environment: Environment,
        *,
        clock: Clock,
        random: Random,
        deadline: Deadline | None = None,
    ) -> None:
        self._tokens = tokens
        self._session: ApiSession = open_session(SERVICE, clock=clock, random=random, deadline=deadline)
        self._session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip"})
        self._root = f"{HOSTS[environment]}/v3/company"

    @property
    def requests_sent(self) -> int:
        """API requests sent so far, repeated ones included."""
        return self._session.sent

    @property
    def realm_id(self) -> str:
        """The company's id."""
        return self._tokens.realm_id

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET below /v3/company/{realmId}/. `path` must be made of checked parts."""
        return self._send("GET", path, dict(params or {}), None, "application/json")

    def query(self, statement: str) -> Answer:
        """One statement, by POST: a list of a thousand ids does not fit into an address (section 2)."""
        return self._send("POST", "query", {}, statement.encode(), "application/text")

    def rows(self, entity: str, statement: str) -> tuple[list[Json], datetime]:
        """The entity's rows that one statement finds, and QuickBooks' clock."""
        answer = self.query(statement)
        return parse.rows(answer.members, entity), answer.server_time

    def records(self, shape: Shape[W, R], statement: str) -> tuple[list[R], datetime]:
        """The same as records of a shape."""
        answer = self.query(statement)
        return answer.records(shape), answer.server_time

    def read(self, entity: str, record_id: str, params: Mapping[str, str] | None = None) -> dict[str, Json] | None:
        """One object by its id, None where QuickBooks has none (fault 610): never there, deleted or made inactive.

        A text that cannot be an id names nothing, and QuickBooks is not asked.
        """
        if not query.is_id(record_id):
            return None
        try:
            answer = self.get(f"{entity.lower()}/{record_id}", params)
        except faults.QuickBooksRefused as refused:
            if refused.fault.code == faults.NOT_FOUND:
                return None
            raise
        found = answer.members.raw(entity)
        if not isinstance(found, dict):
            raise answer.members.wrong(entity, "an object")
        return None if found.get("status") == "Deleted" else found

    def post(
        self,
        entity: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Json]:
        """Create or update an object, as QuickBooks then shows it. Money in `body` is Decimal and is sent as it is.

        `request_id` (at most 50 characters) makes it safe to send twice: the same one must mean the same object.
        """
        if not 0 < len(request_id) <= LONGEST_REQUEST_ID:
            raise ValueError("a requestid has 1 to 50 characters")
        data = encode(body)
        answer = self._send(
            "POST", entity.lower(), {**(params or {}), "requestid": request_id}, data, "application/json"
        )
        found = answer.members.raw(entity)
        if not isinstance(found, dict):
            raise answer.members.wrong(entity, "an object")
        return found

    def _send(self, method: str, path: str, params: dict[str, str], data: bytes | None, content_type: str) -> Answer:
        """Send it; on a rejected token once more with another one, whatever this machine's clock says of its age."""
        asked = f"{method} {path}"
        token = self._tokens.access_token()
        response = self._request(method, path, params, data, content_type, token)
        fault = faults.fault_of(response)
        if faults.token_was_rejected(response, fault):
            token = self._tokens.replace(token)
            response = self._request(method, path, params, data, content_type, token)
            fault = faults.fault_of(response)
        error = faults.error_of(response, fault, asked, SERVICE.trace_id(response))
        if error is not None:
            raise error
        return Answer(response, asked)

    def _request(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        data: bytes | None,
        content_type: str,
        token: str,
    ) -> requests.Response:
        realm_id = self._tokens.realm_id
        if not query.is_id(realm_id):
            raise AuthorizationNeeded("The stored QuickBooks company id is not valid.", "Run `qbsf auth quickbooks`.")
        headers = {"Authorization": f"Bearer {token}"}
        if data is not None:
            headers["Content-Type"] = content_type
        return self._session.request(
            method,
            f"{self._root}/{realm_id}/{path}",
            params={**params, "minorversion": MINOR_VERSION},
            data=data,
            headers=headers,
        )

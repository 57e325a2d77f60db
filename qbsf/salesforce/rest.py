"""Requests to one Salesforce org through simple-salesforce: session, refusals, clock and allowance.

What is asked and what it means is in client.py. simple-salesforce takes 0.3 s to import (salesforce.md section 1), so
it is imported with the first request. Its exceptions print address and body; their text never goes further than here.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import requests

from qbsf.answers import (
    NEXT_RUN,
    Trouble,
    json_body,
    kind_of_body,
    server_date,
    trouble_of_status,
)
from qbsf.clock import Clock, Deadline
from qbsf.errors import ConfigError, UnexpectedAnswer, Unreachable
from qbsf.http import ApiSession, Service, open_session
from qbsf.json_values import Json, encode
from qbsf.records import REPORT_IT, Reader
from qbsf.salesforce import faults
from qbsf.salesforce.session import SalesforceSession, SalesforceSessions

if TYPE_CHECKING:
    from qbsf.salesforce.library import Salesforce

_NEXT_PAGE = re.compile(r"/services/data/v[0-9]+\.[0-9]+/query/[A-Za-z0-9_-]+", re.ASCII)
_API_USAGE = re.compile(r"\bapi-usage=([0-9]+)/([0-9]+)", re.ASCII)
_OK, _REDIRECTED = 200, 300
_NO_CONTENT = 204
_SERVER_ERROR = 500


def _judge(response: requests.Response) -> Trouble | None:
    """A server's fault, or a good status on something that is not Salesforce's JSON."""
    body = json_body(response)
    refusal = faults.refusal_of(response.status_code, body)
    trouble = trouble_of_status(response, refusal.message)
    if trouble is not None or not response.ok or response.status_code == _NO_CONTENT:
        return trouble
    if body is None:
        return Trouble(f"answered HTTP {response.status_code} with {kind_of_body(response)}.")
    if refusal.code:
        return Trouble(f"answered HTTP {response.status_code} with an error ({refusal.code}: {refusal.message}).")
    return _trouble_inside(body)


def _trouble_inside(body: Json) -> Trouble | None:
    """A part of a composite answer that asking again may cure."""
    parts = body.get("compositeResponse") if isinstance(body, dict) else None
    for part in parts if isinstance(parts, list) else []:
        status = part.get("httpStatusCode") if isinstance(part, dict) else None
        if isinstance(status, int) and isinstance(part, dict):
            refusal = faults.refusal_of(status, part.get("body"))
            if status >= _SERVER_ERROR or refusal.code in faults.PASSING:
                return Trouble(f"answered a part of a request with HTTP {status} ({refusal.code or 'no reason'}).")
    return None


def _repeatable(request: requests.PreparedRequest) -> bool:
    """Reads only, also many in one: after a lost answer to a write, the row has to be read before it is written
    again. `composite` is only ever sent with reads in it.
    """
    return request.method == "GET" or urlsplit(request.url or "").path.endswith("/composite")


SERVICE = Service(name="Salesforce", judge=_judge, repeatable=_repeatable)


class SalesforceRest:
    """The REST API of one org, request by request. Shared by reading, writing, checking and field creation.

    Every method raises Unreachable, OutOfTime, AuthorizationNeeded, ConfigError, SalesforceRefused, UnexpectedAnswer,
    and for a write whose answer did not come AnswerLost.
    """

    def __init__(
        self,
        sessions: SalesforceSessions,
        api_version: str,
        *,
        clock: Clock,
        random: Random,
        deadline: Deadline | None = None,
    ) -> None:
        self._sessions = sessions
        self._version = api_version
        self._http: ApiSession = open_session(SERVICE, clock=clock, random=random, deadline=deadline)
        self._http.hooks["response"].append(self._note)
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        self._login: SalesforceSession | None = None
        self._api: Salesforce | None = None
        self.server_time: datetime | None = None
        """Salesforce's clock at its last answer (the Date header)."""
        self.api_usage: tuple[int, int] | None = None
        """Calls used in 24 hours and the allowance, of the whole org, as the last answer told them."""

    @property
    def requests_sent(self) -> int:
        """API requests sent so far, repeated ones included."""
        return self._http.sent

    @property
    def login(self) -> SalesforceSession:
        """The session in use; logs in where there is none."""
        with self._lock:
            if self._login is None:
                self._login = self._sessions.current()
            return self._login

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, asked: str, params: Mapping[str, str] | None = None) -> Json:
        """GET below /services/data/vXX.X/."""
        return self._send("GET", path, asked, params, None)

    def send(self, method: str, path: str, asked: str, body: Mapping[str, object]) -> Json:
        """A write, sent once (again only after a 401, which is no attempt). Decimals keep their digits. None where
        the answer is empty.
        """
        return self._send(method, path, asked, None, encode(body))

    def get_all(self, paths: Mapping[str, str], asked: str) -> dict[str, Json]:
        """Several GETs below /services/data/vXX.X/ in one request (composite, at most 25), by the names given to them.

        Raises what the first refused one means.
        """
        root = f"/services/data/v{self._version}/"
        parts = [{"method": "GET", "url": root + path, "referenceId": name} for name, path in paths.items()]
        answer = self.send("POST", "composite", asked, {"allOrNone": False, "compositeRequest": parts})
        found: dict[str, Json] = {}
        for part in Reader.of("Salesforce", f"answer to {asked}", answer).members("compositeResponse"):
            status, body = part.integer_or_zero("httpStatusCode"), part.raw("body")
            if not _OK <= status < _REDIRECTED:
                raise faults.error_of(faults.refusal_of(status, body), asked)
            found[part.text("referenceId")] = body
        missing = paths.keys() - found.keys()
        if missing:
            raise UnexpectedAnswer(f"Salesforce's answer to {asked} lacks {', '.join(sorted(missing))}.", REPORT_IT)
        return found

    def query(self, soql: str, asked: str) -> Iterator[tuple[list[Json], int]]:
        """Pages of rows with the size of the whole result, which may have none; pages may be of any length."""
        return self._pages(self.get("query/", asked, {"q": soql}), asked)

    def query_long(self, soql: str, asked: str) -> Iterator[tuple[list[Json], int]]:
        """The same for a statement that does not fit into an address (salesforce.md section 3)."""
        return self._pages(self.get_all({"rows": f"query/?{urlencode({'q': soql})}"}, asked)["rows"], asked)

    def _pages(self, first: Json, asked: str) -> Iterator[tuple[list[Json], int]]:
        answer = Reader.of("Salesforce", f"answer to {asked}", first)
        seen: set[str] = set()
        while True:
            yield answer.values("records"), answer.integer_or_zero("totalSize")
            if answer.boolean("done"):
                return
            following = answer.text("nextRecordsUrl")
            if _NEXT_PAGE.fullmatch(following) is None or following in seen:
                raise UnexpectedAnswer(f"Salesforce's next page for {asked} is no page of a query.", REPORT_IT)
            seen.add(following)
            answer = Reader.of("Salesforce", f"answer to {asked}", self._next_page(following, asked))

    def clock_reading(self) -> datetime:
        """Salesforce's clock at its last answer to the calling thread. Raises Unreachable where it did not tell."""
        reading: datetime | None = getattr(self._of_thread, "server_time", None)
        if reading is None:
            raise Unreachable("Salesforce's answer does not tell its time.", NEXT_RUN)
        return reading

    def _send(self, method: str, path: str, asked: str, params: Mapping[str, str] | None, data: bytes | None) -> Json:
        def call(api: "Salesforce") -> Json:
            value: Json = api.restful(path, dict(params) if params else None, method=method, data=data)
            return value

        return self._call(call, asked)

    def _next_page(self, address: str, asked: str) -> Json:
        def call(api: "Salesforce") -> Json:
            value: Json = api.query_more(address, identifier_is_url=True)
            return value

        return self._call(call, asked)

    def _call(self, call: Callable[["Salesforce"], Json], asked: str) -> Json:
        """Make a call; where the session is rejected once more with a new one."""
        from simple_salesforce.exceptions import SalesforceError  # noqa: PLC0415 - see the module's first lines

        api = self._connected()
        try:
            return call(api)
        except SalesforceError as error:
            refusal = faults.refusal_of(error.status, error.content)
        if not faults.login_may_cure(refusal):
            raise faults.error_of(refusal, asked)
        self._log_in_again(api.session_id)
        try:
            return call(self._connected())
        except SalesforceError as error:
            refusal = faults.refusal_of(error.status, error.content)
        raise faults.error_of(refusal, asked)

    def _connected(self) -> "Salesforce":
        from qbsf.salesforce.library import Salesforce  # noqa: PLC0415 - see the module's first lines

        with self._lock:
            if self._login is None:
                self._login = self._sessions.current()
            login = self._login
            if self._api is None:
                self._api = Salesforce(
                    session_id=login.access_token,
                    instance_url=login.instance_url,
                    session=self._http,
                    version=self._version,
                )
            return self._api

    def _log_in_again(self, rejected: str) -> None:
        """Another session, unless another thread has brought one already."""
        with self._lock:
            if self._login is not None and self._login.access_token == rejected:
                organization = self._login.organization_id
                self._login = self._sessions.renew(rejected)
                self._api = None
                if self._login.organization_id != organization:
                    raise ConfigError(
                        f"The login now belongs to the Salesforce organization {self._login.organization_id}, and it "
                        f"belonged to {organization} before.",
                        "Use a configuration with another `name` for another org.",
                        code="other_company",
                    )

    def _note(self, response: requests.Response, *_args: object, **_kwargs: object) -> None:
        """Keep what every answer, good or bad, tells of the org."""
        told = server_date(response)
        if told is not None:
            self._of_thread.server_time = self.server_time = told
        usage = _API_USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if usage is not None:
            self.api_usage = int(usage[1]), int(usage[2])

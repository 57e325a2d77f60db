"""The simulated Salesforce org as a service of the sandbox's network."""

import re

import simplejson

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.salesforce.calls import Answer, Call, json_body, parts_of
from qbsf.sandbox.salesforce.faults import ApiError, bodiless, not_found, session_expired
from qbsf.sandbox.salesforce.login import PRODUCTION_LOGIN, SANDBOX_LOGIN
from qbsf.sandbox.salesforce.people import People
from qbsf.sandbox.salesforce.rest import FIRST_RETIRED, FIRST_VERSION, LAST_VERSION, RestApi, versions
from qbsf.sandbox.salesforce.state import OrgOptions, locked

LARGEST_URI = 16_384
VERSION = re.compile(r"v(\d+)\.0\Z")
LOGIN_HOSTS = frozenset({PRODUCTION_LOGIN, SANDBOX_LOGIN})


class SalesforceOrg(People):
    """One org: its My Domain host, the two login hosts, and the Lightning host that serves no API.

    The methods it inherits are what administrators and people do there.
    """

    name = "salesforce"

    def __init__(self, clock: SandboxClock, options: OrgOptions | None = None) -> None:
        super().__init__(clock, options or OrgOptions())
        self._rest = RestApi(
            self._schema,
            self._database,
            self._access,
            self._hazards,
            self._saver,
            self._queries,
            self._allowance,
        )

    @property
    def host(self) -> str:
        return self.options.host

    @property
    def instance_url(self) -> str:
        return f"https://{self.options.host}"

    @locked
    def isolate_payload_errors(self, *, isolated: bool = True) -> None:
        """In a collection, an unknown column or wrong JSON type fails its own record only, not the whole request."""
        self._rest.collections.isolates_payload_errors = isolated

    def serves(self, host: str) -> bool:
        return host in LOGIN_HOSTS or host in {self.options.host, self._lightning_host}

    @property
    def _lightning_host(self) -> str:
        return self.options.host.replace(".my.salesforce.com", ".lightning.force.com")

    @locked
    def handle(self, request: Request) -> Response:
        """Answer a request; whatever is refused is an answer too."""
        if len(request.target) > LARGEST_URI:
            return Response(414)
        if len(request.target) + sum(len(key) + len(value) + 4 for key, value in request.headers.items()) > LARGEST_URI:
            return Response(431)
        if request.path.startswith("/services/oauth2/"):
            return self._login.handle(request)
        try:
            answer = self._api(request)
        except ApiError as error:
            answer = Answer(error.status, error.body())
        return self._response(answer)

    def _api(self, request: Request) -> Answer:
        parts, query = parts_of(request.target)
        if request.host in LOGIN_HOSTS or parts[:2] != ("services", "data"):
            raise not_found()
        if len(parts) == 2:
            return Answer(200, versions())
        version = _version(parts[2])
        if request.host != self.options.host:
            raise session_expired()
        session = self.sessions.use(request.headers.get("authorization", ""))
        self._allowance.spend()
        call = Call(request.method, version, parts[3:], query, request.headers, json_body(request))
        return self._rest.handle(call, self._integration_actor(session.user_id))

    def _response(self, answer: Answer) -> Response:
        headers = {"Sforce-Limit-Info": self._allowance.header(), **answer.headers}
        if answer.body is None:
            return Response(answer.status, headers=headers)
        headers["Content-Type"] = "application/json;charset=UTF-8"
        body = simplejson.dumps(answer.body, ensure_ascii=False, use_decimal=False)
        return Response(answer.status, body.encode(), headers)


def _version(part: str) -> str:
    """The number of a version that is served; ApiError 410 for a retired one, 404 for one that never was."""
    match = VERSION.match(part)
    number = 0 if match is None else int(match[1])
    if FIRST_RETIRED <= number < FIRST_VERSION:
        raise bodiless(410)
    if not FIRST_VERSION <= number <= LAST_VERSION:
        raise not_found()
    return f"{number}.0"

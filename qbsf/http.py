"""HTTP for both services: a requests.Session that no server can hang, flood, redirect or confuse.

`open_session` mounts one ApiAdapter. Every request of the session passes it, also those that simple-salesforce makes,
and gets: pacing, timeouts within the pass's Deadline, retries with full jitter where asking again can help, a judged
answer, a count and one debug line. Redirects are not followed; netrc logins and cookies are not used.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from random import Random
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from qbsf.answers import NEXT_RUN, Trouble, one_line, shield_wire_trace, trouble_of_error
from qbsf.clock import Clock, Deadline
from qbsf.errors import AnswerLost, ConfigError, OutOfTime, QbsfError, Unreachable
from qbsf.ratelimit import Limit, RateLimiter

log = logging.getLogger("qbsf.http")

CONNECT_SECONDS = 10.0
READ_SECONDS = 125.0
"""QuickBooks itself gives a request up after 120 s (quickbooks.md section 5)."""
TRIES = 5
BACKOFF_SECONDS = 1.0
BACKOFF_CAP_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 120.0
"""A server that asks for a longer pause is left to the next run."""
GRACE_SECONDS = 5.0
"""How much later than the Deadline a request that is under way may end."""

_BLOCK = 65_536


@dataclass(frozen=True)
class Service:
    """What the transport has to know of one API."""

    name: str
    judge: Callable[[requests.Response], Trouble | None]
    """What is wrong with an answer that the client could not use; None for one that it can read."""
    repeatable: Callable[[requests.PreparedRequest], bool]
    """Whether sending the request twice is as good as once."""
    limits: tuple[Limit, ...] = ()
    trace_headers: tuple[str, ...] = ()
    """Response headers that carry the service's own id of the request."""
    secret_path: bool = False
    """The address's path is a key: it is not logged."""

    def trace_id(self, response: requests.Response) -> str:
        """The service's own id of the request, "" where it sent none."""
        for name in self.trace_headers:
            if name in response.headers:
                return one_line(response.headers[name], 80)
        return ""


class ApiAdapter(HTTPAdapter):
    """The retry policy, below the session, so that a library which drives the session cannot go around it."""

    def __init__(
        self, service: Service, clock: Clock, random: Random, deadline: Deadline | None, connections: int
    ) -> None:
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0)
        self._service = service
        self._clock = clock
        self._random = random
        self._deadline = deadline
        self._limiter = RateLimiter(clock, service.limits)
        self._lock = threading.Lock()
        self._sent = 0

    @property
    def sent(self) -> int:
        """Requests sent so far, repeated ones included."""
        return self._sent

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - requests' signature; a body is always read here, within its time
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,  # noqa: ARG002 - ours always holds
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """An answer that the client can read. Raises Unreachable where there is none, AnswerLost where that leaves
        a write in doubt, OutOfTime where the pass's time is over before the request was sent, ConfigError for a
        proxy or certificate setting that cannot work.
        """
        repeatable = self._service.repeatable(request)
        tried = 0
        while True:
            self._take_turn(waiting=tried > 0)
            tried += 1
            answer = self._try(request, verify, cert, proxies)
            if isinstance(answer, requests.Response):
                return answer
            pause = answer.wait + self._jitter(tried)
            last = tried == TRIES or not (repeatable and answer.again) or answer.wait > LONGEST_WAIT_SECONDS
            if last or pause >= self._left():
                raise self._failure(answer, tried, in_doubt=answer.arrived and not repeatable)
            self._clock.sleep(pause)

    def _jitter(self, tried: int) -> float:
        """Full jitter: anything from nothing to a bound that doubles with every try."""
        return self._random.uniform(0.0, min(BACKOFF_CAP_SECONDS, BACKOFF_SECONDS * 2 ** (tried - 1)))

    def _left(self) -> float:
        return float("inf") if self._deadline is None else self._deadline.left()

    def _take_turn(self, *, waiting: bool) -> None:
        """Wait for this request's turn under the service's limits; `waiting`: for a server that failed before."""
        left = self._left()
        pause = self._limiter.reserve(left) if left > 0.0 else None
        if pause is None:
            if waiting:
                raise Unreachable(f"{self._service.name} did not recover within the time limit.", NEXT_RUN)
            raise OutOfTime("The time limit of this pass is reached.", NEXT_RUN)
        if pause > 0.0:
            self._clock.sleep(pause)

    def _try(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None,
        proxies: Mapping[str, str] | None,
    ) -> requests.Response | Trouble:
        allowed = min(READ_SECONDS, self._left() + GRACE_SECONDS)
        ends_at = self._clock.monotonic() + allowed
        timeout = (min(CONNECT_SECONDS, allowed), allowed)
        with self._lock:
            self._sent += 1
        try:
            response = super().send(request, stream=True, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        except requests.exceptions.InvalidProxyURL:
            raise ConfigError("HTTPS_PROXY holds no valid address.", "Correct the environment variable.") from None
        except requests.RequestException as error:
            self._trace(request, type(error).__name__, "")
            return trouble_of_error(error, allowed)
        except OSError as error:
            if "CA certificate bundle" not in str(error):
                raise
            raise ConfigError(
                "The file of trusted certificates does not exist.", "Correct REQUESTS_CA_BUNDLE."
            ) from None
        self._trace(request, str(response.status_code), self._service.trace_id(response))
        return self._read(response, ends_at) or self._judge(response) or response

    def _read(self, response: requests.Response, ends_at: float) -> Trouble | None:
        """Read the whole body, no longer than until `ends_at`: a server that sends a byte now and then would
        otherwise never run into a timeout.
        """
        blocks: list[bytes] = []
        raw = response.raw
        try:
            while block := raw.read1(_BLOCK, decode_content=True):
                blocks.append(block)
                if self._clock.monotonic() > ends_at:
                    raw.close()
                    return Trouble("sent its answer too slowly.")
        except urllib3.exceptions.DecodeError:
            return Trouble("sent an answer that cannot be unpacked.")
        except (urllib3.exceptions.HTTPError, OSError):
            raw.close()
            return Trouble("broke off in the middle of its answer.")
        # What requests' own reading would have left behind: it has no way to stop a slow body.
        vars(response).update(_content=b"".join(blocks), _content_consumed=True)
        return None

    def _judge(self, response: requests.Response) -> Trouble | None:
        if response.is_redirect:
            host = urlsplit(response.headers["location"]).hostname or "another address"
            return Trouble(
                f"answered with a redirect to {one_line(host)} instead of data.",
                again=False,
                arrived=False,
                todo="Check the address, and whether a proxy or a sign-in page stands in between.",
            )
        return self._service.judge(response)

    def _failure(self, trouble: Trouble, tried: int, *, in_doubt: bool) -> QbsfError:
        tries = f" ({tried} tries)" if tried > 1 else ""
        message = f"{self._service.name} {trouble.what.rstrip('.')}{tries}."
        return AnswerLost(message, trouble.todo) if in_doubt else Unreachable(message, trouble.todo)

    def _trace(self, request: requests.PreparedRequest, outcome: str, trace: str) -> None:
        """One debug line; never a query, header or body: they can carry secrets."""
        address = urlsplit(request.url or "")
        path = "" if self._service.secret_path else address.path
        line = f"{request.method} {address.hostname}{path} {outcome} {trace}"
        log.debug("%s", line.rstrip())


class ApiSession(requests.Session):
    """Keeps connections, but follows no redirect and uses neither cookies nor netrc logins. Its adapter's pool is
    as large as `connections`, so that many threads may share it.
    """

    def __init__(self, adapter: ApiAdapter) -> None:
        super().__init__()
        self._api_adapter = adapter
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        # requests would put a netrc login in the place of the bearer token where no auth is set.
        self.auth = _as_it_is
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """None: an API that answers with another address is not believed."""
        return

    @property
    def sent(self) -> int:
        """Requests sent so far, repeated ones included."""
        return self._api_adapter.sent


def open_session(
    service: Service,
    *,
    clock: Clock,
    random: Random,
    deadline: Deadline | None = None,
    connections: int = 8,
) -> ApiSession:
    """A session for one service. Requests take HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE as requests reads them."""
    shield_wire_trace()
    return ApiSession(ApiAdapter(service, clock, random, deadline, connections))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request

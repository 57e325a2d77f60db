"""Faults that a test or the demo queues: what goes wrong with which request, and how often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, get_args

from qbsf.sandbox.exchange import Request

Kind = Literal[
    "server_error",  # 500 with the service's own error body; not handled
    "unavailable",  # 503 with an HTML body; not handled
    "throttle",  # QuickBooks 429 with the XML body, Salesforce 403 REQUEST_LIMIT_EXCEEDED; not handled
    "expired",  # 401 as for an expired token or session; not handled
    "html",  # 200 with an HTML page instead of JSON; not handled
    "fault_in_200",  # 200 with an error document; not handled
    "empty",  # 200 with an empty body; not handled
    "reset",  # the connection is reset before the request is handled
    "reset_after",  # the request is done and its answer lost
    "truncated",  # the request is done; the answer ends before its Content-Length
    "hang",  # never answered, never handled
    "hang_after",  # handled, never answered
    "hook_before",  # runs `hook` before the request is handled
    "hook_after",  # runs `hook` after it was handled, before the answer leaves
]
KINDS: frozenset[str] = frozenset(get_args(Kind))
HANDLED_KINDS: frozenset[str] = frozenset({"reset_after", "truncated", "hang_after"})
"""Kinds where the service has done what was asked before the answer goes wrong."""

LOST_KINDS: frozenset[str] = frozenset({"reset", "reset_after", "hang", "hang_after"})
"""Kinds where the client sees no status."""

Scope = Literal["api", "token", "any"]
_TOKEN_HOSTS = frozenset(
    {
        "appcenter.intuit.com",
        "oauth.platform.intuit.com",
        "developer.api.intuit.com",
        "developer.intuit.com",
    }
)


def is_token_request(request: Request) -> bool:
    """Whether it goes to an OAuth endpoint (authorize, token, revoke, discovery) and not to an API."""
    return request.host in _TOKEN_HOSTS or "/services/oauth2/" in request.path


Match = str | Callable[[Request], bool]


@dataclass
class Fault:
    """One queued fault. It lets `after` matching requests pass and then strikes `times` of them."""

    service: str
    """"quickbooks" or "salesforce"; "" is either."""
    kind: Kind
    match: Match = ""
    """A predicate, or a text that must stand in "METHOD host/path?query" (any case) or in the body."""
    after: int = 0
    times: int = 1
    scope: Scope = "api"
    status: int = 0
    """Another HTTP status than the kind's usual one."""
    retry_after: int | None = None
    """Seconds for a Retry-After header; None sends none."""
    hook: Callable[[Request], None] | None = None
    passed: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault kind {self.kind!r}; there are {', '.join(sorted(KINDS))}")
        if self.kind.startswith("hook") != (self.hook is not None):
            raise ValueError("a hook belongs to the kinds hook_before and hook_after, and only to them")

    @property
    def spent(self) -> bool:
        return self.struck >= self.times

    def matches(self, service: str, request: Request) -> bool:
        """Whether it is about this request at all."""
        if self.service not in {"", service}:
            return False
        if self.scope != "any" and (self.scope == "token") != is_token_request(request):
            return False
        if callable(self.match):
            return self.match(request)
        wanted = self.match.lower()
        return (
            wanted in f"{request.method} {request.host}{request.target}".lower()
            or wanted.encode() in request.body.lower()
        )


class Faults:
    """The queue. A request meets at most one fault, the first that fits; hooks all run, and do not count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue: list[Fault] = []

    def add(
        self,
        service: str,
        kind: Kind,
        match: Match = "",
        *,
        after: int = 0,
        times: int = 1,
        scope: Scope = "api",
        status: int = 0,
        retry_after: int | None = None,
        hook: Callable[[Request], None] | None = None,
    ) -> Fault:
        """Queue a fault; the returned value tells later how often it struck."""
        fault = Fault(service, kind, match, after, times, scope, status, retry_after, hook)
        with self._lock:
            self._queue.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._queue.clear()

    def pending(self) -> list[Fault]:
        """The faults that have not struck as often as they will."""
        with self._lock:
            return [fault for fault in self._queue if not fault.spent]

    def meet(self, service: str, request: Request) -> tuple[Fault | None, tuple[Fault, ...]]:
        """The fault that strikes this request, if any, and the hooks to run around it."""
        struck: Fault | None = None
        hooks: list[Fault] = []
        with self._lock:
            for fault in self._queue:
                is_hook = fault.hook is not None
                if fault.spent or (struck and not is_hook) or not fault.matches(service, request):
                    continue
                if fault.passed < fault.after:
                    fault.passed += 1
                    continue
                fault.struck += 1
                if is_hook:
                    hooks.append(fault)
                else:
                    struck = fault
        return struck, tuple(hooks)

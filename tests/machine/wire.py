"""The sandbox's network without sockets: requests are handed to the simulated services inside this process.

The same faults strike as on qbsf.sandbox.network, and a client sees of them what it would see over TCP. A thousand
passes a minute need that; test_faults_processes.py holds worlds behind sockets against worlds behind this wire.
"""

from collections.abc import Callable, Mapping
from email.utils import format_datetime
from io import BytesIO
from typing import NoReturn
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from qbsf.sandbox.exchange import Request, Response, Service
from qbsf.sandbox.fault_answers import answer
from qbsf.sandbox.faults import HANDLED_KINDS, Fault, is_token_request
from qbsf.sandbox.request_log import LoggedRequest
from qbsf.sandbox.world import Sandbox

Timeout = float | tuple[float, float] | tuple[float, None] | None
_RESET_BY_PEER = 104


class MemoryWire:
    """Stands in for HTTPAdapter.send. `sleep` lets the time of an answer that never comes pass."""

    def __init__(self, sandbox: Sandbox, sleep: Callable[[float], None]) -> None:
        self._sandbox = sandbox
        self._sleep = sleep
        self._services: tuple[Service, ...] = (sandbox.quickbooks, sandbox.org)

    def send(
        self,
        adapter: HTTPAdapter,
        prepared: requests.PreparedRequest,
        stream: bool = False,
        timeout: Timeout = None,
        **_options: object,
    ) -> requests.Response:
        """Answer a prepared request, or fail as a connection does."""
        request = _request_of(prepared)
        service = next((each for each in self._services if each.serves(request.host)), None)
        if service is None:
            raise requests.ConnectionError(f"the sandbox serves no {request.host}")
        fault, hooks = self._sandbox.faults.meet(service.name, request)
        _run(hooks, "hook_before", request)
        response = self._respond(service, request, fault)
        _run(hooks, "hook_after", request)
        kind = fault.kind if fault else ""
        self._note(service.name, request, kind, response)
        if kind.startswith("reset"):
            _reset()
        if kind.startswith("hang"):
            self._hang(timeout)
        answered = adapter.build_response(prepared, self._raw(response, request.method, cut=kind == "truncated"))
        if not stream:
            _ = answered.content
        return answered

    def _respond(self, service: Service, request: Request, fault: Fault | None) -> Response:
        if fault is None or fault.kind in HANDLED_KINDS:
            return service.handle(request)
        if fault.kind in {"reset", "hang"}:
            return Response(0)
        return answer(fault, service.name, request)

    def _raw(self, response: Response, method: str, *, cut: bool) -> urllib3.HTTPResponse:
        headers = {
            "Date": format_datetime(self._sandbox.clock.now(), usegmt=True),
            **response.headers,
            "Content-Length": str(len(response.body)),
        }
        body = response.body[: len(response.body) // 2] if cut else response.body
        return urllib3.HTTPResponse(
            BytesIO(body), headers, response.status, preload_content=False, request_method=method
        )

    def _note(self, service: str, request: Request, kind: str, response: Response) -> None:
        lost = kind.startswith(("reset", "hang"))
        entry = LoggedRequest(
            service=service,
            method=request.method,
            host=request.host,
            path=request.path,
            target=request.target,
            body=request.body,
            status=0 if lost else response.status,
            fault=kind,
            token=is_token_request(request),
            at=self._sandbox.clock.now(),
        )
        self._sandbox.network.log.add(entry)

    def _hang(self, timeout: Timeout) -> NoReturn:
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        if seconds is None:
            raise AssertionError("a request without a timeout: it would hang for ever")
        self._sleep(seconds)
        raise requests.ReadTimeout("Read timed out.")


def _request_of(prepared: requests.PreparedRequest) -> Request:
    address = urlsplit(prepared.url or "")
    body = prepared.body or b""
    target = address.path + (f"?{address.query}" if address.query else "")
    headers: Mapping[str, str] = {name.lower(): str(value) for name, value in prepared.headers.items()}
    assert isinstance(body, (str, bytes)), "qbsf streams no bodies"
    encoded = body.encode() if isinstance(body, str) else body
    return Request(prepared.method or "", address.hostname or "", target, headers, encoded)


def _reset() -> NoReturn:
    broken = ConnectionResetError(_RESET_BY_PEER, "Connection reset by peer")
    raise requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", broken))


def _run(hooks: tuple[Fault, ...], kind: str, request: Request) -> None:
    for fault in hooks:
        if fault.kind == kind and fault.hook is not None:
            fault.hook(request)

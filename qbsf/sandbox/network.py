"""The sandbox's network: a CONNECT proxy on loopback that ends TLS itself and hands requests to simulated services.

Nothing leaves the machine: a host that no service serves is answered 502 by the proxy. Every connection has its own
daemon thread, so that a silent one blocks nobody.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Sequence
from email.utils import format_datetime
from io import BufferedIOBase
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NoReturn, cast

from qbsf.sandbox.certificates import Certificates
from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request, Response, Service
from qbsf.sandbox.fault_answers import answer
from qbsf.sandbox.faults import HANDLED_KINDS, LOST_KINDS, Fault, Faults, is_token_request
from qbsf.sandbox.request_log import LoggedRequest, RequestLog
from qbsf.sandbox.wire import BrokenRequestError, encode, read_head, read_request

_IDLE_SECONDS = 120.0
_RESET = struct.pack("ii", 1, 0)


class _ConnectionLostError(Exception):
    """A fault took the connection away; there is nothing more to send on it."""


class Network:
    """The proxy, its services, the faults it injects and the log it keeps."""

    def __init__(
        self,
        services: Sequence[Service],
        clock: SandboxClock,
        faults: Faults,
        folder: Path,
        *,
        latency: float = 0.0,
    ) -> None:
        self.log = RequestLog()
        self.certificates = Certificates(folder)
        self.latency = latency
        """Seconds that every request takes at least, token endpoints too."""
        self._services = tuple(services)
        self._clock = clock
        self._faults = faults
        self._closed = Event()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = Thread(target=self._accept, name="sandbox-network", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def proxy_url(self) -> str:
        """For HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection, hanging ones too."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(connection,), name="sandbox-connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add(connection)
        try:
            # What a client does to its connection (close it, time out, distrust the CA) is its own affair.
            with contextlib.suppress(OSError, BrokenRequestError, _ConnectionLostError, ValueError):
                self._tunnel(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _tunnel(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            head = read_head(stream)
        if head is None:
            return
        method, target, _headers = head
        host = target.rpartition(":")[0].lower()
        service = self._service(host) if method == "CONNECT" else None
        if service is None:
            text = f"The sandbox serves no {target}: nothing leaves this machine.\n"
            refusal = Response(502, text.encode(), {"Content-Type": "text/plain"})
            connection.sendall(encode(refusal, date=self._date(), close=True))
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self.certificates.context(host).wrap_socket(connection, server_side=True) as secured:
            with self._lock:
                self._open.add(secured)
            try:
                with secured.makefile("rb") as stream:
                    self._converse(secured, cast("BufferedIOBase", stream), host, service)
            finally:
                with self._lock:
                    self._open.discard(secured)

    def _service(self, host: str) -> Service | None:
        return next((service for service in self._services if service.serves(host)), None)

    def _converse(self, peer: ssl.SSLSocket, stream: BufferedIOBase, host: str, service: Service) -> None:
        while True:
            _acknowledge_at_once(peer)
            request = read_request(stream, host)
            if request is None:
                return
            if self.latency:
                time.sleep(self.latency)
            close = request.headers.get("connection", "").lower() == "close"
            peer.sendall(self._answer(peer, request, service, close=close))
            if close:
                return

    def _answer(self, peer: ssl.SSLSocket, request: Request, service: Service, *, close: bool) -> bytes:
        fault, hooks = self._faults.meet(service.name, request)
        kind = fault.kind if fault else ""
        _run(hooks, "hook_before", request)
        if fault is None or fault.kind in HANDLED_KINDS:
            response = _handled(service, request)
        elif fault.kind in LOST_KINDS:
            response = Response(0)
        else:
            response = answer(fault, service.name, request)
        _run(hooks, "hook_after", request)
        self._note(service.name, request, 0 if kind in LOST_KINDS else response.status, kind)
        if kind in LOST_KINDS:
            _lose(peer, hang=kind.startswith("hang"))
        encoded = encode(response, date=self._date(), close=close, head_only=request.method == "HEAD")
        if kind == "truncated":
            peer.sendall(encoded[: len(encoded) - max(1, len(response.body) // 2)])
            raise _ConnectionLostError
        return encoded

    def _note(self, service: str, request: Request, status: int, fault: str) -> None:
        self.log.add(
            LoggedRequest(
                service=service,
                method=request.method,
                host=request.host,
                path=request.path,
                target=request.target,
                body=request.body,
                status=status,
                fault=fault,
                token=is_token_request(request),
                at=self._clock.now(),
            )
        )

    def _date(self) -> str:
        return format_datetime(self._clock.now(), usegmt=True)


def _acknowledge_at_once(peer: ssl.SSLSocket) -> None:
    """Spare every POST 40 ms: behind a proxy urllib3 leaves Nagle's algorithm on, and sends the body only once
    the head is acknowledged. The option does not last, so it is set for each request.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _lose(peer: ssl.SSLSocket, *, hang: bool) -> NoReturn:
    if hang:
        peer.settimeout(None)
        peer.recv(1)  # returns when the client gives up or the sandbox closes
    else:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    raise _ConnectionLostError


def _run(hooks: Sequence[Fault], kind: str, request: Request) -> None:
    for fault in hooks:
        if fault.kind == kind and fault.hook is not None:
            fault.hook(request)


def _handled(service: Service, request: Request) -> Response:
    try:
        return service.handle(request)
    except Exception as error:  # noqa: BLE001 - a bug of the simulation must be seen, not hang the client
        text = f"The sandbox itself failed: {error!r}\n"
        return Response(500, text.encode(), {"Content-Type": "text/plain", "X-Sandbox-Error": "1"})

"""The listener that gets Intuit's redirect: on loopback only, for the length of one consent (auth.md B3)."""

import errno
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from qbsf.auth import pages
from qbsf.auth.redirect import Consent, ConsentRefusedError, NotTheRedirectError
from qbsf.errors import QbsfError

SILENT_SECONDS = 5.0
"""A connection that says nothing (browsers open them ahead) is closed after this long."""
VERDICT_SECONDS = 180.0
"""How long a browser waits for the page while the exchange runs."""
DELIVERY_SECONDS = 5.0
"""How long the end of the command waits for the page to be on its way."""

_log = logging.getLogger(__name__)

Judge = Callable[[str], Consent]
"""Reads a query: the consent, or NotTheRedirectError, or ConsentRefusedError."""


class _Outcome:
    """What passes between the handlers' threads and the command: an answer one way, the page the other way."""

    def __init__(self, judge: Judge, path: str) -> None:
        self.judge = judge
        self.path = path
        self.answers: Queue[Consent | ConsentRefusedError] = Queue()
        self._page = pages.unfinished()
        self._decided = Event()
        self._lock = Lock()
        self._waiting = 0
        self._idle = Event()
        self._idle.set()

    def decide(self, page: str) -> None:
        """The page for every browser that waits or comes later; the first decision stands."""
        if not self._decided.is_set():
            self._page = page
            self._decided.set()

    def page(self) -> str:
        self._decided.wait(VERDICT_SECONDS)
        return self._page

    def enter(self) -> None:
        with self._lock:
            self._waiting += 1
            self._idle.clear()

    def leave(self) -> None:
        with self._lock:
            self._waiting -= 1
            if not self._waiting:
                self._idle.set()

    def delivered(self, seconds: float) -> bool:
        """Waits until every page that was owed has been written."""
        return self._idle.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    timeout = SILENT_SECONDS
    server: "_Server"
    server_version = "qbsf"
    sys_version = ""

    def do_GET(self) -> None:
        outcome = self.server.outcome
        target = urlsplit(self.path)
        if target.path != outcome.path:
            self._show(HTTPStatus.NOT_FOUND, pages.not_found())
            return
        outcome.enter()
        try:
            self._answer(outcome, target.query)
        finally:
            outcome.leave()

    def _answer(self, outcome: _Outcome, query: str) -> None:
        try:
            outcome.answers.put(outcome.judge(query))
        except NotTheRedirectError as error:
            self._show(HTTPStatus.BAD_REQUEST, pages.not_this_one(str(error)))
        except ConsentRefusedError as error:
            outcome.answers.put(error)
            self._show(HTTPStatus.OK, pages.refused(error.message))
        else:
            self._show(HTTPStatus.OK, outcome.page())

    def _show(self, status: HTTPStatus, page: str) -> None:
        body = page.encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002 - http.server's signature
        explain: str | None = None,  # noqa: ARG002 - http.server's signature
    ) -> None:
        """Other methods and malformed requests get the plain page, which repeats nothing of what was sent."""
        status = HTTPStatus.NOT_FOUND if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._show(status, pages.not_found())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Says nothing: the request line holds the code."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32
    # On Windows SO_REUSEADDR would let another program take the port over, and with it the code.
    allow_reuse_address = os.name != "nt"

    def __init__(self, family: socket.AddressFamily, host: str, port: int, outcome: _Outcome) -> None:
        self.address_family = family
        self.outcome = outcome
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Binds without looking up this machine's name, which may take seconds."""
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - its signature
        """A browser that went away, mostly; only the kind is noted, for the text may hold the request."""
        _log.debug("a loopback connection ended by %s", type(sys.exc_info()[1]).__name__)


class Listener:
    """Waits at host:port/path for the answer that `judge` takes; a context manager.

    Raises QbsfError on entering when the port cannot be had.
    """

    def __init__(self, host: str, port: int, path: str, judge: Judge) -> None:
        self._host = host
        self._port = port
        self._outcome = _Outcome(judge, path)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for family, address in self._addresses():
                server = self._bound(family, address)
                if server is not None:
                    stack.callback(_stop, server)
                    Thread(target=server.serve_forever, args=(0.05,), name="qbsf-loopback", daemon=True).start()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._outcome.decide(pages.unfinished())
        self._outcome.delivered(DELIVERY_SECONDS)
        self._open.close()

    def wait(self, seconds: float) -> Consent:
        """The first answer that fits. Raises ConsentRefusedError, or TimeoutError after so many seconds."""
        try:
            answer = self._outcome.answers.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(answer, ConsentRefusedError):
            raise answer
        return answer

    def show(self, page: str) -> None:
        """Gives the waiting browser its page, and waits until it is on its way."""
        self._outcome.decide(page)
        self._outcome.delivered(DELIVERY_SECONDS)

    def _addresses(self) -> tuple[tuple[socket.AddressFamily, str], ...]:
        """`localhost` may lead a browser to either loopback address."""
        four, six = (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")
        return {"127.0.0.1": (four,), "::1": (six,)}.get(self._host, (four, six))

    def _bound(self, family: socket.AddressFamily, address: str) -> _Server | None:
        """The server, or None on a machine without IPv6, where `localhost` is 127.0.0.1 alone."""
        try:
            return _Server(family, address, self._port, self._outcome)
        except PermissionError as error:
            raise _no_port(self._port, "may not be used by this user", "port_busy") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _no_port(self._port, "is in use by another program", "port_busy") from error
            if family == socket.AF_INET6 and self._host == "localhost":
                return None
            raise _no_port(self._port, f"cannot be used ({error.strerror})", "port_unusable") from error


def _no_port(port: int, why: str, code: str) -> QbsfError:
    return QbsfError(
        f"Port {port} of [quickbooks] redirect_uri {why}.",
        "End that program, or use `qbsf auth quickbooks --paste`.",
        code=code,
    )


def _stop(server: _Server) -> None:
    server.shutdown()
    server.server_close()

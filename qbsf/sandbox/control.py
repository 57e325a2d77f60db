"""The sandbox's control API for `qbsf demo --serve`: plain HTTP with JSON on loopback.

GET / lists what can be called. POST / with {"call": "books.receive_payment", "with": {"invoices": {"1": "250.00"}}}
does it and answers {"result": ...}, or 400 with {"error": ...}.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

from qbsf.sandbox.faults import Fault
from qbsf.sandbox.world import Sandbox

_MAX_BODY = 1024 * 1024


class Calls:
    """The public methods of the sandbox's people, as an allow-list of names."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        parts: dict[str, object] = {
            "books": sandbox.books,
            "org": sandbox.org,
            "faults": sandbox.faults,
        }
        self._allowed: dict[str, Callable[..., object]] = {
            f"{name}.{method}": getattr(part, method)
            for name, part in parts.items()
            for method, _function in inspect.getmembers(type(part), inspect.isfunction)
            if not method.startswith("_")
        }
        for hidden in ("org.handle", "org.serves", "faults.meet"):
            self._allowed.pop(hidden, None)
        self._allowed |= {
            "clock.now": sandbox.clock.now,
            "clock.advance": self._advance,
            "network.log": self._log,
            "network.clear_log": sandbox.network.log.clear,
        }

    def describe(self) -> dict[str, str]:
        """Signature and first sentence of everything that can be called."""
        return {
            name: f"{inspect.signature(method)} {_first_line(method)}".strip()
            for name, method in sorted(self._allowed.items())
        }

    def call(self, name: str, arguments: Mapping[str, object]) -> object:
        """Do it. ValueError names what is wrong with the call."""
        method = self._allowed.get(name)
        if method is None:
            raise ValueError(f"there is no {name}; GET / lists what there is")
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from None
        return method(**arguments)

    def _advance(self, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the servers' clock; returns its new time."""
        self._sandbox.clock.advance(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
        return self._sandbox.clock.now()

    def _log(self, service: str = "") -> list[dict[str, object]]:
        """The requests so far, without their bodies."""
        return [
            {
                "service": entry.service,
                "method": entry.method,
                "host": entry.host,
                "path": entry.path,
                "status": entry.status,
                "fault": entry.fault,
                "token": entry.token,
            }
            for entry in self._sandbox.network.log.entries(service)
        ]


def _first_line(method: Callable[..., object]) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0]


def _plain(value: object) -> object:
    """A result as JSON can write it."""
    if isinstance(value, Fault):
        return {"kind": value.kind, "struck": value.struck, "times": value.times}
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [_plain(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class ControlServer:
    """Serves `Calls` on 127.0.0.1; `port` 0 takes a free one."""

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"calls": Calls(sandbox)})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox-control", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    calls: Calls
    timeout = 30

    def do_GET(self) -> None:
        usage = 'POST {"call": NAME, "with": {ARGUMENT: VALUE}}'
        self._send(200, {"usage": usage, "calls": self.calls.describe()})

    def do_POST(self) -> None:
        try:
            name, arguments = self._asked()
            self._send(200, {"result": _plain(self.calls.call(name, arguments))})
        except (ValueError, LookupError, TypeError) as error:
            self._send(400, {"error": str(error)})

    def _asked(self) -> tuple[str, dict[str, object]]:
        length = int(self.headers.get("Content-Length", "0"))
        if length > _MAX_BODY:
            raise ValueError("the body is too long")
        asked = json.loads(self.rfile.read(length))
        match asked:
            case {"call": str(name), "with": dict(arguments)}:
                return name, arguments
            case {"call": str(name), **rest} if not rest:
                return name, {}
            case _:
                raise ValueError('the body is no {"call": NAME, "with": {...}}')

    def _send(self, status: int, document: object) -> None:
        body = json.dumps(document, indent=2).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent: what happened stands in the sandbox's log."""

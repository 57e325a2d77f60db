"""A server on loopback that takes alerts: it keeps what it is sent, and can be told to refuse it or never to answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

PATH = "/services/T000/KEY-that-nobody-sees"


@dataclass
class Receiver:
    """`texts` and `gets` are what came; `status` is what it answers, None for no answer at all."""

    port: int = 0
    status: int | None = 200
    texts: list[str] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)
    gets: list[str] = field(default_factory=list)
    closed: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def take(self) -> list[str]:
        """What came since this was last asked, line by line."""
        lines = [line for text in self.texts for line in text.splitlines()]
        self.texts.clear()
        return lines


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self._answer():
                found.bodies.append(body)
                found.texts.append(body["text"])

        def do_GET(self) -> None:
            if self._answer():
                found.gets.append(self.path)

        def _answer(self) -> bool:
            if found.status is None:
                found.closed.wait()
                return False
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return found.status == 200

        def log_message(self, *_args: object) -> None:
            """A test's output is no place for it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield found
        finally:
            found.closed.set()
            server.shutdown()

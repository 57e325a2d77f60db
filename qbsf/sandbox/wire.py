"""HTTP/1.1 on a socket, as much of it as the sandbox's network speaks: requests in, answers out."""

from collections.abc import Mapping
from http import HTTPStatus
from io import BufferedIOBase

from qbsf.sandbox.exchange import Request, Response

MAX_LINE = 65_536
"""Longest request line or header line that is read; a longer one is a broken client."""
MAX_BODY = 64 * 1024 * 1024


class BrokenRequestError(Exception):
    """The peer does not speak HTTP, or stopped in the middle of a request."""


def read_head(stream: BufferedIOBase) -> tuple[str, str, dict[str, str]] | None:
    """Method, target and headers (lower-case names) of the next request; None when the peer is done."""
    line = _line(stream)
    if line is None:
        return None
    try:
        method, target, _version = line.split(" ")
    except ValueError as error:
        raise BrokenRequestError("not a request line") from error
    headers: dict[str, str] = {}
    while header := _line(stream):
        name, colon, value = header.partition(":")
        if not colon:
            raise BrokenRequestError("not a header line")
        headers[name.strip().lower()] = value.strip()
    return method, target, headers


def read_request(stream: BufferedIOBase, host: str) -> Request | None:
    """The next request of a connection to `host`; None when the peer is done."""
    head = read_head(stream)
    if head is None:
        return None
    method, target, headers = head
    return Request(method, host, target, headers, _body(stream, headers))


def _line(stream: BufferedIOBase) -> str | None:
    raw = stream.readline(MAX_LINE + 1)
    if not raw:
        return None
    if not raw.endswith(b"\n"):
        raise BrokenRequestError("line too long or cut off")
    return raw.rstrip(b"\r\n").decode("latin-1")


def _body(stream: BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(stream)
    try:
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise BrokenRequestError("Content-Length is no number") from error
    return _exactly(stream, length)


def _chunks(stream: BufferedIOBase) -> bytes:
    body = b""
    while True:
        try:
            size = int((_line(stream) or "").partition(";")[0], 16)
        except ValueError as error:
            raise BrokenRequestError("not a chunk size") from error
        if size == 0:
            while _line(stream):
                pass
            return body
        body += _exactly(stream, size)
        _line(stream)


def _exactly(stream: BufferedIOBase, length: int) -> bytes:
    if not 0 <= length <= MAX_BODY:
        raise BrokenRequestError("body length out of range")
    body = stream.read(length) if length else b""
    if len(body) != length:
        raise BrokenRequestError("body cut off")
    return body


def encode(response: Response, *, date: str, close: bool, head_only: bool = False) -> bytes:
    """The answer as bytes; `date` is the HTTP date of the servers' clock."""
    has_body = response.status >= 200 and response.status not in {204, 304}
    headers = {"Date": date, **response.headers}
    if has_body:
        headers["Content-Length"] = str(len(response.body))
    headers["Connection"] = "close" if close else "keep-alive"
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head + response.body if has_body and not head_only else head


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"

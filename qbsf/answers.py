"""What is wrong with an HTTP answer, or with its absence, in words for one line of an error message. PURE."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec
import requests
import urllib3.connection
import urllib3.exceptions

from qbsf.json_values import Json, decode

NEXT_RUN = "Nothing to do: the next run goes on where this one stopped."
LONGEST_TEXT = 300

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
T = TypeVar("T")

_REPEAT_STATUS = frozenset({408, 420, 425, 429})


@dataclass(frozen=True)
class Trouble:
    """Why there is no answer to work with. `what` continues a sentence that begins with the service's name."""

    what: str
    wait: float = 0.0
    """Seconds the server asks to wait before the next try."""
    again: bool = True
    """Whether asking again can help."""
    arrived: bool = True
    """Whether the request may have been carried out."""
    todo: str = NEXT_RUN


def shield_wire_trace() -> None:
    """Keep http.client's debuglevel, which prints headers and bodies as they are, from our connections."""
    urllib3.connection.HTTPConnection.debuglevel = 0


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Foreign text made safe for one line of output: no control characters, no line ends, cut with "…"."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(printable.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def trouble_of_error(error: requests.RequestException, read_seconds: float) -> Trouble:
    """What a failure of the connection means. The error's own text is not used: it repeats the whole address.

    What is not known to have failed before the request left counts as arrived.
    """
    cause, proxied = _cause(error)
    said = str(cause)
    by = " through the proxy" if proxied else ""
    match cause:
        case _ if "CERTIFICATE_VERIFY_FAILED" in said:
            return Trouble(
                "showed a certificate that is not trusted here.",
                again=False,
                arrived=False,
                todo="Check this machine's clock; behind a proxy that opens TLS, set REQUESTS_CA_BUNDLE.",
            )
        case OSError() if "Tunnel connection failed" in said:
            return Trouble("could not be reached: the proxy refused.", arrived=False, todo="See HTTPS_PROXY.")
        case urllib3.exceptions.NameResolutionError():
            named = "the proxy's" if proxied else "its"
            return Trouble(f"could not be reached: {named} name is not found.", arrived=False)
        case urllib3.exceptions.NewConnectionError():
            return Trouble(f"could not be reached{by}: no connection.", arrived=False)
        case urllib3.exceptions.ConnectTimeoutError() | requests.ConnectTimeout():
            return Trouble(f"could not be reached{by}: no connection in time.", arrived=False)
        case urllib3.exceptions.ReadTimeoutError() | requests.ReadTimeout():
            return Trouble(f"did not answer within {read_seconds:.0f} seconds.")
        case _:
            return Trouble("closed the connection without an answer.")


def _cause(error: Exception) -> tuple[Exception, bool]:
    """The innermost error that decides, and whether a proxy stands in between.

    urllib3 calls everything that goes wrong over a proxy a ProxyError, also a connection that broke off after the
    request had been delivered: only the error inside tells the two apart.
    """
    proxied = isinstance(error, requests.exceptions.ProxyError)
    inner = error.args[0] if error.args and isinstance(error, requests.RequestException) else error
    if isinstance(inner, urllib3.exceptions.MaxRetryError) and inner.reason is not None:
        inner = inner.reason
    if isinstance(inner, urllib3.exceptions.ProxyError):
        proxied, inner = True, inner.original_error
    return (inner if isinstance(inner, Exception) else error), proxied


def trouble_of_status(response: requests.Response, fault: str = "") -> Trouble | None:
    """A status that may pass: throttling, or a fault of the server. `fault`: its own words, where known."""
    status = response.status_code
    if status < 500 and status not in _REPEAT_STATUS:  # noqa: PLR2004 - HTTP's border of server faults
        return None
    said = f" ({one_line(fault)})" if fault else f" with {kind_of_body(response)}"
    return Trouble(
        f"answered HTTP {status}{said}.",
        wait=retry_after(response),
        arrived=status not in _REPEAT_STATUS,
    )


def outline(response: requests.Response) -> dict[str, msgspec.Raw] | None:
    """The members of an object, not decoded yet; None for every other body, and for JSON that `json_body` alone can
    read.
    """
    return _once(response, "qbsf_outline", _OBJECT.decode)


def json_body(response: requests.Response) -> dict[str, Json] | list[Json] | None:
    """The body as JSON values, decoded once for all who ask; None where it is none, or a bare number or text."""
    value = _once(response, "qbsf_decoded", decode)
    return value if isinstance(value, dict | list) else None


def _once(response: requests.Response, name: str, read: Callable[[bytes], T]) -> T | None:
    """What `read` makes of the body, kept with the response under a name; None where it cannot be read."""
    kept = vars(response)
    if name not in kept:
        try:
            kept[name] = read(response.content)
        except (ValueError, msgspec.DecodeError, RecursionError):
            kept[name] = None
    value: T | None = kept[name]
    return value


def kind_of_body(response: requests.Response) -> str:
    """What came, for a person: "an HTML page", "nothing", ..."""
    start = response.content[:200].lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if start.startswith(b"<"):
        return "XML"
    if start.startswith((b"{", b"[")):
        return "JSON" if json_body(response) is not None else "JSON that breaks off"
    return "text that is not JSON"


def retry_after(response: requests.Response) -> float:
    """Seconds of a Retry-After header in either of its forms; 0 where there is none or it cannot be read.
    A date counts from the answer's own Date: this machine's clock may be wrong.
    """
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until, now = http_date(text), server_date(response)
    if until is None or now is None:
        return 0.0
    return max(0.0, (until - now).total_seconds())


def server_date(response: requests.Response) -> datetime | None:
    """The server's clock when it answered (the Date header), in UTC; None where it sent none."""
    return http_date(response.headers.get("Date", ""))


def http_date(text: str) -> datetime | None:
    """A date as HTTP writes it, aware, in UTC."""
    try:
        value = parsedate_to_datetime(text)
    except ValueError:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

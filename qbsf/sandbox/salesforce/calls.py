"""A call of the REST API and its answer before it becomes HTTP; the parts of a composite are calls too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

import simplejson

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.salesforce.faults import ApiError, bad_json


@dataclass(frozen=True)
class Call:
    """`path` is what follows /services/data/vXX.0/, in decoded parts; `body` is parsed JSON, numbers as Decimal."""

    method: str
    version: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def object_body(self) -> dict[str, object]:
        """The body where an object is needed; ApiError JSON_PARSER_ERROR otherwise."""
        if not isinstance(self.body, dict):
            raise bad_json("The HTTP entity body is required, but this request has no entity body.")
        return self.body

    def flag(self, name: str) -> bool:
        """A boolean of the query string, or of the body for a collection's allOrNone."""
        if name in self.query:
            return self.query[name].lower() == "true"
        return isinstance(self.body, dict) and self.body.get(name) is True


@dataclass(frozen=True)
class Answer:
    """`body` None is an answer without a body."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def parts_of(target: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The decoded parts of a target's path, and its query."""
    split = urlsplit(target)
    parts = tuple(unquote(part) for part in split.path.split("/") if part)
    return parts, dict(parse_qsl(split.query, keep_blank_values=True))


def json_body(request: Request) -> object:
    """The request's JSON; None for a GET or an empty body, ApiError JSON_PARSER_ERROR for what is no JSON."""
    if request.method == "GET" or not request.body:
        return None
    kind = request.headers.get("content-type", "application/json")
    if "json" not in kind:
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"The content type {kind} is not supported", status=415)
    try:
        parsed: object = simplejson.loads(request.body.decode(), use_decimal=True)
    except ValueError as error:
        raise bad_json(f"Unexpected character in the request body: {error}") from None
    return parsed

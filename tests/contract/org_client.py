"""A client of the simulated org for its contract tests: raw requests, answered without a network."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from samples import FOLDER

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.salesforce import OrgOptions, SalesforceOrg

SAMPLES = FOLDER / "salesforce"
BASE = "/services/data/v66.0"
Body = dict[str, object] | list[object]


@dataclass(frozen=True)
class Reply:
    status: int
    body: object
    headers: Mapping[str, str]

    @property
    def error(self) -> dict[str, object]:
        """The one error of a top-level error answer."""
        assert isinstance(self.body, list), self.body
        assert len(self.body) == 1
        error = self.body[0]
        assert isinstance(error, dict)
        return error

    @property
    def entries(self) -> list[dict[str, object]]:
        """The results of a collection."""
        assert self.status == 200, self
        assert isinstance(self.body, list)
        return self.body

    @property
    def document(self) -> dict[str, object]:
        assert isinstance(self.body, dict), self.body
        return self.body

    @property
    def records(self) -> list[dict[str, object]]:
        """The rows of a query answer."""
        assert self.status == 200, self.body
        records = self.document["records"]
        assert isinstance(records, list)
        return records


class OrgClient:
    """Logs in once and sends requests to `handle()`."""

    def __init__(self, options: OrgOptions | None = None) -> None:
        self.clock = SandboxClock(datetime(2026, 11, 22, 8, tzinfo=UTC))
        self.org = SalesforceOrg(self.clock, options)
        self.token = ""
        self.login()

    def login(self) -> None:
        answer = self.ask_token({"grant_type": "client_credentials"})
        self.token = str(json.loads(answer.body)["access_token"])

    def ask_token(self, form: Mapping[str, str], *, host: str = "", basic: bool = True, secret: str = "") -> Response:
        """POST to the token endpoint, with the app's credentials as a Basic header unless told otherwise."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if basic:
            pair = f"{self.org.app.client_id}:{secret or self.org.app.client_secret}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        target, body = "/services/oauth2/token", urlencode(form).encode()
        return self.org.handle(Request("POST", host or self.org.host, target, headers, body))

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        base: str = BASE,
        host: str = "",
    ) -> Reply:
        """A request with the session's token; `path` follows /services/data/v66.0."""
        merged = {"authorization": f"Bearer {self.token}", "content-type": "application/json", **(headers or {})}
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.org.handle(Request(method, host or self.org.host, base + path, merged, raw))
        return Reply(answer.status, json.loads(answer.body) if answer.body else None, answer.headers)

    def query(self, soql: str, *, resource: str = "query", headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("GET", f"/{resource}?q={quote(soql)}", headers=headers)

    def names(self, soql: str) -> list[object]:
        """The Name column of a query's rows."""
        return [row["Name"] for row in self.query(soql).records]

    def update(self, *records: Mapping[str, object], all_or_none: bool = False) -> Reply:
        """Collections PATCH of Opportunities."""
        typed = [{"attributes": {"type": "Opportunity"}, **record} for record in records]
        return self.send("PATCH", "/composite/sobjects", {"allOrNone": all_or_none, "records": typed})

    def refused(self, record_id: str, **fields: object) -> dict[str, object]:
        """The one error of an update of one record that must fail."""
        result = self.update({"id": record_id, **fields}).entries[0]
        assert result["success"] is False, result
        assert "id" not in result
        errors = result["errors"]
        assert isinstance(errors, list)
        assert len(errors) == 1
        error = errors[0]
        assert isinstance(error, dict)
        return error

    def saved(self, record_id: str, **fields: object) -> None:
        """An update of one record that must succeed."""
        result = self.update({"id": record_id, **fields}).entries[0]
        assert result == {"id": record_id, "success": True, "errors": []}


def sample(name: str) -> object:
    """A recorded answer of shared/reference/samples/salesforce."""
    loaded: object = json.loads((SAMPLES / name).read_text())
    return loaded


def recorded_errors() -> dict[str, dict[str, object]]:
    """The recorded error bodies by errorCode, the last of each."""
    errors = sample("errors.json")
    assert isinstance(errors, list)
    found = {}
    for one in errors:
        if one["body"] and isinstance(one["body"][0], dict):
            found[one["body"][0]["errorCode"]] = {"http": one["http"], **one["body"][0]}
    return found

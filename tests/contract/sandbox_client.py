"""A plain requests client inside a sandbox, for the tests of the sandbox itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
import simplejson

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.world import Sandbox

DEVELOPMENT_HOST = "sandbox-quickbooks.api.intuit.com"
PRODUCTION_HOST = "quickbooks.api.intuit.com"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


@dataclass
class Client:
    """Requests to the simulated QuickBooks as an authorized development app sends them."""

    sandbox: Sandbox
    session: requests.Session
    token: str

    @property
    def base(self) -> str:
        return f"https://{DEVELOPMENT_HOST}/v3/company/{self.sandbox.books.realm_id}"

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **more}

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", params=params, headers=self.headers(), timeout=10)

    def post(self, path: str, document: object, **params: str) -> requests.Response:
        headers = self.headers(**{"Content-Type": "application/json"})
        body = simplejson.dumps(document, use_decimal=True)
        return self.session.post(f"{self.base}/{path}", body, params=params, headers=headers, timeout=10)

    def query(self, statement: str) -> requests.Response:
        headers = self.headers(**{"Content-Type": "application/text"})
        return self.session.post(f"{self.base}/query", statement.encode(), headers=headers, timeout=10)

    def rows(self, statement: str, entity: str) -> list[dict[str, Any]]:
        """The rows of a query that succeeds."""
        answer = read(self.query(statement))
        assert "Fault" not in answer, answer
        rows: list[dict[str, Any]] = answer["QueryResponse"].get(entity, [])
        return rows

    def ids(self, statement: str, entity: str = "Invoice") -> list[str]:
        return [row["Id"] for row in self.rows(statement, entity)]

    def changes(self, entities: str, since: str) -> dict[str, list[dict[str, Any]]]:
        """Objects of the change feed, by entity."""
        answer = read(self.get("cdc", entities=entities, changedSince=since))
        blocks = answer["CDCResponse"][0]["QueryResponse"]
        names = entities.split(",")
        return {name: block.get(name, []) for name, block in zip(names, blocks, strict=True)}


def read(response: requests.Response) -> Any:
    """The body, with exact decimals."""
    return simplejson.loads(response.content, use_decimal=True)


def fault(response: requests.Response) -> tuple[int, str, str]:
    """(status, code, detail) of a refusal."""
    error = read(response)["Fault"]["Error"][0]
    return response.status_code, error["code"], error["Detail"]


def minimal_invoice(customer: str, amount: str = "100.00", **more: object) -> dict[str, object]:
    """The least that creates an invoice in the United States."""
    detail = {"ItemRef": {"value": "1"}}
    line = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(amount), "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer}, "Line": [line], **more}


@contextmanager
def open_client(settings: CompanySettings | None = None) -> Iterator[Client]:
    """A running sandbox and a client that trusts nothing else."""
    with Sandbox(settings=settings) as sandbox, requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": sandbox.network.proxy_url}
        session.verify = str(sandbox.network.certificates.bundle)
        yield Client(sandbox, session, sandbox.books.issue_tokens()["access_token"])

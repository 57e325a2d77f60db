"""The floor: the fewest requests that can do a pass, one after the other, on nothing but `requests`.

`python floor.py access.json`. No look-ups (stages, payment methods and fields are taken as known), no safety: no brake,
no retry, no history, nothing taken back. It is what qbsf is measured against, not what anybody should run. The first
pass reads every linked Opportunity; a later one asks both sides what changed since. What it knows lies beside
access.json.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import requests

Row = dict[str, Any]
Deal = dict[str, Any]
"""id; shown, the values of WRITTEN as Salesforce last showed them; paid; links, the ids of the invoice's payments;
payments, by id what each brought: amount, date, method, reference.
"""

INVOICE = "QB_Invoice_ID__c"
WRITTEN = (
    "StageName",
    "QB_Payment_Amount__c",
    "QB_Payment_Date__c",
    "QB_Payment_Method__c",
    "QB_Payment_Reference__c",
)
WON = "Closed Won"
IDS_A_QUERY = ROWS_A_PAGE = MOST_CHANGES = 1000
ROWS_A_WRITE = 200
TIMEOUT = 120


class Books:
    """QuickBooks."""

    def __init__(self, access: Row) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {access['access_token']}"
        self._session.headers["Accept"] = "application/json"
        self._root = f"https://sandbox-quickbooks.api.intuit.com/v3/company/{access['realm_id']}"

    def by_id(self, entity: str, ids: Iterable[str]) -> Iterator[Row]:
        for some in portions(ids, IDS_A_QUERY):
            among = ",".join(f"'{each}'" for each in some)
            yield from self._query(entity, f"WHERE Id IN ({among}) MAXRESULTS {IDS_A_QUERY}")

    def changed(self, since: str) -> tuple[list[Row], list[Row]]:
        """Invoices and payments, by one request; where they may be more than its answer holds, by pages."""
        asked = {"entities": "Invoice,Payment", "changedSince": since}
        answer = self._session.get(f"{self._root}/cdc", params=asked, timeout=TIMEOUT)
        blocks = good(answer)["CDCResponse"][0]["QueryResponse"]
        invoices, payments = (block.get(name, []) for name, block in zip(("Invoice", "Payment"), blocks, strict=True))
        if len(invoices) + len(payments) < MOST_CHANGES:
            return invoices, payments
        return list(self._updated("Invoice", since)), list(self._updated("Payment", since))

    def _updated(self, entity: str, since: str) -> Iterator[Row]:
        for start in count(1, ROWS_A_PAGE):
            page = f"ORDERBY MetaData.LastUpdatedTime STARTPOSITION {start} MAXRESULTS {ROWS_A_PAGE}"
            rows = self._query(entity, f"WHERE MetaData.LastUpdatedTime >= '{since}' {page}")
            yield from rows
            if len(rows) < ROWS_A_PAGE:
                return

    def _query(self, entity: str, rest: str) -> list[Row]:
        statement = f"SELECT * FROM {entity} {rest}"
        headers = {"Content-Type": "application/text"}
        answer = self._session.post(f"{self._root}/query", statement, headers=headers, timeout=TIMEOUT)
        rows: list[Row] = good(answer)["QueryResponse"].get(entity, [])
        return rows


class Org:
    """Salesforce. Logging in tells the time."""

    def __init__(self, access: Row) -> None:
        self._session = requests.Session()
        self._host = access["instance_url"]
        login = self._session.post(
            f"{self._host}/services/oauth2/token",
            {"grant_type": "client_credentials"},
            auth=(access["consumer_key"], access["consumer_secret"]),
            timeout=TIMEOUT,
        )
        self._session.headers["Authorization"] = f"Bearer {good(login)['access_token']}"
        self.now = f"{parsedate_to_datetime(login.headers['Date']):%Y-%m-%dT%H:%M:%SZ}"

    def linked(self, since: str) -> Iterator[Row]:
        """Opportunities that name an invoice: all, or those changed since."""
        soql = f"SELECT Id,{INVOICE},{','.join(WRITTEN)} FROM Opportunity WHERE {INVOICE} != null"
        if since:
            soql += f" AND SystemModstamp >= {since}"
        page = good(self._session.get(f"{self._host}/services/data/v66.0/query", params={"q": soql}, timeout=TIMEOUT))
        while True:
            yield from page["records"]
            if page["done"]:
                return
            page = good(self._session.get(self._host + page["nextRecordsUrl"], timeout=TIMEOUT))

    def update(self, deals: Iterable[Deal]) -> None:
        for some in portions(deals, ROWS_A_WRITE):
            typed = {"attributes": {"type": "Opportunity"}}
            records = [{**typed, "id": deal["id"], **dict(zip(WRITTEN, wanted(deal), strict=True))} for deal in some]
            answer = self._session.patch(
                f"{self._host}/services/data/v66.0/composite/sobjects",
                json={"allOrNone": False, "records": records},
                timeout=TIMEOUT,
            )
            for deal, result in zip(some, good(answer), strict=True):
                if not result["success"]:
                    sys.exit(f"{deal['id']}: {result['errors']}")
                deal["shown"] = wanted(deal)


def portions(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def good(answer: requests.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


def wanted(deal: Deal) -> list[Any]:
    """What the Opportunity has to say."""
    if not deal["paid"]:
        return list(deal["shown"])
    parts = sorted((deal["payments"][each] for each in deal["links"]), key=lambda part: str(part[1]))
    methods, references = (", ".join(dict.fromkeys(part[place] for part in parts)) for place in (2, 3))
    return [WON, round(sum(part[0] for part in parts), 2), max(part[1] for part in parts), methods, references]


def main(access_file: Path) -> None:
    access = json.loads(access_file.read_text())
    since_file, deals_file = access_file.with_name("since.json"), access_file.with_name("deals.json")
    since = json.loads(since_file.read_text()) if since_file.exists() else ""
    books, org = Books(access), Org(access)
    if not since:
        deals: dict[str, Deal] = {}
        touched = learned(books, access["methods"], deals, org.linked(""), [], [])
    else:
        invoices, payments = books.changed(since)
        rows = list(org.linked(since))
        news = bool(rows or invoices or payments)
        deals = json.loads(deals_file.read_text()) if news else {}
        touched = learned(books, access["methods"], deals, rows, invoices, payments)
    org.update(deals[each] for each in touched if wanted(deals[each]) != deals[each]["shown"])
    if touched:
        deals_file.write_text(json.dumps(deals))
    since_file.write_text(json.dumps(org.now))


def learned(
    books: Books,
    methods: dict[str, str],
    deals: dict[str, Deal],
    rows: Iterable[Row],
    invoices: Iterable[Row],
    payments: list[Row],
) -> list[str]:
    """Take in what either side shows, read what that leaves open; the ids of the invoices it is about."""
    touched: dict[str, None] = {}
    unread: list[str] = []
    for row in rows:
        number = row[INVOICE]
        if number not in deals:
            deals[number] = {"id": row["Id"], "paid": False, "links": [], "payments": {}}
            unread.append(number)
        deals[number]["shown"] = [row[name] for name in WRITTEN]
        touched[number] = None
    unknown: list[str] = []
    shown = {payment["Id"] for payment in payments}
    for invoice in chain(invoices, books.by_id("Invoice", unread)):
        deal = deals.get(invoice["Id"])
        if deal is None or "status" in invoice:
            continue
        deal["links"] = [link["TxnId"] for link in invoice["LinkedTxn"] if link["TxnType"] == "Payment"]
        deal["paid"] = invoice["Balance"] == 0 and bool(deal["links"])
        unknown += [each for each in deal["links"] if each not in deal["payments"] and each not in shown]
        touched[invoice["Id"]] = None
    for payment in chain(payments, books.by_id("Payment", dict.fromkeys(unknown))):
        for line in payment.get("Line", []):
            for link in line["LinkedTxn"]:
                if link["TxnType"] == "Invoice" and link["TxnId"] in deals:
                    method = methods.get(payment.get("PaymentMethodRef", {}).get("value"), "")
                    part = [line["Amount"], payment["TxnDate"], method, payment.get("PaymentRefNum", "")]
                    deals[link["TxnId"]]["payments"][payment["Id"]] = part
                    touched[link["TxnId"]] = None
    return list(touched)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

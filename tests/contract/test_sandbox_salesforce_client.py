"""A real client, simple-salesforce, works with the simulated org through the sandbox's network."""

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

import pytest
import requests
from simple_salesforce.api import Salesforce, SFType
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_soql
from simple_salesforce.util import Usage

from qbsf.sandbox.salesforce import SalesforceOrg
from qbsf.sandbox.world import Sandbox


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Iterator[SalesforceOrg]:
    with Sandbox() as sandbox:
        monkeypatch.setenv("HTTPS_PROXY", sandbox.network.proxy_url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.network.certificates.bundle))
        yield sandbox.org


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def salesforce(org: SalesforceOrg, session: requests.Session) -> Salesforce:
    return Salesforce(
        consumer_key=org.app.client_id,
        consumer_secret=org.app.client_secret,
        domain="acme.my",
        version="66.0",
        session=session,
        parse_float=Decimal,
    )


def test_it_logs_in_and_reads(org: SalesforceOrg, salesforce: Salesforce) -> None:
    deal = org.add_opportunity("O'Neil & Sons", amount="2750")
    rows = salesforce.query(format_soql("SELECT Id, Amount FROM Opportunity WHERE Name = {}", "O'Neil & Sons"))
    assert [(row["Id"], row["Amount"]) for row in rows["records"]] == [(deal, Decimal("2750.0"))]
    usage = salesforce.api_usage["api-usage"]
    assert isinstance(usage, Usage)
    assert usage.total == 15_000


def test_it_follows_all_pages(org: SalesforceOrg, salesforce: Salesforce) -> None:
    ids = org.bulk_seed(2500)
    rows = salesforce.query_all("SELECT Id FROM Opportunity ORDER BY Id")["records"]
    assert [row["Id"] for row in rows] == ids


def test_it_updates_a_collection(org: SalesforceOrg, salesforce: Salesforce) -> None:
    ids = org.bulk_seed(200)
    records = [{"attributes": {"type": "Opportunity"}, "id": one, "StageName": "Closed Won"} for one in ids]
    results = salesforce.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records})
    assert results == [{"id": one, "success": True, "errors": []} for one in ids]
    assert org.get(ids[-1])["IsWon"] is True


def test_its_record_methods_work(salesforce: Salesforce) -> None:
    opportunity = cast("SFType", salesforce.Opportunity)
    deal = opportunity.create({"Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-01"})["id"]
    assert opportunity.update(deal, {"NextStep": "Call"}) == 204
    assert opportunity.get(deal)["NextStep"] == "Call"
    assert "QB_Payment_Date__c" in {one["name"] for one in opportunity.describe()["fields"]}
    assert opportunity.delete(deal) == 204
    with pytest.raises(SalesforceResourceNotFound):
        opportunity.get(deal)


def test_it_understands_a_refused_query(salesforce: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query("SELECT CurrencyIsoCode FROM Opportunity")
    assert "No such column 'CurrencyIsoCode'" in str(refused.value)


def test_it_logs_in_again_when_the_session_expired(org: SalesforceOrg, salesforce: Salesforce) -> None:
    org.expire_sessions()
    assert salesforce.query("SELECT COUNT() FROM Opportunity")["totalSize"] == 0


def test_it_understands_a_refused_login(org: SalesforceOrg, session: requests.Session) -> None:
    org.app.run_as = ""
    with pytest.raises(SalesforceAuthenticationFailed, match="no client credentials user enabled"):
        Salesforce(
            consumer_key=org.app.client_id,
            consumer_secret=org.app.client_secret,
            domain="acme.my",
            session=session,
        )


def test_it_makes_a_field(org: SalesforceOrg, salesforce: Salesforce) -> None:
    body = {"FullName": "Opportunity.QB_Total__c", "Metadata": {"label": "QB Total", "type": "Currency"}}
    assert salesforce.toolingexecute("sobjects/CustomField", method="POST", data=body)["success"] is True
    assert "QB_Total__c" in org.get(org.add_opportunity("Deal"))


def test_numbers_from_ten_million_up_are_read_as_they_are(org: SalesforceOrg, salesforce: Salesforce) -> None:
    org.add_opportunity("Big", amount="12345678.90")
    org.add_opportunity("Round", amount="10000000")
    rows = salesforce.query("SELECT Amount FROM Opportunity ORDER BY Amount")["records"]
    assert [row["Amount"] for row in rows] == [Decimal("1E+7"), Decimal("12345678.9")]

"""SOQL of the simulated org: what a query answers and how a wrong one is refused (salesforce.md section 3)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from contract.org_client import SAMPLES, OrgClient, Reply, sample

from qbsf.sandbox.salesforce import OrgOptions


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


@pytest.fixture
def deals(client: OrgClient) -> OrgClient:
    """Three deals: Anvil (Acme, 100, invoice INV-1a), Bolt (Globex, 200, no invoice), Crate (no account or amount)."""
    acme = client.org.add_account("Acme", BillingCity="Paris")
    globex = client.org.add_account("Globex")
    org = client.org
    org.add_opportunity("Anvil", account=acme, amount="100", close_date=date(2026, 3, 1), QB_Invoice_ID__c="INV-1a")
    org.add_opportunity("Bolt", account=globex, amount="200", close_date=date(2026, 2, 1), stage="Closed Lost")
    org.add_opportunity("Crate", close_date=date(2026, 1, 1), QB_Invoice_Number__c="O'Neil \\ 5%")
    return client


def refusal(reply: Reply) -> tuple[object, str]:
    """ErrorCode and the last line of the message."""
    assert reply.status == 400, reply.body
    return reply.error["errorCode"], str(reply.error["message"]).rpartition("\n")[2]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Name = 'anvil'", ["Anvil"]),
        ("Name != 'Anvil'", ["Bolt", "Crate"]),
        ("Name <> 'Anvil'", ["Bolt", "Crate"]),
        ("Name IN ('Anvil', 'CRATE')", ["Anvil", "Crate"]),
        ("Name NOT IN ('Anvil')", ["Bolt", "Crate"]),
        ("QB_Invoice_ID__c = 'inv-1A'", ["Anvil"]),
        ("QB_Invoice_ID__c = null", ["Bolt", "Crate"]),
        ("QB_Invoice_ID__c = ''", ["Bolt", "Crate"]),
        ("QB_Invoice_ID__c != null", ["Anvil"]),
        ("QB_Invoice_ID__c != 'x'", ["Anvil", "Bolt", "Crate"]),
        ("QB_Invoice_Number__c = 'O\\'Neil \\\\ 5%'", ["Crate"]),
        ("QB_Invoice_Number__c LIKE '%5\\%'", ["Crate"]),
        ("Name LIKE '_nv%'", ["Anvil"]),
        ("NOT Name LIKE '%l%'", ["Crate"]),
        ("Amount > 100", ["Bolt"]),
        ("Amount >= 100.00", ["Anvil", "Bolt"]),
        ("Amount < 1e", None),
        ("Amount = 100", ["Anvil"]),
        ("Amount != 100", ["Bolt", "Crate"]),
        ("Amount < 1000", ["Anvil", "Bolt"]),
        ("IsClosed = true", ["Bolt"]),
        ("IsWon = FALSE", ["Anvil", "Bolt", "Crate"]),
        ("CloseDate <= 2026-02-01", ["Bolt", "Crate"]),
        ("CloseDate IN (2026-01-01, 2026-03-01)", ["Anvil", "Crate"]),
        ("CreatedDate = TODAY", ["Anvil", "Bolt", "Crate"]),
        ("CreatedDate < TODAY", []),
        ("CloseDate > NEXT_N_DAYS:9000", []),
        ("CloseDate > NEXT_N_DAYS:99999999999", None),
        ("Account.Name = 'Acme'", ["Anvil"]),
        ("Account.BillingCity = null", ["Bolt", "Crate"]),
        ("Opportunity.Name = 'Bolt'", ["Bolt"]),
        ("Name = 'Anvil' OR (Amount = 200 AND IsClosed = true)", ["Anvil", "Bolt"]),
        ("Name = 'Anvil' AND (NOT Amount = 100)", []),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Globex')", ["Bolt"]),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Globex')", ["Anvil", "Crate"]),
        ("SystemModstamp >= 2020-01-01T00:00:00Z AND Name > 'B'", ["Bolt", "Crate"]),
        ("SystemModstamp >= 2020-01-01T00:00:00.000+0000", ["Anvil", "Bolt", "Crate"]),
        ("SystemModstamp < 2020-01-01T00:00:00+02:00", []),
        ("LastModifiedBy.Name = 'Anna Person'", ["Anvil", "Bolt", "Crate"]),
    ],
)
def test_a_condition_finds_its_rows(deals: OrgClient, where: str, found: list[str] | None) -> None:
    soql = f"SELECT Name FROM Opportunity WHERE {where} ORDER BY Name"
    if found is None:
        assert deals.query(soql).status == 400
    else:
        assert deals.names(soql) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("Amount", ["Crate", "Anvil", "Bolt"]),
        ("Amount DESC", ["Crate", "Bolt", "Anvil"]),
        ("Amount DESC NULLS LAST", ["Bolt", "Anvil", "Crate"]),
        ("IsClosed DESC, CloseDate ASC", ["Bolt", "Crate", "Anvil"]),
        ("Account.Name NULLS LAST, Name", ["Anvil", "Bolt", "Crate"]),
        ("Name LIMIT 1 OFFSET 1", ["Bolt"]),
        ("Name DESC LIMIT 2", ["Crate", "Bolt"]),
    ],
)
def test_rows_come_in_the_order_asked_for(deals: OrgClient, order: str, found: list[str]) -> None:
    assert deals.names(f"SELECT Name FROM Opportunity ORDER BY {order}") == found


def test_every_selected_key_is_there_with_null(deals: OrgClient) -> None:
    soql = (
        "SELECT id, Amount, AccountId, Account.Name, Account.BillingCity, QB_Payment_Date__c,"
        " (SELECT Quantity FROM OpportunityLineItems) FROM Opportunity WHERE Name = 'Crate'"
    )
    row = deals.query(soql).records[0]
    record_id = row["Id"]
    assert row == {
        "attributes": {"type": "Opportunity", "url": f"/services/data/v66.0/sobjects/Opportunity/{record_id}"},
        "Id": record_id,
        "Amount": None,
        "AccountId": None,
        "Account": None,
        "QB_Payment_Date__c": None,
        "OpportunityLineItems": None,
    }


def test_values_have_salesforces_forms(deals: OrgClient) -> None:
    soql = "SELECT Amount, CloseDate, SystemModstamp, IsClosed, Account.Name FROM Opportunity WHERE Name = 'Anvil'"
    row = deals.query(soql).records[0]
    assert row["Amount"] == 100.0
    assert isinstance(row["Amount"], float)
    assert row["CloseDate"] == "2026-03-01"
    assert str(row["SystemModstamp"]).endswith(".000+0000")
    assert row["IsClosed"] is False
    account = row["Account"]
    assert isinstance(account, dict)
    assert list(account) == ["attributes", "Name"]


def test_large_doubles_are_written_as_java_does(client: OrgClient) -> None:
    client.org.add_opportunity("Big", amount=Decimal("12345678.90"))
    client.org.add_opportunity("Round", amount=Decimal(10_000_000))
    answer = client.query("SELECT Amount FROM Opportunity ORDER BY Amount")
    assert [row["Amount"] for row in answer.records] == [10_000_000.0, 12_345_678.9]


def test_a_line_item_comes_with_product_and_prices(client: OrgClient) -> None:
    org = client.org
    deal = org.add_opportunity("Deal")
    widget = org.add_product("Widget", price="617.05", ProductCode="W-1")
    org.add_line_item(deal, widget, quantity=2)
    org.add_line_item(deal, widget, quantity=1, unit_price="100", Discount="10")
    soql = (
        "SELECT Amount, (SELECT Quantity, UnitPrice, TotalPrice, Discount, Product2.Name, PricebookEntry.UnitPrice,"
        " ProductCode FROM OpportunityLineItems ORDER BY Quantity DESC) FROM Opportunity"
    )
    row = client.query(soql).records[0]
    lines = row["OpportunityLineItems"]
    assert isinstance(lines, dict)
    assert (lines["totalSize"], lines["done"]) == (2, True)
    first, second = lines["records"]
    assert (first["Quantity"], first["UnitPrice"], first["TotalPrice"]) == (2.0, 617.05, 1234.1)
    assert first["Product2"]["Name"] == "Widget"
    assert first["ProductCode"] == "W-1"
    assert (second["Quantity"], second["UnitPrice"], second["TotalPrice"]) == (1.0, 100.0, 90.0)
    assert row["Amount"] == 1324.1


def test_a_contact_role_leads_to_the_contact(client: OrgClient) -> None:
    org = client.org
    deal = org.add_opportunity("Deal")
    contact = org.add_contact("Doe", FirstName="Jo", Email="jo@acme.example")
    org.add_contact_role(deal, contact, role="Billing")
    soql = "SELECT ContactId, Role, IsPrimary, Contact.Name, Contact.Email FROM OpportunityContactRole"
    row = client.query(soql).records[0]
    assert (row["ContactId"], row["Role"], row["IsPrimary"]) == (contact, "Billing", True)
    found = row["Contact"]
    assert isinstance(found, dict)
    assert (found["Name"], found["Email"]) == ("Jo Doe", "jo@acme.example")


def test_count_answers_a_number_and_no_rows(deals: OrgClient) -> None:
    reply = deals.query("SELECT COUNT() FROM Opportunity WHERE Amount != null")
    assert reply.body == {"totalSize": 2, "done": True, "records": []}


def test_ids_are_found_in_both_lengths(deals: OrgClient) -> None:
    record_id = str(deals.query("SELECT Id FROM Opportunity WHERE Name = 'Bolt'").records[0]["Id"])
    assert deals.names(f"SELECT Name FROM Opportunity WHERE Id = '{record_id[:15]}'") == ["Bolt"]
    assert deals.names(f"SELECT Name FROM Opportunity WHERE Id IN ('{record_id}')") == ["Bolt"]


def test_long_answers_come_in_pages(client: OrgClient) -> None:
    client.org.bulk_seed(450)
    headers = {"Sforce-Query-Options": "batchSize=200"}
    lower = {name.lower(): value for name, value in headers.items()}
    first = client.query("SELECT Id FROM Opportunity", headers=lower).document
    assert (first["totalSize"], first["done"]) == (450, False)
    following = str(first["nextRecordsUrl"])
    assert following.startswith("/services/data/v66.0/query/01g")
    assert following.endswith("-200")
    second = client.send("GET", "", base=following, headers=lower).document
    third = client.send("GET", "", base=str(second["nextRecordsUrl"]), headers=lower).document
    assert third["done"] is True
    assert "nextRecordsUrl" not in third
    pages = [first["records"], second["records"], third["records"]]
    assert [len(page) for page in pages if isinstance(page, list)] == [200, 200, 50]
    assert len({row["Id"] for page in pages if isinstance(page, list) for row in page}) == 450


def test_pages_may_be_smaller_than_asked_for(client: OrgClient) -> None:
    client.org.bulk_seed(5)
    client.org.set_page_size(2)
    assert len(client.query("SELECT Id FROM Opportunity").records) == 2


def test_a_cursor_is_dropped_after_fifteen_minutes(client: OrgClient) -> None:
    client.org.bulk_seed(5)
    client.org.set_page_size(2)
    following = str(client.query("SELECT Id FROM Opportunity").document["nextRecordsUrl"])
    client.clock.advance(timedelta(minutes=16))
    assert client.send("GET", "", base=following).error["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_only_ten_cursors_stay_open(client: OrgClient) -> None:
    client.org.bulk_seed(5)
    client.org.set_page_size(2)
    urls = [str(client.query("SELECT Id FROM Opportunity").document["nextRecordsUrl"]) for _ in range(11)]
    assert client.send("GET", "", base=urls[0]).error["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert client.send("GET", "", base=urls[1]).status == 200


def test_deleted_rows_are_seen_by_query_all_only(deals: OrgClient) -> None:
    record_id = str(deals.query("SELECT Id FROM Opportunity WHERE Name = 'Bolt'").records[0]["Id"])
    deals.org.delete(record_id)
    soql = "SELECT Name, IsDeleted FROM Opportunity WHERE Name = 'Bolt'"
    assert deals.names(soql) == []
    assert deals.query(soql, resource="queryAll").records[0]["IsDeleted"] is True
    deals.org.undelete(record_id)
    assert deals.names(soql) == ["Bolt"]


def test_fields_all_needs_a_limit(deals: OrgClient) -> None:
    assert refusal(deals.query("SELECT FIELDS(ALL) FROM Opportunity"))[0] == "MALFORMED_QUERY"
    row = deals.query("SELECT FIELDS(ALL) FROM Opportunity LIMIT 200").records[0]
    assert {"Id", "StageName", "QB_Invoice_ID__c", "SystemModstamp"} <= set(row)
    custom = deals.query("SELECT FIELDS(CUSTOM) FROM Opportunity LIMIT 1").records[0]
    assert all(name == "attributes" or name.endswith("__c") for name in custom)


def test_unique_case_sensitive_text_compares_with_case(client: OrgClient) -> None:
    client.org.add_field("Key__c", unique=True, case_sensitive=True)
    client.org.add_opportunity("One", Key__c="INV-1a")
    client.org.add_opportunity("Two", Key__c="inv-1A")
    assert client.names("SELECT Name FROM Opportunity WHERE Key__c = 'INV-1a'") == ["One"]
    assert client.names("SELECT Name FROM Opportunity WHERE Key__c IN ('inv-1A')") == ["Two"]


def test_a_field_hidden_by_security_does_not_exist(deals: OrgClient) -> None:
    deals.org.set_field_access("QB_Invoice_ID__c", visible=False)
    for soql in (
        "SELECT QB_Invoice_ID__c FROM Opportunity",
        "SELECT Id FROM Opportunity WHERE QB_Invoice_ID__c = 'x'",
        "SELECT Id FROM Opportunity ORDER BY QB_Invoice_ID__c",
    ):
        assert refusal(deals.query(soql))[0] == "INVALID_FIELD"
    row = deals.query("SELECT FIELDS(ALL) FROM Opportunity LIMIT 1").records[0]
    assert "QB_Invoice_ID__c" not in row


def test_a_deal_that_is_not_shared_does_not_exist(deals: OrgClient) -> None:
    record_id = str(deals.query("SELECT Id FROM Opportunity WHERE Name = 'Bolt'").records[0]["Id"])
    deals.org.hide(record_id)
    assert deals.names("SELECT Name FROM Opportunity ORDER BY Name") == ["Anvil", "Crate"]
    assert deals.names(f"SELECT Name FROM Opportunity WHERE Id = '{record_id}'") == []
    deals.org.share(record_id)
    assert deals.names(f"SELECT Name FROM Opportunity WHERE Id = '{record_id}'") == ["Bolt"]


def test_a_late_row_is_missed_by_its_modstamp_and_found_by_its_id(client: OrgClient) -> None:
    record_id = client.org.add_opportunity("Deal")
    client.clock.advance(timedelta(hours=1))
    since = client.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    client.org.delay_visibility(120)
    client.org.edit(record_id, Name="Renamed")
    soql = f"SELECT Name FROM Opportunity WHERE SystemModstamp >= {since}"
    assert client.names(soql) == []
    assert client.names(f"SELECT Name FROM Opportunity WHERE Id = '{record_id}'") == ["Renamed"]
    client.clock.advance(timedelta(seconds=121))
    assert client.names(soql) == ["Renamed"]


def test_only_rows_changed_since_are_found(client: OrgClient) -> None:
    ids = client.org.bulk_seed(50)
    client.clock.advance(timedelta(hours=1))
    since = client.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    client.org.edit(ids[7], Name="Seven")
    client.org.edit(ids[7])
    client.org.edit(ids[9], Name="Nine")
    soql = f"SELECT Name FROM Opportunity WHERE SystemModstamp >= {since} ORDER BY Name"
    assert client.names(soql) == ["Nine", "Seven"]


def test_currency_exists_only_with_several_currencies() -> None:
    client = OrgClient(OrgOptions(multi_currency=True, currency="EUR"))
    client.org.add_opportunity("Euros")
    client.org.add_opportunity("Pounds", currency="GBP")
    rows = client.query("SELECT Name, CurrencyIsoCode FROM Opportunity ORDER BY Name").records
    assert [row["CurrencyIsoCode"] for row in rows] == ["EUR", "GBP"]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
def test_stages_come_in_the_documented_shape(client: OrgClient) -> None:
    recorded = sample("opportunity_stage_query.json")
    assert isinstance(recorded, dict)
    soql = (
        "SELECT MasterLabel, ApiName, IsActive, IsClosed, IsWon, DefaultProbability, ForecastCategoryName, SortOrder"
        " FROM OpportunityStage WHERE MasterLabel IN ('Prospecting', 'Closed Won', 'Closed Lost') ORDER BY SortOrder"
    )
    rows = client.query(soql).records
    for row, wanted in zip(rows, recorded["records"], strict=True):
        assert list(row) == list(wanted)
        same = [name for name in wanted if name not in {"attributes", "SortOrder"}]
        assert {name: row[name] for name in same} == {name: wanted[name] for name in same}


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
def test_a_page_has_the_documented_members(client: OrgClient) -> None:
    client.org.bulk_seed(3)
    client.org.set_page_size(2)
    recorded = sample("query_response_page1_of_2.json")
    assert isinstance(recorded, dict)
    assert list(client.query("SELECT Id, Name FROM Opportunity").document) == list(recorded)

"""What the simulated QuickBooks does for invoicing beside plain writes: terms, bundles, tax rates, forgotten ids."""

from collections.abc import Iterator

import pytest
from contract.sandbox_client import Client, fault, minimal_invoice, open_client, read

from qbsf.sandbox.quickbooks.company import CompanySettings


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        opened.sandbox.books.add_customer("Acme", terms="2")
        yield opened


def test_terms_decide_the_due_date(client: Client) -> None:
    body = minimal_invoice("1", TxnDate="2026-03-01", SalesTermRef={"value": "2"})
    assert read(client.post("invoice", body))["Invoice"]["DueDate"] == "2026-03-16"


def test_unknown_terms_are_refused(client: Client) -> None:
    assert fault(client.post("invoice", minimal_invoice("1", SalesTermRef={"value": "99"})))[:2] == (400, "2500")


@pytest.mark.parametrize("kind", ["Category", "Group"])
def test_a_folder_or_a_bundle_is_no_item_of_a_sales_line(client: Client, kind: str) -> None:
    item = client.sandbox.books.add_item("Set", kind=kind)
    body = minimal_invoice("1")
    body["Line"] = [
        {"DetailType": "SalesItemLineDetail", "Amount": 1, "SalesItemLineDetail": {"ItemRef": {"value": item}}}
    ]
    assert fault(client.post("invoice", body))[:2] == (400, "2500")


def test_an_item_is_found_by_its_sku_any_case(client: Client) -> None:
    item = client.sandbox.books.add_item("Coaching", sku="C-7")
    assert client.ids("SELECT * FROM Item WHERE Sku IN ('c-7')", "Item") == [item]


def test_invoices_are_found_by_customer_and_by_when_they_were_entered(client: Client) -> None:
    made = client.sandbox.books.add_invoice("Acme", "5")
    client.sandbox.books.add_invoice("Other", "5")
    statement = "SELECT * FROM Invoice WHERE CustomerRef IN ('1') AND MetaData.CreateTime >= '{}'"
    assert client.ids(statement.format("2020-01-01T00:00:00Z")) == [made]
    assert client.ids(statement.format("2099-01-01T00:00:00Z")) == []


def test_tax_codes_outside_the_united_states_name_their_rates() -> None:
    with open_client(CompanySettings(country="GB", home_currency="GBP")) as client:
        rates = {row["Id"]: row["RateValue"] for row in client.rows("SELECT * FROM TaxRate", "TaxRate")}
        (code,) = client.rows("SELECT * FROM TaxCode WHERE Name = '20.0% S'", "TaxCode")
        (detail,) = code["SalesTaxRateList"]["TaxRateDetail"]
        assert rates[detail["TaxRateRef"]["value"]] == 20


def test_a_forgotten_request_id_makes_another(client: Client) -> None:
    first = read(client.post("invoice", minimal_invoice("1"), requestid="a"))["Invoice"]["Id"]
    assert read(client.post("invoice", minimal_invoice("1"), requestid="a"))["Invoice"]["Id"] == first
    client.sandbox.quickbooks.forget_answers()
    assert read(client.post("invoice", minimal_invoice("1"), requestid="a"))["Invoice"]["Id"] != first

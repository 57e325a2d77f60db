"""What the simulated QuickBooks accepts, derives and refuses when something is written through its API."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from contract.sandbox_client import Client, fault, minimal_invoice, open_client, read

from qbsf.sandbox.quickbooks.company import CompanySettings


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        opened.sandbox.books.add_customer("Acme")
        yield opened


def created(client: Client, document: dict[str, object], **params: str) -> dict[str, Any]:
    response = client.post("invoice", document, **params)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = read(response)["Invoice"]
    return shown


def line(amount: str, **detail: object) -> dict[str, object]:
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": Decimal(amount),
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, **detail},
    }


def test_the_least_invoice_gets_number_dates_currency_and_balance(client: Client) -> None:
    shown = created(client, minimal_invoice("1", "100.10"))
    assert (shown["DocNumber"], shown["SyncToken"]) == ("1001", "0")
    assert shown["TotalAmt"] == shown["Balance"] == Decimal("100.10")
    assert shown["CurrencyRef"]["value"] == "USD"
    assert shown["LinkedTxn"] == []
    assert shown["Line"][-1] == {
        "Amount": Decimal("100.10"),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }


def test_what_was_written_is_read_back(client: Client) -> None:
    written = minimal_invoice(
        "1",
        DocNumber="INV-7",
        TxnDate="2026-01-31",
        DueDate="2026-02-15",
        PrivateNote="Opportunity 006000000000001AAA",
        CustomerMemo={"value": "Thanks"},
        BillEmail={"Address": "billing@example.com"},
        CustomField=[{"DefinitionId": "1", "Type": "StringType", "StringValue": "006000000000001"}],
    )
    shown = read(client.get(f"invoice/{created(client, written)['Id']}"))["Invoice"]
    for name, value in written.items():
        if name not in {"CustomerRef", "Line", "CustomField"}:
            assert shown[name] == value
    assert shown["CustomField"][0]["StringValue"] == "006000000000001"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CustomerRef": {"value": "99"}}, "2500"),
        ({"CustomerRef": None}, "2020"),
        ({"Line": []}, "2020"),
        ({"Line": [line("10.00", ItemRef={"value": "99"})]}, "2500"),
        ({"Line": [line("10.00", UnitPrice=3, Qty=3)]}, "6070"),
        ({"Line": [line("10.001")]}, "2170"),
        ({"Line": [{"DetailType": "Nonsense", "Amount": 1}]}, "2170"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}]}, "2020"),
        ({"Line": [line("10.00", TaxCodeRef={"value": "77"})]}, "2500"),
        ({"Line": [line("-10.00")]}, "6000"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"DocNumber": "9" * 22}, "2050"),
        ({"PrivateNote": "n" * 4001}, "2050"),
        ({"TxnDate": "31.1.2026"}, "2170"),
        ({"GlobalTaxCalculation": "Sometimes"}, "2170"),
        ({"CustomField": [{"DefinitionId": "9", "StringValue": "x"}]}, "2170"),
    ],
)
def test_an_invoice_is_refused(client: Client, change: dict[str, object], code: str) -> None:
    status, actual, _detail = fault(client.post("invoice", minimal_invoice("1") | change))
    assert (status, actual) == (400, code)
    assert client.ids("select * from Invoice") == []


def test_an_unrounded_unit_price_that_rounds_to_the_amount_is_accepted(client: Client) -> None:
    shown = created(client, minimal_invoice("1", Line=[line("10.00", UnitPrice=Decimal("3.3333"), Qty=3)]))
    assert shown["Line"][0]["SalesItemLineDetail"]["UnitPrice"] == Decimal("3.3333")


def test_an_unknown_property_is_refused_in_the_recorded_words(client: Client) -> None:
    status, code, detail = fault(client.post("invoice", minimal_invoice("1", BadJson="x")))
    assert (status, code) == (400, "2010")
    assert 'Unrecognized field "BadJson" (class com.intuit.schema.finance.v3.Invoice)' in detail


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("customer", {"DisplayName": "New", "Email": "a@example.com"}),
        ("item", {"Name": "New", "Price": 1}),
        ("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1, "Method": "Check"}),
    ],
)
def test_every_entity_refuses_properties_it_does_not_have(
    client: Client, path: str, document: dict[str, object]
) -> None:
    assert fault(client.post(path, document))[1] == "2010"


def test_a_number_that_is_taken_is_refused_through_the_api_and_allowed_to_people(client: Client) -> None:
    created(client, minimal_invoice("1", DocNumber="7"))
    assert fault(client.post("invoice", minimal_invoice("1", DocNumber="7")))[1] == "6140"
    client.sandbox.books.add_invoice("Acme", "1.00", number="7")
    assert len(client.ids("select * from Invoice where DocNumber = '7'")) == 2


def test_the_number_stays_empty_where_the_company_numbers_by_hand(client: Client) -> None:
    client.sandbox.books.settings.custom_txn_numbers = True
    assert "DocNumber" not in created(client, minimal_invoice("1"))
    assert read(client.get("preferences"))["Preferences"]["SalesFormsPrefs"]["CustomTxnNumbers"] is True


def test_a_repeated_request_id_gets_the_first_answer_and_makes_nothing(client: Client) -> None:
    first = client.post("invoice", minimal_invoice("1", "10.00"), requestid="deal-1")
    again = client.post("invoice", minimal_invoice("1", "99.00"), requestid="deal-1")
    assert read(again)["Invoice"] == read(first)["Invoice"]
    assert len(client.ids("select * from Invoice")) == 1
    assert fault(client.post("invoice", minimal_invoice("1"), requestid="x" * 51))[1] == "2050"


def test_a_refused_request_id_can_be_used_again(client: Client) -> None:
    assert client.post("invoice", minimal_invoice("99"), requestid="deal-1").status_code == 400
    assert client.post("invoice", minimal_invoice("1"), requestid="deal-1").status_code == 200


def test_a_sparse_update_keeps_what_it_does_not_name_and_a_full_one_does_not(client: Client) -> None:
    shown = created(client, minimal_invoice("1", PrivateNote="keep", CustomerMemo={"value": "memo"}))
    sparse = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "DocNumber": "77"}
    updated = read(client.post("invoice", sparse))["Invoice"]
    assert (updated["PrivateNote"], updated["DocNumber"], updated["SyncToken"]) == ("keep", "77", "1")
    assert updated["TotalAmt"] == shown["TotalAmt"]
    full = minimal_invoice("1", "50.00", Id=shown["Id"], SyncToken="1", DocNumber="77")
    replaced = read(client.post("invoice", full))["Invoice"]
    assert "PrivateNote" not in replaced
    assert "CustomerMemo" not in replaced
    assert (replaced["TotalAmt"], replaced["SyncToken"]) == (50, "2")


def test_an_update_with_an_old_sync_token_is_stale_and_of_a_deleted_record_not_found(client: Client) -> None:
    shown = created(client, minimal_invoice("1"))
    body = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "a"}
    assert client.post("invoice", body).status_code == 200
    assert fault(client.post("invoice", body))[1] == "5010"
    client.sandbox.books.delete_invoice(shown["Id"])
    assert fault(client.post("invoice", {**body, "SyncToken": "1"}))[1] == "610"


def test_a_refused_update_changes_nothing(client: Client) -> None:
    shown = created(client, minimal_invoice("1", PrivateNote="keep"))
    body = {
        "Id": shown["Id"],
        "SyncToken": "0",
        "sparse": True,
        "PrivateNote": "x",
        "Line": [line("1", Qty=2, UnitPrice=3)],
    }
    assert fault(client.post("invoice", body))[1] == "6070"
    assert read(client.get(f"invoice/{shown['Id']}"))["Invoice"] == shown


def test_outside_the_united_states_every_line_needs_a_tax_code() -> None:
    with open_client(CompanySettings(country="GB", home_currency="GBP")) as client:
        client.sandbox.books.add_customer("Acme")
        status, code, detail = fault(client.post("invoice", minimal_invoice("1")))
        assert (status, code) == (400, "6000")
        assert "Make sure all your transactions have a VAT rate" in detail
        coded = minimal_invoice("1", Line=[line("100.00", TaxCodeRef={"value": "2"})])
        assert fault(client.post("invoice", coded))[1] == "6000"
        shown = created(client, coded | {"GlobalTaxCalculation": "TaxExcluded"})
        assert (shown["TotalAmt"], shown["TxnTaxDetail"]["TotalTax"]) == (120, 20)
        assert created(client, coded | {"GlobalTaxCalculation": "NotApplicable"})["TotalAmt"] == 100


def test_an_invoice_takes_its_customers_currency() -> None:
    with open_client(CompanySettings(multi_currency=True)) as client:
        client.sandbox.books.add_customer("Müller", currency="EUR")
        assert fault(client.post("invoice", minimal_invoice("1")))[1] == "6000"
        shown = created(client, minimal_invoice("1", CurrencyRef={"value": "EUR"}, ExchangeRate=Decimal("1.1")))
        assert (shown["CurrencyRef"]["value"], shown["HomeTotalAmt"]) == ("EUR", Decimal("110.00"))


def test_an_invoice_link_needs_payments_and_an_address(client: Client) -> None:
    books = client.sandbox.books
    mailed = books.add_invoice("Acme", "1.00", bill_email="a@example.com")
    bare = books.add_invoice("Acme", "1.00")

    def link(invoice: str, **params: str) -> bool:
        return "InvoiceLink" in read(client.get(f"invoice/{invoice}", **params))["Invoice"]

    assert not link(mailed, include="invoiceLink")
    books.settings.quickbooks_payments = True
    assert link(mailed, include="invoiceLink", minorversion="75")
    assert not link(mailed)
    assert not link(bare, include="invoiceLink")


# -- lists ------------------------------------------------------------------------------------------------------------


def test_a_name_is_unique_over_customers_vendors_and_employees_inactive_ones_too(client: Client) -> None:
    books = client.sandbox.books
    books.add_vendor("Paper Ltd")
    for name in ("ACME", "paper ltd"):
        status, code, detail = fault(client.post("customer", {"DisplayName": name}))
        assert (status, code, detail) == (400, "6240", "The name supplied already exists. : null")
    books.hide("Customer", "1")
    assert fault(client.post("customer", {"DisplayName": "Acme"}))[1] == "6240"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"DisplayName": "A:B"}, "6000"),
        ({"DisplayName": "A\tB"}, "6000"),
        ({"DisplayName": "x" * 501}, "2050"),
        ({}, "2020"),
        ({"DisplayName": "B", "CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"DisplayName": "B", "ParentRef": {"value": "99"}}, "2500"),
    ],
)
def test_a_customer_is_refused(client: Client, document: dict[str, object], code: str) -> None:
    assert fault(client.post("customer", document))[1] == code


def test_a_sub_customer_is_named_after_its_parent(client: Client) -> None:
    shown = read(client.post("customer", {"DisplayName": "Roof", "ParentRef": {"value": "1"}}))["Customer"]
    assert (shown["DisplayName"], shown["FullyQualifiedName"], shown["Job"]) == ("Roof", "Acme:Roof", True)


def test_a_customer_can_be_made_inactive_and_then_takes_no_invoice(client: Client) -> None:
    body = {"Id": "1", "SyncToken": "0", "sparse": True, "Active": False}
    assert read(client.post("customer", body))["Customer"]["Active"] is False
    assert fault(client.post("invoice", minimal_invoice("1")))[1] == "2500"


def test_an_item_needs_its_income_account(client: Client) -> None:
    assert fault(client.post("item", {"Name": "Roofing", "Type": "Service"}))[1] == "2020"
    item = {"Name": "Roofing", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
    assert read(client.post("item", item))["Item"]["Name"] == "Roofing"
    assert fault(client.post("item", item))[1] == "6240"


# -- routes, batches, limits ------------------------------------------------------------------------------------------


def test_reads_of_what_does_not_exist_are_refused_as_recorded(client: Client) -> None:
    assert fault(client.get("invoice/1.5")) == (
        400,
        "2030",
        "Id should be a valid number. Supplied value:1.5",
    )
    assert fault(client.get("invoice/99"))[1] == "610"
    assert fault(client.get("customer/1/5"))[1] == "500"
    assert fault(client.get("nonsense/1"))[1] == "500"
    assert fault(client.get("estimate/1"))[1] == "610"


def test_a_batch_answers_each_item_under_one_status(client: Client) -> None:
    items = [
        {"bId": "a", "operation": "create", "Customer": {"DisplayName": "New"}},
        {"bId": "b", "operation": "delete", "Invoice": {"Id": "129", "SyncToken": "0"}},
        {"bId": "c", "Query": "select * from Customer"},
        {"bId": "d", "operation": "create"},
    ]
    answer = read(client.post("batch", {"BatchItemRequest": items}))["BatchItemResponse"]
    assert [each["bId"] for each in answer] == ["a", "b", "c", "d"]
    assert answer[0]["Customer"]["DisplayName"] == "New"
    assert answer[1]["Fault"]["Error"][0]["code"] == "610"
    assert answer[2]["QueryResponse"]["maxResults"] == 2
    assert answer[3]["Fault"]["Error"][0]["code"] == "2170"


def test_a_batch_has_at_most_30_items(client: Client) -> None:
    items = [{"bId": str(n), "Query": "select * from Customer"} for n in range(31)]
    assert client.post("batch", {"BatchItemRequest": items[:30]}).status_code == 200
    assert fault(client.post("batch", {"BatchItemRequest": items}))[0] == 400


def test_who_does_not_ask_for_json_gets_xml(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token}", "Accept": "*/*"}
    response = client.session.get(f"{client.base}/companyinfo/1", headers=headers, timeout=5)
    assert response.headers["Content-Type"].startswith("application/xml")
    assert "<CompanyInfo><CompanyName>Sandbox Company</CompanyName>" in response.text


def test_a_body_must_be_json(client: Client) -> None:
    headers = client.headers(**{"Content-Type": "application/json"})
    response = client.session.post(f"{client.base}/invoice", "{", headers=headers, timeout=5)
    assert fault(response)[1] == "2010"
    assert fault(client.post("invoice", []))[1] == "2010"
    text = client.headers(**{"Content-Type": "text/plain"})
    assert fault(client.session.post(f"{client.base}/invoice", "{}", headers=text, timeout=5))[1] == "500"


def test_every_answer_has_an_intuit_tid(client: Client) -> None:
    answers: list[requests.Response] = [client.get("preferences"), client.get("invoice/1")]
    assert len({answer.headers["intuit_tid"] for answer in answers}) == 2


def test_the_eleventh_request_of_a_second_is_throttled_where_limits_are_on(client: Client) -> None:
    client.sandbox.books.settings.throttled = True
    statuses = [client.get("preferences").status_code for _ in range(40)]
    assert statuses[:10] == [200] * 10
    assert 429 in statuses
    client.sandbox.clock.advance(timedelta(seconds=60))
    assert client.get("preferences").status_code == 200


def test_the_meter_counts_reads_that_succeed_and_stops_at_the_allowance(client: Client) -> None:
    limits = client.sandbox.quickbooks.limits
    client.get("preferences")
    client.query("select * from Invoice")
    client.get("invoice/99")
    client.post("invoice", minimal_invoice("1"))
    assert limits.core_plus == 2
    client.sandbox.books.settings.builder_allowance = 2
    assert client.get("preferences").status_code == 429
    assert client.post("invoice", minimal_invoice("1")).status_code == 200

"""The simulation's answers have the shapes of recorded and documented ones (shared/reference/samples/quickbooks)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.sandbox_client import Client, minimal_invoice, open_client, read

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "samples" / "quickbooks"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        opened.sandbox.books.add_customer("Acme")
        yield opened


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


def kinds(value: Any) -> Any:
    """The shape: members and the JSON kind of each value."""
    if isinstance(value, dict):
        return {name: kinds(each) for name, each in value.items()}
    if isinstance(value, list):
        return [kinds(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "text" if isinstance(value, str) else "number"


def differences(real: Any, ours: Any, where: str = "") -> list[str]:
    """Members that the real answer has and ours has not, or with another kind of value."""
    if isinstance(real, dict) and isinstance(ours, dict):
        return [
            each
            for name, value in real.items()
            for each in (
                differences(value, ours[name], f"{where}.{name}") if name in ours else [f"{where}.{name}: missing"]
            )
        ]
    if isinstance(real, list) and isinstance(ours, list):
        return differences(real[0], ours[0], f"{where}[]") if real and ours else []
    return [] if real == ours else [f"{where}: {ours} for {real}"]


def check(real: Any, ours: Any, *absent: str) -> None:
    """Ours has every member of the real one but those named, with values of the same kind."""
    found = differences(kinds(real), kinds(ours))
    assert [each for each in found if not each.startswith(tuple(f".{name}" for name in absent))] == []


ADDRESSES = ("Invoice.BillAddr", "Invoice.ShipAddr")


def test_a_created_invoice(client: Client) -> None:
    ours = read(client.post("invoice", minimal_invoice("1")))
    check(sample("recorded/invoice_create_response.json"), ours, *ADDRESSES)


def test_a_read_invoice(client: Client) -> None:
    invoice = client.sandbox.books.add_invoice("Acme", "100.00")
    check(sample("recorded/invoice_read_unpaid.json"), read(client.get(f"invoice/{invoice}")), *ADDRESSES)


def test_a_voided_invoice(client: Client) -> None:
    invoice = client.sandbox.books.add_invoice("Acme", "100.00")
    ours = read(client.post("invoice", {"Id": invoice, "SyncToken": "0"}, operation="void"))
    real = sample("recorded/invoice_voided.json")
    check(real, ours, *ADDRESSES)
    for name in ("TotalAmt", "Balance", "PrivateNote", "LinkedTxn", "SyncToken"):
        assert ours["Invoice"][name] == real["Invoice"][name]


def test_a_deleted_invoice(client: Client) -> None:
    invoice = client.sandbox.books.add_invoice("Acme", "100.00")
    ours = read(client.post("invoice", {"Id": invoice, "SyncToken": "0"}, operation="delete"))
    real = sample("recorded/invoice_delete_response.json")
    assert kinds(ours) == kinds(real)


def test_an_overpayment(client: Client) -> None:
    books = client.sandbox.books
    payment = books.receive_payment({books.add_invoice("Acme", "71.00"): "55.00"}, "65.00")
    ours = read(client.get(f"payment/{payment}"))
    real = sample("docs/payment_overpaid_with_unapplied.json")
    check(real, ours, "Payment.ProjectRef")
    for name in ("TotalAmt", "UnappliedAmt"):
        assert ours["Payment"][name] == real["Payment"][name]
    extras = [each["value"]["Name"] for each in ours["Payment"]["Line"][0]["LineEx"]["any"]]
    assert sorted(extras) == ["txnId", "txnOpenBalance", "txnReferenceNumber"]


def test_a_payment_with_credit(client: Client) -> None:
    books = client.sandbox.books
    invoices = {books.add_invoice("Acme", "600.00"): "600.00", books.add_invoice("Acme", "1000.00"): "400.00"}
    memo = books.add_credit_memo("Acme", "100.00", number="CM-7")
    payment = books.receive_payment(invoices, credits=[("CreditMemo", memo, "100.00")], reference="CHK 4471")
    check(sample("constructed/payment_many_invoices_with_credit.json"), read(client.get(f"payment/{payment}")))


def test_a_card_payment(client: Client) -> None:
    books = client.sandbox.books
    invoice = books.add_invoice("Acme", "362.07")
    payment = books.receive_payment(invoice, method="MasterCard", card=("MasterCard", "MT00012345"))
    check(sample("constructed/payment_intuit_card.json"), read(client.get(f"payment/{payment}")))


def test_a_voided_payment(client: Client) -> None:
    books = client.sandbox.books
    payment = books.receive_payment(books.add_invoice("Acme", "10.00"))
    books.void_payment(payment)
    ours = read(client.get(f"payment/{payment}"))
    check(sample("docs/payment_voided.json"), ours, "Payment.ProjectRef")


def test_a_credit_memo(client: Client) -> None:
    memo = client.sandbox.books.add_credit_memo("Acme", "100.00", number="1026")
    ours = read(client.get(f"creditmemo/{memo}"))
    absent = ("Description", "LineNum", "SalesItemLineDetail.Qty", "SalesItemLineDetail.UnitPrice")
    check(
        sample("docs/creditmemo_full.json"),
        ours,
        *(f"CreditMemo.{name}" for name in ("CustomerMemo", "ProjectRef", "ShipAddr", "BillAddr", "BillEmail")),
        *(f"CreditMemo.Line[].{name}" for name in absent),
    )


def test_payment_methods(client: Client) -> None:
    real, ours = sample("docs/paymentmethod_query.json"), read(client.query("select * from PaymentMethod"))
    check(real, ours)
    names = {(each["Id"], each["Name"], each["Type"]) for each in real["QueryResponse"]["PaymentMethod"]}
    assert {(each["Id"], each["Name"], each["Type"]) for each in ours["QueryResponse"]["PaymentMethod"]} == names


def test_the_change_feed(client: Client) -> None:
    books = client.sandbox.books
    since = client.sandbox.clock.now().replace(microsecond=0).isoformat()
    deleted = books.add_invoice("Acme", "1.00")
    books.delete_invoice(deleted)
    books.receive_payment(books.add_invoice("Acme", "629.10", deposit="1.00"))
    ours = read(client.get("cdc", entities="Invoice,Payment", changedSince=since))
    real = sample("recorded/cdc_invoice_payment_from_xml.json")
    prefix = "CDCResponse[].QueryResponse[].Invoice[]."
    absent = ("Line[].", "TxnTaxDetail", "CustomerMemo", "BillAddr", "ShipAddr", "SalesTermRef", "BillEmail")
    check(real, ours, *(prefix + name for name in absent))
    real_payments = real["CDCResponse"][0]["QueryResponse"][1]["Payment"]
    check({"P": real_payments}, {"P": ours["CDCResponse"][0]["QueryResponse"][1]["Payment"]})
    real_rows = real["CDCResponse"][0]["QueryResponse"][0]["Invoice"]
    our_rows = ours["CDCResponse"][0]["QueryResponse"][0]["Invoice"]
    assert kinds(real_rows[-1]) == kinds(our_rows[-1])


def test_no_changes(client: Client) -> None:
    since = client.sandbox.clock.now().replace(microsecond=0).isoformat()
    ours = read(client.get("cdc", entities="Invoice", changedSince=since))
    assert kinds(ours) == kinds(sample("docs/cdc_no_changes.json"))


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("error_400_invalid_id_2030.json", "invoice/1.5", {}),
        ("error_400_unsupported_500.json", "customer/1/5", {}),
        ("error_400_query_4001.json", "query", {"query": "select * from Custmoer"}),
    ],
)
def test_refusals(client: Client, name: str, path: str, params: dict[str, str]) -> None:
    real, ours = sample(f"recorded/{name}"), read(client.get(path, **params))
    check(real, ours)
    for member in ("Message", "code"):
        assert ours["Fault"]["Error"][0][member] == real["Fault"]["Error"][0][member]


def test_refusals_of_what_is_written(client: Client) -> None:
    for name, path, document in [
        ("error_400_unknown_property_2010.json", "invoice", minimal_invoice("1", BadJson="x")),
        ("error_400_duplicate_name_6240.json", "customer", {"DisplayName": "Acme"}),
    ]:
        real, ours = sample(f"recorded/{name}"), read(client.post(path, document))
        check(real, ours)
        assert ours["Fault"]["Error"][0]["Message"] == real["Fault"]["Error"][0]["Message"]


def test_an_expired_token(client: Client) -> None:
    client.sandbox.books.expire_access_tokens()
    real, ours = sample("recorded/error_401_expired_3200.json"), read(client.get("preferences"))
    assert kinds(ours) == kinds(real)
    assert ours["fault"]["error"][0]["message"] == real["fault"]["error"][0]["message"]


def test_throttling(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "throttle")
    assert (
        client.get("preferences").text.split() == (SAMPLES / "recorded/error_429_throttle_3001.xml").read_text().split()
    )


def test_preferences(client: Client) -> None:
    ours = read(client.get("preferences"))["Preferences"]
    real = sample("docs/preferences.json")["Preferences"]
    for group in ("CurrencyPrefs", "TaxPrefs"):
        assert kinds(ours[group]) == kinds(real[group])
    assert kinds(ours["SalesFormsPrefs"]["CustomTxnNumbers"]) == "bool"


def test_discovery(client: Client) -> None:
    url = "https://developer.intuit.com/.well-known/openid_sandbox_configuration/"
    assert read(client.session.get(url, timeout=5)) == sample("docs/discovery_sandbox.json")

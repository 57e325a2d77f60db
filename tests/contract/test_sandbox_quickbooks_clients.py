"""Clients that others wrote work against the simulated QuickBooks, unchanged and through the proxy."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, ValidationException
from quickbooks.objects.base import LinkedTxn, Ref
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.payment import Payment, PaymentLine

from qbsf.sandbox.world import Sandbox

REDIRECT = "http://localhost:8765/callback"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.network.proxy_url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.network.certificates.bundle))
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        yield running


@pytest.fixture
def auth(sandbox: Sandbox) -> Iterator[Any]:
    """intuit-oauth, authorized by a person in the browser."""
    app = sandbox.books.oauth.development
    with AuthClient(app.client_id, app.client_secret, REDIRECT, "sandbox") as client:
        url = client.get_authorization_url([Scopes.ACCOUNTING], state_token="s1")
        landed = parse_qs(urlsplit(sandbox.books.consent(url)).query)
        assert landed["state"] == ["s1"]
        client.get_bearer_token(landed["code"][0], realm_id=landed["realmId"][0])
        yield client


@pytest.fixture
def company(auth: Any) -> Iterator[Any]:
    """python-quickbooks over that authorization."""
    client = QuickBooks(auth_client=auth, company_id=auth.realm_id, minorversion=75, use_decimal=True)
    yield client
    client.session.close()


def test_intuit_oauth_authorizes_refreshes_and_revokes(sandbox: Sandbox, auth: Any) -> None:
    assert auth.refresh_token == sandbox.books.oauth.newest_refresh_token
    assert (auth.expires_in, auth.x_refresh_token_expires_in) == (3600, 8_640_000)
    before = auth.access_token
    auth.refresh()
    assert auth.access_token != before
    assert auth.revoke()
    with pytest.raises(AuthClientError) as refused:
        auth.refresh()
    assert refused.value.status_code == 400
    assert b"invalid_grant" in refused.value.content
    assert refused.value.intuit_tid


def test_intuit_oauth_refuses_a_wrong_secret(sandbox: Sandbox) -> None:
    with AuthClient(sandbox.books.oauth.development.client_id, "wrong", REDIRECT, "sandbox") as client:
        with pytest.raises(AuthClientError) as refused:
            client.refresh(refresh_token="x")
        assert refused.value.status_code == 401


def test_python_quickbooks_invoices_and_receives_a_payment(company: Any) -> None:
    customer = Customer()
    customer.DisplayName = "O'Brien & Sons"
    customer.save(qb=company)
    invoice = Invoice()
    invoice.CustomerRef = customer.to_ref()
    line = SalesItemLine()
    line.Amount = Decimal("2750.10")
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Ref()
    line.SalesItemLineDetail.ItemRef.value = "1"
    invoice.Line.append(line)
    # The library writes its defaults, "" for dates and totals: leave them out as its users do.
    for empty in ("TxnDate", "DueDate", "ShipDate", "TotalAmt", "InvoiceLink", "TrackingNum"):
        setattr(invoice, empty, None)
    saved = invoice.save(qb=company)
    assert saved.Balance == Decimal("2750.10")

    payment = Payment()
    payment.TotalAmt = 3000
    payment.CustomerRef = customer.to_ref()
    paid = PaymentLine()
    paid.Amount = Decimal("2750.10")
    link = LinkedTxn()
    link.TxnId, link.TxnType = saved.Id, "Invoice"
    paid.LinkedTxn.append(link)
    payment.Line.append(paid)
    received = payment.save(qb=company)
    assert received.UnappliedAmt == Decimal("249.90")

    assert Invoice.get(saved.Id, qb=company).Balance == 0
    assert [each.Id for each in Invoice.filter(DocNumber=saved.DocNumber, qb=company)] == [saved.Id]
    assert [each.DisplayName for each in Customer.choose(["O'Brien & Sons"], "DisplayName", qb=company)] == [
        "O'Brien & Sons"
    ]
    assert Payment.count("TotalAmt > '100'", qb=company) == 1


def test_python_quickbooks_pages_and_counts(sandbox: Sandbox, company: Any) -> None:
    sandbox.books.bulk_seed(130)
    assert len(Invoice.all(qb=company)) == 100
    assert len(Invoice.all(qb=company, start_position=101)) == 30
    assert Invoice.count(qb=company) == 130


def test_python_quickbooks_voids_and_deletes(sandbox: Sandbox, company: Any) -> None:
    books = sandbox.books
    number = books.add_invoice("Acme", "100.00")
    payment = Payment.get(books.receive_payment(number), qb=company)
    payment.void(qb=company)
    assert Payment.get(payment.Id, qb=company).PrivateNote == "Voided"
    invoice = Invoice.get(number, qb=company)
    assert invoice.Balance == 100
    invoice.void(qb=company)
    again = Invoice.get(number, qb=company)
    assert (again.TotalAmt, again.PrivateNote) == (0, "Voided")
    again.delete(qb=company)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(number, qb=company)


def test_python_quickbooks_reads_the_change_feed(sandbox: Sandbox, company: Any) -> None:
    since = sandbox.clock.now().replace(microsecond=0).isoformat()
    invoice = sandbox.books.add_invoice("Acme", "100.00")
    payment = sandbox.books.receive_payment(invoice)
    changes = change_data_capture([Invoice, Payment], since, qb=company)
    assert [each.Id for each in changes.Invoice] == [invoice]
    assert [each.Id for each in changes.Payment] == [payment]


def test_python_quickbooks_understands_the_refusals(company: Any) -> None:
    with pytest.raises(ValidationException) as refused:
        Invoice.where("Balance > 0", qb=company)
    assert refused.value.error_code == 4000

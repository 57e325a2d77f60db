"""What bookkeepers do in the simulated QuickBooks changes what the API shows as the real books would."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from contract.sandbox_client import Client, fault, open_client, read

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.quickbooks.people import Books
from qbsf.sandbox.quickbooks.records import LedgerEntry


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        yield opened


@pytest.fixture
def books(client: Client) -> Books:
    return client.sandbox.books


def invoice_of(client: Client, invoice: str) -> dict[str, Any]:
    shown: dict[str, Any] = read(client.get(f"invoice/{invoice}"))["Invoice"]
    return shown


def payment_of(client: Client, payment: str) -> dict[str, Any]:
    """A payment, after checking the identity that every payment keeps (rules.md section 1)."""
    shown: dict[str, Any] = read(client.get(f"payment/{payment}"))["Payment"]
    signed = sum(line["Amount"] * side_of(client, line["LinkedTxn"][0]) for line in shown["Line"])
    assert signed + shown["UnappliedAmt"] == shown["TotalAmt"]
    return shown


def side_of(client: Client, link: dict[str, str]) -> int:
    """1 for a paid line, -1 for a credit line."""
    if link["TxnType"] == "JournalEntry":
        entry = client.sandbox.books.company.linked("JournalEntry", link["TxnId"])
        return -1 if isinstance(entry, LedgerEntry) and entry.side == "credit" else 1
    return -1 if link["TxnType"] in {"CreditMemo", "Deposit"} else 1


def lines_of(payment: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"], line["Amount"]) for line in payment["Line"]
    ]


def test_a_payment_lowers_the_balance_and_both_sides_name_each_other(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "2750.00", invoice_id="2052", number="2052")
    payment = books.receive_payment({invoice: "1000"}, date="2026-08-25", method="Wire", reference="R1")
    shown = invoice_of(client, "2052")
    assert (shown["Balance"], shown["TotalAmt"]) == (1750, 2750)
    assert shown["LinkedTxn"] == [{"TxnId": payment, "TxnType": "Payment"}]
    paid = payment_of(client, payment)
    assert lines_of(paid) == [("Invoice", "2052", 1000)]
    assert (paid["TxnDate"], paid["PaymentRefNum"]) == ("2026-08-25", "R1")
    assert set(paid["PaymentMethodRef"]) == {"value"}
    extras = {each["value"]["Name"]: each["value"]["Value"] for each in paid["Line"][0]["LineEx"]["any"]}
    assert extras == {"txnId": "2052", "txnReferenceNumber": "2052", "txnOpenBalance": "2750.00"}


def test_applying_a_payment_moves_the_invoices_time_and_not_its_sync_token(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    before = invoice_of(client, invoice)
    client.sandbox.clock.advance(timedelta(minutes=30))
    payment = books.receive_payment(invoice)
    after = invoice_of(client, invoice)
    assert after["MetaData"]["LastUpdatedTime"] == payment_of(client, payment)["MetaData"]["CreateTime"]
    assert after["MetaData"]["LastUpdatedTime"] > before["MetaData"]["LastUpdatedTime"]
    assert after["SyncToken"] == before["SyncToken"]


def test_an_overpayment_stays_unapplied_and_is_applied_later(client: Client, books: Books) -> None:
    first, second = books.add_invoice("Acme", "65.00"), books.add_invoice("Acme", "10.00")
    payment = books.receive_payment({first: "65.00"}, "75.00")
    assert payment_of(client, payment)["UnappliedAmt"] == 10
    books.edit_payment(payment, invoices=[first, second])
    assert payment_of(client, payment)["UnappliedAmt"] == 0
    assert invoice_of(client, second)["Balance"] == 0


def test_a_prepayment_has_no_lines(client: Client, books: Books) -> None:
    books.add_customer("Acme")
    payment = payment_of(client, books.receive_payment(amount="55.00", customer="Acme"))
    assert (payment["Line"], payment["UnappliedAmt"]) == ([], 55)


def test_a_payment_over_many_invoices_with_a_credit_memo(client: Client, books: Books) -> None:
    one, two = books.add_invoice("Acme", "600.00"), books.add_invoice("Acme", "1000.00")
    memo = books.add_credit_memo("Acme", "100.00")
    payment = payment_of(
        client,
        books.receive_payment({one: "600.00", two: "400.00"}, credits=[("CreditMemo", memo, "100.00")]),
    )
    assert payment["TotalAmt"] == 900
    assert lines_of(payment) == [("Invoice", one, 600), ("Invoice", two, 400), ("CreditMemo", memo, 100)]
    assert read(client.get(f"creditmemo/{memo}"))["CreditMemo"]["RemainingCredit"] == 0


def test_a_credit_memo_alone_settles_by_a_payment_of_zero(client: Client, books: Books) -> None:
    invoice, memo = books.add_invoice("Acme", "300.00"), books.add_credit_memo("Acme", "300.00")
    payment = payment_of(client, books.apply_credit(memo, invoice))
    assert payment["TotalAmt"] == 0
    assert "PaymentMethodRef" not in payment
    assert lines_of(payment) == [("Invoice", invoice, 300), ("CreditMemo", memo, 300)]
    assert invoice_of(client, invoice)["Balance"] == 0


def test_credits_apply_by_themselves_where_the_company_says_so() -> None:
    with open_client(CompanySettings(auto_apply_credits=True)) as client:
        books = client.sandbox.books
        memo = books.add_credit_memo("Acme", "40.00")
        invoice = books.add_invoice("Acme", "100.00")
        shown = invoice_of(client, invoice)
        assert shown["Balance"] == 60
        payment = payment_of(client, shown["LinkedTxn"][0]["TxnId"])
        assert lines_of(payment) == [("Invoice", invoice, 40), ("CreditMemo", memo, 40)]


def test_deleting_a_credit_memo_takes_its_share_from_the_payment_that_applied_it(client: Client, books: Books) -> None:
    invoice, memo = books.add_invoice("Acme", "1000.00"), books.add_credit_memo("Acme", "100.00")
    payment = books.receive_payment({invoice: "1000.00"}, credits=[("CreditMemo", memo, "100.00")])
    books.delete_credit_memo(memo)
    assert lines_of(payment_of(client, payment)) == [("Invoice", invoice, 900)]
    assert invoice_of(client, invoice)["Balance"] == 100


def test_deleting_a_credit_memo_that_settled_alone_leaves_an_empty_payment(client: Client, books: Books) -> None:
    invoice, memo = books.add_invoice("Acme", "300.00"), books.add_credit_memo("Acme", "300.00")
    payment = books.apply_credit(memo, invoice)
    books.delete_credit_memo(memo)
    assert payment_of(client, payment)["Line"] == []
    shown = invoice_of(client, invoice)
    assert (shown["Balance"], shown["LinkedTxn"]) == (300, [])


def test_lowering_an_invoice_below_what_is_applied_shrinks_the_latest_payment(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    first, second = books.receive_payment({invoice: "60"}), books.receive_payment({invoice: "40"})
    books.edit_invoice(invoice, total="50.00")
    shown = invoice_of(client, invoice)
    assert (shown["TotalAmt"], shown["Balance"]) == (50, 0)
    assert lines_of(payment_of(client, first)) == [("Invoice", invoice, 50)]
    assert payment_of(client, first)["UnappliedAmt"] == 10
    assert (payment_of(client, second)["Line"], payment_of(client, second)["UnappliedAmt"]) == ([], 40)


def test_lowering_an_invoice_frees_the_credit_that_settled_it(client: Client, books: Books) -> None:
    invoice, memo = books.add_invoice("Acme", "300.00"), books.add_credit_memo("Acme", "300.00")
    payment = books.apply_credit(memo, invoice)
    books.edit_invoice(invoice, total="200.00")
    assert lines_of(payment_of(client, payment)) == [("Invoice", invoice, 200), ("CreditMemo", memo, 200)]
    assert read(client.get(f"creditmemo/{memo}"))["CreditMemo"]["RemainingCredit"] == 100


def test_raising_a_paid_invoice_leaves_a_balance(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    books.receive_payment(invoice)
    books.edit_invoice(invoice, total="130.00")
    assert invoice_of(client, invoice)["Balance"] == 30


def test_a_voided_invoice_is_zero_and_its_payment_unapplied(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00", private_note="For 006")
    payment = books.receive_payment(invoice)
    books.void_invoice(invoice)
    shown = invoice_of(client, invoice)
    assert (shown["TotalAmt"], shown["Balance"], shown["LinkedTxn"]) == (0, 0, [])
    assert shown["PrivateNote"] == "Voided - For 006"
    assert [line["Amount"] for line in shown["Line"]] == [0, 0]
    assert payment_of(client, payment)["UnappliedAmt"] == 100


def test_a_deleted_invoice_is_gone_and_its_payment_unapplied(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.delete_invoice(invoice)
    assert fault(client.get(f"invoice/{invoice}"))[:2] == (400, "610")
    assert client.ids(f"select * from Invoice where Id = '{invoice}'") == []
    assert payment_of(client, payment)["UnappliedAmt"] == 100


def test_a_voided_payment_reopens_its_invoice(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.void_payment(payment)
    shown = payment_of(client, payment)
    assert (shown["TotalAmt"], shown["UnappliedAmt"], shown["Line"]) == (0, 0, [])
    assert shown["PrivateNote"] == "Voided"
    assert (invoice_of(client, invoice)["Balance"], invoice_of(client, invoice)["LinkedTxn"]) == (100, [])


def test_a_deleted_payment_reopens_its_invoice(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.delete_payment(payment)
    assert fault(client.get(f"payment/{payment}"))[1] == "610"
    assert invoice_of(client, invoice)["Balance"] == 100


def test_a_payment_moved_to_another_invoice(client: Client, books: Books) -> None:
    wrong, right = books.add_invoice("Acme", "100.00"), books.add_invoice("Acme", "80.00")
    payment = books.receive_payment(wrong)
    books.move_payment(payment, wrong, right)
    assert (invoice_of(client, wrong)["Balance"], invoice_of(client, right)["Balance"]) == (100, 0)
    assert payment_of(client, payment)["UnappliedAmt"] == 20


def test_a_lowered_payment_takes_back_what_it_applied(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.edit_payment(payment, amount="70.00", reference="corrected")
    assert invoice_of(client, invoice)["Balance"] == 30
    assert payment_of(client, payment)["PaymentRefNum"] == "corrected"


def test_journal_entries_stand_on_either_side(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "250.00")
    credit = books.add_journal_entry("Acme", credit="200.00", number="JE-12")
    debit = books.add_journal_entry("Acme", debit="30.00")
    settled = books.receive_payment({invoice: "200.00"}, 0, credits=[("JournalEntry", credit, "200.00")])
    assert lines_of(payment_of(client, settled)) == [
        ("Invoice", invoice, 200),
        ("JournalEntry", credit, 200),
    ]
    paid = payment_of(client, books.receive_payment({invoice: "50.00"}, refunds=[("JournalEntry", debit, "30.00")]))
    assert (paid["TotalAmt"], paid["UnappliedAmt"]) == (80, 0)


def test_a_deposit_is_a_credit_line_and_a_refund_a_paid_line(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "1000.00")
    deposit = books.add_deposit("Acme", "400.00")
    refund = books.add_refund("Acme", "100.00", kind="Check")
    payment = payment_of(
        client,
        books.receive_payment(invoice, credits=[("Deposit", deposit, "400.00")], refunds=[("Check", refund, "100.00")]),
    )
    assert payment["TotalAmt"] == 700


def test_a_deposit_on_the_invoice_lowers_its_balance_without_a_payment(client: Client, books: Books) -> None:
    shown = invoice_of(client, books.add_invoice("Acme", "100.00", deposit="30.00"))
    assert (shown["Balance"], shown["Deposit"], shown["LinkedTxn"]) == (70, 30, [])


def test_a_card_payment_carries_the_card_and_its_transaction(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "362.07")
    payment = payment_of(client, books.receive_payment(invoice, method="", card=("MasterCard", "MT00012345")))
    assert payment["TxnSource"] == "IntuitPayment"
    assert payment["CreditCardPayment"]["CreditChargeInfo"]["Type"] == "MasterCard"
    assert payment["CreditCardPayment"]["CreditChargeResponse"]["CCTransId"] == "MT00012345"


def test_a_renamed_payment_method_keeps_its_id(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "10.00")
    method = payment_of(client, books.receive_payment(invoice, method="Wire"))["PaymentMethodRef"]["value"]
    books.rename_payment_method("Wire", "Bank transfer")
    assert read(client.get(f"paymentmethod/{method}"))["PaymentMethod"]["Name"] == "Bank transfer"


def test_multicurrency_shows_home_amounts_and_refuses_to_mix() -> None:
    settings = CompanySettings(multi_currency=True)
    with open_client(settings) as client:
        books = client.sandbox.books
        books.add_customer("Müller", currency="EUR")
        invoice = books.add_invoice("Müller", "1000.00", exchange_rate="1.0842")
        shown = invoice_of(client, invoice)
        assert shown["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
        assert (shown["HomeTotalAmt"], shown["ExchangeRate"]) == (Decimal("1084.20"), Decimal("1.0842"))
        dollars = books.add_invoice("Acme", "10.00")
        with pytest.raises(ValueError, match="currencies"):
            books.receive_payment({invoice: "10.00", dollars: "10.00"})


def test_more_than_is_open_cannot_be_applied(books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    with pytest.raises(ValueError, match="is open"):
        books.receive_payment({invoice: "100.01"})
    with pytest.raises(ValueError, match="more than the payment"):
        books.receive_payment({invoice: "100.00"}, "50.00")


def test_a_banked_payment_can_no_longer_be_edited(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.bank_payment(payment)
    with pytest.raises(ValueError, match="bank deposit"):
        books.void_payment(payment)
    body = {"Id": payment, "SyncToken": "0", "sparse": True}
    assert fault(client.post("payment", body, operation="update", include="void"))[1] == "6540"


def test_a_read_in_the_middle_of_a_change_shows_the_earlier_balance(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    books.receive_payment(invoice)
    books.show_stale(invoice, for_reads=1)
    assert invoice_of(client, invoice)["Balance"] == 100
    assert invoice_of(client, invoice)["Balance"] == 0


def test_a_payment_can_be_made_not_to_add_up(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    payment = books.receive_payment(invoice)
    books.corrupt_payment(payment, line_type="VendorCredit", unapplied="5.00")
    shown: dict[str, Any] = read(client.get(f"payment/{payment}"))["Payment"]
    assert lines_of(shown) == [("VendorCredit", invoice, 100)]
    assert shown["UnappliedAmt"] == 5


def test_the_api_does_the_same_accounting(client: Client, books: Books) -> None:
    invoice = books.add_invoice("Acme", "100.00")
    line = {"Amount": Decimal("100.00"), "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}
    document = {"CustomerRef": {"value": "1"}, "TotalAmt": Decimal("120.00"), "Line": [line]}
    made = read(client.post("payment", document))["Payment"]
    assert made["UnappliedAmt"] == 20
    stale = {"Id": made["Id"], "SyncToken": "9", "sparse": True}
    assert fault(client.post("payment", stale, operation="update", include="void"))[1] == "5010"
    voided = {**stale, "SyncToken": "0"}
    assert read(client.post("payment", voided, operation="update", include="void"))["Payment"]["TotalAmt"] == 0
    assert invoice_of(client, invoice)["Balance"] == 100
    body = {"Id": invoice, "SyncToken": "0"}
    assert read(client.post("invoice", body, operation="void"))["Invoice"]["PrivateNote"] == "Voided"
    again = {"Id": invoice, "SyncToken": "1"}
    assert read(client.post("invoice", again, operation="delete"))["Invoice"] == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": invoice,
    }
    assert fault(client.post("invoice", again, operation="delete"))[1] == "610"

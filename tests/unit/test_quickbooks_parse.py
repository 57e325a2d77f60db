"""Recorded and documented QuickBooks objects, read as qbsf's own values."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from samples import sample_text

from qbsf.errors import UnexpectedAnswer
from qbsf.json_values import encode
from qbsf.model import PaymentLine
from qbsf.quickbooks import parse
from qbsf.quickbooks.shapes import INVOICE
from qbsf.records import Json, Reader, decode

ASKED_AT = datetime(2026, 11, 22, tzinfo=UTC)
OPPORTUNITY = "0065500000KQ12XAAT"


def sample(name: str, member: str) -> dict[str, Json]:
    whole = decode(sample_text("quickbooks", f"{name}.json"))
    assert isinstance(whole, dict)
    value = whole[member]
    assert isinstance(value, dict)
    return value


def answer(name: str) -> Reader:
    whole = decode(sample_text("quickbooks", f"{name}.json"))
    assert isinstance(whole, dict)
    return Reader(name, whole)


def test_an_unpaid_invoice_as_documented() -> None:
    invoice = parse.invoice(sample("invoice_full", "Invoice"))
    assert (invoice.id, invoice.number, invoice.txn_date) == ("130", "1037", date(2014, 9, 19))
    assert (invoice.total, invoice.balance, invoice.deposit) == (Decimal("362.07"), Decimal("362.07"), Decimal(0))
    assert (invoice.currency, invoice.customer) == ("", "Sonnenschein Family Store")
    assert invoice.payment_ids == ()
    assert invoice.updated == datetime(2014, 9, 19, 20, 16, 17, tzinfo=UTC)
    assert invoice.bill_email
    assert not invoice.voided


def test_a_voided_invoice_as_recorded() -> None:
    invoice = parse.invoice(sample("invoice_voided", "Invoice"))
    assert (invoice.voided, invoice.total, invoice.balance) == (True, Decimal(0), Decimal(0))


def test_a_voided_payment_as_documented() -> None:
    payment = parse.payment(sample("payment_voided", "Payment"))
    assert (payment.total, payment.lines, payment.method_id, payment.method_name) == (Decimal(0), (), "2", "")


def test_a_credit_memo_applied_brings_two_positive_lines() -> None:
    payment = parse.payment(sample("payment_zero_creditmemo_applied", "Payment"))
    assert payment.total == 0
    assert payment.lines == (
        PaymentLine(Decimal(300), "Invoice", "67"),
        PaymentLine(Decimal(300), "CreditMemo", "68"),
    )
    assert payment.reference == "123456"


def test_a_card_payment_without_method_name_or_reference_shows_card_and_transaction() -> None:
    payment = parse.payment(sample("payment_intuit_card", "Payment"))
    assert (payment.method_id, payment.method_name, payment.reference) == ("4", "MasterCard", "MT00012345")
    assert payment.lines == (PaymentLine(Decimal("362.07"), "Invoice", "130"),)


@pytest.mark.parametrize(
    "name",
    [
        "payment_overpaid_with_unapplied",
        "payment_journalentry_credit",
        "payment_many_invoices_with_credit",
        "payment_multicurrency",
    ],
)
def test_amounts_of_a_payment_balance_as_the_wire_has_them(name: str) -> None:
    payment = parse.payment(sample(name, "Payment"))
    signed = [line.amount if line.txn_type == "Invoice" else -line.amount for line in payment.lines]
    assert sum(signed, payment.unapplied) == payment.total


def test_a_line_with_no_or_two_links_has_no_type() -> None:
    value = sample("payment_zero_creditmemo_applied", "Payment")
    link: Json = {"TxnId": "1", "TxnType": "Invoice"}
    value["Line"] = [{"Amount": 1}, {"Amount": 2, "LinkedTxn": [link, link]}, {"Amount": 3, "LinkedTxn": []}]
    assert parse.payment(value).lines == tuple(PaymentLine(Decimal(n), "", "") for n in (1, 2, 3))


@pytest.mark.parametrize(
    "change",
    [
        {"DocNumber": "0065500000KQ12X"},
        {"PrivateNote": f"for {OPPORTUNITY}."},
        {"CustomField": [{"Name": "a", "Type": "StringType"}, {"Name": "b", "StringValue": OPPORTUNITY}]},
    ],
)
def test_an_invoice_names_its_opportunity_in_number_note_or_custom_field(change: dict[str, Json]) -> None:
    assert parse.invoice(sample("invoice_full", "Invoice") | change).opportunity_ids == (OPPORTUNITY,)


def test_an_id_does_not_grow_together_from_two_fields() -> None:
    change: dict[str, Json] = {"DocNumber": "0065500", "PrivateNote": "000KQ12X"}
    assert parse.invoice(sample("invoice_full", "Invoice") | change).opportunity_ids == ()


def test_the_recorded_change_feed() -> None:
    changes = parse.changes(answer("cdc_multi_entity_from_xml"), ASKED_AT)
    assert [(invoice.id, invoice.payment_ids) for invoice in changes.invoices] == [("103", ("147",))]
    assert [payment.id for payment in changes.payments] == ["147"]
    assert [deleted.id for deleted in changes.deleted_invoices] == ["65"]
    assert changes.deleted_invoices[0].updated == datetime(2016, 4, 13, 14, 34, 31, tzinfo=UTC)
    assert changes.invoices[0].updated == changes.payments[0].created
    assert (changes.complete, changes.server_time) == (True, datetime(2016, 4, 13, 14, 52, 34, 949_000, tzinfo=UTC))


def test_an_idle_change_feed() -> None:
    changes = parse.changes(answer("cdc_no_changes"), ASKED_AT)
    assert (changes.invoices, changes.deleted_payments, changes.complete) == ((), (), True)


def test_a_change_feed_of_a_thousand_objects_may_lack_deletions() -> None:
    gone: list[Json] = [{"status": "Deleted", "Id": str(n)} for n in range(1000)]
    group: Json = {"QueryResponse": [{"Payment": gone}]}
    changes = parse.changes(Reader("cdc", {"CDCResponse": [group]}), ASKED_AT)
    assert (changes.complete, len(changes.deleted_payments), changes.server_time) == (False, 1000, ASKED_AT)
    assert changes.deleted_payments[0].updated is None


def test_an_answer_that_is_no_change_feed_is_not_taken_for_an_idle_one() -> None:
    with pytest.raises(UnexpectedAnswer, match="CDCResponse"):
        parse.changes(Reader("QuickBooks' answer", {"time": "2026-11-22T00:00:00Z"}), ASKED_AT)


def test_an_empty_result_has_no_member_for_its_rows() -> None:
    assert parse.rows(Reader("answer", {"QueryResponse": {}}), "Invoice") == []
    assert len(parse.rows(answer("payment_query"), "Payment")) > 1
    with pytest.raises(UnexpectedAnswer, match="QueryResponse"):
        parse.rows(Reader("answer", {}), "Invoice")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("TotalAmt", None),
        ("TotalAmt", "12"),
        ("TotalAmt", True),
        ("Balance", None),
        ("TxnDate", "2026-02-30"),
        ("TxnDate", "soon"),
        ("Id", 7),
        ("MetaData", {"CreateTime": "2026-01-01T00:00:00Z", "LastUpdatedTime": "2026-01-01T00:00:00"}),
        ("LinkedTxn", {"TxnId": "1"}),
    ],
)
def test_a_wrong_shape_is_told_with_entity_and_id(member: str, value: Json) -> None:
    with pytest.raises(UnexpectedAnswer, match=r"Invoice.*(130|Id)") as caught:
        parse.invoice(sample("invoice_full", "Invoice") | {member: value})
    assert "\n" not in str(caught.value)


def page_of(*rows: Json) -> msgspec.Raw:
    return msgspec.Raw(encode({"Invoice": list(rows), "startPosition": 1}))


def test_a_page_tells_the_same_as_its_objects_one_by_one() -> None:
    rows = [sample("invoice_full", "Invoice"), sample("invoice_voided", "Invoice")]
    assert INVOICE.page(page_of(*rows)) == [parse.invoice(row) for row in rows]
    assert INVOICE.page(msgspec.Raw(b"{}")) == []


def test_a_wrong_member_inside_is_told_with_its_place() -> None:
    value = sample("payment_zero_creditmemo_applied", "Payment")
    value["Line"] = [{"Amount": "x"}]
    with pytest.raises(UnexpectedAnswer, match=r"Payment \d+ has another text for Line Amount, not a number"):
        parse.payment(value)


@pytest.mark.parametrize(("member", "value"), [("TotalAmt", "12"), ("Id", 7), ("TxnDate", "soon"), ("LinkedTxn", {})])
def test_a_page_with_a_wrong_object_is_left_to_the_careful_reading(member: str, value: Json) -> None:
    good = sample("invoice_full", "Invoice")
    assert INVOICE.page(page_of(good, good | {member: value})) is None


def test_a_transaction_date_is_never_shifted() -> None:
    change: dict[str, Json] = {"TxnDate": "2026-01-31-08:00"}
    assert parse.invoice(sample("invoice_full", "Invoice") | change).txn_date == date(2026, 1, 31)


def test_amounts_keep_the_digits_of_the_wire() -> None:
    assert decode('{"a": 0.1, "b": 9007199254740993.01}') == {"a": Decimal("0.1"), "b": Decimal("9007199254740993.01")}
    with pytest.raises(ValueError, match="JSON"):
        decode('{"a": NaN}')


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"a": "cut \\ud83d"}', "cut \ufffd"),
        (b'{"a": "\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"a": "x\xed\xa0\xbd"}', "x\ufffd"),
        (b'\xef\xbb\xbf{"a": "marked"}', "marked"),
        ('{"a": "wide"}'.encode("utf-16"), "wide"),
    ],
)
def test_half_a_character_or_a_byte_order_mark_keeps_nothing_from_being_read(body: bytes, text: str) -> None:
    assert decode(body) == {"a": text}


def test_the_company_of_the_documented_preferences() -> None:
    company = parse.company(sample("preferences", "Preferences"), {"CompanyName": "Larry's", "Country": "US"})
    assert (company.home_currency, company.multi_currency) == ("USD", False)
    assert (company.name, company.country) == ("Larry's", "US")


def test_payment_methods_of_the_documented_answer() -> None:
    methods = dict(parse.payment_method(row) for row in parse.rows(answer("paymentmethod_query"), "PaymentMethod"))
    assert methods["2"] == "Check"

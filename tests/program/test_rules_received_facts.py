"""rules.md section 1: the four facts, over all payments that brought cash."""

from program.installation import Installation
from program.sales import payment_record, sell, sync_writes


def test_the_facts_join_all_payments_by_date_and_each_name_once(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    for amount, date, method, reference in (
        ("100.00", "2026-05-20", "Cash", "C"),
        ("200.00", "2026-05-01", "Wire", "A"),
        ("300.00", "2026-05-10", "Cash", "B"),
        ("400.00", "2026-05-11", "Wire", "A"),
    ):
        qbsf.books.receive_payment({invoice: amount}, date=date, method=method, reference=reference)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("1000.00", "2026-05-20", "Wire, Cash", "A, B, C")
    qbsf.settled()


def test_payments_of_one_day_come_in_the_order_of_their_ids_as_numbers(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf, invoice_id="9998")
    for reference in ("first", "second"):
        payment = qbsf.books.receive_payment({invoice: "500.00"}, date="2026-05-01", reference=reference)
    assert payment == "10000"
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[3] == "first, second"
    qbsf.settled()


def test_only_payments_that_brought_cash_have_a_date_method_and_reference(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment({invoice: "900.00"}, date="2026-05-01", method="Wire", reference="W1")
    memo = qbsf.books.add_credit_memo(total="100.00")
    credit = qbsf.books.apply_credit(memo, invoice, date="2026-06-01")
    qbsf.books.edit_payment(credit, method="Cash", reference="GOODWILL")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("900.00", "2026-05-01", "Wire", "W1")
    qbsf.settled()


def test_the_amount_is_in_the_invoices_currency(qbsf: Installation) -> None:
    qbsf.books.settings.multi_currency = True
    qbsf.configure(salesforce={"currency": "EUR"})
    invoice, deal = sell(qbsf, "500.00", customer="Müller GmbH", currency="EUR", exchange_rate="1.1")
    qbsf.books.receive_payment(invoice, exchange_rate="1.2")
    record = sync_writes(qbsf, "paid", deal).record(deal)
    assert qbsf.amount(deal) == 500
    assert record["invoices"][0]["currency"] == "EUR"
    qbsf.settled()


def test_a_method_that_the_payment_names_by_id_only_is_named(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.sync()
    payment = qbsf.books.receive_payment(invoice, method="Carrier pigeon")  # new since the methods were read
    assert qbsf.books.payment(payment)["PaymentMethodRef"] == {"value": payment_record(qbsf, payment).method}
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[2] == "Carrier pigeon"
    qbsf.settled()


def test_an_inactive_method_is_named_too(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    payment = qbsf.books.receive_payment(invoice, method="Travellers cheque")
    qbsf.books.hide("PaymentMethod", payment_record(qbsf, payment).method)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[2] == "Travellers cheque"
    qbsf.settled()


def test_without_method_and_reference_the_card_has_type_and_transaction(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice, method="", card=("Visa", "CC0815"))
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[2:] == ("Visa", "CC0815")
    qbsf.settled()


def test_method_and_reference_come_before_the_cards(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice, method="Wire", reference="INV 4711", card=("Visa", "CC0815"))
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal)[2:] == ("Wire", "INV 4711")
    qbsf.settled()


def test_no_method_and_no_reference_stay_empty(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.books.receive_payment(invoice, date="2026-05-01", method="")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.payment_fields(deal) == ("1000.00", "2026-05-01", None, None)
    qbsf.settled()


def test_a_text_too_long_for_its_field_is_cut_with_a_warning_and_written(qbsf: Installation) -> None:
    qbsf.org.alter_field("QB_Payment_Reference__c", length=20)
    qbsf.org.alter_field("QB_Payment_Method__c", length=6)
    invoice, deal = sell(qbsf)
    for number in range(4):
        qbsf.books.receive_payment(
            {invoice: "250.00"}, date=f"2026-05-0{number + 1}", method="Electronic", reference=f"REF-000{number}"
        )
    outcome = sync_writes(qbsf, "paid", deal)
    method, reference = qbsf.payment_fields(deal)[2:]
    assert method == "Elect…"
    assert reference is not None
    assert reference.startswith("REF-0000, REF-0001")
    assert reference.endswith("…")
    assert len(reference) <= 20
    warnings = " ".join(outcome.json["warnings"])
    assert "QB_Payment_Method__c" in warnings
    assert "QB_Payment_Reference__c" in warnings
    qbsf.settled()

"""Fields beside the payment (rules.md section 4): status, total, balance, texts cut to fit, link fields filled in."""

from decimal import Decimal

import pytest
from program.installation import Installation
from program.scenes import NOTHING, Scene, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"
LOST = "Closed Lost"
STATUS, TOTAL, BALANCE = "QB_Status__c", "QB_Total__c", "QB_Balance__c"
ID, NUMBER = "QB_Invoice_ID__c", "QB_Invoice_Number__c"
REFERENCE = "QB_Payment_Reference__c"


@pytest.fixture
def mirrored(qbsf: Installation) -> Installation:
    """Fields for the invoice's status, total and balance are configured."""
    qbsf.org.add_field(STATUS, "Text", 20)
    qbsf.org.add_field(TOTAL, "Currency")
    qbsf.org.add_field(BALANCE, "Currency")
    qbsf.configure(fields={"payment_status": STATUS, "invoice_total": TOTAL, "invoice_balance": BALANCE})
    return qbsf


def mirror(scene: Scene) -> tuple[str | None, Decimal | None, Decimal | None]:
    status, total, balance = (scene.qbsf.field(scene.deal, name) for name in (STATUS, TOTAL, BALANCE))
    return status, total, balance


def links(qbsf: Installation, deal: str) -> tuple[str | None, str | None]:
    return qbsf.field(deal, ID), qbsf.field(deal, NUMBER)


# -- status, total, balance --------------------------------------------------------------------------------------------


def test_status_total_and_balance_follow_the_invoice(mirrored: Installation) -> None:
    scene = Scene(mirrored)
    steps = []
    scene.sync()
    steps.append(mirror(scene))
    scene.pay("400.00")
    scene.sync()
    steps.append(mirror(scene))
    payment = scene.pay()
    scene.sync()
    steps.append(mirror(scene))
    mirrored.books.edit_invoice(scene.invoice, total="1200.00")
    scene.sync()
    steps.append(mirror(scene))
    assert steps == [
        ("Unpaid", Decimal(1000), Decimal(1000)),
        ("Partially paid", Decimal(1000), Decimal(600)),
        ("Paid", Decimal(1000), Decimal(0)),
        ("Partially paid", Decimal(1200), Decimal(200)),
    ]
    mirrored.settled()
    assert payment


def test_a_payment_taken_back_is_reversed_in_the_status(mirrored: Installation) -> None:
    scene, payment = paid_scene(mirrored)
    mirrored.books.delete_payment(payment)
    assert scene.sync() == ("updated", "reversed")
    assert mirror(scene) == ("Reversed", Decimal(1000), Decimal(1000))
    assert scene.facts == NOTHING
    mirrored.settled()
    assert mirror(scene)[0] == "Reversed"
    scene.pay()
    scene.sync()
    assert mirror(scene) == ("Paid", Decimal(1000), Decimal(0))
    mirrored.settled()


def test_a_voided_invoice_is_voided_in_the_status(mirrored: Installation) -> None:
    scene = Scene(mirrored)
    scene.sync()
    mirrored.books.void_invoice(scene.invoice)
    scene.sync()
    assert mirror(scene)[0] == "Voided"
    assert (scene.stage, scene.facts) == (OPEN, NOTHING)
    mirrored.settled()


def test_status_and_balance_are_written_in_the_write_that_wins(mirrored: Installation) -> None:
    scene = Scene(mirrored)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert (scene.writes, mirror(scene)) == (1, ("Paid", Decimal(1000), Decimal(0)))


def test_a_lost_deal_with_money_gets_no_status(mirrored: Installation) -> None:
    scene = Scene(mirrored, stage=LOST)
    scene.pay()
    assert scene.sync() == ("skipped", "closed_lost")
    assert (mirror(scene), scene.writes) == ((None, None, None), 0)
    mirrored.settled()


def test_total_and_balance_of_several_invoices_add_up(mirrored: Installation) -> None:
    first, second = (mirrored.books.add_invoice("Acme Corp", total) for total in ("1000.00", "250.50"))
    scene = Scene(mirrored, invoice=f"{first}, {second}")
    mirrored.books.receive_payment([first])
    scene.sync()
    assert mirror(scene) == ("Partially paid", Decimal("1250.50"), Decimal("250.50"))
    mirrored.settled()


# -- texts that are too long -------------------------------------------------------------------------------------------


def test_a_text_too_long_for_its_field_is_cut_with_a_warning_and_the_deal_is_won(qbsf: Installation) -> None:
    qbsf.org.alter_field(REFERENCE, length=20)
    scene = Scene(qbsf)
    for n in range(5):
        scene.pay("200.00", date=f"2026-03-0{n + 1}", reference=f"WIRE-{n}")
    outcome = qbsf.sync()
    assert outcome.record(scene.deal)["reason"] == "paid"
    assert scene.stage == WON
    reference = scene.facts[3]
    assert reference is not None
    assert reference.startswith("WIRE-0, WIRE-1")
    assert reference.endswith("…")
    assert len(reference) <= 20
    assert any(REFERENCE in warning for warning in outcome.json["warnings"])
    qbsf.settled()


def test_a_text_that_just_fits_is_not_cut(qbsf: Installation) -> None:
    qbsf.org.alter_field(REFERENCE, length=8)
    scene = Scene(qbsf)
    scene.pay(reference="ABCDEFGH")
    outcome = qbsf.sync()
    assert (scene.facts[3], outcome.json["warnings"]) == ("ABCDEFGH", [])
    qbsf.settled()


# -- link fields that are filled in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
def test_an_empty_id_field_is_filled_in_beside_the_number(qbsf: Installation, stage: str) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal(number="INV-7", stage=stage)
    record = qbsf.sync().record(deal)
    assert (record["outcome"], record["reason"], record["matched_by"]) == ("updated", "linked", "invoice_number")
    assert record["changes"] == {ID: {"from": None, "to": invoice}}
    assert (links(qbsf, deal), qbsf.stage(deal), qbsf.writes(deal)) == ((invoice, "INV-7"), stage, 1)
    qbsf.settled()


def test_an_empty_number_field_is_filled_in_beside_the_id(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal(invoice=invoice)
    assert qbsf.sync().record(deal)["reason"] == "linked"
    assert links(qbsf, deal) == (invoice, "INV-7")
    qbsf.settled()


def test_link_fields_are_filled_in_with_the_payment_in_one_write(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal()
    qbsf.books.edit_invoice(invoice, private_note=f"For {deal}")
    qbsf.books.receive_payment([invoice])
    record = qbsf.sync().record(deal)
    assert (record["reason"], record["matched_by"]) == ("paid", "opportunity_id")
    assert (links(qbsf, deal), qbsf.stage(deal), qbsf.writes(deal)) == ((invoice, "INV-7"), WON, 1)
    qbsf.settled()


def test_several_invoices_are_filled_in_as_a_list(qbsf: Installation) -> None:
    ids = [qbsf.books.add_invoice("Acme Corp", "1000.00", number=f"INV-{n}") for n in range(3)]
    deal = qbsf.deal(number="INV-0, INV-1, INV-2")
    assert qbsf.sync().record(deal)["reason"] == "linked"
    assert links(qbsf, deal) == (", ".join(ids), "INV-0, INV-1, INV-2")
    qbsf.settled()


def test_a_list_that_does_not_fit_is_left_out_with_a_warning_and_never_cut(qbsf: Installation) -> None:
    qbsf.org.alter_field(NUMBER, length=12)
    ids = [qbsf.books.add_invoice("Acme Corp", "500.00", number=f"INV-{n}") for n in range(3)]
    deal = qbsf.deal(invoice=", ".join(ids))
    outcome = qbsf.sync()
    assert any(NUMBER in warning for warning in outcome.json["warnings"])
    assert (qbsf.field(deal, NUMBER), qbsf.writes(deal)) == (None, 0)
    for invoice in ids:
        qbsf.books.receive_payment([invoice])
    assert qbsf.sync().record(deal)["reason"] == "paid"
    assert (qbsf.field(deal, NUMBER), qbsf.stage(deal)) == (None, WON)
    qbsf.settled()


def test_nothing_is_filled_in_where_the_row_is_for_a_person(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal(number="INV-7")
    qbsf.books.receive_payment({invoice: "300.00"})
    qbsf.books.apply_credit(qbsf.books.add_credit_memo(total="700.00"), invoice)
    assert qbsf.sync().record(deal)["reason"] == "settled_by_credit"
    assert (links(qbsf, deal), qbsf.payment_fields(deal)[0]) == ((None, "INV-7"), "300.00")
    qbsf.settled()


def test_a_fill_in_is_done_although_partial_payments_are_not_recorded(qbsf: Installation) -> None:
    qbsf.configure(sync={"record_partial_payments": False})
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal(number="INV-7")
    qbsf.books.receive_payment({invoice: "300.00"})
    assert qbsf.sync().record(deal)["reason"] == "linked"
    assert (links(qbsf, deal), qbsf.payment_fields(deal)) == ((invoice, "INV-7"), NOTHING)
    qbsf.settled()


def test_a_link_field_that_is_left_out_of_the_configuration_is_not_filled_in(qbsf: Installation) -> None:
    qbsf.configure(fields={"invoice_id": ""})
    invoice = qbsf.books.add_invoice("Acme Corp", "1000.00", number="INV-7")
    deal = qbsf.deal(number="INV-7")
    qbsf.books.receive_payment([invoice])
    assert qbsf.sync().record(deal)["reason"] == "paid"
    assert (links(qbsf, deal), qbsf.stage(deal)) == ((None, "INV-7"), WON)
    qbsf.settled()

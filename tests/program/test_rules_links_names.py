"""rules.md section 3: what the link fields may hold, and when they contradict each other or QuickBooks."""

import pytest
from program.installation import Installation
from program.sales import amounts, deal_for, paid_bill, sync_skips, sync_writes

SEPARATORS = [",", ", ", ";", " ; ", "\n", "\r\n", ",\n", ";;"]

# -- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_of_numbers_or_ids_is_split_at_comma_semicolon_or_line_end(qbsf: Installation) -> None:
    for field in ("QB_Invoice_ID__c", "QB_Invoice_Number__c"):
        qbsf.org.alter_field(field, kind="TextArea")
    deals = []
    for place, separator in enumerate(SEPARATORS):
        numbers = [f"A-{place}-{part}" for part in range(3)]
        for number in numbers:
            paid_bill(qbsf, "100.00", number=number)
        deals.append(qbsf.deal(f"Numbers {separator!r}", number=separator.join(numbers)))
        ids = [paid_bill(qbsf, "100.00") for _ in range(3)]
        deals.append(qbsf.deal(f"Ids {separator!r}", invoice=separator.join(ids)))
    sync_writes(qbsf, "paid", *deals)
    assert set(amounts(qbsf, *deals)) == {"300.00"}
    qbsf.settled()


def test_a_list_is_paid_when_its_last_invoice_is(qbsf: Installation) -> None:
    invoices = [qbsf.books.add_invoice(total="100.00") for _ in range(3)]
    deal = deal_for(qbsf, *invoices)
    qbsf.sync()
    for received, invoice in enumerate(invoices, start=1):
        qbsf.books.receive_payment(invoice)
        sync_writes(qbsf, "paid" if received == 3 else "partially_paid", deal)
        assert qbsf.amount(deal) == 100 * received
    qbsf.settled()


def test_a_value_is_tried_whole_before_it_is_split(qbsf: Installation) -> None:
    paid_bill(qbsf, "10.00", number="A-1")
    paid_bill(qbsf, "20.00", number="A-2")
    paid_bill(qbsf, "500.00", number="A-1, A-2")
    deal = qbsf.deal(number="A-1, A-2")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 500
    qbsf.settled()


def test_a_list_with_a_name_that_quickbooks_does_not_know_is_unknown(qbsf: Installation) -> None:
    paid_bill(qbsf, "10.00", number="A-1")
    deal = qbsf.deal(number="A-1, A-2")
    sync_skips(qbsf, "unknown_invoice", deal)
    qbsf.settled()
    paid_bill(qbsf, "20.00", number="A-2")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 30


def test_an_invoice_named_twice_counts_once(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="{0}, {0}".format(paid_bill(qbsf, "100.00")))
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 100
    qbsf.settled()


# -- exact equality ---------------------------------------------------------------------------------------------------


def test_a_number_in_other_letter_case_is_another_number(qbsf: Installation) -> None:
    paid_bill(qbsf, "100.00", number="inv-1a")
    deal = qbsf.deal(number="INV-1A")
    sync_skips(qbsf, "unknown_invoice", deal)
    qbsf.settled()
    paid_bill(qbsf, "55.00", number="INV-1A")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 55


def test_deals_whose_numbers_differ_only_in_case_each_have_their_invoice(qbsf: Installation) -> None:
    paid_bill(qbsf, "10.00", number="inv-1a")
    paid_bill(qbsf, "20.00", number="INV-1A")
    lower, upper = qbsf.deal("Lower", number="inv-1a"), qbsf.deal("Upper", number="INV-1A")
    sync_writes(qbsf, "paid", lower, upper)
    assert amounts(qbsf, lower, upper) == ["10.00", "20.00"]
    qbsf.settled()


def test_any_number_is_safe_to_look_for(qbsf: Installation) -> None:
    numbers = ["O'Brien 7", "50%", "A_1", "a\\b", "Rechnung №5", '"7"', "007", "x' OR Id = '1"]
    for namesake in ("7", "A1", "OBrien 7", "50"):
        paid_bill(qbsf, "1.00", number=namesake)
    deals = [qbsf.deal(number=number) for number in numbers]
    sync_skips(qbsf, "unknown_invoice", *deals)
    for place, number in enumerate(numbers, start=1):
        paid_bill(qbsf, f"{place}00.00", number=number)
    sync_writes(qbsf, "paid", *deals)
    assert amounts(qbsf, *deals) == [f"{place}00.00" for place in range(1, len(numbers) + 1)]
    qbsf.settled()


def test_a_number_is_not_an_id_and_an_id_is_not_a_number(qbsf: Installation) -> None:
    first = paid_bill(qbsf, "10.00", number="B-1", invoice_id="5001")
    second = paid_bill(qbsf, "20.00", number="5001", invoice_id="6001")
    by_id, by_number = qbsf.deal("By id", invoice="5001"), qbsf.deal("By number", number="5001")
    sync_writes(qbsf, "paid", by_id, by_number)
    assert amounts(qbsf, by_id, by_number) == ["10.00", "20.00"]
    assert qbsf.field(by_number, "QB_Invoice_ID__c") == second != first
    qbsf.settled()


# -- the two fields contradict each other -----------------------------------------------------------------------------


@pytest.mark.parametrize("by", [["invoice_id", "invoice_number"], ["invoice_number", "invoice_id"]])
def test_a_number_that_names_another_invoice_than_the_id_is_a_link_conflict(qbsf: Installation, by: list[str]) -> None:
    qbsf.configure(match={"by": by})
    invoice = paid_bill(qbsf, "10.00", number="A-1")
    paid_bill(qbsf, "20.00", number="A-2")
    deal = qbsf.deal(invoice=invoice, number="A-2")
    record = sync_skips(qbsf, "link_conflict", deal).record(deal)
    assert "A-2" in str(record)
    qbsf.settled()
    qbsf.org.edit(deal, QB_Invoice_Number__c="A-1")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 10
    assert qbsf.attention() == {}


def test_a_list_of_numbers_with_one_that_the_ids_do_not_name_is_a_link_conflict(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "10.00", number="A-1")
    paid_bill(qbsf, "20.00", number="A-2")
    deal = qbsf.deal(invoice=invoice, number="A-1, A-2")
    sync_skips(qbsf, "link_conflict", deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_a_number_beside_an_id_that_quickbooks_does_not_know_is_a_link_conflict(qbsf: Installation) -> None:
    paid_bill(qbsf, "10.00", number="A-1")
    deal = qbsf.deal(invoice="777001", number="A-1")
    sync_skips(qbsf, "link_conflict", deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_a_number_that_quickbooks_does_not_know_is_no_conflict(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice=paid_bill(qbsf, "10.00", number="A-1"), number="draft 3")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 10
    assert qbsf.field(deal, "QB_Invoice_Number__c") == "draft 3"
    qbsf.settled()


# -- a number that several invoices bear ------------------------------------------------------------------------------


def test_a_number_borne_by_several_live_invoices_is_an_ambiguous_invoice(qbsf: Installation) -> None:
    first = paid_bill(qbsf, "10.00", number="A-1")
    paid_bill(qbsf, "20.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    sync_skips(qbsf, "ambiguous_invoice", deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0
    qbsf.org.edit(deal, QB_Invoice_ID__c=first)  # a person says which
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 10
    assert qbsf.attention() == {}


def test_a_list_with_one_number_that_two_invoices_bear_is_an_ambiguous_invoice(qbsf: Installation) -> None:
    for number in ("A-1", "A-2", "A-2"):
        paid_bill(qbsf, "10.00", number=number)
    deal = qbsf.deal(number="A-1, A-2")
    record = sync_skips(qbsf, "ambiguous_invoice", deal).record(deal)
    assert "A-2" in record["note"]
    qbsf.settled()


def test_a_number_that_a_second_invoice_takes_later_becomes_ambiguous(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice(total="10.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    qbsf.sync()
    qbsf.books.add_invoice(total="20.00", number="A-1")
    sync_skips(qbsf, "ambiguous_invoice", deal)
    qbsf.books.receive_payment(invoice)
    sync_skips(qbsf, "ambiguous_invoice", deal)
    assert qbsf.amount(deal) is None
    qbsf.settled()


@pytest.mark.parametrize("gone", ["voided", "deleted"])
def test_a_namesake_that_was_voided_or_deleted_does_not_count(qbsf: Installation, gone: str) -> None:
    namesake = qbsf.books.add_invoice(total="20.00", number="A-1")
    paid_bill(qbsf, "10.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    sync_skips(qbsf, "ambiguous_invoice", deal)
    if gone == "voided":
        qbsf.books.void_invoice(namesake)
    else:
        qbsf.books.delete_invoice(namesake)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 10
    qbsf.settled()


def test_a_voided_namesake_beside_an_id_is_no_conflict(qbsf: Installation) -> None:
    qbsf.books.void_invoice(qbsf.books.add_invoice(total="20.00", number="A-1"))
    deal = qbsf.deal(invoice=paid_bill(qbsf, "10.00", number="A-1"), number="A-1")
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 10
    qbsf.settled()


def test_an_invoice_that_is_renumbered_is_found_by_its_new_number(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "10.00", number="A-1")
    deal = qbsf.deal(number="A-9")
    sync_skips(qbsf, "unknown_invoice", deal)
    qbsf.books.edit_invoice(invoice, number="A-9")
    sync_writes(qbsf, "paid", deal)
    qbsf.settled()

"""rules.md section 3: the three ways from an Opportunity to its invoices, and their order."""

import pytest
from program.installation import Installation
from program.sales import NOTHING, WON, amounts, bill, deal_for, paid_bill, sync_skips, sync_writes

LENGTHS = [15, 18]


def paid(qbsf: Installation, deal: str, amount: str, matched_by: str) -> None:
    """A pass that wins the deal with this amount, found this way; later passes write nothing."""
    record = qbsf.sync().record(deal)
    assert (record["outcome"], record["reason"], record["matched_by"]) == ("updated", "paid", matched_by)
    assert (qbsf.stage(deal), qbsf.payment_fields(deal)[0]) == (WON, amount)
    qbsf.settled()


def number_of(qbsf: Installation, invoice: str) -> str:
    return str(qbsf.books.invoice(invoice)["DocNumber"])


# -- each way ---------------------------------------------------------------------------------------------------------


def test_by_the_quickbooks_id(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00", number="A-1")
    deal = qbsf.deal(invoice=invoice)
    paid(qbsf, deal, "100.00", "invoice_id")
    assert qbsf.field(deal, "QB_Invoice_Number__c") == "A-1"


def test_by_the_invoice_number(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    paid(qbsf, deal, "100.00", "invoice_number")
    assert qbsf.field(deal, "QB_Invoice_ID__c") == invoice


@pytest.mark.parametrize("length", LENGTHS)
def test_by_the_opportunitys_id_in_the_invoice_number(qbsf: Installation, length: int) -> None:
    deal = qbsf.deal()
    invoice = paid_bill(qbsf, "100.00", number=deal[:length])
    paid(qbsf, deal, "100.00", "opportunity_id")
    assert qbsf.field(deal, "QB_Invoice_ID__c") == invoice
    assert qbsf.field(deal, "QB_Invoice_Number__c") == deal[:length]


@pytest.mark.parametrize("length", LENGTHS)
def test_by_the_opportunitys_id_in_the_private_note(qbsf: Installation, length: int) -> None:
    texts = ["{}", "Deal ({}), thank you", "Your order\n{}\nof May", "https://acme.example/{}/view"]
    deals = [qbsf.deal(f"Deal {place}") for place in range(len(texts))]
    notes = [text.format(deal[:length]) for text, deal in zip(texts, deals, strict=True)]
    invoices = [paid_bill(qbsf, "100.00", number=f"A-{i}", private_note=note) for i, note in enumerate(notes)]
    outcome = sync_writes(qbsf, "paid", *deals)
    assert {outcome.record(deal)["matched_by"] for deal in deals} == {"opportunity_id"}
    assert [qbsf.field(deal, "QB_Invoice_ID__c") for deal in deals] == invoices
    assert [qbsf.field(deal, "QB_Invoice_Number__c") for deal in deals] == ["A-0", "A-1", "A-2", "A-3"]
    qbsf.settled()


@pytest.mark.parametrize("length", LENGTHS)
def test_by_the_opportunitys_id_in_a_custom_field(qbsf: Installation, length: int) -> None:
    deal = qbsf.deal()
    paid_bill(qbsf, "100.00", custom_fields={"Crew #": "7", "Salesforce": f"Opp {deal[:length]}"})
    paid(qbsf, deal, "100.00", "opportunity_id")


@pytest.mark.parametrize("length", LENGTHS)
def test_the_opportunitys_id_counts_only_as_a_whole_word(qbsf: Installation, length: int) -> None:
    deal = qbsf.deal()
    for text in (f"x{deal[:length]}", f"{deal[:length]}9z", f"{deal[:length]}{deal[:length]}", deal[:14]):
        paid_bill(qbsf, "100.00", private_note=text)
    qbsf.sync()
    assert qbsf.payment_fields(deal) == NOTHING
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_an_id_of_18_characters_whose_check_letters_are_wrong_is_none(qbsf: Installation) -> None:
    deal = qbsf.deal()
    paid_bill(qbsf, "100.00", private_note=deal[:15] + "".join(reversed(deal[15:])).replace("A", "5"))
    qbsf.sync()
    assert qbsf.all_writes() == 0


def test_an_id_in_other_letter_case_is_another_id(qbsf: Installation) -> None:
    deal = qbsf.deal()
    paid_bill(qbsf, "100.00", private_note=deal[:15].swapcase())
    qbsf.sync()
    assert qbsf.all_writes() == 0


def test_the_opportunitys_id_is_found_when_the_note_is_written_later(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = paid_bill(qbsf, "100.00")
    qbsf.sync()
    qbsf.books.edit_invoice(invoice, private_note=f"Deal {deal}")
    paid(qbsf, deal, "100.00", "opportunity_id")


def test_an_invoice_that_names_an_opportunity_which_does_not_exist_is_counted_once(qbsf: Installation) -> None:
    deal = qbsf.deal()
    qbsf.org.delete(deal)
    paid_bill(qbsf, "100.00", private_note=f"Deal {deal}")
    assert qbsf.sync().json["summary"]["skipped"] == 1
    assert qbsf.sync().json["summary"]["examined"] == 0


@pytest.mark.parametrize("left_out", [["invoice_id"], ["invoice_number"], ["invoice_id", "invoice_number"]])
def test_a_link_field_that_is_left_out_is_neither_read_nor_filled(qbsf: Installation, left_out: list[str]) -> None:
    qbsf.configure(fields=dict.fromkeys(left_out, ""))
    deal = qbsf.deal()
    invoice = bill(qbsf, "100.00", cash="40.00", number="A-1", private_note=f"Deal {deal}")
    sync_writes(qbsf, "partially_paid", deal)
    qbsf.books.receive_payment(invoice)
    paid(qbsf, deal, "100.00", "opportunity_id")
    filled = {
        "invoice_id": qbsf.field(deal, "QB_Invoice_ID__c"),
        "invoice_number": qbsf.field(deal, "QB_Invoice_Number__c"),
    }
    wanted = {"invoice_id": invoice, "invoice_number": "A-1"} | dict.fromkeys(left_out)
    assert filled == wanted


# -- their order ------------------------------------------------------------------------------------------------------


def test_the_id_decides_before_a_note_that_names_the_opportunity(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00")
    deal = deal_for(qbsf, invoice)
    other = paid_bill(qbsf, "55.00", private_note=f"Deal {deal}")
    paid(qbsf, deal, "100.00", "invoice_id")
    assert qbsf.field(deal, "QB_Invoice_ID__c") == invoice != other


def test_the_number_decides_before_a_note_that_names_the_opportunity(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00", number="A-1")
    deal = qbsf.deal(number="A-1")
    paid_bill(qbsf, "55.00", private_note=f"Deal {deal}")
    paid(qbsf, deal, "100.00", "invoice_number")
    assert qbsf.field(deal, "QB_Invoice_ID__c") == invoice


def test_the_note_decides_where_it_is_the_first_way(qbsf: Installation) -> None:
    qbsf.configure(match={"by": ["opportunity_id", "invoice_id", "invoice_number"]})
    deal = deal_for(qbsf, paid_bill(qbsf, "100.00"))
    paid_bill(qbsf, "55.00", private_note=f"Deal {deal}")
    paid(qbsf, deal, "55.00", "opportunity_id")


def test_the_number_decides_where_it_is_the_first_way(qbsf: Installation) -> None:
    qbsf.configure(match={"by": ["invoice_number", "invoice_id"]})
    first, second = paid_bill(qbsf, "100.00"), paid_bill(qbsf, "55.00")
    deal = qbsf.deal(number=number_of(qbsf, first), invoice=f"{first}, {second}")
    paid(qbsf, deal, "100.00", "invoice_number")


def test_the_id_decides_alone_although_the_number_names_fewer(qbsf: Installation) -> None:
    first, second = paid_bill(qbsf, "100.00"), paid_bill(qbsf, "55.00")
    deal = qbsf.deal(number=number_of(qbsf, first), invoice=f"{first}, {second}")
    paid(qbsf, deal, "155.00", "invoice_id")


def test_a_filled_way_that_leads_nowhere_does_not_fall_back_to_the_next(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="777001")
    paid_bill(qbsf, "55.00", private_note=f"Deal {deal}")
    sync_skips(qbsf, "unknown_invoice", deal)
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_an_empty_field_leaves_the_next_way_open(qbsf: Installation) -> None:
    qbsf.configure(match={"by": ["opportunity_id", "invoice_number", "invoice_id"]})
    deal = qbsf.deal(invoice=paid_bill(qbsf, "100.00"))
    paid(qbsf, deal, "100.00", "invoice_id")


@pytest.mark.parametrize("way", ["invoice_id", "invoice_number", "opportunity_id"])
def test_a_way_that_is_not_configured_is_not_taken(qbsf: Installation, way: str) -> None:
    qbsf.configure(match={"by": [each for each in ("invoice_id", "invoice_number", "opportunity_id") if each != way]})
    deal = qbsf.deal()
    invoice = paid_bill(qbsf, "100.00", number="A-1", private_note=f"Deal {deal}" if way == "opportunity_id" else "")
    if way == "invoice_id":
        qbsf.org.edit(deal, QB_Invoice_ID__c=invoice)
    if way == "invoice_number":
        qbsf.org.edit(deal, QB_Invoice_Number__c="A-1")
    qbsf.sync()
    qbsf.settled()
    assert qbsf.all_writes() == 0


def test_an_opportunity_linked_after_its_invoice_was_paid_is_found_on_the_next_pass(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf, "100.00", number="A-1")
    qbsf.sync()
    by_id, by_number = qbsf.deal("By id"), qbsf.deal("By number")
    other = paid_bill(qbsf, "55.00", number="A-2")
    qbsf.sync()
    qbsf.org.edit(by_id, QB_Invoice_ID__c=invoice)
    qbsf.org.edit(by_number, QB_Invoice_Number__c="A-2")
    outcome = sync_writes(qbsf, "paid", by_id, by_number)
    assert outcome.json["run"]["mode"] == "incremental"
    assert amounts(qbsf, by_id, by_number) == ["100.00", "55.00"]
    assert qbsf.field(by_number, "QB_Invoice_ID__c") == other
    qbsf.settled()

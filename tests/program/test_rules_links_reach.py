"""rules.md section 3: which Opportunities a profile sees: of its company, with a link, not deleted, not hidden."""

from datetime import timedelta
from typing import Any

import pytest
from program.installation import Installation
from program.sales import NOTHING, OPEN, WON, amounts, bill, deal_for, paid_bill, sell, sync_skips, sync_writes, told

COMPANY = "QB_Company__c"


# -- [fields] company -------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(qbsf: Installation) -> Installation:
    """An org that several QuickBooks companies share."""
    qbsf.org.add_field(COMPANY, length=40)
    qbsf.configure(fields={"company": COMPANY})
    return qbsf


def test_a_profile_sees_only_the_deals_of_its_own_company(shared: Installation) -> None:
    invoice = paid_bill(shared, "100.00", number="A-1")
    own = shared.deal("Own", invoice=invoice, **{COMPANY: shared.books.realm_id})
    others = [
        shared.deal("Foreign", invoice=invoice, **{COMPANY: "1234567890"}),
        shared.deal("Foreign by number", number="A-1", **{COMPANY: "1234567890"}),
        shared.deal("Nobody's", invoice=invoice),
    ]
    sync_writes(shared, "paid", own)
    assert shared.attention() == {}
    shared.settled()
    assert [shared.writes(deal) for deal in others] == [0, 0, 0]


def test_an_invoice_that_names_a_deal_of_another_company_belongs_to_none(shared: Installation) -> None:
    foreign = shared.deal("Foreign", **{COMPANY: "1234567890"})
    paid_bill(shared, "100.00", private_note=f"Deal {foreign}")
    shared.sync()
    shared.settled()
    assert shared.all_writes() == 0
    own = shared.deal("Own", **{COMPANY: shared.books.realm_id})
    paid_bill(shared, "55.00", private_note=f"Deal {own}")
    sync_writes(shared, "paid", own)
    assert shared.amount(own) == 55


def test_a_deal_that_moves_between_companies_comes_and_goes(shared: Installation) -> None:
    invoice = bill(shared, "100.00", cash="40.00")
    deal = shared.deal(invoice=invoice, **{COMPANY: "1234567890"})
    shared.sync()
    assert shared.all_writes() == 0
    shared.org.edit(deal, **{COMPANY: shared.books.realm_id})
    sync_writes(shared, "partially_paid", deal)
    shared.org.edit(deal, **{COMPANY: "1234567890"})
    shared.books.receive_payment(invoice)
    shared.sync()
    shared.sync("--full")
    assert told(shared, deal) == (OPEN, "40.00")
    assert shared.attention() == {}


# -- a link that a person cleared -------------------------------------------------------------------------------------


def clear(qbsf: Installation, deal: str) -> None:
    qbsf.org.edit(deal, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)


def test_a_cleared_link_leaves_the_fields_and_forgets_the_deal(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="40.00")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "partially_paid", deal)
    told = qbsf.payment_fields(deal)
    clear(qbsf, deal)
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.sync("--full")
    assert (qbsf.payment_fields(deal), qbsf.stage(deal)) == (told, OPEN)
    assert qbsf.field(deal, "QB_Invoice_ID__c") is None
    assert qbsf.sync("--full", "-v").json["summary"]["examined"] == 0
    qbsf.settled()


def test_a_cleared_link_takes_the_deal_off_the_list_for_people(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="777001")
    sync_skips(qbsf, "unknown_invoice", deal)
    clear(qbsf, deal)
    qbsf.sync("--full")
    assert qbsf.attention() == {}


@pytest.mark.parametrize("field", ["QB_Invoice_ID__c", "QB_Invoice_Number__c"])
def test_clearing_the_field_that_the_person_filled_clears_the_link(qbsf: Installation, field: str) -> None:
    invoice = bill(qbsf, "100.00", cash="40.00", number="A-1")
    deal = qbsf.deal(**{field: invoice if field == "QB_Invoice_ID__c" else "A-1"})
    sync_writes(qbsf, "partially_paid", deal)  # which filled in the other field
    cleared: dict[str, Any] = {field: None}
    qbsf.org.edit(deal, **cleared)
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.settled()
    assert (*amounts(qbsf, deal), qbsf.field(deal, field)) == ("40.00", None)
    assert qbsf.attention() == {}


def test_a_link_that_moves_to_another_deal_pays_that_one_by_the_full_pass(qbsf: Installation) -> None:
    invoice, first = sell(qbsf, "100.00", "First")
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", first)
    clear(qbsf, first)
    second = deal_for(qbsf, invoice, name="Second")
    qbsf.sync()
    qbsf.sync("--full")
    assert amounts(qbsf, first, second) == ["100.00", "100.00"]
    assert qbsf.stage(second) == WON
    assert qbsf.attention() == {}
    qbsf.settled()


def test_a_deal_that_is_linked_again_is_taken_up_again(qbsf: Installation) -> None:
    invoice = bill(qbsf, "100.00", cash="40.00")
    deal = deal_for(qbsf, invoice)
    sync_writes(qbsf, "partially_paid", deal)
    clear(qbsf, deal)
    qbsf.sync("--full")
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.org.edit(deal, QB_Invoice_ID__c=invoice)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.amount(deal) == 100
    qbsf.settled()


# -- lists and long texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["QB_Invoice_ID__c", "QB_Invoice_Number__c"])
def test_links_in_long_text_areas_are_found_in_first_and_later_passes(qbsf: Installation, field: str) -> None:
    qbsf.org.alter_field(field, kind="LongTextArea")
    invoices = [qbsf.books.add_invoice(total="10.00", number=f"A-{number:018}") for number in range(20)]
    names = invoices if field == "QB_Invoice_ID__c" else [f"A-{number:018}" for number in range(20)]
    deal = qbsf.deal(**{field: "\n".join(names)})
    qbsf.deal("Without a link")
    qbsf.books.receive_payment(invoices[:19])
    sync_writes(qbsf, "partially_paid", deal)
    qbsf.books.receive_payment(invoices[19])
    outcome = sync_writes(qbsf, "paid", deal)
    assert outcome.json["run"]["mode"] == "incremental"
    assert qbsf.amount(deal) == 200
    qbsf.settled()


def test_both_links_in_long_text_areas(qbsf: Installation) -> None:
    for field in ("QB_Invoice_ID__c", "QB_Invoice_Number__c"):
        qbsf.org.alter_field(field, kind="LongTextArea")
    invoice = paid_bill(qbsf, "100.00")
    first = deal_for(qbsf, invoice)
    sync_writes(qbsf, "paid", first)
    second = qbsf.deal("Later", invoice=paid_bill(qbsf, "55.00"))
    sync_writes(qbsf, "paid", second)
    clear(qbsf, second)
    qbsf.sync()  # here the row is read, although it names nothing any more
    reasons = sorted(record["reason"] for record in qbsf.sync("--full", "-v").records)
    assert reasons == ["in_step", "no_opportunity"]  # the first deal, and the invoice that nobody names any more
    qbsf.settled()


def test_the_last_of_a_list_is_found_from_its_payment_alone(qbsf: Installation) -> None:
    first, last = paid_bill(qbsf, "100.00", number="A-1"), bill(qbsf, "55.00", number="A-2")
    deal = qbsf.deal(number="A-1; A-2", invoice=f"{first};{last}")
    sync_writes(qbsf, "partially_paid", deal)
    qbsf.clock.advance(timedelta(hours=2))
    qbsf.sync()
    qbsf.books.receive_payment(last)
    sync_writes(qbsf, "paid", deal)
    qbsf.settled()


# -- deleted, undeleted, hidden, shared -------------------------------------------------------------------------------


def test_a_deleted_deal_is_not_written_and_no_error(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.sync()
    qbsf.org.delete(deal)
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.settled()
    assert qbsf.payment_fields(deal) == NOTHING
    assert qbsf.attention() == {}


def test_an_undeleted_deal_gets_its_payment(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    qbsf.sync()
    qbsf.org.delete(deal)
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.org.undelete(deal)
    sync_writes(qbsf, "paid", deal)
    assert qbsf.stage(deal) == WON
    qbsf.settled()


def test_a_linked_deal_deleted_before_the_first_pass_is_found_when_it_is_back(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice=paid_bill(qbsf, "55.00"))
    qbsf.org.delete(deal)
    qbsf.sync()
    assert qbsf.all_writes() == 0
    qbsf.org.undelete(deal)
    sync_writes(qbsf, "paid", deal)
    qbsf.settled()


@pytest.mark.parametrize("absence", ["deleted", "hidden"])
def test_a_deal_that_was_absent_when_an_invoice_named_it_is_asked_for_when_the_invoice_changes(
    qbsf: Installation, absence: str
) -> None:
    deal = qbsf.deal()
    invoice = bill(qbsf, "100.00", private_note=f"Deal {deal}")
    (qbsf.org.delete if absence == "deleted" else qbsf.org.hide)(deal)
    qbsf.sync()
    qbsf.sync()
    (qbsf.org.undelete if absence == "deleted" else qbsf.org.share)(deal)
    qbsf.books.receive_payment(invoice)
    sync_writes(qbsf, "paid", deal)
    qbsf.settled()


def test_a_deleted_deal_that_waited_for_a_person_is_off_the_list(qbsf: Installation) -> None:
    deal = qbsf.deal(invoice="777001")
    sync_skips(qbsf, "unknown_invoice", deal)
    qbsf.org.delete(deal)
    qbsf.sync("--full")
    assert qbsf.attention() == {}


def test_a_hidden_deal_does_not_exist_until_it_is_shared_again(qbsf: Installation) -> None:
    invoice, deal = sell(qbsf)
    hidden = deal_for(qbsf, paid_bill(qbsf, "55.00"), name="Always hidden")
    qbsf.org.hide(hidden)
    qbsf.sync()
    qbsf.org.hide(deal)
    qbsf.books.receive_payment(invoice)
    qbsf.sync()
    qbsf.settled()
    assert qbsf.payment_fields(deal) == qbsf.payment_fields(hidden) == NOTHING
    assert qbsf.attention() == {}
    for each in (deal, hidden):
        qbsf.org.share(each)
    qbsf.sync("--full")
    assert amounts(qbsf, deal, hidden) == ["1000.00", "55.00"]
    qbsf.settled()


def test_a_hidden_rival_does_not_make_an_invoice_ambiguous(qbsf: Installation) -> None:
    invoice = paid_bill(qbsf)
    deal, rival = deal_for(qbsf, invoice), deal_for(qbsf, invoice, name="Hidden")
    qbsf.org.hide(rival)
    sync_writes(qbsf, "paid", deal)
    qbsf.org.share(rival)
    assert qbsf.sync("--full").record(rival)["reason"] == "ambiguous_opportunity"
    qbsf.settled()
    assert (qbsf.writes(deal), qbsf.writes(rival)) == (1, 0)

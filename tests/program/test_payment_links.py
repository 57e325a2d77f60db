"""`qbsf sync` fills in where the customer can pay: asked once an invoice, only where it can be of use."""

import pytest
from program.installation import Installation
from program.invoicing import Seller, invoice, only_invoice
from program.passes import asked, assert_idle, reason_of
from program.sales import deal_for

FIELD = "QB_Payment_Link__c"


@pytest.fixture(autouse=True)
def quickbooks_payments(qbsf: Installation) -> None:
    """The company takes payments online."""
    qbsf.books.settings.quickbooks_payments = True


def link_requests(qbsf: Installation, *words: str) -> int:
    """How often a pass asks for a payment link."""
    return sum("invoiceLink" in entry.target for entry in asked(qbsf, *words))


def test_a_linked_deal_gets_the_payment_link_of_its_open_invoice(qbsf: Installation) -> None:
    made = qbsf.books.add_invoice(total="100.00", bill_email="anna@acme.example")
    deal = deal_for(qbsf, made)
    assert reason_of(qbsf.sync(), deal) == ("updated", "linked")
    assert str(qbsf.field(deal, FIELD)).endswith(f"-{made}")
    assert_idle(qbsf)
    qbsf.settled()


def test_the_link_comes_with_the_number_that_is_filled_in(qbsf: Installation) -> None:
    made = qbsf.books.add_invoice(total="100.00", bill_email="anna@acme.example")
    deal = qbsf.deal(invoice=made)
    qbsf.sync()
    assert qbsf.writes(deal) == 1
    assert qbsf.field(deal, FIELD) is not None
    assert qbsf.field(deal, "QB_Invoice_Number__c") is not None


@pytest.mark.parametrize("why", ["no e-mail", "paid", "lost", "filled by hand", "not configured"])
def test_nothing_is_asked_where_a_link_is_of_no_use(qbsf: Installation, why: str) -> None:
    email = "" if why == "no e-mail" else "anna@acme.example"
    made = qbsf.books.add_invoice(total="100.00", bill_email=email)
    deal = deal_for(qbsf, made)
    match why:
        case "paid":
            qbsf.books.receive_payment([made])
        case "lost":
            qbsf.org.edit(deal, StageName="Closed Lost")
        case "filled by hand":
            qbsf.org.edit(deal, QB_Payment_Link__c="https://pay.example/1")
        case "not configured":
            qbsf.configure(fields={"payment_link": ""})
    assert link_requests(qbsf) == 0
    assert link_requests(qbsf, "--full") == 0
    assert qbsf.field(deal, FIELD) == ("https://pay.example/1" if why == "filled by hand" else None)


def test_an_invoice_without_link_is_asked_for_once_and_again_when_a_person_looks_at_it(qbsf: Installation) -> None:
    qbsf.books.settings.quickbooks_payments = False
    made = qbsf.books.add_invoice(total="100.00", bill_email="anna@acme.example")
    deal = deal_for(qbsf, made)
    assert [link_requests(qbsf), link_requests(qbsf), link_requests(qbsf, "--full")] == [1, 0, 0]
    qbsf.books.settings.quickbooks_payments = True
    qbsf.sync("--invoice", f"id:{made}")
    assert qbsf.field(deal, FIELD) is not None


def test_an_e_mail_address_that_comes_later_brings_the_link(qbsf: Installation) -> None:
    made = qbsf.books.add_invoice(total="100.00")
    deal = deal_for(qbsf, made)
    qbsf.sync()
    qbsf.books.edit_invoice(made, bill_email="anna@acme.example")
    qbsf.sync()
    assert qbsf.field(deal, FIELD) is not None


def test_a_link_that_a_person_takes_out_stays_out(qbsf: Installation) -> None:
    deal = deal_for(qbsf, qbsf.books.add_invoice(total="100.00", bill_email="anna@acme.example"))
    qbsf.sync()
    qbsf.sync()
    qbsf.org.edit(deal, QB_Payment_Link__c=None)
    qbsf.sync("--full")
    assert qbsf.field(deal, FIELD) is None
    qbsf.settled()


def test_many_links_are_spread_over_passes_and_all_come(qbsf: Installation) -> None:
    invoices = [qbsf.books.add_invoice(total="1.00", bill_email="anna@acme.example") for _ in range(60)]
    deals = [deal_for(qbsf, each) for each in invoices]
    assert [link_requests(qbsf), link_requests(qbsf), link_requests(qbsf)] == [50, 10, 0]
    assert all(qbsf.field(deal, FIELD) for deal in deals)
    qbsf.settled()


def test_the_link_of_an_invoice_that_qbsf_made_is_not_asked_for_again(qbsf: Installation) -> None:
    deal = Seller(qbsf).deal()
    invoice(qbsf)
    assert str(qbsf.field(deal, FIELD)).endswith(f"-{only_invoice(qbsf)['Id']}")
    assert link_requests(qbsf) == 0
    qbsf.settled()

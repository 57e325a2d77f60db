"""`qbsf invoice`: what the invoice of an Opportunity says, and what the Opportunity says after it."""

from decimal import Decimal
from pathlib import Path

import pytest
from program.installation import Installation
from program.invoicing import (
    STAGE,
    Seller,
    assert_billed,
    assert_idle,
    customers,
    invoice,
    invoices,
    net,
    only_invoice,
    sales_lines,
)
from program.passes import world

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.salesforce.state import OrgOptions
from qbsf.sandbox.world import Sandbox

LINK = "https://connect.intuit.com/portal/"


@pytest.fixture
def seller(qbsf: Installation) -> Seller:
    return Seller(qbsf)


def test_a_deal_at_the_stage_becomes_an_invoice_that_it_names(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    outcome = invoice(qbsf)
    made = assert_billed(qbsf, deal)
    assert made["TotalAmt"] == 1000
    assert outcome.json["summary"] == {"created": 1, "reconciled": 0, "skipped": 0, "failed": 0}
    record = outcome.record(deal)
    assert (record["outcome"], record["invoice"]["number"]) == ("created", made["DocNumber"])
    assert record["changes"]["QB_Invoice_ID__c"] == {"from": None, "to": made["Id"]}
    assert_idle(qbsf)
    qbsf.settled()


def test_only_open_deals_at_the_stage_are_invoiced(qbsf: Installation, seller: Seller) -> None:
    seller.deal(stage="Prospecting")
    seller.deal(stage="Closed Won")
    seller.deal(stage="Closed Lost")
    assert invoice(qbsf).records == []
    assert invoices(qbsf) == []


def test_lines_keep_quantity_price_description_and_service_date(qbsf: Installation, seller: Seller) -> None:
    line = {
        "quantity": "12.5",
        "unit_price": "80",
        "Description": 'March, "as agreed"\nfinal',
        "ServiceDate": "2026-03-31",
    }
    seller.deal(lines=[line])
    invoice(qbsf)
    (made,) = sales_lines(only_invoice(qbsf))
    detail = made["SalesItemLineDetail"]
    assert (detail["Qty"], detail["UnitPrice"], made["Amount"]) == (Decimal("12.5"), 80, 1000)
    assert (made["Description"], detail["ServiceDate"]) == (line["Description"], "2026-03-31")


def test_discounts_and_prices_of_three_decimals_agree_to_the_cent(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal(
        lines=[
            {"quantity": 3, "unit_price": "33.333"},
            {"quantity": 7, "unit_price": "0.335", "Discount": "12.5"},
            {"quantity": "1.75", "unit_price": "99.999", "Discount": "33.33"},
            {"quantity": 1, "unit_price": "-10"},
            {"quantity": 5, "TotalPrice": "100.01"},
        ]
    )
    invoice(qbsf)
    made = assert_billed(qbsf, deal)
    assert net(made) == made["TotalAmt"] == qbsf.field(deal, "Amount")


def test_the_invoice_goes_to_the_primary_contact(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal(email="anna@acme.example")
    other = qbsf.org.add_contact("Other", Email="other@acme.example")
    qbsf.org.add_contact_role(deal, other, primary=False)
    invoice(qbsf)
    assert assert_billed(qbsf, deal)["BillEmail"] == {"Address": "anna@acme.example"}


def test_a_new_customer_gets_address_phone_and_e_mail_of_the_account(qbsf: Installation, seller: Seller) -> None:
    seller.deal(
        "Bergmann & Söhne",
        email="anna@bergmann.example",
        account_fields={
            "BillingStreet": "Hof 3\nHaus B\n\nEingang 1\nStock 2\nTür 4\nKlingel 5",
            "BillingCity": "Köln",
            "BillingState": "NRW",
            "BillingPostalCode": "50667",
            "BillingCountry": "Germany",
            "Phone": "+49 221 1234",
        },
    )
    invoice(qbsf)
    (customer,) = qbsf.books.company.lists["Customer"]
    assert customer.name == "Bergmann & Söhne"
    assert customer.members["BillAddr"] == {
        "Line1": "Hof 3",
        "Line2": "Haus B",
        "Line3": "Eingang 1",
        "Line4": "Stock 2",
        "Line5": "Tür 4, Klingel 5",
        "City": "Köln",
        "CountrySubDivisionCode": "NRW",
        "PostalCode": "50667",
        "Country": "Germany",
    }
    assert customer.members["PrimaryPhone"] == {"FreeFormNumber": "+49 221 1234"}
    assert customer.members["PrimaryEmailAddr"] == {"Address": "anna@bergmann.example"}


def test_an_existing_customer_is_used_with_its_terms_and_left_as_it_is(qbsf: Installation, seller: Seller) -> None:
    known = qbsf.books.add_customer("Acme Corp", terms="2")
    deal = seller.deal(account_fields={"Phone": "555"})
    record = invoice(qbsf).record(deal)
    made = assert_billed(qbsf, deal)
    assert made["CustomerRef"]["value"] == known
    assert made["SalesTermRef"] == {"value": "2"}
    assert record["invoice"]["due_date"] == made["DueDate"]
    assert customers(qbsf) == ["Acme Corp"]
    assert "PrimaryPhone" not in qbsf.books.company.lists["Customer"].by_ids([known])[0].members


def test_two_deals_of_one_new_account_share_one_new_customer(qbsf: Installation, seller: Seller) -> None:
    deals = [seller.deal("Twin"), seller.deal("Twin"), seller.deal("TWIN")]
    invoice(qbsf)
    assert customers(qbsf) == ["Twin"]
    for deal in deals:
        assert_billed(qbsf, deal)


def test_an_item_is_found_by_product_code_before_its_name(qbsf: Installation, seller: Seller) -> None:
    coded = qbsf.books.add_item("Something else", sku="C-7")
    named = qbsf.books.add_item("Coaching")
    seller.product("Coaching", code="C-7", item=False)
    seller.product("hours", item=False)
    seller.deal(lines=[{"product": "Coaching"}, {"product": "hours"}])
    invoice(qbsf)
    refs = [line["SalesItemLineDetail"]["ItemRef"]["value"] for line in sales_lines(only_invoice(qbsf))]
    assert refs == [coded, "2"]
    assert named not in refs


def test_a_product_without_item_is_sold_as_the_configured_one(qbsf: Installation, seller: Seller) -> None:
    qbsf.configure(invoicing={"item": "Services"})
    seller.product("Rare thing", item=False)
    deal = seller.deal(lines=[{"product": "Rare thing", "Description": "by hand"}])
    invoice(qbsf)
    (line,) = sales_lines(assert_billed(qbsf, deal))
    assert line["SalesItemLineDetail"]["ItemRef"]["name"] == "Services"
    assert line["Description"] == "Rare thing: by hand"


def test_the_payment_link_stands_in_the_opportunity(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.settings.quickbooks_payments = True
    deal = seller.deal()
    record = invoice(qbsf).record(deal)
    assert str(qbsf.field(deal, "QB_Payment_Link__c")).startswith(LINK)
    assert record["invoice"]["link"] == qbsf.field(deal, "QB_Payment_Link__c")


@pytest.mark.parametrize(
    ("payments", "email", "why"),
    [(True, None, "no e-mail address"), (False, "a@b.example", "takes no payments online")],
)
def test_a_missing_payment_link_is_explained(
    qbsf: Installation, seller: Seller, payments: bool, email: str | None, why: str
) -> None:
    qbsf.books.settings.quickbooks_payments = payments
    deal = seller.deal(email=email)
    record = invoice(qbsf).record(deal)
    assert why in record["note"]
    assert qbsf.field(deal, "QB_Payment_Link__c") is None


def test_the_circle_closes_invoice_payment_closed_won(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    invoice(qbsf)
    qbsf.sync()
    assert qbsf.stage(deal) == STAGE
    qbsf.books.receive_payment([only_invoice(qbsf)["Id"]], date="2026-03-02", method="Check", reference="R-1")
    qbsf.sync()
    assert qbsf.stage(deal) == "Closed Won"
    assert qbsf.payment_fields(deal) == ("1000.00", "2026-03-02", "Check", "R-1")
    assert_idle(qbsf)
    qbsf.settled()


def test_sync_recognises_what_invoice_wrote_without_a_further_write(qbsf: Installation, seller: Seller) -> None:
    qbsf.sync()
    seller.deal()
    invoice(qbsf)
    qbsf.settled()


def test_a_company_that_numbers_by_hand_gets_an_invoice_without_number(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.settings.custom_txn_numbers = True
    deal = seller.deal()
    record = invoice(qbsf).record(deal)
    assert_billed(qbsf, deal)
    assert "give it a number there" in record["note"]
    assert_idle(qbsf)
    qbsf.books.edit_invoice(only_invoice(qbsf)["Id"], number="R-2026-1")
    qbsf.sync()
    assert qbsf.field(deal, "QB_Invoice_Number__c") == "R-2026-1"


def test_outside_the_united_states_every_line_has_the_tax_code(tmp_path: Path) -> None:
    settings = CompanySettings(country="GB", home_currency="GBP")
    with world(Sandbox(settings=settings), tmp_path) as qbsf:
        qbsf.configure(invoicing={"tax_code": "20.0% S"})
        deal = Seller(qbsf).deal()
        shown = invoice(qbsf, "--dry-run").record(deal)["invoice"]
        assert (shown["net"], shown["tax"], shown["total"]) == ("1000.00", "200.00", "1200.00")
        told = invoice(qbsf).record(deal)["invoice"]
        made = assert_billed(qbsf, deal)
        assert (net(made), made["TotalAmt"]) == (Decimal(1000), 1200)
        assert made["GlobalTaxCalculation"] == "TaxExcluded"
        assert (told["net"], told["tax"], told["total"]) == ("1000.00", "200.00", "1200.00")


@pytest.mark.parametrize("tax_code", ["", "19 %"])
def test_a_missing_or_unknown_tax_code_is_a_configuration_error_that_says_so(tmp_path: Path, tax_code: str) -> None:
    with world(Sandbox(settings=CompanySettings(country="DE", home_currency="EUR")), tmp_path) as qbsf:
        qbsf.configure(invoicing={"tax_code": tax_code})
        Seller(qbsf).deal()
        error = invoice(qbsf, expect=2).json["error"]
        assert error["code"] == "tax_code"
        assert "20.0% S" in error["todo"]
        assert invoices(qbsf) == []


def test_the_customers_currency_is_the_opportunitys(tmp_path: Path) -> None:
    settings = CompanySettings(multi_currency=True, home_currency="USD")
    with world(Sandbox(settings=settings, org=OrgOptions(multi_currency=True)), tmp_path) as qbsf:
        deal = Seller(qbsf).deal("Bergmann", currency="EUR")
        invoice(qbsf)
        made = assert_billed(qbsf, deal)
        assert made["CurrencyRef"]["value"] == "EUR"
        assert_idle(qbsf)
        qbsf.settled()


def test_a_dry_run_shows_each_invoice_and_writes_nothing(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.add_customer("Known")
    known, new = seller.deal("Known"), seller.deal("New", lines=[{"quantity": 3, "unit_price": "33.333"}])
    before = qbsf.config_path.parent.joinpath("state").exists(), qbsf.state_path.exists()
    outcome = invoice(qbsf, "--dry-run")
    assert outcome.json["summary"]["created"] == 2
    assert outcome.record(known)["invoice"]["customer_is_new"] is False
    shown = outcome.record(new)["invoice"]
    assert (shown["customer"], shown["customer_is_new"], shown["email"]) == ("New", True, "billing@acme.example")
    assert [(each["quantity"], each["unit_price"], each["amount"]) for each in shown["lines"]] == [
        ("3", "33.333", "100.00")
    ]
    assert (qbsf.books.invoice_ids(), customers(qbsf), qbsf.all_writes()) == ([], ["Known"], 0)
    assert (qbsf.config_path.parent.joinpath("state").exists(), qbsf.state_path.exists()) == before


def test_the_history_tells_which_run_made_which_invoice(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    run = invoice(qbsf).json["run"]["id"]
    (write,) = qbsf.run("history", "--json", deal).json["writes"]
    assert (write["run_id"], write["reason"], write["invoices"][0]["total"]) == (run, "invoiced", "1000.00")


def test_under_cron_a_good_run_is_silent_and_a_hindrance_is_told_once(qbsf: Installation, seller: Seller) -> None:
    seller.deal()
    hindered = seller.deal("Odd: Name")
    first, second = qbsf.run("invoice"), qbsf.run("invoice")
    assert (first.exit_code, first.stdout, second.stdout, second.stderr) == (0, "", "", "")
    assert first.stderr.count("\n") == 1
    assert hindered in first.stderr
    assert "colon" in first.stderr

"""`qbsf invoice`: what keeps an Opportunity from being invoiced, and the line that says so."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from program.installation import Installation
from program.invoicing import Json, Seller, assert_billed, assert_idle, customers, invoice, invoices, only_invoice
from program.passes import world

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.salesforce.state import OrgOptions
from qbsf.sandbox.world import Sandbox


@pytest.fixture
def seller(qbsf: Installation) -> Seller:
    return Seller(qbsf)


def assert_skipped(qbsf: Installation, deal: str, reason: str, *said: str) -> Json:
    """Skipped for this reason with these words, exit 0, and nothing made; also by a dry run."""
    for words in (("--dry-run",), ()):
        record = invoice(qbsf, *words).record(deal)
        assert (record["outcome"], record["reason"]) == ("skipped", reason)
        assert all(text in record["note"] for text in said), record["note"]
    assert deal not in str(invoices(qbsf))
    return record


# -- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "O'Neil & Sons",
        'Twelve "O" Clock',
        "Back\\slash \\' Ltd",
        "Müller Straße Ørsted",
        "[red]Acme[/red] %_ 100%",
        " padded name ",
        "N" * 255,
    ],
)
def test_names_with_quotes_and_backslashes_work(qbsf: Installation, seller: Seller, name: str) -> None:
    deals = [seller.deal(name), seller.deal(name)]
    invoice(qbsf)
    for deal in deals:
        assert_billed(qbsf, deal)
    assert customers(qbsf) == [name.strip()]
    assert_idle(qbsf)


def test_letters_that_are_not_latin_work_outside_the_united_states(tmp_path: Path) -> None:
    settings = CompanySettings(country="JP", home_currency="JPY")
    with world(Sandbox(settings=settings), tmp_path) as qbsf:
        qbsf.configure(invoicing={"tax_code": "Exempt"})
        deal = Seller(qbsf).deal("株式会社アクメ", lines=[{"quantity": 1, "Description": "三月, Ελλάδα"}])
        invoice(qbsf)
        assert assert_billed(qbsf, deal)["CustomerRef"]["name"] == "株式会社アクメ"


def test_letters_that_are_not_latin_are_refused_in_a_united_states_company(qbsf: Installation, seller: Seller) -> None:
    assert_skipped(qbsf, seller.deal("株式会社アクメ"), "customer_name", "ISO-8859-1")
    assert_skipped(qbsf, seller.deal(lines=[{"Description": "三月"}]), "unwritable_text", "Consulting")


def test_a_customer_of_that_name_who_is_there_already_is_used_all_the_same(qbsf: Installation, seller: Seller) -> None:
    known = qbsf.books.add_customer("株式会社アクメ")
    deal = seller.deal("株式会社アクメ")
    invoice(qbsf)
    assert assert_billed(qbsf, deal)["CustomerRef"]["value"] == known


def test_typographic_marks_become_plain_ones_and_the_customer_is_found_again(
    qbsf: Installation, seller: Seller
) -> None:
    first = seller.deal("O\u2019Neil \u2013 Sons")
    invoice(qbsf)
    second = seller.deal("O\u2019Neil \u2013 Sons")
    invoice(qbsf)
    assert customers(qbsf) == ["O'Neil - Sons"]
    assert_billed(qbsf, first)
    assert_billed(qbsf, second)


@pytest.mark.parametrize(
    ("name", "mark"), [("Acme: North", "colon"), ("Acme\tNorth", "tab"), ("Acme\nNorth", "line end")]
)
def test_a_mark_that_quickbooks_takes_in_no_name_is_named(
    qbsf: Installation, seller: Seller, name: str, mark: str
) -> None:
    assert_skipped(qbsf, seller.deal(name), "customer_name", mark, "Rename")
    assert customers(qbsf) == []


def test_a_vendor_of_the_same_name_gives_the_customer_a_suffix(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.add_vendor("Acme Corp")
    first = seller.deal()
    warnings = invoice(qbsf).json["warnings"]
    assert any("Acme Corp (customer)" in each for each in warnings)
    second = seller.deal()
    invoice(qbsf)
    assert customers(qbsf) == ["Acme Corp (customer)"]
    assert_billed(qbsf, first)
    assert_billed(qbsf, second)


def test_an_inactive_customer_is_neither_used_nor_doubled(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.hide("Customer", qbsf.books.add_customer("Acme Corp"))
    deal = seller.deal()
    assert_skipped(qbsf, deal, "customer_inactive", "inactive")
    assert customers(qbsf) == ["Acme Corp"]


# -- Money ------------------------------------------------------------------------------------------------------------


def test_a_customer_of_another_currency_gets_nothing(tmp_path: Path) -> None:
    settings = CompanySettings(multi_currency=True, home_currency="USD")
    with world(Sandbox(settings=settings, org=OrgOptions(multi_currency=True)), tmp_path) as qbsf:
        qbsf.books.add_customer("Bergmann", currency="USD")
        deal = Seller(qbsf).deal("Bergmann", currency="EUR")
        assert_skipped(qbsf, deal, "currency_mismatch", "USD", "EUR", "Bergmann")


def test_a_company_without_that_currency_gets_nothing(tmp_path: Path) -> None:
    with world(Sandbox(org=OrgOptions(multi_currency=True)), tmp_path) as qbsf:
        deal = Seller(qbsf).deal("Bergmann", currency="EUR")
        assert_skipped(qbsf, deal, "currency_mismatch", "EUR", "multicurrency")
        assert customers(qbsf) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "no_lines"),
        ([{"quantity": 1, "unit_price": "50"}, {"quantity": 1, "unit_price": "-50"}], "zero_total"),
        ([{"quantity": 3, "unit_price": "50", "Discount": "100"}], "zero_total"),
        ([{"quantity": 1, "unit_price": "-50"}], "negative_total"),
    ],
)
def test_a_deal_over_nothing_is_not_invoiced(
    qbsf: Installation, seller: Seller, lines: list[dict[str, Any]], reason: str
) -> None:
    assert_skipped(qbsf, seller.deal(lines=lines), reason)


def test_a_deal_without_account_says_so(qbsf: Installation, seller: Seller) -> None:
    deal = qbsf.org.add_opportunity("Loose")
    seller.add_line(deal)
    assert_skipped(qbsf, deal, "no_account", "account")


# -- Products ---------------------------------------------------------------------------------------------------------


def test_a_product_that_quickbooks_does_not_have_is_named(qbsf: Installation, seller: Seller) -> None:
    seller.product("Rare thing", code="R-1", item=False)
    deal = seller.deal(lines=[{"product": "Consulting"}, {"product": "Rare thing"}])
    assert_skipped(qbsf, deal, "unknown_item", "Rare thing (R-1)", "invoicing.item")
    assert customers(qbsf) == []


def test_an_inactive_item_and_a_folder_are_no_items(qbsf: Installation, seller: Seller) -> None:
    qbsf.books.hide("Item", qbsf.books.add_item("Old thing"))
    qbsf.books.add_item("Folder", kind="Category")
    for name in ("Old thing", "Folder"):
        seller.product(name, item=False)
    assert_skipped(qbsf, seller.deal(lines=[{"product": "Old thing"}]), "unknown_item", "inactive")
    assert_skipped(qbsf, seller.deal(lines=[{"product": "Folder"}]), "unknown_item", "no item")


def test_several_items_with_one_sku_are_not_guessed(qbsf: Installation, seller: Seller) -> None:
    for name in ("Left", "Right"):
        qbsf.books.add_item(name, sku="S-1")
    seller.product("Pair", code="S-1", item=False)
    assert_skipped(qbsf, seller.deal(lines=[{"product": "Pair"}]), "ambiguous_item", "Left", "Right")


def test_a_configured_item_that_does_not_exist_is_a_configuration_error(qbsf: Installation, seller: Seller) -> None:
    qbsf.configure(invoicing={"item": "Nothing"})
    seller.deal()
    assert invoice(qbsf, expect=2).json["error"]["code"] == "item"
    assert invoices(qbsf) == []


# -- Stage, brake, one Opportunity ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["No such stage", "Closed Won"])
def test_a_stage_that_cannot_be_invoiced_at_is_a_configuration_error(
    qbsf: Installation, seller: Seller, stage: str
) -> None:
    seller.deal()
    qbsf.configure(invoicing={"stage": stage})
    error = invoice(qbsf, expect=2).json["error"]
    assert (error["code"], "Proposal and Agreement" in error["todo"]) == ("stage", True)


def test_the_brake_holds_everything_and_says_so(qbsf: Installation, seller: Seller) -> None:
    qbsf.configure(invoicing={"max_new_invoices": 2})
    deals = [seller.deal(f"Customer {number}") for number in range(3)]
    for _ in range(2):
        outcome = invoice(qbsf, expect=1)
        assert {each["reason"] for each in outcome.records} == {"braked"}
        assert "--allow-large" in outcome.json["warnings"][0]
    assert (invoices(qbsf), customers(qbsf)) == ([], [])
    invoice(qbsf, "--allow-large")
    for deal in deals:
        assert_billed(qbsf, deal)


def test_one_opportunity_alone(qbsf: Installation, seller: Seller) -> None:
    wanted, other = seller.deal(), seller.deal()
    outcome = invoice(qbsf, "--opportunity", wanted[:15])
    assert [each["opportunity_id"] for each in outcome.records] == [wanted]
    assert_billed(qbsf, wanted)
    assert qbsf.field(other, "QB_Invoice_ID__c") is None


def test_one_opportunity_that_is_not_due_says_why(qbsf: Installation, seller: Seller) -> None:
    billed, early, lost = seller.deal(), seller.deal(stage="Prospecting"), seller.deal(stage="Closed Lost")
    invoice(qbsf)
    reasons = {deal: invoice(qbsf, "--opportunity", deal).record(deal)["reason"] for deal in (billed, early, lost)}
    assert reasons == {billed: "invoiced_already", early: "other_stage", lost: "closed"}


@pytest.mark.parametrize("text", ["006000000000001AAA", "nonsense", "", "'; DROP"])
def test_an_opportunity_that_does_not_exist_is_wrong_usage(qbsf: Installation, text: str) -> None:
    assert invoice(qbsf, "--opportunity", text, expect=2).json["error"]["code"] == "no_such_opportunity"


# -- Clones -----------------------------------------------------------------------------------------------------------


def test_a_clone_that_carries_its_originals_invoice_is_named_until_it_is_cleared(
    qbsf: Installation, seller: Seller
) -> None:
    original = seller.deal(name="Original")
    invoice(qbsf)
    qbsf.books.receive_payment([only_invoice(qbsf)["Id"]])
    qbsf.sync()
    renewal = qbsf.org.clone(original, StageName="Proposal and Agreement", Name="Renewal")
    seller.add_line(renewal)
    assert renewal in qbsf.run("invoice").stderr
    assert_skipped(qbsf, renewal, "clone_carries_invoice", "Original", "QB_Invoice_ID__c")
    qbsf.org.edit(renewal, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None, QB_Payment_Link__c=None)
    assert invoice(qbsf).record(renewal)["outcome"] == "created"
    assert_billed(qbsf, renewal)
    assert_billed(qbsf, original)


def test_a_clone_of_a_deal_that_is_gone_is_named_by_the_invoices_note(qbsf: Installation, seller: Seller) -> None:
    original = seller.deal()
    invoice(qbsf)
    clone = qbsf.org.clone(original)
    qbsf.org.delete(original)
    seller.add_line(clone)
    assert_skipped(qbsf, clone, "clone_carries_invoice", original)
    qbsf.state_path.unlink()
    assert_skipped(qbsf, clone, "clone_carries_invoice", original)


def test_a_clone_of_a_deal_that_a_person_linked_is_named_too(qbsf: Installation, seller: Seller) -> None:
    by_hand = qbsf.books.add_invoice("Acme Corp", "1000")
    original = seller.deal(QB_Invoice_Number__c=qbsf.books.invoice(by_hand)["DocNumber"], name="By hand")
    qbsf.clock.advance(timedelta(minutes=1))
    clone = qbsf.org.clone(original)
    seller.add_line(clone)
    records = invoice(qbsf).records
    assert [(each["opportunity_id"], each["reason"]) for each in records] == [(clone, "clone_carries_invoice")]
    assert "By hand" in records[0]["note"]


# -- Configuration ----------------------------------------------------------------------------------------------------


def test_without_a_field_for_the_invoice_nothing_is_made(qbsf: Installation, seller: Seller) -> None:
    qbsf.configure(fields={"invoice_id": "", "invoice_number": ""})
    seller.deal()
    assert invoice(qbsf, expect=2).json["error"]["code"] == "field"
    assert invoices(qbsf) == []

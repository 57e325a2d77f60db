"""What the invoice of an Opportunity would be, or what stands in its way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from unit.invoicing_examples import (
    GERMANY,
    HOURS,
    NOON,
    OPPORTUNITY,
    OTHER,
    US,
    customer,
    deal,
    invoice,
    line,
    opportunity,
    world,
)

from qbsf.config import FieldsConfig
from qbsf.errors import ConfigError
from qbsf.invoicing.catalog import Catalog, Item, ItemChoice, Unmatched
from qbsf.invoicing.company import TaxCode, tax_code_for
from qbsf.invoicing.documents import customer_body, invoice_body, note_for, request_id
from qbsf.invoicing.existing import Sibling, clone_of, found_by_note
from qbsf.invoicing.names import display_name, known_as, objection
from qbsf.invoicing.plan import Draft, Hindrance, draft
from qbsf.salesforce.ids import opportunity_ids_in

FIELDS = FieldsConfig()
VAT = TaxCode("2", "20.0% S", rate=Decimal("0.20"))


def hindrance(found: object) -> str:
    assert isinstance(found, Hindrance), found
    assert found.note.endswith(".")
    return found.reason


def drafted(found: object) -> Draft:
    assert isinstance(found, Draft), found
    return found


def test_the_customer_is_the_one_of_the_accounts_name_whatever_its_case() -> None:
    made = drafted(draft(deal(account="ACME"), world(customer("Acme"))))
    assert made.customer is not None
    assert made.customer.id == "12"


def test_an_active_customer_with_the_suffix_is_preferred_to_an_inactive_namesake() -> None:
    names = (customer("Acme", active=False), customer("Acme (customer)", customer_id="13"))
    made = drafted(draft(deal(), world(*names)))
    assert made.customer is not None
    assert made.customer.id == "13"


def test_without_a_customer_one_is_made() -> None:
    made = drafted(draft(deal(account=" Acme "), world()))
    assert (made.customer, made.customer_name) == (None, "Acme")


@pytest.mark.parametrize(
    ("lines", "amount", "reason"),
    [
        (("100.00", "50.00"), "149.99", "inconsistent"),
        (("100.00", "-100.00"), "0", "zero_total"),
        (("100.00", "-100.01"), None, "negative_total"),
        (("0.00",), None, "zero_total"),
    ],
)
def test_a_sum_that_cannot_be_invoiced_says_why(lines: tuple[str, ...], amount: str | None, reason: str) -> None:
    found = draft(deal(*(line(each) for each in lines), row=opportunity(amount=amount)), world())
    assert hindrance(found) == reason


def test_a_currency_that_the_company_lacks_makes_nothing() -> None:
    assert hindrance(draft(deal(row=opportunity(currency="EUR")), world())) == "currency_mismatch"


def test_an_org_of_one_currency_is_in_the_configured_one() -> None:
    made = drafted(draft(deal(), world(customs=GERMANY, org_currency="CHF")))
    assert made.currency == "CHF"


def test_a_customer_of_the_home_currency_is_none_for_a_foreign_deal() -> None:
    there = world(customer(currency=""), customs=GERMANY)
    assert hindrance(draft(deal(row=opportunity(currency="USD")), there)) == "currency_mismatch"


def test_the_products_name_leads_the_description_where_another_item_is_sold() -> None:
    made = drafted(draft(deal(line(product="Rare", description="by hand")), world(items=(), stand_in=HOURS)))
    assert made.lines[0].line.description == "Rare: by hand"


# -- Items ------------------------------------------------------------------------------------------------------------


def item(item_id: str, name: str, sku: str = "", *, active: bool = True, kind: str = "Service") -> Item:
    return Item(item_id, name, sku, active, kind)


@pytest.mark.parametrize(
    ("items", "chosen"),
    [
        ((item("1", "Hours"), item("2", "Other", "H-1")), "2"),
        ((item("1", "Hours", "H-1"), item("2", "Other", "H-1")), "1"),
        ((item("1", "HOURS"),), "1"),
        ((item("1", "HOURS"), item("2", "Hours")), "2"),
        ((item("1", "Other", "H-1", active=False), item("2", "Hours")), "2"),
        ((item("1", "Other", "h-1"), item("2", "Hours")), "2"),
        ((item("1", "Hours", kind="Category"), item("2", "Other", "H-1")), "2"),
    ],
)
def test_an_item_is_chosen_by_sku_then_by_name(items: tuple[Item, ...], chosen: str) -> None:
    choice = Catalog(items).choose(line(product="Hours", code="H-1"))
    assert isinstance(choice, ItemChoice)
    assert (choice.item.id, choice.is_namesake) == (chosen, True)


@pytest.mark.parametrize(
    ("items", "reason", "word"),
    [
        ((), "unknown_item", "no item"),
        ((item("1", "Hours", active=False),), "unknown_item", "inactive"),
        ((item("1", "A", "H-1"), item("2", "B", "H-1")), "ambiguous_item", "A, B"),
        ((item("1", "Hours", kind="Group"),), "unknown_item", "no item"),
    ],
)
def test_a_product_without_one_item_says_which_product(items: tuple[Item, ...], reason: str, word: str) -> None:
    choice = Catalog(items).choose(line(product="Hours", code="H-1"))
    assert isinstance(choice, Unmatched)
    assert choice.reason == reason
    assert word in choice.why
    assert "Hours (H-1)" in choice.why


# -- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["O'Neil", 'A "B" C', "back\\slash", "Müller ß ñ", "x" * 500])
def test_quickbooks_takes_these_names(name: str) -> None:
    assert objection(name, latin=True) is None


@pytest.mark.parametrize("name", ["a:b", "a\tb", "a\nb", "a\rb", "x" * 501, "", "株式会社", "Ελλάδα"])
def test_quickbooks_takes_none_of_these_names_in_the_united_states(name: str) -> None:
    assert objection(name, latin=True) is not None


def test_other_letters_are_an_objection_in_the_united_states_only() -> None:
    assert objection("株式会社", latin=False) is None


def test_a_customer_may_have_the_exact_name_the_plain_one_or_the_suffix() -> None:
    assert known_as(" O\u2019Neil", latin=True) == ("O\u2019Neil", "O'Neil", "O'Neil (customer)")
    assert known_as("O\u2019Neil", latin=False) == ("O\u2019Neil", "O\u2019Neil (customer)")
    assert display_name("O\u2019Neil ", latin=True) == "O'Neil"


# -- Tax --------------------------------------------------------------------------------------------------------------


def test_a_tax_code_is_named_or_given_by_id() -> None:
    codes = [VAT, TaxCode("3", "2")]
    assert tax_code_for(GERMANY, "20.0% S", codes) == VAT
    assert tax_code_for(GERMANY, "2", codes) == TaxCode("3", "2")


@pytest.mark.parametrize("configured", ["", "19 %", "Old"])
def test_outside_the_united_states_a_tax_code_must_be_one_of_the_companys(configured: str) -> None:
    with pytest.raises(ConfigError, match=r"invoicing\.tax_code") as caught:
        tax_code_for(GERMANY, configured, [VAT, TaxCode("9", "Old", active=False)])
    assert "20.0% S" in caught.value.todo
    assert "Old" not in caught.value.todo


def test_in_the_united_states_tax_is_quickbooks_own_affair() -> None:
    assert tax_code_for(US, "", []) is None
    assert tax_code_for(US, "NON", []) == TaxCode("NON", "NON")
    with pytest.raises(ConfigError, match="20"):
        tax_code_for(US, "20.0% S", [])


# -- What there is already --------------------------------------------------------------------------------------------


def test_an_invoice_that_carries_the_deals_id_is_its_invoice() -> None:
    its = invoice(OPPORTUNITY)
    assert found_by_note(deal(), [invoice(OTHER, invoice_id="2"), its]) == its
    assert found_by_note(deal(), [invoice(OTHER)]) is None


def test_several_invoices_or_a_voided_one_are_for_a_person() -> None:
    several = [invoice(OPPORTUNITY), invoice(OPPORTUNITY, invoice_id="2")]
    assert hindrance(found_by_note(deal(), several)) == "several_invoices"
    voided = invoice(OPPORTUNITY, total="0", voided=True)
    assert hindrance(found_by_note(deal(), [voided])) == "voided"
    assert found_by_note(deal(), [voided, several[0]]) == several[0]


def test_of_two_deals_with_one_invoice_the_younger_is_the_clone() -> None:
    row = opportunity(fields={FIELDS.invoice_id: "1"})
    older = Sibling(opportunity(OTHER), NOON - timedelta(days=1))
    younger = Sibling(opportunity(OTHER), NOON + timedelta(days=1))
    assert hindrance(clone_of(deal(row=row), [older], {}, FIELDS)) == "clone_carries_invoice"
    assert clone_of(deal(row=row), [younger], {}, FIELDS) is None
    assert clone_of(deal(row=row), [], {}, FIELDS) is None


def test_the_invoices_note_tells_better_than_age_whose_it_is() -> None:
    row = opportunity(fields={FIELDS.invoice_id: "1"})
    older = Sibling(opportunity(OTHER), NOON - timedelta(days=1))
    assert clone_of(deal(row=row), [older], {"1": (OPPORTUNITY,)}, FIELDS) is None
    assert hindrance(clone_of(deal(row=row), [], {"1": (OTHER,)}, FIELDS)) == "clone_carries_invoice"


# -- Documents --------------------------------------------------------------------------------------------------------


def test_the_note_carries_the_id_as_a_pass_reads_it() -> None:
    assert opportunity_ids_in(note_for(OPPORTUNITY)) == (OPPORTUNITY,)


def test_request_ids_differ_by_company_record_and_purpose_and_fit() -> None:
    ids = {request_id("1", OPPORTUNITY, "invoice"), request_id("2", OPPORTUNITY, "invoice")}
    ids |= {request_id("1", OTHER, "invoice"), request_id("1", OPPORTUNITY, "customer")}
    assert len(ids) == 4
    assert all(len(each) <= 50 for each in ids)
    assert request_id("1", OTHER, "invoice") in ids


def test_a_foreign_invoice_names_its_currency_and_tax_code() -> None:
    made = drafted(draft(deal(row=opportunity(currency="CHF")), world(customs=GERMANY, tax_code=VAT)))
    body = invoice_body(made, customer(currency="CHF"), GERMANY)
    assert body["CurrencyRef"] == {"value": "CHF"}
    assert body["GlobalTaxCalculation"] == "TaxExcluded"
    assert "'TaxCodeRef': {'value': '2'}" in str(body["Line"])
    assert customer_body(made, "Acme", GERMANY)["CurrencyRef"] == {"value": "CHF"}


def test_a_domestic_invoice_leaves_tax_date_number_and_due_date_to_quickbooks() -> None:
    made = drafted(draft(deal(), world(customer())))
    body = invoice_body(made, customer(), US)
    assert set(body) == {"CustomerRef", "Line", "PrivateNote"}


def test_an_e_mail_that_quickbooks_cannot_hold_is_left_out() -> None:
    made = drafted(draft(deal(email="x" * 101), world(customer())))
    assert "BillEmail" not in invoice_body(made, customer(), US)

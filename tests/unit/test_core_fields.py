"""The values of the Opportunity fields that qbsf keeps, and when they differ (rules.md section 4)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.core_examples import (
    AMOUNT,
    BALANCE,
    BY_CREDIT,
    DATE,
    HALF,
    ID,
    METHOD,
    MONEY,
    NUMBER,
    PAID,
    PAID_ON,
    REFERENCE,
    STATUS,
    TOTAL,
    UNPAID,
    VOIDED,
    WITH_MIRRORS,
    WON,
    field_info,
    held,
    invoice,
    line,
    links,
    money,
    opportunity,
    payment,
)

from qbsf.config import FieldsConfig
from qbsf.core.fields import (
    FieldPlan,
    OwnValues,
    amount_in,
    fit,
    link_fields,
    mirror_fields,
    names_of,
    payment_field_names,
    payment_fields,
    payment_link_field,
)
from qbsf.core.links import Links
from qbsf.core.states import Money
from qbsf.model import FieldInfo, FieldValue, Invoice, Opportunity

FIELDS = FieldsConfig()
INFOS = {name: field_info(name, length=20) for name in (ID, NUMBER, METHOD, REFERENCE)}


def planned(
    row: Opportunity,
    facts: Money,
    written: Mapping[str, FieldValue] | None = None,
    *,
    method_ids: tuple[str, ...] = (),
    infos: Mapping[str, FieldInfo] | None = None,
    fields: FieldsConfig = FIELDS,
) -> FieldPlan:
    """The payment fields, where qbsf wrote `written` before."""
    return payment_fields(row, facts, OwnValues(written or {}, method_ids), fields, infos or {})


# The four facts


def test_empty_payment_fields_are_filled() -> None:
    assert planned(opportunity(), PAID).changes == {
        AMOUNT: MONEY,
        DATE: PAID_ON,
        METHOD: "Test Payment",
        REFERENCE: "Manual Test Update",
    }


def test_an_amount_of_zero_is_an_empty_amount() -> None:
    assert planned(opportunity(fields={AMOUNT: Decimal(0)}), PAID).changes[AMOUNT] == MONEY
    assert planned(opportunity(fields={AMOUNT: Decimal(0)}), UNPAID) == FieldPlan()


def test_what_does_not_differ_is_not_sent() -> None:
    assert planned(opportunity(fields=held(PAID)), PAID) == FieldPlan()
    assert planned(opportunity(fields={**held(PAID), AMOUNT: Decimal("2750.0")}), PAID) == FieldPlan()


def test_only_what_differs_is_sent() -> None:
    assert planned(opportunity(fields={**held(PAID), REFERENCE: "typo"}), PAID).changes == {
        REFERENCE: "Manual Test Update"
    }


def test_several_methods_and_references_are_joined_by_comma() -> None:
    facts = money(
        payment(payment_id="1", method="Cash", reference="A"),
        payment(payment_id="2", method="Check", reference="B"),
        of=invoice(total="5500.00"),
    )
    changes = planned(opportunity(), facts).changes
    assert (changes[METHOD], changes[REFERENCE]) == ("Cash, Check", "A, B")


def test_a_payment_without_method_and_reference_leaves_them_empty() -> None:
    changes = planned(opportunity(), money(payment(method="", reference=""))).changes
    assert changes == {AMOUNT: MONEY, DATE: PAID_ON}


def test_a_field_that_is_left_out_is_not_written() -> None:
    fewer = FieldsConfig(payment_date="", payment_method="", payment_reference="")
    assert planned(opportunity(), PAID, fields=fewer).changes == {AMOUNT: MONEY}
    assert payment_field_names(fewer) == {AMOUNT}
    assert payment_field_names(FIELDS) == {AMOUNT, DATE, METHOD, REFERENCE}


def test_a_text_that_is_too_long_is_cut_to_fit_with_a_warning() -> None:
    long = money(payment(reference="a reference that is longer than its field"))
    plan = planned(opportunity(), long, infos=INFOS)
    assert plan.changes[REFERENCE] == "a reference that is…"
    assert plan.warnings == (f"{REFERENCE} holds 20 characters: a text of 41 was cut to fit",)
    shown = opportunity(fields={**held(long), REFERENCE: "a reference that is…"})
    assert planned(shown, long, infos=INFOS).changes == {}


def test_a_field_without_decimals_holds_the_rounded_amount_and_does_not_differ_for_ever() -> None:
    whole = {AMOUNT: field_info(AMOUNT, scale=0)}
    facts = money(payment(line("Invoice", "2750.50")), of=invoice(total="2750.50"))
    assert planned(opportunity(), facts, infos=whole).changes[AMOUNT] == Decimal(2751)
    assert planned(opportunity(fields={**held(facts), AMOUNT: Decimal(2751)}), facts, infos=whole) == FieldPlan()
    cents = {AMOUNT: field_info(AMOUNT, scale=2)}
    assert planned(opportunity(), facts, infos=cents).changes[AMOUNT] == Decimal("2750.50")


# Undo and redo only your own


def test_a_persons_own_amount_is_raised_to_the_truth_and_the_rest_corrected_with_it() -> None:
    typed = opportunity(fields={AMOUNT: Decimal(100), DATE: date(2020, 1, 1), METHOD: "?", REFERENCE: "?"})
    assert planned(typed, PAID).changes == held(PAID)


def test_a_persons_own_amount_is_never_lowered_and_nothing_else_is_written_beside_it() -> None:
    typed = opportunity(fields={AMOUNT: Decimal(3000)})
    assert planned(typed, PAID) == FieldPlan(not_ours=(AMOUNT,))
    assert planned(typed, PAID, {AMOUNT: Decimal(2900)}) == FieldPlan(not_ours=(AMOUNT,))


def test_what_qbsf_wrote_is_lowered_to_the_truth() -> None:
    written = held(PAID)
    assert planned(opportunity(fields=written), HALF, written).changes == {AMOUNT: Decimal("1000.00")}


def test_what_qbsf_wrote_is_emptied_at_zero() -> None:
    written = held(PAID)
    assert planned(opportunity(fields=written), UNPAID, written).changes == dict.fromkeys(written)


def test_a_persons_text_or_date_is_never_emptied() -> None:
    written = held(PAID)
    edited = opportunity(fields={**written, DATE: date(2020, 1, 1), REFERENCE: "by hand"})
    plan = planned(edited, UNPAID, written)
    assert plan.changes == {AMOUNT: None, METHOD: None}
    assert plan.not_ours == (DATE, REFERENCE)


def test_a_method_that_was_only_renamed_is_no_difference_on_a_won_deal() -> None:
    renamed = money(payment(method_id="4", method="Wire transfer"))
    before = {**held(renamed), METHOD: "Wire"}
    won = opportunity(WON, before)
    assert planned(won, renamed, before, method_ids=("4",)).changes == {}
    correct = {METHOD: "Wire transfer"}
    assert planned(won, renamed, before, method_ids=("5",)).changes == correct
    assert planned(opportunity(fields=before), renamed, before, method_ids=("4",)).changes == correct
    by_hand = opportunity(WON, {**before, METHOD: "by hand"})
    assert planned(by_hand, renamed, before, method_ids=("4",)).changes == correct


# Texts and amounts


@pytest.mark.parametrize(
    ("text", "kept"),
    [("", None), ("  ", None), (" a ", "a"), ("12345", "12345"), ("123456", "1234…"), ("123 56", "123…")],
)
def test_a_text_is_trimmed_and_fits_its_field(text: str, kept: str | None) -> None:
    assert fit(text, field_info("Text__c", length=5))[0] == kept


def test_a_field_whose_length_is_not_known_takes_the_whole_text() -> None:
    assert fit("x" * 300, None) == ("x" * 300, None)
    assert fit("x" * 300, field_info("Formula__c")) == ("x" * 300, None)


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_fitted_text_always_fits_and_fitting_it_again_changes_nothing(text: str, length: int) -> None:
    info = field_info("Text__c", length=length)
    kept, warning = fit(text, info)
    assert kept is None or 0 < len(kept) <= length
    assert fit(kept or "", info) == (kept, None)
    assert (warning is not None) == (len(text.strip()) > length)


def test_the_money_in_an_empty_field_is_zero() -> None:
    assert amount_in(opportunity(), AMOUNT) == 0
    assert amount_in(opportunity(fields={AMOUNT: MONEY}), AMOUNT) == MONEY


def test_names_are_told_in_order() -> None:
    assert names_of({METHOD, AMOUNT}) == f"{AMOUNT}, {METHOD}"


# Status, total and balance


def mirrored(row: Opportunity, facts: Money, written: Mapping[str, FieldValue] | None = None) -> dict[str, FieldValue]:
    return mirror_fields(row, facts, OwnValues(written or {}), WITH_MIRRORS, {})


def test_status_total_and_balance_of_the_invoice_are_shown_where_there_are_fields_for_them() -> None:
    assert mirrored(opportunity(), HALF) == {STATUS: "Partially paid", TOTAL: MONEY, BALANCE: Decimal("1750.00")}
    assert mirror_fields(opportunity(), HALF, OwnValues(), FIELDS, {}) == {}


@pytest.mark.parametrize(
    ("facts", "status"), [(PAID, "Paid"), (HALF, "Partially paid"), (UNPAID, "Unpaid"), (VOIDED, "Voided")]
)
def test_the_status_is_a_word_for_the_state(facts: Money, status: str) -> None:
    assert mirrored(opportunity(), facts)[STATUS] == status
    shown = opportunity(fields={STATUS: status, TOTAL: facts.total, BALANCE: facts.balance})
    assert mirrored(shown, facts) == {}


def test_an_invoice_that_was_paid_before_is_reversed() -> None:
    assert mirrored(opportunity(), UNPAID, {AMOUNT: None})[STATUS] == "Reversed"
    assert STATUS not in mirrored(opportunity(fields={STATUS: "Reversed"}), UNPAID)


def test_an_invoice_of_zero_shows_nothing_and_credit_has_no_status() -> None:
    assert mirrored(opportunity(), money(of=invoice(total="0.00"))) == {}
    assert set(mirrored(opportunity(), BY_CREDIT)) == {TOTAL, BALANCE}


def test_a_payment_that_was_replaced_by_credit_is_no_longer_shown_as_paid() -> None:
    paid_before = opportunity(fields={STATUS: "Paid", TOTAL: MONEY, BALANCE: Decimal("0.00")})
    assert mirrored(paid_before, BY_CREDIT, {AMOUNT: MONEY}) == {STATUS: "Reversed"}


# Fill-ins


def filled(
    row: Opportunity,
    found: Links,
    *invoices: Invoice,
    written: Mapping[str, FieldValue] | None = None,
    fields: FieldsConfig = FIELDS,
    length: int = 20,
) -> FieldPlan:
    infos = {name: field_info(name, length=length) for name in (ID, NUMBER)}
    return link_fields(row, found, invoices or (invoice(),), OwnValues(written or {}), fields, infos)


ONE = invoice("42", number="1001")
TWO = invoice("43", number="1002")


def naming(invoice_id: str | None = None, number: str | None = None) -> Opportunity:
    return opportunity(fields={ID: invoice_id, NUMBER: number})


def test_an_empty_number_is_filled_in_beside_an_id_and_the_other_way_round() -> None:
    assert filled(naming("42"), links("42"), ONE).changes == {NUMBER: "1001"}
    assert filled(naming(None, "1001"), links("42", way="invoice_number"), ONE).changes == {ID: "42"}


def test_a_link_found_by_the_opportunitys_id_is_written_back_into_both() -> None:
    assert filled(naming(), links("42", way="opportunity_id"), ONE).changes == {ID: "42", NUMBER: "1001"}


def test_several_invoices_are_filled_in_as_a_list() -> None:
    assert filled(naming("42;43"), links("42", "43"), ONE, TWO).changes == {NUMBER: "1001, 1002"}


def test_what_names_the_same_invoices_is_left_as_it_is() -> None:
    assert filled(naming("42,43", "1002;1001"), links("42", "43"), ONE, TWO) == FieldPlan()
    odd = invoice("42", number="A, B")
    assert filled(naming("42", "A, B"), links("42"), odd) == FieldPlan()


def test_a_persons_own_number_is_never_filled_in_anew() -> None:
    assert filled(naming("42", "PO-77"), links("42"), ONE) == FieldPlan()
    assert filled(naming("42", "PO-77"), links("42"), ONE, written={NUMBER: "1002"}) == FieldPlan()


def test_a_number_that_qbsf_filled_in_is_filled_anew_when_the_link_changes() -> None:
    assert filled(naming("43", "1001"), links("43"), TWO, written={NUMBER: "1001"}).changes == {NUMBER: "1002"}


def test_fields_that_name_some_of_the_invoices_that_carry_the_opportunitys_id_learn_the_further_ones() -> None:
    plan = filled(naming("42", "1001"), links("42", "43", way="opportunity_id"), ONE, TWO)
    assert plan.changes == {ID: "42, 43", NUMBER: "1001, 1002"}
    assert filled(naming("42", "PO-77"), links("42", "43", way="opportunity_id"), ONE, TWO).changes == {ID: "42, 43"}


def test_what_a_person_wrote_beside_an_invoice_that_carries_the_opportunitys_id_is_left_as_it_is() -> None:
    found = links("42", "43", way="opportunity_id")
    assert filled(naming("43; 42", "1002\n1001"), found, ONE, TWO) == FieldPlan()
    assert filled(naming("42, 43", "1001, PO-77"), found, ONE, TWO) == FieldPlan()


def test_an_invoice_without_a_number_fills_in_none() -> None:
    assert filled(naming("42"), links("42"), replace(ONE, number="")) == FieldPlan()


def test_a_number_that_two_invoices_share_is_filled_in_once() -> None:
    twins = (ONE, invoice("43", number="1001"))
    assert filled(naming("42, 43"), links("42", "43"), *twins).changes == {NUMBER: "1001"}


def test_a_field_that_is_not_configured_is_not_filled_in() -> None:
    assert filled(naming("42"), links("42"), ONE, fields=FieldsConfig(invoice_number="")) == FieldPlan()


def test_a_list_that_does_not_fit_its_field_is_left_out_with_a_warning_and_never_cut() -> None:
    plan = filled(naming("42,43"), links("42", "43"), ONE, TWO, length=9)
    assert plan.changes == {}
    assert plan.warnings == (f"{NUMBER} of Acme: 200 widgets is left out: the list of invoices does not fit it",)
    assert filled(naming("42,43"), links("42", "43"), ONE, TWO, length=10).changes == {NUMBER: "1001, 1002"}


def test_numbers_that_a_list_would_tear_apart_are_left_out() -> None:
    odd = invoice("43", number="A, B")
    plan = filled(naming("42,43"), links("42", "43"), ONE, odd)
    assert plan.changes == {}
    assert len(plan.warnings) == 1


# Laws

amounts = st.integers(0, 9).map(lambda number: Decimal(number * 100))


@given(amounts, amounts, st.none() | amounts)
def test_a_value_is_lowered_only_where_the_field_holds_what_qbsf_last_wrote(
    truth: Decimal, current: Decimal, written: Decimal | None
) -> None:
    facts = replace(PAID, amount=truth)
    own = {} if written is None else {AMOUNT: written}
    plan = planned(opportunity(fields={**held(PAID), AMOUNT: current}), facts, own)
    new = plan.changes.get(AMOUNT, current) or Decimal(0)
    assert isinstance(new, Decimal)
    if new < current:
        assert current == written
    else:
        assert new == truth or plan.not_ours == (AMOUNT,)


field_texts = st.sampled_from([None, "Cash", "Check"])


@given(st.lists(field_texts, min_size=6, max_size=6))
def test_what_a_person_wrote_in_a_text_is_never_emptied(texts: list[str | None]) -> None:
    method, reference, old_method, old_reference, own_method, own_reference = texts
    facts = replace(
        PAID,
        methods=(method,) if method else (),
        references=(reference,) if reference else (),
    )
    row = opportunity(fields={**held(PAID), METHOD: old_method, REFERENCE: old_reference})
    plan = planned(row, facts, {METHOD: own_method, REFERENCE: own_reference})
    for name, old, written in ((METHOD, old_method, own_method), (REFERENCE, old_reference, own_reference)):
        if old is not None and plan.changes.get(name, old) is None:
            assert old == written


# The payment link

LINK_FIELD = "QB_Payment_Link__c"
LINK = "https://connect.intuit.com/portal/pay?id=2052"


def test_a_payment_link_is_filled_in_where_there_is_one_and_the_field_lacks_it() -> None:
    empty = opportunity(fields={LINK_FIELD: None})
    assert payment_link_field(empty, LINK, FieldsConfig(), {}).changes == {LINK_FIELD: LINK}
    assert payment_link_field(empty, "", FieldsConfig(), {}).changes == {}
    assert payment_link_field(empty, LINK, FieldsConfig(payment_link=""), {}).changes == {}
    held = opportunity(fields={LINK_FIELD: LINK})
    assert payment_link_field(held, LINK, FieldsConfig(), {}).changes == {}


def test_a_payment_link_that_does_not_fit_is_left_out_with_a_warning() -> None:
    short = {LINK_FIELD: field_info(LINK_FIELD, length=20)}
    plan = payment_link_field(opportunity(fields={LINK_FIELD: None}), LINK, FieldsConfig(), short)
    assert plan.changes == {}
    assert "left out" in plan.warnings[0]

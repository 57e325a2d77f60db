"""Which invoices are an Opportunity's (rules.md section 3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.core_examples import ID, NUMBER, OPPORTUNITY_ID, OTHER_OPPORTUNITY_ID, WON, opportunity

from qbsf.config import WAYS, FieldsConfig, Way
from qbsf.core.links import (
    Candidate,
    Candidates,
    Links,
    OwnLinks,
    find_links,
    in_number_order,
    link_text,
    possible_names,
    split_names,
)
from qbsf.model import Opportunity


def bearer(invoice_id: str, number: str = "", *, live: bool = True, names: str = "") -> Candidate:
    """An invoice; `names` is the Opportunity id that stands in it."""
    return Candidate(invoice_id, number, live, (names,) if names else ())


def known(*invoices: Candidate) -> Candidates:
    """What QuickBooks has."""
    numbers = {each.number for each in invoices if each.number}
    return Candidates(
        by_id={each.id: each for each in invoices},
        by_number={number: tuple(each for each in invoices if each.number == number) for number in numbers},
        mentioning=tuple(each for each in invoices if OPPORTUNITY_ID in each.opportunity_ids),
    )


def naming(invoice_id: str | None = None, number: str | None = None, stage: str = "Proposal") -> Opportunity:
    """An Opportunity whose link fields hold these texts."""
    return opportunity(stage, {ID: invoice_id, NUMBER: number})


def found(
    row: Opportunity,
    *invoices: Candidate,
    own: OwnLinks | None = None,
    by: tuple[Way, ...] = WAYS,
    fields: FieldsConfig | None = None,
) -> Links:
    return find_links(row, known(*invoices), own or OwnLinks(), fields or FieldsConfig(), by)


A = bearer("42", "1001")
B = bearer("43", "1002")
MINE = bearer("50", "1050", names=OPPORTUNITY_ID)
MINE_TOO = bearer("51", "1051", names=OPPORTUNITY_ID)


# The first way that is filled decides alone


def test_the_invoice_id_field_names_an_invoice_by_its_quickbooks_id() -> None:
    assert found(naming("42"), A, B) == Links("invoice_id", ("42",))


def test_the_invoice_number_field_names_an_invoice_by_its_number() -> None:
    assert found(naming(None, "1002"), A, B) == Links("invoice_number", ("43",))


def test_an_invoice_that_carries_the_opportunitys_id_belongs_to_it() -> None:
    assert found(naming(), A, MINE) == Links("opportunity_id", ("50",))


def test_an_opportunity_that_nothing_links_has_no_way() -> None:
    assert found(naming(), A) == Links()
    assert found(naming("", "  "), A) == Links()


def test_the_ways_are_tried_in_the_configured_order() -> None:
    both = naming("42", "1001")
    assert found(both, A, by=("invoice_number", "invoice_id")).way == "invoice_number"
    assert found(both, A, by=("invoice_id", "invoice_number")).way == "invoice_id"


def test_a_way_that_is_not_configured_links_nothing() -> None:
    assert found(naming("42"), A, by=("invoice_number",)) == Links()
    assert found(naming(), MINE, by=("invoice_id", "invoice_number")) == Links()


def test_a_field_that_a_person_filled_decides_before_an_invoice_that_names_the_opportunity() -> None:
    assert found(naming("42"), A, MINE) == Links("invoice_id", ("42",))


def test_a_link_field_that_is_left_out_links_nothing() -> None:
    assert found(naming("42", "1001"), A, fields=FieldsConfig(invoice_id="")) == Links("invoice_number", ("42",))


def test_an_invoice_that_quickbooks_does_not_have_is_unknown() -> None:
    assert found(naming("99"), A) == Links("invoice_id", unknown=("99",))
    assert found(naming("42, 99"), A) == Links("invoice_id", ("42",), unknown=("99",))
    assert found(naming(None, "1009"), A) == Links("invoice_number", unknown=("1009",))


def test_equality_is_exact() -> None:
    upper = bearer("42", "INV-1A")
    assert found(naming(None, "INV-1a"), upper).unknown == ("INV-1a",)
    assert found(naming(None, " INV-1A "), upper).invoice_ids == ("42",)


# Several in one field


@pytest.mark.parametrize("text", ["43,42", "42; 43", "42\n43", "42\r\n43", " 42 ,, 43 ;", "42,43,42"])
def test_a_field_may_name_several_invoices(text: str) -> None:
    assert found(naming(text), A, B) == Links("invoice_id", ("42", "43"))


def test_a_value_is_tried_whole_before_it_is_split() -> None:
    whole = bearer("60", "1001, 1002")
    assert found(naming(None, "1001, 1002"), A, B, whole).invoice_ids == ("60",)
    assert found(naming(None, "1001, 1002"), A, B).invoice_ids == ("42", "43")


def test_a_field_of_nothing_but_separators_names_no_invoice() -> None:
    assert found(naming(" , ;"), A) == Links("invoice_id")


def test_everything_a_value_may_mean_is_asked_for_the_whole_of_it_first() -> None:
    assert possible_names(" 1001, 1002 ") == ("1001, 1002", "1001", "1002")
    assert possible_names("1001") == ("1001",)
    assert possible_names("  ") == ()


def test_invoices_are_ordered_by_id_as_a_number() -> None:
    assert in_number_order({"10", "9", "100"}) == ("9", "10", "100")


def test_a_number_in_a_link_field_is_read_as_text() -> None:
    assert link_text(opportunity(fields={ID: 42}), ID) == "42"
    assert link_text(opportunity(fields={ID: 42}), "") == ""


# Conflicts


def test_a_number_that_names_another_invoice_than_the_id_is_a_conflict() -> None:
    assert found(naming("42", "1002"), A, B) == Links("invoice_id", problem="link_conflict", about=("1002",))
    backwards = found(naming("42", "1002"), A, B, by=("invoice_number", "invoice_id"))
    assert backwards == Links("invoice_number", problem="link_conflict", about=("1002",))


def test_a_number_that_names_fewer_invoices_than_the_id_is_no_conflict() -> None:
    assert found(naming("42, 43", "1002"), A, B) == Links("invoice_id", ("42", "43"))


def test_of_several_numbers_the_one_that_is_in_conflict_is_named() -> None:
    row = naming("42", "1001, 1002")
    assert found(row, A, B).about == ("1002",)
    assert found(row, A, B, by=("invoice_number", "invoice_id")).about == ("1002",)


def test_a_number_that_quickbooks_does_not_know_is_no_conflict() -> None:
    assert found(naming("42", "PO-77"), A) == Links("invoice_id", ("42",))


def test_a_number_of_a_voided_and_a_live_invoice_is_no_conflict_with_the_live_one() -> None:
    assert found(naming("42", "1001"), A, bearer("41", "1001", live=False)).problem is None


def test_a_number_that_several_live_invoices_bear_is_ambiguous() -> None:
    twins = (A, bearer("44", "1001"))
    assert found(naming(None, "1001"), *twins) == Links("invoice_number", problem="ambiguous_invoice", about=("1001",))


def test_a_voided_namesake_does_not_count() -> None:
    assert found(naming(None, "1001"), A, bearer("44", "1001", live=False)).invoice_ids == ("42",)


def test_a_voided_invoice_is_found_where_no_live_one_bears_its_number() -> None:
    assert found(naming(None, "1001"), replace(A, live=False)).invoice_ids == ("42",)


def test_a_number_of_several_invoices_is_no_ambiguity_where_the_id_tells_which() -> None:
    assert found(naming("42", "1001"), A, bearer("44", "1001")) == Links("invoice_id", ("42",))


# What qbsf filled in itself never counts as a person's


def test_a_number_that_qbsf_filled_in_does_not_contradict_the_id_that_a_person_changed() -> None:
    changed = naming("43", "1001")
    filled_in = OwnLinks(invoice_number="1001", first_way="invoice_id")
    assert found(changed, A, B, own=filled_in) == Links("invoice_id", ("43",))
    assert found(changed, A, B).problem == "link_conflict"


def test_an_id_that_qbsf_filled_in_gives_way_to_the_number_that_a_person_changed() -> None:
    changed = naming("42", "1002")
    filled_in = OwnLinks(invoice_id="42", first_way="invoice_number")
    assert found(changed, A, B, own=filled_in) == Links("invoice_number", ("43",))
    assert found(changed, A, B).problem == "link_conflict"


def test_a_person_who_adds_to_what_qbsf_filled_in_makes_it_a_persons() -> None:
    filled_in = OwnLinks(invoice_id="50", invoice_number="1050", first_way="opportunity_id")
    assert found(naming("50, 42", "1050"), A, MINE, own=filled_in) == Links("invoice_id", ("42", "50"))


@pytest.mark.parametrize("own", [OwnLinks(), OwnLinks("50", "1050", "opportunity_id", frozenset({"50"}))])
def test_fields_all_of_whose_invoices_carry_the_opportunitys_id_leave_the_way_open_for_further_ones(
    own: OwnLinks,
) -> None:
    assert found(naming("50", "1050"), MINE, MINE_TOO, own=own) == Links("opportunity_id", ("50", "51"))
    assert found(naming(None, "1050"), MINE, MINE_TOO, own=own) == Links("opportunity_id", ("50", "51"))


def test_an_invoice_that_carries_another_opportunitys_id_leaves_no_way_open() -> None:
    others = bearer("52", "1052", names=OTHER_OPPORTUNITY_ID)
    assert found(naming("52"), others, MINE) == Links("invoice_id", ("52",))
    assert found(naming("50, 52"), others, MINE) == Links("invoice_id", ("50", "52"))


def test_a_number_that_an_invoice_without_the_opportunitys_id_bears_too_leaves_no_way_open() -> None:
    assert found(naming(None, "1050"), MINE, bearer("55", "1050")).problem == "ambiguous_invoice"


def test_a_field_that_names_an_unknown_invoice_beside_its_own_is_a_persons() -> None:
    assert found(naming("50, 99"), MINE) == Links("invoice_id", ("50",), unknown=("99",))


def test_a_link_that_a_person_cleared_is_forgotten_although_qbsf_had_filled_in_the_other_field() -> None:
    by_number = OwnLinks(invoice_id="42", first_way="invoice_number")
    assert found(naming("42", None), A, own=by_number) == Links()
    by_id = OwnLinks(invoice_number="1001", first_way="invoice_id")
    assert found(naming(None, "1001"), A, own=by_id) == Links()


def test_a_link_that_was_written_back_holds_when_the_invoice_no_longer_names_the_opportunity() -> None:
    edited = replace(MINE, opportunity_ids=())
    written_back = OwnLinks("50", "1050", "opportunity_id", frozenset({"50"}))
    assert found(naming("50", "1050"), edited, own=written_back) == Links("invoice_id", ("50",))
    assert found(naming(None, "1050"), edited, own=written_back) == Links("invoice_number", ("50",))
    assert found(naming(), edited, own=written_back) == Links()


def test_a_link_that_was_written_back_holds_when_its_way_is_taken_out_of_the_configuration() -> None:
    filled_in = OwnLinks(invoice_id="42", first_way="invoice_number")
    assert found(naming("42", "1001"), A, own=filled_in, by=("invoice_id",)) == Links("invoice_id", ("42",))


# Further invoices by Opportunity id


JOINED = OwnLinks("50", "1050", "opportunity_id", frozenset({"50"}), payment_written=True)


def test_a_further_invoice_joins_while_the_opportunity_is_open() -> None:
    assert found(naming("50", "1050"), MINE, MINE_TOO, own=JOINED).invoice_ids == ("50", "51")


def test_a_further_invoice_joins_a_won_deal_that_has_no_payment_by_qbsf() -> None:
    unpaid = replace(JOINED, payment_written=False)
    assert found(naming("50", "1050", WON), MINE, MINE_TOO, own=unpaid).invoice_ids == ("50", "51")


def test_a_further_invoice_of_a_won_and_paid_deal_is_late() -> None:
    late = Links("opportunity_id", ("50",), late=("51",))
    assert found(naming("50", "1050", WON), MINE, MINE_TOO, own=JOINED) == late


def test_a_further_invoice_is_late_although_the_link_fields_could_not_be_filled_in() -> None:
    assert found(naming(stage=WON), MINE, MINE_TOO, own=JOINED).late == ("51",)


def test_a_further_invoice_is_late_by_what_the_fields_name_where_the_local_state_is_lost() -> None:
    lost = OwnLinks(payment_written=True)
    assert found(naming("50", "1050", WON), MINE, MINE_TOO, own=lost).late == ("51",)
    assert found(naming(None, "1050", WON), MINE, MINE_TOO, own=lost).late == ("51",)


def test_the_first_invoices_that_name_a_closed_deal_are_not_late() -> None:
    assert found(naming(stage=WON), MINE, MINE_TOO, own=OwnLinks(payment_written=True)).invoice_ids == ("50", "51")


# Laws

WORLD = (A, B, bearer("44", "1001"), bearer("45", "1004", live=False), MINE, MINE_TOO)
texts = st.sampled_from([None, "42", "43", "44", "50", "42, 43", "50; 51", "99", "1001", "1002", "1004", "1050", ","])


@given(texts, texts, st.sampled_from([OPPORTUNITY_ID, OTHER_OPPORTUNITY_ID]), st.permutations(WAYS))
def test_an_invoice_is_only_linked_where_something_names_it(
    id_text: str | None, number_text: str | None, carried: str, by: list[Way]
) -> None:
    invoices = tuple(replace(each, opportunity_ids=(carried,)) if each.opportunity_ids else each for each in WORLD)
    links = found(naming(id_text, number_text), *invoices, by=tuple(by))
    named = {*split_names(id_text or ""), *split_names(number_text or "")}
    for each in invoices:
        if each.id in links.invoice_ids + links.late:
            assert each.id in named or each.number in named or carried == OPPORTUNITY_ID
    assert set(links.unknown) <= named
    assert not (links.problem and links.invoice_ids), "what has a problem is not written to"


@given(st.lists(st.sampled_from(["42", "43", "50", "1 0", "a-b"]), unique=True), st.sampled_from([", ", ";", "\n"]))
def test_a_list_is_split_into_the_names_it_was_joined_from(names: list[str], separator: str) -> None:
    assert split_names(separator.join(names)) == tuple(names)

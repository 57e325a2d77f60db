"""What is written to one Opportunity beside the win: parts, credit, payments taken back, other people, refusals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from unit.core_examples import (
    AMOUNT,
    BALANCE,
    BY_CREDIT,
    DATE,
    HALF,
    METHOD,
    MONEY,
    MOSTLY_CREDIT,
    NUMBER,
    OPEN,
    PAID,
    PAID_ON,
    PARTLY,
    REFERENCE,
    REVERSED,
    STATUS,
    UNPAID,
    VOIDED,
    WITH_MIRRORS,
    WON,
    decided,
    field_info,
    held,
    invoice,
    line,
    money,
    opportunity,
    own,
    payment,
    rules,
)

from qbsf.config import StagesConfig
from qbsf.core.case import STAGE, ChangeBacks, Decision, Move, Own, Rules
from qbsf.core.restraint import without_stage
from qbsf.core.states import Money
from qbsf.model import FieldValue, Opportunity

PART = Move("partially_paid", frozenset({"2052"}))
RAISED = money(payment(), of=invoice(total="3000.00", balance="250.00"))
ZERO_TOTAL = money(of=invoice(total="0.00"))
WITH_STAGES = rules(stages=StagesConfig(partially_paid=PARTLY, reversed=REVERSED))


def won_by_qbsf(fields: dict[str, FieldValue] | None = None) -> Opportunity:
    return opportunity(WON, held(PAID) | (fields or {}))


# Partially paid


def test_a_part_is_written_to_an_open_deal_and_its_stage_kept() -> None:
    decision = decided(opportunity(), HALF)
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "partially_paid", "change")
    assert decision.changes == held(HALF)
    assert not decision.attention


def test_a_part_moves_the_stage_where_that_is_set() -> None:
    decision = decided(opportunity(), HALF, by=WITH_STAGES)
    assert (decision.kind, decision.changes[STAGE], decision.move) == ("change", PARTLY, PART)
    assert decision.stage_part == {STAGE}


def test_a_part_moves_the_stage_once() -> None:
    moved = replace(own(HALF, stage=PARTLY), moves=frozenset({PART}))
    assert decided(opportunity(OPEN, held(HALF)), HALF, moved, WITH_STAGES) == Decision("unchanged", "in_step")
    more = money(payment(line("Invoice", "1200.00")), of=invoice(balance="1550.00"))
    decision = decided(opportunity(OPEN, held(HALF)), more, moved, WITH_STAGES)
    assert (decision.reason, decision.changes) == ("partially_paid", {AMOUNT: Decimal("1200.00")})


def test_without_local_state_a_part_that_the_fields_tell_moves_no_stage() -> None:
    assert decided(opportunity(OPEN, held(HALF)), HALF, by=WITH_STAGES) == Decision("unchanged", "in_step")


def test_a_part_moves_the_stage_only_from_where_that_is_allowed() -> None:
    stages = StagesConfig(partially_paid=PARTLY, from_=("Negotiation",))
    assert STAGE not in decided(opportunity(), HALF, by=rules(stages=stages)).changes


def test_a_deal_that_a_person_put_into_the_stage_already_is_not_moved_there() -> None:
    assert decided(opportunity(PARTLY), HALF, by=WITH_STAGES).changes == held(HALF)


def test_a_part_sets_none_of_the_fields_of_a_win() -> None:
    stages = StagesConfig(partially_paid=PARTLY, close_date="payment_date", set_=(("Win_Reason__c", "paid"),))
    assert decided(opportunity(), HALF, by=rules(stages=stages)).changes.keys() == {*held(HALF), STAGE}


def test_parts_are_not_written_where_they_are_not_recorded_and_what_was_written_stays() -> None:
    only_whole = rules(record_partial_payments=False)
    assert decided(opportunity(), HALF, by=only_whole) == Decision("skipped", "not_paid")
    assert decided(opportunity(OPEN, held(HALF)), HALF, own(HALF), only_whole) == Decision("skipped", "not_paid")
    assert decided(opportunity(fields={NUMBER: None}), HALF, by=only_whole).reason == "linked"


def test_the_balance_is_shown_where_parts_are_not_recorded() -> None:
    changes = decided(opportunity(), HALF, by=rules(WITH_MIRRORS, record_partial_payments=False)).changes
    assert changes[BALANCE] == Decimal("1750.00")
    assert AMOUNT not in changes


def test_a_part_is_written_to_a_deal_that_a_person_won() -> None:
    decision = decided(opportunity(WON), HALF, by=WITH_STAGES)
    assert (decision.reason, decision.kind, decision.changes) == ("partially_paid", "change", held(HALF))
    assert not decision.attention


def test_a_part_is_written_to_a_won_deal_although_parts_are_not_recorded() -> None:
    assert decided(opportunity(WON), HALF, by=rules(record_partial_payments=False)).changes == held(HALF)


def test_an_invoice_that_was_raised_after_qbsf_won_the_deal_leaves_a_balance_due() -> None:
    decision = decided(won_by_qbsf(), RAISED, own(PAID, won=True))
    assert (decision.outcome, decision.reason, decision.attention) == ("skipped", "balance_due", True)
    assert decision.changes == {}


def test_a_balance_due_brings_the_fields_up_to_date_and_keeps_the_stage() -> None:
    decision = decided(won_by_qbsf({REFERENCE: "typo"}), RAISED, own(PAID, won=True))
    assert (decision.outcome, decision.reason, decision.attention) == ("updated", "balance_due", True)
    assert decision.changes == {REFERENCE: "Manual Test Update"}


def test_a_raised_invoice_of_a_deal_that_a_person_won_is_partially_paid() -> None:
    assert decided(won_by_qbsf(), RAISED, own(PAID)) == Decision("unchanged", "in_step")


# Settled by credit


@pytest.mark.parametrize("stage", [OPEN, WON])
def test_the_cash_of_an_invoice_settled_by_credit_is_written_and_a_person_asked(stage: str) -> None:
    decision = decided(opportunity(stage), MOSTLY_CREDIT)
    assert (decision.outcome, decision.reason, decision.attention) == ("updated", "settled_by_credit", True)
    assert (decision.kind, decision.changes) == ("change", held(MOSTLY_CREDIT))


@pytest.mark.parametrize("stage", [OPEN, WON])
def test_an_invoice_settled_by_credit_alone_writes_nothing_and_asks_a_person(stage: str) -> None:
    decision = decided(opportunity(stage), BY_CREDIT)
    assert (decision.outcome, decision.reason, decision.changes) == ("skipped", "settled_by_credit", {})
    assert decision.attention


def test_a_payment_replaced_by_credit_is_taken_back() -> None:
    decision = decided(won_by_qbsf(), BY_CREDIT, own(PAID, won=True))
    assert (decision.reason, decision.kind) == ("reversed", "reversal")
    assert decision.changes == dict.fromkeys(held(PAID))


# Taken back


@pytest.mark.parametrize("facts", [UNPAID, VOIDED, ZERO_TOTAL])
@pytest.mark.parametrize("stage", [OPEN, WON])
def test_a_payment_that_is_gone_empties_what_qbsf_wrote_and_asks_a_person_about_the_stage(
    stage: str, facts: Money
) -> None:
    decision = decided(opportunity(stage, held(PAID)), facts, own(PAID, won=True))
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "reversed", "reversal")
    assert decision.changes == dict.fromkeys((AMOUNT, DATE, METHOD, REFERENCE))
    assert decision.attention
    assert decision.move is None


def test_a_payment_that_is_gone_moves_the_deal_that_qbsf_won_where_the_configuration_says() -> None:
    decision = decided(won_by_qbsf(), UNPAID, own(PAID, won=True), WITH_STAGES)
    assert (decision.reason, decision.kind, decision.attention) == ("reversed", "reversal", False)
    assert decision.changes == {**dict.fromkeys(held(PAID)), STAGE: REVERSED}
    assert decision.move is None


def test_a_deal_that_qbsf_moved_step_by_step_is_taken_back_too() -> None:
    step_by_step = own(PAID, won=True)
    known = replace(step_by_step, moves=step_by_step.moves | {PART})
    assert decided(won_by_qbsf(), UNPAID, known, WITH_STAGES).changes[STAGE] == REVERSED


def test_money_that_remains_moves_the_deal_that_qbsf_won_to_partially_paid() -> None:
    decision = decided(won_by_qbsf(), HALF, own(PAID, won=True), WITH_STAGES)
    assert (decision.reason, decision.kind, decision.attention) == ("reversed", "reversal", False)
    assert decision.changes == {AMOUNT: Decimal("1000.00"), STAGE: PARTLY}
    assert decision.move == PART


def test_money_that_remains_moves_the_deal_to_reversed_where_partially_paid_has_no_stage() -> None:
    stages = rules(stages=StagesConfig(reversed=REVERSED))
    assert decided(won_by_qbsf(), HALF, own(PAID, won=True), stages).changes[STAGE] == REVERSED


@pytest.mark.parametrize("by", [rules(), WITH_STAGES], ids=["for a person", "to its stage"])
def test_a_reversal_fills_in_the_number_in_the_same_write(by: Rules) -> None:
    assert decided(won_by_qbsf({NUMBER: None}), UNPAID, own(PAID, won=True), by).changes[NUMBER] == "2052"


def test_a_reversal_shows_the_status() -> None:
    by = rules(WITH_MIRRORS)
    assert decided(won_by_qbsf(), UNPAID, own(PAID, won=True), by).changes[STATUS] == "Reversed"
    assert decided(won_by_qbsf(), VOIDED, own(PAID, won=True), by).changes[STATUS] == "Voided"


@pytest.mark.parametrize(
    ("row", "known"),
    [
        (won_by_qbsf(), own(PAID)),
        (won_by_qbsf(), own(PAID, won=True, stage="Closed Won (old)")),
        (opportunity(OPEN, held(PAID)), own(PAID, won=True)),
    ],
    ids=["won by a person", "moved on by a person", "reopened by a person"],
)
def test_a_stage_that_is_a_persons_is_kept_when_a_payment_is_gone(row: Opportunity, known: Own) -> None:
    decision = decided(row, UNPAID, known, WITH_STAGES)
    assert decision.changes == dict.fromkeys(held(PAID))
    assert (decision.reason, decision.attention) == ("reversed", True)


def test_without_local_state_nothing_is_taken_back() -> None:
    assert decided(won_by_qbsf(), UNPAID, by=WITH_STAGES) == Decision("skipped", "not_paid")
    decision = decided(won_by_qbsf(), HALF, by=WITH_STAGES)
    assert (decision.reason, decision.changes, decision.attention) == ("not_ours", {}, True)


def test_an_amount_that_a_person_changed_is_not_taken_back() -> None:
    decision = decided(won_by_qbsf({AMOUNT: Decimal(5000)}), UNPAID, own(PAID, won=True), WITH_STAGES)
    assert (decision.outcome, decision.reason, decision.attention) == ("skipped", "not_ours", True)
    assert (decision.changes, decision.about) == ({}, AMOUNT)


def test_a_text_that_a_person_changed_is_not_emptied_with_the_payment() -> None:
    decision = decided(won_by_qbsf({REFERENCE: "by hand"}), UNPAID, own(PAID, won=True))
    assert decision.changes == {AMOUNT: None, DATE: None, METHOD: None}


def test_a_payment_that_a_person_took_out_of_the_amount_first_is_taken_back_all_the_same() -> None:
    decision = decided(won_by_qbsf({AMOUNT: None}), UNPAID, own(PAID, won=True), WITH_STAGES)
    assert (decision.reason, decision.kind) == ("reversed", "reversal")
    assert decision.changes == {DATE: None, METHOD: None, REFERENCE: None, STAGE: REVERSED}


def test_a_payment_that_a_person_took_out_of_every_field_leaves_nothing_to_take_back() -> None:
    cleared = dict.fromkeys(held(PAID))
    assert decided(opportunity(OPEN, cleared), UNPAID, own(PAID)) == Decision("skipped", "not_paid")


def test_what_was_taken_back_is_done() -> None:
    emptied = own(values=dict.fromkeys(held(PAID)), stage=REVERSED)
    assert decided(opportunity(REVERSED), UNPAID, emptied, WITH_STAGES) == Decision("skipped", "not_paid")
    lowered = replace(own(HALF, stage=PARTLY), moves=frozenset({PART}))
    assert decided(opportunity(PARTLY, held(HALF)), HALF, lowered, WITH_STAGES) == Decision("unchanged", "in_step")


def test_an_amount_that_was_rounded_up_for_its_field_is_not_taken_for_a_lost_payment() -> None:
    whole = rules(infos={AMOUNT: field_info(AMOUNT, scale=0)})
    facts = money(payment(line("Invoice", "999.60")), of=invoice(balance="1750.40"))
    shown = {**held(facts), AMOUNT: Decimal(1000)}
    corrected = {**shown, REFERENCE: "typo"}
    decision = decided(opportunity(OPEN, corrected), facts, own(values=corrected), whole)
    assert (decision.reason, decision.kind) == ("partially_paid", "change")
    assert decision.changes == {REFERENCE: "Manual Test Update"}


def test_a_payment_that_is_only_smaller_is_a_change_while_the_invoice_stays_paid() -> None:
    part_credit = money(payment(line("Invoice", "2750.00"), line("CreditMemo", "750.00", "68")))
    decision = decided(won_by_qbsf(), part_credit, own(PAID, won=True), WITH_STAGES)
    assert (decision.reason, decision.kind) == ("payment_changed", "change")
    assert decision.changes == {AMOUNT: Decimal("2000.00")}


# No fighting


def fought_over(*names: str, count: int = 3) -> Own:
    return replace(own(PAID, won=True), change_backs={name: ChangeBacks(count, "Flow") for name in names})


def test_a_value_that_others_changed_back_three_times_is_contested() -> None:
    row = won_by_qbsf({REFERENCE: "by flow"})
    decision = decided(row, PAID, fought_over(REFERENCE))
    assert (decision.outcome, decision.reason, decision.attention) == ("skipped", "contested", True)
    assert (decision.changes, decision.kind) == ({}, "none")
    assert decision.about == f"{REFERENCE} by Flow"


def test_a_value_that_others_changed_back_twice_is_written_again() -> None:
    assert decided(won_by_qbsf({REFERENCE: "by flow"}), PAID, fought_over(REFERENCE, count=2)).changes == {
        REFERENCE: "Manual Test Update"
    }


def test_what_nobody_contests_is_written_beside_what_is_contested() -> None:
    decision = decided(won_by_qbsf({REFERENCE: "by flow", METHOD: "?"}), PAID, fought_over(REFERENCE))
    assert (decision.reason, decision.changes) == ("payment_changed", {METHOD: "Test Payment"})
    assert decision.warnings == (f"not written again, changed back: {REFERENCE} by Flow",)


def test_a_deal_that_was_reopened_before_the_memory_began_is_remembered_although_a_value_is_contested() -> None:
    row = opportunity(OPEN, held(PAID) | {REFERENCE: "by flow", METHOD: "?"})
    decision = decided(row, PAID, Own(change_backs={REFERENCE: ChangeBacks(3, "Flow")}))
    assert (decision.reason, decision.changes) == ("reopened", {METHOD: "Test Payment"})
    assert decision.move == Move("paid", frozenset({"2052"}))


def test_a_contested_value_that_needs_no_write_is_quiet() -> None:
    assert decided(won_by_qbsf(), PAID, fought_over(REFERENCE)) == Decision("unchanged", "in_step")


def test_a_contested_stage_takes_what_goes_with_it_along() -> None:
    stages = StagesConfig(close_date="payment_date", set_=(("Win_Reason__c", "paid"),))
    known = Own(known=True, change_backs={STAGE: ChangeBacks(3, "Flow")})
    decision = decided(opportunity(), PAID, known, rules(stages=stages))
    assert (decision.kind, decision.changes) == ("change", held(PAID))
    assert (decision.move, decision.stage_part) == (None, frozenset())


def test_a_contested_close_date_leaves_the_win() -> None:
    known = Own(known=True, change_backs={"CloseDate": ChangeBacks(3, "Flow")})
    decision = decided(opportunity(), PAID, known, rules(stages=StagesConfig(close_date="payment_date")))
    assert (decision.kind, decision.changes[STAGE]) == ("win", WON)
    assert decision.stage_part == {STAGE}


def test_a_contested_fill_in_is_held_back() -> None:
    known = Own(change_backs={NUMBER: ChangeBacks(3, "Pat")})
    assert decided(opportunity(fields={NUMBER: None}), UNPAID, known).reason == "contested"


# Held back


def test_a_record_that_salesforce_refused_is_held_back() -> None:
    decision = decided(opportunity(), PAID, hold="record")
    assert (decision.outcome, decision.reason, decision.attention) == ("skipped", "held_back", True)
    assert (decision.changes, decision.kind, decision.move) == ({}, "none", None)


def test_a_refused_record_that_needs_no_write_any_more_is_quiet() -> None:
    assert decided(won_by_qbsf(), PAID, own(PAID, won=True), hold="record") == Decision("unchanged", "in_step")
    assert decided(opportunity(), UNPAID, hold="record") == Decision("skipped", "not_paid")


def test_a_stage_that_salesforce_refused_is_held_back_and_the_money_written() -> None:
    decision = decided(opportunity(), PAID, hold="stage")
    assert (decision.reason, decision.kind, decision.changes) == ("paid", "change", held(PAID))
    assert decision.move is None


def test_a_refused_stage_alone_is_held_back() -> None:
    decision = decided(opportunity(OPEN, held(PAID)), PAID, own(PAID), hold="stage")
    assert (decision.outcome, decision.reason, decision.attention) == ("skipped", "held_back", True)


def test_a_refused_stage_holds_no_other_change_back() -> None:
    corrected = money(payment(txn_date=date(2025, 8, 26)))
    assert decided(won_by_qbsf(), corrected, own(PAID, won=True), hold="stage").changes == {DATE: date(2025, 8, 26)}


def test_without_its_stage_a_win_records_the_money_alone() -> None:
    win = decided(opportunity(), PAID, by=rules(stages=StagesConfig(close_date="payment_date")))
    assert win.stage_part == {STAGE, "CloseDate"}
    bare = without_stage(win)
    assert (bare.kind, bare.changes, bare.move, bare.stage_part) == ("change", held(PAID), None, frozenset())
    assert bare.reason == "paid"


def test_without_its_stage_a_reversal_is_still_one() -> None:
    bare = without_stage(decided(won_by_qbsf(), UNPAID, own(PAID, won=True), WITH_STAGES))
    assert (bare.kind, bare.changes) == ("reversal", dict.fromkeys(held(PAID)))


# Warnings


def test_a_text_that_was_cut_is_told_once_with_the_write_that_cuts_it() -> None:
    short = rules(infos={REFERENCE: field_info(REFERENCE, length=6)})
    decision = decided(opportunity(), PAID, by=short)
    assert decision.changes[REFERENCE] == "Manua…"
    assert decision.warnings == (f"{REFERENCE} holds 6 characters: a text of 18 was cut to fit",)
    shown = opportunity(WON, {**held(PAID), REFERENCE: "Manua…"})
    assert decided(shown, PAID, by=short) == Decision("unchanged", "in_step")


def test_an_amount_is_told_as_it_is_on_the_wire() -> None:
    assert decided(opportunity(), PAID).changes[AMOUNT] == MONEY
    assert decided(opportunity(), PAID).changes[DATE] == PAID_ON

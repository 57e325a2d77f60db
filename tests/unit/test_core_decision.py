"""What is written to one Opportunity: the rows of rules.md section 4 up to the stage move that a payment makes."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from unit.core_examples import (
    AMOUNT,
    BALANCE,
    BY_CREDIT,
    DATE,
    HALF,
    ID,
    LOST,
    METHOD,
    MONEY,
    NUMBER,
    OPEN,
    PAID,
    PAID_ON,
    PARTLY,
    REFERENCE,
    REVERSED,
    STATUS,
    TOTAL,
    UNPAID,
    VOIDED,
    WITH_MIRRORS,
    WON,
    books,
    decided,
    field_info,
    held,
    invoice,
    line,
    links,
    money,
    opportunity,
    own,
    payment,
    rules,
)

from qbsf.config import StagesConfig
from qbsf.core.case import STAGE, Case, Decision, Move, Own
from qbsf.core.decision import decide
from qbsf.core.links import LinkProblem, Links
from qbsf.core.states import Money, combine, deleted_account, unknown_account

WIN = Move("paid", frozenset({"2052"}))
ZERO_TOTAL = money(of=invoice(total="0.00"))
CREDIT_ALONE = money(payment(line("Invoice", "2750.00"), line("CreditMemo", "2750.00", "68")), rules=books("1"))


def is_for_a_person(decision: Decision, reason: str) -> bool:
    """Nothing is written, and it is listed until it is settled."""
    quiet = (decision.outcome, decision.kind, decision.changes, decision.move) == ("skipped", "none", {}, None)
    return quiet and decision.reason == reason and decision.attention


# In doubt, a person


@pytest.mark.parametrize("problem", ["link_conflict", "ambiguous_invoice"])
@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
def test_a_link_that_cannot_be_told_is_for_a_person(problem: LinkProblem, stage: str) -> None:
    decision = decided(opportunity(stage), None, found=Links("invoice_number", problem=problem, about=("1", "2")))
    assert is_for_a_person(decision, problem)
    assert decision.about == "1, 2"


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
def test_an_invoice_that_several_opportunities_want_is_for_a_person(stage: str) -> None:
    decision = decide(Case(opportunity(stage), links(), PAID, rivals=("006A", "006B")), rules())
    assert is_for_a_person(decision, "ambiguous_opportunity")
    assert decision.about == "006A, 006B"


def test_a_link_field_that_names_no_invoice_is_nothing_to_decide() -> None:
    decision = decided(opportunity(), None, found=Links("invoice_id"))
    assert (decision.outcome, decision.changes, decision.attention) == ("skipped", {}, False)


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
def test_a_payment_that_cannot_be_explained_is_not_written(stage: str) -> None:
    assert is_for_a_person(decided(opportunity(stage), money(payment(total="1.00"))), "unexplained")


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
def test_an_invoice_read_in_the_middle_of_a_change_is_left_to_the_next_pass(stage: str) -> None:
    decision = decided(opportunity(stage), money())
    assert (decision.outcome, decision.reason, decision.changes) == ("skipped", "inconsistent", {})
    assert not decision.attention


def test_an_invoice_that_stays_inconsistent_for_a_day_is_for_a_person() -> None:
    decision = decide(Case(opportunity(), links(), money(), doubt_is_old=True), rules())
    assert is_for_a_person(decision, "inconsistent")


def test_an_unknown_invoice_takes_nothing_back() -> None:
    unknown = combine([unknown_account("99")])
    decision = decided(opportunity(WON, held(PAID)), unknown, own(PAID, won=True), found=links("99", unknown=("99",)))
    assert is_for_a_person(decision, "unknown_invoice")
    assert decision.about == "99"


def test_an_unknown_invoice_is_named_although_its_id_was_once_known() -> None:
    assert decided(opportunity(), combine([unknown_account("99")]), found=links("99")).about == "99"


def test_of_several_invoices_only_the_unknown_one_is_named() -> None:
    mixed = combine([unknown_account("99"), deleted_account("98"), *PAID.accounts])
    assert decided(opportunity(), mixed, found=links("2052", "98", "99")).about == "99"


def test_an_opportunity_in_another_currency_is_for_a_person() -> None:
    for row, facts in (
        (opportunity(currency="USD"), PAID),
        (opportunity(), money(payment(currency="USD"), of=invoice(currency="USD"))),
        (opportunity(WON, currency="USD"), UNPAID),
    ):
        assert is_for_a_person(decided(row, facts), "currency_mismatch")
    assert decided(opportunity(currency="USD"), PAID).about == "invoice in EUR, Opportunity in USD"
    usd = money(payment(currency="USD"), of=invoice(currency="USD"))
    assert decided(opportunity(currency="USD"), usd).reason == "paid"


def test_invoices_in_different_currencies_are_for_a_person() -> None:
    usd = money(payment(currency="USD"), of=invoice(currency="USD"))
    assert is_for_a_person(decided(opportunity(), combine([*PAID.accounts, *usd.accounts])), "currency_mismatch")


# Before start_date, lost


@pytest.mark.parametrize("stage", [OPEN, WON, LOST])
@pytest.mark.parametrize("facts", [PAID, BY_CREDIT])
def test_what_was_settled_before_start_date_is_left_alone(stage: str, facts: Money) -> None:
    row = opportunity(stage, {NUMBER: None})
    decision = decided(row, facts, own(HALF), rules(start_date=PAID_ON + timedelta(days=1)))
    assert decision == Decision("skipped", "before_start")


def test_what_was_settled_on_start_date_or_entered_later_is_written() -> None:
    assert decided(opportunity(), PAID, by=rules(start_date=PAID_ON)).reason == "paid"
    entered_late = money(payment(entered=PAID_ON + timedelta(days=9)))
    assert decided(opportunity(), entered_late, by=rules(start_date=PAID_ON + timedelta(days=9))).reason == "paid"


def test_what_is_not_settled_yet_has_no_start_date() -> None:
    assert decided(opportunity(), HALF, by=rules(start_date=date(2030, 1, 1))).reason == "partially_paid"


@pytest.mark.parametrize("facts", [PAID, HALF])
def test_money_for_a_lost_deal_is_for_a_person(facts: Money) -> None:
    assert is_for_a_person(decided(opportunity(LOST, {NUMBER: None}), facts), "closed_lost")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [(UNPAID, "not_paid"), (VOIDED, "voided"), (ZERO_TOTAL, "zero_total"), (BY_CREDIT, "not_paid")],
)
def test_a_lost_deal_without_money_is_untouched(facts: Money, reason: str) -> None:
    decision = decided(opportunity(LOST, held(PAID)), facts, own(PAID, won=True))
    assert (decision.outcome, decision.reason, decision.changes) == ("skipped", reason, {})
    assert not decision.attention


def test_a_lost_deal_without_money_learns_the_number_of_its_invoice() -> None:
    decision = decided(opportunity(LOST, {NUMBER: None}), UNPAID)
    assert (decision.reason, decision.kind, decision.changes) == ("linked", "fill_in", {NUMBER: "2052"})


def test_a_fill_in_that_salesforce_refused_is_not_tried_again_on_a_lost_deal() -> None:
    decision = decided(opportunity(LOST, {NUMBER: None}), UNPAID, hold="record")
    assert is_for_a_person(decision, "held_back")


# Not paid


@pytest.mark.parametrize("stage", [OPEN, WON])
@pytest.mark.parametrize(("facts", "reason"), [(UNPAID, "not_paid"), (VOIDED, "voided"), (ZERO_TOTAL, "zero_total")])
def test_an_opportunity_without_money_is_untouched(stage: str, facts: Money, reason: str) -> None:
    by_hand = opportunity(stage, {AMOUNT: Decimal(500), REFERENCE: "by hand"})
    assert decided(by_hand, facts) == Decision("skipped", reason)


def test_an_empty_number_is_filled_in_beside_an_invoice_that_is_not_paid() -> None:
    decision = decided(opportunity(fields={NUMBER: None}), UNPAID)
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "linked", "fill_in")
    assert decision.changes == {NUMBER: "2052"}


def test_status_total_and_balance_are_shown_for_an_invoice_that_is_not_paid() -> None:
    decision = decided(opportunity(), UNPAID, by=rules(WITH_MIRRORS))
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "linked", "fill_in")
    assert decision.changes == {STATUS: "Unpaid", TOTAL: MONEY, BALANCE: MONEY}


# Paid and open: the win


def test_a_paid_invoice_wins_its_open_deal_and_writes_the_payment() -> None:
    decision = decided(opportunity(), PAID)
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "paid", "win")
    assert decision.changes == {**held(PAID), STAGE: WON}
    assert decision.stage_part == {STAGE}
    assert decision.move == WIN
    assert not decision.attention


def test_a_win_fills_in_the_empty_number_and_shows_the_status() -> None:
    decision = decided(opportunity(fields={NUMBER: None}), PAID, by=rules(WITH_MIRRORS))
    assert (decision.reason, decision.kind) == ("paid", "win")
    assert decision.changes.keys() > {NUMBER, STATUS, STAGE, AMOUNT}
    assert decision.changes[STATUS] == "Paid"


def test_credit_alone_wins_where_the_configuration_lets_it() -> None:
    decision = decided(opportunity(), CREDIT_ALONE)
    assert (decision.kind, decision.changes) == ("win", {DATE: PAID_ON, STAGE: WON})


def test_the_payment_alone_is_written_where_no_stage_is_to_be_moved() -> None:
    decision = decided(opportunity(), PAID, by=rules(stages=StagesConfig(paid="")))
    assert (decision.reason, decision.kind, decision.changes) == ("paid", "change", held(PAID))
    assert decision.move is None


def test_a_record_type_has_its_own_won_stage() -> None:
    stages = StagesConfig(by_record_type=(("Renewal", "Renewed"),))
    assert decided(opportunity(record_type="Renewal"), PAID, by=rules(stages=stages)).changes[STAGE] == "Renewed"
    assert decided(opportunity(record_type="Other"), PAID, by=rules(stages=stages)).changes[STAGE] == WON


def test_from_lists_the_only_stages_a_deal_is_won_from() -> None:
    stages = StagesConfig(from_=("Negotiation",))
    decision = decided(opportunity(OPEN), PAID, by=rules(stages=stages))
    assert (decision.reason, decision.kind, decision.changes) == ("paid", "change", held(PAID))
    assert decided(opportunity("Negotiation"), PAID, by=rules(stages=stages)).kind == "win"


def test_a_deal_is_won_from_the_stage_that_qbsf_itself_moved_it_to() -> None:
    stages = StagesConfig(from_=(OPEN,), partially_paid=PARTLY)
    assert decided(opportunity(PARTLY), PAID, own(HALF, stage=PARTLY), rules(stages=stages)).kind == "win"
    assert decided(opportunity(PARTLY), PAID, by=rules(stages=stages)).kind == "change"
    moved_on = opportunity("Negotiation")
    assert decided(moved_on, PAID, own(HALF, stage=PARTLY), rules(stages=stages)).kind == "change"


@pytest.mark.parametrize(
    ("amount", "kind"), [("2750.00", "win"), ("2750.01", "change"), (None, "win"), ("1.00", "win")]
)
def test_require_amount_also_wants_the_cash_to_reach_the_deals_amount(amount: str | None, kind: str) -> None:
    row, asked = opportunity(amount=amount), StagesConfig(require_amount=True)
    assert decided(row, PAID, by=rules(stages=asked)).kind == kind
    assert decided(row, PAID).kind == "win"


def test_the_close_date_is_set_to_the_payments_date_in_the_same_write_where_that_is_asked_for() -> None:
    stages = StagesConfig(close_date="payment_date")
    decision = decided(opportunity(close_date=date(2026, 1, 1)), PAID, by=rules(stages=stages))
    assert decision.changes["CloseDate"] == PAID_ON
    assert decision.stage_part == {STAGE, "CloseDate"}
    assert "CloseDate" not in decided(opportunity(close_date=PAID_ON), PAID, by=rules(stages=stages)).changes
    assert "CloseDate" not in decided(opportunity(close_date=date(2026, 1, 1)), PAID).changes


def test_further_fields_are_set_when_a_deal_is_won() -> None:
    stages = rules(stages=StagesConfig(set_=(("Win_Reason__c", "Invoice paid"), ("Auto__c", True))))
    row = opportunity(fields={"Win_Reason__c": None, "Auto__c": False})
    decision = decided(row, PAID, by=stages)
    assert (decision.changes["Win_Reason__c"], decision.changes["Auto__c"]) == ("Invoice paid", True)
    assert decision.stage_part == {STAGE, "Win_Reason__c", "Auto__c"}
    assert "Win_Reason__c" not in decided(replace(row, stage=WON, is_closed=True, is_won=True), PAID, by=stages).changes


def test_a_further_field_that_says_so_already_is_not_sent() -> None:
    stages = StagesConfig(set_=(("Win_Reason__c", "Invoice paid"),))
    row = opportunity(fields={"Win_Reason__c": "Invoice paid"})
    assert "Win_Reason__c" not in decided(row, PAID, by=rules(stages=stages)).changes


def test_a_persons_higher_amount_waits_for_a_person_and_wins_nothing() -> None:
    decision = decided(opportunity(fields={AMOUNT: Decimal(3000)}), PAID)
    assert is_for_a_person(decision, "not_ours")
    assert decision.about == AMOUNT


def test_a_persons_lower_amount_is_raised_with_the_win() -> None:
    decision = decided(opportunity(fields={AMOUNT: Decimal(100)}), PAID)
    assert (decision.kind, decision.changes[AMOUNT]) == ("win", MONEY)


# A stage is moved once


def test_a_deal_that_was_reopened_is_not_won_again() -> None:
    decision = decided(opportunity(OPEN, held(PAID)), PAID, own(PAID, won=True))
    assert is_for_a_person(decision, "reopened")


def test_the_fields_of_a_reopened_deal_are_kept_true() -> None:
    raised = money(payment(line("Invoice", "2800.00")), of=invoice(total="2800.00"))
    decision = decided(opportunity(OPEN, held(PAID)), raised, own(PAID, won=True))
    assert (decision.outcome, decision.reason, decision.attention) == ("updated", "reopened", True)
    assert (decision.kind, decision.changes) == ("change", {AMOUNT: Decimal("2800.00")})


def test_a_deal_for_a_person_fills_in_nothing() -> None:
    assert decided(opportunity(OPEN, {**held(PAID), NUMBER: None}), PAID, own(PAID, won=True)).changes == {}


def test_a_new_payment_after_qbsf_took_one_back_wins_again() -> None:
    taken_back = Own(known=True, stage=REVERSED)
    assert decided(opportunity(REVERSED), PAID, taken_back).kind == "win"


def test_another_set_of_invoices_wins_again() -> None:
    further = invoice("2053")
    both = combine([*PAID.accounts, *money(payment(line("Invoice", "2750.00", "2053")), of=further).accounts])
    row = opportunity(OPEN, {**held(PAID), ID: "2052, 2053", NUMBER: "2052, 2053"})
    decision = decided(row, both, own(PAID, won=True), found=links("2052", "2053"))
    assert decision.kind == "win"
    assert decision.move == Move("paid", frozenset({"2052", "2053"}))


def test_a_payment_whose_stage_was_not_moved_yet_wins_once_nothing_is_in_the_way() -> None:
    decision = decided(opportunity(OPEN, held(PAID)), PAID, own(PAID))
    assert (decision.kind, decision.changes, decision.move) == ("win", {STAGE: WON}, WIN)


@pytest.mark.parametrize("facts", [PAID, CREDIT_ALONE], ids=["cash", "credit alone"])
def test_without_local_state_fields_that_told_the_whole_payment_count_as_moved_before(facts: Money) -> None:
    assert is_for_a_person(decided(opportunity(OPEN, held(facts)), facts), "reopened")


def test_without_local_state_a_rounded_amount_told_the_whole_payment_too() -> None:
    cents = money(payment(line("Invoice", "2750.40")), of=invoice(total="2750.40"))
    row = opportunity(OPEN, {**held(cents), AMOUNT: Decimal(2750)})
    without_decimals = rules(infos={AMOUNT: field_info(AMOUNT, scale=0)})
    assert is_for_a_person(decided(row, cents, by=without_decimals), "reopened")


def test_without_local_state_fields_that_told_a_part_do_not_count_as_moved_before() -> None:
    assert decided(opportunity(OPEN, held(HALF)), PAID).kind == "win"


def test_without_local_state_a_deal_was_not_reopened_where_no_stage_is_ever_moved() -> None:
    decision = decided(opportunity(OPEN, held(PAID)), PAID, by=rules(stages=StagesConfig(paid="")))
    assert decision == Decision("unchanged", "in_step")


# Paid and won


def test_a_payment_of_a_deal_that_was_won_by_hand_is_written_and_the_stage_kept() -> None:
    decision = decided(opportunity(WON), PAID)
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "paid", "change")
    assert decision.changes == held(PAID)


def test_a_payment_that_changed_is_brought_up_to_date_on_a_won_deal() -> None:
    corrected = money(payment(method="Wire", txn_date=date(2025, 8, 26)))
    decision = decided(opportunity(WON, held(PAID)), corrected, own(PAID, won=True))
    assert (decision.reason, decision.kind) == ("payment_changed", "change")
    assert decision.changes == {METHOD: "Wire", DATE: date(2025, 8, 26)}


def test_a_won_deal_whose_payment_is_told_is_in_step() -> None:
    assert decided(opportunity(WON, held(PAID)), PAID, own(PAID, won=True)) == Decision("unchanged", "in_step")
    assert decided(opportunity(WON, held(PAID)), PAID) == Decision("unchanged", "in_step")


def test_a_won_deal_in_step_learns_the_number_of_its_invoice() -> None:
    decision = decided(opportunity(WON, {**held(PAID), NUMBER: None}), PAID)
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "linked", "fill_in")
    assert decision.changes == {NUMBER: "2052"}


def test_a_won_deal_in_step_is_shown_its_status() -> None:
    decision = decided(opportunity(WON, held(PAID)), PAID, by=rules(WITH_MIRRORS))
    assert (decision.outcome, decision.reason, decision.kind) == ("updated", "linked", "fill_in")
    assert decision.changes == {STATUS: "Paid", TOTAL: MONEY, BALANCE: Decimal("0.00")}


def test_a_persons_higher_amount_on_a_won_deal_waits_for_a_person() -> None:
    assert is_for_a_person(decided(opportunity(WON, {AMOUNT: Decimal(3000)}), PAID), "not_ours")


def test_a_persons_text_that_the_payment_does_not_have_waits_for_a_person() -> None:
    without_reference = money(payment(reference=""))
    row = opportunity(WON, {**held(without_reference), REFERENCE: "by hand"})
    decision = decided(row, without_reference)
    assert is_for_a_person(decision, "not_ours")
    assert decision.about == REFERENCE

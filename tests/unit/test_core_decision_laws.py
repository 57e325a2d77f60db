"""Laws of the decisions over whole histories: passes, payments that come and go, people who edit, a lost state."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from unit.core_examples import (
    AMOUNT,
    BALANCE,
    BY_CREDIT,
    HALF,
    LOST,
    MOSTLY_CREDIT,
    NUMBER,
    OPEN,
    PAID,
    PAID_ON,
    PARTLY,
    REFERENCE,
    REVERSED,
    TOTAL,
    UNPAID,
    VOIDED,
    WITH_MIRRORS,
    WON,
    carried_out,
    held,
    invoice,
    line,
    links,
    money,
    opportunity,
    payment,
    rules,
)

from qbsf.config import FieldsConfig, StagesConfig
from qbsf.core.case import STAGE, Case, Decision, Own, Rules
from qbsf.core.decision import decide
from qbsf.core.fields import OwnValues
from qbsf.core.states import combine, unknown_account
from qbsf.model import FieldValue

RAISED = money(payment(), of=invoice(total="3000.00", balance="250.00"))
RAISED_AND_PAID = money(
    payment(), payment(line("Invoice", "250.00"), payment_id="188"), of=invoice(total="3000.00", balance="0.00")
)
REDATED = money(payment(txn_date=PAID_ON + timedelta(days=1), reference=""))
ZERO_TOTAL = money(of=invoice(total="0.00"))
FACTS = {
    "paid": PAID,
    "redated": REDATED,
    "raised and paid": RAISED_AND_PAID,
    "half paid": HALF,
    "not paid": UNPAID,
    "voided": VOIDED,
    "zero": money(of=invoice(total="0.00")),
    "by credit": BY_CREDIT,
    "mostly credit": MOSTLY_CREDIT,
    "raised": RAISED,
}
DOUBTS = {
    "inconsistent": money(),
    "unexplained": money(payment(total="1.00")),
    "unknown": combine([unknown_account("2052")]),
}
STAGES = {"reopen": OPEN, "win": WON, "lose": LOST}
EDITS: dict[str, dict[str, FieldValue]] = {
    "raise amount": {AMOUNT: Decimal(9000)},
    "clear amount": {AMOUNT: None},
    "edit reference": {REFERENCE: "by hand"},
    "clear number": {NUMBER: None},
}

configurations = st.builds(
    rules,
    st.sampled_from([FieldsConfig(), WITH_MIRRORS]),
    st.builds(
        StagesConfig,
        paid=st.sampled_from([WON, WON, ""]),
        partially_paid=st.sampled_from(["", PARTLY]),
        reversed=st.sampled_from(["", REVERSED]),
        close_date=st.sampled_from(["keep", "payment_date"]),
    ),
    record_partial_payments=st.booleans(),
)


@dataclass
class History:
    """One Opportunity and invoice through time, with every decision that was carried out."""

    by: Rules
    case: Case = field(default_factory=lambda: Case(opportunity(), links(), UNPAID))
    decisions: list[Decision] = field(default_factory=list)

    def run(self, steps: list[str]) -> None:
        for step in steps:
            self.take(step)

    def take(self, step: str) -> None:
        """A pass, new facts in QuickBooks, what a person does to the Opportunity, or "forget": the state is lost."""
        row = self.case.opportunity
        if step == "pass":
            self.sync()
        elif step == "forget":
            self.case = replace(self.case, own=Own())
        elif step in EDITS:
            self.case = replace(self.case, opportunity=replace(row, fields={**row.fields, **EDITS[step]}))
        elif step in STAGES:
            stage = STAGES[step]
            moved = replace(row, stage=stage, is_closed=stage != OPEN, is_won=stage == WON)
            self.case = replace(self.case, opportunity=moved)
        else:
            self.case = replace(self.case, money={**FACTS, **DOUBTS}[step])

    def sync(self) -> Decision:
        decision = decide(self.case, self.by)
        self.decisions.append(decision)
        self.case = carried_out(self.case, decision, self.by)
        return decision

    def count(self, kind: str) -> int:
        return sum(decision.kind == kind for decision in self.decisions)


def histories(*steps: str) -> st.SearchStrategy[list[str]]:
    """Passes with these steps between them."""
    return st.lists(st.just("pass") | st.sampled_from(steps), max_size=10)


anything = histories(*FACTS, *STAGES, *EDITS, "forget")
facts = st.sampled_from(list(FACTS))


@given(configurations, anything)
@example(rules(), ["paid", "pass", "reopen"])
@example(rules(WITH_MIRRORS), ["paid", "pass", "not paid"])
@example(rules(), ["paid", "pass", "half paid", "clear number"])
def test_deciding_a_second_time_sends_nothing(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(steps)
    history.sync()
    again = history.sync()
    assert again.changes == {}
    assert (again.outcome, again.kind) in {("unchanged", "none"), ("skipped", "none")}
    assert history.sync() == again


@given(configurations, anything)
def test_only_what_differs_is_sent(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(steps)
    row = history.case.opportunity
    shown = {**row.fields, STAGE: row.stage, "CloseDate": row.close_date}
    for name, value in history.sync().changes.items():
        assert shown[name] != value
        assert shown[name] or value or name in (TOTAL, BALANCE), "empty is null, and 0 for the amount"


@given(configurations, histories(*FACTS, *STAGES, *EDITS))
@example(rules(stages=StagesConfig(reversed=REVERSED)), ["paid", "pass", "not paid", "pass", "paid", "pass"])
def test_a_deal_is_won_once_and_again_only_after_qbsf_took_the_payment_back(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(steps)
    assert history.count("win") <= 1 + history.count("reversal")


@given(configurations, histories("paid", "redated", "reopen", "win", "forget"))
@example(rules(), ["paid", "pass", "forget", "redated", "pass", "reopen", "pass"])
def test_a_deal_is_never_won_twice_for_the_same_payment_although_the_state_is_lost(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(["paid", *steps])
    assert history.count("win") <= 1


@given(configurations, anything, st.sampled_from(list(DOUBTS)))
def test_nothing_is_written_on_money_that_is_in_doubt(by: Rules, steps: list[str], doubtful: str) -> None:
    history = History(by)
    history.run([*steps, doubtful])
    assert history.sync().changes == {}


@given(configurations, anything, facts)
def test_a_lost_deal_is_never_won_and_its_payment_never_written(by: Rules, steps: list[str], last: str) -> None:
    history = History(by)
    history.run([*steps, "lose", last])
    assert history.sync().changes.keys() <= {NUMBER}


@given(configurations, anything, facts)
def test_only_a_whole_payment_wins(by: Rules, steps: list[str], last: str) -> None:
    history = History(by)
    history.run([*steps, last])
    if history.sync().kind == "win":
        assert FACTS[last].state == "paid"
        assert history.case.opportunity.is_won


@given(configurations, anything)
def test_no_amount_is_above_the_invoices_total(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(steps)
    assert history.case.money is not None
    amount = history.sync().changes.get(AMOUNT)
    if amount is not None:
        assert isinstance(amount, Decimal)
        assert 0 < amount <= history.case.money.total


@given(configurations, histories(*FACTS, *STAGES, "forget"))
def test_a_persons_higher_amount_is_never_lowered(by: Rules, steps: list[str]) -> None:
    history = History(by)
    history.run(["raise amount", *steps])
    history.sync()
    assert history.case.opportunity.fields[AMOUNT] == Decimal(9000)
    assert history.count("win") == 0


@given(configurations, histories(*FACTS, *STAGES, *EDITS), facts)
def test_without_local_state_nothing_is_taken_back(by: Rules, steps: list[str], last: str) -> None:
    history = History(by)
    history.run([*steps, "forget", last])
    before = history.case.opportunity.fields[AMOUNT]
    decision = history.sync()
    assert decision.kind != "reversal"
    after = history.case.opportunity.fields[AMOUNT]
    assert isinstance(before, Decimal | None)
    assert isinstance(after, Decimal | None)
    assert (after or 0) >= (before or 0)


@given(configurations, histories(*(fact for fact in FACTS if fact != "raised and paid"), *STAGES))
@settings(max_examples=200)
def test_without_local_state_no_deal_is_won_that_the_state_would_have_kept_from_it(by: Rules, steps: list[str]) -> None:
    """A payment that grew after it was told is another one: only the state knows that its deal was won before."""
    history = History(by)
    history.run([*steps, "pass"])
    for move in ("reopen", "pass"):
        forgetful = decide(replace(history.case, own=Own()), by)
        if forgetful.kind == "win":
            assert decide(history.case, by).kind == "win"
        history.take(move)


@given(configurations, histories(*FACTS, *STAGES, *EDITS), facts)
def test_a_person_is_asked_whenever_a_payment_of_a_won_deal_is_gone(by: Rules, steps: list[str], gone: str) -> None:
    history = History(by)
    history.run([*steps, "paid", "pass"])
    won_by_qbsf = history.decisions[-1].kind == "win"
    history.take(gone)
    decision = history.sync()
    if won_by_qbsf and FACTS[gone].amount < PAID.amount and FACTS[gone].state != "paid":
        assert decision.reason == "reversed"
        assert decision.attention or not history.case.opportunity.is_won


def test_a_person_who_confirms_what_qbsf_wrote_changes_nothing() -> None:
    known = Own(known=True, values=OwnValues(held(PAID)))
    case = Case(opportunity(WON, held(PAID)), links(), PAID, own=known)
    assert decide(case, rules()) == decide(replace(case, own=Own()), rules()) == Decision("unchanged", "in_step")

"""What is written to one Opportunity: the table of rules.md section 4, its rows in their order.

`decide` is a pure function of the money, the Opportunity as it stands, what qbsf did to it before, and the rules.
"""

from dataclasses import replace
from decimal import Decimal

from qbsf.config import StagesConfig
from qbsf.core.case import CLOSE_DATE, STAGE, Case, Decision, Move, MoveTarget, Rules, for_person
from qbsf.core.fields import (
    FieldPlan,
    amount_in,
    link_fields,
    mirror_fields,
    names_of,
    payment_fields,
    payment_link_field,
    shown_amount,
    told_whole,
)
from qbsf.core.restraint import restrained
from qbsf.core.states import Money
from qbsf.model import FieldValue, Opportunity


def decide(case: Case, rules: Rules) -> Decision:
    """The first row of the table that fits, with the fill-ins that go beside it."""
    if case.links.problem is not None:
        return for_person(case.links.problem, ", ".join(case.links.about))
    if case.rivals:
        return for_person("ambiguous_opportunity", ", ".join(case.rivals))
    if case.money is None:
        return Decision("skipped", "no_opportunity")
    return _doubt(case, rules, case.money) or _settle(case, rules, case.money)


def _doubt(case: Case, rules: Rules, money: Money) -> Decision | None:
    """The first row: money that cannot be told for sure is not written."""
    if money.state == "inconsistent":
        return Decision("skipped", "inconsistent", attention=case.doubt_is_old)
    if money.state == "unknown_invoice":
        return for_person("unknown_invoice", ", ".join(a.id for a in money.accounts if a.state == "unknown_invoice"))
    if money.state in ("unexplained", "currency_mismatch"):
        return for_person(money.state)
    currency = case.opportunity.currency or rules.org_currency
    if money.currency and money.currency != currency:
        return for_person("currency_mismatch", f"invoice in {money.currency}, Opportunity in {currency}")
    return None


def _settle(case: Case, rules: Rules, money: Money) -> Decision:
    opportunity = case.opportunity
    if _before_start(money, rules):
        return Decision("skipped", "before_start")
    if opportunity.is_lost:
        if money.amount > 0:
            return for_person("closed_lost")
        quiet = money.state if money.state in ("voided", "zero_total") else "not_paid"
        return restrained(_with_fill_ins(Decision("skipped", quiet), case, rules, money), case)
    if money.state == "paid":
        return _paid(case, rules, money)
    taken_back = _reversal(case, rules, money)
    if taken_back is not None:
        return taken_back
    if money.state == "settled_by_credit" and not money.amount:
        return _finished(for_person("settled_by_credit"), case, rules, money)
    if money.state == "settled_by_credit":
        return _written(case, rules, money, "settled_by_credit", attention=True)
    if money.state == "partially_paid":
        return _partially_paid(case, rules, money)
    return _untouched(case, rules, money, money.state)


def _untouched(case: Case, rules: Rules, money: Money, reason: str) -> Decision:
    """No payment field is written; what only mirrors the invoices is, and what is empty is filled in."""
    mirror = mirror_fields(case.opportunity, money, case.own.values, rules.fields, rules.infos)
    row = Decision("updated", "linked", mirror, kind="fill_in") if mirror else Decision("skipped", reason)
    return restrained(_with_fill_ins(row, case, rules, money), case)


def _before_start(money: Money, rules: Rules) -> bool:
    settled = money.settled_on
    return settled is not None and rules.start_date is not None and settled < rules.start_date


def _paid(case: Case, rules: Rules, money: Money) -> Decision:
    opportunity = case.opportunity
    move = _move("paid", money)
    if opportunity.is_won:
        filled = amount_in(opportunity, rules.fields.payment_amount) != 0
        # Won by qbsf before, also for a payment that it took back since: found open later, a person reopened it.
        won_before = _won_before_memory(case, rules) or case.own.stage == opportunity.stage
        reason = "payment_changed" if filled else "paid"
        return _written(case, rules, money, reason, move=move if won_before else None)
    target = _won_stage(opportunity, rules.stages)
    due = bool(target) and _may_move(case, rules) and _reaches_amount(opportunity, money, rules)
    if _moved_before(case, move, money, rules, due=due):
        return _written(case, rules, money, "reopened", move=move, attention=True)
    return _written(case, rules, money, "paid", move=move if due else None, stage=target if due else "")


def _partially_paid(case: Case, rules: Rules, money: Money) -> Decision:
    opportunity = case.opportunity
    if opportunity.is_won:
        if _won_by_qbsf(case):
            return _written(case, rules, money, "balance_due", attention=True)
        before = _move("paid", money) if _won_before_memory(case, rules) else None
        return _written(case, rules, money, "partially_paid", move=before)
    if not rules.record_partial_payments:
        return _untouched(case, rules, money, "not_paid")
    move = _move("partially_paid", money)
    target = rules.stages.partially_paid
    if target and (target == opportunity.stage or _moved_before(case, move, money, rules, due=True)):
        return _written(case, rules, money, "partially_paid", move=move)
    due = bool(target) and _may_move(case, rules)
    return _written(case, rules, money, "partially_paid", move=move if due else None, stage=target if due else "")


def _reversal(case: Case, rules: Rules, money: Money) -> Decision | None:
    """Less cash than qbsf wrote: brought back to the truth; None where that does not apply or is done."""
    written = case.own.values.values.get(rules.fields.payment_amount)
    truth = shown_amount(money, rules.fields, rules.infos)
    owes_stage = any(move.target == "reversed" for move in case.own.moves)
    if not owes_stage and (not isinstance(written, Decimal) or truth >= written):
        return None
    plan = payment_fields(case.opportunity, money, case.own.values, rules.fields, rules.infos)
    if rules.fields.payment_amount in plan.not_ours:
        return for_person("not_ours", names_of(plan.not_ours))
    stage = ""
    if _won_by_qbsf(case) and case.opportunity.is_won:
        with_money = rules.stages.partially_paid if money.amount > 0 else ""
        stage = with_money or rules.stages.reversed
    if not plan.changes and not stage:
        return None
    decision = Decision("updated", "reversed", plan.changes, kind="reversal", warnings=plan.warnings)
    if stage:
        moved = _move("partially_paid", money) if money.amount > 0 else None
        decision = _with_stage(decision, {STAGE: stage}, moved)
    return _finished(replace(decision, attention=not stage), case, rules, money)


def _written(
    case: Case,
    rules: Rules,
    money: Money,
    reason: str,
    *,
    move: Move | None = None,
    stage: str = "",
    attention: bool = False,
) -> Decision:
    """The payment fields as they should be, and the stage move that goes with them.

    A `move` without a stage is one that was made before, or needs none: it is remembered with what is written.
    """
    plan = payment_fields(case.opportunity, money, case.own.values, rules.fields, rules.infos)
    if rules.fields.payment_amount in plan.not_ours:
        return for_person("not_ours", names_of(plan.not_ours))
    moves = bool(stage) and move is not None
    if not moves and not plan.changes:
        return _finished(_nothing_to_write(reason, plan, attention=attention), case, rules, money)
    wins = moves and move is not None and move.target == "paid"
    stage_part: dict[str, FieldValue] = {STAGE: stage} if moves else {}
    if wins:
        stage_part |= _set_beside_win(case, rules, money)
    decision = Decision(
        "updated",
        reason,
        changes=plan.changes | stage_part,
        stage_part=frozenset(stage_part),
        kind="win" if wins else "change",
        move=move,
        attention=attention,
        warnings=plan.warnings,
    )
    return _finished(decision, case, rules, money)


def _set_beside_win(case: Case, rules: Rules, money: Money) -> dict[str, FieldValue]:
    """The further fields of `stages.set`, and the close date where it is to be the payment's."""
    now = case.opportunity.fields
    beside: dict[str, FieldValue] = {name: value for name, value in rules.stages.set_ if now.get(name) != value}
    if rules.stages.close_date == "payment_date" and money.date != case.opportunity.close_date:
        beside[CLOSE_DATE] = money.date
    return beside


def _nothing_to_write(reason: str, plan: FieldPlan, *, attention: bool) -> Decision:
    if attention:
        return Decision("skipped", reason, attention=True)
    if plan.not_ours:
        return for_person("not_ours", names_of(plan.not_ours))
    return Decision("unchanged", "in_step")


def _finished(decision: Decision, case: Case, rules: Rules, money: Money) -> Decision:
    """Mirror fields and fill-ins beside the payment; then what is contested or held is taken out."""
    mirror = mirror_fields(case.opportunity, money, case.own.values, rules.fields, rules.infos)
    if mirror:
        quiet = decision.outcome == "unchanged"
        decision = replace(
            decision,
            outcome="updated",
            reason="linked" if quiet else decision.reason,
            kind="fill_in" if decision.kind == "none" else decision.kind,
            changes=decision.changes | mirror,
        )
    # A reversal is for a person once, and its row is another one in the next pass: that must find nothing to write.
    if not decision.attention or decision.kind == "reversal":
        decision = _with_fill_ins(decision, case, rules, money)
    return restrained(decision, case)


def _with_fill_ins(decision: Decision, case: Case, rules: Rules, money: Money) -> Decision:
    invoices = [account.invoice for account in money.accounts if account.invoice is not None]
    plan = link_fields(case.opportunity, case.links, invoices, case.own.values, rules.fields, rules.infos)
    link = payment_link_field(case.opportunity, case.payment_link, rules.fields, rules.infos)
    changes = plan.changes | link.changes
    warnings = plan.warnings + link.warnings
    if not changes and not warnings:
        return decision
    told = decision.warnings + warnings
    if decision.outcome == "updated" or not changes:
        return replace(decision, changes=decision.changes | changes, warnings=told)
    return replace(decision, outcome="updated", reason="linked", kind="fill_in", changes=changes, warnings=told)


def _with_stage(decision: Decision, stage_part: dict[str, FieldValue], move: Move | None) -> Decision:
    return replace(
        decision,
        changes=decision.changes | stage_part,
        stage_part=frozenset(stage_part),
        move=move,
    )


def _move(target: MoveTarget, money: Money) -> Move:
    return Move(target, frozenset(account.id for account in money.accounts))


def _won_by_qbsf(case: Case) -> bool:
    moved = any(move.target == "paid" for move in case.own.moves)
    return moved and case.own.stage == case.opportunity.stage


def _won_stage(opportunity: Opportunity, stages: StagesConfig) -> str:
    if not stages.paid:
        return ""
    return dict(stages.by_record_type).get(opportunity.record_type, stages.paid)


def _moved_before(case: Case, move: Move, money: Money, rules: Rules, *, due: bool) -> bool:
    """Where the local state does not know, fields that told the whole payment count, for a move that would be due."""
    if case.own.known:
        return move in case.own.moves
    return due and told_whole(case.opportunity, money, rules.fields, rules.infos)


def _won_before_memory(case: Case, rules: Rules) -> bool:
    """A won deal told a payment before the local state began: found open later, it was reopened by a person."""
    told = case.opportunity.fields.get(rules.fields.payment_date) is not None
    return not case.own.known and (told or amount_in(case.opportunity, rules.fields.payment_amount) != 0)


def _may_move(case: Case, rules: Rules) -> bool:
    allowed = rules.stages.from_
    moved_here = bool(case.own.stage) and case.opportunity.stage == case.own.stage
    return not allowed or case.opportunity.stage in allowed or moved_here


def _reaches_amount(opportunity: Opportunity, money: Money, rules: Rules) -> bool:
    return not rules.stages.require_amount or money.amount >= (opportunity.amount or 0)

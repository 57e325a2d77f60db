"""What is taken out of a decision again: no fighting, no hammering at what was refused (rules.md section 4)."""

from dataclasses import replace

from qbsf.core.case import STAGE, Case, Decision, for_person

CONTESTED_AFTER = 3
"""Changed back so often within 24 hours, a value is left to whoever does it."""


def restrained(decision: Decision, case: Case) -> Decision:
    """No fighting, and no hammering at what Salesforce refused."""
    if not case.own.change_backs and case.hold == "none":
        return decision
    contested = {
        name: case.own.change_backs[name]
        for name in decision.changes
        if name in case.own.change_backs and case.own.change_backs[name].count >= CONTESTED_AFTER
    }
    if contested:
        who = ", ".join(f"{name} by {backs.by}" for name, backs in sorted(contested.items()))
        decision = _without(decision, frozenset(contested))
        if not decision.changes:
            return replace(for_person("contested", who), warnings=decision.warnings)
        decision = replace(decision, warnings=(*decision.warnings, f"not written again, changed back: {who}"))
    if case.hold == "stage":
        decision = without_stage(decision)
    elif case.hold == "record":
        decision = replace(decision, changes={})
    if case.hold != "none" and decision.outcome == "updated" and not decision.changes:
        return replace(for_person("held_back"), warnings=decision.warnings)
    return decision


def _without(decision: Decision, names: frozenset[str]) -> Decision:
    changes = {name: value for name, value in decision.changes.items() if name not in names}
    keeps_stage = STAGE in changes
    if not keeps_stage:
        changes = {name: value for name, value in changes.items() if name not in decision.stage_part}
    return replace(
        decision,
        changes=changes,
        stage_part=decision.stage_part & frozenset(changes),
        move=decision.move if keeps_stage or not decision.stage_part else None,
        kind="change" if decision.kind == "win" and not keeps_stage else decision.kind,
        owes_stage=decision.kind == "reversal" and not keeps_stage and bool(decision.stage_part),
    )


def without_stage(decision: Decision) -> Decision:
    """The same without the stage move and what goes with it: the money is recorded all the same."""
    return _without(decision, decision.stage_part)

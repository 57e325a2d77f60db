"""How much of Salesforce's daily allowance was left after the last pass, for `status` and the alerts."""

import json
from datetime import datetime, timedelta

from qbsf.config import KeepApiCalls
from qbsf.report import Problem
from qbsf.state.store import State

_FACT = "api_allowance_low"
_ROLLING = timedelta(hours=24)
"""Salesforce counts the calls of the last 24 hours (salesforce.md section 6): what was seen before tells nothing."""


def warns_below(keep: KeepApiCalls, allowance: int) -> int:
    """The number of remaining calls below which a person should know: twice what is kept for others, and a
    twentieth of the allowance where little or nothing is kept.
    """
    return max(2 * keep.floor(allowance), allowance // 20)


def note_usage(state: State, keep: KeepApiCalls, usage: tuple[int, int] | None, now: datetime) -> None:
    """Remember what Salesforce last said: calls used and the allowance; None where no answer told.

    A warning begins below `warns_below` and ends a quarter above it, so that an org which stays near the border is
    not told of twice an hour.
    """
    if usage is None:
        return
    used, allowance = usage
    left = max(allowance - used, 0)
    border = warns_below(keep, allowance)
    known = state.get(_FACT)
    if left < border or (known is not None and left < border * 5 // 4):
        fact = {"left": left, "allowance": allowance, "floor": keep.floor(allowance), "at": now.isoformat()}
        state.put(_FACT, json.dumps(fact))
    elif known is not None:
        state.forget(_FACT)


def problems(state: State, now: datetime) -> list[Problem]:
    """The warning that the allowance is nearly used, where the last pass saw that."""
    known = state.get(_FACT)
    if known is None:
        return []
    fact = json.loads(known)
    if abs(now - datetime.fromisoformat(fact["at"])) > _ROLLING:
        return []
    left, allowance, floor = fact["left"], fact["allowance"], fact["floor"]
    return [
        Problem(
            "api_allowance",
            f"Salesforce has {left} of {allowance} API calls left for these 24 hours; passes stop below {floor}.",
            "Setup, System Overview, API Usage shows who uses them; see sync.keep_api_calls.",
        )
    ]

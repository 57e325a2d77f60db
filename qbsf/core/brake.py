"""The brake: a pass that would change too much changes nothing of that kind (rules.md section 5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qbsf.core.case import Kind


@dataclass(frozen=True)
class Limits:
    """The most wins and changes in one pass, and reversals within 24 hours; 0 takes a limit off."""

    max_wins: int
    max_reversals: int
    max_changes: int


@dataclass(frozen=True)
class Brake:
    """The kinds of write that this pass must not make, and a sentence for each limit that says so."""

    barred: frozenset[Kind] = frozenset()
    because: tuple[str, ...] = ()


def unlimited(limits: Limits) -> frozenset[Kind]:
    """The kinds of write that no limit can bar, however many are planned."""
    if limits.max_changes:
        return frozenset({"fill_in"})
    limit_of: dict[Kind, int] = {"fill_in": 0, "change": 0, "win": limits.max_wins, "reversal": limits.max_reversals}
    return frozenset(kind for kind, limit in limit_of.items() if not limit)


def brake(kinds: Iterable[Kind], reversals_before: int, limits: Limits) -> Brake:
    """What of the planned writes (one kind an Opportunity) goes over a limit; `reversals_before` are those of the
    last 24 hours.
    """
    planned = Counter(kinds)
    reversals = planned["reversal"] + reversals_before
    changes = planned["win"] + planned["reversal"] + planned["change"]
    barred: set[Kind] = set()
    because: list[str] = []
    if limits.max_wins and planned["win"] > limits.max_wins:
        barred.add("win")
        because.append(f"{planned['win']} deals would be won in one pass (sync.max_wins = {limits.max_wins})")
    if limits.max_reversals and planned["reversal"] and reversals > limits.max_reversals:
        barred.add("reversal")
        because.append(
            f"{reversals} payments would be taken back within 24 hours (sync.max_reversals = {limits.max_reversals})"
        )
    if limits.max_changes and changes > limits.max_changes:
        barred |= {"win", "reversal", "change"}
        because.append(f"{changes} Opportunities would change in one pass (sync.max_changes = {limits.max_changes})")
    return Brake(frozenset(barred), tuple(because))

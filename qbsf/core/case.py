"""The values of the decision about one Opportunity: what it is made from, and what it is (rules.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from qbsf.config import FieldsConfig, StagesConfig
from qbsf.core.fields import OwnValues
from qbsf.core.links import Links
from qbsf.core.states import Money
from qbsf.model import FieldInfo, FieldValue, Opportunity
from qbsf.report import Outcome

Kind = Literal["none", "fill_in", "change", "win", "reversal"]
MoveTarget = Literal["paid", "partially_paid", "reversed"]
"""Where a stage was moved to; "reversed" is a move that is owed, for its stage was refused."""

STAGE = "StageName"
CLOSE_DATE = "CloseDate"


@dataclass(frozen=True)
class Move:
    """A stage move that qbsf made, for a set of invoices, and has not taken back."""

    target: MoveTarget
    invoice_ids: frozenset[str]


@dataclass(frozen=True)
class ChangeBacks:
    """How often within 24 hours others changed back what qbsf wrote to a field, and who did so last."""

    count: int
    by: str


@dataclass(frozen=True)
class Own:
    """What qbsf itself did to this Opportunity before, as far as the local state knows."""

    known: bool = False
    """Whether the local state remembers any write to it."""
    values: OwnValues = field(default_factory=OwnValues)
    moves: frozenset[Move] = frozenset()
    stage: str = ""
    """The stage it moved to last, "" for none."""
    change_backs: Mapping[str, ChangeBacks] = field(default_factory=dict)


Hold = Literal["none", "stage", "record"]
"""Salesforce refused before: nothing is held, the stage move alone, or the whole record."""


@dataclass(frozen=True)
class Case:
    """One Opportunity with everything that decides about it."""

    opportunity: Opportunity
    links: Links
    money: Money | None
    """None where the links have a problem."""
    own: Own = field(default_factory=Own)
    rivals: tuple[str, ...] = ()
    """Ids of other Opportunities that want the same invoice, where this one is not known to own it."""
    hold: Hold = "none"
    doubt_is_old: bool = False
    """The invoices have been inconsistent for more than a day."""
    payment_link: str = ""
    """Where the customer can pay, "" where nothing is to be filled in."""


@dataclass(frozen=True)
class Rules:
    """What of configuration, company and org decides."""

    fields: FieldsConfig
    stages: StagesConfig
    """With stage names as the org's API names."""
    infos: Mapping[str, FieldInfo]
    org_currency: str
    """The currency of an org that has a single one."""
    start_date: date | None = None
    record_partial_payments: bool = True


@dataclass(frozen=True)
class Decision:
    """What is to be done. `changes` is what is sent, of which `stage_part` goes with the stage move."""

    outcome: Outcome
    reason: str
    changes: dict[str, FieldValue] = field(default_factory=dict)
    stage_part: frozenset[str] = frozenset()
    kind: Kind = "none"
    move: Move | None = None
    attention: bool = False
    warnings: tuple[str, ...] = ()
    owes_stage: bool = False
    """A reversal without the stage move that goes with it: that is still to be made."""
    about: str = ""
    """What a person needs to know beside the reason: rival ids, numbers, who changes a value back."""


def for_person(reason: str, about: str = "") -> Decision:
    """Nothing is written: it waits for a person."""
    return Decision("skipped", reason, attention=True, about=about)

"""What must never happen, whatever goes wrong: each save that qbsf makes is held against the rules.

Judged from what Salesforce keeps of each save, and from the books; nothing of qbsf's own state is looked at.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from machine.truth import AMOUNT, LOST, NOTHING, PAYMENT_FIELDS, WON, ZERO, Facts, Truth, truth_of
from program.installation import Installation

from qbsf.sandbox.salesforce.database import Save
from qbsf.sandbox.salesforce.schema import Value
from qbsf.sandbox.salesforce.state import FLOW_USER

DAY = timedelta(days=1)
STAGE = "StageName"
CONTESTED = 3
"""A value that others changed back so often within a day is not written again."""


@dataclass
class DealHistory:
    """What is known of one Opportunity's saves so far, in their order."""

    fields: dict[str, Value] = field(default_factory=lambda: defaultdict(lambda: None))
    own: dict[str, Value] = field(default_factory=dict)
    """What qbsf last wrote, by field, and whether the local state can still know it."""
    before: dict[str, Value] = field(default_factory=dict)
    """What qbsf had written before that."""
    forgotten: bool = False
    """The local state was deleted after qbsf had written to it: qbsf may be cautious here."""
    moved: frozenset[str] = frozenset()
    """The invoices for whose payment qbsf moved it to the won stage, and has not taken back."""
    moved_by_qbsf: bool = False
    """The stage it stands in was set by qbsf."""
    people_wrote: int = 0
    """How often others changed a payment field."""
    undone_at: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When a flow changed a field back, by field."""

    @property
    def facts(self) -> Facts:
        """The payment fields as they stand."""
        amount, day, method, reference = (self.fields[name] for name in PAYMENT_FIELDS)
        assert amount is None or isinstance(amount, Decimal)
        assert day is None or isinstance(day, date)
        return amount or None, day, _text(method), _text(reference)

    def undone(self, names: set[str], at: datetime) -> None:
        """A flow put fields back in the save that wrote them: those writes were never seen to be done."""
        for name in names & set(self.before):
            self.own[name] = self.before[name]
            self.undone_at[name].append(at)


class Watch:
    """Follows the org's saves. `links` tells which invoices an Opportunity means, by its id."""

    def __init__(self, qbsf: Installation) -> None:
        self.qbsf = qbsf
        self.deals: dict[str, DealHistory] = defaultdict(DealHistory)
        self.notes: dict[str, list[str]] = defaultdict(list)
        """Invoices that name an Opportunity themselves."""
        self.disturbances: list[datetime] = []
        """When a pass was cut short, so that something may be written once more than otherwise."""
        self._seen = 0

    def links_of(self, deal: str) -> list[str]:
        """The ids of the invoices that a deal means."""
        named = str(self.qbsf.field(deal, "QB_Invoice_ID__c") or "")
        ids = [each.strip() for each in named.split(",") if each.strip()]
        number = str(self.qbsf.field(deal, "QB_Invoice_Number__c") or "")
        if not ids and number:
            company = self.qbsf.books.company
            ids = [invoice.id for invoice in company.invoices if invoice.number == number]
        return list(dict.fromkeys([*ids, *self.notes[deal]]))

    def truth_about(self, deal: str) -> Truth:
        return truth_of(self.qbsf, self.links_of(deal))

    def state_was_deleted(self) -> None:
        """What was changed back so far is forgotten with it."""
        self.disturbances += [self.qbsf.clock.now()] * CONTESTED
        for deal in self.deals.values():
            deal.forgotten = deal.forgotten or bool(deal.own)

    def disturbed(self) -> None:
        self.disturbances.append(self.qbsf.clock.now())

    def follow(self) -> None:
        """Take in the saves since the last call; AssertionError for one of qbsf's that breaks a rule."""
        saves = self.qbsf.org._database.saves
        fresh, self._seen = saves[self._seen :], len(saves)
        for save in fresh:
            if save.object_name != "Opportunity":
                continue
            history = self.deals[save.record_id]
            if save.through_api:
                self._judge(save, history)
            self._remember(save, history)

    def _judge(self, save: Save, history: DealHistory) -> None:
        changes = save.changes
        told = f"{self.qbsf.field(save.record_id, 'Name')}: {changes}"
        assert changes, f"a save that changes nothing: {told}"
        truth = self.truth_about(save.record_id)
        stage_before = changes[STAGE][0] if STAGE in changes else history.fields[STAGE]
        payment = set(PAYMENT_FIELDS) & set(changes)
        assert stage_before != LOST or not (payment or STAGE in changes), f"a lost deal was written: {told}"
        if changes.get(STAGE, (None, None))[1] == WON:
            assert truth.state == "paid", f"won without money ({truth}): {told}"
            links = frozenset(self.links_of(save.record_id))
            # Without a state, only an amount that still tells the payment shows that it was moved before.
            remembers = not history.forgotten or history.fields[AMOUNT] == truth.cash
            again = history.moved == links and remembers
            assert not again, f"moved twice for one payment: {told}"
        if AMOUNT in changes:
            amount = changes[AMOUNT][1] or ZERO
            assert isinstance(amount, Decimal)
            assert amount <= truth.total, f"more than the invoice ({truth}): {told}"
            assert amount == truth.cash, f"not what was received ({truth}): {told}"
        for name in payment:
            self._judge_field(name, save, history, told)

    def _judge_field(self, name: str, save: Save, history: DealHistory, told: str) -> None:
        old, new = save.changes[name]
        if _lowered(old, new):
            assert history.own.get(name) == old, f"a person's {name} was lowered or emptied: {told}"
        since = save.at - DAY
        undone = sum(1 for moment in history.undone_at[name] if moment > since)
        slack = sum(1 for moment in self.disturbances if moment > since)
        assert undone < CONTESTED + slack, f"fighting over {name}: {told}"

    def _remember(self, save: Save, history: DealHistory) -> None:
        for name, (_, new) in save.changes.items():
            history.fields[name] = new
        payment = set(PAYMENT_FIELDS) & set(save.changes)
        if not save.through_api:
            history.people_wrote += bool(payment)
            if save.by == FLOW_USER:
                history.undone(payment, save.at)
            if STAGE in save.changes:
                history.moved_by_qbsf = False
            return
        for name in payment:
            history.before[name] = history.own.get(name)
            history.own[name] = save.changes[name][1]
        if STAGE in save.changes:
            history.moved_by_qbsf = True
        if save.changes.get(STAGE, (None, None))[1] == WON:
            history.moved = frozenset(self.links_of(save.record_id))
        elif self._takes_back(save):
            history.moved = frozenset()

    def _takes_back(self, save: Save) -> bool:
        """Whether qbsf took a payment back, so that the next one moves the stage again."""
        lowered = any(_lowered(*save.changes[name]) for name in PAYMENT_FIELDS if name in save.changes)
        return (lowered or STAGE in save.changes) and self.truth_about(save.record_id).state != "paid"


def expected(history: DealHistory, truth: Truth, stage: str, reversed_stage: str) -> tuple[Facts, str]:
    """The payment fields and the stage that a clean pass leaves of a plain deal, by the table of rules.md section 4."""
    facts = history.facts
    if stage == LOST:
        return facts, stage
    if truth.state == "paid":
        moved_before = bool(history.moved)
        return truth.facts, WON if stage == WON or not moved_before else stage
    written = history.own.get(AMOUNT)
    if isinstance(written, Decimal) and truth.cash < written:
        if not facts[0]:  # it was taken back already
            return NOTHING, stage
        back = reversed_stage if reversed_stage and stage == WON and history.moved and history.moved_by_qbsf else stage
        return truth.facts if truth.cash else NOTHING, back
    if truth.state == "partly" or (truth.state == "credit" and truth.cash):
        return truth.facts, stage
    return facts, stage


def _lowered(old: Value, new: Value) -> bool:
    """Whether a value became empty, or an amount smaller."""
    if isinstance(old, Decimal):
        return (new if isinstance(new, Decimal) else ZERO) < old
    return bool(old) and not new


def _text(value: Value) -> str | None:
    return str(value) if value else None

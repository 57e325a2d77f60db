"""Writing an invoice's id, number and payment link to its Opportunity: noted first, read back after it.

Only fields that are empty are filled. A lost answer is never repeated blindly: the row, read again, tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qbsf.errors import AnswerLost, QbsfError, Unreachable
from qbsf.invoicing.job import Job
from qbsf.model import FieldInfo, FieldValue, Invoice, Opportunity, OpportunityUpdate, UpdateResult
from qbsf.report import Change
from qbsf.state.own import Note, landed

TRIES = 4
_WAIT_SECONDS = 0.5
_PASSING = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"})
"""What trying again may cure (salesforce.md section 2)."""


@dataclass(frozen=True)
class Linked:
    """What came of it: the fields that were filled, or why Salesforce did not take them."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    refusal: UpdateResult | None = None
    passing: bool = False
    """The refusal may pass by itself: the next run tries again."""


def link(job: Job, row: Opportunity, invoice: Invoice, payment_link: str) -> Linked:
    """Fill in what is empty. Raises Unreachable where Salesforce's answer does not come twice; what clients raise."""
    wanted = _wanted(job, row, invoice, payment_link)
    for lost in (False, True):
        changes = {name: value for name, value in wanted.items() if not row.fields.get(name)}
        if not changes:
            job.end(row.id)
            return Linked()
        note = _note(row, invoice, changes)
        job.own.note([note], job.clock.now())
        try:
            verdict = _update(job, OpportunityUpdate(row.id, row.account_id, changes))
        except AnswerLost:
            seen = _read_back(job, row.id)
            if landed(note, seen, was_answered=False):
                return _confirmed(job, row, seen, changes)
            _settle(job, seen)
            if lost:
                break
            row = seen
            continue
        except QbsfError:
            job.own.refused(row.id)
            raise
        if not verdict.ok:
            job.own.refused(row.id)
            return Linked(refusal=verdict, passing=verdict.code in _PASSING)
        job.own.answered(row.id)
        return _confirmed(job, row, _read_back(job, row.id), changes)
    raise Unreachable(
        f"Salesforce did not answer the link of the Opportunity {row.id} to its invoice, twice.",
        "The next run goes on where this one stopped.",
    )


def _wanted(job: Job, row: Opportunity, invoice: Invoice, payment_link: str) -> dict[str, FieldValue]:
    fields = job.config.fields
    texts = {
        fields.invoice_id: invoice.id,
        fields.invoice_number: invoice.number,
        fields.payment_link: payment_link,
    }
    wanted: dict[str, FieldValue] = {}
    for name, text in texts.items():
        if not name or not text:
            continue
        if not _fits(text, job.lookups.fields.get(name)):
            job.warn(f"{row.name}: {name} is too short for {text!r}, which is left out")
        else:
            wanted[name] = text
    return wanted


def _fits(text: str, info: FieldInfo | None) -> bool:
    return info is None or not info.length or len(text) <= info.length


def _note(row: Opportunity, invoice: Invoice, changes: Mapping[str, FieldValue]) -> Note:
    return Note(
        opportunity_id=row.id,
        changes=changes,
        kind="fill_in",
        invoice_ids=(invoice.id,),
        method_ids=(),
        move=None,
        payment_fields=frozenset(),
    )


def _update(job: Job, update: OpportunityUpdate) -> UpdateResult:
    """Send it; again after a short pause where the row was locked or the server failed."""
    for tried in range(1, TRIES + 1):
        verdict = job.systems.org.update([update])[0]
        pause = _WAIT_SECONDS * 2 ** (tried - 1) * (1 + job.random())
        if verdict.code not in _PASSING or tried == TRIES or pause >= job.deadline.left():
            break
        job.clock.sleep(pause)
    return verdict


def _read_back(job: Job, opportunity_id: str) -> Opportunity:
    rows = job.systems.org.opportunities_by_id(job.columns, [opportunity_id])
    if not rows:
        raise QbsfError(
            f"The Opportunity {opportunity_id} is gone from Salesforce since its invoice was made.",
            "Delete the invoice in QuickBooks, or link it to another Opportunity.",
            code="opportunity_gone",
        )
    return rows[0]


def _settle(job: Job, seen: Opportunity) -> None:
    with job.state.transaction():
        job.own.settle(seen, None, job.systems.org.server_time or job.clock.now())


def _confirmed(job: Job, before: Opportunity, seen: Opportunity, changes: Mapping[str, FieldValue]) -> Linked:
    """Salesforce took it: what the row shows now is what was written, unless a flow took it back at once."""
    _settle(job, seen)
    shown = {name: value for name, value in changes.items() if seen.fields.get(name) == value}
    if len(shown) < len(changes):
        names = ", ".join(sorted(set(changes) - set(shown)))
        by = f" by {seen.modified_by}" if seen.modified_by else ""
        refusal = UpdateResult(before.id, "CHANGED_BACK", f"{names} was changed back{by} as soon as it was written")
        return Linked(_changes(before, shown), refusal)
    job.end(before.id)
    return Linked(_changes(before, shown))


def _changes(before: Opportunity, written: Mapping[str, FieldValue]) -> dict[str, Change]:
    return {name: Change(_text(before.fields.get(name)), _text(value)) for name, value in written.items()}


def _text(value: FieldValue) -> str | None:
    return None if value is None else str(value)

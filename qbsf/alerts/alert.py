"""PURE. One alert: a piece of news about a problem, or a deal that was won."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from qbsf.output.text import grouped, one_line
from qbsf.output.troubles import Word
from qbsf.report import Record


@dataclass(frozen=True)
class Alert:
    """What a person is told, in words and as facts. Its JSON document is `as_json.alert`."""

    kind: Literal["new", "reminder", "over", "paid"]
    profile: str
    code: str
    """Of an error or a problem as in `status --json`, or the `reason` of the records."""
    message: str
    todo: str
    text: str
    """All of it on one line, as people read it."""
    since: datetime
    at: datetime
    records: tuple[Record, ...] = ()


def of_word(word: Word, profile: str, at: datetime) -> Alert:
    """The alert for what a line on stderr tells."""
    return Alert(
        kind=word.kind,
        profile=profile,
        code=word.code,
        message=word.message,
        todo=word.todo,
        text=word.line(profile),
        since=word.since,
        at=at,
        records=word.records,
    )


def is_win(record: Record) -> bool:
    """Whether a write that Salesforce took moved a deal to its won stage."""
    return record.outcome == "updated" and record.reason == "paid" and "StageName" in record.changes


def of_win(record: Record, profile: str, won_at: datetime, at: datetime) -> Alert:
    """The alert of a deal that was won. `won_at`: by Salesforce's clock."""
    text = won_text(record)
    return Alert("paid", profile, record.reason, text, "", text, won_at, at, (record,))


def won_text(record: Record) -> str:
    """What was paid by whom, as in "EUR 2,750.00 from Acme: deal won" (shared/interface.md, `on_paid`); the total of
    the invoices where no cash is known.
    """
    amounts = [payment.amount for payment in record.payments] or [invoice.total for invoice in record.invoices]
    amount = grouped(str(sum((Decimal(each) for each in amounts), Decimal())))
    currency = record.invoices[0].currency if record.invoices else ""
    payer = record.customer or record.account or record.opportunity_name or "a customer"
    return one_line(f"{currency} {amount} from {payer}: deal won")

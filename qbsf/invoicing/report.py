"""What a run of `qbsf invoice` did, as values; terminal, plain lines and JSON are three renderings of it.

Money is a decimal text, dates are ISO texts, as in qbsf/report.py.
"""

from dataclasses import dataclass, field
from typing import Literal

from qbsf.report import Change, Failure, Requests, Run

Outcome = Literal["created", "reconciled", "skipped", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("created", "reconciled", "skipped", "failed")

PATIENT_REASONS = frozenset({"no_lines", "zero_total", "invoiced_already", "closed", "other_stage", "changed"})
"""Reasons to skip that are nobody's task: told to who asks, not to who watches over cron."""


@dataclass(frozen=True)
class LineView:
    """A line of an invoice: the product sold, as which QuickBooks item."""

    product: str
    item: str
    description: str
    quantity: str
    unit_price: str
    amount: str
    service_date: str | None


@dataclass(frozen=True)
class InvoiceSheet:
    """An invoice as it is, or in a dry run as it would be: then it has no id, number, due date and link."""

    id: str | None
    number: str | None
    customer: str
    customer_is_new: bool
    currency: str
    lines: tuple[LineView, ...]
    net: str
    """Before tax."""
    tax: str | None
    """None where only QuickBooks knows it."""
    tax_code: str | None
    total: str | None
    email: str | None
    due_date: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class InvoicingRecord:
    """One Opportunity. `created` in a dry run: would be."""

    outcome: Outcome
    reason: str
    opportunity_id: str
    opportunity_name: str
    account: str | None
    invoice: InvoiceSheet | None = None
    changes: dict[str, Change] = field(default_factory=dict)
    """What was written to the Opportunity."""
    error: Failure | None = None
    note: str = ""
    """One sentence for a person: why, and what to do."""


@dataclass(frozen=True)
class InvoicingSummary:
    created: int = 0
    reconciled: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True)
class InvoicingReport:
    run: Run
    summary: InvoicingSummary
    requests: Requests
    records: tuple[InvoicingRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    error: Failure | None = None
    exit_code: int = 0

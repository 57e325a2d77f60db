"""What a pass did, as values: `sync` returns a Report; terminal, plain lines and JSON are three renderings of it.

Members follow "The report of `sync --json`" in shared/interface.md. Money is a decimal text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Outcome = Literal["updated", "unchanged", "skipped", "failed"]
Mode = Literal["incremental", "full", "invoice", "invoicing"]
"""Of a pass the first three; `invoicing` is a run of `qbsf invoice`."""

QUIET_REASONS = frozenset({"in_step", "not_paid", "no_opportunity"})
"""Reasons that are only counted unless -v or --invoice is given."""


@dataclass(frozen=True)
class InvoiceView:
    id: str
    number: str
    total: str
    balance: str
    currency: str


@dataclass(frozen=True)
class PaymentView:
    id: str
    date: str
    amount: str
    """The cash it brought to this Opportunity's invoices, not the payment's total."""
    method: str
    reference: str


@dataclass(frozen=True)
class Change:
    """Old and new value of one Opportunity field, as JSON writes them (money as text, date as ISO text)."""

    old: str | bool | int | None
    new: str | bool | int | None


@dataclass(frozen=True)
class Failure:
    """`code` and `message` of the system that refused; `todo` only for a pass that could not run or finish."""

    code: str
    message: str
    todo: str = ""


@dataclass(frozen=True)
class Record:
    """An Opportunity with its invoices, or an invoice without one."""

    outcome: Outcome
    reason: str
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    account: str | None = None
    customer: str | None = None
    invoices: tuple[InvoiceView, ...] = ()
    payments: tuple[PaymentView, ...] = ()
    matched_by: str | None = None
    changes: dict[str, Change] = field(default_factory=dict)
    error: Failure | None = None
    note: str = ""
    """One sentence for a person: why, and what to do. Not in the contract, an addition."""


@dataclass(frozen=True)
class Run:
    id: str
    profile: str
    mode: Mode
    dry_run: bool
    complete: bool
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Summary:
    """examined = updated + unchanged + skipped + failed."""

    examined: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Requests:
    """API requests sent, token requests apart."""

    quickbooks: int = 0
    salesforce: int = 0


@dataclass(frozen=True)
class Report:
    run: Run
    summary: Summary
    requests: Requests
    records: Sequence[Record] = ()
    """Every record that is not quiet, and the quiet ones too when they were asked for."""
    warnings: tuple[str, ...] = ()
    error: Failure | None = None
    exit_code: int = 0


@dataclass(frozen=True)
class AttentionItem:
    """A record that waits for a person, and since when."""

    record: Record
    since: datetime
    acknowledged: bool = False
    ack_note: str = ""


@dataclass(frozen=True)
class Problem:
    """A fault of the installation (not of one record)."""

    code: str
    message: str
    todo: str
    urgency: int = 0
    """Where it grows, it is told again at once."""


@dataclass(frozen=True)
class QuickBooksStatus:
    authorized: bool
    realm_id: str | None
    environment: str
    access_token_expires_at: datetime | None
    refresh_token_expires_at: datetime | None
    refresh_token_days_left: int | None
    grant_expires_at: datetime | None


@dataclass(frozen=True)
class SalesforceStatus:
    instance_url: str
    organization_id: str | None
    flow: str
    last_login_at: datetime | None


@dataclass(frozen=True)
class LastRun:
    run: Run
    summary: Summary
    requests: Requests
    exit_code: int
    error: Failure | None = None


@dataclass(frozen=True)
class Status:
    profile: str
    healthy: bool
    problems: tuple[Problem, ...]
    quickbooks: QuickBooksStatus
    salesforce: SalesforceStatus
    last_run: LastRun | None
    last_success_at: datetime | None
    attention: tuple[AttentionItem, ...]
    authorization_needed: bool

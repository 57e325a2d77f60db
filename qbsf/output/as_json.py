"""The JSON documents of shared/interface.md: member names, times in UTC with Z, money as decimal text.

One document a call, as text without its line end. Everything outside ASCII is escaped, so that no name can carry a
control sequence to a terminal and no locale can break the document.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import indent
from typing import TYPE_CHECKING

from qbsf.errors import QbsfError
from qbsf.output import words
from qbsf.output.text import utc
from qbsf.report import (
    AttentionItem,
    Failure,
    LastRun,
    QuickBooksStatus,
    Record,
    Report,
    Requests,
    Run,
    SalesforceStatus,
    Status,
    Summary,
)

if TYPE_CHECKING:
    from qbsf.alerts.alert import Alert
    from qbsf.state.journal import WriteEntry
    from qbsf.sync.options import SyncOptions

SCHEMA = 1
"""Raised when a member is renamed or dropped, which the contract forbids; added ones leave it."""

_NO_RECORDS = '"records": []'
"""How an empty list of records stands in a document; in no text can it stand so, for there quotes are escaped."""

Json = str | int | bool | list["Json"] | Mapping[str, "Json"] | None


def report(value: Report) -> str:
    """The report of `sync --json`."""
    return "\n".join(report_lines(value))


def report_lines(value: Report) -> Iterator[str]:
    """The same in parts that end where a line does: a report may have more records than memory should hold."""
    whole = document(
        {
            "schema": SCHEMA,
            "run": run_members(value.run),
            "summary": _summary(value.summary),
            "requests": request_members(value.requests),
            "records": [],
            "warnings": list(value.warnings),
            "error": failure_members(value.error),
        }
    )
    if not value.records:
        yield whole
        return
    before, _, after = whole.partition(_NO_RECORDS)
    yield f"{before}{_NO_RECORDS[:-1]}"
    last = len(value.records) - 1
    for number, record in enumerate(value.records):
        text = indent(document(_record(record)), " " * 4)
        yield text if number == last else f"{text},"
    yield f"  ]{after}"


def begun(profile: str, options: "SyncOptions") -> dict[str, Json]:
    """What the log file keeps of a pass that begins."""
    return {"profile": profile, "mode": options.mode, "allow_large": options.allow_large}


def events(value: Report) -> Iterator[tuple[str, dict[str, Json]]]:
    """What the log file keeps of a pass: (event, members), one a record and the pass itself last."""
    for record in value.records:
        yield "record", {"run_id": value.run.id, **_record(record)}
    whole: dict[str, Json] = {
        "run": run_members(value.run),
        "summary": _summary(value.summary),
        "requests": request_members(value.requests),
        "warnings": list(value.warnings),
        "error": failure_members(value.error),
        "exit_code": value.exit_code,
    }
    yield "pass", whole


def status(value: Status, *, show_all: bool = False) -> str:
    """The document of `status --json`; acknowledged items only with `show_all`."""
    return document(
        {
            "schema": SCHEMA,
            "profile": value.profile,
            "healthy": value.healthy,
            "problems": [
                {"code": problem.code, "message": problem.message, "todo": problem.todo} for problem in value.problems
            ],
            "quickbooks": _quickbooks(value.quickbooks),
            "salesforce": _salesforce(value.salesforce),
            "last_run": _last_run(value.last_run),
            "last_success_at": _time(value.last_success_at),
            "attention": [_attention(item) for item in value.attention if show_all or not item.acknowledged],
            "error": None,
        }
    )


def history(profile: str, entries: "Sequence[WriteEntry]") -> str:
    """The document of `history --json`: a record as in a report, with when it was written and by which run."""
    writes: list[Json] = [{"at": utc(entry.at), "run_id": entry.run_id, **_record(entry.record)} for entry in entries]
    return document({"schema": SCHEMA, "profile": profile, "writes": writes, "error": None})


def alert(value: "Alert") -> str:
    """The document that `[alerts] command` gets on its stdin."""
    return document({"schema": SCHEMA, **alert_members(value)})


def alert_members(value: "Alert") -> dict[str, Json]:
    """The members of an alert."""
    return {
        "kind": value.kind,
        "profile": value.profile,
        "code": value.code,
        "message": value.message,
        "todo": value.todo,
        "text": value.text,
        "since": utc(value.since),
        "at": utc(value.at),
        "records": [_record(record) for record in value.records],
    }


def error(value: QbsfError) -> str:
    """The document of a command that could not do its work, and of a wrong command line."""
    return document({"schema": SCHEMA, "error": failure_members(Failure(value.code, value.message, value.todo))})


def document(members: Mapping[str, Json]) -> str:
    """A document of this schema as text."""
    return json.dumps(members, indent=2, ensure_ascii=True)


def _time(value: datetime | None) -> str | None:
    return None if value is None else utc(value)


def run_members(value: Run) -> dict[str, Json]:
    """`run` of a report."""
    return {
        "id": value.id,
        "profile": value.profile,
        "mode": value.mode,
        "dry_run": value.dry_run,
        "complete": value.complete,
        "started_at": utc(value.started_at),
        "finished_at": utc(value.finished_at),
    }


def _summary(value: Summary) -> dict[str, Json]:
    return {
        "examined": value.examined,
        "updated": value.updated,
        "unchanged": value.unchanged,
        "skipped": value.skipped,
        "failed": value.failed,
    }


def request_members(value: Requests) -> dict[str, Json]:
    """`requests` of a report."""
    return {"quickbooks": value.quickbooks, "salesforce": value.salesforce}


def failure_members(value: Failure | None) -> dict[str, Json] | None:
    """`error` of a document."""
    if value is None:
        return None
    return {"code": value.code, "message": value.message, "todo": value.todo}


def _record(value: Record) -> dict[str, Json]:
    refused = value.error
    return {
        "opportunity_id": value.opportunity_id,
        "opportunity_name": value.opportunity_name,
        "account": value.account,
        "customer": value.customer,
        "invoices": [
            {
                "id": invoice.id,
                "number": invoice.number,
                "total": invoice.total,
                "balance": invoice.balance,
                "currency": invoice.currency,
            }
            for invoice in value.invoices
        ],
        "payments": [
            {
                "id": payment.id,
                "date": payment.date,
                "amount": payment.amount,
                "method": payment.method,
                "reference": payment.reference,
            }
            for payment in value.payments
        ],
        "matched_by": value.matched_by,
        "outcome": value.outcome,
        "reason": value.reason,
        "changes": {name: {"from": change.old, "to": change.new} for name, change in value.changes.items()},
        "error": None if refused is None else {"code": refused.code, "message": refused.message},
        "note": value.note or words.note(value.reason),
    }


def _attention(value: AttentionItem) -> dict[str, Json]:
    return {
        **_record(value.record),
        "since": utc(value.since),
        "acknowledged": value.acknowledged,
        "ack_note": value.ack_note,
    }


def _quickbooks(value: QuickBooksStatus) -> dict[str, Json]:
    return {
        "authorized": value.authorized,
        "realm_id": value.realm_id,
        "environment": value.environment,
        "access_token_expires_at": _time(value.access_token_expires_at),
        "refresh_token_expires_at": _time(value.refresh_token_expires_at),
        "refresh_token_days_left": value.refresh_token_days_left,
        "grant_expires_at": _time(value.grant_expires_at),
    }


def _salesforce(value: SalesforceStatus) -> dict[str, Json]:
    return {
        "instance_url": value.instance_url,
        "organization_id": value.organization_id,
        "flow": value.flow,
        "last_login_at": _time(value.last_login_at),
    }


def _last_run(value: LastRun | None) -> dict[str, Json] | None:
    """The run's members stand here themselves and under `run` as in a report: scripts may read either."""
    if value is None:
        return None
    return {
        **run_members(value.run),
        "run": run_members(value.run),
        "summary": _summary(value.summary),
        "requests": request_members(value.requests),
        "exit_code": value.exit_code,
        "error": failure_members(value.error),
    }

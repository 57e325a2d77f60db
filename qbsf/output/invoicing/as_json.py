"""The report of `invoice --json` (shared/interface.md), and its events for the log file."""

from qbsf.invoicing.report import InvoiceSheet, InvoicingRecord, InvoicingReport, InvoicingSummary, LineView
from qbsf.output.as_json import SCHEMA, Json, document, failure_members, request_members, run_members


def report(value: InvoicingReport) -> str:
    """The document: schema, run, summary, requests, records, warnings, error."""
    return document(
        {
            "schema": SCHEMA,
            "run": run_members(value.run),
            "summary": _summary(value.summary),
            "requests": request_members(value.requests),
            "records": [_record(record) for record in value.records],
            "warnings": list(value.warnings),
            "error": failure_members(value.error),
        }
    )


def events(value: InvoicingReport) -> list[tuple[str, dict[str, Json]]]:
    """What the log file keeps of a run: (event, members), one a record and the run itself last."""
    told: list[tuple[str, dict[str, Json]]] = [
        ("invoice_record", {"run_id": value.run.id, **_record(record)}) for record in value.records
    ]
    whole: dict[str, Json] = {
        "run": run_members(value.run),
        "summary": _summary(value.summary),
        "requests": request_members(value.requests),
        "warnings": list(value.warnings),
        "error": failure_members(value.error),
        "exit_code": value.exit_code,
    }
    return [*told, ("invoicing", whole)]


def _summary(value: InvoicingSummary) -> dict[str, Json]:
    return {
        "created": value.created,
        "reconciled": value.reconciled,
        "skipped": value.skipped,
        "failed": value.failed,
    }


def _record(value: InvoicingRecord) -> dict[str, Json]:
    refused = value.error
    return {
        "opportunity_id": value.opportunity_id,
        "opportunity_name": value.opportunity_name,
        "account": value.account,
        "outcome": value.outcome,
        "reason": value.reason,
        "invoice": None if value.invoice is None else _sheet(value.invoice),
        "changes": {name: {"from": change.old, "to": change.new} for name, change in value.changes.items()},
        "error": None if refused is None else {"code": refused.code, "message": refused.message},
        "note": value.note,
    }


def _sheet(value: InvoiceSheet) -> dict[str, Json]:
    return {
        "id": value.id,
        "number": value.number,
        "customer": value.customer,
        "customer_is_new": value.customer_is_new,
        "currency": value.currency,
        "lines": [_line(line) for line in value.lines],
        "net": value.net,
        "tax": value.tax,
        "tax_code": value.tax_code,
        "total": value.total,
        "email": value.email,
        "due_date": value.due_date,
        "link": value.link,
    }


def _line(value: LineView) -> dict[str, Json]:
    return {
        "product": value.product,
        "item": value.item,
        "description": value.description,
        "quantity": value.quantity,
        "unit_price": value.unit_price,
        "amount": value.amount,
        "service_date": value.service_date,
    }

"""A run of `qbsf invoice` as it is shown: JSON, plain lines, tables."""

import io
import json
from datetime import UTC

import pytest
from rich.console import Console
from unit.invoicing_examples import NOON

from qbsf.invoicing.report import InvoiceSheet, InvoicingRecord, InvoicingReport, InvoicingSummary, LineView
from qbsf.output.console import terminal_console
from qbsf.output.invoicing import as_json, plain, terminal
from qbsf.report import Change, Failure, Requests, Run

LINE = LineView("Hours (H-1)", "Hours", "March", "3", "33.333", "100.00", "2026-03-31")
SHEET = InvoiceSheet(
    "7",
    "1007",
    "Acme",
    False,
    "EUR",
    (LINE,),
    "100.00",
    "20.00",
    "VAT",
    "120.00",
    "a@acme.example",
    "2026-04-01",
    "https://pay",
)
WOULD_BE = InvoiceSheet(None, None, "[red]Acme[/red]", True, "USD", (LINE,), "100.00", None, None, None, None)
MADE = InvoicingRecord(
    "created",
    "invoiced",
    "006000000000001AAA",
    "Deal",
    "Acme",
    SHEET,
    {"QB_Invoice_ID__c": Change(None, "7")},
    note="It was invoiced.",
)
REFUSED = InvoicingRecord(
    "failed", "rejected", "006000000000002AAA", "Bad\nDeal", None, error=Failure("6000", "no VAT rate"), note="Refused."
)
PLANNED = InvoicingRecord("created", "invoiced", "006000000000003AAA", "Plan", "Acme", WOULD_BE, note="It would be.")


def report(*records: InvoicingRecord, dry_run: bool = False) -> InvoicingReport:
    return InvoicingReport(
        run=Run("r1", "default", "invoicing", dry_run, True, NOON, NOON),
        summary=InvoicingSummary(created=1, failed=1),
        requests=Requests(5, 6),
        records=records,
        warnings=("look here",),
    )


def shown(value: InvoicingReport, width: int = 100) -> str:
    out = io.StringIO()
    console: Console = terminal_console(out, {"NO_COLOR": "1"}, width)
    terminal.report(value, console, UTC)
    return out.getvalue()


def test_the_document_has_the_members_of_the_contract() -> None:
    document = json.loads(as_json.report(report(MADE, REFUSED)))
    assert {"schema", "run", "summary", "requests", "records"} <= set(document)
    assert document["summary"] == {"created": 1, "reconciled": 0, "skipped": 0, "failed": 1}
    assert {"opportunity_id", "outcome", "reason", "invoice", "error"} <= set(document["records"][0])
    assert document["records"][0]["invoice"]["total"] == "120.00"
    assert document["records"][1]["invoice"] is None
    assert document["records"][1]["error"] == {"code": "6000", "message": "no VAT rate"}


def test_the_log_gets_every_record_and_the_run_last() -> None:
    names = [name for name, _ in as_json.events(report(MADE, REFUSED))]
    assert names == ["invoice_record", "invoice_record", "invoicing"]


def test_every_plain_line_of_a_record_begins_with_its_opportunity() -> None:
    lines = plain.report(report(MADE, REFUSED))
    assert sum(line.startswith(MADE.opportunity_id) for line in lines) == 4
    assert 'name="Bad Deal"' in lines[4]
    assert "(6000: no VAT rate)" in lines[4]
    assert lines[-1].startswith("summary mode=invoicing dry_run=no complete=yes created=1")


def test_the_table_shows_lines_tax_total_and_where_to_pay() -> None:
    text = shown(report(MADE))
    for part in (
        "Invoice 1007 for Acme",
        "33.333",
        "EUR 100.00 net, tax (VAT) 20.00, total 120.00",
        "pay at https://pay",
    ):
        assert part in text


@pytest.mark.parametrize("width", [40, 100])
def test_a_dry_run_says_would_be_and_no_name_is_markup(width: int) -> None:
    text = shown(report(PLANNED, dry_run=True), width)
    assert "would be created" in text
    assert "[red]Acme[/red]" in text
    assert "tax by QuickBooks" in text
    assert "Dry run: nothing was written." in text

"""Tables and colour for a terminal: what changed from what to what, the payments behind it, and who is concerned.

Nothing is ever parsed as rich markup: texts are `Text` values, and the console (console.py) has markup switched off.
Below `NARROW` columns tables become stacked lines.
"""

from datetime import tzinfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qbsf.output import words
from qbsf.output.plain import why
from qbsf.output.text import grouped, local, one_line
from qbsf.report import Change, InvoiceView, Outcome, PaymentView, Record, Report

NARROW = 64
"""Columns below which three columns side by side are harder to read than lines below each other."""

_COLOURS: dict[Outcome, str] = {"updated": "green", "unchanged": "dim", "skipped": "yellow", "failed": "red"}
_EMPTY = "(empty)"


def report(value: Report, console: Console, zone: tzinfo | None = None) -> None:
    """One pass: its records one by one, the warnings, the counts. `zone` None is this machine's."""
    run = value.run
    kind = f"{run.mode} pass" + (", dry run" if run.dry_run else "")
    console.print(Text(f"qbsf: {kind}, {one_line(run.profile)}, {local(run.started_at, zone)}", "bold"))
    for record in value.records:
        console.print()
        print_record(record, console, dry_run=run.dry_run)
    if value.warnings:
        console.print()
    for warning in value.warnings:
        console.print(Text(f"warning: {one_line(warning)}", "yellow"))
    console.print()
    _print_summary(value, console)


def _print_summary(value: Report, console: Console) -> None:
    counts = value.summary
    line = Text(f"{counts.examined} examined: ")
    parts: tuple[tuple[int, Outcome], ...] = (
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
    )
    for index, (count, outcome) in enumerate(parts):
        line.append(", " if index else "")
        line.append(f"{count} {_worded(outcome, dry_run=value.run.dry_run)}", _COLOURS[outcome] if count else "")
    requests = value.requests
    line.append(f" ({requests.quickbooks + requests.salesforce} requests)", "dim")
    console.print(line)
    if value.run.dry_run:
        console.print(Text("Dry run: nothing was written.", "bold"))
    if not value.run.complete and value.error is None:
        console.print(Text("Stopped at the time limit; the next run goes on from here.", "yellow"))


def print_record(record: Record, console: Console, *, dry_run: bool) -> None:
    """One record: who is concerned, why, its invoices, the payments and what changed from what to what."""
    console.print(_headline(record, dry_run=dry_run))
    body: list[Text | Table] = [*_who(record), Text(why(record), "red" if record.error else "")]
    body += [_invoice(invoice) for invoice in record.invoices]
    if console.width < NARROW:
        body += [_payment_line(payment) for payment in record.payments]
        body += [_change_lines(name, change) for name, change in record.changes.items()]
    else:
        body += [_payments(record.payments)] if record.payments else []
        body += [_changes(record.changes)] if record.changes else []
    for part in body:
        console.print(Padding(part, (0, 0, 0, 2), expand=False))


def _headline(record: Record, *, dry_run: bool) -> Text:
    outcome = _worded(record.outcome, dry_run=dry_run)
    line = Text(f"{outcome}, {words.label(one_line(record.reason))}: ", _COLOURS[record.outcome])
    return line.append(_title(record), "bold")


def _worded(outcome: Outcome, *, dry_run: bool) -> str:
    return f"would be {outcome}" if dry_run and outcome == "updated" else outcome


def _title(record: Record) -> str:
    if record.opportunity_id is None:
        return "invoice " + ", ".join(one_line(invoice.number or invoice.id) for invoice in record.invoices)
    return one_line(record.opportunity_name or record.opportunity_id)


def _who(record: Record) -> list[Text]:
    parts = []
    if record.account:
        parts.append(f"Account {one_line(record.account)}")
    if record.customer:
        parts.append(f"QuickBooks customer {one_line(record.customer)}")
    if record.opportunity_id:
        parts.append(one_line(record.opportunity_id))
    if record.matched_by:
        parts.append(f"matched by {words.label(one_line(record.matched_by))}")
    return [Text(" · ".join(parts), "dim")] if parts else []


def _invoice(invoice: InvoiceView) -> Text:
    number = one_line(invoice.number or f"id:{invoice.id}")
    currency = one_line(invoice.currency)
    return Text(f"Invoice {number}: {currency} {grouped(invoice.total)}, balance {grouped(invoice.balance)}")


def _payment_line(payment: PaymentView) -> Text:
    details = ", ".join(one_line(text) for text in (payment.method, payment.reference) if text)
    line = f"Payment {one_line(payment.id)}, {one_line(payment.date)}: {grouped(payment.amount)}"
    return Text(f"{line} ({details})" if details else line)


def _payments(payments: tuple[PaymentView, ...]) -> Table:
    table = _table("Payment", "Date", "Cash", "Method", "Reference")
    table.columns[2].justify = "right"
    for payment in payments:
        cells = (payment.id, payment.date, grouped(payment.amount), payment.method, payment.reference)
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def _changes(changes: dict[str, Change]) -> Table:
    table = _table("Field", "Before", "", "After")
    for name, change in changes.items():
        table.add_row(Text(one_line(name)), _old(change), Text("→"), _new(change))
    return table


def _change_lines(name: str, change: Change) -> Text:
    return Text.assemble(f"{one_line(name)}\n  ", _old(change), "\n  → ", _new(change))


def _old(change: Change) -> Text:
    return Text(_value(change.old), "dim")


def _new(change: Change) -> Text:
    return Text(_value(change.new), "green" if change.new is not None else "yellow")


def _value(value: str | bool | int | None) -> str:
    if value is None:
        return _EMPTY
    return one_line(value) if isinstance(value, str) else str(value).lower()


def _table(*headers: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for header in headers:
        table.add_column(Text(header), overflow="fold")
    return table

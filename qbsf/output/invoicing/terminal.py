"""Tables and colour for a terminal: each invoice with its customer, lines and total, and what stands in the way."""

from datetime import tzinfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qbsf.invoicing.report import OUTCOMES, InvoiceSheet, InvoicingRecord, InvoicingReport, LineView, Outcome
from qbsf.output import words
from qbsf.output.invoicing.plain import why
from qbsf.output.terminal import NARROW
from qbsf.output.text import grouped, local, one_line

_COLOURS: dict[Outcome, str] = {"created": "green", "reconciled": "green", "skipped": "yellow", "failed": "red"}


def report(value: InvoicingReport, console: Console, zone: tzinfo | None = None) -> None:
    """One run: its records one by one, the warnings, the counts. `zone` None is this machine's."""
    run = value.run
    kind = "invoicing, dry run" if run.dry_run else "invoicing"
    console.print(Text(f"qbsf: {kind}, {one_line(run.profile)}, {local(run.started_at, zone)}", "bold"))
    for record in value.records:
        console.print()
        _print_record(record, console, dry_run=run.dry_run)
    for warning in value.warnings:
        console.print(Text(f"\nwarning: {one_line(warning)}", "yellow"))
    console.print()
    _print_summary(value, console)


def _print_record(record: InvoicingRecord, console: Console, *, dry_run: bool) -> None:
    outcome = _worded(record.outcome, dry_run=dry_run)
    line = Text(f"{outcome}, {words.label(one_line(record.reason))}: ", _COLOURS[record.outcome])
    console.print(line.append(one_line(record.opportunity_name), "bold"))
    who = [record.opportunity_id, *([f"Account {one_line(record.account)}"] if record.account else [])]
    body: list[Text | Table] = [
        Text(" · ".join(who), "dim"),
        Text(why(record), "red" if record.error else ""),
    ]
    if record.invoice is not None:
        body += _sheet(record.invoice, narrow=console.width < NARROW)
    for part in body:
        console.print(Padding(part, (0, 0, 0, 2), expand=False))


def _sheet(sheet: InvoiceSheet, *, narrow: bool) -> list[Text | Table]:
    number = sheet.number or (f"id:{sheet.id}" if sheet.id else "to be made")
    customer = f"{one_line(sheet.customer)} (a new customer)" if sheet.customer_is_new else one_line(sheet.customer)
    parts: list[Text | Table] = [Text(f"Invoice {one_line(number)} for {customer}")]
    if sheet.lines:
        parts += [_line(line) for line in sheet.lines] if narrow else [_lines(sheet.lines)]
    parts.append(Text(_sums(sheet)))
    details = [
        f"e-mail {one_line(sheet.email)}" if sheet.email else "no e-mail address",
        *([f"due {sheet.due_date}"] if sheet.due_date else []),
        *([f"pay at {one_line(sheet.link)}"] if sheet.link else []),
    ]
    parts.append(Text(" · ".join(details), "dim"))
    return parts


def _sums(sheet: InvoiceSheet) -> str:
    code = f" ({one_line(sheet.tax_code)})" if sheet.tax_code else ""
    currency = one_line(sheet.currency)
    if sheet.tax is None or sheet.total is None:
        return f"{currency} {grouped(sheet.net)} net, tax{code} by QuickBooks"
    return f"{currency} {grouped(sheet.net)} net, tax{code} {grouped(sheet.tax)}, total {grouped(sheet.total)}"


def _lines(lines: tuple[LineView, ...]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for header in ("Product", "QuickBooks item", "Quantity", "Price", "Amount"):
        table.add_column(Text(header), overflow="fold")
    for column in table.columns[2:]:
        column.justify = "right"
    for line in lines:
        cells = (line.product, line.item, line.quantity, line.unit_price, grouped(line.amount))
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def _line(line: LineView) -> Text:
    amount = grouped(line.amount)
    return Text(f"{one_line(line.product)}\n  {line.quantity} at {line.unit_price} = {amount}")


def _print_summary(value: InvoicingReport, console: Console) -> None:
    counts = value.summary
    numbers: dict[Outcome, int] = {
        "created": counts.created,
        "reconciled": counts.reconciled,
        "skipped": counts.skipped,
        "failed": counts.failed,
    }
    line = Text()
    for index, outcome in enumerate(OUTCOMES):
        line.append(", " if index else "")
        worded = _worded(outcome, dry_run=value.run.dry_run)
        line.append(f"{numbers[outcome]} {worded}", _COLOURS[outcome] if numbers[outcome] else "")
    line.append(f" ({value.requests.quickbooks + value.requests.salesforce} requests)", "dim")
    console.print(line)
    if value.run.dry_run:
        console.print(Text("Dry run: nothing was written.", "bold"))
    if not value.run.complete and value.error is None:
        console.print(Text("Stopped at the time limit; the next run goes on from here.", "yellow"))


def _worded(outcome: Outcome, *, dry_run: bool) -> str:
    return f"would be {outcome}" if dry_run and outcome in {"created", "reconciled"} else outcome

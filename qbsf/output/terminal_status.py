"""`qbsf status` on a terminal: is it healthy, how long the tokens last, what waits for a person."""

from datetime import datetime, tzinfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qbsf.output import words
from qbsf.output.plain import why
from qbsf.output.text import local, one_line
from qbsf.report import AttentionItem, Status


def status(
    value: Status, console: Console, *, crontab: str = "", show_all: bool = False, zone: tzinfo | None = None
) -> None:
    """Print it; acknowledged items only with `show_all`. `zone` None is this machine's."""
    verdict = Text("healthy", "bold green") if value.healthy else Text("unhealthy", "bold red")
    console.print(Text.assemble(("qbsf ", "bold"), (one_line(value.profile), "bold"), ": ", verdict))
    for problem in value.problems:
        console.print(Padding(Text(one_line(problem.message), "red"), (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(one_line(problem.todo)), (0, 0, 0, 4), expand=False))
    console.print()
    console.print(_facts(value, zone))
    if crontab:
        console.print(Text(f"Crontab line: {crontab}", "dim"), soft_wrap=True)
    items = [item for item in value.attention if show_all or not item.acknowledged]
    console.print()
    if not items:
        console.print(Text("Nothing waits for a person."))
        return
    console.print(Text(f"Waiting for a person: {len(items)}", "bold yellow"))
    for item in items:
        console.print()
        _print_item(item, console, zone)


def _facts(value: Status, zone: tzinfo | None) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    quickbooks, salesforce, last = value.quickbooks, value.salesforce, value.last_run
    company = f"company {quickbooks.realm_id}" if quickbooks.realm_id else "no company yet"
    grant = "authorized" if quickbooks.authorized else "not authorized"
    rows = [("QuickBooks", f"{grant}, {company}, {quickbooks.environment}")]
    if quickbooks.refresh_token_expires_at is not None:
        days = quickbooks.refresh_token_days_left
        left = "" if days is None else f" ({days} days left)"
        rows.append(("  refresh token", f"until {local(quickbooks.refresh_token_expires_at, zone)}{left}"))
    if quickbooks.access_token_expires_at is not None:
        rows.append(("  access token", f"until {local(quickbooks.access_token_expires_at, zone)}"))
    if quickbooks.grant_expires_at is not None:
        rows.append(("  whole grant", f"until {local(quickbooks.grant_expires_at, zone)}"))
    org = f"org {salesforce.organization_id}" if salesforce.organization_id else "no org yet"
    rows.append(("Salesforce", f"{salesforce.instance_url}, {org}, {salesforce.flow}"))
    rows.append(("  last login", _when(salesforce.last_login_at, zone)))
    if last is None:
        rows.append(("Last pass", "never"))
    else:
        counts = last.summary
        finished = local(last.run.finished_at, zone)
        rows.append(("Last pass", f"{finished}, {last.run.mode}, exit {last.exit_code}"))
        done = f"{counts.updated} updated, {counts.unchanged} unchanged, "
        left = f"{counts.skipped} skipped, {counts.failed} failed"
        rows.append(("", f"{counts.examined} examined: {done}{left}"))
    rows.append(("Last good pass", _when(value.last_success_at, zone)))
    for name, fact in rows:
        grid.add_row(Text(name), Text(one_line(fact)))
    return grid


def _when(instant: datetime | None, zone: tzinfo | None) -> str:
    return "never" if instant is None else local(instant, zone)


def _print_item(item: AttentionItem, console: Console, zone: tzinfo | None) -> None:
    record = item.record
    numbers = ", ".join(one_line(invoice.number or f"id:{invoice.id}") for invoice in record.invoices)
    title = one_line(record.opportunity_name or record.opportunity_id or f"invoice {numbers}")
    console.print(Text.assemble((words.label(one_line(record.reason)), "yellow"), ": ", (title, "bold")))
    facts = [
        f"Account {one_line(record.account)}" if record.account else "",
        f"QuickBooks customer {one_line(record.customer)}" if record.customer else "",
        one_line(record.opportunity_id or ""),
        f"invoice {numbers}" if numbers else "",
        f"since {local(item.since, zone)}",
    ]
    console.print(Padding(Text(" · ".join(fact for fact in facts if fact), "dim"), (0, 0, 0, 2), expand=False))
    console.print(Padding(Text(why(record)), (0, 0, 0, 2), expand=False))
    if item.acknowledged:
        note = f": {one_line(item.ack_note)}" if item.ack_note else ""
        console.print(Padding(Text(f"acknowledged{note}", "dim"), (0, 0, 0, 2), expand=False))

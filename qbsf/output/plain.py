"""Plain lines for pipes, logs and mail: one fact a line, the record it belongs to first, so that grep finds all of it.

Every function returns lines without their ends; every text from another system has gone through text.py.
"""

from collections.abc import Iterator
from datetime import datetime

from qbsf.output import words
from qbsf.output.text import one_line, quoted, utc
from qbsf.report import AttentionItem, Change, InvoiceView, PaymentView, Problem, Record, Report, Status


def report(value: Report) -> Iterator[str]:
    """The records, what changed in each and why, the warnings, and the summary as the last line."""
    for record in value.records:
        yield from record_lines(record)
    for warning in value.warnings:
        yield f"warning: {one_line(warning)}"
    yield _summary(value)


def status(value: Status, *, crontab: str = "", show_all: bool = False) -> list[str]:
    """Tokens, last passes and what waits for a person; acknowledged items only with `show_all`."""
    lines = [f"profile {one_line(value.profile)} {'healthy' if value.healthy else 'unhealthy'}"]
    lines += [problem(found) for found in value.problems]
    quickbooks, salesforce = value.quickbooks, value.salesforce
    lines.append(
        pairs(
            "quickbooks",
            authorized=_yes(quickbooks.authorized),
            realm_id=quickbooks.realm_id,
            environment=quickbooks.environment,
            access_token_expires_at=_time(quickbooks.access_token_expires_at),
            refresh_token_expires_at=_time(quickbooks.refresh_token_expires_at),
            refresh_token_days_left=_count(quickbooks.refresh_token_days_left),
            grant_expires_at=_time(quickbooks.grant_expires_at),
        )
    )
    lines.append(
        pairs(
            "salesforce",
            instance_url=salesforce.instance_url,
            organization_id=salesforce.organization_id,
            flow=salesforce.flow,
            last_login_at=_time(salesforce.last_login_at),
        )
    )
    last = value.last_run
    if last is not None:
        lines.append(
            pairs(
                "last_run",
                id=last.run.id,
                mode=last.run.mode,
                finished_at=utc(last.run.finished_at),
                complete=_yes(last.run.complete),
                exit_code=str(last.exit_code),
                examined=str(last.summary.examined),
                updated=str(last.summary.updated),
                unchanged=str(last.summary.unchanged),
                skipped=str(last.summary.skipped),
                failed=str(last.summary.failed),
            )
        )
    lines.append(f"last_success_at {_time(value.last_success_at) or 'never'}")
    lines += [_attention(item) for item in value.attention if show_all or not item.acknowledged]
    if crontab:
        lines.append(f"crontab {crontab}")
    return lines


def problem(found: Problem) -> str:
    """One fault of the installation, with its cure."""
    return f"problem {one_line(found.code)}: {one_line(f'{found.message} {found.todo}')}"


def named(record: Record) -> str:
    """What a person calls the record: its Opportunity with the id, or its invoices."""
    if record.opportunity_id is not None:
        name = quoted(record.opportunity_name or "")
        return f"Opportunity {name} ({one_line(record.opportunity_id)})"
    numbers = ", ".join(one_line(invoice.number or f"id:{invoice.id}") for invoice in record.invoices)
    return f"invoice {numbers}" if numbers else "a record"


def why(record: Record) -> str:
    """Why it stands so and what to do, with the refusal of the other system where there was one."""
    sentence = one_line(record.note or words.note(record.reason))
    if record.error is None:
        return sentence
    return f"{sentence} ({one_line(record.error.code)}: {one_line(record.error.message)})"


def record_lines(record: Record) -> Iterator[str]:
    """One record: its outcome and reason, then a line for each invoice, payment and changed field."""
    key = _key(record)
    yield pairs(
        f"{key} {record.outcome} {one_line(record.reason)}",
        name=record.opportunity_name,
        account=record.account,
        customer=record.customer,
        matched_by=record.matched_by,
        note=why(record),
    )
    for invoice in record.invoices:
        yield f"{key} {_invoice(invoice)}"
    for payment in record.payments:
        yield f"{key} {_payment(payment)}"
    for field, change in record.changes.items():
        yield f"{key} change {one_line(field)}: {_change(change)}"


def _key(record: Record) -> str:
    if record.opportunity_id is not None:
        return one_line(record.opportunity_id)
    return ",".join(f"invoice:{one_line(invoice.id)}" for invoice in record.invoices) or "-"


def _invoice(invoice: InvoiceView) -> str:
    return pairs(
        "invoice",
        id=invoice.id,
        number=invoice.number,
        total=invoice.total,
        balance=invoice.balance,
        currency=invoice.currency,
    )


def _payment(payment: PaymentView) -> str:
    return pairs(
        "payment",
        id=payment.id,
        date=payment.date,
        amount=payment.amount,
        method=payment.method,
        reference=payment.reference,
    )


def _change(change: Change) -> str:
    return f"{_value(change.old)} -> {_value(change.new)}"


def _value(value: str | bool | int | None) -> str:
    if value is None:
        return "empty"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def _attention(item: AttentionItem) -> str:
    record = item.record
    return pairs(
        f"attention {_key(record)} {one_line(record.reason)}",
        since=utc(item.since),
        name=record.opportunity_name,
        account=record.account,
        customer=record.customer,
        invoices=",".join(invoice.number or f"id:{invoice.id}" for invoice in record.invoices),
        acknowledged="yes" if item.acknowledged else None,
        ack_note=item.ack_note,
        note=why(record),
    )


def _summary(value: Report) -> str:
    counts = value.summary
    return pairs(
        "summary",
        mode=value.run.mode,
        dry_run=_yes(value.run.dry_run),
        complete=_yes(value.run.complete),
        examined=str(counts.examined),
        updated=str(counts.updated),
        unchanged=str(counts.unchanged),
        skipped=str(counts.skipped),
        failed=str(counts.failed),
        quickbooks_requests=str(value.requests.quickbooks),
        salesforce_requests=str(value.requests.salesforce),
    )


def pairs(head: str, **members: str | None) -> str:
    """`head name=value ...`: members that are empty or None are left out, texts that need it are quoted."""
    return " ".join([head, *(f"{name}={_word(text)}" for name, text in members.items() if text)])


def _word(text: str) -> str:
    safe = one_line(text)
    return quoted(text) if safe != safe.replace(" ", "") or '"' in safe or "=" in safe or not safe else safe


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _count(value: int | None) -> str | None:
    return None if value is None else str(value)


def _time(value: datetime | None) -> str | None:
    return None if value is None else utc(value)

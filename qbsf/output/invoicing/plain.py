"""Plain lines for pipes, logs and mail: one fact a line, the Opportunity it belongs to first."""

from collections.abc import Iterator

from qbsf.invoicing.report import InvoiceSheet, InvoicingRecord, InvoicingReport
from qbsf.output.plain import pairs
from qbsf.output.text import one_line, quoted


def report(value: InvoicingReport) -> list[str]:
    """The records with their invoices and lines, the warnings, and the summary as the last line."""
    return [
        *(line for record in value.records for line in _record(record)),
        *(f"warning: {one_line(warning)}" for warning in value.warnings),
        _summary(value),
    ]


def named(record: InvoicingRecord) -> str:
    """What a person calls the record."""
    return f"Opportunity {quoted(record.opportunity_name)} ({one_line(record.opportunity_id)})"


def why(record: InvoicingRecord) -> str:
    """Why it stands so and what to do, with the refusal of the other system where there was one."""
    sentence = one_line(record.note)
    if record.error is None:
        return sentence
    return f"{sentence} ({one_line(record.error.code)}: {one_line(record.error.message)})"


def _record(record: InvoicingRecord) -> Iterator[str]:
    key = one_line(record.opportunity_id)
    yield pairs(
        f"{key} {record.outcome} {one_line(record.reason)}",
        name=record.opportunity_name,
        account=record.account,
        note=why(record),
    )
    if record.invoice is not None:
        yield f"{key} {_sheet(record.invoice)}"
        for line in record.invoice.lines:
            members = pairs(
                "line",
                product=line.product,
                item=line.item,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
                service_date=line.service_date,
            )
            yield f"{key} {members}"
    for field, change in record.changes.items():
        yield f"{key} change {one_line(field)}: {_value(change.old)} -> {_value(change.new)}"


def _sheet(sheet: InvoiceSheet) -> str:
    return pairs(
        "invoice",
        id=sheet.id,
        number=sheet.number,
        customer=sheet.customer,
        new_customer="yes" if sheet.customer_is_new else None,
        currency=sheet.currency,
        net=sheet.net,
        tax=sheet.tax,
        tax_code=sheet.tax_code,
        total=sheet.total,
        email=sheet.email,
        due_date=sheet.due_date,
        link=sheet.link,
    )


def _value(value: str | bool | int | None) -> str:
    return "empty" if value is None else quoted(str(value))


def _summary(value: InvoicingReport) -> str:
    counts = value.summary
    return pairs(
        "summary",
        mode=value.run.mode,
        dry_run="yes" if value.run.dry_run else "no",
        complete="yes" if value.run.complete else "no",
        created=str(counts.created),
        reconciled=str(counts.reconciled),
        skipped=str(counts.skipped),
        failed=str(counts.failed),
        quickbooks_requests=str(value.requests.quickbooks),
        salesforce_requests=str(value.requests.salesforce),
    )

"""Drafts and invoices as the report shows them. PURE."""

from decimal import Decimal

from qbsf.invoicing.books import BookedInvoice
from qbsf.invoicing.deals import Deal
from qbsf.invoicing.documents import usable_email
from qbsf.invoicing.plan import Draft, DraftLine
from qbsf.invoicing.report import InvoiceSheet, InvoicingRecord, LineView, Outcome
from qbsf.model import Invoice
from qbsf.report import InvoiceView, Record


def record(deal: Deal, outcome: Outcome, reason: str, note: str, sheet: InvoiceSheet | None = None) -> InvoicingRecord:
    """The record of one Opportunity."""
    row = deal.opportunity
    return InvoicingRecord(outcome, reason, row.id, row.name, row.account_name or None, sheet, note=note)


def sheet_of_draft(draft: Draft) -> InvoiceSheet:
    """The invoice as it would be."""
    tax = draft.tax_code.tax_on(draft.net) if draft.tax_code else None
    return InvoiceSheet(
        id=None,
        number=None,
        customer=draft.customer_name,
        customer_is_new=draft.customer is None,
        currency=draft.currency,
        lines=tuple(_line(line) for line in draft.lines),
        net=money(draft.net),
        tax=None if tax is None else money(tax),
        tax_code=draft.tax_code.name if draft.tax_code else None,
        total=None if tax is None else money(draft.net + tax),
        email=draft.email if usable_email(draft.email) else None,
    )


def sheet_of_invoice(booked: BookedInvoice, currency: str, draft: Draft | None = None) -> InvoiceSheet:
    """The invoice as QuickBooks has it; with its lines where this run made it. `currency`: of one that shows none."""
    invoice = booked.invoice
    return InvoiceSheet(
        id=invoice.id,
        number=invoice.number or None,
        customer=invoice.customer,
        customer_is_new=draft is not None and draft.customer is None,
        currency=invoice.currency or currency,
        lines=tuple(_line(line) for line in draft.lines) if draft else (),
        net=money(invoice.total - booked.tax),
        tax=money(booked.tax),
        tax_code=draft.tax_code.name if draft and draft.tax_code else None,
        total=money(invoice.total),
        email=booked.email or None,
        due_date=booked.due_date.isoformat() if booked.due_date else None,
        link=booked.link or None,
    )


def history_record(told: InvoicingRecord, invoice: Invoice, currency: str) -> Record:
    """The same for `qbsf history`, which knows records of passes."""
    reason = "invoiced" if told.outcome == "created" else "invoice_found"
    view = InvoiceView(
        invoice.id, invoice.number, money(invoice.total), money(invoice.balance), invoice.currency or currency
    )
    return Record(
        outcome="updated",
        reason=reason,
        opportunity_id=told.opportunity_id,
        opportunity_name=told.opportunity_name,
        account=told.account,
        customer=invoice.customer or None,
        invoices=(view,),
        changes=dict(told.changes),
        note=told.note,
    )


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _line(line: DraftLine) -> LineView:
    basket = line.line
    return LineView(
        product=line.product,
        item=line.item.name,
        description=basket.description,
        quantity=f"{basket.quantity:f}",
        unit_price=f"{basket.unit_price:f}",
        amount=money(basket.amount),
        service_date=basket.service_date.isoformat() if basket.service_date else None,
    )

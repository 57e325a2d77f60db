"""Payment links of linked invoices: asked once an invoice, and only where a customer could use one.

QuickBooks tells a link only in a request of its own (`include=invoiceLink`), so a pass asks for a few and leaves the
rest to the next one: payments are not kept waiting.
"""

from collections.abc import Iterator, Sequence

from qbsf.errors import UnexpectedAnswer
from qbsf.model import Invoice, Opportunity
from qbsf.quickbooks.faults import QuickBooksRefused
from qbsf.sync.context import Context
from qbsf.sync.facts import with_money

LINKS_A_PASS = 50


def ask_for_links(context: Context, opportunity_ids: Sequence[str]) -> None:
    """Ask for the links that these Opportunities lack; those left to the next pass stay on the list to be done.

    An invoice for which QuickBooks refuses to tell one has none: that must not keep payments from being written.
    """
    if not context.config.fields.payment_link:
        return
    asked: set[str] = set()
    for opportunity_id, invoice in _without_link(context, opportunity_ids):
        if invoice.id in asked:
            continue
        if len(asked) == LINKS_A_PASS:
            context.links_left.add(opportunity_id)
            continue
        context.check_time()
        asked.add(invoice.id)
        try:
            link = context.books.payment_link(invoice.id)
        except (QuickBooksRefused, UnexpectedAnswer) as error:
            context.warn(f"the payment link of invoice {invoice.number or invoice.id} is not told: {error.message}")
            link = ""
        context.pay_links.remember(invoice.id, link)
        context.deals.touch([opportunity_id])


def link_of(context: Context, row: Opportunity, invoice_ids: Sequence[str]) -> str:
    """The payment link that belongs into an Opportunity's field; "" where there is none, or it is not qbsf's to set: a
    person may have put another one there, or have taken it out.
    """
    if len(invoice_ids) != 1 or not _is_open_to_a_link(context, row):
        return ""
    name, link = context.config.fields.payment_link, context.pay_links.link(invoice_ids[0])
    return "" if link == context.own.value(row.id, name) else link


def _without_link(context: Context, opportunity_ids: Sequence[str]) -> Iterator[tuple[str, Invoice]]:
    for opportunity_id in with_money(context, opportunity_ids):
        invoice = _invoice_without_link(context, opportunity_id)
        if invoice is not None:
            yield opportunity_id, invoice


def _invoice_without_link(context: Context, opportunity_id: str) -> Invoice | None:
    """The one invoice of an Opportunity that has no link yet and whose customer could still pay by one."""
    row = context.deals.get(opportunity_id)
    invoice_ids = context.deals.links_of(opportunity_id)
    if row is None or row.is_lost or len(invoice_ids) != 1 or not _is_open_to_a_link(context, row):
        return None
    known = context.cache.invoice(invoice_ids[0])
    if known is None or known[1] or not known[0].bill_email or known[0].balance <= 0:
        return None
    asked_anew = context.options.invoice is not None and not context.pay_links.link(known[0].id)
    return known[0] if asked_anew or not context.pay_links.was_asked(known[0].id) else None


def _is_open_to_a_link(context: Context, row: Opportunity) -> bool:
    """Whether the field is empty, or holds what qbsf wrote there for another invoice."""
    name = context.config.fields.payment_link
    held = row.fields.get(name)
    return not held or held == context.own.value(row.id, name)

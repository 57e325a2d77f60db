"""Reading at once, from the state, what is about to be asked of it one by one."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from qbsf.core.links import link_text, possible_names
from qbsf.model import Invoice, Payment
from qbsf.sync.context import Context

BATCH = 500
"""Opportunities whose facts are fetched at once."""


def batches(opportunity_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in portions that are worked on at once."""
    for start in range(0, len(opportunity_ids), BATCH):
        yield opportunity_ids[start : start + BATCH]


def with_money(context: Context, opportunity_ids: Sequence[str]) -> Iterator[str]:
    """The same ids, with what deciding about them needs fetched a batch at a time."""
    for batch in batches(opportunity_ids):
        fetch_money(context, batch)
        yield from batch


def fetch_names(context: Context, opportunity_ids: Collection[str]) -> None:
    """What finding the links of these Opportunities needs."""
    context.deals.fetch(opportunity_ids)
    context.own.fetch(opportunity_ids)
    fields = context.config.fields
    ids: list[str] = []
    numbers: list[str] = []
    for opportunity_id in opportunity_ids:
        ids += context.deals.links_of(opportunity_id)
        row = context.deals.get(opportunity_id)
        if row is not None:
            ids += possible_names(link_text(row, fields.invoice_id))
            numbers += possible_names(link_text(row, fields.invoice_number))
    context.cache.fetch_named(opportunity_ids, numbers)
    context.cache.fetch_invoices(ids)
    context.deals.fetch_naming(ids, numbers)


def fetch_money(context: Context, opportunity_ids: Collection[str]) -> None:
    """What deciding about these Opportunities needs; their links are found."""
    context.deals.fetch(opportunity_ids)
    context.own.fetch(opportunity_ids)
    fetch_names(context, [each for each in opportunity_ids if context.deals.found_links(each) is None])
    ids = [each for opportunity_id in opportunity_ids for each in context.deals.links_of(opportunity_id)]
    context.pay_links.fetch(ids)
    context.cache.fetch_invoices(ids)
    context.deals.fetch_naming(ids, ())
    payments: list[str] = []
    for invoice_id in ids:
        payments += context.cache.payment_ids_of(invoice_id)
        known = context.cache.invoice(invoice_id)
        if known is not None:
            payments += known[0].payment_ids
    context.cache.fetch_payments(payments)


def fetch_for_invoices(context: Context, rows: Collection[Invoice]) -> None:
    """What taking in these invoices needs."""
    ids = [row.id for row in rows]
    numbers = [row.number for row in rows if row.number]
    context.cache.fetch_invoices(ids)
    context.cache.fetch_missing("invoice_id", ids)
    context.deals.fetch_naming(ids, numbers)
    context.deals.fetch({each for row in rows for each in row.opportunity_ids})


def fetch_for_payments(context: Context, rows: Iterable[Payment]) -> None:
    """What taking in these payments needs."""
    payments = list(rows)
    invoices = {line.txn_id for row in payments for line in row.lines if line.txn_type == "Invoice"}
    context.cache.fetch_payments(row.id for row in payments)
    context.cache.fetch_invoices(invoices)
    context.deals.fetch_naming(invoices, ())

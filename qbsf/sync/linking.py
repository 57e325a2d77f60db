"""Which invoices are whose, kept in the state: so that two Opportunities that want one invoice are seen."""

from collections.abc import Iterable

from qbsf.core.fields import amount_in
from qbsf.core.links import Candidates, Links, OwnLinks, find_links, link_text, possible_names
from qbsf.model import Opportunity
from qbsf.sync.context import Context

_BATCH = 500


def links_of(context: Context, row: Opportunity) -> Links:
    """The links of one Opportunity, from what is known of QuickBooks."""
    fields, by = context.config.fields, context.config.match.by
    candidates = Candidates(
        by_id=context.cache.candidates_by_id(possible_names(link_text(row, fields.invoice_id))),
        by_number=context.cache.candidates_by_number(possible_names(link_text(row, fields.invoice_number))),
        mentioning=context.cache.candidates_mentioning(row.id) if "opportunity_id" in by else (),
    )
    filled_in = [_own_text(context, row.id, name) for name in (fields.invoice_id, fields.invoice_number)]
    paid = context.own.value(row.id, fields.payment_amount)
    if not context.own.knows(row.id) and not any(filled_in):
        paid = amount_in(row, fields.payment_amount)
    first_way = context.deals.first_way(row.id)
    own = OwnLinks(
        invoice_id=filled_in[0],
        invoice_number=filled_in[1],
        first_way=first_way,
        joined=frozenset(context.deals.links_of(row.id)) if first_way == "opportunity_id" else frozenset(),
        payment_written=bool(paid),
    )
    return find_links(row, candidates, own, fields, by)


def relink(context: Context, opportunity_ids: Iterable[str]) -> None:
    """Find links anew; whoever shares an invoice that came or went is marked to be decided again, and so on."""
    waiting = list(opportunity_ids)
    done: set[str] = set()
    while waiting:
        with context.state.transaction():
            for _ in range(min(_BATCH, len(waiting))):
                _relink_one(context, waiting, done)


def _relink_one(context: Context, waiting: list[str], done: set[str]) -> None:
    opportunity_id = waiting.pop()
    if opportunity_id in done:
        return
    done.add(opportunity_id)
    row = context.deals.get(opportunity_id)
    if row is None:
        context.deals.done([opportunity_id])
        return
    links = links_of(context, row)
    moved = context.deals.set_links(opportunity_id, links.way, links.invoice_ids)
    for invoice_id in moved:
        others = [e for e in context.deals.linked_to(invoice_id) if e != opportunity_id and e not in done]
        context.deals.mark(others)
        waiting.extend(others)
    gone = [i for i in moved if i not in links.invoice_ids and not context.deals.linked_to(i)]
    context.cache.drop_unwanted(gone)


def _own_text(context: Context, opportunity_id: str, field: str) -> str | None:
    value = context.own.value(opportunity_id, field) if field else None
    return value if isinstance(value, str) else None

"""Which invoices are whose, kept in the state: so that two Opportunities that want one invoice are seen."""

from collections.abc import Iterable

from qbsf.core.fields import amount_in
from qbsf.core.links import Candidates, Links, OwnLinks, find_links, link_text, possible_names
from qbsf.model import Opportunity
from qbsf.sync.context import Context
from qbsf.sync.facts import BATCH, fetch_names


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
    """Find links anew, where they may have changed; whoever shares an invoice that came or went is marked to be decided
    again, and so on.
    """
    waiting = context.deals.not_linked_yet(opportunity_ids)
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        with context.state.transaction():
            fetch_names(context, batch)
            shared: dict[str, None] = {}
            for opportunity_id in batch:
                shared.update(dict.fromkeys(_relink_one(context, opportunity_id)))
            others = shared.keys() - set(batch)
            context.deals.mark(others)
            waiting += context.deals.not_linked_yet(others)


def _relink_one(context: Context, opportunity_id: str) -> list[str]:
    """Answers the other Opportunities that want an invoice which came to this one or left it."""
    row = context.deals.get(opportunity_id)
    if row is None:
        context.deals.done([opportunity_id])
        return []
    links = links_of(context, row)
    context.deals.linked(opportunity_id, links)
    moved = context.deals.set_links(opportunity_id, links.way, links.invoice_ids)
    gone = [i for i in moved if i not in links.invoice_ids and not context.deals.linked_to(i)]
    context.cache.drop_unwanted(gone)
    return [each for i in moved for each in context.deals.linked_to(i) if each != opportunity_id]


def _own_text(context: Context, opportunity_id: str, field: str) -> str | None:
    value = context.own.value(opportunity_id, field) if field else None
    return value if isinstance(value, str) else None

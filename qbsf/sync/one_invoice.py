"""`qbsf sync --invoice`: which invoice a person means, and the Opportunities that have to do with it."""

from collections.abc import Iterable

from qbsf.core.links import link_text, possible_names
from qbsf.errors import UsageError
from qbsf.model import Invoice, Opportunity
from qbsf.sync.context import Context
from qbsf.sync.intake import Intake
from qbsf.sync.linking import relink

_FORCED_ID = "id:"
_SEVERAL = 2


def find_invoice(context: Context, text: str) -> Invoice:
    """The invoice with this number, else with this id; "id:" forces the id.

    Raises UsageError where there is none, and where the text names more than one.
    """
    name = text.strip()
    if name.lower().startswith(_FORCED_ID):
        return _only(name, context.books.invoices_by_id([name[len(_FORCED_ID) :].strip()]))
    numbered = [row for row in context.books.invoices_by_number([name]) if row.number == name]
    with_id = context.books.invoices_by_id([name])
    return _only(name, {row.id: row for row in (*numbered, *with_id)}.values())


def take_in(context: Context, intake: Intake, invoice: Invoice) -> set[str]:
    """Read every Opportunity that names the invoice, or that it names; all their records will be read afresh.

    Answers their ids; none means that the invoice belongs to no Opportunity.
    """
    texts = [text for text in (invoice.id, invoice.number) if text]
    rows = {row.id: row for row in context.org.opportunities_naming(context.columns, texts)}
    meant = {row.id for row in rows.values() if _names(context, row, invoice)}
    mentioned = invoice.opportunity_ids if "opportunity_id" in context.config.match.by else ()
    further = (set(mentioned) | set(context.deals.linked_to(invoice.id))) - set(rows)
    for row in context.org.opportunities_by_id(context.columns, sorted(further)) if further else []:
        rows[row.id] = row
        meant.add(row.id)
    meant |= set(mentioned) & set(rows)
    with context.state.transaction():
        for opportunity_id in meant:
            intake.mentions_waiting.setdefault(opportunity_id, [])
        intake.opportunities([rows[each] for each in sorted(meant)], reread=True)
        intake.mentions_waiting.clear()
        if meant:
            intake.invoices([invoice])
            intake.mentions_found(meant)
    return meant


def find_rivals(context: Context, intake: Intake, scope: set[str]) -> None:
    """Read who else names the further invoices of these Opportunities: ambiguity is decided over the whole world."""
    linked = {invoice_id for each in scope for invoice_id in context.deals.links_of(each)}
    invoices = [known[0] for each in sorted(linked) if (known := context.cache.invoice(each)) is not None]
    if len(invoices) < _SEVERAL:
        return
    texts = sorted({text for invoice in invoices for text in (invoice.id, invoice.number) if text})
    rows = context.org.opportunities_naming(context.columns, texts)
    rivals = [row for row in rows if row.id not in scope and any(_names(context, row, each) for each in invoices)]
    intake.opportunities(rivals)
    relink(context, [*sorted(scope), *(row.id for row in rivals)])


def _names(context: Context, row: Opportunity, invoice: Invoice) -> bool:
    """Whether a link field names the invoice exactly, whatever LIKE took for it."""
    fields = context.config.fields
    by_id = invoice.id in possible_names(link_text(row, fields.invoice_id))
    return by_id or (bool(invoice.number) and invoice.number in possible_names(link_text(row, fields.invoice_number)))


def _only(name: str, rows: Iterable[Invoice]) -> Invoice:
    found = list(rows)
    if not found:
        raise UsageError(
            f"QuickBooks has no invoice with the number or id {name!r}.",
            "Give the number as QuickBooks shows it, or id:NUMBER for its QuickBooks id.",
            code="no_such_invoice",
        )
    if len(found) > 1:
        listed = "; ".join(
            f"id:{row.id} is number {row.number or '(none)'} over {row.total:.2f} for {row.customer}" for row in found
        )
        raise UsageError(
            f"{name!r} names {len(found)} invoices: {listed}.",
            "Nothing was changed; say which one with --invoice id:….",
            code="ambiguous_invoice",
        )
    return found[0]

"""Whether an Opportunity has its invoice already, or carries another one's. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qbsf.config import FieldsConfig
from qbsf.core.links import link_text
from qbsf.invoicing.deals import Deal
from qbsf.invoicing.plan import Hindrance
from qbsf.model import Invoice, Opportunity


@dataclass(frozen=True)
class Sibling:
    """Another Opportunity that names the same invoice."""

    opportunity: Opportunity
    created: datetime


def references(opportunity: Opportunity, fields: FieldsConfig) -> tuple[str, ...]:
    """What stands in its invoice-id and invoice-number field; nothing where both are empty."""
    texts = (link_text(opportunity, fields.invoice_id), link_text(opportunity, fields.invoice_number))
    return tuple(text for text in texts if text)


def clone_of(
    deal: Deal, siblings: Sequence[Sibling], mentions: Mapping[str, Sequence[str]], fields: FieldsConfig
) -> Hindrance | None:
    """Whether the invoice that an Opportunity names is another one's: a cloned deal copies the field.

    `mentions` are the Opportunity ids that each invoice carries, by invoice id. An invoice that carries ids tells by
    itself; otherwise the oldest Opportunity that names it is the one it was made for.
    """
    named = references(deal.opportunity, fields)
    carried = mentions.get(link_text(deal.opportunity, fields.invoice_id), ())
    if deal.id in carried:
        return None
    older = min(
        (each for each in siblings if (each.created, each.opportunity.id) < (deal.created, deal.id)),
        key=lambda each: (each.created, each.opportunity.id),
        default=None,
    )
    if carried:
        original = next(
            (f'"{each.opportunity.name}"' for each in siblings if each.opportunity.id in carried), carried[0]
        )
    elif older is not None:
        original = f'"{older.opportunity.name}" ({older.opportunity.id})'
    else:
        return None
    names = [name for name in (fields.invoice_id, fields.invoice_number, fields.payment_link) if name]
    return Hindrance(
        "clone_carries_invoice",
        f"It carries the invoice of {original} ({named[-1]}), as a clone does, so nothing was billed for it. "
        f"Clear {', '.join(names)} here to have it invoiced.",
    )


def is_void(invoice: Invoice) -> bool:
    """Voided: the amounts are gone, and the note says so."""
    return invoice.voided and invoice.total == 0 and invoice.balance == 0


def found_by_note(deal: Deal, invoices: Sequence[Invoice]) -> Invoice | Hindrance | None:
    """The invoice that carries the Opportunity's id already; None where there is none."""
    carrying = [invoice for invoice in invoices if deal.id in invoice.opportunity_ids]
    live = [invoice for invoice in carrying if not is_void(invoice)]
    if len(live) == 1:
        return live[0]
    if live:
        names = ", ".join(sorted(invoice.number or f"id:{invoice.id}" for invoice in live))
        return Hindrance(
            "several_invoices", f"Several QuickBooks invoices carry its id already: {names}. `qbsf sync` links them."
        )
    if carrying:
        name = carrying[0].number or f"id:{carrying[0].id}"
        return Hindrance(
            "voided",
            f"Its invoice {name} was voided in QuickBooks. To have it invoiced again, take the Opportunity's id out of "
            "that invoice's note, and clear the invoice fields here.",
        )
    return None

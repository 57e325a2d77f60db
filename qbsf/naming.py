"""How a person names what qbsf keeps a record of: an invoice by number or id, an Opportunity by id or name. PURE."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from qbsf.report import Record
from qbsf.salesforce.ids import is_sound, long_id

T = TypeVar("T")

_ID_MARK = "id:"
_OPPORTUNITY_PREFIX = "006"


def opportunity_id(text: str) -> str | None:
    """The 18-character form where the text is an Opportunity's id of either length."""
    return long_id(text) if text.startswith(_OPPORTUNITY_PREFIX) and is_sound(text) else None


def named(text: str, items: Iterable[T], record_of: Callable[[T], Record]) -> list[T]:
    """The items whose record is meant by `text`, in their order: an Opportunity id (15 or 18 characters), "id:" and a
    QuickBooks id, an invoice's number or id, else a part of the Opportunity's name in any case.
    """
    wanted = text.strip()
    if not wanted:
        return []
    found = list(items)
    if wanted.startswith(_ID_MARK):
        invoice_id = wanted.removeprefix(_ID_MARK).strip()
        return [item for item in found if any(invoice.id == invoice_id for invoice in record_of(item).invoices)]
    if (deal := opportunity_id(wanted)) is not None:
        return [item for item in found if record_of(item).opportunity_id == deal]
    by_invoice = [
        item for item in found if any(wanted in (invoice.number, invoice.id) for invoice in record_of(item).invoices)
    ]
    part = wanted.casefold()
    return by_invoice or [item for item in found if part in (record_of(item).opportunity_name or "").casefold()]

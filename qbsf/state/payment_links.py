"""Where customers can pay: asked of QuickBooks once an invoice, and remembered also where it had no answer."""

from collections.abc import Iterable

from qbsf.state.known import THESE, Known
from qbsf.state.store import State


class PaymentLinks:
    """The payment links of invoices, by invoice id."""

    def __init__(self, state: State) -> None:
        def load(keys: str) -> dict[str, str | None]:
            return dict(state.db.execute(f"SELECT key, value FROM meta WHERE key IN {THESE}", (keys,)))  # noqa: S608

        self._state = state
        self._links: Known[str | None] = Known(state, load, None)

    def fetch(self, invoice_ids: Iterable[str]) -> None:
        """Read what is known of these invoices at once: they are about to be asked for."""
        self._links.fetch(_key(each) for each in invoice_ids)

    def was_asked(self, invoice_id: str) -> bool:
        return self._links.get(_key(invoice_id)) is not None

    def link(self, invoice_id: str) -> str:
        """The address, "" where there is none or QuickBooks was not asked."""
        return self._links.get(_key(invoice_id)) or ""

    def remember(self, invoice_id: str, link: str) -> None:
        """What QuickBooks answered; "" for no link."""
        self._state.put(_key(invoice_id), link)
        self._links.set(_key(invoice_id), link)


def _key(invoice_id: str) -> str:
    return f"payment_link:{invoice_id}"

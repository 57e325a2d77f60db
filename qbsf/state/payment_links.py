"""Where customers can pay: asked of QuickBooks once an invoice, and remembered also where it had no answer."""

from qbsf.state.store import State


class PaymentLinks:
    """The payment links of invoices, by invoice id."""

    def __init__(self, state: State) -> None:
        self._state = state

    def was_asked(self, invoice_id: str) -> bool:
        return self._state.get(_key(invoice_id)) is not None

    def link(self, invoice_id: str) -> str:
        """The address, "" where there is none or QuickBooks was not asked."""
        return self._state.get(_key(invoice_id)) or ""

    def remember(self, invoice_id: str, link: str) -> None:
        """What QuickBooks answered; "" for no link."""
        self._state.put(_key(invoice_id), link)


def _key(invoice_id: str) -> str:
    return f"payment_link:{invoice_id}"

"""A small oracle: what the rules say of plain deals, from what people did in the books. Not a copy of qbsf/core.

Plain: pure payments and pure credit memos, one currency, an invoice for one deal, payment fields that no person wrote.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from program.installation import Installation

from qbsf.sandbox.quickbooks.records import Invoice, Payment

ZERO = Decimal("0.00")
AMOUNT, DATE = "QB_Payment_Amount__c", "QB_Payment_Date__c"
METHOD, REFERENCE = "QB_Payment_Method__c", "QB_Payment_Reference__c"
PAYMENT_FIELDS = (AMOUNT, DATE, METHOD, REFERENCE)
WON, LOST = "Closed Won", "Closed Lost"

State = Literal["paid", "credit", "partly", "open", "gone"]
Facts = tuple[Decimal | None, date | None, str | None, str | None]
"""What the four payment fields should hold."""
NOTHING: Facts = (None, None, None, None)


@dataclass(frozen=True)
class Truth:
    """What a deal's invoices have received by now."""

    state: State
    cash: Decimal
    facts: Facts
    total: Decimal
    """The sum of the invoices' totals: no payment is more."""


def truth_of(qbsf: Installation, invoice_ids: list[str]) -> Truth:
    """The truth about a deal that names these invoices."""
    company = qbsf.books.company
    with company.moment():
        invoices = [found for each in invoice_ids if (found := company.invoices.get(each)) is not None]
        live = [invoice for invoice in invoices if invoice.total]
        received = [_received(qbsf, invoice) for invoice in live]
        money = sorted((each for one in received for each in one), key=lambda item: (item[0].txn_date, int(item[0].id)))
        methods = [_method(qbsf, payment) for payment, _ in money]
    cash = sum((amount for _, amount in money), ZERO)
    facts: Facts = NOTHING
    if money:
        references = [payment.reference for payment, _ in money]
        facts = (cash, money[-1][0].txn_date, _joined(methods), _joined(references))
    state = _state(live, [sum((amount for _, amount in one), ZERO) for one in received])
    return Truth(state, cash, facts, sum((invoice.total for invoice in invoices), ZERO))


def _received(qbsf: Installation, invoice: Invoice) -> list[tuple[Payment, Decimal]]:
    """The payments that brought money for it; one that only applies a credit memo has no total."""
    payments = qbsf.books.company.payments
    linked = [(payments.get(payment_id), amount) for payment_id, amount in invoice.links.items()]
    return [(payment, amount) for payment, amount in linked if payment is not None and payment.total]


def _state(live: list[Invoice], money: list[Decimal]) -> State:
    """`money` is what each of the live invoices received; at most half of one may be settled by credit."""
    if not live:
        return "gone"
    if any(invoice.open for invoice in live):
        return "partly" if any(money) else "open"
    is_paid = all(2 * cash >= invoice.total and cash for invoice, cash in zip(live, money, strict=True))
    return "paid" if is_paid else "credit"


def _method(qbsf: Installation, payment: Payment) -> str:
    entry = qbsf.books.company.lists["PaymentMethod"].get(payment.method)
    return "" if entry is None else entry.name


def _joined(words: list[str]) -> str | None:
    return ", ".join(dict.fromkeys(word for word in words if word)) or None

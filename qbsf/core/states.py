"""The state of an invoice, and of all invoices of an Opportunity together (rules.md sections 1 and 2)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from qbsf.core.received import ZERO, shares_of
from qbsf.model import Invoice, Payment

State = Literal[
    "voided",
    "zero_total",
    "paid",
    "settled_by_credit",
    "partially_paid",
    "not_paid",
    "unknown_invoice",
    "unexplained",
    "inconsistent",
    "currency_mismatch",
]
_DOUBTFUL: tuple[State, ...] = ("unexplained", "inconsistent", "unknown_invoice")
_LEFT_OUT: tuple[State, ...] = ("voided", "zero_total")


@dataclass(frozen=True)
class Receipt:
    """What one payment (or the invoice's own Deposit) brought to one invoice."""

    payment_id: str
    """ "" for a Deposit taken on the invoice itself."""
    txn_date: dt.date
    entered: dt.date
    """The day it was entered, as QuickBooks' own offset tells it."""
    applied: Decimal
    cash: Decimal
    method_id: str
    method: str
    reference: str


@dataclass(frozen=True)
class InvoiceAccount:
    """An invoice with what it received; `invoice` is None for one of which QuickBooks has never shown more than its
    deletion.
    """

    id: str
    invoice: Invoice | None
    state: State
    receipts: tuple[Receipt, ...] = ()
    currency: str = ""

    @property
    def cash(self) -> Decimal:
        return sum([receipt.cash for receipt in self.receipts], ZERO)

    @property
    def dated(self) -> tuple[Receipt, ...]:
        """Those that date the payment: what brought cash, and where credit alone counts as paid, what applied it."""
        brought = tuple([receipt for receipt in self.receipts if receipt.cash > 0])
        return brought or (self.receipts if self.state == "paid" else ())


@dataclass(frozen=True)
class Money:
    """The four facts of an Opportunity's invoices together, and the state they are in."""

    state: State
    accounts: tuple[InvoiceAccount, ...]
    amount: Decimal = ZERO
    date: dt.date | None = None
    methods: tuple[str, ...] = ()
    method_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    currency: str = ""
    settled_on: dt.date | None = None
    """For what is settled: the last day on which a payment of it was dated or entered, whichever is later."""
    total: Decimal = ZERO
    balance: Decimal = ZERO

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """All receipts of all invoices, in the order of the facts."""
        return _in_order(self.accounts)


@dataclass(frozen=True)
class BookRules:
    """What of company and configuration decides a state."""

    home_currency: str
    max_credit_share: Decimal
    method_names: Mapping[str, str]
    """PaymentMethod id -> name, inactive ones too."""


def account_of(
    invoice: Invoice, payments: Iterable[Payment], rules: BookRules, *, deleted: bool = False
) -> InvoiceAccount:
    """What an invoice received from the payments that link it, and the state that makes it.

    A payment that the invoice lists and that cannot be explained counts as well, whatever its lines say.
    """
    currency = invoice.currency or rules.home_currency
    nothing = (invoice.id, invoice)
    if deleted or (invoice.total == 0 and invoice.balance == 0 and invoice.voided):
        return InvoiceAccount(*nothing, state="voided", currency=currency)
    if invoice.total == 0:
        return InvoiceAccount(*nothing, state="zero_total", currency=currency)
    receipts: list[Receipt] = []
    if invoice.deposit:
        receipts.append(_deposit_receipt(invoice))
    for payment in payments:
        shares = shares_of(payment)
        linked = [line for line in payment.lines if line.txn_id == invoice.id and line.txn_type == "Invoice"]
        if not linked and (shares is not None or payment.id not in invoice.payment_ids):
            continue
        if shares is None or (payment.currency or rules.home_currency) != currency:
            return InvoiceAccount(*nothing, state="unexplained", currency=currency)
        share = shares[invoice.id]
        receipts.append(
            Receipt(
                payment_id=payment.id,
                txn_date=payment.txn_date,
                entered=payment.created.date(),
                applied=share.applied,
                cash=share.cash,
                method_id=payment.method_id,
                method=rules.method_names.get(payment.method_id) or payment.method_name,
                reference=payment.reference.strip(),
            )
        )
    ordered = tuple(receipts if len(receipts) == 1 else sorted(receipts, key=_by_date_then_number))
    state = _state(invoice, ordered, rules.max_credit_share)
    return InvoiceAccount(*nothing, state=state, receipts=ordered, currency=currency)


def unknown_account(invoice_id: str) -> InvoiceAccount:
    """An invoice that an Opportunity names and QuickBooks has never shown."""
    return InvoiceAccount(invoice_id, None, "unknown_invoice")


def deleted_account(invoice_id: str) -> InvoiceAccount:
    """An invoice of which the change feed told nothing but that it was deleted."""
    return InvoiceAccount(invoice_id, None, "voided")


def combine(accounts: Sequence[InvoiceAccount]) -> Money:
    """The facts of all of an Opportunity's invoices (at least one) together."""
    states = {account.state for account in accounts}
    if not states.isdisjoint(_DOUBTFUL):
        return Money(next(state for state in _DOUBTFUL if state in states), tuple(accounts))
    alive = [account for account in accounts if account.state not in _LEFT_OUT]
    if not alive:
        state: State = "voided" if "voided" in states else "zero_total"
        return Money(state, tuple(accounts), currency=next((a.currency for a in accounts if a.currency), ""))
    if len({account.currency for account in alive}) > 1:
        return Money("currency_mismatch", tuple(accounts))
    state = _together(alive)
    receipts = _in_order(alive)
    brought = [receipt for receipt in receipts if receipt.cash > 0]
    settled = state in ("paid", "settled_by_credit")
    return Money(
        state,
        tuple(accounts),
        amount=sum([receipt.cash for receipt in brought], ZERO),
        date=max([receipt.txn_date for account in alive for receipt in account.dated], default=None),
        methods=_distinct([receipt.method for receipt in brought]),
        method_ids=_distinct([receipt.method_id for receipt in brought]),
        references=_distinct([receipt.reference for receipt in brought]),
        currency=alive[0].currency,
        settled_on=max([max(r.txn_date, r.entered) for r in receipts], default=None) if settled else None,
        total=sum([a.invoice.total for a in alive if a.invoice], ZERO),
        balance=sum([a.invoice.balance for a in alive if a.invoice], ZERO),
    )


def _state(invoice: Invoice, receipts: Sequence[Receipt], max_credit_share: Decimal) -> State:
    applied = sum([receipt.applied for receipt in receipts], ZERO)
    cash = sum([receipt.cash for receipt in receipts], ZERO)
    if invoice.total - invoice.balance != applied:
        return "inconsistent"
    if invoice.balance > 0:
        return "partially_paid" if cash > 0 else "not_paid"
    enough_cash = cash > 0 or max_credit_share >= 1
    if enough_cash and applied - cash <= max_credit_share * invoice.total:
        return "paid"
    return "settled_by_credit"


def _together(alive: Sequence[InvoiceAccount]) -> State:
    states = {account.state for account in alive}
    if states == {"paid"}:
        return "paid"
    if states & {"partially_paid", "not_paid"}:
        return "partially_paid" if any(account.cash > 0 for account in alive) else "not_paid"
    return "settled_by_credit"


def _deposit_receipt(invoice: Invoice) -> Receipt:
    return Receipt(
        payment_id="",
        txn_date=invoice.txn_date,
        entered=invoice.created.date(),
        applied=invoice.deposit,
        cash=invoice.deposit,
        method_id="",
        method="",
        reference="",
    )


def _in_order(accounts: Sequence[InvoiceAccount]) -> tuple[Receipt, ...]:
    """The receipts of these invoices, in the order of the facts."""
    if len(accounts) == 1:
        return accounts[0].receipts
    receipts = [receipt for account in accounts for receipt in account.receipts]
    return tuple(sorted(receipts, key=_by_date_then_number))


def _by_date_then_number(receipt: Receipt) -> tuple[dt.date, int]:
    return receipt.txn_date, int(receipt.payment_id or 0)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([text for text in texts if text]))

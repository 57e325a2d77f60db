"""The accounting: how payments, credits and invoices settle each other, and what a change of one does to the others.

A payment always keeps: sum of its paid lines - sum of its credit lines + unapplied = total, 0 <= unapplied <= total.
Whatever changes a balance moves the LastUpdatedTime of both sides, and the SyncToken of neither
(quickbooks.md section 3: recorded Invoice 103 and Payment 147).
"""

from collections.abc import Sequence
from decimal import Decimal

from qbsf.sandbox.quickbooks.company import LEDGER_ENTITIES, Company
from qbsf.sandbox.quickbooks.records import (
    ZERO,
    CreditMemo,
    Invoice,
    LedgerEntry,
    Payment,
    PaymentLine,
    SalesForm,
    Side,
    Transaction,
)
from qbsf.sandbox.quickbooks.refusal import RefusedError, business, invalid_reference

_VOIDED = "Voided"


class Ledger:
    """Called with the company's lock held."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def side(self, line: PaymentLine) -> Side:
        """On which side of its payment a line stands."""
        if line.txn_type in {"CreditMemo", "Deposit"}:
            return "credit"
        if line.txn_type == "JournalEntry":
            entry = self._company.linked(line.txn_type, line.txn_id)
            return entry.side if isinstance(entry, LedgerEntry) else "paid"
        return "paid"

    def sums(self, lines: Sequence[PaymentLine]) -> tuple[Decimal, Decimal]:
        """(paid, credit)"""
        paid = sum((line.amount for line in lines if self.side(line) == "paid"), ZERO)
        return paid, sum((line.amount for line in lines), ZERO) - paid

    # -- payments -------------------------------------------------------------------------------------------------

    def set_lines(self, payment: Payment, lines: Sequence[PaymentLine], total: Decimal | None = None) -> None:
        """Link a payment, of another total where given, to exactly these transactions.
        Refuses more than is open, and more than was received.
        """
        total = payment.total if total is None else total
        before = {(line.txn_type, line.txn_id): line.amount for line in payment.lines}
        wanted = [line for line in lines if line.amount]
        self._check(payment.currency, total, wanted, before)
        after = {(line.txn_type, line.txn_id): line.amount for line in wanted}
        payment.lines, payment.total = wanted, total
        for txn_type, txn_id in {**before, **after}:
            amount = after.get((txn_type, txn_id), ZERO)
            if amount != before.get((txn_type, txn_id), ZERO):
                self._link(payment, txn_type, txn_id, amount)
        paid, credit = self.sums(wanted)
        payment.unapplied = total + credit - paid

    def _check(
        self,
        currency: str,
        total: Decimal,
        lines: Sequence[PaymentLine],
        before: dict[tuple[str, str], Decimal],
    ) -> None:
        if len({(line.txn_type, line.txn_id) for line in lines}) != len(lines):
            raise business("A transaction stands on more than one line of the payment.")
        for line in lines:
            target = self._company.linked(line.txn_type, line.txn_id)
            if target is None:
                raise invalid_reference("Line.LinkedTxn")
            if target.currency != currency:
                raise business("Transactions of different currencies cannot be linked.")
            free = target.open + before.get((line.txn_type, line.txn_id), ZERO)
            if not ZERO < line.amount <= free:
                raise business(f"{line.txn_type} {line.txn_id}: {line.amount} cannot be applied, {free} is open.")
        paid, credit = self.sums(lines)
        if paid > total + credit:
            raise business("The amount applied is more than the payment and its credits.")
        if credit > paid:
            raise business("More credit than the transactions it settles.")

    def _link(self, payment: Payment, txn_type: str, txn_id: str, amount: Decimal) -> None:
        target = self._company.linked(txn_type, txn_id)
        if target is None:
            return
        self.balance_moves(target)
        if amount:
            target.links[payment.id] = amount
        else:
            target.links.pop(payment.id, None)
        self._company.touch(target)

    def balance_moves(self, target: Transaction) -> None:
        """Remember the balance that an invoice is about to leave."""
        if isinstance(target, Invoice):
            target.last_balance = target.open

    def set_total(self, payment: Payment, total: Decimal) -> None:
        """Another amount received; less than is applied takes the applied amounts back, the last line first."""
        payment.total = total
        self._fit(payment)

    def _fit(self, payment: Payment) -> None:
        """Bring the lines of a payment back to its identity after something else changed."""
        lines = [PaymentLine(line.amount, line.txn_type, line.txn_id) for line in payment.lines]
        paid, credit = self.sums(lines)
        unapplied = payment.total + credit - paid
        if unapplied < ZERO:
            self._cut(lines, "paid", -unapplied)
        elif unapplied > payment.total:
            self._cut(lines, "credit", unapplied - payment.total)
        self.set_lines(payment, lines)

    def _cut(self, lines: list[PaymentLine], side: Side, excess: Decimal) -> None:
        for line in reversed(lines):
            if self.side(line) == side:
                cut = min(excess, line.amount)
                line.amount -= cut
                excess -= cut

    def void_payment(self, payment: Payment) -> None:
        """Amount 0, no lines, the note says so; its invoices are open again (docs/payment_voided.json)."""
        self.set_lines(payment, [])
        payment.total = payment.unapplied = ZERO
        payment.private_note = voided_note(payment.private_note)

    def delete_payment(self, payment: Payment) -> None:
        self.set_lines(payment, [])
        self._company.payments.remove(payment, self._company.deletion(payment))

    def apply_open_credits(self, customer: str) -> None:
        """Where the company applies credits by itself: open credit memos settle open invoices, oldest first,
        each by a payment of 0 (quickbooks.md section 4).
        """
        if not self._company.settings.auto_apply_credits:
            return
        memos = [memo for memo in self._company.credit_memos if memo.customer == customer]
        invoices = [invoice for invoice in self._company.invoices if invoice.customer == customer]
        for invoice in invoices:
            for memo in memos:
                amount = min(invoice.open, memo.open)
                if amount > ZERO:
                    self._apply(invoice, memo, amount)

    def _apply(self, invoice: Invoice, memo: CreditMemo, amount: Decimal) -> None:
        now = self._company.now()
        payment = Payment(
            id=self._company.next_txn_id(),
            created=now,
            updated=now,
            customer=invoice.customer,
            txn_date=now.date(),
            currency=invoice.currency,
            private_note="Created by QB Online to link credits to charges.",
        )
        lines = [
            PaymentLine(amount, "Invoice", invoice.id),
            PaymentLine(amount, "CreditMemo", memo.id),
        ]
        self.set_lines(payment, lines)
        self._company.payments.add(payment)

    # -- what payments settle -------------------------------------------------------------------------------------

    def free_excess(self, target: Transaction) -> None:
        """Take back what is applied beyond a lowered total, the latest payment first."""
        for payment_id in reversed(list(target.links)):
            excess = -target.open
            if excess <= ZERO:
                return
            self._unlink(target, payment_id, min(excess, target.links[payment_id]))

    def free(self, target: Transaction) -> None:
        """Take back everything that is applied."""
        for payment_id in list(target.links):
            self._unlink(target, payment_id, target.links[payment_id])

    def _unlink(self, target: Transaction, payment_id: str, amount: Decimal) -> None:
        payment = self._company.payments.get(payment_id)
        if payment is None:
            raise RefusedError("10000", "An application error has occurred", f"no payment {payment_id}")
        for line in payment.lines:
            if line.txn_id == target.id and self._company.linked(line.txn_type, line.txn_id) is target:
                self.balance_moves(target)
                line.amount -= amount
                rest = target.links[payment_id] - amount
                if rest:
                    target.links[payment_id] = rest
                else:
                    del target.links[payment_id]
        payment.lines = [line for line in payment.lines if line.amount]
        self._fit(payment)
        self._company.touch(payment)
        self._company.touch(target)

    def void_form(self, form: SalesForm) -> None:
        """Amounts 0, links cleared, the note says so (recorded/invoice_voided.json)."""
        self.balance_moves(form)
        self.free(form)
        form.total = form.tax = ZERO
        if isinstance(form, Invoice):
            form.deposit = ZERO
        for line in form.lines:
            line.amount = ZERO
            for member in ("UnitPrice", "Qty"):
                if member in line.detail:
                    line.detail[member] = 0
        form.private_note = voided_note(form.private_note)

    def delete(self, target: Invoice | CreditMemo | LedgerEntry) -> None:
        """Only the change feed tells of it; its payments are freed."""
        self.free(target)
        deletion = self._company.deletion(target)
        match target:
            case Invoice():
                self._company.invoices.remove(target, deletion)
            case CreditMemo():
                self._company.credit_memos.remove(target, deletion)
            case LedgerEntry():
                self._company.ledger_entries[LEDGER_ENTITIES[target.kind]].remove(target, deletion)


def voided_note(note: str) -> str:
    """What the note says of a voided transaction: the word goes before what it said."""
    return f"{_VOIDED} - {note}" if note else _VOIDED

"""Money received, credits applied, refunds linked: payments as bookkeepers enter and change them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from qbsf.sandbox.quickbooks.company import LEDGER_ENTITIES
from qbsf.sandbox.quickbooks.people_base import Day, Money, PeopleBase, as_day, as_money, locked
from qbsf.sandbox.quickbooks.records import (
    PURCHASE_KINDS,
    ZERO,
    Document,
    LedgerEntry,
    Payment,
    PaymentLine,
    Side,
)

Invoices = Mapping[str, Money] | Sequence[str] | str
"""Amounts by invoice id; or ids alone, which are paid in full."""
Link = tuple[str, str, Money]
"""(TxnType, id, amount)"""
_PURCHASE_TYPES = {"Expense": "Cash", "Check": "Check", "CreditCardCredit": "CreditCard"}


class PaymentPeople(PeopleBase):
    @locked
    def receive_payment(
        self,
        invoices: Invoices = (),
        amount: Money | None = None,
        *,
        customer: str = "",
        date: Day = None,
        method: str = "Check",
        reference: str = "",
        credits: Sequence[Link] = (),  # noqa: A002 - the bookkeeper's word; the builtin is interactive help
        refunds: Sequence[Link] = (),
        card: tuple[str, str] | None = None,
        private_note: str = "",
        exchange_rate: Money = 1,
    ) -> str:
        """A payment for these invoices. `amount` is what was received, by default what settles the lines; more is
        left unapplied, and a payment with no invoice is a prepayment. `method` is a name, made where it is new,
        "" for none; `card` is (card type, transaction id) of QuickBooks Payments.
        """
        lines = self._lines(invoices, credits, refunds)
        who = customer or self._customer_of(lines)
        paid, credit = self._ledger.sums(lines)
        now = self.company.now()
        payment = Payment(
            id=self.company.next_txn_id(),
            created=now,
            updated=now,
            customer=self._customer(who).id,
            txn_date=as_day(date, self._today()),
            currency=self.company.customer_currency(self._customer(who).id),
            exchange_rate=Decimal(exchange_rate),
            private_note=private_note,
            method=self._method(method),
            reference=reference,
        )
        if card is not None:
            payment.card_type, payment.card_transaction = card
        self._ledger.set_lines(payment, lines, paid - credit if amount is None else as_money(amount))
        self.company.payments.add(payment)
        self.company.touch(payment)
        return payment.id

    @locked
    def apply_credit(self, credit_memo: str, invoice: str, amount: Money | None = None, *, date: Day = None) -> str:
        """Apply a credit memo to an invoice: a payment of 0 with both lines."""
        memo, target = self._credit_memo(credit_memo), self._invoice(invoice)
        applied = min(memo.open, target.open) if amount is None else as_money(amount)
        return self.receive_payment(
            {invoice: applied},
            0,
            date=date,
            method="",
            credits=[("CreditMemo", credit_memo, applied)],
        )

    @locked
    def edit_payment(
        self,
        payment_id: str,
        *,
        amount: Money | None = None,
        invoices: Invoices | None = None,
        credits: Sequence[Link] | None = None,  # noqa: A002 - as in receive_payment
        refunds: Sequence[Link] | None = None,
        date: Day = None,
        method: str | None = None,
        reference: str | None = None,
        private_note: str | None = None,
    ) -> None:
        """Change what is given; the lines of a kind that is not given stay."""
        payment = self._editable(payment_id)
        if invoices is not None or credits is not None or refunds is not None:
            self._relink(payment, amount, invoices, credits, refunds)
        elif amount is not None:
            self._ledger.set_total(payment, as_money(amount))
        payment.txn_date = as_day(date, payment.txn_date)
        if method is not None:
            payment.method = self._method(method)
        if reference is not None:
            payment.reference = reference
        if private_note is not None:
            payment.private_note = private_note
        self._edited(payment)

    def _relink(
        self,
        payment: Payment,
        amount: Money | None,
        invoices: Invoices | None,
        credits: Sequence[Link] | None,  # noqa: A002 - as in receive_payment
        refunds: Sequence[Link] | None,
    ) -> None:
        total = payment.total if amount is None else as_money(amount)
        kept = [
            line
            for line in payment.lines
            if not (line.txn_type == "Invoice" and invoices is not None)
            and not (line.txn_type != "Invoice" and self._ledger.side(line) == "credit" and credits is not None)
            and not (line.txn_type != "Invoice" and self._ledger.side(line) == "paid" and refunds is not None)
        ]
        wanted = self._lines(invoices or (), credits or (), refunds or (), payment)
        self._ledger.set_lines(payment, [*wanted, *kept], total)

    @locked
    def move_payment(self, payment_id: str, from_invoice: str, to_invoice: str) -> None:
        """Untick one invoice on a payment and tick another, as far as that one is open."""
        payment = self._editable(payment_id)
        moved = next((line for line in payment.lines if line.txn_id == from_invoice), None)
        if moved is None:
            raise ValueError(f"payment {payment_id} pays no invoice {from_invoice}")
        amount = min(moved.amount, self._invoice(to_invoice).open)
        others = [line for line in payment.lines if line is not moved]
        self._ledger.set_lines(payment, [*others, PaymentLine(amount, "Invoice", to_invoice)])
        self._edited(payment)

    @locked
    def void_payment(self, payment_id: str) -> None:
        """Amount 0, no lines; its invoices are open again."""
        payment = self._editable(payment_id)
        self._ledger.void_payment(payment)
        self._edited(payment)

    @locked
    def delete_payment(self, payment_id: str) -> None:
        """Only the change feed tells of it; its invoices are open again."""
        self._ledger.delete_payment(self._editable(payment_id))

    @locked
    def bank_payment(self, payment_id: str) -> None:
        """Put a payment into a bank deposit: it can no longer be edited (6540)."""
        payment = self._payment(payment_id)
        payment.deposited = True
        self.company.touch(payment)

    @locked
    def rename_payment_method(self, name: str, new_name: str) -> None:
        """The method keeps its id."""
        methods = self.company.lists["PaymentMethod"].by_key(name)
        if not methods:
            raise ValueError(f"there is no payment method {name}")
        methods[0].name = new_name
        self._edited(methods[0])

    # -- what else a payment can link -----------------------------------------------------------------------------

    @locked
    def add_journal_entry(
        self,
        customer: str = "Acme Corp",
        *,
        credit: Money | None = None,
        debit: Money | None = None,
        number: str = "",
        txn_date: Day = None,
    ) -> str:
        """A journal entry on the customer's receivables: a credit settles invoices, a debit is settled like one."""
        if (credit is None) == (debit is None):
            raise ValueError("a journal entry is a credit or a debit")
        if credit is not None:
            return self._add_ledger_entry("JournalEntry", "credit", customer, credit, number, txn_date)
        return self._add_ledger_entry("JournalEntry", "paid", customer, debit or 0, number, txn_date)

    @locked
    def add_deposit(
        self, customer: str = "Acme Corp", amount: Money = 0, *, number: str = "", txn_date: Day = None
    ) -> str:
        """A bank deposit posted to the customer's receivables: real money, on a payment a credit line."""
        return self._add_ledger_entry("Deposit", "credit", customer, amount, number, txn_date)

    @locked
    def add_refund(
        self,
        customer: str = "Acme Corp",
        amount: Money = 0,
        *,
        kind: str = "Expense",
        number: str = "",
        txn_date: Day = None,
    ) -> str:
        """A refund or a bounced cheque: an Expense, Check or CreditCardCredit on the customer's receivables."""
        if kind not in PURCHASE_KINDS:
            raise ValueError(f"a refund is one of {', '.join(sorted(PURCHASE_KINDS))}")
        return self._add_ledger_entry(kind, "paid", customer, amount, number, txn_date)

    @locked
    def delete_ledger_entry(self, kind: str, entry_id: str) -> None:
        """Delete a journal entry, deposit or refund; the payments that linked it lose its line."""
        self._ledger.delete(self._ledger_entry(kind, entry_id))

    def _add_ledger_entry(self, kind: str, side: Side, customer: str, amount: Money, number: str, txn_date: Day) -> str:
        who = self._customer(customer)
        now = self.company.now()
        members: Document = {"PaymentType": _PURCHASE_TYPES[kind]} if kind in PURCHASE_KINDS else {}
        entry = LedgerEntry(
            id=self.company.next_txn_id(),
            created=now,
            updated=now,
            customer=who.id,
            txn_date=as_day(txn_date, self._today()),
            currency=self.company.customer_currency(who.id),
            number=number,
            total=as_money(amount),
            members=members,
            kind=kind,
            side=side,
        )
        self.company.ledger_entries[LEDGER_ENTITIES[kind]].add(entry)
        return entry.id

    # -- reading what was said ------------------------------------------------------------------------------------

    def _editable(self, payment_id: str) -> Payment:
        payment = self._payment(payment_id)
        if payment.deposited:
            raise ValueError(f"payment {payment_id} stands in a bank deposit")
        return payment

    def _lines(
        self,
        invoices: Invoices,
        credit: Sequence[Link],
        refunds: Sequence[Link],
        payment: Payment | None = None,
    ) -> list[PaymentLine]:
        if isinstance(invoices, str):
            invoices = [invoices]
        if not isinstance(invoices, Mapping):
            invoices = {each: self._payable(each, payment) for each in invoices}
        lines = [PaymentLine(as_money(amount), "Invoice", each) for each, amount in invoices.items()]
        for kind, txn_id, amount in (*refunds, *credit):
            lines.append(PaymentLine(as_money(amount), kind, txn_id))
        return lines

    def _payable(self, invoice_id: str, payment: Payment | None) -> Decimal:
        """What a payment can apply at most: what is open, and what it has applied itself."""
        invoice = self._invoice(invoice_id)
        return invoice.open + (invoice.links.get(payment.id, ZERO) if payment else ZERO)

    def _customer_of(self, lines: Sequence[PaymentLine]) -> str:
        for line in lines:
            target = self.company.linked(line.txn_type, line.txn_id)
            if target is None:
                raise ValueError(f"there is no {line.txn_type} {line.txn_id}")
            return target.customer
        raise ValueError("a prepayment needs its customer")

    def _method(self, name: str) -> str:
        """The id of a payment method, made where it is new; inactive ones are found too."""
        if not name:
            return ""
        methods = self.company.lists["PaymentMethod"]
        found = next(iter(methods.by_key(name)), None)
        if found is None:
            found = self.company.add_entry("PaymentMethod", name, {"Type": "NON_CREDIT_CARD"})
        return found.id

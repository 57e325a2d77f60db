"""Customers, invoices and credit memos, as bookkeepers keep them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from qbsf.sandbox.quickbooks.people_base import Day, LineOf, Money, PeopleBase, as_day, as_money, locked
from qbsf.sandbox.quickbooks.records import ZERO, CreditMemo, Document, Entry, Invoice, SalesForm

_NET_DAYS = 30
_MAX_CUSTOM_FIELDS = 3


class SalesPeople(PeopleBase):
    @locked
    def add_customer(self, name: str, *, currency: str = "", parent: str = "", email: str = "", terms: str = "") -> str:
        """A new customer, in one currency for good; `terms` is the id of a Term ("2" is Net 15)."""
        customer = self._new_customer(name, currency)
        if terms:
            customer.members["SalesTermRef"] = {"value": terms}
        if parent:
            customer.members["ParentRef"] = {"value": self._customer(parent).id}
        if email:
            customer.members["PrimaryEmailAddr"] = {"Address": email}
        return customer.id

    @locked
    def add_vendor(self, name: str) -> str:
        """A supplier; customers cannot have its name."""
        if self.company.name_is_taken(name):
            raise ValueError(f"a customer, vendor or employee is already called {name}")
        return self.company.add_entry("Vendor", name).id

    @locked
    def add_item(self, name: str, *, price: Money = 0, sku: str = "", kind: str = "Service") -> str:
        """A product or service; of `kind` Category or Group a folder or a bundle."""
        members: Document = {"Type": kind, "UnitPrice": as_money(price)}
        if sku:
            members["Sku"] = sku
        return self.company.add_entry("Item", name, members).id

    @locked
    def hide(self, entity: str, entry_id: str) -> None:
        """Make a row of a list inactive."""
        entry = self._entry(entity, entry_id)
        entry.active = False
        self._edited(entry)

    @locked
    def rename(self, entity: str, entry_id: str, name: str) -> None:
        """Give a row of a list another name."""
        entry = self._entry(entity, entry_id)
        entry.name = name
        self._edited(entry)

    def _entry(self, entity: str, entry_id: str) -> Entry:
        entry = self.company.entry(entity, entry_id)
        if entry is None:
            raise ValueError(f"there is no {entity} {entry_id}")
        return entry

    # -- invoices -------------------------------------------------------------------------------------------------

    @locked
    def add_invoice(
        self,
        customer: str = "Acme Corp",
        total: Money | None = None,
        *,
        lines: Sequence[LineOf] = (),
        number: str | None = None,
        invoice_id: str = "",
        txn_date: Day = None,
        due_date: Day = None,
        private_note: str = "",
        custom_fields: Mapping[str, str] | None = None,
        currency: str = "",
        exchange_rate: Money = 1,
        deposit: Money = 0,
        tax: Money = 0,
        bill_email: str = "",
    ) -> str:
        """A new invoice. `customer` is an id or a name; `number` None is the company's own numbering,
        and a number may be used twice, as QuickBooks only warns a person; `invoice_id` forces an id.
        """
        who = self._customer(customer, currency)
        now = self.company.now()
        day = as_day(txn_date, self._today())
        invoice = Invoice(
            id=self.company.claim_txn_id(invoice_id) if invoice_id else self.company.next_txn_id(),
            created=now,
            updated=now,
            customer=who.id,
            txn_date=day,
            due_date=as_day(due_date, day + timedelta(days=_NET_DAYS)),
            currency=self.company.customer_currency(who.id),
            exchange_rate=Decimal(exchange_rate),
            private_note=private_note,
            custom_fields=self._custom_fields(custom_fields or {}),
            deposit=as_money(deposit),
            bill_email=bill_email,
        )
        if number is None:
            number = "" if self.settings.custom_txn_numbers else self.company.next_number()
        invoice.number = number
        self._set_lines(invoice, total, lines, as_money(tax))
        if invoice.deposit > invoice.total:
            raise ValueError("the deposit is more than the invoice")
        self.company.invoices.add(invoice)
        self.company.touch(invoice)
        self._ledger.apply_open_credits(who.id)
        return invoice.id

    @locked
    def edit_invoice(
        self,
        invoice_id: str,
        *,
        total: Money | None = None,
        lines: Sequence[LineOf] = (),
        number: str | None = None,
        txn_date: Day = None,
        due_date: Day = None,
        private_note: str | None = None,
        custom_fields: Mapping[str, str] | None = None,
        deposit: Money | None = None,
        bill_email: str | None = None,
        customer: str | None = None,
    ) -> None:
        """Change what is given. A total below what is applied takes the excess back from the payments."""
        invoice = self._invoice(invoice_id)
        self._ledger.balance_moves(invoice)
        if customer is not None:
            self._move_to(invoice, customer)
        if total is not None or lines:
            self._set_lines(invoice, total, lines, ZERO)
        if number is not None:
            invoice.number = number
        invoice.txn_date = as_day(txn_date, invoice.txn_date)
        invoice.due_date = as_day(due_date, invoice.due_date)
        if private_note is not None:
            invoice.private_note = private_note
        if custom_fields is not None:
            invoice.custom_fields.update(self._custom_fields(custom_fields))
        if deposit is not None:
            invoice.deposit = as_money(deposit)
        if bill_email is not None:
            invoice.bill_email = bill_email
        if invoice.deposit > invoice.total:
            raise ValueError("the deposit is more than the invoice")
        self._ledger.free_excess(invoice)
        self._edited(invoice)

    def _move_to(self, invoice: Invoice, customer: str) -> None:
        who = self._customer(customer)
        if self.company.customer_currency(who.id) != invoice.currency:
            raise ValueError("the customer has another currency")
        self._ledger.free(invoice)
        invoice.customer = who.id

    @locked
    def void_invoice(self, invoice_id: str) -> None:
        """Amounts 0, the note begins with Voided, its payments are unapplied."""
        invoice = self._invoice(invoice_id)
        self._ledger.void_form(invoice)
        self._edited(invoice)

    @locked
    def delete_invoice(self, invoice_id: str) -> None:
        """Only the change feed tells of it; its payments are unapplied."""
        self._ledger.delete(self._invoice(invoice_id))

    # -- credit memos ---------------------------------------------------------------------------------------------

    @locked
    def add_credit_memo(
        self,
        customer: str = "Acme Corp",
        total: Money = 0,
        *,
        number: str = "",
        txn_date: Day = None,
        currency: str = "",
        exchange_rate: Money = 1,
        private_note: str = "",
    ) -> str:
        """Credit for a customer, to be applied to invoices."""
        who = self._customer(customer, currency)
        now = self.company.now()
        memo = CreditMemo(
            id=self.company.next_txn_id(),
            created=now,
            updated=now,
            customer=who.id,
            txn_date=as_day(txn_date, self._today()),
            currency=self.company.customer_currency(who.id),
            exchange_rate=Decimal(exchange_rate),
            private_note=private_note,
            number=number,
        )
        self._set_lines(memo, total, (), ZERO)
        self.company.credit_memos.add(memo)
        self.company.touch(memo)
        self._ledger.apply_open_credits(who.id)
        return memo.id

    @locked
    def edit_credit_memo(self, memo_id: str, *, total: Money) -> None:
        """Another amount; less than is applied takes the excess back from the payments that applied it."""
        memo = self._credit_memo(memo_id)
        self._set_lines(memo, total, (), ZERO)
        self._ledger.free_excess(memo)
        self._edited(memo)

    @locked
    def void_credit_memo(self, memo_id: str) -> None:
        memo = self._credit_memo(memo_id)
        self._ledger.void_form(memo)
        self._edited(memo)

    @locked
    def delete_credit_memo(self, memo_id: str) -> None:
        """The payments that applied it lose its line, and pay as much less."""
        self._ledger.delete(self._credit_memo(memo_id))

    # -- lines ----------------------------------------------------------------------------------------------------

    def _set_lines(self, form: SalesForm, total: Money | None, lines: Sequence[LineOf], tax: Decimal) -> None:
        if (total is None) == (not lines):
            raise ValueError("a form has a total or lines")
        net: Sequence[LineOf] = [{"amount": as_money(total) - tax}] if total is not None else lines
        made = [self._line(line) for line in net]
        amount = sum((line.amount for line in made), ZERO) + tax
        if amount < ZERO:
            raise ValueError("the total of a form cannot be negative")
        form.lines, form.tax, form.total = made, tax, amount

    def _custom_fields(self, values: Mapping[str, str]) -> dict[str, str]:
        """Values by DefinitionId; a new name becomes a new field of the company, of which there are three."""
        names = self.settings.custom_field_names
        for name in values:
            if name not in names:
                if len(names) == _MAX_CUSTOM_FIELDS:
                    raise ValueError(f"a company has three custom fields: {', '.join(names)}")
                names.append(name)
        return {str(names.index(name) + 1): value for name, value in values.items()}

"""Rows of both systems taken into the cache; what changed marks the Opportunities that are to be decided again.

Cache and marks are one transaction: a kill between two of them loses nothing, and what an overlap shows again differs
in nothing and marks nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from qbsf.model import Changes, CreditMemo, Deleted, Invoice, Opportunity, Payment
from qbsf.state.books import ASKED_NUMBER, DELETED_INVOICE, WANTED_METHOD
from qbsf.state.codec import encode_invoice
from qbsf.state.journal import decode_record
from qbsf.state.own import Note
from qbsf.sync.context import Context
from qbsf.sync.facts import fetch_for_invoices, fetch_for_payments
from qbsf.sync.written import after


@dataclass
class Intake:
    """Takes rows in; `stale_invoices` are those that a payment has shown to be out of date here."""

    context: Context
    on_unlinked: Callable[[Invoice], None]
    """Told of each changed invoice without an Opportunity, once."""
    stale_invoices: set[str] = field(default_factory=set)
    read_invoices: set[str] = field(default_factory=set)
    """Ids of the invoices that were read in this pass and are kept."""
    read_payments: set[str] = field(default_factory=set)
    mentions_waiting: dict[str, list[Invoice]] = field(default_factory=dict)
    """Invoices that name an Opportunity which is not known here yet, by its id."""

    def opportunities(
        self, rows: Collection[Opportunity], *, reread: bool = False, asked_at: float | None = None
    ) -> None:
        """Rows of Salesforce. A row that is not this company's, or is linked to nothing, is forgotten. `asked_at`: when
        they were asked for, in monotonic seconds, where that is not just now.
        """
        context = self.context
        read_at = context.clock.monotonic() if asked_at is None else asked_at
        marked: list[str] = []
        moved: list[str] = []
        with context.state.transaction():
            context.deals.fetch(row.id for row in rows)
            for row in rows:
                context.read_at[row.id] = read_at
                before = context.deals.get(row.id)
                noted = context.own.has_note(row.id)
                settled = context.own.settle(row, before, context.now)
                if settled is not None and settled.is_news:
                    self._made_up(settled.note)
                if not self._is_ours(row):
                    self.forget(row.id)
                    continue
                expected = after(before, settled.note.changes, context) if before and settled else None
                changed = context.deals.put(row, expected)
                touched = before is None or _stamp(before) != _stamp(row)
                held = touched and context.own.hold(row.id) is not None
                if changed or touched or noted:
                    moved.append(row.id)
                if changed or held or reread:
                    marked.append(row.id)
            context.deals.touch(moved)
            context.deals.mark(marked, reread=reread)

    def forget(self, opportunity_id: str) -> None:
        """An Opportunity that does not exist for this profile any more: whoever wanted the same invoices is decided
        again, and nothing of it waits for a person.
        """
        context = self.context
        invoice_ids = context.deals.links_of(opportunity_id)
        for invoice_id in invoice_ids:
            context.deals.mark(other for other in context.deals.linked_to(invoice_id) if other != opportunity_id)
        context.deals.drop(opportunity_id)
        context.own.lift_hold(opportunity_id)
        context.cache.drop_unwanted(invoice_ids)
        context.journal.settle(f"opportunity:{opportunity_id}")
        context.journal.settle_late(opportunity_id)

    def changes(self, changes: Changes) -> None:
        """One answer of the change feed, in one transaction."""
        with self.context.state.transaction():
            self.invoices(changes.invoices)
            self.payments(changes.payments)
            for deleted in changes.deleted_invoices:
                self._invoice_deleted(deleted.id)
            for deleted in changes.deleted_payments:
                self.payment_gone(deleted.id)
            self.credit_memos((*changes.credit_memos, *changes.deleted_credit_memos))

    def invoices(self, rows: Collection[Invoice]) -> None:
        """Invoices: kept where an Opportunity names them or they name one, else counted once."""
        with self.context.state.transaction():
            fetch_for_invoices(self.context, rows)
            for row in rows:
                self.stale_invoices.discard(row.id)
                waits = self._waits(row)
                if self._is_wanted(row):
                    self._keep(row)
                elif not waits:
                    self.not_linked(row)

    def named_invoices(self, rows: Collection[Invoice]) -> list[Invoice]:
        """The same while Opportunities are still being read: keeps the invoices that one names already, and answers
        the others.
        """
        others: list[Invoice] = []
        with self.context.state.transaction():
            fetch_for_invoices(self.context, rows)
            for row in rows:
                if row.opportunity_ids or not self._is_wanted(row):
                    others.append(row)
                else:
                    self.stale_invoices.discard(row.id)
                    self._keep(row)
        return others

    def payments(self, rows: Collection[Payment], *, asked: bool = False) -> None:
        """Payments: kept where they settle, or settled, an invoice that is kept, or were asked for on its account."""
        context = self.context
        changed: dict[str, None] = {}
        with context.state.transaction():
            fetch_for_payments(context, rows)
            for row in rows:
                before = context.cache.payment(row.id)
                known = [i for i in _settled_by(row) | _settled_by(before) if context.cache.has_invoice(i)]
                if not known and not asked:
                    context.cache.drop_payment(row.id)
                    continue
                self.read_payments.add(row.id)
                if row.method_id and row.method_id not in context.lookups.methods:
                    context.cache.put_missing(WANTED_METHOD, [row.method_id])
                if context.cache.put_payment(row):
                    changed.update(dict.fromkeys(known))
            self._settles_differently(changed)

    def asked_payments(self, asked: Collection[str], rows: Collection[Payment]) -> None:
        """The answer for payments that were asked for by id: those that are not in it are gone."""
        with self.context.state.transaction():
            self.payments(rows, asked=True)
            for payment_id in sorted(set(asked) - {row.id for row in rows}):
                self.read_payments.add(payment_id)
                self.payment_gone(payment_id)

    def forget_what_was_read(self) -> None:
        """Give its memory back: what is read for the rest of the pass may be read once more."""
        self.read_invoices = set()
        self.read_payments = set()

    def concerned_by(self, payment_ids: Iterable[str]) -> set[str]:
        """The Opportunities that payments which were read have to do with."""
        cache = self.context.cache
        payments = (payment for each in payment_ids if (payment := cache.payment(each)) is not None)
        return {
            opportunity_id
            for payment in payments
            for invoice_id in _settled_by(payment)
            for opportunity_id in self._concerned(invoice_id)
        }

    def payment_gone(self, payment_id: str) -> None:
        """QuickBooks deleted a payment; which invoices it paid is remembered here."""
        before = self.context.cache.payment(payment_id)
        if before is not None:
            self.context.cache.drop_payment(payment_id)
            self._settles_differently(i for i in _settled_by(before) if self.context.cache.has_invoice(i))

    def invoice_gone(self, invoice_id: str) -> None:
        """QuickBooks answered that an invoice it was seen to have does not exist (fault 610)."""
        with self.context.state.transaction():
            self._invoice_deleted(invoice_id)

    def credit_memos(self, rows: Iterable[CreditMemo | Deleted]) -> None:
        """A credit memo that changed: the payments that applied it are read again, unless they came along."""
        context = self.context
        for row in rows:
            body = row.updated.isoformat() if row.updated else "deleted"
            if context.cache.first_sight(f"credit memo {row.id}", body, context.now):
                for payment_id in context.cache.payment_ids_applying(row.id):
                    settled = _settled_by(context.cache.payment(payment_id))
                    if payment_id not in self.read_payments:
                        context.deals.mark({d for i in settled for d in context.deals.linked_to(i)}, reread=True)

    def not_linked(self, row: Invoice) -> None:
        """Count an invoice that belongs to no Opportunity, unless that was done before."""
        if self.context.cache.first_sight(f"invoice {row.id}", encode_invoice(row), self.context.now):
            self.on_unlinked(row)

    def mentions_found(self, found: Iterable[str]) -> None:
        """The Opportunities that waiting invoices name were asked for: these exist, the others do not."""
        context = self.context
        exist = set(found)
        with context.state.transaction():
            context.cache.put_missing("opportunity", set(self.mentions_waiting) - exist)
            waiting = {row.id: row for rows in self.mentions_waiting.values() for row in rows}
            self.mentions_waiting.clear()
            for row in waiting.values():
                if exist & set(row.opportunity_ids):
                    self._keep(row)
                elif not context.cache.has_invoice(row.id):
                    self.not_linked(row)

    def _made_up(self, note: Note) -> None:
        """A write whose answer never came had landed: it is told as it would have been."""
        context = self.context
        record = decode_record(note.record)
        context.journal.wrote(context.run_id, context.now, record)
        if note.attention:
            context.journal.attend(f"opportunity:{note.opportunity_id}", record, note.attention, context.now)

    def _is_ours(self, row: Opportunity) -> bool:
        context = self.context
        company = context.config.fields.company
        if company and row.fields.get(company) != context.realm_id:
            return False
        fields = context.config.fields
        names = (fields.invoice_id, fields.invoice_number)
        named = any(row.fields.get(name) is not None for name in names if name)
        return named or row.id in self.mentions_waiting or bool(context.cache.candidates_mentioning(row.id))

    def _is_wanted(self, row: Invoice) -> bool:
        context = self.context
        return (
            context.cache.has_invoice(row.id)
            or bool(context.deals.naming("invoice_id", [row.id]))
            or bool(row.number and context.deals.naming("invoice_number", [row.number]))
            or bool(row.number and context.cache.is_missing(ASKED_NUMBER, row.number))
            or any(context.deals.get(each) is not None for each in self._mentioned(row))
        )

    def _waits(self, row: Invoice) -> bool:
        """Whether it names Opportunities that are not known here: they are asked for. Those that Salesforce did not
        have before are asked for again only when the invoice has changed.
        """
        context = self.context
        unknown = [each for each in self._mentioned(row) if context.deals.get(each) is None]
        if unknown and context.cache.last_seen(row.id) == encode_invoice(row):
            unknown = [each for each in unknown if not context.cache.is_missing("opportunity", each)]
        for opportunity_id in unknown:
            self.mentions_waiting.setdefault(opportunity_id, []).append(row)
        return bool(unknown)

    def _mentioned(self, row: Invoice) -> tuple[str, ...]:
        return row.opportunity_ids if "opportunity_id" in self.context.config.match.by else ()

    def _keep(self, row: Invoice) -> None:
        context = self.context
        self.read_invoices.add(row.id)
        context.cache.found("invoice_id", [row.id])
        before = self._concerned(row.id) if context.cache.has_invoice(row.id) else set()
        if context.cache.put_invoice(row):
            context.deals.mark(before | self._concerned(row.id))

    def _concerned(self, invoice_id: str) -> set[str]:
        """The Opportunities that an invoice, as it is kept, has to do with."""
        context = self.context
        concerned = set(context.deals.linked_to(invoice_id)) | context.deals.naming("invoice_id", [invoice_id])
        known = context.cache.invoice(invoice_id)
        if known is not None:
            row = known[0]
            concerned |= context.deals.naming("invoice_number", [row.number] if row.number else [])
            concerned |= {each for each in self._mentioned(row) if context.deals.get(each) is not None}
        return concerned

    def _invoice_deleted(self, invoice_id: str) -> None:
        context = self.context
        if context.cache.mark_deleted(invoice_id):
            context.deals.mark(self._concerned(invoice_id))
            return
        naming = context.deals.naming("invoice_id", [invoice_id])
        never_seen = not context.cache.has_invoice(invoice_id)
        if naming and never_seen and not context.cache.is_missing(DELETED_INVOICE, invoice_id):
            context.cache.put_missing(DELETED_INVOICE, [invoice_id])
            context.deals.mark(naming)

    def _settles_differently(self, invoice_ids: Iterable[str]) -> None:
        """A payment changed: its invoices' balances as kept here are stale, unless they came along in this pass."""
        concerned: set[str] = set()
        for invoice_id in invoice_ids:
            concerned |= self._concerned(invoice_id)
            if invoice_id not in self.read_invoices:
                self.stale_invoices.add(invoice_id)
        self.context.deals.mark(concerned)


def _stamp(row: Opportunity) -> tuple[object, ...]:
    """What moves when anybody changes the row; the stamp alone has a grain of one second."""
    return row.system_modstamp, row.modified_by_id


def _settled_by(payment: Payment | None) -> set[str]:
    lines = payment.lines if payment is not None else ()
    return {line.txn_id for line in lines if line.txn_type == "Invoice"}

"""QuickBooks as last seen: linked invoices, the payments that settle them, and what it was asked for in vain."""

from collections.abc import Iterable
from datetime import datetime

from qbsf.core.links import Candidate
from qbsf.model import Invoice, Payment
from qbsf.state.codec import decode_invoice, decode_payment, encode_invoice, encode_payment, instant, pack
from qbsf.state.known import THESE, Known, KnownLists
from qbsf.state.store import State

ASKED_NUMBER = "asked_number"
"""The kind of `missing` name for an invoice number that QuickBooks was asked for."""
WANTED_METHOD = "wanted_method"
"""The kind of `missing` name for a payment method that a payment has and whose name is not known."""
DELETED_INVOICE = "deleted_invoice"
"""The kind of `missing` name for an invoice that the feed said was deleted, and that was never seen before."""


class _Kept:
    """An invoice as the table has it; its body is decoded where it is asked for."""

    __slots__ = ("body", "deleted", "value")

    def __init__(self, body: str, deleted: bool, value: Invoice | None = None) -> None:
        self.body = body
        self.deleted = deleted
        self.value = value

    @property
    def invoice(self) -> Invoice:
        if self.value is None:
            self.value = decode_invoice(self.body)
        return self.value


class BooksCache:
    """The tables of QuickBooks records. `put_*` tell whether anything that matters has changed."""

    def __init__(self, state: State) -> None:
        db = self._db = state.db

        def invoices(keys: str) -> dict[str, _Kept | None]:
            rows = db.execute(f"SELECT id, body, deleted FROM invoices WHERE id IN {THESE}", (keys,))  # noqa: S608
            return {row[0]: _Kept(row[1], bool(row[2])) for row in rows}

        def payments(keys: str) -> dict[str, tuple[str, Payment] | None]:
            rows = db.execute(f"SELECT id, body FROM payments WHERE id IN {THESE}", (keys,))  # noqa: S608
            return {row[0]: (row[1], decode_payment(row[1])) for row in rows}

        self._invoices: Known[_Kept | None] = Known(state, invoices, None)
        self._payments: Known[tuple[str, Payment] | None] = Known(state, payments, None)
        self._by_number = KnownLists(
            state,
            f"SELECT number, id FROM invoices WHERE number IN {THESE} ORDER BY id",  # noqa: S608 - its own text
        )
        self._mentioning = KnownLists(
            state,
            f"SELECT opportunity_id, invoice_id FROM mentions WHERE opportunity_id IN {THESE} "  # noqa: S608
            "ORDER BY invoice_id",
        )
        self._paying = KnownLists(
            state,
            f"SELECT txn_id, payment_id FROM payment_lines WHERE txn_type = 'Invoice' AND txn_id IN {THESE} "  # noqa: S608
            "ORDER BY payment_id",
        )
        self._missing: dict[str, Known[bool]] = {}
        self._state = state

    def fetch_invoices(self, ids: Iterable[str]) -> None:
        """Read what is known of these invoices at once: they are about to be asked for."""
        wanted = list(ids)
        self._invoices.fetch(wanted)
        self._paying.fetch(wanted)

    def fetch_payments(self, ids: Iterable[str]) -> None:
        """Read these payments at once."""
        self._payments.fetch(ids)

    def fetch_named(self, opportunity_ids: Iterable[str], numbers: Iterable[str]) -> None:
        """Read at once which invoices name these Opportunities or bear these numbers."""
        self._mentioning.fetch(opportunity_ids)
        self._by_number.fetch(numbers)

    def invoice(self, invoice_id: str) -> tuple[Invoice, bool] | None:
        """The invoice as last seen, and whether QuickBooks has deleted it since; None if it was never seen."""
        kept = self._invoices.get(invoice_id)
        return None if kept is None else (kept.invoice, kept.deleted)

    def has_invoice(self, invoice_id: str) -> bool:
        return self._invoices.get(invoice_id) is not None

    def put_invoice(self, invoice: Invoice) -> bool:
        body = encode_invoice(invoice)
        before = self._invoices.get(invoice.id)
        if before is not None and before.body == body and not before.deleted:
            return False
        if before is not None:
            self._forget_names(before.invoice)
        self._db.execute("INSERT OR REPLACE INTO invoices VALUES (?, ?, 0, ?)", (invoice.id, invoice.number, body))
        self._invoices.set(invoice.id, _Kept(body, deleted=False, value=invoice))
        self._by_number.add(invoice.number, invoice.id)
        for opportunity_id in invoice.opportunity_ids:
            self._db.execute("INSERT OR IGNORE INTO mentions VALUES (?, ?)", (opportunity_id, invoice.id))
            self._mentioning.add(opportunity_id, invoice.id)
        return True

    def mark_deleted(self, invoice_id: str) -> bool:
        """Remember that QuickBooks deleted it; False if it was never seen, or known to be deleted."""
        kept = self._invoices.get(invoice_id)
        if kept is None or kept.deleted:
            return False
        self._db.execute("UPDATE invoices SET deleted = 1 WHERE id = ?", (invoice_id,))
        kept.deleted = True
        return True

    def payment(self, payment_id: str) -> Payment | None:
        known = self._payments.get(payment_id)
        return None if known is None else known[1]

    def put_payment(self, payment: Payment) -> bool:
        body = encode_payment(payment)
        before = self._payments.get(payment.id)
        if before is not None and before[0] == body:
            return False
        if before is not None:
            self._forget_lines(before[1])
        self._db.execute("INSERT OR REPLACE INTO payments VALUES (?, ?)", (payment.id, body))
        self._payments.set(payment.id, (body, payment))
        self._db.executemany(
            "INSERT OR IGNORE INTO payment_lines VALUES (?, ?, ?)",
            [(line.txn_type, line.txn_id, payment.id) for line in payment.lines],
        )
        for invoice_id in _settled(payment):
            self._paying.add(invoice_id, payment.id)
        return True

    def drop_payment(self, payment_id: str) -> None:
        before = self._payments.get(payment_id)
        if before is not None:
            self._db.execute("DELETE FROM payments WHERE id = ?", (payment_id,))
            self._forget_lines(before[1])
            self._payments.set(payment_id, None)

    def payments_of(self, invoice: Invoice) -> tuple[Payment, ...]:
        """The payments known to link an invoice, or listed by it."""
        linking = self.payment_ids_of(invoice.id)
        if linking != invoice.payment_ids:
            linking = tuple(sorted({*linking, *invoice.payment_ids}))
        found = [self.payment(payment_id) for payment_id in linking]
        return tuple([payment for payment in found if payment is not None])

    def payment_ids_of(self, invoice_id: str) -> tuple[str, ...]:
        """The payments known to link an invoice."""
        return self._paying.get(invoice_id)

    def payment_ids_applying(self, credit_memo_id: str) -> tuple[str, ...]:
        """The payments known to apply a credit memo."""
        rows = self._db.execute(
            "SELECT payment_id FROM payment_lines WHERE txn_type = 'CreditMemo' AND txn_id = ? ORDER BY payment_id",
            (credit_memo_id,),
        )
        return tuple(row[0] for row in rows)

    def candidates_by_id(self, ids: Iterable[str]) -> dict[str, Candidate]:
        found = ((invoice_id, self.invoice(invoice_id)) for invoice_id in ids)
        return {invoice_id: _candidate(*known) for invoice_id, known in found if known is not None}

    def candidates_by_number(self, numbers: Iterable[str]) -> dict[str, tuple[Candidate, ...]]:
        """Exactly equal numbers, with letter case."""
        bearers = ((number, self._by_number.get(number)) for number in numbers)
        return {number: self._candidates(ids) for number, ids in bearers if ids}

    def candidates_mentioning(self, opportunity_id: str) -> tuple[Candidate, ...]:
        return self._candidates(self._mentioning.get(opportunity_id))

    def _candidates(self, ids: Iterable[str]) -> tuple[Candidate, ...]:
        return tuple(_candidate(*known) for each in ids if (known := self.invoice(each)) is not None)

    def is_missing(self, kind: str, name: str) -> bool:
        """Whether a system was asked for this before and did not have it."""
        return self._missing_of(kind).get(name)

    def fetch_missing(self, kind: str, names: Iterable[str]) -> None:
        """Read at once which of these names are known to be missing."""
        self._missing_of(kind).fetch(names)

    def put_missing(self, kind: str, names: Iterable[str]) -> None:
        known, wanted = self._missing_of(kind), list(names)
        known.fetch(wanted)
        for name in wanted:
            if not known.get(name):
                self._db.execute("INSERT OR IGNORE INTO missing VALUES (?, ?)", (kind, name))
                known.set(name, value=True)

    def found(self, kind: str, names: Iterable[str]) -> None:
        known, wanted = self._missing_of(kind), list(names)
        known.fetch(wanted)
        for name in wanted:
            if known.get(name):
                self._db.execute("DELETE FROM missing WHERE kind = ? AND name = ?", (kind, name))
                known.set(name, value=False)

    def missing(self, kind: str) -> set[str]:
        rows = self._db.execute("SELECT name FROM missing WHERE kind = ?", (kind,))
        return {row[0] for row in rows}

    def forget_missing(self) -> None:
        """A full pass asks for everything again; what was deleted stays deleted."""
        self._db.execute("DELETE FROM missing WHERE kind NOT IN (?, ?)", (DELETED_INVOICE, WANTED_METHOD))
        self._missing.clear()

    def first_sight(self, key: str, body: str, at: datetime) -> bool:
        """Whether something that is not kept (an unlinked invoice, a credit memo), as it is now, is new."""
        row = self._db.execute("SELECT body FROM counted WHERE key = ?", (key,)).fetchone()
        if row == (body,):
            return False
        self._db.execute("INSERT OR REPLACE INTO counted VALUES (?, ?, ?)", (key, body, instant(at)))
        return True

    def last_seen(self, invoice_id: str) -> str | None:
        """The body of an invoice as it was last kept or counted."""
        row = self._db.execute(
            "SELECT body FROM invoices WHERE id = ? UNION ALL SELECT body FROM counted WHERE key = ?",
            (invoice_id, f"invoice {invoice_id}"),
        ).fetchone()
        return None if row is None else str(row[0])

    def prune_counted(self, before: datetime) -> None:
        self._db.execute("DELETE FROM counted WHERE at < ?", (instant(before),))

    def drop_unwanted(self, invoice_ids: Iterable[str]) -> None:
        """Forget invoices that no Opportunity is linked to or names any more, with payments that touch no other."""
        for invoice_id in invoice_ids:
            kept = self._invoices.get(invoice_id)
            if kept is None or self._is_named(kept.invoice):
                continue
            self._forget_names(kept.invoice)
            self._db.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
            self._invoices.set(invoice_id, None)
            self._db.execute("DELETE FROM meta WHERE key = ?", (f"payment_link:{invoice_id}",))
            for payment_id in self.payment_ids_of(invoice_id):
                payment = self.payment(payment_id)
                if payment is None or not any(self.has_invoice(each) for each in _settled(payment)):
                    self.drop_payment(payment_id)

    def _forget_names(self, before: Invoice) -> None:
        """An invoice as it was is changed or forgotten: what it was found by goes with it."""
        self._by_number.remove(before.number, before.id)
        if before.opportunity_ids:
            for opportunity_id in before.opportunity_ids:
                self._db.execute(
                    "DELETE FROM mentions WHERE opportunity_id = ? AND invoice_id = ?", (opportunity_id, before.id)
                )
                self._mentioning.remove(opportunity_id, before.id)

    def _forget_lines(self, before: Payment) -> None:
        self._db.executemany(
            "DELETE FROM payment_lines WHERE txn_type = ? AND txn_id = ? AND payment_id = ?",
            [(line.txn_type, line.txn_id, before.id) for line in before.lines],
        )
        for invoice_id in _settled(before):
            self._paying.remove(invoice_id, before.id)

    def _missing_of(self, kind: str) -> Known[bool]:
        if kind not in self._missing:

            def load(names: str) -> dict[str, bool]:
                rows = self._db.execute(f"SELECT name FROM missing WHERE kind = ? AND name IN {THESE}", (kind, names))  # noqa: S608
                return {row[0]: True for row in rows}

            self._missing[kind] = Known(self._state, load, absent=False)
        return self._missing[kind]

    def _is_named(self, invoice: Invoice) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM links WHERE invoice_id = :id "
            "UNION ALL SELECT 1 FROM names WHERE kind = 'invoice_id' AND name = :id "
            "UNION ALL SELECT 1 FROM invoices i JOIN names n ON n.kind = 'invoice_number' AND n.name = i.number "
            "WHERE i.id = :id "
            "UNION ALL SELECT 1 FROM opportunities WHERE id IN (SELECT value FROM json_each(:mentioned))",
            {"id": invoice.id, "mentioned": pack(invoice.opportunity_ids)},
        ).fetchone()
        return row is not None


def _settled(payment: Payment) -> set[str]:
    return {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}


def _candidate(invoice: Invoice, deleted: bool) -> Candidate:
    voided = invoice.voided and invoice.total == 0 and invoice.balance == 0
    return Candidate(invoice.id, invoice.number, not deleted and not voided, invoice.opportunity_ids)

"""QuickBooks as last seen: linked invoices, the payments that settle them, and what it was asked for in vain."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from qbsf.core.links import Candidate
from qbsf.model import Invoice, Payment
from qbsf.state.codec import decode_invoice, decode_payment, encode_invoice, encode_payment, instant
from qbsf.state.store import State

ASKED_NUMBER = "asked_number"
"""The kind of `missing` name for an invoice number that QuickBooks was asked for."""
WANTED_METHOD = "wanted_method"
"""The kind of `missing` name for a payment method that a payment has and whose name is not known."""
DELETED_INVOICE = "deleted_invoice"
"""The kind of `missing` name for an invoice that the feed said was deleted, and that was never seen before."""


class BooksCache:
    """The tables of QuickBooks records. `put_*` tell whether anything that matters has changed."""

    def __init__(self, state: State) -> None:
        self._db = state.db

    def invoice(self, invoice_id: str) -> tuple[Invoice, bool] | None:
        """The invoice as last seen, and whether QuickBooks has deleted it since; None if it was never seen."""
        row = self._db.execute("SELECT body, deleted FROM invoices WHERE id = ?", (invoice_id,)).fetchone()
        return None if row is None else (decode_invoice(row[0]), bool(row[1]))

    def has_invoice(self, invoice_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM invoices WHERE id = ?", (invoice_id,)).fetchone() is not None

    def put_invoice(self, invoice: Invoice) -> bool:
        body = encode_invoice(invoice)
        row = self._db.execute("SELECT body, deleted FROM invoices WHERE id = ?", (invoice.id,)).fetchone()
        if row == (body, 0):
            return False
        self._db.execute("INSERT OR REPLACE INTO invoices VALUES (?, ?, 0, ?)", (invoice.id, invoice.number, body))
        self._db.execute("DELETE FROM mentions WHERE invoice_id = ?", (invoice.id,))
        self._db.executemany(
            "INSERT OR IGNORE INTO mentions VALUES (?, ?)",
            [(opportunity_id, invoice.id) for opportunity_id in invoice.opportunity_ids],
        )
        return True

    def mark_deleted(self, invoice_id: str) -> bool:
        """Remember that QuickBooks deleted it; False if it was never seen, or known to be deleted."""
        changed = self._db.execute(
            "UPDATE invoices SET deleted = 1 WHERE id = ? AND deleted = 0", (invoice_id,)
        ).rowcount
        return changed > 0

    def payment(self, payment_id: str) -> Payment | None:
        row = self._db.execute("SELECT body FROM payments WHERE id = ?", (payment_id,)).fetchone()
        return None if row is None else decode_payment(row[0])

    def put_payment(self, payment: Payment) -> bool:
        body = encode_payment(payment)
        row = self._db.execute("SELECT body FROM payments WHERE id = ?", (payment.id,)).fetchone()
        if row == (body,):
            return False
        self._db.execute("INSERT OR REPLACE INTO payments VALUES (?, ?)", (payment.id, body))
        self._db.execute("DELETE FROM payment_lines WHERE payment_id = ?", (payment.id,))
        self._db.executemany(
            "INSERT OR IGNORE INTO payment_lines VALUES (?, ?, ?)",
            [(line.txn_type, line.txn_id, payment.id) for line in payment.lines],
        )
        return True

    def drop_payment(self, payment_id: str) -> None:
        self._db.execute("DELETE FROM payments WHERE id = ?", (payment_id,))
        self._db.execute("DELETE FROM payment_lines WHERE payment_id = ?", (payment_id,))

    def payments_of(self, invoice: Invoice) -> tuple[Payment, ...]:
        """The payments known to link an invoice, or listed by it."""
        linking = {*self.payment_ids_with("Invoice", invoice.id), *invoice.payment_ids}
        found = (self.payment(payment_id) for payment_id in sorted(linking))
        return tuple(payment for payment in found if payment is not None)

    def payment_ids_with(self, txn_type: str, txn_id: str) -> tuple[str, ...]:
        rows = self._db.execute(
            "SELECT payment_id FROM payment_lines WHERE txn_type = ? AND txn_id = ?", (txn_type, txn_id)
        )
        return tuple(row[0] for row in rows)

    def candidates_by_id(self, ids: Iterable[str]) -> dict[str, Candidate]:
        found: dict[str, Candidate] = {}
        for invoice_id in ids:
            known = self.invoice(invoice_id)
            if known is not None:
                found[invoice_id] = _candidate(*known)
        return found

    def candidates_by_number(self, numbers: Iterable[str]) -> dict[str, tuple[Candidate, ...]]:
        """Exactly equal numbers, with letter case."""
        found: dict[str, tuple[Candidate, ...]] = {}
        for number in numbers:
            rows = self._db.execute("SELECT body, deleted FROM invoices WHERE number = ?", (number,)).fetchall()
            if rows:
                found[number] = tuple(_candidate(decode_invoice(row[0]), bool(row[1])) for row in rows)
        return found

    def candidates_mentioning(self, opportunity_id: str) -> tuple[Candidate, ...]:
        rows = self._db.execute(
            "SELECT i.body, i.deleted FROM mentions m JOIN invoices i ON i.id = m.invoice_id "
            "WHERE m.opportunity_id = ?",
            (opportunity_id,),
        )
        return tuple(_candidate(decode_invoice(row[0]), bool(row[1])) for row in rows)

    def is_missing(self, kind: str, name: str) -> bool:
        """Whether a system was asked for this before and did not have it."""
        row = self._db.execute("SELECT 1 FROM missing WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return row is not None

    def put_missing(self, kind: str, names: Iterable[str]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO missing VALUES (?, ?)", [(kind, name) for name in names])

    def found(self, kind: str, names: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM missing WHERE kind = ? AND name = ?", [(kind, name) for name in names])

    def missing(self, kind: str) -> set[str]:
        rows = self._db.execute("SELECT name FROM missing WHERE kind = ?", (kind,))
        return {row[0] for row in rows}

    def forget_missing(self) -> None:
        """A full pass asks for everything again; what was deleted stays deleted."""
        self._db.execute("DELETE FROM missing WHERE kind NOT IN (?, ?)", (DELETED_INVOICE, WANTED_METHOD))

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

    def drop_unwanted(self, invoice_ids: Sequence[str]) -> None:
        """Forget invoices that no Opportunity is linked to or names any more, with payments that touch no other."""
        for invoice_id in invoice_ids:
            if self._is_named(invoice_id):
                continue
            self._db.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
            self._db.execute("DELETE FROM mentions WHERE invoice_id = ?", (invoice_id,))
            self._db.execute("DELETE FROM meta WHERE key = ?", (f"payment_link:{invoice_id}",))
            for payment_id in self.payment_ids_with("Invoice", invoice_id):
                if not self._settles_known(payment_id):
                    self.drop_payment(payment_id)

    def _is_named(self, invoice_id: str) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM links WHERE invoice_id = :id "
            "UNION ALL SELECT 1 FROM names WHERE kind = 'invoice_id' AND name = :id "
            "UNION ALL SELECT 1 FROM invoices i JOIN names n ON n.kind = 'invoice_number' AND n.name = i.number "
            "WHERE i.id = :id UNION ALL SELECT 1 FROM mentions m JOIN opportunities o ON o.id = m.opportunity_id "
            "WHERE m.invoice_id = :id",
            {"id": invoice_id},
        ).fetchone()
        return row is not None

    def _settles_known(self, payment_id: str) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM payment_lines l JOIN invoices i ON i.id = l.txn_id "
            "WHERE l.payment_id = ? AND l.txn_type = 'Invoice'",
            (payment_id,),
        ).fetchone()
        return row is not None


def _candidate(invoice: Invoice, deleted: bool) -> Candidate:
    voided = invoice.voided and invoice.total == 0 and invoice.balance == 0
    return Candidate(invoice.id, invoice.number, not deleted and not voided, invoice.opportunity_ids)

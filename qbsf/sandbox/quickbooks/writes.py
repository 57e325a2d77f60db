"""Create, update, void and delete: the parts that all entities share."""

from qbsf.sandbox.quickbooks import fields
from qbsf.sandbox.quickbooks.company import LIST_ENTITIES, Company
from qbsf.sandbox.quickbooks.entry_writes import EntryWriter
from qbsf.sandbox.quickbooks.form_writes import FormWriter
from qbsf.sandbox.quickbooks.ledger import Ledger
from qbsf.sandbox.quickbooks.payment_writes import PaymentWriter, deposited
from qbsf.sandbox.quickbooks.records import (
    CreditMemo,
    Document,
    Entry,
    Invoice,
    LedgerEntry,
    Payment,
    Record,
    SalesForm,
    Value,
)
from qbsf.sandbox.quickbooks.refusal import missing, not_found, stale, unsupported
from qbsf.sandbox.quickbooks.rendering import Renderer

_WRITABLE = frozenset({"Invoice", "CreditMemo", "Payment", *LIST_ENTITIES})
_VOIDABLE = frozenset({"Invoice", "Payment"})


class Writer:
    """Called with the company's lock held."""

    def __init__(self, company: Company, ledger: Ledger, renderer: Renderer) -> None:
        self._company = company
        self._ledger = ledger
        self._renderer = renderer
        self._forms = FormWriter(company, ledger)
        self._payments = PaymentWriter(company, ledger)
        self._entries = EntryWriter(company)

    def write(self, entity: str, document: Document, operation: str, include: str) -> Record | str:
        """Do what a POST asks: the record after it, or the id of a deleted one."""
        if operation == "delete":
            return self._delete(entity, self._current(entity, document))
        if operation == "void" or (operation == "update" and include == "void"):
            return self._void(entity, self._current(entity, document), operation)
        if operation not in {"", "create", "update"}:
            raise unsupported(operation)
        if entity not in _WRITABLE:
            raise unsupported(f"create {entity}")
        if operation == "create" or (not operation and "Id" not in document):
            return self._create(entity, document)
        return self._update(self._current(entity, document), document)

    def _current(self, entity: str, document: Document) -> Record:
        record_id = fields.text(document, "Id")
        if not record_id:
            raise missing("Id")
        record = self._company.table(entity).get(record_id)
        if record is None:
            raise not_found()
        if fields.text(document, "SyncToken") != str(record.sync_token):
            raise stale()
        return record

    def _create(self, entity: str, document: Document) -> Record:
        match entity:
            case "Invoice":
                return self._forms.create_invoice(document)
            case "CreditMemo":
                return self._forms.create_credit_memo(document)
            case "Payment":
                return self._payments.create(document)
            case _:
                return self._entries.create(entity, document)

    def _update(self, record: Record, document: Document) -> Record:
        sparse = document.get("sparse") is True
        whole = {**self._renderer.document(record), **document} if sparse else document
        match record:
            case SalesForm():
                self._forms.update(record, whole)
            case Payment():
                self._payments.update(record, whole)
            case Entry():
                self._entries.update(record, whole)
        self._changed(record)
        return record

    def _void(self, entity: str, record: Record, operation: str) -> Record:
        if entity not in _VOIDABLE or (entity == "Payment") != (operation == "update"):
            raise unsupported(f"void {entity}")
        match record:
            case Invoice():
                self._ledger.void_form(record)
            case Payment():
                if record.deposited:
                    raise deposited()
                self._ledger.void_payment(record)
        self._changed(record)
        return record

    def _changed(self, record: Record) -> None:
        record.sync_token += 1
        self._company.touch(record)

    def _delete(self, entity: str, record: Record) -> str:
        match record:
            case Payment():
                if record.deposited:
                    raise deposited()
                self._ledger.delete_payment(record)
            case Invoice() | CreditMemo() | LedgerEntry():
                self._ledger.delete(record)
            case _:
                raise unsupported(f"delete {entity}")
        return record.id


def deleted_document(record_id: str) -> Value:
    """recorded/invoice_delete_response.json"""
    return {"domain": "QBO", "status": "Deleted", "Id": record_id}

"""Payments written through the API (quickbooks.md sections 4 and 6)."""

from decimal import Decimal

from qbsf.sandbox.quickbooks import fields
from qbsf.sandbox.quickbooks.company import Company
from qbsf.sandbox.quickbooks.ledger import Ledger
from qbsf.sandbox.quickbooks.records import ZERO, Document, Payment, PaymentLine
from qbsf.sandbox.quickbooks.refusal import RefusedError, bad_value, business, invalid_reference, missing

_SHOWN_AGAIN = frozenset({"ProjectRef", "ARAccountRef"})
KNOWN = _SHOWN_AGAIN | frozenset(
    {
        "CreditCardPayment",
        "CurrencyRef",
        "CustomerRef",
        "DepositToAccountRef",
        "ExchangeRate",
        "HomeTotalAmt",
        "Id",
        "Line",
        "LinkedTxn",
        "MetaData",
        "PaymentMethodRef",
        "PaymentRefNum",
        "PrivateNote",
        "ProcessPayment",
        "SyncToken",
        "TaxExemptionRef",
        "TotalAmt",
        "TransactionLocationType",
        "TxnDate",
        "TxnSource",
        "TxnStatus",
        "UnappliedAmt",
        "domain",
        "sparse",
        "status",
    }
)


class PaymentWriter:
    """Called with the company's lock held."""

    def __init__(self, company: Company, ledger: Ledger) -> None:
        self._company = company
        self._ledger = ledger

    def create(self, document: Document) -> Payment:
        customer = fields.needed_reference(document, "CustomerRef")
        if self._company.entry("Customer", customer) is None:
            raise invalid_reference("CustomerRef")
        now = self._company.now()
        payment = Payment(
            id=self._company.next_txn_id(),
            created=now,
            updated=now,
            customer=customer,
            txn_date=now.date(),
            currency=self._company.customer_currency(customer),
        )
        self._fill(payment, document)
        self._company.payments.add(payment)
        return payment

    def update(self, payment: Payment, document: Document) -> None:
        """Full or sparse: `document` is already what the payment shall be after it."""
        if payment.deposited:
            raise deposited()
        self._fill(payment, document)

    def _fill(self, payment: Payment, document: Document) -> None:
        fields.refuse_unknown(document, "Payment", KNOWN)
        total = fields.amount(document, "TotalAmt")
        if total is None:
            raise missing("TotalAmt")
        if total < ZERO:
            raise business("Transaction amount must be 0 or greater.")
        method = fields.reference(document, "PaymentMethodRef")
        if method and self._company.entry("PaymentMethod", method) is None:
            raise invalid_reference("PaymentMethodRef")
        lines = [self._line(each) for each in fields.objects(document, "Line")]
        txn_date = fields.day(document, "TxnDate") or payment.txn_date
        reference = fields.text(document, "PaymentRefNum", 21)
        private_note = fields.text(document, "PrivateNote")
        exchange_rate = fields.number(document, "ExchangeRate") or Decimal(1)
        self._ledger.set_lines(payment, lines, total)
        payment.txn_date, payment.method, payment.reference = txn_date, method, reference
        payment.private_note, payment.exchange_rate = private_note, exchange_rate
        payment.members = fields.kept(document, _SHOWN_AGAIN)

    @staticmethod
    def _line(document: Document) -> PaymentLine:
        links = fields.objects(document, "LinkedTxn")
        line_amount = fields.amount(document, "Amount")
        if line_amount is None or len(links) != 1:
            raise bad_value("Line", "a line has an Amount and one LinkedTxn")
        return PaymentLine(line_amount, fields.text(links[0], "TxnType"), fields.text(links[0], "TxnId"))


def deposited() -> RefusedError:
    """6540: it stands in a bank deposit."""
    text = "Deposited Transaction cannot be changed"
    return RefusedError("6540", text, f"{text} : delete it from the deposit first.")

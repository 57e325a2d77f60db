"""Invoices and credit memos written through the API: what is checked, what is derived (quickbooks.md section 6)."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from qbsf.sandbox.quickbooks import fields
from qbsf.sandbox.quickbooks.company import Company
from qbsf.sandbox.quickbooks.ledger import Ledger
from qbsf.sandbox.quickbooks.records import ZERO, CreditMemo, Document, Entry, Invoice, SalesForm, SalesLine
from qbsf.sandbox.quickbooks.refusal import (
    bad_value,
    business,
    duplicate_number,
    invalid_reference,
    missing,
)

_SHOWN_AGAIN = frozenset(
    {
        "AllowIPNPayment",
        "AllowOnlineACHPayment",
        "AllowOnlineCreditCardPayment",
        "AllowOnlinePayment",
        "ApplyTaxAfterDiscount",
        "BillAddr",
        "BillEmailBcc",
        "BillEmailCc",
        "ClassRef",
        "CustomerMemo",
        "DeliveryInfo",
        "DepartmentRef",
        "DepositToAccountRef",
        "EmailStatus",
        "FreeFormAddress",
        "GlobalTaxCalculation",
        "PrintStatus",
        "ProjectRef",
        "SalesTermRef",
        "ShipAddr",
        "ShipDate",
        "ShipFromAddr",
        "ShipMethodRef",
        "TrackingNum",
        "TransactionLocationType",
        "domain",
    }
)
_DECIDING = frozenset(
    {
        "Balance",
        "BillEmail",
        "CurrencyRef",
        "CustomField",
        "CustomerRef",
        "Deposit",
        "DocNumber",
        "DueDate",
        "ExchangeRate",
        "Id",
        "Line",
        "LinkedTxn",
        "MetaData",
        "PrivateNote",
        "SyncToken",
        "TotalAmt",
        "TxnDate",
        "TxnTaxDetail",
        "sparse",
    }
)
_IGNORED = frozenset(
    {
        "AutoDocNumber",
        "ConvenienceFeeDetail",
        "DiscountRate",
        "ECloudStatusTimeStamp",
        "EInvoiceStatus",
        "FOB",
        "HomeBalance",
        "HomeTotalAmt",
        "InvoiceEx",
        "InvoiceLink",
        "LessCIS",
        "PONumber",
        "PaymentDetailsMessage",
        "PaymentMethodRef",
        "PaymentRefNum",
        "RecurDataRef",
        "RecurringInfo",
        "RemainingCredit",
        "RemitToRef",
        "SalesRepRef",
        "Tag",
        "TaxExemptionRef",
        "TaxFormNum",
        "TaxFormType",
        "TxnApprovalInfo",
        "TxnSource",
        "TxnStatus",
        "callToAction",
        "invoiceStatusLog",
        "status",
    }
)
KNOWN = _SHOWN_AGAIN | _DECIDING | _IGNORED
"""After the names that recorded/error_400_unknown_property_2010.json lists."""
_TAX_CALCULATIONS = frozenset({"TaxExcluded", "TaxInclusive", "NotApplicable"})
_VAT = "Make sure all your transactions have a VAT rate before you save."
_NET_DAYS = 30


class FormWriter:
    """Called with the company's lock held."""

    def __init__(self, company: Company, ledger: Ledger) -> None:
        self._company = company
        self._ledger = ledger

    def create_invoice(self, document: Document) -> Invoice:
        fields.refuse_unknown(document, "Invoice", KNOWN)
        customer, now = self._customer(document), self._company.now()
        invoice = Invoice(
            id=self._company.next_txn_id(),
            created=now,
            updated=now,
            customer=customer.id,
            txn_date=now.date(),
            currency=self._company.customer_currency(customer.id),
            due_date=now.date(),
        )
        self._fill(invoice, document)
        due_in = timedelta(days=self._net_days(document))
        invoice.due_date = fields.day(document, "DueDate") or invoice.txn_date + due_in
        self._number(invoice, document)
        invoice.deposit = fields.amount(document, "Deposit") or ZERO
        self._company.invoices.add(invoice)
        self._ledger.apply_open_credits(invoice.customer)
        return invoice

    def create_credit_memo(self, document: Document) -> CreditMemo:
        fields.refuse_unknown(document, "CreditMemo", KNOWN)
        customer, now = self._customer(document), self._company.now()
        memo = CreditMemo(
            id=self._company.next_txn_id(),
            created=now,
            updated=now,
            customer=customer.id,
            txn_date=now.date(),
            currency=self._company.customer_currency(customer.id),
        )
        self._fill(memo, document)
        memo.number = fields.text(document, "DocNumber", 21)
        self._company.credit_memos.add(memo)
        self._ledger.apply_open_credits(memo.customer)
        return memo

    def update(self, form: SalesForm, document: Document) -> None:
        """Full or sparse: `document` is already what the record shall be after it."""
        fields.refuse_unknown(document, type(form).__name__, KNOWN)
        number = fields.text(document, "DocNumber", 21)
        if isinstance(form, Invoice):
            if number != form.number:
                self._refuse_taken(number)
            due_date = fields.day(document, "DueDate") or form.due_date
            deposit = fields.amount(document, "Deposit") or ZERO
            self._ledger.balance_moves(form)
            self._fill(form, document)
            form.due_date, form.deposit = due_date, deposit
        else:
            self._fill(form, document)
        form.number = number
        self._ledger.free_excess(form)

    def _customer(self, document: Document) -> Entry:
        customer = self._company.entry("Customer", fields.needed_reference(document, "CustomerRef"))
        if customer is None or not customer.active:
            raise invalid_reference("CustomerRef")
        return customer

    def _fill(self, form: SalesForm, document: Document) -> None:
        customer = self._customer(document)
        currency = self._company.customer_currency(customer.id)
        wanted = fields.reference(document, "CurrencyRef")
        if wanted and wanted != currency:
            raise business("The currency of the transaction is invalid for the customer.")
        if not wanted and self._company.settings.multi_currency and currency != self._home:
            raise business("CurrencyRef is required for a customer of a foreign currency.")
        exchange_rate = fields.number(document, "ExchangeRate") or Decimal(1)
        private_note = fields.text(document, "PrivateNote")
        txn_date = fields.day(document, "TxnDate") or form.txn_date
        bill_email = fields.text(fields.inner(document, "BillEmail"), "Address", 100)
        custom_fields = self._custom_fields(document)
        lines = self._lines(document)
        tax = self._tax(document, lines)
        total = sum((line.amount for line in lines), ZERO) + tax
        if total < ZERO:
            raise business("Transaction amount must be 0 or greater.")
        form.customer, form.currency, form.exchange_rate = customer.id, currency, exchange_rate
        form.private_note, form.txn_date, form.bill_email = private_note, txn_date, bill_email
        form.custom_fields, form.lines, form.tax, form.total = custom_fields, lines, tax, total
        form.members = fields.kept(document, _SHOWN_AGAIN)

    def _net_days(self, document: Document) -> int:
        terms = fields.reference(document, "SalesTermRef")
        entry = self._company.entry("Term", terms) if terms else None
        if terms and (entry is None or not entry.active):
            raise invalid_reference("SalesTermRef")
        days = entry.members.get("DueDays") if entry else None
        return days if isinstance(days, int) else _NET_DAYS

    @property
    def _home(self) -> str:
        return self._company.settings.home_currency

    def _number(self, invoice: Invoice, document: Document) -> None:
        number = fields.text(document, "DocNumber", 21)
        if number:
            self._refuse_taken(number)
        elif not self._company.settings.custom_txn_numbers:
            number = self._company.next_number()
        invoice.number = number

    def _refuse_taken(self, number: str) -> None:
        if number and self._company.invoices.by_key(number):
            raise duplicate_number(number)

    def _custom_fields(self, document: Document) -> dict[str, str]:
        names = self._company.settings.custom_field_names
        found: dict[str, str] = {}
        for field in fields.objects(document, "CustomField"):
            definition = fields.text(field, "DefinitionId")
            if not (definition.isdecimal() and 0 < int(definition) <= len(names)):
                raise bad_value("CustomField.DefinitionId", definition)
            if value := fields.text(field, "StringValue", 31):
                found[definition] = value
        return found

    def _lines(self, document: Document) -> list[SalesLine]:
        lines = [
            self._line(each)
            for each in fields.objects(document, "Line")
            if each.get("DetailType") != "SubTotalLineDetail"
        ]
        if not any(line.detail_type == "SalesItemLineDetail" for line in lines):
            raise missing("Line")
        return lines

    def _line(self, document: Document) -> SalesLine:
        detail_type = fields.text(document, "DetailType")
        description = fields.text(document, "Description")
        if detail_type == "DescriptionOnly":
            return SalesLine(amount=ZERO, detail_type=detail_type, description=description)
        if detail_type not in {"SalesItemLineDetail", "DiscountLineDetail"}:
            raise bad_value("Line.DetailType", detail_type)
        line_amount = fields.amount(document, "Amount")
        if line_amount is None:
            raise missing("Line.Amount")
        detail = dict(fields.inner(document, detail_type))
        if detail_type == "DiscountLineDetail":
            return SalesLine(amount=-line_amount, detail_type=detail_type, detail=detail)
        price, quantity = fields.number(detail, "UnitPrice"), fields.number(detail, "Qty")
        # python-quickbooks writes both as 0 beside any Amount, and its integration tests pass: 0 and 0 say nothing.
        if price is not None and quantity is not None and (price or quantity):
            product = (price * quantity).quantize(fields.CENT, ROUND_HALF_UP)
            if product != line_amount:
                raise fields.unequal_amount()
        self._complete(detail)
        return SalesLine(amount=line_amount, detail_type=detail_type, description=description, detail=detail)

    def _complete(self, detail: Document) -> None:
        item = self._company.entry("Item", fields.reference(detail, "ItemRef") or "1")
        if item is None or not item.active or item.members.get("Type") in {"Category", "Group"}:
            raise invalid_reference("Line.SalesItemLineDetail.ItemRef")
        detail["ItemRef"] = {"value": item.id, "name": item.name}
        tax_code = fields.reference(detail, "TaxCodeRef") or ("NON" if self._company.is_us else "")
        if not tax_code:
            raise business(_VAT)
        if self._company.entry("TaxCode", tax_code) is None:
            raise invalid_reference("Line.SalesItemLineDetail.TaxCodeRef")
        detail["TaxCodeRef"] = {"value": tax_code}

    def _tax(self, document: Document, lines: list[SalesLine]) -> Decimal:
        calculation = fields.text(document, "GlobalTaxCalculation")
        if calculation and calculation not in _TAX_CALCULATIONS:
            raise bad_value("GlobalTaxCalculation", calculation)
        if not calculation and not self._company.is_us:
            raise business(_VAT)
        if calculation in {"NotApplicable", "TaxInclusive"}:
            return ZERO
        tax = sum(
            (
                line.amount * self._company.tax_rate(fields.reference(line.detail, "TaxCodeRef"))
                for line in lines
                if line.detail_type == "SalesItemLineDetail"
            ),
            ZERO,
        )
        return tax.quantize(fields.CENT, ROUND_HALF_UP)

"""Records as QuickBooks' JSON shows them; shapes after shared/reference/samples/quickbooks."""

from decimal import Decimal

import simplejson

from qbsf.sandbox.exchange import Response
from qbsf.sandbox.quickbooks.company import CURRENCY_NAMES, UNDEPOSITED, Company
from qbsf.sandbox.quickbooks.pacific import ZONE_NAME, stamp
from qbsf.sandbox.quickbooks.records import (
    ZERO,
    CreditMemo,
    Deletion,
    Document,
    Entry,
    Invoice,
    LedgerEntry,
    Payment,
    PaymentLine,
    Record,
    SalesForm,
    Transaction,
    Value,
)

_CENT = Decimal("0.01")
_NAME_VALUE = "{http://schema.intuit.com/finance/v3}NameValue"


def money(amount: Decimal) -> Decimal | int:
    """An amount as recorded answers write it: 100.00, and 0 for nothing."""
    return amount.quantize(_CENT) if amount else 0


def json_response(status: int, document: object, headers: dict[str, str] | None = None) -> Response:
    """JSON with exact decimals."""
    text = simplejson.dumps(document, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), {"Content-Type": "application/json;charset=utf-8", **(headers or {})})


class Renderer:
    """Reads the company's other records for names and open balances; called with its lock held."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def document(self, record: Record, *, invoice_link: bool = False) -> Document:
        """A record as its JSON object."""
        match record:
            case Invoice():
                return self._invoice(record, invoice_link=invoice_link)
            case CreditMemo():
                return self._credit_memo(record)
            case Payment():
                return self._payment(record)
            case LedgerEntry():
                return self._ledger_entry(record)
            case Entry():
                return self._entry(record)
            case _:
                raise TypeError(f"{type(record).__name__} has no JSON form")

    def deleted(self, deletion: Deletion) -> Document:
        """A deletion in the change feed."""
        return {
            "domain": "QBO",
            "status": "Deleted",
            "Id": deletion.id,
            "MetaData": {"LastUpdatedTime": stamp(deletion.updated)},
        }

    def _head(self, record: Record) -> Document:
        return {
            "domain": "QBO",
            "sparse": False,
            "Id": record.id,
            "SyncToken": str(record.sync_token),
            "MetaData": {"CreateTime": stamp(record.created), "LastUpdatedTime": stamp(record.updated)},
        }

    def _transaction(self, txn: Transaction) -> Document:
        document = self._head(txn)
        if txn.number:
            document["DocNumber"] = txn.number
        document["TxnDate"] = txn.txn_date.isoformat()
        settings = self._company.settings
        if settings.show_currency or settings.multi_currency:
            name = CURRENCY_NAMES.get(txn.currency, txn.currency)
            document["CurrencyRef"] = {"value": txn.currency, "name": name}
        if settings.multi_currency:
            document["ExchangeRate"] = txn.exchange_rate
        if txn.private_note:
            document["PrivateNote"] = txn.private_note
        return document

    def _customer_ref(self, customer_id: str) -> Value:
        customer = self._company.entry("Customer", customer_id)
        return {"value": customer_id, "name": self.full_name(customer) if customer else customer_id}

    def full_name(self, customer: Entry) -> str:
        """`Parent:Child` for a sub-customer."""
        parent_ref = customer.members.get("ParentRef")
        if isinstance(parent_ref, dict):
            parent = self._company.entry("Customer", str(parent_ref.get("value")))
            if parent is not None:
                return f"{self.full_name(parent)}:{customer.name}"
        return customer.name

    def _sales_form(self, form: SalesForm) -> Document:
        document = self._transaction(form)
        document["CustomField"] = self._custom_fields(form)
        document["Line"] = self._sales_lines(form)
        document["TxnTaxDetail"] = {"TotalTax": money(form.tax)}
        document["CustomerRef"] = self._customer_ref(form.customer)
        document["TotalAmt"] = money(form.total)
        document["ApplyTaxAfterDiscount"] = False
        document["PrintStatus"] = "NeedToPrint"
        document["EmailStatus"] = "NotSet"
        if form.bill_email:
            document["BillEmail"] = {"Address": form.bill_email}
        document.update(form.members)
        return document

    def _custom_fields(self, form: SalesForm) -> Value:
        fields: list[Value] = []
        for position, name in enumerate(self._company.settings.custom_field_names, start=1):
            shown: Document = {"DefinitionId": str(position), "Name": name, "Type": "StringType"}
            if value := form.custom_fields.get(str(position)):
                shown["StringValue"] = value
            fields.append(shown)
        return fields

    def _sales_lines(self, form: SalesForm) -> Value:
        lines: list[Value] = []
        for position, line in enumerate(form.lines, start=1):
            shown: Document = {"Id": str(position), "LineNum": position}
            if line.description:
                shown["Description"] = line.description
            if line.detail_type != "DescriptionOnly":
                shown["Amount"] = money(line.amount)
            shown["DetailType"] = line.detail_type
            shown[_detail_member(line.detail_type)] = line.detail
            lines.append(shown)
        subtotal = sum((line.amount for line in form.lines), ZERO)
        lines.append({"Amount": money(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
        return lines

    def _invoice(self, invoice: Invoice, *, invoice_link: bool) -> Document:
        settings = self._company.settings
        document: Document = {
            "AllowIPNPayment": False,
            "AllowOnlinePayment": False,
            "AllowOnlineCreditCardPayment": settings.quickbooks_payments,
            "AllowOnlineACHPayment": settings.quickbooks_payments,
        }
        document.update(self._sales_form(invoice))
        document["LinkedTxn"] = [{"TxnId": payment_id, "TxnType": "Payment"} for payment_id in invoice.links]
        document["DueDate"] = invoice.due_date.isoformat()
        balance = self._shown_balance(invoice)
        document["Balance"] = money(balance)
        if invoice.deposit or settings.allow_deposit:
            document["Deposit"] = money(invoice.deposit)
        if settings.multi_currency:
            document["HomeTotalAmt"] = money(invoice.total * invoice.exchange_rate)
            document["HomeBalance"] = money(balance * invoice.exchange_rate)
        if invoice_link and settings.quickbooks_payments and invoice.bill_email:
            document["InvoiceLink"] = f"https://connect.intuit.com/portal/app/CommerceNetwork/view/scs-v1-{invoice.id}"
        return document

    def _shown_balance(self, invoice: Invoice) -> Decimal:
        if invoice.shown_balance is not None and invoice.shown_reads > 0:
            invoice.shown_reads -= 1
            return invoice.shown_balance
        return invoice.open

    def _credit_memo(self, memo: CreditMemo) -> Document:
        document = self._sales_form(memo)
        document["RemainingCredit"] = money(memo.open)
        document["Balance"] = money(memo.open)
        if self._company.settings.multi_currency:
            document["HomeTotalAmt"] = money(memo.total * memo.exchange_rate)
        return document

    def _payment(self, payment: Payment) -> Document:
        document = self._transaction(payment)
        document.pop("DocNumber", None)
        document["Line"] = [self._payment_line(line) for line in payment.lines]
        document["CustomerRef"] = self._customer_ref(payment.customer)
        document["DepositToAccountRef"] = {"value": UNDEPOSITED}
        if payment.method:
            document["PaymentMethodRef"] = {"value": payment.method}
        if payment.reference:
            document["PaymentRefNum"] = payment.reference
        document["TotalAmt"] = money(payment.total)
        document["UnappliedAmt"] = money(payment.unapplied)
        document["ProcessPayment"] = False
        if payment.card_transaction:
            document["TxnSource"] = "IntuitPayment"
            document["CreditCardPayment"] = {
                "CreditChargeInfo": {
                    "ProcessPayment": True,
                    "Amount": money(payment.total),
                    "Type": payment.card_type,
                },
                "CreditChargeResponse": {"Status": "Completed", "CCTransId": payment.card_transaction},
            }
        document.update(payment.members)
        return document

    def _payment_line(self, line: PaymentLine) -> Value:
        target = self._company.linked(line.txn_type, line.txn_id)
        open_before = line.amount + (target.open if target else ZERO)
        pairs = {"txnId": line.txn_id, "txnOpenBalance": str(open_before.quantize(_CENT))}
        if target is not None and target.number:
            pairs["txnReferenceNumber"] = target.number
        return {
            "Amount": money(line.amount),
            "LinkedTxn": [{"TxnId": line.txn_id, "TxnType": line.txn_type}],
            "LineEx": {"any": [_name_value(name, value) for name, value in pairs.items()]},
        }

    def _ledger_entry(self, entry: LedgerEntry) -> Document:
        document = self._transaction(entry)
        document["TotalAmt"] = money(entry.total)
        document.update(entry.members)
        return document

    def _entry(self, entry: Entry) -> Document:
        document = self._head(entry)
        if entry.entity in {"Customer", "Vendor", "Employee"}:
            document["DisplayName"] = entry.name
            document["PrintOnCheckName"] = entry.name
        else:
            document["Name"] = entry.name
        document["Active"] = entry.active
        document.update(entry.members)
        if entry.entity == "Customer":
            document["FullyQualifiedName"] = self.full_name(entry)
            document["Job"] = "ParentRef" in entry.members
            currency = self._company.customer_currency(entry.id)
            document["CurrencyRef"] = {"value": currency, "name": CURRENCY_NAMES.get(currency, currency)}
        document.pop("Rate", None)
        return document

    # -- the two records that a company has once ------------------------------------------------------------------

    def preferences(self) -> Document:
        """After samples/quickbooks/docs/preferences.json."""
        settings = self._company.settings
        return {
            "AccountingInfoPrefs": {"FirstMonthOfFiscalYear": "January", "CustomerTerminology": "Customers"},
            "SalesFormsPrefs": {
                "AllowDeposit": settings.allow_deposit,
                "AllowDiscount": True,
                "AllowEstimates": True,
                "CustomTxnNumbers": settings.custom_txn_numbers,
                "AutoApplyCredit": settings.auto_apply_credits,
                "ETransactionPaymentEnabled": settings.quickbooks_payments,
            },
            "TaxPrefs": {"UsingSalesTax": True},
            "CurrencyPrefs": {
                "MultiCurrencyEnabled": settings.multi_currency,
                "HomeCurrency": {"value": settings.home_currency},
            },
            **self._single(),
        }

    def company_info(self) -> Document:
        settings = self._company.settings
        return {
            "CompanyName": settings.name,
            "LegalName": settings.name,
            "Country": settings.country,
            "SupportedLanguages": "en",
            "DefaultTimeZone": ZONE_NAME,
            "FiscalYearStartMonth": "January",
            **self._single(),
        }

    def _single(self) -> Document:
        times: Document = {
            "CreateTime": stamp(self._company.created),
            "LastUpdatedTime": stamp(self._company.created),
        }
        return {"domain": "QBO", "sparse": False, "Id": "1", "SyncToken": "0", "MetaData": times}


def _detail_member(detail_type: str) -> str:
    return "DescriptionLineDetail" if detail_type == "DescriptionOnly" else detail_type


def _name_value(name: str, value: str) -> Value:
    return {
        "name": _NAME_VALUE,
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }

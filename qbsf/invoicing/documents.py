"""The JSON that QuickBooks is sent: a customer, an invoice (quickbooks.md section 6). PURE.

Money is Decimal, for a writer that keeps its digits. What is left out QuickBooks fills in: number, date, due date.
"""

import hashlib
from collections.abc import Mapping

from qbsf.invoicing.company import Customs
from qbsf.invoicing.customers import Customer
from qbsf.invoicing.deals import Address
from qbsf.invoicing.names import in_latin
from qbsf.invoicing.plan import Draft, DraftLine

LONGEST_COMPANY_NAME = 100
LONGEST_PHONE = 30
LONGEST_EMAIL = 100
_STREET_LINES = 5

Body = Mapping[str, object]


def request_id(realm_id: str, record_id: str, purpose: str) -> str:
    """The same for the same purpose of the same record in the same company, whenever and wherever it is asked:
    QuickBooks answers a repeated one with the first answer. 45 characters of at most 50.
    """
    digest = hashlib.sha256(f"{realm_id}\n{record_id}\n{purpose}".encode()).hexdigest()
    return f"qbsf-{digest[:40]}"


def customer_body(draft: Draft, name: str, customs: Customs) -> Body:
    """A new customer: the account's name, billing address and phone, the contact's e-mail."""
    account = draft.account
    body: dict[str, object] = {"DisplayName": name}
    if len(name) <= LONGEST_COMPANY_NAME:
        body["CompanyName"] = _text(account.name.strip(), customs)
    address = _address(account.address, customs)
    if address:
        body["BillAddr"] = address
    if account.phone and len(account.phone) <= LONGEST_PHONE:
        body["PrimaryPhone"] = {"FreeFormNumber": account.phone}
    if usable_email(draft.email):
        body["PrimaryEmailAddr"] = {"Address": draft.email}
    if customs.multi_currency:
        body["CurrencyRef"] = {"value": draft.currency}
    return body


def invoice_body(draft: Draft, customer: Customer, customs: Customs) -> Body:
    """The invoice. Its note carries the Opportunity's id, by which `sync` and the next run find it."""
    body: dict[str, object] = {
        "CustomerRef": {"value": customer.id},
        "Line": [_line(line, draft) for line in draft.lines],
        "PrivateNote": note_for(draft.deal.id),
    }
    if usable_email(draft.email):
        body["BillEmail"] = {"Address": draft.email}
    if customer.terms_id:
        body["SalesTermRef"] = {"value": customer.terms_id}
    if customs.multi_currency:
        body["CurrencyRef"] = {"value": draft.currency}
    if not customs.in_us:
        body["GlobalTaxCalculation"] = "TaxExcluded"
    return body


def note_for(opportunity_id: str) -> str:
    """The private note: the id as a whole word, in the 18-character form."""
    return f"Salesforce Opportunity {opportunity_id}"


def usable_email(email: str) -> bool:
    """Whether QuickBooks takes it as one."""
    return 0 < len(email) <= LONGEST_EMAIL


def _line(line: DraftLine, draft: Draft) -> Body:
    basket = line.line
    detail: dict[str, object] = {
        "ItemRef": {"value": line.item.id},
        "Qty": basket.quantity,
        "UnitPrice": basket.unit_price,
    }
    if draft.tax_code is not None:
        detail["TaxCodeRef"] = {"value": draft.tax_code.id}
    if basket.service_date is not None:
        detail["ServiceDate"] = basket.service_date.isoformat()
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": basket.amount,
        "Description": basket.description,
        "SalesItemLineDetail": detail,
    }


def _address(address: Address, customs: Customs) -> Body:
    """Street lines beyond the fifth share it."""
    street = [line.strip() for line in address.street.splitlines() if line.strip()]
    if len(street) > _STREET_LINES:
        street[_STREET_LINES - 1 :] = [", ".join(street[_STREET_LINES - 1 :])]
    members = {f"Line{place}": line for place, line in enumerate(street, start=1)} | {
        "City": address.city,
        "CountrySubDivisionCode": address.state,
        "PostalCode": address.postal_code,
        "Country": address.country,
    }
    return {name: _text(value, customs) for name, value in members.items() if value}


def _text(text: str, customs: Customs) -> str:
    return in_latin(text) if customs.in_us else text

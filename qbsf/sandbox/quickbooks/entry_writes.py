"""Customers, items and the other lists written through the API (quickbooks.md section 6)."""

from qbsf.sandbox.quickbooks import fields
from qbsf.sandbox.quickbooks.company import NAMED_TOGETHER, Company
from qbsf.sandbox.quickbooks.records import Document, Entry
from qbsf.sandbox.quickbooks.refusal import (
    RefusedError,
    business,
    duplicate_name,
    invalid_reference,
    missing,
    too_long,
)

_DERIVED = frozenset(
    {
        "Id",
        "SyncToken",
        "MetaData",
        "sparse",
        "domain",
        "Active",
        "DisplayName",
        "Name",
        "FullyQualifiedName",
        "Job",
        "PrintOnCheckName",
    }
)
_KNOWN = {
    "Customer": _DERIVED
    | {
        "AcctNum",
        "AlternatePhone",
        "Balance",
        "BalanceWithJobs",
        "BillAddr",
        "BillWithParent",
        "ClientEntityId",
        "CompanyName",
        "ContactName",
        "CurrencyRef",
        "CustomerTypeRef",
        "DefaultTaxCodeRef",
        "FamilyName",
        "Fax",
        "GivenName",
        "IsProject",
        "Level",
        "MiddleName",
        "Mobile",
        "Notes",
        "OpenBalanceDate",
        "ParentRef",
        "PaymentMethodRef",
        "PreferredDeliveryMethod",
        "PrimaryEmailAddr",
        "PrimaryPhone",
        "PrimaryTaxIdentifier",
        "ResaleNum",
        "SalesTermRef",
        "ShipAddr",
        "Suffix",
        "TaxExemptionReasonId",
        "Taxable",
        "Title",
        "V4IDPseudonym",
        "WebAddr",
    },
    "Item": _DERIVED
    | {
        "AssetAccountRef",
        "Description",
        "ExpenseAccountRef",
        "IncomeAccountRef",
        "InvStartDate",
        "ItemCategoryType",
        "ItemGroupDetail",
        "Level",
        "ParentRef",
        "PrefVendorRef",
        "PrintGroupedItems",
        "PurchaseCost",
        "PurchaseDesc",
        "PurchaseTaxIncluded",
        "QtyOnHand",
        "ReorderPoint",
        "SalesTaxCodeRef",
        "SalesTaxIncluded",
        "Sku",
        "SpecialItem",
        "SubItem",
        "TaxClassificationRef",
        "Taxable",
        "TrackQtyOnHand",
        "Type",
        "UnitPrice",
    },
}
"""What the two entities that qbsf writes may carry; the other lists take any member."""
_LONGEST_NAME = {"Item": 100, "PaymentMethod": 31}


class EntryWriter:
    """Called with the company's lock held."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, entity: str, document: Document) -> Entry:
        name = self._name(entity, document)
        self._refuse_taken(entity, name, None)
        self._check(entity, document)
        return self._company.add_entry(entity, name, _members(document))

    def update(self, entry: Entry, document: Document) -> None:
        """Full or sparse: `document` is already what the row shall be after it."""
        name = self._name(entry.entity, document)
        self._refuse_taken(entry.entity, name, entry)
        self._check(entry.entity, document)
        if entry.entity == "Customer":
            before = self._company.customer_currency(entry.id)
            if (fields.reference(document, "CurrencyRef") or before) != before:
                raise business("The currency of a customer cannot be changed.")
        entry.name = name
        entry.active = document.get("Active") is not False
        entry.members = _members(document)

    def _name(self, entity: str, document: Document) -> str:
        member = "DisplayName" if entity in NAMED_TOGETHER else "Name"
        name = fields.text(document, member, 4000).strip()
        if not name and entity in NAMED_TOGETHER:
            parts = (fields.text(document, part) for part in ("GivenName", "FamilyName"))
            name = " ".join(part for part in parts if part)
        if not name:
            raise missing(member)
        longest = _LONGEST_NAME.get(entity, 500)
        if len(name) > longest:
            raise too_long(member, longest)
        if any(each in name for each in ":\t\n"):
            raise RefusedError(
                "6000",
                "A business validation error has occurred while processing your request",
                f"{member} cannot contain a colon, a tab or a new line.",
                member,
            )
        return name

    def _refuse_taken(self, entity: str, name: str, but: Entry | None) -> None:
        if entity in NAMED_TOGETHER:
            taken = self._company.name_is_taken(name, but)
        else:
            taken = any(entry is not but for entry in self._company.lists[entity].by_key(name))
        if taken:
            raise duplicate_name()

    def _check(self, entity: str, document: Document) -> None:
        if entity in _KNOWN:
            fields.refuse_unknown(document, entity, _KNOWN[entity])
        if entity == "Customer":
            currency = fields.reference(document, "CurrencyRef")
            settings = self._company.settings
            if currency not in {"", settings.home_currency} and not settings.multi_currency:
                raise business("Multicurrency is not turned on for this company.")
            parent = fields.reference(document, "ParentRef")
            if parent and self._company.entry("Customer", parent) is None:
                raise invalid_reference("ParentRef")
        if entity == "Item" and fields.text(document, "Type") in {"Service", "NonInventory"}:
            account = fields.needed_reference(document, "IncomeAccountRef")
            if self._company.entry("Account", account) is None:
                raise invalid_reference("IncomeAccountRef")


def _members(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in _DERIVED and value is not None}

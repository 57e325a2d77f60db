"""What each configured Opportunity field has to be, and how a missing one is made. PURE.

The check, the SFDX source and the Tooling API all take it from here.
"""

from dataclasses import asdict, dataclass
from typing import Literal

from qbsf.config import FieldsConfig

MetadataType = Literal["Text", "Url", "Currency", "Date"]
"""Types of CustomField metadata (salesforce.md section 5)."""
LENGTH = 255
"""Of a new text field: the longest that can be filtered on (lists of invoices, joined references)."""
PRECISION, SCALE = 18, 2
"""Digits of a new currency field, and those after the point."""

_TEXTS = frozenset({"string", "textarea", "picklist", "url", "email", "phone", "combobox"})
_MONEY = frozenset({"currency", "double"})
_TYPES: dict[str, MetadataType] = {
    "payment_date": "Date",
    "payment_amount": "Currency",
    "invoice_total": "Currency",
    "invoice_balance": "Currency",
    "payment_link": "Url",
}
_FITTING: dict[MetadataType, frozenset[str]] = {
    "Text": _TEXTS,
    "Url": _TEXTS,
    "Currency": _MONEY,
    "Date": frozenset({"date"}),
}
_SHORTEST = {
    "invoice_id": 40,
    "invoice_number": 43,
    "payment_method": 64,
    "payment_reference": 43,
    "payment_link": 100,
    "payment_status": 14,
    "company": 20,
}
"""Characters below which what usually stands there is cut or left out: two ids or DocNumbers (21 characters each,
quickbooks.md section 4), two method names (31 each), an address, the longest status, a realm id."""
_LINKS = frozenset({"invoice_id", "invoice_number", "company"})


@dataclass(frozen=True)
class FieldSpec:
    """One configured field: `key` as under [fields], `name` as the org's API name."""

    key: str
    name: str

    @property
    def type(self) -> MetadataType:
        """What a new one is made as."""
        return _TYPES.get(self.key, "Text")

    @property
    def fitting(self) -> frozenset[str]:
        """Describe's types that can hold it."""
        return _FITTING[self.type]

    @property
    def shortest(self) -> int:
        """Characters that it should have, 0 where that means nothing."""
        return _SHORTEST.get(self.key, 0)

    @property
    def searched(self) -> bool:
        """Whether queries filter on it."""
        return self.key in _LINKS

    @property
    def external_id(self) -> bool:
        """Made with an index, for it is searched. Never unique: a cloned deal copies the field and would be refused."""
        return self.searched

    @property
    def written(self) -> bool:
        """Whether qbsf writes it; the company field is a person's."""
        return self.key != "company"

    @property
    def creatable(self) -> bool:
        """Whether it is a custom field of the org itself: not a standard one, and none of a package."""
        return self.name.endswith("__c") and "__" not in self.name.removesuffix("__c")

    @property
    def label(self) -> str:
        """As in "QB Payment Date"."""
        return self.name.removesuffix("__c").replace("_", " ")


def specs(fields: FieldsConfig) -> tuple[FieldSpec, ...]:
    """Every configured field, in the order of the file."""
    return tuple(FieldSpec(key, name) for key, name in asdict(fields).items() if name)

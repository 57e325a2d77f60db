"""What an Opportunity brings to its invoice: account, products, the contact who gets it (salesforce.md section 4)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from qbsf.model import Opportunity


@dataclass(frozen=True)
class Address:
    """A billing address as Salesforce keeps it: the street may hold line ends."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True)
class Account:
    """Whom an invoice is for."""

    id: str
    name: str
    phone: str = ""
    address: Address = Address()


@dataclass(frozen=True)
class LineItem:
    """A product line. `total` is after discount, so quantity times price need not be it."""

    id: str
    product_name: str
    product_code: str
    quantity: Decimal
    unit_price: Decimal
    """The sales price, before discount."""
    total: Decimal
    description: str = ""
    service_date: date | None = None

    @property
    def product(self) -> str:
        """What a person calls the product."""
        return f"{self.product_name} ({self.product_code})" if self.product_code else self.product_name


@dataclass(frozen=True)
class Deal:
    """An open Opportunity at the invoicing stage."""

    opportunity: Opportunity
    created: datetime
    account: Account | None
    lines: tuple[LineItem, ...] = ()
    """In the order in which Salesforce shows them."""
    email: str = ""
    """Of the primary contact role; "" where there is none or it has no e-mail."""

    @property
    def id(self) -> str:
        return self.opportunity.id

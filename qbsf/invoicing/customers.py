"""Which QuickBooks customer an account is, and whether an invoice may go there. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass

from qbsf.invoicing.names import known_as


@dataclass(frozen=True)
class Customer:
    """A customer as QuickBooks keeps it, inactive ones too."""

    id: str
    name: str
    active: bool
    currency: str
    """CurrencyRef, "" where absent: the home currency."""
    terms_id: str = ""
    """SalesTermRef, "" where absent."""


class CustomerBook:
    """Customers by name and by id, as far as they were asked for. QuickBooks' names are unique whatever their case."""

    def __init__(self, customers: Iterable[Customer] = ()) -> None:
        self._by_name: dict[str, Customer] = {}
        self._by_id: dict[str, Customer] = {}
        for customer in customers:
            self.add(customer)

    def add(self, customer: Customer) -> None:
        """Keep one that was found or made."""
        self._by_name[customer.name.casefold()] = customer
        self._by_id[customer.id] = customer

    def with_id(self, customer_id: str) -> Customer | None:
        return self._by_id.get(customer_id)

    def of_account(self, account_name: str, *, latin: bool) -> Customer | None:
        """The account's customer: an active one of any of its names, else an inactive one."""
        names = known_as(account_name, latin=latin)
        found = [self._by_name[name.casefold()] for name in names if name.casefold() in self._by_name]
        return next((customer for customer in found if customer.active), found[0] if found else None)

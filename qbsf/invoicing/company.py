"""What of a QuickBooks company decides how it wants its invoices: country, currencies, tax code. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from qbsf.errors import ConfigError
from qbsf.invoicing.basket import CENT

US = frozenset({"US", "USA"})
_US_CODES = ("TAX", "NON")


@dataclass(frozen=True)
class Customs:
    """The settings of the company (Preferences, CompanyInfo)."""

    home_currency: str
    multi_currency: bool
    country: str
    numbers_by_hand: bool = False
    """CustomTxnNumbers: an invoice that is sent without a number has none."""
    takes_payments: bool = True
    """ETransactionPaymentEnabled: invoices can have a payment link."""

    @property
    def in_us(self) -> bool:
        return self.country in US


@dataclass(frozen=True)
class TaxCode:
    """A sales tax code; `rate` as a fraction, None where it is QuickBooks' to know."""

    id: str
    name: str
    active: bool = True
    rate: Decimal | None = None

    def tax_on(self, net: Decimal) -> Decimal | None:
        """The tax on a net amount as it will about be; QuickBooks has the last word."""
        return None if self.rate is None else (net * self.rate).quantize(CENT, ROUND_HALF_UP)


def tax_code_for(customs: Customs, configured: str, codes: Iterable[TaxCode]) -> TaxCode | None:
    """The code of every line, None where QuickBooks works the tax out by itself (United States).

    Raises ConfigError where one is needed and none is configured, and for one that the company does not have.
    """
    if customs.in_us:
        if configured in ("", *_US_CODES):
            return TaxCode(configured, configured) if configured else None
        raise ConfigError(
            f"A United States company has no tax code {configured!r} for its invoices.",
            'Leave invoicing.tax_code empty (QuickBooks works the tax out), or set it to "TAX" or "NON".',
            code="tax_code",
        )
    active = [code for code in codes if code.active]
    names = ", ".join(sorted(code.name for code in active)) or "none"
    if not configured:
        raise ConfigError(
            f"invoicing.tax_code is not set, and QuickBooks ({customs.country or 'outside the United States'}) needs a "
            "tax code on every line of an invoice.",
            f"Set it to one of this company's: {names}.",
            code="tax_code",
        )
    found = next((code for code in active if code.name == configured), None)
    found = found or next((code for code in active if code.id == configured), None)
    if found is None:
        raise ConfigError(
            f"invoicing.tax_code: QuickBooks has no tax code {configured!r}.",
            f"Set it to one of this company's: {names}.",
            code="tax_code",
        )
    return found

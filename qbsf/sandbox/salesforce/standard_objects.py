"""The objects of a fresh org: the standard ones, with the fields that qbsf's configuration names."""

from collections.abc import Sequence
from dataclasses import replace

from qbsf.config import FieldsConfig
from qbsf.sandbox.salesforce.field_kinds import money, text_field
from qbsf.sandbox.salesforce.sales_objects import sales_objects
from qbsf.sandbox.salesforce.schema import Field, PicklistValue, Schema
from qbsf.sandbox.salesforce.setup_objects import setup_objects


def qbsf_fields() -> tuple[Field, ...]:
    """The Opportunity fields that qbsf's configuration names by default (shared/interface.md, `[fields]`)."""
    names = FieldsConfig()
    texts = (
        names.invoice_id,
        names.invoice_number,
        names.payment_method,
        names.payment_reference,
        names.payment_link,
    )
    return (
        *(text_field(name) for name in texts),
        Field(names.payment_date, "date"),
        money(names.payment_amount),
    )


WITH_CURRENCY = ("Opportunity", "Account", "Contact", "OpportunityLineItem", "Product2", "PricebookEntry")


def standard_schema(currencies: Sequence[str]) -> Schema:
    """A fresh org's objects; CurrencyIsoCode exists only with several currencies (salesforce.md section 3)."""
    schema = Schema(one for group in (sales_objects(), setup_objects()) for one in group)
    schema.find("Opportunity").add(*qbsf_fields())
    if currencies:
        currency = Field("CurrencyIsoCode", "picklist", label="Currency ISO Code", length=3, restricted=True)
        active = tuple(PicklistValue(code, code) for code in currencies)
        for name in WITH_CURRENCY:
            schema.find(name).add(replace(currency, picklist=active))
    return schema

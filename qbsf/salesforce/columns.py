"""Which columns of an Opportunity are read, and which rows, as the configuration and the org's describe say. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qbsf.config import FieldsConfig, StagesConfig
from qbsf.errors import ConfigError
from qbsf.model import FieldInfo, Opportunity
from qbsf.salesforce import soql

STANDARD = (
    "Id",
    "Name",
    "StageName",
    "IsClosed",
    "IsWon",
    "Amount",
    "CloseDate",
    "AccountId",
    "Account.Name",
    "LastModifiedById",
    "LastModifiedBy.Name",
    "SystemModstamp",
)
ORDER = ("SystemModstamp", "Id")


def configured_names(fields: FieldsConfig, stages: StagesConfig) -> tuple[str, ...]:
    """Every Opportunity field the configuration names, each once, in the order of the file."""
    named = [
        fields.invoice_id,
        fields.invoice_number,
        fields.payment_date,
        fields.payment_amount,
        fields.payment_method,
        fields.payment_reference,
        fields.payment_link,
        fields.payment_status,
        fields.invoice_total,
        fields.invoice_balance,
        fields.company,
        *(name for name, _ in stages.set_),
    ]
    return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True)
class Column:
    """A configured field: its name as configured, as the org writes it (SOQL answers with that), and its type."""

    configured: str
    name: str
    type: str


@dataclass(frozen=True)
class OpportunityColumns:
    """What to ask for. `of` builds it from describe's facts, which may come from a cache."""

    fields: tuple[Column, ...]
    links: tuple[str, ...]
    """The configured link fields: invoice id, invoice number."""
    filterable_links: tuple[str, ...]
    payment_amount: str
    company: str
    """The configured company field, "" where there is none."""
    company_filterable: bool
    realm_id: str
    multi_currency: bool
    record_types: bool

    @classmethod
    def of(
        cls, fields: FieldsConfig, stages: StagesConfig, info: Mapping[str, FieldInfo], realm_id: str
    ) -> "OpportunityColumns":
        """The columns for an org. `info` is describe's, by API name; only the configured names, CurrencyIsoCode and
        RecordTypeId are looked at. API names are found whatever their case, as in SOQL.

        Raises ConfigError for a field that does not exist or is hidden from the integration user.
        """
        by_lower_name = {name.lower(): facts for name, facts in info.items()}

        def facts_of(name: str) -> FieldInfo:
            facts = by_lower_name.get(name.lower())
            if facts is None:
                raise missing_field(name)
            return facts

        found = {name: facts_of(name) for name in configured_names(fields, stages)}
        links = tuple(dict.fromkeys(name for name in (fields.invoice_id, fields.invoice_number) if name))
        if stages.by_record_type and "recordtypeid" not in by_lower_name:
            raise ConfigError(
                "[stages.by_record_type] is set, but Opportunities have no record types in this org.",
                "Remove the table, or let the integration user see the record types.",
            )
        return cls(
            fields=tuple(Column(name, facts.name, facts.type) for name, facts in found.items()),
            links=links,
            filterable_links=tuple(name for name in links if found[name].filterable),
            payment_amount=fields.payment_amount,
            company=fields.company,
            company_filterable=bool(fields.company) and found[fields.company].filterable,
            realm_id=realm_id,
            multi_currency="currencyisocode" in by_lower_name,
            record_types=bool(stages.by_record_type),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the SELECT."""
        extra = ["CurrencyIsoCode"] if self.multi_currency else []
        extra += ["RecordType.DeveloperName"] if self.record_types else []
        named = [column.name for column in self.fields]
        return tuple(dict.fromkeys([*STANDARD, *extra, *named]))

    def linked(self, since: datetime | None) -> str:
        """A statement for the rows that name an invoice, changed at `since` or later, oldest change first. Where a
        link field cannot be filtered on, for more: `is_linked` tells.
        """
        conditions = []
        if not self.links:
            conditions.append(soql.is_filled(self.payment_amount))
        elif self.filterable_links == self.links:
            conditions.append(soql.any_of([soql.is_filled(link) for link in self.links]))
        if since is not None:
            conditions.append(f"SystemModstamp >= {soql.instant(since)}")
        return self.statement(conditions)

    def statement(self, conditions: list[str]) -> str:
        """A statement for the rows of this profile's company that meet the conditions."""
        if self.company_filterable:
            conditions = [f"{soql.name(self.company)} = {soql.literal(self.realm_id)}", *conditions]
        return soql.select(self.names, "Opportunity", conditions, ORDER)

    def is_ours(self, opportunity: Opportunity) -> bool:
        """Whether it belongs to this profile's company, where the configuration tells companies apart."""
        return not self.company or opportunity.fields[self.company] == self.realm_id

    def is_linked(self, opportunity: Opportunity) -> bool:
        """Whether it names an invoice (or, without link fields, holds a payment)."""
        return any(opportunity.fields[name] is not None for name in self.links or (self.payment_amount,))


def missing_field(name: str) -> ConfigError:
    """The error for a field that the org does not show."""
    return ConfigError(
        f"Salesforce shows no Opportunity field {name}: it does not exist, or the integration user may not see it.",
        "Create it or grant it by a permission set (`qbsf check --fix` does both), or correct its name in the "
        "configuration.",
        code="missing_field",
    )

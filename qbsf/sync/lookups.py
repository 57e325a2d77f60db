"""What rarely changes and is kept with an age: company, payment methods, field descriptions, stages, organization.

The stages are read afresh all the same in every pass that moves one (rules.md section 4).
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace

from qbsf.config import Config, FieldsConfig, StagesConfig
from qbsf.core import stages as stage_rules
from qbsf.errors import ConfigError
from qbsf.lanes import Lane
from qbsf.model import Company, FieldInfo, Organization, Stage
from qbsf.salesforce.columns import configured_names
from qbsf.state.codec import dump
from qbsf.state.store import State
from qbsf.sync.ports import Books, Org

_KEY = "lookups"
_TEXT_TYPES = ("string", "textarea", "picklist", "url", "email", "phone", "combobox")
_MONEY_TYPES = ("currency", "double")


@dataclass(frozen=True)
class Lookups:
    """The kept facts of both systems."""

    company: Company
    methods: Mapping[str, str]
    """Payment method names by id, inactive ones too."""
    fields: Mapping[str, FieldInfo]
    """What describe says of the configured Opportunity fields."""
    stages: tuple[Stage, ...]
    organization: Organization

    def stage_names(self, stages: StagesConfig) -> StagesConfig:
        """The configured stages by their API names; raises ConfigError where the org has no such stage."""
        return stage_rules.resolve(stages, self.stages)


def load(state: State) -> Lookups | None:
    """The lookups as last kept, None where there are none."""
    text = state.get(_KEY)
    if text is None:
        return None
    value = json.loads(text)
    return Lookups(
        Company(**value["company"]),
        value["methods"],
        {name: FieldInfo(**info) for name, info in value["fields"].items()},
        tuple(Stage(**stage) for stage in value["stages"]),
        Organization(**value["organization"]),
    )


def keep(state: State, lookups: Lookups) -> None:
    state.put(
        _KEY,
        dump(
            {
                "company": asdict(lookups.company),
                "methods": dict(lookups.methods),
                "fields": {name: asdict(info) for name, info in lookups.fields.items()},
                "stages": [asdict(stage) for stage in lookups.stages],
                "organization": asdict(lookups.organization),
            }
        ),
    )


@dataclass(frozen=True)
class AskedBooks:
    """QuickBooks' part of the lookups, asked for: an answer takes a while."""

    company: "Future[Company]"
    methods: "Future[dict[str, str]]"

    def raise_known(self) -> None:
        """Raise what is known to have gone wrong already; waits for nothing."""
        for asked in (self.company, self.methods):
            if asked.done():
                asked.result()


def ask_books(books: Books, lane: Lane) -> AskedBooks:
    return AskedBooks(lane.begin(books.company), lane.begin(books.payment_methods))


def read(config: Config, org: Org, asked_books: AskedBooks) -> Lookups:
    """All lookups, read afresh. Raises ConfigError for a configured field that cannot hold what it should."""
    settings = org.settings()
    asked = (*configured_names(config.fields, config.stages), "CurrencyIsoCode", "RecordTypeId")
    wanted = {name: settings.fields[name] for name in asked if name in settings.fields}
    check_fields(config.fields, wanted)
    company, methods = asked_books.company.result(), asked_books.methods.result()
    return Lookups(company, methods, wanted, settings.stages, settings.organization)


def with_methods(lookups: Lookups, books: Books) -> Lookups:
    return replace(lookups, methods=books.payment_methods())


def check_fields(fields: FieldsConfig, infos: Mapping[str, FieldInfo]) -> None:
    """Every configured Opportunity field must exist for the integration user and be of a fitting type."""
    kinds: dict[str, tuple[str, ...]] = {
        "payment_date": ("date",),
        "payment_amount": _MONEY_TYPES,
        "invoice_total": _MONEY_TYPES,
        "invoice_balance": _MONEY_TYPES,
    }
    problems = [
        problem
        for key, name in _keys(fields)
        if (problem := _problem(key, name, infos.get(name), kinds.get(key, _TEXT_TYPES)))
    ]
    if problems:
        raise ConfigError(
            "; ".join(problems) + ".",
            "Create or change the field in Salesforce and grant it to the integration user, or change [fields].",
            code="field",
        )


def _problem(key: str, name: str, info: FieldInfo | None, types: tuple[str, ...]) -> str | None:
    if info is None:
        return f"fields.{key}: Opportunity has no field {name} that the integration user can see"
    if info.type not in types:
        return f"fields.{key}: {name} is a {info.type} field, it must be {' or '.join(types[:2])}"
    if not info.updateable and key != "company":
        return f"fields.{key}: {name} cannot be written by the integration user"
    return None


def _keys(fields: FieldsConfig) -> Iterable[tuple[str, str]]:
    return [(key, name) for key, name in asdict(fields).items() if name]

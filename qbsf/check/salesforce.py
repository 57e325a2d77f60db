"""Salesforce as it answers now: login, org, fields, stages, record types, allowance (salesforce.md 1, 4 and 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from qbsf.check import fields
from qbsf.check.fields import Described
from qbsf.check.findings import Finding, fail, of_error, ok, warn, wrong
from qbsf.check.quickbooks import skew
from qbsf.clock import Clock
from qbsf.config import Config, StagesConfig
from qbsf.core import stages as stage_rules
from qbsf.errors import ConfigError, QbsfError, Unreachable
from qbsf.model import Company, Organization, Stage
from qbsf.output.text import one_line
from qbsf.records import Json, Reader
from qbsf.salesforce import parse
from qbsf.salesforce.client import SalesforceOrg
from qbsf.salesforce.session import SalesforceSession, SalesforceSessions
from qbsf.sync.allowance import warns_below


class FreshLogin:
    """Sessions of the client, for a check: the first is a new login, not the one that is kept for passes."""

    def __init__(self, sessions: SalesforceSessions) -> None:
        self._sessions = sessions

    def current(self) -> SalesforceSession:
        return self._sessions.renew(self._sessions.current().access_token)

    def renew(self, rejected: str) -> SalesforceSession:
        return self._sessions.renew(rejected)


class OrgCheck:
    """The findings of one org; `described` is filled when it has answered."""

    def __init__(self, config: Config, org: SalesforceOrg, clock: Clock) -> None:
        self._config = config
        self._org = org
        self._clock = clock
        self.described: Mapping[str, Described] | None = None

    def findings(self, company: Company | None) -> Iterator[Finding]:
        """One after the other, as they are asked for; `company` is QuickBooks', where that has answered."""
        try:
            organization = self._org.organization()
            now, theirs = self._clock.now(), self._org.server_time
        except QbsfError as error:
            yield of_error("salesforce", error)
            return
        yield ok("salesforce", f"Logged in to {_titled(organization)} as user {self._org.user_id}.")
        yield self._environment(organization)
        if theirs is not None:
            yield skew("salesforce.clock", "Salesforce", theirs, now)
        for topic, part in (("fields", self._fields(company)), ("stages", self._stages())):
            try:
                yield from part
            except QbsfError as error:
                yield of_error(topic, error)
        yield from self._allowance()

    def fields_again(self) -> Iterator[Finding]:
        """The fields alone, read anew after they were mended."""
        try:
            answer = self._org.rest.get("sobjects/Opportunity/describe", "the Opportunity fields")
            self.described = described_fields(answer)
        except QbsfError as error:
            yield of_error("fields", error)
            return
        yield from fields.check(self._config.fields, StagesConfig(), self.described)

    def _environment(self, organization: Organization) -> Finding:
        sandbox = self._config.quickbooks.environment == "sandbox"
        allowed = self._config.sync.allow_sandbox_to_production
        if sandbox and organization.is_production and not allowed:
            return wrong(
                "environment",
                f"A QuickBooks sandbox does not write to the production org {one_line(organization.name)}.",
                "Use a Salesforce sandbox, or set sync.allow_sandbox_to_production = true.",
            )
        if not sandbox and not organization.is_production:
            return warn(
                "environment",
                "Payments of a production company go to a Salesforce org that is no production org.",
                "Right for a trial; else set salesforce.instance_url to the production org.",
            )
        return ok("environment", f"QuickBooks {self._config.quickbooks.environment} and this org go together.")

    def _fields(self, company: Company | None) -> Iterator[Finding]:
        answer = self._org.rest.get("sobjects/Opportunity/describe", "the Opportunity fields")
        self.described = described = described_fields(answer)
        yield from fields.check(self._config.fields, self._config.stages, described)
        yield from self._record_types(answer, described)
        if company is not None:
            yield self._currency(company, multi="CurrencyIsoCode" in described)

    def _record_types(self, answer: Json, described: Mapping[str, Described]) -> Iterator[Finding]:
        if not self._config.stages.by_record_type:
            return
        rows = Reader.of("Salesforce", "describe of Opportunity", answer).members("recordTypeInfos")
        known = {row.text_or_empty("developerName") for row in rows if row.raw("active") is not False} - {"Master"}
        for name, _ in self._config.stages.by_record_type:
            topic = f"stages.by_record_type.{name}"
            if "RecordTypeId" not in described:
                yield wrong(topic, "Opportunities show no record types in this org.", "Remove it, or grant the field.")
            elif name in known:
                yield ok(topic, f"Opportunity has the record type {name}.")
            else:
                among = ", ".join(sorted(known)) or "none"
                yield wrong(
                    topic, f"Opportunity has no active record type {name}.", f"It has: {one_line(among)}. Correct it."
                )

    def _currency(self, company: Company, *, multi: bool) -> Finding:
        configured = self._config.salesforce.currency
        currency = configured or company.home_currency
        if multi:
            if configured:
                what = "salesforce.currency is set, but this org has several currencies: each Opportunity has its own."
                return warn("currency", what, 'Set salesforce.currency = "".')
            return ok("currency", "This org has several currencies: an Opportunity must have its invoice's.")
        if company.multi_currency:
            return warn(
                "currency",
                f"QuickBooks has several currencies, this org has one, taken to be {currency}: invoices in another"
                " are left to a person.",
                "Set salesforce.currency where that is not the org's; nothing else is to be done.",
            )
        if currency != company.home_currency:
            return warn(
                "currency",
                f"salesforce.currency is {currency}, and all invoices are in {company.home_currency}: none is written.",
                "Correct salesforce.currency.",
            )
        return ok("currency", f"Both systems are taken to work in {currency}.")

    def _stages(self) -> Iterator[Finding]:
        org = self._org.stages()
        for topic, one in _single(self._config.stages):
            try:
                stage_rules.resolve(one, org)
            except ConfigError as error:
                yield wrong(topic, error.message, error.todo)
            else:
                yield ok(topic, _stage_told(topic, one))
        yield from self._invoicing_stage(org)

    def _invoicing_stage(self, org: list[Stage]) -> Iterator[Finding]:
        wanted = self._config.invoicing.stage
        if not wanted:
            return
        found = next((stage for stage in org if wanted in (stage.api_name, stage.label)), None)
        if found is None or not found.is_active:
            active = ", ".join(stage.label for stage in org if stage.is_active)
            yield warn(
                "invoicing.stage",
                f'invoicing.stage = "{one_line(wanted)}" is not an active stage of this org.',
                f"Only qbsf invoice needs it; one of: {one_line(active)}.",
            )

    def _allowance(self) -> Iterator[Finding]:
        usage = self._org.api_usage
        if usage is None:
            return
        used, allowance = usage
        left, floor = max(allowance - used, 0), self._config.sync.keep_api_calls.floor(allowance)
        told = f"{left} of {allowance} API calls are left for these 24 hours, {floor} are kept for others"
        if left < floor:
            todo = "Passes wait; Setup, System Overview, API Usage shows who uses them. Or lower sync.keep_api_calls."
            yield fail("allowance", f"{told}.", todo, Unreachable.exit_code)
        elif left < warns_below(self._config.sync.keep_api_calls, allowance):
            yield warn(
                "allowance", f"{told}: passes stop soon.", "Setup, System Overview, API Usage shows who uses them."
            )
        else:
            yield ok("allowance", f"{told}.")


def described_fields(answer: Json) -> dict[str, Described]:
    """The fields of a describe by API name. Raises UnexpectedAnswer."""
    infos = parse.field_infos(answer)
    rows = Reader.of("Salesforce", "describe of Opportunity", answer).members("fields")
    return {
        (name := row.text("name")): Described(
            infos[name],
            required=row.raw("nillable") is False and row.text("type") != "boolean",
            calculated=row.raw("calculated") is True,
            restricted=row.raw("restrictedPicklist") is True,
        )
        for row in rows
    }


def _single(stages: StagesConfig) -> Iterator[tuple[str, StagesConfig]]:
    """Each configured stage alone, so that each gets its own finding."""
    none = replace(StagesConfig(), paid="")
    if stages.paid:
        yield "stages.paid", replace(none, paid=stages.paid)
    for name in stages.from_:
        yield "stages.from", replace(none, from_=(name,))
    if stages.partially_paid:
        yield "stages.partially_paid", replace(none, partially_paid=stages.partially_paid)
    if stages.reversed:
        yield "stages.reversed", replace(none, reversed=stages.reversed)
    for record_type, name in stages.by_record_type:
        yield f"stages.by_record_type.{record_type}", replace(none, by_record_type=((record_type, name),))


def _stage_told(topic: str, one: StagesConfig) -> str:
    named = [*one.from_, one.paid, one.partially_paid, one.reversed, *(name for _, name in one.by_record_type)]
    name = next(name for name in named if name)
    won = " and wins a deal" if topic == "stages.paid" or one.by_record_type else ""
    return f'"{one_line(name)}" is an active stage{won}.'


def _titled(organization: Organization) -> str:
    kind = "production org" if organization.is_production else "sandbox" if organization.is_sandbox else "Developer org"
    return f"{one_line(organization.name)} ({kind} {organization.id})"

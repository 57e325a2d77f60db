"""QuickBooks as it answers now: login, company, clock, and the preferences that matter (quickbooks.md 4 and 6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from qbsf.auth.grant import GrantFile
from qbsf.check.findings import Finding, of_error, ok, warn, wrong
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.errors import ConfigError, QbsfError
from qbsf.invoicing.company import Customs, TaxCode, tax_code_for
from qbsf.model import Company
from qbsf.output.text import one_line
from qbsf.quickbooks import parse, query
from qbsf.quickbooks.client import QuickBooks
from qbsf.records import Json, Reader

SKEW = timedelta(minutes=2)
"""A clock that is further off than this is worth a word: a Salesforce JWT lives three minutes."""
ENDS_SOON = timedelta(days=14)


class BooksCheck:
    """The findings of one company; `company` is filled when it has answered."""

    def __init__(self, config: Config, books: QuickBooks, grant: GrantFile, clock: Clock) -> None:
        self._config = config
        self._books = books
        self._grant = grant
        self._clock = clock
        self.company: Company | None = None

    def findings(self) -> Iterator[Finding]:
        """One after the other, as they are asked for. Raises nothing of QuickBooks: that is a finding."""
        try:
            answer = self._books.api.get("preferences")
            now = self._clock.now()
            preferences = answer.members.raw("Preferences")
            about = self._books.api.get(f"companyinfo/{self._books.realm_id}").members.raw("CompanyInfo")
            self.company = company = parse.company(preferences, about)
        except QbsfError as error:
            yield of_error("quickbooks", error)
            return
        environment = self._config.quickbooks.environment
        where = f"{one_line(company.name)} ({environment} company {self._books.realm_id})"
        yield ok("quickbooks", f"Logged in to {where}; home currency {company.home_currency}.")
        yield from self._grant_end(now)
        yield skew("quickbooks.clock", "QuickBooks", answer.server_time, now)
        try:
            yield from self._invoicing(company, Reader.of("QuickBooks", "Preferences", preferences))
        except QbsfError as error:
            yield of_error("invoicing", error)

    def _grant_end(self, now: datetime) -> Iterator[Finding]:
        known = self._grant.read().quickbooks
        ends = [end for end in (known.refresh_expires_at, known.hard_expires_at) if end] if known else []
        if not ends:
            return
        days = (min(ends) - now).days
        if min(ends) - now < ENDS_SOON:
            yield warn("quickbooks.grant", f"The QuickBooks authorization ends in {days} days.", "Run `qbsf auth`.")
        else:
            yield ok("quickbooks.grant", f"The QuickBooks authorization lasts {days} days more; use prolongs it.")

    def _invoicing(self, company: Company, preferences: Reader) -> Iterator[Finding]:
        """What `qbsf invoice` needs of the company."""
        wanted = self._config.invoicing
        customs = Customs(company.home_currency, company.multi_currency, company.country.strip().upper())
        codes = [TaxCode(*pair) for pair in self._names("TaxCode", ()).items()]
        try:
            code = tax_code_for(customs, wanted.tax_code, codes)
        except ConfigError as error:
            level = wrong if wanted.tax_code else warn
            yield level("invoicing.tax_code", error.message, f"{error.todo} Only qbsf invoice needs it.")
        else:
            if code is not None:
                yield ok("invoicing.tax_code", f'QuickBooks has the tax code "{one_line(code.name)}".')
        if wanted.item:
            items = self._names("Item", (query.is_in("Name", [wanted.item]),))
            if not items and query.is_id(wanted.item):
                items = self._names("Item", (query.is_in("Id", [wanted.item]),))
            yield _item(wanted.item, items)
        if preferences.member("SalesFormsPrefs").raw("CustomTxnNumbers") is True:
            yield warn(
                "quickbooks.numbers",
                "Custom transaction numbers are on: an invoice made without a number has none, and is found by its id"
                " alone.",
                "Give every invoice a number, or switch them off (Account and settings, Sales).",
            )

    def _names(self, entity: str, conditions: tuple[str, ...]) -> dict[str, str]:
        """Names by id of active entries; a list of at most one page."""
        rows, _ = self._books.api.rows(entity, query.select(entity, conditions))
        return dict(_id_and_name(entity, row) for row in rows)


def skew(topic: str, service: str, theirs: datetime, ours: datetime) -> Finding:
    """This machine's clock against a server's."""
    off = ours - theirs
    if abs(off) <= SKEW:
        return ok(topic, f"This machine's clock agrees with that of {service}.")
    minutes = round(abs(off).total_seconds() / 60)
    direction = "ahead of" if off > timedelta() else "behind"
    return warn(
        topic,
        f"This machine's clock is {minutes} minutes {direction} that of {service}.",
        "Set it by NTP (timedatectl set-ntp true): payments are dated by the servers, but logins may fail.",
    )


def _id_and_name(entity: str, row: Json) -> tuple[str, str]:
    record = Reader.of("QuickBooks", entity, row)
    return record.text("Id"), record.text_or_empty("Name")


def _item(wanted: str, known: dict[str, str]) -> Finding:
    if known:
        return ok("invoicing.item", f'QuickBooks has the item "{one_line(wanted)}".')
    what = f'QuickBooks has no active item "{one_line(wanted)}".'
    return wrong("invoicing.item", what, "Set invoicing.item to the name of an active product or service.")

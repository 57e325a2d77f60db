"""The whole check: one finding after the other, this machine first, then both systems, then cron."""

from collections.abc import Iterator, Mapping
from random import SystemRandom

from qbsf.auth.grant import GrantFile
from qbsf.auth.logins import open_logins
from qbsf.auth.store import open_store
from qbsf.check import cron, machine
from qbsf.check.findings import Finding, ok, warn, wrong
from qbsf.check.quickbooks import BooksCheck
from qbsf.check.salesforce import FreshLogin, OrgCheck
from qbsf.clock import Clock, Deadline
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.paths import ProfilePaths, profile_paths
from qbsf.quickbooks.client import QuickBooks
from qbsf.salesforce.client import SalesforceOrg
from qbsf.state.store import read_state

SECONDS = 40.0
"""For all requests to one system: nobody waits longer for a check."""


class Examination:
    """One run of the check. `org` stays open after it, for `--fix`."""

    def __init__(self, config: Config, clock: Clock, environ: Mapping[str, str]) -> None:
        self._config = config
        self._clock = clock
        self._environ = environ
        self._paths: ProfilePaths = profile_paths(config.name, environ)
        self._store = open_store(config, self._paths)
        logins = open_logins(config, self._paths, clock, environ)
        random = SystemRandom()
        self._books = QuickBooks(
            logins.quickbooks,
            config.quickbooks.environment,
            clock=clock,
            random=random,
            deadline=Deadline(clock, SECONDS),
        )
        self.org = SalesforceOrg(
            FreshLogin(logins.salesforce),
            config.salesforce.api_version,
            clock=clock,
            random=random,
            deadline=Deadline(clock, SECONDS),
        )
        self._books_check = BooksCheck(config, self._books, GrantFile(self._paths.grant), clock)
        self.org_check = OrgCheck(config, self.org, clock)

    def findings(self) -> Iterator[Finding]:
        """Everything, as it is found."""
        yield machine.config_file(self._config)
        yield machine.start_date(self._config)
        state = machine.state_folder(self._paths)
        yield state
        yield from machine.log_file(self._config)
        if state.level == "fail":
            return
        secrets = machine.secret_store(self._store)
        yield secrets
        if secrets.level == "ok":
            yield from self._books_check.findings()
            yield from self.org_check.findings(self._books_check.company)
            yield from self._identity()
        else:
            yield warn(
                "logins", "QuickBooks and Salesforce were not tried: that needs the secrets.", "Mend that first."
            )
        place = self._store.place if secrets.level == "ok" else ""
        yield from cron.check(self._config, self._paths, place, self._environ)

    def close(self) -> None:
        """Give the connections back."""
        self._books.close()
        self.org.close()

    def _identity(self) -> Iterator[Finding]:
        """Whether company and org are the ones that the local state belongs to."""
        if self._books_check.company is None or self.org_check.described is None:
            return
        found = (
            ("realm_id", "QuickBooks company", self._books.realm_id),
            ("organization_id", "Salesforce organization", self.org.organization_id),
        )
        try:
            state = read_state(self._paths.state)
        except QbsfError as error:
            yield wrong("profile", error.message, error.todo)
            return
        if state is None:
            return
        remembered = {key: state.get(key) for key, _, _ in found}
        state.close()
        strangers = [
            f"the {what} {remembered[key]}, not to {value}"
            for key, what, value in found
            if remembered[key] not in (None, value)
        ]
        if strangers:
            yield wrong(
                "profile",
                f"Profile {self._config.name} belongs to {' and to '.join(strangers)}.",
                "Use a configuration with another `name` for another pair of company and org.",
            )
        elif any(remembered.values()):
            yield ok("profile", f"Profile {self._config.name} belongs to this company and this org.")

"""Both logins of a profile, as the API clients take them."""

from collections.abc import Mapping
from dataclasses import dataclass

from qbsf.auth.grant import GrantFile
from qbsf.auth.quickbooks_tokens import StoredQuickBooksTokens
from qbsf.auth.salesforce_sessions import StoredSalesforceSessions
from qbsf.auth.store import open_store
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.paths import ProfilePaths


@dataclass(frozen=True)
class Logins:
    """The ports of quickbooks/tokens.py and salesforce/session.py over one secret store."""

    quickbooks: StoredQuickBooksTokens
    salesforce: StoredSalesforceSessions

    def note_where_missing(self) -> None:
        """Leaves the facts for `status` again where grant.json was deleted. For passes that write."""
        self.quickbooks.note_where_missing()
        self.salesforce.note_where_missing()


def open_logins(config: Config, paths: ProfilePaths, clock: Clock, environ: Mapping[str, str]) -> Logins:
    """Opens the store that the configuration names. Reads and asks nothing yet."""
    store = open_store(config, paths)
    grant = GrantFile(paths.grant)
    return Logins(
        StoredQuickBooksTokens(config, store, grant, clock, environ),
        StoredSalesforceSessions(config, store, grant, clock, environ),
    )

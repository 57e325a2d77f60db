"""A login at Salesforce, and what the client needs of whoever logs in."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class SalesforceSession:
    """What a login gave. There is no expiry: a session lives as long as it is used (salesforce.md section 1)."""

    access_token: str = field(repr=False)
    instance_url: str
    """As in "https://acme.my.salesforce.com"."""
    organization_id: str
    user_id: str


class SalesforceSessions(Protocol):
    """Logs in and remembers. Both methods may raise AuthorizationNeeded, ConfigError or Unreachable."""

    def current(self) -> SalesforceSession:
        """The session at hand, or a first one."""
        ...

    def renew(self, rejected: str) -> SalesforceSession:
        """Another session in the place of one whose access token Salesforce rejected."""
        ...

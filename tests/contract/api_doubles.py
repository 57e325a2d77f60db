"""Clock, tokens and sessions for tests of the two clients: no time passes, nobody is asked."""

from datetime import UTC, datetime
from random import Random

from qbsf.salesforce.session import SalesforceSession

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECRET_TOKEN = "token-that-nobody-may-see"


class StillClock:
    """A clock that only moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class NoJitter(Random):
    """Random waits are none."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


class Grant:
    """QuickBooks tokens: each replacement is a new one."""

    realm_id = "9130350"

    def __init__(self) -> None:
        self.rejected: list[str] = []

    def access_token(self) -> str:
        return SECRET_TOKEN

    def replace(self, rejected: str) -> str:
        self.rejected.append(rejected)
        return f"newer-{len(self.rejected)}"


class Logins:
    """Salesforce sessions: each renewal is a new one."""

    def __init__(self, instance_url: str = "https://acme.my.salesforce.com") -> None:
        self.instance_url = instance_url
        self.rejected: list[str] = []

    def current(self) -> SalesforceSession:
        return self._session(SECRET_TOKEN)

    def renew(self, rejected: str) -> SalesforceSession:
        self.rejected.append(rejected)
        return self._session(f"newer-{len(self.rejected)}")

    def _session(self, token: str) -> SalesforceSession:
        return SalesforceSession(token, self.instance_url, "00D5500000abcdEAAQ", "0055500000abcdEAAQ")

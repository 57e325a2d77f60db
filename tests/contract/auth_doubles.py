"""Clock, terminal and configuration for tests of authorization: no time passes, the person is written down."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qbsf.auth.file_store import FileStore
from qbsf.auth.grant import GrantFile
from qbsf.auth.tokens import AccessToken, RefreshToken
from qbsf.config import Config, QuickBooksConfig, SalesforceConfig

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
REALM = "9341453908059624"
CLIENT_SECRET = "client-s3cr3t"
CONFIG = Config(
    quickbooks=QuickBooksConfig("ABclient", "sandbox", "http://localhost:8765/callback"),
    salesforce=SalesforceConfig("https://acme.my.salesforce.com", "3MVG9.client"),
)


class MovableClock:
    """A clock that a test sets."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class ScriptedTerminal:
    """A person who gives these answers in turn, and nothing when they have run out."""

    answers: Iterable[str] = ()
    interactive: bool = True
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = list(self.answers)

    @property
    def text(self) -> str:
        return "\n".join(self.told)

    def say(self, *lines: str) -> None:
        self.told.extend(lines)

    def ask(self, question: str, seconds: float) -> str | None:  # noqa: ARG002 - nobody waits here
        self.asked.append(question)
        return self._left.pop(0) if self._left else None

    def ask_secret(self, question: str) -> str | None:
        return self.ask(question, 0.0) if self.interactive else None

    def confirm(self, question: str) -> bool:
        return self.interactive and self.ask(question, 0.0) == "y"


@dataclass
class Machine:
    """A profile's store and facts in a folder, authorized at `issued`."""

    folder: Path

    def __post_init__(self) -> None:
        self.store = FileStore(self.folder / "secrets.json", "default")
        self.grant = GrantFile(self.folder / "grant.json")

    def authorize(self, refresh: str = "AB11-first", access: str = "eyJ-first", issued: datetime = NOW) -> None:
        token = AccessToken(access, REALM, issued, issued + timedelta(hours=1))
        self.store.set("quickbooks.access", token.to_json())
        self.store_refresh(refresh)
        self.store.set("quickbooks.client_secret", CLIENT_SECRET)

    def store_refresh(self, value: str, previous: str = "") -> None:
        token = RefreshToken(value, REALM, "sandbox", "ABclient", NOW, previous)
        self.store.set("quickbooks.refresh", token.to_json())

    @property
    def refresh_token(self) -> RefreshToken:
        text = self.store.get("quickbooks.refresh")
        assert text is not None
        return RefreshToken.from_json(text)

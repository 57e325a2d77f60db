"""The errors a user can meet: each says what happened, to what, and what to do now, in one line.

`code` is stable for programs (it is the `code` of the JSON report's `error`), `todo` is the cure, and
`exit_code` is the contract of shared/interface.md. Anything that is not a QbsfError is a bug and exits 1.
"""

from datetime import timedelta
from typing import ClassVar


class QbsfError(Exception):
    """An error with a stable code, a message and a cure, all safe to print (never a secret)."""

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, todo: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.todo}".strip()


class UsageError(QbsfError):
    """Wrong usage: an argument that names nothing, or more than one thing."""

    exit_code = 2
    default_code = "usage"


class ConfigError(QbsfError):
    """Wrong configuration, of qbsf's file or of the org and company it points at."""

    exit_code = 2
    default_code = "configuration"


class AuthorizationNeeded(QbsfError):
    """A grant or a credential is missing, ended or refused: a person has to run `qbsf auth`."""

    exit_code = 3
    default_code = "authorization_needed"


class StoreUnavailable(AuthorizationNeeded):
    """The keyring (or secrets file) cannot be read or written from here."""

    default_code = "secret_store"


class Unreachable(QbsfError):
    """QuickBooks or Salesforce is unreachable, throttling or out of allowance: the next run goes on."""

    exit_code = 4
    default_code = "unreachable"


class AnswerLost(Unreachable):
    """A write was sent and its answer never came, or cannot be read: it may have been done all the same."""

    default_code = "answer_lost"


class UnexpectedAnswer(QbsfError):
    """A server answered something that qbsf does not understand, and asking again would not help."""

    default_code = "unexpected_answer"


class OutOfTime(QbsfError):
    """The pass's time limit ran out between two requests; not an error of itself (exit 0)."""

    exit_code = 0
    default_code = "time_limit"


class Busy(QbsfError):
    """Another run of the same profile holds the lock."""

    exit_code = 5
    default_code = "busy"

    def __init__(self, message: str, todo: str, *, code: str = "", held_for: timedelta | None = None) -> None:
        """`held_for`: how long the other run has held it, where that is known."""
        super().__init__(message, todo, code=code)
        self.held_for = held_for

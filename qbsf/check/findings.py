"""What the check found, one line each."""

from dataclasses import dataclass
from typing import Literal

from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, Unreachable

Level = Literal["ok", "warn", "fail"]
_FIRST = (ConfigError.exit_code, AuthorizationNeeded.exit_code, Unreachable.exit_code)
"""Which exit code counts where several apply (shared/interface.md)."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tested: `topic` is the same for the same test in every run."""

    level: Level
    topic: str
    what: str
    todo: str = ""
    """What to do now; may be filled for "ok" too, as a hint."""
    exit_code: int = 0
    """Of a failure: what a pass would end with."""


def ok(topic: str, what: str, todo: str = "") -> Finding:
    return Finding("ok", topic, what, todo)


def warn(topic: str, what: str, todo: str) -> Finding:
    """Passes run; something is not as it should be."""
    return Finding("warn", topic, what, todo)


def fail(topic: str, what: str, todo: str, exit_code: int = 1) -> Finding:
    return Finding("fail", topic, what, todo, exit_code)


def wrong(topic: str, what: str, todo: str) -> Finding:
    """A failure of the configuration, or of the org and company it points at."""
    return fail(topic, what, todo, ConfigError.exit_code)


def of_error(topic: str, error: QbsfError) -> Finding:
    """An error as a failure; one that ends a pass well (its time is over) means here that a server was too slow."""
    return fail(topic, error.message, error.todo, error.exit_code or Unreachable.exit_code)


def exit_code(findings: list[Finding]) -> int:
    """0 where nothing failed; of several failures 2 goes before 3, 4 and 1."""
    codes = {finding.exit_code for finding in findings if finding.level == "fail"}
    return next((code for code in _FIRST if code in codes), 1 if codes else 0)

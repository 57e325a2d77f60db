"""What tests of whole passes share: what a pass cost, what was asked, worlds of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from program.installation import Installation, Outcome

from qbsf.sandbox.request_log import LoggedRequest
from qbsf.sandbox.world import Sandbox

IDLE = (1, 1)
"""The requests of a pass that has nothing to do: one to QuickBooks, one to Salesforce."""


def cost(qbsf: Installation, *words: str, expect: int = 0) -> tuple[int, int]:
    """(QuickBooks, Salesforce) requests of one pass."""
    books, org = qbsf.requests()
    qbsf.sync(*words, expect=expect)
    books_after, org_after = qbsf.requests()
    return books_after - books, org_after - org


def asked(qbsf: Installation, *words: str, expect: int = 0) -> list[LoggedRequest]:
    """The API requests of one pass, in their order."""
    log = qbsf.sandbox.network.log
    before = len(log)
    qbsf.sync(*words, expect=expect)
    return [entry for entry in log.entries()[before:] if not entry.token]


def asks_for(entry: LoggedRequest, record_id: str) -> bool:
    """Whether a request to QuickBooks names a record by its id."""
    return entry.service == "quickbooks" and (
        f"'{record_id}'".encode() in entry.body or entry.path.endswith(f"/{record_id}")
    )


def assert_idle(qbsf: Installation) -> None:
    """The next pass is two requests and no write."""
    writes = qbsf.all_writes()
    assert cost(qbsf) == IDLE
    assert qbsf.all_writes() == writes


def won(qbsf: Installation, deal: str) -> bool:
    return qbsf.stage(deal) == "Closed Won"


def reason_of(outcome: Outcome, deal: str) -> tuple[str, str]:
    record = outcome.record(deal)
    return record["outcome"], record["reason"]


@contextmanager
def world(sandbox: Sandbox, home: Path) -> Iterator[Installation]:
    """An authorized installation in a world that a test makes itself, under a home of its own."""
    home.mkdir(exist_ok=True)
    with sandbox:
        installation = Installation(sandbox, home)
        installation.authorize()
        yield installation


def from_now(**of_timedelta: float) -> datetime:
    """An instant as far from this machine's now, for servers whose clocks differ from it."""
    return datetime.now(UTC) + timedelta(**of_timedelta)


def files_under(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    found: dict[str, bytes] = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where) / name
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found

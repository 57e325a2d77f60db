"""The passes that the fault tests disturb, what each leaves undisturbed, and how to see that a world recovered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from machine.business import (
    Row,
    Written,
    change_business,
    open_business,
    ruled_business,
    sinking_business,
    world_of,
    written,
)
from machine.computer import Computer
from program.installation import Installation, Outcome

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.faults import Kind

OUTAGE = timedelta(minutes=30)
"""Longer than the overlap of either watermark: what a broken pass forgot is not shown again."""
FOR_EVER = 1_000_000
FAULTS: dict[str, Kind] = {
    "500": "server_error",
    "503 with HTML": "unavailable",
    "429": "throttle",
    "reset before": "reset",
    "reset after": "reset_after",
    "truncated": "truncated",
    "HTML with 200": "html",
    "fault with 200": "fault_in_200",
}


def first_pass(qbsf: Installation) -> None:
    open_business(qbsf)


def incremental_pass(qbsf: Installation) -> None:
    open_business(qbsf)
    qbsf.sync()
    change_business(qbsf)


def refused_pass(qbsf: Installation) -> None:
    qbsf.sync()
    ruled_business(qbsf)


def halving_pass(qbsf: Installation) -> None:
    qbsf.sync()
    sinking_business(qbsf)


PASSES: dict[str, Callable[[Installation], None]] = {
    "first": first_pass,
    "incremental": incremental_pass,
    "refused": refused_pass,
    "halving": halving_pass,
}


@dataclass(frozen=True)
class Undisturbed:
    """What a pass leaves when nothing goes wrong, and what it took."""

    world: dict[str, Row]
    written: list[Written]
    requests: tuple[str, ...]
    statements: int


@contextmanager
def machine() -> Iterator[Computer]:
    """A computer in a new world, in memory as far as the machine allows."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as home:
        computer = Computer(Path(home))
        try:
            yield computer
        finally:
            computer.close()


@cache
def undisturbed(which: str) -> Undisturbed:
    """The pass that is the measure of all disturbed ones."""
    with machine() as qbsf:
        PASSES[which](qbsf)
        log = qbsf.sandbox.network.log
        before = len(log)
        qbsf.sync(expect=(0, 1))
        statements = qbsf.statements
        requests = tuple(f"{entry.method} {entry.host}{entry.path}" for entry in log.entries()[before:])
        qbsf.settled()
        return Undisturbed(world_of(qbsf), written(qbsf), requests, statements)


def nth(number: int) -> Callable[[Request], bool]:
    """Matches the n-th request, counted from 0, and all after it."""
    counter = count()
    return lambda _request: next(counter) >= number


def assert_ended_well(disturbed: Outcome, where: str) -> None:
    """A disturbed pass says so with its exit code, and never that qbsf itself has a bug."""
    assert disturbed.exit_code in {0, 1, 4}, f"{where}: exit {disturbed.exit_code} {disturbed.stdout}"
    error = disturbed.json["error"]
    assert error is None or disturbed.exit_code == 4, f"{where}: {error}"


def assert_recovers(which: str, qbsf: Installation, where: str) -> None:
    """After a disturbed pass one more reaches the world that an undisturbed pass leaves, each thing written once."""
    qbsf.sandbox.faults.clear()
    qbsf.clock.advance(OUTAGE)
    qbsf.sync(expect=(0, 1))
    assert_same(which, qbsf, where)


def assert_same(which: str, qbsf: Installation, where: str) -> None:
    expected = undisturbed(which)
    assert world_of(qbsf) == expected.world, where
    assert written(qbsf) == expected.written, where

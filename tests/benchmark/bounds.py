"""The bounds of issue 5, each held against the figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmark.figures import Figures, PassFigures

LATENCY = 0.1
"""At which the wall clock is judged; at a higher one it is no easier."""
CLOCK_SIZE = 10_000
CLOCK_SHARE = 0.4
MEMORY_SIZE = 100_000
MEMORY = 250e6
START_UP_RATIO = 2.5
LOOK_UPS = 5
MOST_CHANGED = 1000


@dataclass(frozen=True)
class Bound:
    subject: str
    limit: str
    figure: str
    holds: bool | None
    """None where it was not measured."""


def judged(figures: Figures) -> list[Bound]:
    """Every bound, in the issue's order."""
    own = [one for one in figures.passes if one.client == "qbsf"]
    return [
        *_idle(own),
        *_first(own),
        *_changed(own),
        _tokens(own),
        _clock(figures),
        _memory(own),
        *_start_up(figures),
        _right(figures),
    ]


def floor_of_first_pass(size: int) -> int:
    """The fewest requests for so many invoices, each with one payment: both of them, Opportunities, writes. That there
    is no Opportunity takes a request as well.
    """
    return 2 * ceil(size / 1000) + max(1, ceil(size / 2000)) + ceil(size / 200)


def _idle(own: list[PassFigures]) -> Iterator[Bound]:
    for one in (one for one in own if one.kind == "idle"):
        holds = one.requests.quickbooks <= 1 and one.requests.salesforce <= 1
        yield Bound(f"requests, idle pass, {one.size:,} linked", "1 + 1", str(one.requests), holds)


def _first(own: list[PassFigures]) -> Iterator[Bound]:
    for one in (one for one in own if one.kind == "first"):
        floor = floor_of_first_pass(one.size)
        limit = 1.1 * floor + LOOK_UPS
        told = f"1.1 x {floor:,} + {LOOK_UPS} = {limit:,.1f}"
        yield Bound(
            f"requests, first pass, {one.size:,} linked", told, f"{one.requests.total:,}", one.requests.total <= limit
        )


def _changed(own: list[PassFigures]) -> Iterator[Bound]:
    for one in (one for one in own if one.kind == "changed" and one.changed <= MOST_CHANGED):
        writes = ceil(one.changed / 200)
        yield Bound(
            f"requests, {one.changed:,} of {one.size:,} changed",
            f"9 + {writes} = {9 + writes}",
            f"{one.requests.total:,}",
            one.requests.total <= 9 + writes,
        )


def _tokens(own: list[PassFigures]) -> Bound:
    """All passes of a world together take less than an hour, or are allowed as many as hours have begun."""
    subject, limit = "token requests at QuickBooks", "1 an hour"
    if not own:
        return _not_measured(subject, limit)
    worlds = [[one for one in own if one.size == size] for size in {one.size for one in own}]
    asked = [sum(one.tokens.quickbooks for one in world) for world in worlds]
    allowed = [ceil(sum(one.seconds for one in world) / 3600) for world in worlds]
    return Bound(subject, limit, str(max(asked)), all(a <= b for a, b in zip(asked, allowed, strict=True)))


def _clock(figures: Figures) -> Bound:
    subject = f"seconds, first pass, {CLOCK_SIZE:,} linked"
    qbsf, floor = (figures.find(client, CLOCK_SIZE, "first") for client in ("qbsf", "floor"))
    if qbsf is None or floor is None or figures.circumstances.latency != LATENCY:
        return _not_measured(subject, f"{CLOCK_SHARE} x the floor's at {LATENCY * 1000:.0f} ms")
    limit = CLOCK_SHARE * floor.seconds
    told = f"{CLOCK_SHARE} x {floor.seconds:.1f} = {limit:.1f}"
    return Bound(subject, told, f"{qbsf.seconds:.1f}", qbsf.seconds <= limit)


def _memory(own: list[PassFigures]) -> Bound:
    subject, limit = f"peak memory, {MEMORY_SIZE:,} linked", f"{MEMORY / 1e6:.0f} MB"
    peaks = [one.peak_bytes for one in own if one.size == MEMORY_SIZE]
    if not peaks:
        return _not_measured(subject, limit)
    return Bound(subject, limit, f"{max(peaks) / 1e6:.0f} MB", max(peaks) < MEMORY)


def _start_up(figures: Figures) -> Iterator[Bound]:
    for name in ("version", "status"):
        subject = f"start-up, `{'qbsf --version' if name == 'version' else 'qbsf status'}`"
        limit = f"{START_UP_RATIO} x `import typer`"
        if figures.start_up is None:
            yield _not_measured(subject, limit)
            continue
        ratio = getattr(figures.start_up, name) / figures.start_up.typer
        yield Bound(subject, limit, f"{ratio:.2f} x", ratio < START_UP_RATIO)


def _right(figures: Figures) -> Bound:
    """No bound of the issue, but without it none of them means anything."""
    measured = [one for one in figures.passes if not one.computed]
    wrong = [f"{one.client} {one.size:,} {one.kind}: {one.mistakes:,}" for one in measured if one.mistakes]
    figure = ", ".join(wrong) if wrong else f"0 in {len(measured)} passes"
    return Bound("wrong values, and writes too many or too few", "0", figure, not wrong)


def _not_measured(subject: str, limit: str) -> Bound:
    return Bound(subject, limit, "", None)

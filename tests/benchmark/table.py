"""The figures as Markdown."""

from collections.abc import Iterator, Sequence

from benchmark.bounds import Bound
from benchmark.clients import CLIENTS
from benchmark.figures import KINDS, Circumstances, Figures, Kind, PassFigures

_NAMES: dict[Kind, str] = {"first": "first", "next": "the next", "idle": "idle", "changed": "1 % changed"}
_READING = (
    "Requests are QuickBooks + Salesforce without token requests, as the simulated servers counted them. `floor` is a "
    "bare script with the fewest possible requests, one after the other; `naive` is python-quickbooks and "
    "simple-salesforce as people write it. Seconds include the start of the process, and the simulated servers' own "
    "time on the same machine."
)
_NEXT = (
    "`the next` is the pass right after a first one: everything that one wrote comes back from Salesforce, 2,000 rows "
    "an answer."
)
_COMPUTED = "~ computed: the script's number of requests, at the pace of its largest measured run."
_RUNS = "x n: the pass took n runs, each cut off at the time limit; the figures are their sum, the peak the highest."


def rendered(figures: Figures, bounds: Sequence[Bound]) -> str:
    """The whole text: circumstances, passes, start-up, bounds."""
    if not figures.passes:
        return "Nothing was measured.\n"
    shown = [name for name in CLIENTS if any(one.client == name for one in figures.passes)]
    parts = [
        first_line(figures.circumstances),
        "\n".join(_passes(figures, shown)),
        *_notes(figures),
        "\n".join(_start_up(figures)),
        "\n".join(_bounds(bounds)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def first_line(where: Circumstances) -> str:
    return (
        f"Measured on {where.date}: {where.cores} cores, {where.memory_bytes / 2**30:.0f} GB of memory, "
        f"Python {where.python}, {where.latency * 1000:.0f} ms latency per request."
    )


def _passes(figures: Figures, clients: list[str]) -> Iterator[str]:
    first, *others = clients
    heads = ["linked", "pass", f"requests: {first}", *others, f"seconds: {first}", *others]
    heads += ["CPU seconds: qbsf", f"peak MB: {first}", *others]
    yield _row(heads)
    yield _row(["---:", "---", *["---:"] * (len(heads) - 2)])
    for size in figures.sizes:
        for kind in KINDS:
            ones = [figures.find(client, size, kind) for client in clients]
            if not any(ones):
                continue
            cells = [f"{size:,}", _NAMES[kind]]
            cells += [_cell(one, str(one.requests)) if one else "" for one in ones]
            cells += [_cell(one, seconds(one.seconds)) + _runs(one) if one else "" for one in ones]
            own = figures.find("qbsf", size, kind)
            cells.append(seconds(own.cpu_seconds) if own else "")
            cells += [f"{one.peak_bytes / 1e6:.0f}" if one and one.peak_bytes else "" for one in ones]
            yield _row(cells)


def seconds(value: float) -> str:
    """Three digits are all that a measurement is worth."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _cell(one: PassFigures, text: str) -> str:
    return f"~{text}" if one.computed else text


def _runs(one: PassFigures) -> str:
    return f" (x {one.runs})" if one.runs > 1 else ""


def _notes(figures: Figures) -> Iterator[str]:
    yield _READING
    if any(one.kind == "next" for one in figures.passes):
        yield _NEXT
    if any(one.computed for one in figures.passes):
        yield _COMPUTED
    if any(one.runs > 1 for one in figures.passes):
        yield _RUNS


def _start_up(figures: Figures) -> Iterator[str]:
    measured = figures.start_up
    if measured is None:
        return
    yield _row(["start-up, median of 5", "ms", 'of `python -c "import typer"`'])
    yield _row(["---", "---:", "---:"])
    rows = (
        ("`qbsf --version`", measured.version),
        (f"`qbsf status --json`, {measured.size:,} linked", measured.status),
        ('`python -c "import typer"`', measured.typer),
    )
    for command, value in rows:
        yield _row([command, f"{value * 1000:.0f}", f"{value / measured.typer:.2f} x"])


def _bounds(bounds: Sequence[Bound]) -> Iterator[str]:
    yield _row(["bound", "at most", "measured", ""])
    yield _row(["---", "---:", "---:", "---"])
    words = {True: "holds", False: "**does not hold**", None: "not measured"}
    for bound in bounds:
        yield _row([bound.subject, bound.limit, bound.figure, words[bound.holds]])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

"""The one command: measure every client over every size, print the table, draw the picture, judge."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec

from benchmark import figures as kept
from benchmark import naive_beyond, passes, start_up, table
from benchmark.bounds import judged
from benchmark.clients import CLIENTS
from benchmark.figures import Circumstances, Figures, PassFigures, StartUp
from benchmark.options import Options, parse
from benchmark.process import BenchmarkError
from benchmark.remote_world import RemoteWorld


def main(words: Sequence[str]) -> int:
    """0, or 1 where a bound that was measured does not hold, or 2 where something could not be measured."""
    options = parse(words)
    if options.picture is not None and find_spec("matplotlib") is None:
        print("The picture needs matplotlib: pip install -e '.[dev,benchmark]', or --picture ''", file=sys.stderr)
        return 2
    failed = False
    if options.read is not None:
        figures = kept.load(options.read)
    else:
        figures, failed = _measured(options)
    if options.json is not None:
        kept.save(figures, options.json)
    bounds = judged(figures)
    print(table.rendered(figures, bounds), end="")
    if options.picture is not None:
        # Only now: what is imported here would be counted as every client's memory (process.py).
        from benchmark.picture import draw  # noqa: PLC0415

        draw(figures, options.picture)
    return 2 if failed else int(any(bound.holds is False for bound in bounds))


def _measured(options: Options) -> tuple[Figures, bool]:
    """Each client in a fresh world for each size; and whether one of them failed. The others are measured then too:
    the larger sizes take long.
    """
    found: list[PassFigures] = []
    started: list[StartUp] = []
    failed = False
    for size in options.sizes:
        for name in options.clients:
            if name == "naive" and size > options.naive_up_to:
                continue
            try:
                with RemoteWorld(size, options.latency) as world:
                    for one in passes.measure(CLIENTS[name], size, world):
                        _tell(one)
                        found.append(one)
                    if name == "qbsf" and size == options.sizes[-1]:
                        started.append(start_up.measure(size, world))
            except BenchmarkError as error:
                print(f"benchmark: {name} over {size:,}: {error}", file=sys.stderr)
                failed = True
    found += naive_beyond.computed(found, options.sizes)
    return Figures(_circumstances(options.latency), tuple(found), started[0] if started else None), failed


def _circumstances(latency: float) -> Circumstances:
    return Circumstances(
        date=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        python=platform.python_version(),
        latency=latency,
    )


def _tell(one: PassFigures) -> None:
    """How far it is: the larger sizes take minutes."""
    told = f"{one.client:<6}{one.size:>9,}  {one.kind:<8}{one.requests!s:>17} requests {one.seconds:9.2f} s"
    print(f"{told} {one.peak_bytes / 1e6:5.0f} MB", file=sys.stderr, flush=True)

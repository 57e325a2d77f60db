"""What a run of the benchmark measures, and where its picture and figures go."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.clients import CLIENTS

_REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Options:
    sizes: tuple[int, ...]
    """Linked Opportunities, ascending."""
    latency: float
    """Seconds that each request takes at least."""
    clients: tuple[str, ...]
    naive_up_to: int
    """Beyond this size the naive script's figures are computed."""
    picture: Path | None
    json: Path | None
    read: Path | None
    """Figures of an earlier run, shown instead of measuring."""


def parse(words: Sequence[str]) -> Options:
    """The options of a command line; exits 2 with usage where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python tests/benchmark",
        description="Requests, wall clock, memory and start-up time of qbsf against the sandbox, beside the floor "
        "and a script as people write it. Exits 1 where a bound does not hold.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    everything = ",".join(CLIENTS)
    parser.add_argument("--sizes", type=_sizes, default="0,1,100,1000,10000,100000", help="linked Opportunities")
    parser.add_argument("--latency", type=_seconds, default="0.1", help="seconds that each request takes at least")
    parser.add_argument("--clients", type=_clients, default=everything, help="which to measure")
    parser.add_argument("--naive-up-to", type=int, default=1000, help="largest size the naive script really runs")
    parser.add_argument(
        "--picture", type=_path, default=str(_REPOSITORY / ".assets" / "benchmark.svg"), help="'' draws none"
    )
    parser.add_argument("--json", type=_path, default="", help="file to keep the figures in")
    parser.add_argument("--read", type=_path, default="", help="show the figures kept in this file, measure nothing")
    return Options(**vars(parser.parse_args(words)))


def _sizes(text: str) -> tuple[int, ...]:
    sizes = sorted({int(part) for part in text.split(",")})
    if sizes[0] < 0:
        raise argparse.ArgumentTypeError("a size is 0 or more")
    return tuple(sizes)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < 60:
        raise argparse.ArgumentTypeError("a latency is 0 to 60 seconds")
    return seconds


def _clients(text: str) -> tuple[str, ...]:
    names = text.split(",")
    unknown = [name for name in names if name not in CLIENTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no client {unknown[0]!r}; there are {', '.join(CLIENTS)}")
    return tuple(name for name in CLIENTS if name in names)


def _path(text: str) -> Path | None:
    return Path(text).resolve() if text else None

"""What was measured: the passes, the start-up times, the circumstances; and their JSON form."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["first", "next", "idle", "changed"]
KINDS: tuple[Kind, ...] = ("first", "next", "idle", "changed")
"""`next` is the pass right after the first: what the first one wrote comes back to it from Salesforce."""


@dataclass(frozen=True)
class Requests:
    quickbooks: int
    salesforce: int

    @property
    def total(self) -> int:
        return self.quickbooks + self.salesforce

    def __str__(self) -> str:
        return f"{self.quickbooks:,} + {self.salesforce:,}"


@dataclass(frozen=True)
class PassFigures:
    """One pass of one client over a world of one size."""

    client: str
    size: int
    kind: Kind
    requests: Requests
    """API requests, as the servers counted them."""
    seconds: float
    changed: int = 0
    """Invoices that changed before it."""
    computed: bool = False
    """Told by the number of requests, not measured; the members below are empty then."""
    tokens: Requests = Requests(0, 0)
    """Token requests; they are not among the others."""
    cpu_seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    """The sandbox's own share of the machine while the pass ran."""
    peak_bytes: int = 0
    runs: int = 1
    """How often it was started until it was complete; the figures are their sum, the peak the highest."""
    mistakes: int = 0
    """Opportunities found with wrong values, and writes too many or too few."""


@dataclass(frozen=True)
class StartUp:
    """Median seconds of commands that do next to nothing."""

    size: int
    """Linked Opportunities in the state that `status` reads."""
    typer: float
    version: float
    status: float


@dataclass(frozen=True)
class Circumstances:
    date: str
    cores: int
    memory_bytes: int
    python: str
    latency: float


@dataclass(frozen=True)
class Figures:
    circumstances: Circumstances
    passes: tuple[PassFigures, ...]
    start_up: StartUp | None

    def find(self, client: str, size: int, kind: Kind) -> PassFigures | None:
        """One pass, None where it was neither measured nor computed."""
        wanted = (client, size, kind)
        return next((one for one in self.passes if (one.client, one.size, one.kind) == wanted), None)

    @property
    def sizes(self) -> list[int]:
        return sorted({one.size for one in self.passes})


def save(figures: Figures, path: Path) -> None:
    """Keep the figures as JSON."""
    path.write_text(json.dumps(asdict(figures), indent=1) + "\n")


def load(path: Path) -> Figures:
    """Figures that `save` kept."""
    members: dict[str, Any] = json.loads(path.read_text())
    passes = tuple(_pass(one) for one in members["passes"])
    start_up = members["start_up"]
    return Figures(Circumstances(**members["circumstances"]), passes, StartUp(**start_up) if start_up else None)


def _pass(members: dict[str, Any]) -> PassFigures:
    requests, tokens = Requests(**members.pop("requests")), Requests(**members.pop("tokens"))
    return PassFigures(**members, requests=requests, tokens=tokens)

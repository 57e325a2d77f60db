"""The passes of one client in one world: first, next, idle, and one with 1 % of the invoices changed."""

from collections.abc import Iterator

from benchmark.clients import Client
from benchmark.figures import Kind, PassFigures
from benchmark.process import BenchmarkError, Finished, run
from benchmark.remote_world import RemoteWorld

_LONGER_THAN_OVERLAP = 16.0
"""Minutes. A pass asks Salesforce 15 minutes back (rules.md section 5); when as much has passed since the first pass
wrote, its writes come back to the next pass for the last time, and the one after that is idle.
"""
_MOST_RUNS = 50


def changed_of(size: int) -> int:
    """How many invoices are 1 %: one at least, none where there are none."""
    return max(1, size // 100) if size else 0


def measure(client: Client, size: int, world: RemoteWorld) -> Iterator[PassFigures]:
    """Run and measure every pass, as they come."""
    yield _measured(client, size, "first", world, writes=size)
    world.advance(_LONGER_THAN_OVERLAP)
    if client.remembers:
        yield _measured(client, size, "next", world)
    yield _measured(client, size, "idle", world)
    if changed := changed_of(size):
        world.correct(changed)
        yield _measured(client, size, "changed", world, writes=changed)


def _measured(client: Client, size: int, kind: Kind, world: RemoteWorld, *, writes: int = 0) -> PassFigures:
    world.begin()
    runs = list(_runs(client, world))
    counted = world.counted()
    return PassFigures(
        client=client.name,
        size=size,
        kind=kind,
        requests=counted.requests,
        seconds=sum(one.seconds for one in runs),
        changed=writes if kind == "changed" else 0,
        tokens=counted.tokens,
        cpu_seconds=sum(one.cpu_seconds for one in runs),
        server_cpu_seconds=counted.cpu_seconds,
        peak_bytes=max(one.peak_bytes for one in runs),
        runs=len(runs),
        mistakes=world.wrong() + abs(counted.saves - writes),
    )


def _runs(client: Client, world: RemoteWorld) -> Iterator[Finished]:
    """The command as often as it takes until its pass is complete."""
    for _ in range(_MOST_RUNS):
        finished = run(client.command, world.environment, world.home)
        yield finished
        if finished.exit_code:
            told = (world.home / "stderr").read_text(errors="replace")[-2000:]
            raise BenchmarkError(f"{client.name} ended with exit code {finished.exit_code}.\n{told}")
        if client.is_complete(world.environment):
            return
    raise BenchmarkError(f"{client.name} was not done after {_MOST_RUNS} runs.")

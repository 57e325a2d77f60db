"""How long a command takes that has next to nothing to do."""

import sys
from statistics import median

from benchmark.clients import QBSF
from benchmark.figures import StartUp
from benchmark.process import BenchmarkError, run
from benchmark.remote_world import RemoteWorld

_ROUNDS = 5
_GOOD = (0, 1)
"""`status` says 1 where something waits for a person."""
_COMMANDS = {
    "typer": (sys.executable, "-c", "import typer"),
    "version": (QBSF, "--version"),
    "status": (QBSF, "status", "--json"),
}


def measure(size: int, world: RemoteWorld) -> StartUp:
    """The medians, in turn so that a busy moment meets all of them; before, each once for the disk's sake."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for turn in range(_ROUNDS + 1):
        for name, command in _COMMANDS.items():
            finished = run(command, world.environment, world.home)
            if finished.exit_code not in _GOOD:
                raise BenchmarkError(f"{' '.join(command)} ended with exit code {finished.exit_code}.")
            if turn:
                seconds[name].append(finished.seconds)
    return StartUp(size, **{name: median(values) for name, values in seconds.items()})

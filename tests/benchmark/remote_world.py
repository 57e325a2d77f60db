"""The benchmark's end of the line to the process that is the world (world.py)."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmark.figures import Requests
from benchmark.process import BenchmarkError

_TESTS = Path(__file__).parents[1]


class RemoteWorld:
    """Use as a context manager: the servers run inside the `with`."""

    def __init__(self, size: int, latency: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.world", str(size), str(latency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_TESTS,
        )
        self.home = Path()
        """The client's home folder; it holds a configured and authorized qbsf, and access.json for scripts."""
        self.environment: dict[str, str] = {}
        """The whole environment of the client's processes."""

    def __enter__(self) -> Self:
        made = self._read()
        self.home, self.environment = Path(made["home"]), made["environment"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def begin(self) -> None:
        """Count from here."""
        self._order("begin")

    def counted(self) -> "Counted":
        """What the servers saw since `begin`."""
        return Counted(self._order("counted"))

    def advance(self, minutes: float) -> None:
        """Let time pass at the servers."""
        self._order("advance", minutes)

    def correct(self, count: int) -> None:
        """Let so many payments change in QuickBooks, so that as many Opportunities have to be written."""
        self._order("correct", count)

    def wrong(self) -> int:
        """How many Opportunities do not say what QuickBooks says."""
        return int(self._order("wrong"))

    def _order(self, name: str, *arguments: float) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError("The process that is the world died; its error stands above.")
        return json.loads(line)


class Counted:
    """Requests, saves and processor time at the servers."""

    def __init__(self, answer: dict[str, float]) -> None:
        self.requests = Requests(int(answer["quickbooks"]), int(answer["salesforce"]))
        self.tokens = Requests(int(answer["quickbooks_tokens"]), int(answer["salesforce_tokens"]))
        self.saves = int(answer["saves"])
        self.cpu_seconds = answer["cpu_seconds"]

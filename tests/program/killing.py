"""Commands that are killed at a certain request."""

import subprocess
from threading import Event

from program.installation import Installation

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.faults import Kind


class Killer:
    """Kills a command (kill -9) at its n-th API request: before the server handles it, or before the answer leaves."""

    def __init__(self, qbsf: Installation, kind: Kind, command: str = "sync") -> None:
        self.qbsf = qbsf
        self.command = command
        self.kind = kind
        self._known = Event()
        self._process: subprocess.Popen[str] | None = None

    def run(self, nth: int, *words: str) -> bool:
        """Start the command and kill it there; False where it ended before."""
        self._known.clear()
        fault = self.qbsf.sandbox.faults.add("", self.kind, after=nth - 1, hook=self._kill)
        with self.qbsf.start(self.command, *words) as process:
            self._process = process
            self._known.set()
            process.communicate(timeout=120)
        self.qbsf.sandbox.faults.clear()
        return fault.struck > 0

    def _kill(self, _request: Request) -> None:
        assert self._known.wait(30)
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

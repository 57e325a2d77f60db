"""A person at a terminal: the installed command on a pty, answered question by question."""

import os
import pty
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 60.0


class TerminalSession:
    """One command on a terminal of its own; `screen` is what it has shown so far."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._controller, terminal = pty.openpty()
        self._process = subprocess.Popen(
            words,
            env={**environment, "NO_COLOR": "1", "COLUMNS": "200", "TERM": "xterm"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            start_new_session=True,
        )
        os.close(terminal)
        self.screen = ""
        self._answered = 0

    def answer(self, question: str, line: str) -> None:
        """Wait for the question, then type the line."""
        self._wait_for(question)
        self._answered = len(self.screen)
        os.write(self._controller, f"{line}\n".encode())

    def interrupt(self, question: str) -> None:
        """Wait for the question, then press Ctrl+C."""
        self._wait_for(question)
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Everything up to its end; the exit code."""
        while self._read():
            pass
        os.close(self._controller)
        return self._process.wait(SECONDS)

    def _wait_for(self, question: str) -> None:
        while question not in self.screen[self._answered :]:
            assert self._read(), f"it ended before asking {question!r}:\n{self.screen}"

    def _read(self) -> bool:
        """Some more of the screen; False at the end."""
        ready, _, _ = select.select([self._controller], [], [], SECONDS)
        assert ready, f"nothing came for {SECONDS} seconds:\n{self.screen}"
        try:
            shown = os.read(self._controller, 65536)
        except OSError:  # Linux' way to tell that the other side has closed
            return False
        self.screen += shown.decode().replace("\r\n", "\n")
        return bool(shown)

"""The person at the terminal, as `qbsf auth` needs them: told, asked, asked without echo, or not there at all."""

from collections.abc import Callable
from queue import Empty, Queue
from threading import Thread
from typing import Protocol, TextIO

from qbsf.output.console import is_terminal, write_lines


class Terminal(Protocol):
    """Whom `qbsf auth` talks to."""

    @property
    def interactive(self) -> bool:
        """Whether somebody can answer at a keyboard."""
        ...

    def say(self, *lines: str) -> None: ...

    def ask(self, question: str, seconds: float) -> str | None:
        """One line. None at the end of the input, or where it is no keyboard and nothing came in that time."""
        ...

    def ask_secret(self, question: str) -> str | None:
        """One line without echo. None where nobody can answer at a keyboard."""
        ...

    def confirm(self, question: str) -> bool:
        """Whether somebody at a keyboard said yes."""
        ...


def _getpass(question: str) -> str:
    from getpass import getpass  # noqa: PLC0415 - only where it is asked

    return getpass(question)


class StreamTerminal:
    """The process's own streams; a stream that was closed is None."""

    def __init__(
        self, stdin: TextIO | None, stdout: TextIO | None, *, read_secret: Callable[[str], str] = _getpass
    ) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._read_secret = read_secret

    @property
    def interactive(self) -> bool:
        return is_terminal(self._stdin)

    def say(self, *lines: str) -> None:
        write_lines(lines, self._stdout)

    def ask(self, question: str, seconds: float) -> str | None:
        if self._stdin is None or self._stdin.closed:
            return None
        self._prompt(question)
        line = self._stdin.readline() if self.interactive else self._line_in_time(seconds)
        return line.strip() if line else None

    def ask_secret(self, question: str) -> str | None:
        if not self.interactive:
            return None
        try:
            return self._read_secret(question).strip()
        except EOFError:
            return None

    def confirm(self, question: str) -> bool:
        if not self.interactive:
            return False
        answer = self.ask(f"{question} [y/N] ", seconds=0.0)
        return (answer or "").lower() in ("y", "yes")

    def _prompt(self, question: str) -> None:
        if self._stdout is not None:
            self._stdout.write(question)
            self._stdout.flush()

    def _line_in_time(self, seconds: float) -> str:
        """A line from a pipe, "" at its end or when the time is over: a pipe that nobody writes to must not hang."""
        lines: Queue[str] = Queue()
        stdin = self._stdin
        if stdin is None:
            return ""
        Thread(target=lambda: lines.put(stdin.readline()), name="qbsf-stdin", daemon=True).start()
        try:
            return lines.get(timeout=seconds)
        except Empty:
            return ""

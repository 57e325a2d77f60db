"""Talking to the person, and to nobody: what is asked where there is no keyboard must never hang."""

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from qbsf.auth.terminal import StreamTerminal


class Keyboard(io.StringIO):
    """Somebody types these lines."""

    def isatty(self) -> bool:
        return True


def typed(text: str, *, secret: str = "") -> tuple[StreamTerminal, io.StringIO]:
    out = io.StringIO()
    return StreamTerminal(Keyboard(text), out, read_secret=lambda _question: secret), out


def test_a_question_is_asked_and_its_line_comes_back() -> None:
    terminal, out = typed("  https://acme.example/?code=x \n")
    assert terminal.ask("Paste: ", 0.0) == "https://acme.example/?code=x"
    assert out.getvalue() == "Paste: "


def test_ctrl_d_is_no_answer() -> None:
    terminal, _ = typed("")
    assert terminal.ask("Paste: ", 0.0) is None
    assert terminal.confirm("Sure?") is False


@pytest.mark.parametrize(
    ("text", "yes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("ja\n", False)]
)
def test_only_a_plain_yes_counts(text: str, yes: bool) -> None:
    terminal, out = typed(text)
    assert terminal.confirm("Sure?") is yes
    assert out.getvalue() == "Sure? [y/N] "


def test_a_secret_is_read_without_echo() -> None:
    terminal, out = typed("", secret=" s3cr3t ")
    assert terminal.ask_secret("Secret: ") == "s3cr3t"
    assert "s3cr3t" not in out.getvalue()


def test_ctrl_d_at_a_secret_is_no_answer() -> None:
    def ended(_question: str) -> str:
        raise EOFError

    assert StreamTerminal(Keyboard(""), io.StringIO(), read_secret=ended).ask_secret("Secret: ") is None


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as out, os.fdopen(writing, "w") as into:
        yield out, into


def test_a_piped_answer_is_taken(pipe: tuple[TextIO, TextIO]) -> None:
    stdin, into = pipe
    into.write("https://acme.example/?code=x\n")
    into.flush()
    assert StreamTerminal(stdin, io.StringIO()).ask("Paste: ", 20.0) == "https://acme.example/?code=x"


def test_a_pipe_that_nobody_writes_to_is_left_after_the_limit(pipe: tuple[TextIO, TextIO]) -> None:
    stdin, into = pipe
    assert StreamTerminal(stdin, io.StringIO()).ask("Paste: ", 0.01) is None
    into.write("\n")  # lets the reading thread end


@pytest.mark.parametrize("stdin", [None, io.StringIO("")])
def test_without_a_keyboard_nothing_secret_is_asked_and_nothing_confirmed(stdin: TextIO | None) -> None:
    out = io.StringIO()
    terminal = StreamTerminal(stdin, out, read_secret=lambda _question: "never")
    assert terminal.ask_secret("Secret: ") is None
    assert terminal.confirm("Sure?") is False
    assert terminal.ask("Paste: ", 20.0) is None
    assert terminal.interactive is False


def test_without_stdout_nothing_is_said_and_nothing_breaks() -> None:
    terminal = StreamTerminal(Keyboard("x\n"), None)
    terminal.say("hello")
    assert terminal.ask("Paste: ", 0.0) == "x"

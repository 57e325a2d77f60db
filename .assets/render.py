"""Render the README's pictures from a real run on the built-in sandbox: `.venv/bin/python .assets/render.py`."""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from qbsf.sandbox.demo import INVOICE, demo

WIDTH = 104
ASSETS = Path(__file__).parent
_NOISE = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*A|\r")
_PROGRESS = re.compile(r"^.*(━|\x1b\[2K).*$\n?", re.MULTILINE)


def on_terminal(command: list[str], environment: dict[str, str]) -> str:
    """What a command prints to a terminal, with its colours."""
    parent, child = pty.openpty()
    environment = environment | {"TERM": "xterm-256color", "COLUMNS": str(WIDTH), "TZ": "Europe/Berlin"}
    process = subprocess.Popen(command, env=environment, stdin=child, stdout=child, stderr=child)  # noqa: S603
    os.close(child)
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    os.close(parent)
    text = b"".join(pieces).decode()
    return _PROGRESS.sub("", _NOISE.sub("", text)).strip("\n")


def draw(name: str, title: str, parts: list[tuple[str, str]]) -> None:
    """One picture of some commands and what they printed."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        for command, output in parts:
            console.print(Text(f"$ {command}", style="bold"))
            console.print(Text.from_ansi(output))
            console.print()
        console.save_svg(str(ASSETS / f"{name}.svg"), title=title)


def main() -> None:
    with tempfile.TemporaryFile("w") as story_text, demo(story_text) as story:
        books = story.sandbox.books
        story.seed()
        environment = story.environment()

        def run(*words: str) -> tuple[str, str]:
            return f"qbsf {' '.join(words)}", on_terminal([sys.executable, "-m", "qbsf", *words], environment)

        run("auth")
        draw("sync", "qbsf sync", [run("sync", "--dry-run", "--invoice", INVOICE), run("sync")])
        books.void_invoice(INVOICE)
        run("sync")
        draw("status", "qbsf status", [run("status")])


if __name__ == "__main__":
    main()

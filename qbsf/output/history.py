"""`qbsf history`: every write with when, which run, from what to what, and why; as plain lines and on a terminal."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from qbsf.output.plain import record_lines
from qbsf.output.text import local, one_line, utc
from qbsf.state.journal import WriteEntry

if TYPE_CHECKING:
    from rich.console import Console


def plain(entries: Sequence[WriteEntry]) -> list[str]:
    """Lines that each begin with the write's time and run, so that grep and sort work on them."""
    return [
        f"{utc(entry.at)} run={one_line(entry.run_id)} {line}"
        for entry in entries
        for line in record_lines(entry.record)
    ]


def on_terminal(entries: Sequence[WriteEntry], console: "Console", zone: tzinfo | None = None) -> None:
    """A heading with local time for each write, and under it the record as a pass shows it."""
    from rich.text import Text  # noqa: PLC0415 - start-up budget: only on a terminal

    from qbsf.output.terminal import print_record  # noqa: PLC0415 - as above

    for number, entry in enumerate(entries):
        if number:
            console.print()
        heading = Text(local(entry.at, zone), "bold")
        console.print(heading.append(f"  run {one_line(entry.run_id)}", "dim"))
        print_record(entry.record, console, dry_run=False)


def nothing(target: str | None, since: str | None) -> str:
    """What to say where no write is known."""
    to = f' to "{one_line(target)}"' if target else ""
    after = f" since {one_line(since)}" if since else ""
    return f"qbsf remembers no write of its own{to}{after}."

"""Where output goes and what may go there: terminals, colour, pipes that were closed."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from qbsf.errors import QbsfError

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be watching; a stream that the caller closed (None) is none."""
    return stream is not None and not stream.closed and stream.isatty()


def wants_colour(environ: Mapping[str, str]) -> bool:
    """NO_COLOR (any text but an empty one) and TERM=dumb say no; bold counts as colour."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def terminal_console(stream: TextIO, environ: Mapping[str, str], width: int | None = None) -> "Console":
    """A rich console for a terminal that takes no text for markup, emoji code or something to highlight."""
    from rich.console import Console  # noqa: PLC0415 - start-up budget: not for --version, nor under cron

    return Console(
        file=stream,
        force_terminal=True,
        color_system="auto" if wants_colour(environ) else None,
        no_color=not wants_colour(environ),
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
    )


class OutputLostError(QbsfError):
    """stdout or stderr cannot be written: a full disk, not a reader that went away."""

    default_code = "output"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"The output cannot be written ({error.strerror}).", "Check where it is redirected to; then run it again."
        )


def write_lines(lines: Iterable[str], stream: TextIO | None) -> None:
    """Print lines; a reader that went away (`| head`) is no error and no reason to stop. Raises OutputLost."""
    if stream is None:
        return
    try:
        for line in lines:
            stream.write(f"{line}\n")
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        raise OutputLostError(error) from error


def silence(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that Python's exit does not complain about the closed pipe.

    As "Note on SIGPIPE" in the documentation of Python's signal module advises.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    finally:
        os.close(null)

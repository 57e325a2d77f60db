"""Run qbsf: the boundary at which every error becomes one line, and with --json one document."""

import io
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

import typer

from qbsf.boundary import InterruptError, Terminated, as_error, stop_on_sigterm
from qbsf.cli import app
from qbsf.errors import QbsfError, UsageError
from qbsf.output.console import OutputLostError, silence, write_lines
from qbsf.output.voice import Voice, error_line, fail
from qbsf.paths import profile_paths


def main() -> None:
    """The console script."""
    stop_on_sigterm()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in letters that this terminal's encoding lacks is shown escaped, not an error.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # a second Ctrl+C, while the first was being told
        code = InterruptError.exit_code
    sys.exit(_flush(sys.stdout, code))


def run(arguments: Sequence[str]) -> int:
    """One command line, without the program's name. The exit code of shared/interface.md; raises nothing but SystemExit
    (a closed pipe while Typer itself prints).
    """
    command = typer.main.get_command(app)
    try:
        return command.main(list(arguments), prog_name="qbsf", standalone_mode=False) or 0
    except typer.TyperException as error:
        problem: QbsfError = _usage(error)
    except typer.Abort as error:
        problem = _aborted(error)
    except (Exception, Terminated) as error:  # noqa: BLE001 - the boundary: nothing may leave as a traceback
        problem = as_error(error, profile_paths("", os.environ).folder, datetime.now(UTC))
    voice = Voice(sys.stdout, sys.stderr, os.environ, json="--json" in arguments)
    return fail(problem, voice)


def _usage(error: typer.TyperException) -> UsageError:
    """Typer's own complaint about the command line, in our form."""
    where = getattr(getattr(error, "ctx", None), "command_path", "qbsf")
    message = error.format_message()
    return UsageError(message if message.endswith((".", "?")) else f"{message}.", f"See {where} --help.")


def _aborted(error: typer.Abort) -> QbsfError:
    """A question that got no answer: Ctrl+C, or nobody there to answer."""
    if isinstance(error.__context__, KeyboardInterrupt):
        return InterruptError()
    return UsageError("A question got no answer.", "Run it at a terminal, or answer on its standard input.")


def _flush(stream: TextIO | None, code: int) -> int:
    """Let everything reach the reader; where that fails for want of space or the like, a good end becomes an error."""
    if stream is None:
        return code
    try:
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        if code == 0:
            lost = OutputLostError(error)
            write_lines([error_line(lost.message, lost.todo)], sys.stderr)
            return lost.exit_code
    return code


if __name__ == "__main__":
    main()

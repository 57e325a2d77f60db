"""Where a command may speak, how much it was asked to, and how it says that it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from qbsf.errors import QbsfError
from qbsf.output.console import OutputLostError, is_terminal, write_lines
from qbsf.output.text import one_line


@dataclass(frozen=True)
class Voice:
    """The streams of one command (None where the caller closed one) and its output options."""

    stdout: TextIO | None
    stderr: TextIO | None
    environ: Mapping[str, str]
    json: bool = False
    verbose: bool = False
    quiet: bool = False

    @property
    def tables(self) -> bool:
        """Whether stdout is a terminal that takes tables."""
        return is_terminal(self.stdout) and not self.json

    @property
    def watched(self) -> bool:
        """Whether a person sees one of the two streams."""
        return is_terminal(self.stdout) or is_terminal(self.stderr)


def prefix(profile: str = "") -> str:
    """How every line on stderr begins; a profile is named where it is not the only one."""
    return "qbsf:" if profile in {"", "default"} else f"qbsf[{one_line(profile)}]:"


def error_line(message: str, todo: str, profile: str = "") -> str:
    """The one line of an error: what happened to what, and what to do now."""
    return f"{prefix(profile)} {one_line(f'{message} {todo}')}"


def fail(error: QbsfError, voice: Voice, profile: str = "") -> int:
    """Say that a command could not do its work: one line on stderr, one document with --json. Its exit code."""
    if voice.json and not isinstance(error, OutputLostError):
        from qbsf.output import as_json  # noqa: PLC0415 - start-up budget: only where it is asked for

        write_lines([as_json.error(error)], voice.stdout)
    write_lines([error_line(error.message, error.todo, profile)], voice.stderr)
    return error.exit_code

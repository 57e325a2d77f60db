"""How far a long pass has come: a bar on a terminal's stderr, nothing anywhere else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from qbsf.output.console import is_terminal, terminal_console

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress(Protocol):
    """What the engine tells of its way; every call is cheap and may be made often."""

    def phase(self, name: str, total: int | None = None) -> None:
        """A new stretch begins, "Reading payments"; `total` steps long where that is known."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Some steps of the phase are done."""
        ...


class SilentProgress:
    """For cron, pipes and tests."""

    def phase(self, name: str, total: int | None = None) -> None:
        """Nothing to show."""

    def advance(self, steps: int = 1) -> None:
        """Nothing to show."""


class BarProgress:
    """One bar, which the next phase takes over."""

    def __init__(self, bar: "RichProgress") -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def phase(self, name: str, total: int | None = None) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total)

    def advance(self, steps: int = 1) -> None:
        if self._task is not None:
            self._bar.advance(self._task, steps)


@contextmanager
def showing(stream: TextIO | None, environ: Mapping[str, str], *, quiet: bool = False) -> Iterator[Progress]:
    """A bar on `stream` while the body runs, gone without a trace after it; silent where nobody watches."""
    if stream is None or quiet or not is_terminal(stream):
        yield SilentProgress()
        return
    # Start-up budget: rich's progress is for terminals only.
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415 - as above

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
    )
    with RichProgress(*columns, console=terminal_console(stream, environ), transient=True) as bar:
        yield BarProgress(bar)

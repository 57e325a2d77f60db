"""Print what a pass did, by the manners of shared/interface.md: all of it to who asked or watches, and under cron
only what is news to a person.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from qbsf.config import AlertsConfig, Config
from qbsf.errors import QbsfError
from qbsf.output import as_json, manner, plain, troubles
from qbsf.output.console import is_terminal, terminal_console, write_lines
from qbsf.output.voice import Voice, error_line
from qbsf.report import Failure, Report, Requests, Run, Status, Summary
from qbsf.sync.options import SyncOptions

_CUT_SHORT = (130, 143)
"""Exit codes of a pass that a person or the system ended: nothing to tell once it is over."""


class Notebook(Protocol):
    """Where the state keeps what was told, one text a profile. Both methods raise QbsfError where it cannot."""

    def read(self) -> str:
        """The text last written, "" at first."""
        ...

    def write(self, text: str) -> None:
        """Keep `text`."""
        ...


@dataclass(frozen=True)
class Past:
    """What the state knows besides the report, read when it is needed."""

    read_status: Callable[[], Status]
    open_notebook: Callable[[], Notebook]


@dataclass(frozen=True)
class Ending:
    """How a pass ends: its exit code, and what the alerts are to tell."""

    exit_code: int
    news: tuple[manner.News, ...] = ()
    good: bool | None = None
    """Whether the pass went well, for the heartbeat; None for one that says nothing about that."""
    acted: bool = False
    """Whether it may have done something to tell: not a dry run, nor left to another run, nor cut short."""


def not_run(error: QbsfError, options: SyncOptions, profile: str, now: datetime) -> Report:
    """The report of a pass that could not begin: nothing examined, and why. Its run has no id: none was recorded."""
    run = Run(
        id="",
        profile=profile,
        mode=options.mode,
        dry_run=options.dry_run,
        complete=False,
        started_at=now,
        finished_at=now,
    )
    return _failed(Report(run=run, summary=Summary(), requests=Requests()), error)


def show_report(report: Report, options: SyncOptions, voice: Voice) -> None:
    """The report on stdout: as JSON, as tables on a terminal, as plain lines where it was asked for."""
    asked = options.looks_only or voice.verbose
    if voice.json:
        write_lines(as_json.report_lines(report), voice.stdout)
    elif report.error is not None and not report.summary.examined:
        return  # it stopped before anything: its error says all there is
    elif voice.stdout is not None and voice.tables:
        if asked or not voice.quiet:
            from qbsf.output import terminal  # noqa: PLC0415 - start-up budget: rich is for terminals

            terminal.report(report, terminal_console(voice.stdout, voice.environ))
    elif asked:
        write_lines(plain.report(report), voice.stdout)


def tell_early(report: Report, options: SyncOptions, voice: Voice) -> Ending:
    """Print a pass that no state can be asked about, for its configuration could not be read: always in full."""
    show_report(report, options, voice)
    _print_error(report, "", voice)
    return Ending(report.exit_code)


def tell_pass(
    report: Report,
    options: SyncOptions,
    config: Config,
    voice: Voice,
    past: Past,
    now: datetime,
    held_for: timedelta | None = None,
    log_error: QbsfError | None = None,
) -> Ending:
    """Print the report and what is news, then remember what was told.

    `held_for`: where another run holds the lock, how long. `log_error`: what the log file met. A dry run and a look at
    one invoice neither tell news nor change what is remembered.
    """
    lock_is_young = troubles.lock_is_young(report, held_for)
    if options.looks_only or lock_is_young or report.exit_code in _CUT_SHORT:
        show_report(report, options, voice)
        if voice.verbose or is_terminal(voice.stdout) or (options.looks_only and not lock_is_young):
            _print_error(report, config.name, voice)
        cut_short = lock_is_young or report.exit_code in _CUT_SHORT
        return Ending(report.exit_code, acted=not (options.dry_run or cut_short))
    report, status, notebook, memory = _look_back(report, past)
    decision = manner.decide(
        memory,
        [*troubles.standing(report, status), *troubles.of_log(log_error)],
        now,
        manners_of(config.alerts),
        sees=troubles.seen(report, status) | {"log"},
        acknowledged=troubles.acknowledged(status.attention if status else ()) | troubles.unused_outlets(config),
    )
    show_report(report, options, voice)
    if voice.verbose or voice.watched:
        _print_error(report, config.name, voice)
    news = [piece for piece in decision.news if not _is_shown(piece, voice)]
    write_lines(troubles.lines(news, config.name), voice.stderr)
    if voice.tables and not voice.quiet and status is not None:
        write_lines(_waiting(status), voice.stdout)
    if notebook is not None and decision.memory != memory:
        try:
            notebook.write(manner.dump(decision.memory))
        except QbsfError as error:
            write_lines([error_line(error.message, error.todo, config.name)], voice.stderr)
            return Ending(report.exit_code or error.exit_code, decision.news, good=False, acted=True)
    return Ending(report.exit_code, decision.news, good=report.error is None, acted=True)


def _look_back(report: Report, past: Past) -> tuple[Report, Status | None, Notebook | None, manner.Memory]:
    """What stands and what was told. Where the state cannot say, that is the pass's error unless it has one: then
    what stopped it is told each time.
    """
    try:
        status, notebook = past.read_status(), past.open_notebook()
        return report, status, notebook, manner.load(notebook.read())
    except QbsfError as error:
        failed = report if report.error is not None else _failed(report, error)
        return failed, None, None, manner.Memory()


def _failed(report: Report, error: QbsfError) -> Report:
    return replace(report, error=Failure(error.code, error.message, error.todo), exit_code=error.exit_code)


def _print_error(report: Report, profile: str, voice: Voice) -> None:
    if report.error is not None:
        write_lines([error_line(report.error.message, report.error.todo, profile)], voice.stderr)


def _is_shown(piece: manner.News, voice: Voice) -> bool:
    """Whether a person has it before the eyes already: the error's own line, or a record among the tables."""
    if piece.kind == "over":
        return False
    if piece.family == "pass":
        return voice.verbose or voice.watched
    return piece.family in {"record", "passing"} and voice.tables and not voice.quiet


def _waiting(status: Status) -> list[str]:
    count = sum(not item.acknowledged for item in status.attention)
    if count == 1:
        return ["1 record waits for a person: qbsf status shows it."]
    return [f"{count} records wait for a person: qbsf status lists them."] if count else []


def manners_of(alerts: AlertsConfig) -> manner.Manners:
    """When to tell a problem again, by the configuration."""
    return manner.Manners(
        remind_after=timedelta(hours=alerts.remind_hours),
        stale_after=timedelta(minutes=alerts.stale_after_minutes),
    )

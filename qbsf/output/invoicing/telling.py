"""Print what a run did, by the manners of shared/interface.md: all of it to who asked or watches, and under cron only
what is news to a person.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from qbsf.config import Config
from qbsf.errors import Busy, ConfigError, QbsfError, Unreachable
from qbsf.invoicing.options import InvoicingOptions
from qbsf.invoicing.report import PATIENT_REASONS, InvoicingRecord, InvoicingReport, InvoicingSummary
from qbsf.output import manner, troubles, words
from qbsf.output.console import is_terminal, terminal_console, write_lines
from qbsf.output.invoicing import as_json, plain
from qbsf.output.telling import Ending, Notebook, manners_of
from qbsf.output.text import one_line
from qbsf.output.voice import Voice, error_line
from qbsf.report import Failure, Requests, Run

_CUT_SHORT = (130, 143)
"""Exit codes of a run that a person or the system ended."""


def not_run(error: QbsfError, options: InvoicingOptions, profile: str, now: datetime) -> InvoicingReport:
    """The report of a run that could not begin."""
    run = Run("", profile, "invoicing", options.dry_run, False, now, now)
    return _failed(InvoicingReport(run=run, summary=InvoicingSummary(), requests=Requests()), error)


def tell_early(report: InvoicingReport, options: InvoicingOptions, voice: Voice) -> int:
    """Print a run that no state can be asked about, for its configuration could not be read: always in full."""
    _show(report, options, voice)
    _print_error(report, "", voice)
    return report.exit_code


def tell_run(
    report: InvoicingReport,
    options: InvoicingOptions,
    config: Config,
    voice: Voice,
    open_notebook: Callable[[], Notebook],
    now: datetime,
    held_for: timedelta | None = None,
    log_error: QbsfError | None = None,
) -> Ending:
    """Print the report and what is news, then remember what was told.

    `held_for`: where another run holds the lock, how long. `log_error`: what the log file met. A dry run and a look at
    one Opportunity neither tell news nor change what is remembered.
    """
    lock_is_young = report.exit_code == Busy.exit_code and troubles.may_be_at_work(held_for)
    if options.looks_only or lock_is_young or report.exit_code in _CUT_SHORT:
        _show(report, options, voice)
        if voice.verbose or is_terminal(voice.stdout) or (options.looks_only and not lock_is_young):
            _print_error(report, config.name, voice)
        return Ending(report.exit_code)
    notebook: Notebook | None = None
    memory = manner.Memory()
    try:
        notebook = open_notebook()
        memory = manner.load(notebook.read())
    except QbsfError as error:
        report = report if report.error is not None else _failed(report, error)
    decision = manner.decide(
        memory,
        [*_troubles(report), *troubles.of_log(log_error)],
        now,
        manners_of(config.alerts),
        sees=_seen(report) | {"log"},
        acknowledged=troubles.unused_outlets(config),
    )
    _show(report, options, voice)
    if voice.verbose or voice.watched:
        _print_error(report, config.name, voice)
    news = [piece for piece in decision.news if not _is_shown(piece, voice)]
    write_lines(troubles.lines(news, config.name), voice.stderr)
    if notebook is not None and decision.memory != memory:
        try:
            notebook.write(manner.dump(decision.memory))
        except QbsfError as error:
            write_lines([error_line(error.message, error.todo, config.name)], voice.stderr)
            return Ending(report.exit_code or error.exit_code, decision.news, acted=True)
    return Ending(report.exit_code, decision.news, acted=True)


def _show(report: InvoicingReport, options: InvoicingOptions, voice: Voice) -> None:
    """On stdout: as JSON, as tables on a terminal, as plain lines where it was asked for."""
    asked = options.looks_only or voice.verbose
    if voice.json:
        write_lines([as_json.report(report)], voice.stdout)
    elif report.error is not None and not report.records:
        return  # it stopped before anything: its error says all there is
    elif voice.stdout is not None and voice.tables:
        if asked or not voice.quiet:
            from qbsf.output.invoicing import terminal  # noqa: PLC0415 - start-up budget: rich is for terminals

            terminal.report(report, terminal_console(voice.stdout, voice.environ))
    elif asked:
        write_lines(plain.report(report), voice.stdout)


def _failed(report: InvoicingReport, error: QbsfError) -> InvoicingReport:
    return replace(report, error=Failure(error.code, error.message, error.todo), exit_code=error.exit_code)


def _print_error(report: InvoicingReport, profile: str, voice: Voice) -> None:
    if report.error is not None:
        write_lines([error_line(report.error.message, report.error.todo, profile)], voice.stderr)


def _is_shown(piece: manner.News, voice: Voice) -> bool:
    """Whether a person has it before the eyes already."""
    if piece.kind == "over":
        return False
    if piece.family == "pass":
        return voice.verbose or voice.watched
    return voice.tables and not voice.quiet


def _troubles(report: InvoicingReport) -> list[manner.Trouble]:
    """What stopped the run, and every Opportunity that waits for a person."""
    found = [_of_record(record) for record in report.records if _waits(record)]
    if any(record.reason == "braked" for record in report.records):
        found.append(
            manner.Trouble("record:braked", "record", "invoice: " + one_line(" ".join(report.warnings)), code="braked")
        )
    error = report.error
    if error is None:
        return found
    stopped = manner.Trouble(
        key=f"pass:{error.code}",
        family="pass",
        what=f"invoice: {one_line(error.message)}",
        todo=one_line(error.todo),
        code=error.code,
        patient=report.exit_code == Unreachable.exit_code,
        always=report.exit_code == ConfigError.exit_code,
    )
    return [stopped, *found]


def _waits(record: InvoicingRecord) -> bool:
    quiet = PATIENT_REASONS | {"braked"}  # the brake is told once, not for each
    return record.outcome == "failed" or (record.outcome == "skipped" and record.reason not in quiet)


def _of_record(record: InvoicingRecord) -> manner.Trouble:
    return manner.Trouble(
        key=f"record:{record.opportunity_id}:{record.reason}",
        family="record",
        what=f"{plain.named(record)}: {words.label(one_line(record.reason))}",
        todo=plain.why(record),
        code=record.reason,
        patient=record.reason in {"unavailable", "inconsistent"},
    )


def _seen(report: InvoicingReport) -> frozenset[manner.Family]:
    """The families this run could judge."""
    if report.error is not None:
        return frozenset()
    return frozenset({"pass", "record"}) if report.run.complete else frozenset({"pass"})

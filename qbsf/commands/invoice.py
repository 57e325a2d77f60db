"""`qbsf invoice`: Opportunities become QuickBooks invoices. Whatever happens is a report, also a bug or Ctrl+C."""

from datetime import timedelta
from functools import partial

from qbsf import logs
from qbsf.boundary import Terminated, as_error
from qbsf.commands.afterwards import open_log, tell_channels
from qbsf.commands.context import Context
from qbsf.config import Config
from qbsf.errors import Busy, QbsfError
from qbsf.invoicing.options import InvoicingOptions
from qbsf.invoicing.report import InvoicingReport
from qbsf.output.invoicing import as_json
from qbsf.output.invoicing.telling import not_run, tell_early, tell_run
from qbsf.output.progress import showing
from qbsf.output.telling import Notebook


def invoice(context: Context, options: InvoicingOptions) -> int:
    """Run it once and print it by the manners of shared/interface.md. The exit code."""
    try:
        config = context.config()
    except QbsfError as error:
        return tell_early(not_run(error, options, "", context.clock.now()), options, context.voice)
    log_error = None if options.dry_run else open_log(config)
    report, held_for = _run(context, config, options)
    for name, members in as_json.events(report):
        logs.log_event(name, members)
    log_error = log_error or logs.file_error()
    notebook = partial(_open_notebook, context, config)
    ending = tell_run(report, options, config, context.voice, notebook, context.clock.now(), held_for, log_error)
    return tell_channels(context, config, ending, report.run.id)


def _run(context: Context, config: Config, options: InvoicingOptions) -> tuple[InvoicingReport, timedelta | None]:
    """The report, and how long another run has held the lock where that kept this one from running."""
    from qbsf.invoicing.command import run_invoicing

    voice = context.voice
    try:
        with showing(voice.stderr, context.environ, quiet=voice.quiet) as progress:
            return run_invoicing(config, options, progress, clock=context.clock, environ=context.environ), None
    except (Exception, KeyboardInterrupt, Terminated) as problem:  # noqa: BLE001 - the run's boundary: all is told
        now = context.clock.now()
        error = as_error(problem, context.paths(config).folder, now)
        return not_run(error, options, config.name, now), error.held_for if isinstance(error, Busy) else None


def _open_notebook(context: Context, config: Config) -> Notebook:
    from qbsf.sync.notebook import OF_INVOICING, StateNotebook

    return StateNotebook(context.paths(config), context.clock, OF_INVOICING)

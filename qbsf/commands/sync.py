"""`qbsf sync`: one pass, and telling what came of it. Whatever happens is a report, also a bug or Ctrl+C."""

from datetime import timedelta

from qbsf import logs
from qbsf.boundary import Terminated, as_error
from qbsf.commands.afterwards import open_log, tell_channels
from qbsf.commands.context import Context
from qbsf.config import Config
from qbsf.errors import Busy, QbsfError
from qbsf.output import as_json
from qbsf.output.progress import showing
from qbsf.output.telling import Notebook, Past, not_run, tell_early, tell_pass
from qbsf.report import Report, Status
from qbsf.sync.options import SyncOptions


def sync(context: Context, options: SyncOptions) -> int:
    """Run one pass and print it by the manners of shared/interface.md. The exit code."""
    try:
        config = context.config()
    except QbsfError as error:
        report = not_run(error, options, "", context.clock.now())
        return tell_early(report, options, context.voice).exit_code
    log_error = None if options.dry_run else open_log(config)
    logs.log_event("begin", as_json.begun(config.name, options))
    report, held_for = _run(context, config, options)
    if logs.file_is_open():
        for name, members in as_json.events(report):
            logs.log_event(name, members)
    past = Past(lambda: _read_status(config), lambda: _open_notebook(context, config))
    now = context.clock.now()
    log_error = log_error or logs.file_error()
    ending = tell_pass(report, options, config, context.voice, past, now, held_for, log_error)
    return tell_channels(context, config, ending, report.run.id)


def _run(context: Context, config: Config, options: SyncOptions) -> tuple[Report, timedelta | None]:
    """The report of the pass, and how long another run has held the lock where that kept it from running."""
    from qbsf.sync.command import run_sync

    voice = context.voice
    try:
        with showing(voice.stderr, context.environ, quiet=voice.quiet or voice.verbose) as progress:
            return run_sync(config, options, progress), None
    except (Exception, KeyboardInterrupt, Terminated) as problem:  # noqa: BLE001 - the pass's boundary: all is told
        now = context.clock.now()
        error = as_error(problem, context.paths(config).folder, now)
        return not_run(error, options, config.name, now), error.held_for if isinstance(error, Busy) else None


def _read_status(config: Config) -> Status:
    from qbsf.sync.status import read_status

    return read_status(config)


def _open_notebook(context: Context, config: Config) -> Notebook:
    from qbsf.sync.notebook import StateNotebook

    return StateNotebook(context.paths(config), context.clock)

"""The parts of a real run of `qbsf invoice` put together: configuration, secrets, clients, state, lock."""

import uuid
from collections.abc import Mapping
from random import SystemRandom

from qbsf.clock import Clock, Deadline
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.invoicing.engine import Invoicing
from qbsf.invoicing.job import Job
from qbsf.invoicing.options import InvoicingOptions
from qbsf.invoicing.report import InvoicingReport, InvoicingSummary
from qbsf.lanes import Lane
from qbsf.machine import connect, scratch_state, working_state
from qbsf.output.progress import Progress
from qbsf.paths import ProfilePaths, profile_paths
from qbsf.report import Failure, Requests, Run
from qbsf.salesforce.columns import configured_names
from qbsf.state.store import State
from qbsf.sync import lookups as kept


def run_invoicing(
    config: Config,
    options: InvoicingOptions,
    progress: Progress,
    *,
    clock: Clock,
    environ: Mapping[str, str],
) -> InvoicingReport:
    """One run with everything that it needs. Raises QbsfError where it could not even begin."""
    paths = profile_paths(config.name, environ)
    if options.dry_run:
        with scratch_state(paths) as scratch:
            return _run(config, options, progress, clock, environ, paths, scratch)
    with working_state(paths, clock) as state:
        return _run(config, options, progress, clock, environ, paths, state)


def _run(
    config: Config,
    options: InvoicingOptions,
    progress: Progress,
    clock: Clock,
    environ: Mapping[str, str],
    paths: ProfilePaths,
    state: State,
) -> InvoicingReport:
    """The report of a run, also of one that nobody is authorized for."""
    run_id = uuid.uuid4().hex[:12]
    started = clock.now()
    try:
        job = _job(config, options, progress, clock, environ, paths, state, run_id)
    except QbsfError as error:
        run = Run(run_id, config.name, "invoicing", options.dry_run, False, started, clock.now())
        failure = Failure(error.code, error.message, error.todo)
        return InvoicingReport(run, InvoicingSummary(), Requests(), error=failure, exit_code=error.exit_code)
    return Invoicing(job).run()


def _job(
    config: Config,
    options: InvoicingOptions,
    progress: Progress,
    clock: Clock,
    environ: Mapping[str, str],
    paths: ProfilePaths,
    state: State,
    run_id: str,
) -> Job:
    deadline = Deadline(clock, config.sync.time_limit_seconds)
    random = SystemRandom()
    working = not options.dry_run
    systems = connect(config, paths, environ, clock=clock, random=random, deadline=deadline, working=working)
    lookups = kept.load(state)
    if lookups is None or not set(configured_names(config.fields, config.stages)) <= set(lookups.fields):
        progress.phase("Reading settings of both systems")
        lookups = kept.read(config, systems.org, kept.ask_books(systems.books, Lane(1)))
        kept.keep(state, lookups)
    return Job(
        config=config,
        options=options,
        run_id=run_id,
        systems=systems,
        state=state,
        lookups=lookups,
        clock=clock,
        deadline=deadline,
        random=random.random,
        progress=progress,
    )

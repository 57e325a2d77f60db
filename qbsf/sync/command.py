"""The parts of a real pass put together: configuration, secrets, clients, state, lock."""

import gc
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import SystemRandom

from qbsf.clock import Clock, Deadline, SystemClock
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.lanes import Lanes
from qbsf.machine import connect, scratch_state, working_state
from qbsf.output.progress import Progress
from qbsf.paths import ProfilePaths, profile_paths
from qbsf.report import Failure, Report, Requests, Run, Summary
from qbsf.state.journal import LAST_SUCCESS, Journal
from qbsf.state.store import State, copy_daily, is_damage, state_unusable
from qbsf.sync.allowance import note_usage
from qbsf.sync.context import Context
from qbsf.sync.engine import Pass
from qbsf.sync.options import SyncOptions


def run_sync(config: Config, options: SyncOptions, progress: Progress) -> Report:
    """One pass with everything that it needs. Raises QbsfError where it could not even begin."""
    clock = SystemClock()
    paths = profile_paths(config.name, os.environ)
    if options.dry_run:
        with scratch_state(paths) as scratch:
            return _pass(config, options, progress, clock, paths, scratch)
    with working_state(paths, clock) as state:
        report = _pass(config, options, progress, clock, paths, state)
        return _remembered(state, config, report, paths)


def _pass(
    config: Config, options: SyncOptions, progress: Progress, clock: Clock, paths: ProfilePaths, state: State
) -> Report:
    """The report of a pass, also of one that nobody is authorized for."""
    run_id = uuid.uuid4().hex[:12]
    started = clock.now()
    try:
        context = _context(config, options, progress, clock, paths, state, run_id)
    except QbsfError as error:
        run = Run(run_id, config.name, options.mode, options.dry_run, False, started, clock.now())
        failure = Failure(error.code, error.message, error.todo)
        return Report(run, Summary(), Requests(), error=failure, exit_code=error.exit_code)
    try:
        with _no_collector(), state.relaxed():
            report = Pass(context).run()
    finally:
        context.lanes.close()
        context.finish()
    note_usage(state, config.sync.keep_api_calls, context.org.api_usage, clock.now())
    return report


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's search for cycles: a pass makes none, and it would look through ten thousands of records again
    and again, which is a sixth of a large pass (tests/benchmark). What there is afterwards is never looked through.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()


def _context(
    config: Config,
    options: SyncOptions,
    progress: Progress,
    clock: Clock,
    paths: ProfilePaths,
    state: State,
    run_id: str,
) -> Context:
    deadline = Deadline(clock, config.sync.time_limit_seconds)
    random = SystemRandom()
    working = not options.dry_run
    systems = connect(config, paths, os.environ, clock=clock, random=random, deadline=deadline, working=working)
    return Context(
        config=config,
        options=options,
        run_id=run_id,
        realm_id=systems.realm_id,
        books=systems.books,
        org=systems.org,
        state=state,
        clock=clock,
        deadline=deadline,
        random=random.random,
        progress=progress,
        lanes=Lanes.open(),
        finish=systems.finish,
    )


def _remembered(state: State, config: Config, report: Report, paths: ProfilePaths) -> Report:
    """The report, kept in the state. What fails in keeping it is told in it: the pass itself was done."""
    finished = report.run.finished_at
    journal = Journal(state)
    try:
        with state.transaction():
            journal.ran(report)
            if report.error is None and report.run.mode != "invoice":
                state.put_instant(LAST_SUCCESS, finished)
            journal.prune(finished - timedelta(days=config.log.history_days))
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise
        problem = state_unusable(paths.state, error)
        failure = report.error or Failure(problem.code, problem.message, problem.todo)
        return replace(report, error=failure, exit_code=report.exit_code or problem.exit_code)
    try:
        copy_daily(state, paths.state, finished)
    except (OSError, sqlite3.Error) as error:
        return replace(report, warnings=(*report.warnings, f"the daily copy of the state could not be made ({error})"))
    return report

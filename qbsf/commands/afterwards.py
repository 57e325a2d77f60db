"""What runs of `sync` and `invoice` share around their work: the log file and the alerts, which never stop them."""

import logging
from pathlib import Path

from qbsf import logs
from qbsf.boundary import Terminated, as_error
from qbsf.commands.context import Context
from qbsf.config import Config
from qbsf.errors import QbsfError
from qbsf.output.console import write_lines
from qbsf.output.telling import Ending
from qbsf.output.voice import error_line


def open_log(config: Config) -> QbsfError | None:
    """Begin to write the log file; why that cannot be, which is no reason not to run."""
    if not config.log.file:
        return None
    try:
        logs.add_file(Path(config.log.file))
    except QbsfError as error:
        logging.getLogger("qbsf.log").warning("%s", error)
        return error
    return None


def tell_channels(context: Context, config: Config, ending: Ending, run_id: str) -> int:
    """Send the alerts of a run that is over. Whatever happens here, its exit code stays, unless somebody ends it."""
    if not ending.acted or not (config.alerts.any_channel or config.log.file):
        return ending.exit_code
    from random import SystemRandom

    from qbsf.alerts import after_pass

    voice = context.voice
    desk = after_pass.Desk(config, context.paths(config), context.environ, context.clock, SystemRandom())
    try:
        write_lines(after_pass.tell_channels(desk, ending, run_id), voice.stderr)
    except (KeyboardInterrupt, Terminated) as problem:
        return as_error(problem, desk.paths.folder, context.clock.now()).exit_code
    except Exception as problem:  # noqa: BLE001 - a bug there is told, and that is all: the run was as it was
        error = as_error(problem, desk.paths.folder, context.clock.now())
        write_lines([error_line(error.message, error.todo, config.name)], voice.stderr)
    return ending.exit_code

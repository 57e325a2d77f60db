"""`qbsf status`: tokens, last passes, what waits for a person; from local state alone."""

from qbsf.commands.context import Context
from qbsf.errors import AuthorizationNeeded
from qbsf.output.console import terminal_console, write_lines
from qbsf.report import Status


def status(context: Context, *, show_all: bool) -> int:
    """Print it. 0 healthy with nothing waiting, 3 where authorization is needed, else 1. Raises ConfigError."""
    from qbsf.sync.status import read_status

    config = context.config()
    found = read_status(config)
    voice = context.voice
    if voice.json:
        from qbsf.output import as_json

        write_lines([as_json.status(found, show_all=show_all)], voice.stdout)
        return exit_code(found)
    from qbsf.crontab import named_config, pass_line

    crontab = pass_line(named_config(config))
    if voice.tables and voice.stdout is not None:
        from qbsf.output import terminal_status

        console = terminal_console(voice.stdout, voice.environ)
        terminal_status.status(found, console, crontab=crontab, show_all=show_all)
    else:
        from qbsf.output import plain

        write_lines(plain.status(found, crontab=crontab, show_all=show_all), voice.stdout)
    return exit_code(found)


def exit_code(found: Status) -> int:
    """The contract's verdict for scripts; what a person acknowledged waits no longer."""
    if found.authorization_needed:
        return AuthorizationNeeded.exit_code
    waiting = any(not item.acknowledged for item in found.attention)
    return 0 if found.healthy and not waiting else 1

"""`qbsf history`: every write qbsf made, from local state alone."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from qbsf.commands.context import Context
from qbsf.errors import UsageError
from qbsf.naming import named
from qbsf.output import history as output
from qbsf.output.console import terminal_console, write_lines
from qbsf.output.text import one_line
from qbsf.paths import ProfilePaths
from qbsf.state.journal import Journal, WriteEntry
from qbsf.state.store import read_state

_AGO = re.compile(r"([0-9]{1,5})\s*([hdw])", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


def history(context: Context, target: str | None, *, since: str | None) -> int:
    """Print the writes to what `target` names, or all of them, the oldest first. 0. Raises ConfigError, UsageError."""
    from_ = since_of(since, context.clock.now()) if since is not None else None
    config = context.config()
    entries = _writes(context.paths(config), from_)
    if target is not None:
        entries = named(target, entries, lambda entry: entry.record)
    voice = context.voice
    if voice.json:
        from qbsf.output import as_json

        write_lines([as_json.history(config.name, entries)], voice.stdout)
    elif not entries:
        write_lines([output.nothing(target, since)], voice.stdout)
    elif voice.tables and voice.stdout is not None:
        output.on_terminal(entries, terminal_console(voice.stdout, voice.environ))
    else:
        write_lines(output.plain(entries), voice.stdout)
    return 0


def _writes(paths: ProfilePaths, since: datetime | None) -> list[WriteEntry]:
    paths.check()
    state = read_state(paths.state)
    if state is None:
        return []
    try:
        return list(Journal(state).writes(since))
    finally:
        state.close()


def since_of(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The instant that "2026-03-01" (its midnight in `zone`, None this machine's) or "7d", "12h", "2w" ago means.

    Raises UsageError.
    """
    wanted = text.strip()
    try:
        if ago := _AGO.fullmatch(wanted):
            return now - timedelta(hours=int(ago[1]) * _HOURS[ago[2].lower()])
        midnight = datetime.combine(date.fromisoformat(wanted), time())
        return (midnight.replace(tzinfo=zone) if zone is not None else midnight.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f'--since "{one_line(text)}" is no day and no span of time.', "Write it as 2026-03-01, 7d, 12h or 2w."
        ) from None

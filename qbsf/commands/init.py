"""`qbsf init`: from nothing to a working cron line."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qbsf.auth.terminal import StreamTerminal, Terminal
from qbsf.commands.context import Context
from qbsf.config_file import example_text, find_config, load_config
from qbsf.errors import ConfigError, QbsfError, UsageError
from qbsf.files import PRIVATE_FOLDER, write_private
from qbsf.output.console import write_lines
from qbsf.output.voice import error_line
from qbsf.paths import quoted
from qbsf.setup.interview import given, interview
from qbsf.setup.text import with_answers

AUTH_SECONDS = 300.0
_KEY_FILE = ("salesforce", "private_key_file")


def print_example(context: Context) -> int:
    """The commented example, the same as config.example.toml, to the byte. 0."""
    write_lines([example_text().removesuffix("\n")], context.voice.stdout)
    return 0


def init(context: Context, words: Sequence[str], *, force: bool) -> int:
    """Ask, write the configuration, and at a terminal offer the next steps. 0, or what the last of them ended with.

    Raises UsageError (a file is there, questions without answers), ConfigError.
    """
    path = find_config(context.config_path, context.environ).absolute()
    if path.exists() and not force:
        raise UsageError(f"{path} is there already.", "Edit it, or run `qbsf init --force` to replace it.")
    terminal = StreamTerminal(sys.stdin, context.voice.stdout)
    today = context.clock.now().astimezone().date()
    answers = interview(terminal, given(words)) | {("sync", "start_date"): today.isoformat()}
    if key_file := answers.get(_KEY_FILE):
        answers[_KEY_FILE] = key_file if key_file.startswith("~") else str(Path(key_file).absolute())
    text = with_answers(example_text(), answers, today)
    _prove(text, path, context)
    kept = _write(text, path)
    terminal.say(f"Wrote {path} (mode 0600); invoices settled before {today} are left alone.")
    if kept is not None:
        terminal.say(f"The former one is kept as {kept}.")
    return _next_steps(replace(context, config_path=path), context.config_path, terminal)


def _prove(text: str, path: Path, context: Context) -> None:
    """Raises ConfigError where the loader would not take it: nothing is written then."""
    with tempfile.TemporaryDirectory(prefix="qbsf-init-") as folder:
        trial = Path(folder) / path.name
        write_private(trial, text)
        try:
            load_config(trial, context.environ)
        except ConfigError as error:
            message = error.message.replace(str(trial), "The configuration")
            raise ConfigError(f"{message} Nothing was written.", "Run `qbsf init` again.") from None


def _write(text: str, path: Path) -> Path | None:
    """Writes it; the name that a former file was kept under. Raises ConfigError."""
    kept: Path | None = None
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if path.exists():
            kept = path.with_name(f"{path.name}.old")
            write_private(kept, path.read_text(encoding="utf-8", errors="replace"))
        write_private(path, text)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or path} cannot be written: {error.strerror or error}.",
            "Name another place with --config, or let this user write there.",
        ) from error
    return kept


def _next_steps(context: Context, named: Path | None, terminal: Terminal) -> int:
    """What comes next: done at once where a person wants it, else told."""
    option = f" --config {quoted(named)}" if named is not None else ""
    told = [f"Next: qbsf auth{option}, then qbsf check{option} (it prints the crontab line)."]
    if not terminal.interactive or not terminal.confirm("Authorize QuickBooks and Salesforce now?"):
        terminal.say(*told)
        return 0
    from qbsf.commands.auth import auth
    from qbsf.commands.check import check

    try:
        auth(context, None, no_browser=False, paste=False, forget=False, seconds=AUTH_SECONDS)
    except QbsfError as error:
        write_lines([error_line(error.message, error.todo)], context.voice.stderr)
        terminal.say(*told)
        return error.exit_code
    if not terminal.confirm("Run the check now?"):
        terminal.say(f"Next: qbsf check{option}")
        return 0
    return check(context, mend=False, yes=False)

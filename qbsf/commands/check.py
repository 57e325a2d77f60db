"""`qbsf check`: is everything there that a pass under cron will need; and what makes the missing fields."""

import sys
from collections.abc import Iterable
from pathlib import Path

from qbsf.auth.terminal import StreamTerminal
from qbsf.check import fields, fix, sfdx
from qbsf.check.examination import Examination
from qbsf.check.findings import Finding, exit_code, ok, wrong
from qbsf.check.permission_set import NAME
from qbsf.commands.context import Context
from qbsf.config import Config
from qbsf.crontab import named_config, proposal
from qbsf.errors import ConfigError, QbsfError, UsageError
from qbsf.output import checking
from qbsf.output.console import terminal_console, write_lines
from qbsf.paths import quoted


def check(context: Context, *, mend: bool, yes: bool) -> int:
    """Test everything and print what was found; with `mend` then create and grant fields, and test those again.

    The exit code: 0 where nothing failed (warnings aside), else what a pass would end with, 1 for the rest.
    """
    try:
        config = context.config()
    except ConfigError as error:
        finding = wrong("configuration", error.message, error.todo)
        _Printer(context).all([finding])
        return _end(context, "", [finding], ())
    if mend:
        _require_leave(context, yes=yes)
    examination = Examination(config, context.clock, context.environ)
    printer = _Printer(context)
    try:
        found = printer.all(examination.findings())
        if mend:
            found = _mended(context, config, examination, found, printer, yes=yes)
    finally:
        examination.close()
    return _end(context, config.name, found, proposal(named_config(config), context.environ))


class _Printer:
    """Shows findings as they come, except under --json, where they are one document in the end."""

    def __init__(self, context: Context) -> None:
        voice = context.voice
        self._voice = voice
        self._console = terminal_console(voice.stdout, voice.environ) if voice.tables and voice.stdout else None

    def all(self, findings: Iterable[Finding]) -> list[Finding]:
        """Show them, and give them back."""
        found: list[Finding] = []
        for finding in findings:
            found.append(finding)
            if self._voice.json or (self._voice.quiet and finding.level == "ok"):
                continue
            if self._console is not None:
                checking.on_terminal(finding, self._console)
            else:
                write_lines([checking.plain(finding)], self._voice.stdout)
        return found

    def say(self, *lines: str) -> None:
        if not self._voice.json:
            write_lines(lines, self._voice.stdout)


def _end(context: Context, profile: str, found: list[Finding], crontab: tuple[str, ...]) -> int:
    code = exit_code(found)
    if context.voice.json:
        write_lines([checking.as_json(profile, found, code, crontab)], context.voice.stdout)
        return code
    write_lines([checking.summary(found)], context.voice.stdout)
    if any(finding.topic.startswith("cron") and finding.level != "ok" for finding in found):
        write_lines(checking.crontab_lines(crontab, terminal=context.voice.tables), context.voice.stdout)
    return code


def _require_leave(context: Context, *, yes: bool) -> None:
    """Raises UsageError where nobody could be asked."""
    if not yes and (context.voice.json or not StreamTerminal(sys.stdin, context.voice.stdout).interactive):
        raise UsageError(
            "--fix changes the Salesforce org, and there is nobody here to ask.", "Run it at a terminal, or add --yes."
        )


def _mended(
    context: Context, config: Config, examination: Examination, found: list[Finding], printer: _Printer, *, yes: bool
) -> list[Finding]:
    """The findings after fields were created and granted, or with why they were not."""
    described = examination.org_check.described
    if described is None:
        return [*found, *printer.all([ok("fix", "Nothing was changed: the fields could not be read.")])]
    plan = fix.plan(fields.missing(config.fields, described), fields.ungranted(config.fields, described))
    if plan.nothing:
        return [*found, *printer.all([ok("fix", "There is nothing that --fix could create or grant.")])]
    printer.say("", "To be done in Salesforce:", *(f"  {line}" for line in plan.told()))
    if not yes and not StreamTerminal(sys.stdin, context.voice.stdout).confirm("Do it?"):
        return [*found, *printer.all([ok("fix", "Nothing was changed.")])]
    done: list[Finding] = []
    try:
        for step in fix.carry_out(examination.org, plan):
            done += printer.all([ok("fix", f"{step}.")])
    except QbsfError as error:
        return [*found, *done, *printer.all([wrong("fix", error.message, error.todo)])]
    kept = [finding for finding in found if not finding.topic.startswith("fields.")]
    return [*kept, *done, *printer.all(examination.org_check.fields_again())]


def print_fields(context: Context, folder: Path, *, yes: bool) -> int:
    """Write fields and permission set as SFDX source. 0. Raises UsageError where that would replace what is there."""
    config = context.config()
    files = sfdx.source(config)
    if replaced := sfdx.would_change(folder, files):
        terminal = StreamTerminal(sys.stdin, context.voice.stdout)
        names = ", ".join(str(path) for path in replaced)
        if not yes and (context.voice.json or not terminal.confirm(f"{names} would be replaced. Replace?")):
            raise UsageError(
                f"{names} would be replaced: nothing was written.", "Name another folder, or add --yes to replace."
            )
    written = sfdx.write(folder, files)
    if context.voice.json:
        write_lines([checking.written_json(config.name, written)], context.voice.stdout)
        return 0
    marks = {path: "replaced" if path in replaced else "wrote" for path in written}
    lines = [f"{marks[path]} {path}" for path in written] or [f"{folder} holds all of it already."]
    write_lines(
        [
            *lines,
            "An administrator deploys and assigns it with Salesforce's sf:",
            f"  cd {quoted(folder)} && sf project deploy start --source-dir force-app",
            f"  sf org assign permset --name {NAME} --on-behalf-of USERNAME   (the integration user's)",
        ],
        context.voice.stdout,
    )
    return 0

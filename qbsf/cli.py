"""The command line: parse, call, exit. Everything a command needs is imported when it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qbsf import __version__
from qbsf.boundary import InterruptError

if TYPE_CHECKING:
    from qbsf.commands.context import Context


app = typer.Typer(
    name="qbsf",
    help="Carries QuickBooks payments to Salesforce: what is paid there is won here.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="PATH", help="The configuration file (else $QBSF_CONFIG).")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say everything, also under cron.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qbsf {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)
    context.obj = (config, verbose, quiet)


def _begin(context: typer.Context, config: Path | None, *, verbose: bool, quiet: bool, json: bool = False) -> "Context":
    """The command's context: a global option may stand before the command or after it."""
    from qbsf import logs
    from qbsf.commands.context import from_machine

    earlier_config, earlier_verbose, earlier_quiet = context.obj
    started = from_machine(
        config_path=config or earlier_config,
        json=json,
        verbose=verbose or earlier_verbose,
        quiet=quiet or earlier_quiet,
    )
    logs.set_up(started.voice.stderr, verbose=started.voice.verbose)
    return started


def _finish(work: Callable[[], int]) -> None:
    """Do a command's work and leave with its exit code.

    Ctrl+C leaves as an error like any other: Typer would make a bare exit code of it.
    """
    try:
        code = work()
    except KeyboardInterrupt:
        raise InterruptError from None
    raise typer.Exit(code)


@app.command()
def init(
    context: typer.Context,
    print_: Annotated[
        bool, typer.Option("--print", help="Write the commented example to stdout and ask nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
    answers: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="TABLE.KEY=VALUE", help="An answer, instead of the question; repeatable."),
    ] = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask the few questions that matter and write the configuration file."""
    from qbsf.commands import init as command

    started = _begin(context, config, verbose=verbose, quiet=quiet)
    if print_:
        _finish(lambda: command.print_example(started))
    else:
        _finish(lambda: command.init(started, answers or [], force=force))


@app.command()
def sync(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and show; write nothing.")] = False,
    invoice: Annotated[
        str | None,
        typer.Option(
            "--invoice", metavar="NUMBER", help="Look at one invoice and its Opportunity (id:2052 for a QuickBooks id)."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Reconcile every linked Opportunity, not only what changed.")
    ] = False,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Lift the brake for this pass.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """One pass: carry what was paid in QuickBooks to Salesforce."""
    from qbsf.commands.sync import sync as run
    from qbsf.sync.options import SyncOptions

    started = _begin(context, config, verbose=verbose, quiet=quiet, json=json)
    options = SyncOptions(
        dry_run=dry_run, invoice=invoice, full=full, allow_large=allow_large, verbose=started.voice.verbose
    )
    _finish(lambda: run(started, options))


@app.command()
def status(
    context: typer.Context,
    json: JsonOption = False,
    show_all: Annotated[bool, typer.Option("--all", help="Also what was acknowledged.")] = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tokens, last passes, and what waits for a person."""
    from qbsf.commands.status import status as run

    started = _begin(context, config, verbose=verbose, quiet=quiet, json=json)
    _finish(lambda: run(started, show_all=show_all))


@app.command()
def history(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(metavar="[INVOICE|OPPORTUNITY]", help="Only writes to this one; else all.", show_default=False),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Only since then: 2026-03-01, 7d, 12h.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Every write qbsf made: when, which run, from what to what, and why."""
    from qbsf.commands.history import history as run

    started = _begin(context, config, verbose=verbose, quiet=quiet, json=json)
    _finish(lambda: run(started, target, since=since))


@app.command()
def ack(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="INVOICE|OPPORTUNITY", help="What will stay as it is.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for who looks later.")] = "",
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take one out of what waits for a person, until its facts change."""
    from qbsf.commands.ack import ack as run

    started = _begin(context, config, verbose=verbose, quiet=quiet)
    _finish(lambda: run(started, target, note))


@app.command()
def check(
    context: typer.Context,
    print_fields: Annotated[
        Path | None,
        typer.Option("--print-fields", metavar="DIR", help="Write the fields and a permission set as SFDX source."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Create and grant missing fields, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Test everything live that a pass under cron will need; each line says what to do."""
    from qbsf.commands import check as command

    started = _begin(context, config, verbose=verbose, quiet=quiet, json=json)
    if print_fields is not None and fix:
        raise typer.BadParameter("--print-fields and --fix exclude each other.")
    if print_fields is not None:
        folder = print_fields
        _finish(lambda: command.print_fields(started, folder, yes=yes))
    else:
        _finish(lambda: command.check(started, mend=fix, yes=yes))


@app.command()
def auth(
    context: typer.Context,
    service: Annotated[
        Literal["quickbooks", "salesforce"] | None,
        typer.Argument(metavar="[quickbooks|salesforce]", help="Only this one; else both.", show_default=False),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address to open.")] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="Take the address the browser ended at from the terminal.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Revoke the grant and delete what is stored.")] = False,
    timeout: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long to wait for the browser.")
    ] = 300,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Authorize qbsf at QuickBooks and Salesforce."""
    from qbsf.commands.auth import auth as run

    started = _begin(context, config, verbose=verbose, quiet=quiet)
    _finish(lambda: run(started, service, no_browser=no_browser, paste=paste, forget=forget, seconds=float(timeout)))


@app.command()
def invoice(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show each invoice as it would be; write nothing.")
    ] = False,
    opportunity: Annotated[
        str | None, typer.Option("--opportunity", metavar="ID", help="Only this Opportunity (15 or 18 characters).")
    ] = None,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Lift the brake for this run.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Salesforce to QuickBooks: an Opportunity at the invoicing stage becomes one invoice."""
    from qbsf.commands.invoice import invoice as run
    from qbsf.invoicing.options import InvoicingOptions

    started = _begin(context, config, verbose=verbose, quiet=quiet, json=json)
    _finish(lambda: run(started, InvoicingOptions(dry_run=dry_run, opportunity=opportunity, allow_large=allow_large)))


@app.command()
def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the servers up and print what points qbsf at them.")
    ] = False,
) -> None:
    """The whole story on simulated QuickBooks and Salesforce servers: no account, key or network."""
    from qbsf.commands.demo import demo as run

    _finish(lambda: run(serve=serve))

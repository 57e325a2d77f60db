"""`qbsf auth`: a person authorizes QuickBooks and Salesforce for a profile (shared/interface.md, Commands)."""

from collections.abc import Mapping
from typing import Literal

from qbsf.auth.authorize_quickbooks import authorize_quickbooks
from qbsf.auth.authorize_salesforce import authorize_salesforce
from qbsf.auth.consent import ConsentOptions
from qbsf.auth.desk import Desk
from qbsf.auth.forget import forget_quickbooks, forget_salesforce
from qbsf.auth.grant import GrantFile
from qbsf.auth.store import open_store
from qbsf.auth.terminal import Terminal
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.paths import profile_paths

Target = Literal["quickbooks", "salesforce", "both"]


def auth(
    config: Config,
    target: Target,
    options: ConsentOptions,
    *,
    forget: bool,
    terminal: Terminal,
    clock: Clock,
    environ: Mapping[str, str],
) -> None:
    """Authorizes what is named, or with `forget` undoes it, and says on the terminal what was done and comes next.

    Raises ConsentRefusedError and QbsfError (exit 1: nothing was changed), ConfigError, AuthorizationNeeded,
    StoreUnavailable, Unreachable, Busy.
    """
    desk = open_desk(config, terminal, clock, environ)
    if target in ("quickbooks", "both"):
        if forget:
            forget_quickbooks(desk)
        else:
            authorize_quickbooks(desk, options)
    if target in ("salesforce", "both"):
        if forget:
            forget_salesforce(desk)
        else:
            authorize_salesforce(desk)
    if not forget:
        terminal.say(next_step(desk))


def open_desk(config: Config, terminal: Terminal, clock: Clock, environ: Mapping[str, str]) -> Desk:
    """What the parts of the command work with. Makes the state folder; raises ConfigError."""
    paths = profile_paths(config.name, environ)
    paths.prepare()
    return Desk(config, paths, open_store(config, paths), GrantFile(paths.grant), terminal, clock, environ)


def next_step(desk: Desk) -> str:
    """What to run next."""
    grant = desk.grant.read()
    if grant.quickbooks is None:
        return "Next: qbsf auth quickbooks"
    if grant.salesforce is None:
        return "Next: qbsf auth salesforce"
    return "Next: qbsf sync --dry-run (shows what a pass would do, and writes nothing)"

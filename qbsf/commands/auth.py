"""`qbsf auth`: a person authorizes QuickBooks and Salesforce."""

import sys
from typing import Literal

from qbsf.commands.context import Context


def auth(
    context: Context,
    target: Literal["quickbooks", "salesforce"] | None,
    *,
    no_browser: bool,
    paste: bool,
    forget: bool,
    seconds: float,
) -> int:
    """Authorize `target`, or both where it is None. 0; raises QbsfError."""
    from qbsf.auth.command import auth as authorize
    from qbsf.auth.consent import ConsentOptions
    from qbsf.auth.terminal import StreamTerminal

    authorize(
        context.config(),
        target or "both",
        ConsentOptions(no_browser=no_browser, paste=paste, seconds=seconds),
        forget=forget,
        terminal=StreamTerminal(sys.stdin, context.voice.stdout),
        clock=context.clock,
        environ=context.environ,
    )
    return 0

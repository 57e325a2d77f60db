"""How an installation stands, from local state alone: no network, no keyring (shared/interface.md, `status`)."""

import os
from dataclasses import replace
from datetime import datetime, timedelta

from qbsf.auth.grant import Grant, GrantFile
from qbsf.clock import Clock, SystemClock
from qbsf.config import Config
from qbsf.errors import AuthorizationNeeded
from qbsf.output import manner
from qbsf.output.text import utc
from qbsf.output.troubles import outlet_code
from qbsf.paths import profile_paths
from qbsf.report import AttentionItem, LastRun, Problem, QuickBooksStatus, SalesforceStatus, Status
from qbsf.state.journal import LAST_SUCCESS, Journal
from qbsf.state.store import read_state
from qbsf.sync import allowance
from qbsf.sync.notebook import OF_PASSES

WARN_DAYS = 14
URGENT_DAYS = 3
"""So near its end an authorization is told once more, whenever it was told last."""
ACCESS_TOKEN_LIFE = timedelta(hours=1)
"""quickbooks.md section 1: an access token that ends then was issued an hour before."""
_AUTHORIZE = "Run `qbsf auth quickbooks`."


def read_status(config: Config, clock: Clock | None = None) -> Status:
    """The status of a profile. Raises ConfigError for state of another owner or of a newer qbsf."""
    now = (clock or SystemClock()).now()
    paths = profile_paths(config.name, os.environ)
    paths.check()
    grant = GrantFile(paths.grant).read()
    attention: tuple[AttentionItem, ...] = ()
    last_run: LastRun | None = None
    last_success: datetime | None = None
    organization: str | None = grant.salesforce.organization_id if grant.salesforce else None
    kept: tuple[Problem, ...] = ()
    state = read_state(paths.state)
    if state is not None:
        journal = Journal(state)
        attention, last_run = journal.attention(), journal.last_run()
        last_success = state.get_instant(LAST_SUCCESS)
        kept = (*allowance.problems(state, now), *_outlet_problems(state.get(OF_PASSES) or ""))
        organization = organization or state.get("organization_id")
        state.close()
    quickbooks = _quickbooks(config, grant, now)
    if last_run is not None and _authorized_since(last_run, grant):
        last_run = replace(last_run, error=None)
    needed = not quickbooks.authorized or _was_refused(last_run)
    problems = (
        *_grant_problems(quickbooks, now),
        *_pass_problems(config, last_run, last_success, now),
    )
    problems += tuple(problem for problem in kept if problem.code not in {other.code for other in problems})
    return Status(
        profile=config.name,
        healthy=not problems,
        problems=problems,
        quickbooks=quickbooks,
        salesforce=SalesforceStatus(
            instance_url=config.salesforce.instance_url,
            organization_id=organization,
            flow=config.salesforce.flow,
            last_login_at=grant.salesforce.last_login_at if grant.salesforce else None,
        ),
        last_run=last_run,
        last_success_at=last_success,
        attention=attention,
        authorization_needed=needed,
    )


def _was_refused(last_run: LastRun | None) -> bool:
    refused = last_run is not None and last_run.exit_code == AuthorizationNeeded.exit_code
    return refused and last_run is not None and last_run.error is not None


def _authorized_since(last_run: LastRun, grant: Grant) -> bool:
    """A person has authorized anew after a pass that could not log in: its error is history."""
    if last_run.exit_code != AuthorizationNeeded.exit_code:
        return False
    quickbooks, salesforce = grant.quickbooks, grant.salesforce
    token = quickbooks.access_expires_at - ACCESS_TOKEN_LIFE if quickbooks and quickbooks.access_expires_at else None
    login = salesforce.last_login_at if salesforce else None
    return any(moment is not None and moment > last_run.run.finished_at for moment in (token, login))


def _quickbooks(config: Config, grant: Grant, now: datetime) -> QuickBooksStatus:
    known = grant.quickbooks
    if known is None:
        return QuickBooksStatus(
            authorized=False,
            realm_id=None,
            environment=config.quickbooks.environment,
            access_token_expires_at=None,
            refresh_token_expires_at=None,
            refresh_token_days_left=None,
            grant_expires_at=None,
        )
    ends = [end for end in (known.refresh_expires_at, known.hard_expires_at) if end is not None]
    ended = any(end <= now for end in ends)
    days = (known.refresh_expires_at - now).days if known.refresh_expires_at else None
    return QuickBooksStatus(
        authorized=not ended and known.refused_at is None,
        realm_id=known.realm_id,
        environment=known.environment,
        access_token_expires_at=known.access_expires_at,
        refresh_token_expires_at=known.refresh_expires_at,
        refresh_token_days_left=max(days, 0) if days is not None else None,
        grant_expires_at=known.hard_expires_at,
    )


def _grant_problems(quickbooks: QuickBooksStatus, now: datetime) -> list[Problem]:
    if quickbooks.realm_id is None:
        return [Problem("authorization_needed", "QuickBooks is not authorized.", _AUTHORIZE)]
    if not quickbooks.authorized:
        return [Problem("authorization_needed", "The QuickBooks authorization has ended.", _AUTHORIZE)]
    ends = [end for end in (quickbooks.refresh_token_expires_at, quickbooks.grant_expires_at) if end is not None]
    soonest = min(ends, default=None)
    left = None if soonest is None else soonest - now
    if soonest is None or left is None or left > timedelta(days=WARN_DAYS):
        return []
    days = f"{left.days} days" if left.days > 1 else "1 day" if left.days else "less than a day"
    message = f"The QuickBooks authorization ends in {days}, on {utc(soonest)}."
    urgency = int(left <= timedelta(days=URGENT_DAYS))
    return [Problem("authorization_ending", message, _AUTHORIZE, urgency)]


def _outlet_problems(told: str) -> list[Problem]:
    """Channels of alerts and the log file: whether they work is known only from what people were told."""
    return [
        Problem(outlet_code(entry.family), entry.what, entry.todo)
        for entry in manner.load(told).entries
        if entry.family in manner.OUTLETS
    ]


def _pass_problems(
    config: Config, last_run: LastRun | None, last_success: datetime | None, now: datetime
) -> list[Problem]:
    problems: list[Problem] = []
    if last_run is not None and last_run.error is not None:
        error = last_run.error
        problems.append(Problem(error.code, error.message, error.todo))
    stale_after = timedelta(minutes=config.alerts.stale_after_minutes)
    if last_success is None:
        problems.append(Problem("never_ran", "No pass has gone well yet.", "Run `qbsf sync`."))
    elif now - last_success > stale_after:
        minutes = int((now - last_success).total_seconds() // 60)
        problems.append(
            Problem(
                "stale",
                f"The last good pass was {minutes} minutes ago.",
                "Look whether cron runs qbsf sync (crontab -l), and run it by hand to see what is wrong.",
            )
        )
    return problems

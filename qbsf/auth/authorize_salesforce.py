"""`qbsf auth salesforce`: a real login with the app's credentials, and only then the store."""

from typing import Final

from qbsf.auth.desk import Desk, Secret, changing_owner, drop_refused, known_or_asked, require_yes
from qbsf.auth.grant import SalesforceGrant
from qbsf.auth.salesforce_login import login
from qbsf.auth.salesforce_sessions import keep_session
from qbsf.auth.store import probe
from qbsf.errors import AuthorizationNeeded, QbsfError
from qbsf.salesforce.session import SalesforceSession

_SECRET: Final = "salesforce.client_secret"  # noqa: S105 - a name
_TRIES = 3


def authorize_salesforce(desk: Desk) -> None:
    """Logs in, remembers the organization and keeps the client secret. Whatever fails leaves the profile as it was.

    Raises AuthorizationNeeded, ConfigError, StoreUnavailable, Unreachable, Busy, QbsfError.
    """
    probe(desk.store)
    secret, session = _logged_in(desk)
    config = desk.config.salesforce
    with changing_owner(desk, _organization_left(desk, session)):
        if secret.typed:
            desk.store.set(_SECRET, secret.value)
        keep_session(desk.store, config, session)
        desk.grant.set_salesforce(
            SalesforceGrant(session.instance_url, session.organization_id, config.flow, desk.clock.now())
        )
    desk.terminal.say(
        f"Salesforce: logged in to {session.instance_url} (organization {session.organization_id},"
        f" user {session.user_id})."
    )


def _logged_in(desk: Desk) -> tuple[Secret, SalesforceSession]:
    """A login with the known secret, or with one that is typed; a refused one is asked for again."""
    config = desk.config.salesforce
    if config.flow == "jwt":
        return Secret(""), login(config, "", desk.post, desk.clock.now())
    tries = 0
    while True:
        secret = known_or_asked(desk, _SECRET, "The client secret (Consumer Secret) of the Salesforce app")
        tries += 1
        try:
            return secret, login(config, secret.value, desk.post, desk.clock.now())
        except AuthorizationNeeded as error:
            if error.code not in ("invalid_client", "invalid_grant"):
                raise
            drop_refused(desk, _SECRET)
            if tries == _TRIES or not desk.terminal.interactive or not _will_be_asked(desk):
                raise
            desk.terminal.say(f"{error.message} Try again.")


def _will_be_asked(desk: Desk) -> bool:
    """Whether another try would ask, and not take the same secret from the environment again."""
    return not desk.environ.get("QBSF_SALESFORCE_CLIENT_SECRET", "").strip()


def _organization_left(desk: Desk, session: SalesforceSession) -> str:
    """The organization that the profile leaves for another, "" for none. Raises QbsfError without a yes."""
    before = desk.grant.read().salesforce
    if before is None or before.organization_id == session.organization_id:
        return ""
    old = f"organization {before.organization_id} ({before.instance_url})"
    new = f"organization {session.organization_id} ({session.instance_url})"
    require_yes(
        desk,
        f"This profile belongs to Salesforce {old}. Make it belong to {new} instead?",
        QbsfError(
            f"The login is to {new}, but profile {desk.config.name} belongs to {old}: nothing was changed.",
            "Correct [salesforce] instance_url, say yes at a terminal, or give the other organization a profile of"
            " its own (`name` in another configuration file).",
            code="other_organization",
        ),
    )
    return before.organization_id

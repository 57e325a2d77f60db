"""`qbsf auth --forget`: revokes the grant at Intuit and deletes what is stored, whatever state it is in."""

from qbsf.auth import intuit
from qbsf.auth.desk import Desk
from qbsf.auth.intuit import IntuitApp
from qbsf.auth.refresh_lock import refresh_lock
from qbsf.auth.store import QUICKBOOKS_SECRETS, SALESFORCE_SECRETS, client_secret
from qbsf.auth.tokens import DamagedTokenError, RefreshToken
from qbsf.errors import QbsfError

_BY_HAND = "To end it there, disconnect the app in QuickBooks: Settings, Apps."


def forget_quickbooks(desk: Desk) -> None:
    """Revokes the grant as far as Intuit can be asked, deletes tokens and client secret, and says what happened.

    Raises StoreUnavailable and ConfigError where nothing can be deleted.
    """
    with refresh_lock(desk.store):
        text = desk.store.get("quickbooks.refresh")
        told = "QuickBooks: no grant was stored." if text is None else f"QuickBooks: {_revoked(desk, text)}"
        for name in QUICKBOOKS_SECRETS:
            desk.store.delete(name)
        desk.grant.set_quickbooks(None)
    desk.terminal.say(told, "Its tokens and client secret are deleted here.")


def forget_salesforce(desk: Desk) -> None:
    """Deletes session and client secret. The session itself is not ended: other programs of the user may share it."""
    for name in SALESFORCE_SECRETS:
        desk.store.delete(name)
    desk.grant.set_salesforce(None)
    desk.terminal.say("Salesforce: session and client secret are deleted here.")


def _revoked(desk: Desk, text: str) -> str:
    """What became of the grant at Intuit, as the end of a sentence."""
    try:
        token = RefreshToken.from_json(text)
    except DamagedTokenError:
        return f"the stored grant was damaged and could not be revoked at Intuit. {_BY_HAND}"
    secret = client_secret("quickbooks.client_secret", desk.store, desk.environ)
    if not secret:
        return f"the grant was not revoked at Intuit, for the client secret is not known here. {_BY_HAND}"
    app = IntuitApp(token.client_id, secret, desk.config.quickbooks.redirect_uri)
    try:
        if intuit.revoke(app, token.value):
            return f"the grant of company {token.realm_id} is revoked at Intuit."
    except QbsfError as error:
        return f"the grant was not revoked. {error.message} {_BY_HAND}"
    return f"the grant of company {token.realm_id} had ended at Intuit already."

"""`qbsf auth quickbooks`: consent, exchange, proof by reading the company, and only then the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

from qbsf.auth import intuit, pages
from qbsf.auth.consent import Channel, ConsentOptions, asked_consent, check_redirect
from qbsf.auth.desk import Desk, Secret, changing_owner, drop_refused, known_or_asked, require_yes
from qbsf.auth.grant import QuickBooksGrant
from qbsf.auth.intuit import IntuitApp, InvalidGrantError
from qbsf.auth.quickbooks_tokens import remember_access
from qbsf.auth.refresh_lock import refresh_lock
from qbsf.auth.signals import held_signals
from qbsf.auth.store import probe
from qbsf.auth.tokens import AccessToken, DamagedTokenError, Issued, RefreshToken
from qbsf.clock import Deadline
from qbsf.errors import AuthorizationNeeded, QbsfError
from qbsf.output.text import local, one_line

_SECRET: Final = "quickbooks.client_secret"  # noqa: S105 - a name
_READ_SECONDS = 60.0


class FreshToken:
    """The port of the QuickBooks client for a token that is not stored yet."""

    def __init__(self, realm_id: str, token: str) -> None:
        self._realm_id = realm_id
        self._token = token

    @property
    def realm_id(self) -> str:
        return self._realm_id

    def access_token(self) -> str:
        return self._token

    def replace(self, rejected: str) -> str:  # noqa: ARG002 - there is no other
        raise AuthorizationNeeded("QuickBooks refuses the token it has just issued.", "Run `qbsf auth quickbooks`.")


def authorize_quickbooks(desk: Desk, options: ConsentOptions) -> None:
    """Connects the profile to one company. Whatever fails leaves the profile as it was.

    Raises ConsentRefusedError, AuthorizationNeeded, ConfigError, StoreUnavailable, Unreachable, Busy, QbsfError.
    """
    config = desk.config.quickbooks
    check_redirect(config)
    probe(desk.store)
    secret = known_or_asked(desk, _SECRET, "The client secret of the QuickBooks app")
    app = IntuitApp.of(config, secret.value)
    state = desk.new_state()
    url = intuit.authorize_url(config.client_id, config.redirect_uri, state)
    with asked_consent(config, url, state, options, desk.terminal, desk.open_browser) as channel:
        with _failure_shown(channel):
            issued = _exchanged(desk, app, channel.consent.code)
            company = _company_name(desk, channel.consent.realm_id, issued.access)
            with changing_owner(desk, _company_left(desk, channel, company)):
                grant = _stored(desk, secret, channel.consent.realm_id, company, issued)
        channel.show(pages.connected(company, grant.realm_id, config.environment))
    _tell(desk, grant)


@contextmanager
def _failure_shown(channel: Channel) -> Iterator[None]:
    """Shows in the browser what the terminal is going to say."""
    try:
        yield
    except QbsfError as error:
        channel.show(pages.failed(error.message, error.todo))
        raise


def _exchanged(desk: Desk, app: IntuitApp, code: str) -> Issued:
    try:
        issued = intuit.exchange(app, code)
    except InvalidGrantError:
        raise AuthorizationNeeded(
            "Intuit does not take this code: it was used before, or is older than a few minutes.",
            "Run `qbsf auth quickbooks` again.",
            code="code_refused",
        ) from None
    except AuthorizationNeeded as error:
        if error.code == "invalid_client":
            drop_refused(desk, _SECRET)
        raise
    if not issued.refresh:
        raise AuthorizationNeeded("Intuit issued no refresh token.", "Run `qbsf auth quickbooks` again.")
    return issued


def _company_name(desk: Desk, realm_id: str, token: str) -> str:
    """The company's name, read with the new token: the proof that keys, environment and company fit together."""
    from qbsf.quickbooks.client import QuickBooks  # noqa: PLC0415 - only here

    client = QuickBooks(
        FreshToken(realm_id, token),
        desk.config.quickbooks.environment,
        clock=desk.clock,
        random=Random(),
        deadline=Deadline(desk.clock, _READ_SECONDS),
    )
    return one_line(client.company(details=True).name) or f"company {realm_id}"


def _company_left(desk: Desk, channel: Channel, company: str) -> str:
    """The realm of the company that the profile leaves for another, "" for none. Raises QbsfError without a yes."""
    realm_id = channel.consent.realm_id
    before, name = _company_before(desk)
    if before in ("", realm_id):
        return ""
    channel.show(pages.question(company))
    old = f"{name} (realm {before})" if name else f"realm {before}"
    require_yes(
        desk,
        f"This profile belongs to {old}. Make it belong to {company} (realm {realm_id}) instead?",
        QbsfError(
            f"Access was given to {company} (realm {realm_id}), but profile {desk.config.name} belongs to {old}:"
            " nothing was changed.",
            "Choose the right company in the browser, say yes at a terminal, or give the other company a profile of"
            " its own (`name` in another configuration file).",
            code="other_company",
        ),
    )
    return before


def _company_before(desk: Desk) -> tuple[str, str]:
    """Realm and name of the company the profile is authorized for; "" where there is none."""
    known = desk.grant.read().quickbooks
    text = desk.store.get("quickbooks.refresh")
    try:
        stored = RefreshToken.from_json(text).realm_id if text else ""
    except DamagedTokenError:
        stored = ""
    realm_id = stored or (known.realm_id if known else "")
    return realm_id, known.company_name if known and known.realm_id == realm_id else ""


def _stored(desk: Desk, secret: Secret, realm_id: str, company: str, issued: Issued) -> QuickBooksGrant:
    """Stores the grant, the precious part first; under the lock, lest a refresh of the old one overwrites it."""
    config = desk.config.quickbooks
    now = desk.clock.now()
    token = AccessToken(issued.access, realm_id, now, now + issued.lifetime)
    refresh = RefreshToken(issued.refresh, realm_id, config.environment, config.client_id, now)
    with refresh_lock(desk.store), held_signals():
        desk.store.set("quickbooks.refresh", refresh.to_json())
        desk.store.delete("quickbooks.access")
        remember_access(desk.store, token)
        if secret.typed:
            desk.store.set(_SECRET, secret.value)
        grant = QuickBooksGrant(
            realm_id=realm_id,
            environment=config.environment,
            company_name=company,
            place=desk.store.place,
            access_expires_at=token.expires_at,
            refresh_expires_at=now + issued.refresh_lifetime if issued.refresh_lifetime else None,
            hard_expires_at=now + issued.hard_lifetime if issued.hard_lifetime else None,
        )
        desk.grant.set_quickbooks(grant)
    return grant


def _tell(desk: Desk, grant: QuickBooksGrant) -> None:
    lines = [f"QuickBooks: connected to {grant.company_name} ({grant.environment} company {grant.realm_id})."]
    if grant.hard_expires_at:
        lines.append(f"The consent lasts until {local(grant.hard_expires_at)}; tokens are in the {grant.place}.")
    else:
        lines.append(f"Tokens are in the {grant.place}.")
    desk.terminal.say(*lines)

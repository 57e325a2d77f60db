"""Salesforce sessions for the API client: one is kept in the store and used until Salesforce refuses it."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime

from qbsf.auth.grant import GrantFile, SalesforceGrant
from qbsf.auth.salesforce_login import Post, login, post_form
from qbsf.auth.store import SecretStore, client_secret
from qbsf.clock import Clock
from qbsf.config import Config, SalesforceConfig
from qbsf.errors import AuthorizationNeeded, StoreUnavailable
from qbsf.salesforce.session import SalesforceSession

_log = logging.getLogger(__name__)


class StoredSalesforceSessions:
    """The sessions of a profile's integration user. Raises AuthorizationNeeded, ConfigError, Unreachable (see
    salesforce_login.login) and StoreUnavailable.
    """

    def __init__(
        self,
        config: Config,
        store: SecretStore,
        grant: GrantFile,
        clock: Clock,
        environ: Mapping[str, str],
        *,
        post: Post = post_form,
    ) -> None:
        self._config = config.salesforce
        self._store = store
        self._grant = grant
        self._clock = clock
        self._environ = environ
        self._post = post
        self._known: SalesforceSession | None = None

    def current(self) -> SalesforceSession:
        """The session in use, the stored one, or a new login."""
        if self._known is None:
            self._known = self._stored() or self._logged_in()
        return self._known

    def renew(self, rejected: str) -> SalesforceSession:
        """Another session than the one whose token Salesforce rejected: another process's newer one, or a new login."""
        if self._known is not None and self._known.access_token != rejected:
            return self._known
        stored = self._stored()
        if stored is None or stored.access_token == rejected:
            stored = self._logged_in()
        self._known = stored
        return stored

    def note_where_missing(self) -> None:
        """Leaves the facts for `status` again where the state folder was deleted; when the login was is not known. A
        new login leaves them by itself.
        """
        if self._grant.read().salesforce is None:
            self._known = self._known or self._stored()
            if self._known is not None:
                self._note(self._known, None)

    def _note(self, session: SalesforceSession, at: datetime | None) -> None:
        self._grant.set_salesforce(
            SalesforceGrant(session.instance_url, session.organization_id, self._config.flow, at)
        )

    def _stored(self) -> SalesforceSession | None:
        text = self._store.get("salesforce.session")
        return None if text is None else session_from_json(text, self._config)

    def _logged_in(self) -> SalesforceSession:
        secret = ""
        if self._config.flow == "client_credentials":
            secret = client_secret("salesforce.client_secret", self._store, self._environ) or ""
            if not secret:
                raise AuthorizationNeeded(
                    "The client secret of the Salesforce app is not known here.",
                    "Run `qbsf auth salesforce`, or set QBSF_SALESFORCE_CLIENT_SECRET.",
                )
        now = self._clock.now()
        session = login(self._config, secret, self._post, now)
        keep_session(self._store, self._config, session)
        self._note(session, now)
        return session


def keep_session(store: SecretStore, config: SalesforceConfig, session: SalesforceSession) -> None:
    """Stores a session for the next process. Where the store cannot hold it, the next process logs in again."""
    try:
        store.set("salesforce.session", session_to_json(session, config))
    except StoreUnavailable as error:
        _log.debug("the Salesforce session is kept in memory only: %s", error)


def session_to_json(session: SalesforceSession, config: SalesforceConfig) -> str:
    """A session as stored, with the login it came from."""
    return json.dumps(
        {
            "access_token": session.access_token,
            "instance_url": session.instance_url,
            "organization_id": session.organization_id,
            "user_id": session.user_id,
            "login": _login_of(config),
        }
    )


def session_from_json(text: str, config: SalesforceConfig) -> SalesforceSession | None:
    """The stored session, or None where it is damaged or came from another login than the configuration's."""
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("login") != _login_of(config):
        return None
    values = [entry.get(key) for key in ("access_token", "instance_url", "organization_id", "user_id")]
    found = [value for value in values if isinstance(value, str) and value]
    if len(found) != len(values):
        return None
    token, instance, organization, user = found
    return SalesforceSession(token, instance, organization, user)


def _login_of(config: SalesforceConfig) -> list[str]:
    return [config.instance_url, config.client_id, config.flow, config.username]

"""What Salesforce's refusals of a login mean, and what to click (samples/salesforce/token_errors.json)."""

from dataclasses import dataclass

from qbsf.answers import one_line
from qbsf.config import SalesforceConfig
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, Unreachable

_MANAGER = "Setup, External Client App Manager, your app"
_SECRET = "Run `qbsf auth salesforce`"  # noqa: S105 - a sentence


@dataclass(frozen=True)
class _Meaning:
    """A refusal that is known by its code and a part of its description, both in lower case."""

    code: str
    part: str
    kind: type[ConfigError] | type[AuthorizationNeeded] | type[Unreachable]
    what: str
    todo: str


_KNOWN = (
    _Meaning(
        "",
        "login rate exceeded",
        Unreachable,
        "Salesforce takes no more logins of this user for now: too many in the last hour.",
        "The next run tries again; see what else logs in as this user.",
    ),
    _Meaning(
        "login_rate_exceeded",
        "",
        Unreachable,
        "Salesforce takes no more logins of this user for now: too many in the last hour.",
        "The next run tries again; see what else logs in as this user.",
    ),
    _Meaning(
        "server_error", "", Unreachable, "Salesforce could not handle the login just now.", "The next run tries again."
    ),
    _Meaning(
        "temporarily_unavailable",
        "",
        Unreachable,
        "Salesforce takes no logins just now.",
        "The next run tries again.",
    ),
    _Meaning(
        "",
        "request not supported on this domain",
        ConfigError,
        "Salesforce takes this login only at the org's own address.",
        "Write your My Domain into [salesforce] instance_url: Setup, My Domain shows it.",
    ),
    _Meaning(
        "",
        "no client credentials user enabled",
        ConfigError,
        "The Salesforce app has no user to run as.",
        f"{_MANAGER}, Policies, OAuth Policies: tick Client Credentials Flow and name the integration user"
        " under Run As (its username, not its e-mail).",
    ),
    _Meaning(
        "",
        "client credentials flow not enabled",
        ConfigError,
        "The Salesforce app does not allow the client credentials flow.",
        f"{_MANAGER}, Settings, OAuth Settings: tick Enable Client Credentials Flow; then name the user in Policies.",
    ),
    _Meaning(
        "",
        "hasn't approved this consumer",
        ConfigError,
        "The Salesforce user is not allowed to use the app.",
        f"{_MANAGER}, Policies: set Permitted Users to Admin approved, and add a permission set that the user has.",
    ),
    _Meaning(
        "invalid_app_access",
        "",
        ConfigError,
        "The Salesforce user is not allowed to use the app.",
        f"{_MANAGER}, Policies, App Policies: add a profile or permission set that the user has.",
    ),
    _Meaning(
        "invalid_client_id",
        "",
        ConfigError,
        "Salesforce knows no app with this client id.",
        "Compare [salesforce] client_id with the app's Consumer Key; a new app needs up to ten minutes.",
    ),
    _Meaning(
        "unsupported_grant_type",
        "",
        ConfigError,
        "The Salesforce app does not allow this login flow.",
        f"{_MANAGER}, Settings, OAuth Settings: tick the flow that [salesforce] flow names.",
    ),
    _Meaning(
        "",
        "inactive user",
        ConfigError,
        "The Salesforce user is inactive or frozen.",
        "Activate the integration user in Setup, Users.",
    ),
    _Meaning(
        "",
        "ip restricted",
        ConfigError,
        "Salesforce does not take this login from this machine's address.",
        f"{_MANAGER}, Policies, or the user's profile: allow this machine's IP address.",
    ),
)
_KNOWN_JWT = (
    _Meaning(
        "",
        "audience",
        ConfigError,
        "Salesforce does not take the login's audience: a sandbox is addressed as production, or the other way.",
        "See that [salesforce] instance_url is the My Domain of the org you mean.",
    ),
    _Meaning(
        "invalid_grant",
        "",
        AuthorizationNeeded,
        "Salesforce does not accept the signed login.",
        "See that the app holds the certificate of [salesforce] private_key_file, that username is right, and that"
        " this machine's clock is.",
    ),
    _Meaning(
        "invalid_client",
        "",
        AuthorizationNeeded,
        "Salesforce does not accept the signed login.",
        "See that the app holds the certificate of [salesforce] private_key_file.",
    ),
)
_KNOWN_SECRET = (
    _Meaning(
        "invalid_client",
        "",
        AuthorizationNeeded,
        "Salesforce does not accept the app's client secret.",
        f"{_SECRET} and enter the Consumer Secret (one in QBSF_SALESFORCE_CLIENT_SECRET wins over the stored one).",
    ),
    _Meaning(
        "invalid_grant",
        "authentication failure",
        AuthorizationNeeded,
        "Salesforce does not accept the app's client id and secret.",
        f"{_SECRET} and enter the Consumer Secret of the app in [salesforce] client_id.",
    ),
)


def refusal(code: str, description: str, config: SalesforceConfig) -> QbsfError:
    """The error of a refused login. `code` and `description` are Salesforce's own."""
    specific = _KNOWN_JWT if config.flow == "jwt" else _KNOWN_SECRET
    lower_code, lower_text = code.lower(), description.lower()
    for known in _KNOWN + specific:
        if known.code in ("", lower_code) and known.part in lower_text:
            return known.kind(known.what, known.todo, code=lower_code if known.kind is AuthorizationNeeded else "")
    return AuthorizationNeeded(
        f"Salesforce refuses the login ({one_line(code, 60)}: {one_line(description, 120)}).",
        f"See the login history of the integration user in Setup, then: {_SECRET}.",
    )

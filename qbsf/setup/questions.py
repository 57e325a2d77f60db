"""What `qbsf init` asks, with what to click where, and the loader's own rules for the answers. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass

from qbsf import config_values as values
from qbsf.config import QuickBooksConfig, SalesforceConfig, StagesConfig
from qbsf.setup.text import Key

Answers = Mapping[Key, str]

INTUIT = (
    "QuickBooks: qbsf needs an app of your own at Intuit.",
    "  1. Sign in at https://developer.intuit.com, My Hub > App dashboard, create an app, scope Accounting.",
    "  2. Keys & credentials shows two pairs of keys. Development keys work with a sandbox company only;",
    "     production keys with your own (Intuit asks a short questionnaire before it shows them).",
    "  3. Register the redirect URI that you name below under Redirect URIs, letter by letter, for the same keys.",
)
REDIRECT = {
    "sandbox": ("Development keys take http://localhost: the browser comes back to qbsf by itself.",),
    "production": (
        "Production keys take no localhost and no http: name an https address on a domain of yours. Its page need not",
        "exist: qbsf auth asks you to paste the address that the browser lands on.",
    ),
}
SALESFORCE = (
    "Salesforce: qbsf logs in as an integration user, through an External Client App",
    "(Connected Apps can no longer be created).",
    "  1. Setup > External Client App Manager > New: enable OAuth, scope api (Manage user data via APIs),",
    "     Enable Client Credentials Flow.",
    "  2. Its Policies tab: tick Client Credentials Flow and set Run As to the integration user",
    "     (the username, not the e-mail address).",
    "  3. Settings tab > OAuth Settings shows Consumer Key and Secret. A new app may take ten minutes to work.",
    "  4. Setup > My Domain shows the address of the org.",
)
JWT = (
    "JWT: upload a certificate to the app instead of using its secret, and admit the user to the app in its policies.",
)


@dataclass(frozen=True)
class Question:
    """One question; `default` "" means that there is none."""

    key: Key
    prompt: str
    parse: values.Parse[str]
    default: str = ""
    before: tuple[str, ...] = ()
    """What to tell first."""


def _https(value: object) -> str:
    """A redirect address that Intuit takes for production keys."""
    found = values.redirect_uri(value)
    if not found.lower().startswith("https://"):
        raise values.WrongValueError("must be https:// on a domain of yours: production keys take no other")
    return found


def first() -> tuple[Question, ...]:
    """Those that do not depend on an answer."""
    return (
        Question(
            ("quickbooks", "environment"),
            "QuickBooks environment, production or sandbox",
            values.choice("production", "sandbox"),
            "production",
            before=INTUIT,
        ),
        Question(("quickbooks", "client_id"), "Client ID of the app at Intuit", values.client_id),
    )


def redirect(answers: Answers) -> Question:
    """Where the consent comes back to, by environment."""
    environment = answers["quickbooks", "environment"]
    local = environment == "sandbox"
    return Question(
        ("quickbooks", "redirect_uri"),
        "Redirect URI, as registered with the app",
        values.redirect_uri if local else _https,
        QuickBooksConfig.redirect_uri if local else "",
        before=REDIRECT[environment],
    )


def org() -> tuple[Question, ...]:
    return (
        Question(
            ("salesforce", "instance_url"),
            "My Domain of the org, as in https://acme.my.salesforce.com",
            values.instance_url,
            before=SALESFORCE,
        ),
        Question(("salesforce", "client_id"), "Consumer Key of the External Client App", values.client_id),
        Question(
            ("salesforce", "flow"),
            "Login, client_credentials or jwt",
            values.choice("client_credentials", "jwt"),
            SalesforceConfig.flow,
        ),
    )


def jwt(answers: Answers) -> tuple[Question, ...]:
    """What only that flow needs."""
    if answers["salesforce", "flow"] != "jwt":
        return ()
    return (
        Question(("salesforce", "username"), "Username of the integration user", values.filled, before=JWT),
        Question(("salesforce", "private_key_file"), "File with the private key (PEM)", values.filled),
    )


def last() -> tuple[Question, ...]:
    return (
        Question(
            ("stages", "paid"),
            "Stage that a paid Opportunity is moved to",
            values.filled_stage,
            StagesConfig.paid,
            before=("The rest can stay as it is. (Leave stages.paid empty in the file to move no stage.)",),
        ),
        Question(
            ("secrets", "store"),
            "Where secrets are kept, keyring or file (file: for a machine without a keyring)",
            values.choice("keyring", "file"),
            "keyring",
        ),
    )

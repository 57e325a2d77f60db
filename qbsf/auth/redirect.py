"""What Intuit's redirect carries: read alike from the loopback listener and from a pasted address. Pure."""

import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from qbsf.answers import one_line
from qbsf.config_values import LOOPBACK_HOSTS
from qbsf.errors import QbsfError

_REALM = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True)
class Consent:
    """A person's yes: the code is good once, for minutes; the company's id comes only here."""

    code: str = field(repr=False)
    realm_id: str


class NotTheRedirectError(ValueError):
    """An address that does not answer this consent; its text says why. The right one may still come."""


class ConsentRefusedError(QbsfError):
    """The person, or Intuit, said no."""

    default_code = "denied"


def listens_on(redirect_uri: str) -> tuple[str, int, str] | None:
    """Host, port and path where a listener of this machine gets the redirect; None where none can."""
    parts = urlsplit(redirect_uri)
    if parts.scheme.lower() != "http" or parts.hostname not in LOOPBACK_HOSTS or parts.port is None:
        return None
    return parts.hostname, parts.port, parts.path or "/"


def consent_of(text: str, state: str) -> Consent:
    """The consent in a redirected address, or in its query alone, as a person copied it.

    Raises NotTheRedirectError (not that address, or of another attempt) or ConsentRefusedError.
    """
    answer = _members("".join(text.split()).strip("\"'<>"))
    found_state = answer.get("state", "")
    if not found_state:
        raise NotTheRedirectError("it has no state: it is not the whole address, or not Intuit's answer")
    if not hmac.compare_digest(found_state.encode(), state.encode()):
        raise NotTheRedirectError("its state is that of another attempt: use the newest address only")
    if error := answer.get("error"):
        raise _refused(error)
    code, realm_id = answer.get("code", ""), answer.get("realmId", "")
    if not code:
        raise NotTheRedirectError("it has no code: copy the whole address from the address bar")
    if not _REALM.fullmatch(realm_id):
        raise NotTheRedirectError("it has no realmId, the company's number: copy the whole address")
    return Consent(code, realm_id)


def _members(text: str) -> dict[str, str]:
    """The query's members; one that comes twice (RFC 6749 section 3.1 forbids it) makes it no answer at all."""
    if "://" in text:
        try:
            query = urlsplit(text).query
        except ValueError:
            raise NotTheRedirectError("it is not an address") from None
    else:
        query = text.partition("?")[2] or text
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise NotTheRedirectError("it is not Intuit's answer") from None
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotTheRedirectError("it names something twice, which Intuit never does")
    return members


def _refused(error: str) -> ConsentRefusedError:
    if error == "access_denied":
        return ConsentRefusedError(
            "The access was denied in the browser: nothing was changed.", "Run `qbsf auth quickbooks` to try again."
        )
    return ConsentRefusedError(
        f"Intuit refused the consent ({one_line(error, 60)}): nothing was changed.",
        "See the app's settings at developer.intuit.com, then run `qbsf auth quickbooks` again.",
        code="consent_refused",
    )

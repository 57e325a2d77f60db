"""Salesforce's refusals of a whole request, and what each means for a pass (salesforce.md sections 1, 2 and 6). PURE.

Bodies are [{"errorCode", "message", "fields"}]; a proxy or gateway answers with anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qbsf.answers import NEXT_RUN, one_line
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, UnexpectedAnswer, Unreachable
from qbsf.records import REPORT_IT
from qbsf.salesforce.columns import missing_field

UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_GONE = 410
_TOO_LONG = frozenset({414, 431})
_NO_SESSION_FOR_REST = ("not valid for use with the rest api", "not attached to agent")
"""Texts of a 401 that a new login does not cure (salesforce.md section 1)."""
PASSING = frozenset({"QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"})
_NO_ACCESS = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "FUNCTIONALITY_NOT_ENABLED",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
    }
)
_UNKNOWN_COLUMN = re.compile(r"No such column '([^']+)'|[Ff]ield '([^']+)' can ?not be filtered")
_UNKNOWN_PARENT = re.compile(r"relationship '([^']+)'")
_UNKNOWN_OBJECT = re.compile(r"sObject type '([^']+)'")


@dataclass(frozen=True)
class Refusal:
    """The first error of a body; `code` is "" where the body is none of Salesforce's."""

    status: int
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


class SalesforceRefused(QbsfError):
    """Salesforce refused a whole request for a reason that is none of the above; `refusal` says which."""

    default_code = "salesforce_refused"

    def __init__(self, message: str, todo: str, refusal: Refusal) -> None:
        super().__init__(message, todo)
        self.refusal = refusal


def refusal_of(status: int, content: object) -> Refusal:
    """The refusal in a body as simple-salesforce hands it on: parsed JSON, or whatever text came."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return Refusal(status)
    code, message, fields = first.get("errorCode"), first.get("message"), first.get("fields")
    return Refusal(
        status,
        code=one_line(code, 80) if isinstance(code, str) else "",
        message=one_line(message) if isinstance(message, str) else "",
        fields=tuple(name for name in fields if isinstance(name, str)) if isinstance(fields, list) else (),
    )


def login_may_cure(refusal: Refusal) -> bool:
    """Whether another session can help: a 401, but for the texts that say that no session of this app ever will."""
    said = refusal.message.lower()
    return refusal.status == UNAUTHORIZED and not any(text in said for text in _NO_SESSION_FOR_REST)


def error_of(refusal: Refusal, asked: str) -> QbsfError:
    """The error that a refusal means; `asked` is what was asked for, in two or three words."""
    return (
        _of_access(refusal)
        or _of_names(refusal)
        or _of_version(refusal)
        or _of_query(refusal, asked)
        or _of_anything(refusal, asked)
    )


def _of_access(refusal: Refusal) -> QbsfError | None:
    if refusal.status == UNAUTHORIZED and login_may_cure(refusal):
        return AuthorizationNeeded(
            "Salesforce rejects a session that it has just given.", "Run `qbsf auth salesforce`, then `qbsf check`."
        )
    if refusal.status == UNAUTHORIZED:
        return ConfigError(
            f"Salesforce gives this app's sessions no access to its REST API: {refusal.message}",
            "Give the External Client App the OAuth scope `api`, and its run-as user the permission API Enabled.",
            code="no_api_access",
        )
    if refusal.code == "REQUEST_LIMIT_EXCEEDED":
        return Unreachable(
            "Salesforce's API allowance for the last 24 hours is used up, by all integrations of the org together.",
            "The next run goes on when there is allowance again; Setup, System Overview shows who uses it.",
            code="api_allowance",
        )
    if refusal.code in _NO_ACCESS or (refusal.status == _FORBIDDEN and refusal.code):
        return ConfigError(
            f"Salesforce refuses the integration user access ({refusal.code}): {refusal.message}",
            "Grant it by a permission set (`qbsf check` shows what is missing).",
            code="no_api_access",
        )
    return None


def _of_names(refusal: Refusal) -> QbsfError | None:
    if refusal.code == "INVALID_FIELD":
        column = _UNKNOWN_COLUMN.search(refusal.message)
        parent = _UNKNOWN_PARENT.search(refusal.message)
        if column and column[2]:
            return ConfigError(
                f"Salesforce cannot filter Opportunities by {column[2]}.",
                "Run `qbsf check`: it reads the fields of the org anew.",
                code="not_filterable",
            )
        if column:
            return missing_field(column[1])
        if parent:
            return missing_field(parent[1])
        return ConfigError(
            f"Salesforce does not accept a field: {refusal.message}", "Run `qbsf check`.", code="missing_field"
        )
    if refusal.code == "INVALID_TYPE":
        found = _UNKNOWN_OBJECT.search(refusal.message)
        name = found[1] if found else "an object"
        return ConfigError(
            f"Salesforce hides {name} from the integration user.",
            f"Grant the right to read {name} by a permission set.",
            code="no_object_access",
        )
    return None


def _of_version(refusal: Refusal) -> QbsfError | None:
    gone = refusal.status == _GONE or refusal.code == "UNSUPPORTED_API_VERSION"
    if gone or (refusal.status == _NOT_FOUND and refusal.code == "NOT_FOUND"):
        return ConfigError(
            "Salesforce does not know the API version that is configured, or not any more.",
            'Correct [salesforce] api_version, as in "66.0".',
            code="api_version",
        )
    return None


def _of_query(refusal: Refusal, asked: str) -> QbsfError | None:
    if refusal.code in PASSING:
        return Unreachable(f"Salesforce could not answer {asked} ({refusal.code}).", NEXT_RUN)
    if refusal.code in {"MALFORMED_QUERY", "QUERY_TOO_COMPLICATED"} or refusal.status in _TOO_LONG:
        return UnexpectedAnswer(
            f"Salesforce does not take qbsf's own query for {asked} (HTTP {refusal.status} {refusal.code}): "
            f"{refusal.message}",
            REPORT_IT,
        )
    return None


def _of_anything(refusal: Refusal, asked: str) -> QbsfError:
    if not refusal.code:
        return UnexpectedAnswer(
            f"Salesforce answered {asked} with HTTP {refusal.status} and nothing that explains it.",
            "See whether [salesforce] instance_url is right and whether a proxy or firewall stands in between.",
        )
    return SalesforceRefused(
        f"Salesforce refused {asked} ({refusal.code}): {refusal.message}", "Correct it in Salesforce.", refusal
    )

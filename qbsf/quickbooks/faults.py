"""QuickBooks' faults, in every shape they come in, and what each means for a pass (quickbooks.md section 5). PURE.

{"Fault": {"Error": [...]}} for business errors, {"fault": {"error": [...]}} from the gateway, XML for either, with
any HTTP status, 200 included.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import requests

from qbsf.answers import (
    Trouble,
    json_body,
    kind_of_body,
    one_line,
    outline,
    retry_after,
    trouble_of_status,
)
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, UnexpectedAnswer
from qbsf.records import REPORT_IT

THROTTLE_SECONDS = 60.0
"""How long Intuit asks to wait after a 429 (quickbooks.md section 5)."""

NOT_FOUND = "610"
THROTTLED = "3001"
_REJECTED_TOKEN = frozenset({"3200", "100"})
_WRONG_COMPANY = "3100"
_LOST_RIGHTS = "120"
_SUBSCRIPTION_ENDED = "6190"
_SYSTEM_FAILURE = "10000"
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429

_WITH_FAULTS = frozenset({"Fault", "fault", "CDCResponse"})
"""Members of an answer that are, or may hold, a fault. The others need not be decoded to know."""
_XML_ERROR = re.compile(r"<Error\b([^>]*)>(.*?)</Error>", re.DOTALL)
_XML_CODE = re.compile(r"""\bcode=["']([^"']*)["']""")


@dataclass(frozen=True)
class Fault:
    """One error of a fault. `code` has no leading zeros; texts are one line each."""

    code: str
    message: str
    detail: str
    type: str = ""
    element: str = ""

    @property
    def text(self) -> str:
        """What to tell a person: the detail, which says more, else the message."""
        return self.detail or self.message


class QuickBooksRefused(QbsfError):
    """QuickBooks refused a request for a reason of its own: a business rule, a duplicate, a bad reference.
    `fault` says which.
    """

    default_code = "quickbooks_refused"

    def __init__(self, message: str, todo: str, fault: Fault) -> None:
        super().__init__(message, todo)
        self.fault = fault


class LookBackExceeded(QbsfError):
    """The change feed does not reach back that far: read the changes by MetaData.LastUpdatedTime instead."""

    default_code: ClassVar[str] = "look_back_exceeded"


def fault_of(response: requests.Response) -> Fault | None:
    """The first error of the fault in an answer, whatever its status and format; None where there is no fault."""
    members = outline(response)
    if members is not None and members.keys().isdisjoint(_WITH_FAULTS):
        return None
    if response.content[:1000].lstrip().startswith(b"<"):
        return _fault_of_xml(response.content.decode("utf-8", "replace"))
    value = json_body(response)
    return _fault_of_json(value) if isinstance(value, dict) else None


def _fault_of_json(value: Mapping[str, object]) -> Fault | None:
    found = _either(value, "Fault")
    if not isinstance(found, dict):
        return _fault_inside_changes(value)
    errors = _either(found, "Error")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return Fault(
        code=_code(_either(error, "code")),
        message=_line(_either(error, "Message")),
        detail=_line(_either(error, "Detail")),
        type=_line(_either(found, "type")),
        element=_line(_either(error, "element")),
    )


def _fault_inside_changes(value: Mapping[str, object]) -> Fault | None:
    """A fault in the place of one entity's changes."""
    parts = value.get("CDCResponse")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and isinstance(_either(part, "Fault"), dict):
            return _fault_of_json(part)
    return None


def _fault_of_xml(text: str) -> Fault | None:
    """By expression, not by an XML parser: three members of a small document, and no entity is ever expanded."""
    error = _XML_ERROR.search(text)
    if error is None or "<Fault" not in text:
        return None
    code = _XML_CODE.search(error[1])
    return Fault(
        code=_code(code[1] if code else ""),
        message=_xml_text(error[2], "Message"),
        detail=_xml_text(error[2], "Detail"),
    )


def _xml_text(text: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return one_line(html.unescape(found[1])) if found else ""


def _either(value: Mapping[str, object], name: str) -> object:
    """A member whose name the gateway writes in lower case."""
    found = value.get(name)
    return value.get(name.lower()) if found is None else found


def _code(value: object) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    return text.strip().lstrip("0")


def _line(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


def judge(response: requests.Response) -> Trouble | None:
    """What makes an answer useless: throttling, a fault of QuickBooks' own, or not being JSON."""
    fault = fault_of(response)
    code = fault.code if fault else ""
    if response.status_code == _TOO_MANY or code == THROTTLED:
        return Trouble(
            f"is throttling this company (HTTP {response.status_code}).",
            wait=retry_after(response) or THROTTLE_SECONDS,
            arrived=False,
            todo="The next run goes on. If it stays, the month's free allowance of Intuit's API may be used up.",
        )
    broken = trouble_of_status(response, fault.text if fault else "")
    if broken is not None:
        return broken
    if code == _SYSTEM_FAILURE or (fault and fault.type == "SystemFault"):
        said = fault.text if fault else ""
        return Trouble(f"answered with a system failure ({said}).")
    if response.ok and fault is None and outline(response) is None and not isinstance(json_body(response), dict):
        return Trouble(f"answered HTTP {response.status_code} with {kind_of_body(response)}.")
    return None


def token_was_rejected(response: requests.Response, fault: Fault | None) -> bool:
    """Whether a new access token can help: 401, unless the user lost the right to this company."""
    if fault is not None and fault.code == _LOST_RIGHTS:
        return False
    return response.status_code == _UNAUTHORIZED or (fault is not None and fault.code in _REJECTED_TOKEN)


def error_of(response: requests.Response, fault: Fault | None, asked: str, trace: str) -> QbsfError | None:
    """The error that an answer means, None for a good one. `asked` is what was asked for, `trace` the intuit_tid."""
    if response.ok and fault is None:
        return None
    mark = f" (intuit_tid {trace})" if trace else ""
    if fault is None:
        return _error_without_fault(response, asked, mark)
    known = _known(response, fault, mark)
    if known is not None:
        return known
    if "older than" in fault.text.lower():
        return LookBackExceeded(f"QuickBooks' change feed does not reach back so far{mark}.", "Run `qbsf sync --full`.")
    label = f"fault {fault.code}" if fault.code else "a fault"
    return QuickBooksRefused(
        f"QuickBooks refused {asked} with {label}: {fault.text or 'no reason given'}{mark}.".replace("..", "."),
        REPORT_IT if fault.code.startswith("400") else "Correct it in QuickBooks, then run again.",
        fault,
    )


def _known(response: requests.Response, fault: Fault, mark: str) -> QbsfError | None:
    """Faults of the grant, the company and the subscription. The gateway's details are not shown: they can carry a
    piece of the token.
    """
    if token_was_rejected(response, fault):
        return AuthorizationNeeded(f"QuickBooks rejects a fresh access token{mark}.", "Run `qbsf auth quickbooks`.")
    if fault.code == _LOST_RIGHTS:
        return AuthorizationNeeded(
            f"The person who authorized qbsf has lost the right to this QuickBooks company{mark}.",
            "Run `qbsf auth quickbooks` as a company administrator.",
        )
    if fault.code == _SUBSCRIPTION_ENDED:
        return ConfigError(
            f"The QuickBooks subscription of this company has ended{mark}.",
            "Renew it in QuickBooks; qbsf goes on by itself then.",
            code="subscription_ended",
        )
    by_gateway = fault.code == "" or fault.type.upper().startswith("AUTH")
    if fault.code == _WRONG_COMPANY or (response.status_code == _FORBIDDEN and by_gateway):
        return ConfigError(
            f"QuickBooks does not let this app into this company{mark}.",
            "See that [quickbooks] environment and client_id belong together (development keys open sandboxes only), "
            "then run `qbsf auth quickbooks`.",
            code="wrong_environment",
        )
    return None


def _error_without_fault(response: requests.Response, asked: str, mark: str) -> QbsfError:
    status = response.status_code
    if status == _UNAUTHORIZED:
        return AuthorizationNeeded(f"QuickBooks rejects a fresh access token{mark}.", "Run `qbsf auth quickbooks`.")
    return UnexpectedAnswer(
        f"QuickBooks answered {asked} with HTTP {status} and {kind_of_body(response)}{mark}.",
        "See whether a proxy or firewall stands in between; else report it with this line.",
    )

"""What a client sees of an injected fault: error bodies as recorded from the real services."""

import json

from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.faults import Fault, is_token_request

_JSON = "application/json;charset=UTF-8"
_HTML = (
    b"<!DOCTYPE html><html><head><title>503 Service Temporarily Unavailable</title></head>"
    b"<body><center><h1>503 Service Temporarily Unavailable</h1></center><hr></body></html>"
)
_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>"
_THROTTLED_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<IntuitResponse time="2016-12-07T15:27:09.527-08:00" xmlns="http://schema.intuit.com/finance/v3">
  <Fault type="SERVICE">
    <Error code="3001">
      <Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>
      <Detail>The request limit was reached.  Try again later</Detail>
    </Error>
  </Fault>
</IntuitResponse>
"""
"""samples/quickbooks/recorded/error_429_throttle_3001.xml"""


def throttled(retry_after: int | None = None) -> Response:
    """QuickBooks' 429: XML, although JSON was asked for (quickbooks.md section 5)."""
    headers = {"Content-Type": "application/xml;charset=UTF-8"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(429, _THROTTLED_XML.encode(), headers)


def expired_token(detail: str = "Token expired: eyJlbmMi") -> Response:
    """QuickBooks' 401, with its lower-case keys (samples/quickbooks/recorded/error_401_expired_3200.json)."""
    return gateway_fault(401, "AuthenticationFailed", 3200, detail, "AUTHENTICATION")


def gateway_fault(status: int, name: str, code: int, detail: str | None, kind: str) -> Response:
    """An error of Intuit's gateway, which writes its members in lower case."""
    message = f"message={name}; errorCode={code:06d}; statusCode={status}"
    document: dict[str, object] = {
        "warnings": None,
        "intuitObject": None,
        "fault": {
            "error": [{"message": message, "detail": detail, "code": str(code), "element": None}],
            "type": kind,
        },
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": 1601391072830,
        "status": None,
        "cdcresponse": [],
    }
    return Response(status, json.dumps(document).encode(), {"Content-Type": _JSON})


def answer(fault: Fault, service: str, request: Request) -> Response:
    """The answer of a fault that replaces the service's own; only for kinds that answer at all."""
    if fault.kind == "unavailable":
        return _with_retry_after(Response(fault.status or 503, _HTML, {"Content-Type": "text/html"}), fault)
    if fault.kind == "html":
        return Response(fault.status or 200, _LOGIN_PAGE, {"Content-Type": "text/html;charset=UTF-8"})
    if fault.kind == "empty":
        return Response(fault.status or 200, b"", {"Content-Type": _JSON})
    if is_token_request(request):
        return _token_error(fault)
    return _quickbooks(fault) if service == "quickbooks" else _salesforce(fault)


def _with_retry_after(response: Response, fault: Fault) -> Response:
    if fault.retry_after is None:
        return response
    headers = {**response.headers, "Retry-After": str(fault.retry_after)}
    return Response(response.status, response.body, headers)


def _token_error(fault: Fault) -> Response:
    status, error = {
        "throttle": (429, "too_many_requests"),
        "expired": (401, "invalid_client"),
        "fault_in_200": (200, "server_error"),
    }.get(fault.kind, (500, "server_error"))
    return _with_retry_after(Response.of_json(fault.status or status, {"error": error}), fault)


def _quickbooks(fault: Fault) -> Response:
    if fault.kind == "throttle":
        return throttled(fault.retry_after)
    if fault.kind == "expired":
        return expired_token()
    error = {
        "Message": "An application error has occurred while processing your request",
        "Detail": "System Failure Error: An unexpected error occurred. Please wait a few minutes and try again.",
        "code": "10000",
    }
    document = {"Fault": {"Error": [error], "type": "SystemFault"}}
    usual = 200 if fault.kind == "fault_in_200" else 500
    return _with_retry_after(Response.of_json(fault.status or usual, document), fault)


def _salesforce(fault: Fault) -> Response:
    status, code, message = {
        "throttle": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        "expired": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
        "fault_in_200": (200, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    }.get(fault.kind, (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    document = [{"message": message, "errorCode": code}]
    return _with_retry_after(Response.of_json(fault.status or status, document), fault)

"""Composite: up to 25 requests in one, each may refer to an earlier one's answer (salesforce.md section 2)."""

import re
from collections.abc import Callable, Mapping

from qbsf.sandbox.salesforce.calls import Answer, Call, parts_of
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.faults import ApiError, bad_json

LARGEST = 25
REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
Run = Callable[[Call], Answer]


class _HaltedError(Exception):
    """Unwinds a composite with allOrNone."""


class Composite:
    """Answers POST /composite by running the parts through the API itself."""

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self._run = run

    def post(self, call: Call) -> Answer:
        body = call.object_body()
        parts = body.get("compositeRequest")
        if not isinstance(parts, list) or not all(isinstance(one, dict) for one in parts):
            raise bad_json("Cannot deserialize instance of compositeRequest: an array of requests is needed")
        if len(parts) > LARGEST:
            text = f"Limit of {LARGEST} reached for the number of operations in a Composite request"
            raise ApiError("LIMIT_EXCEEDED", text)
        results: list[dict[str, object]] = []
        try:
            with self._database.transaction():
                self._run_all(call, parts, results)
                if body.get("allOrNone") is True:
                    _halt_on_failure(results)
        except _HaltedError:
            halted = [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
            for one in (one for one in results if not _failed(one)):
                one.update(_result(halted, 400, one["referenceId"]))
        return Answer(200, {"compositeResponse": results})

    def _run_all(self, call: Call, parts: list[dict[str, object]], results: list[dict[str, object]]) -> None:
        bodies: dict[str, object] = {}
        for part in parts:
            reference = str(part.get("referenceId", ""))
            try:
                with self._database.transaction():
                    answer = self._run(_part_call(call, part, bodies))
                bodies[reference] = answer.body
                results.append(_result(answer.body, answer.status, reference, answer.headers))
            except ApiError as error:
                results.append(_result(error.body(), error.status, reference))


def _part_call(call: Call, part: dict[str, object], bodies: Mapping[str, object]) -> Call:
    url, method = part.get("url"), part.get("method")
    if not isinstance(url, str) or not isinstance(method, str) or "referenceId" not in part:
        raise bad_json("A composite subrequest needs method, url and referenceId")
    parts, query = parts_of(_replaced(url, bodies))
    if len(parts) < 3 or parts[:2] != ("services", "data") or not parts[2].startswith("v"):
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
    headers = part.get("httpHeaders")
    given = {str(key).lower(): str(value) for key, value in headers.items()} if isinstance(headers, dict) else {}
    body = _replaced_in(part.get("body"), bodies)
    return Call(method, parts[2].removeprefix("v"), parts[3:], query, {**call.headers, **given}, body)


def _replaced_in(value: object, bodies: Mapping[str, object]) -> object:
    if isinstance(value, str):
        return _replaced(value, bodies)
    if isinstance(value, dict):
        return {key: _replaced_in(one, bodies) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced_in(one, bodies) for one in value]
    return value


def _replaced(text: str, bodies: Mapping[str, object]) -> str:
    return REFERENCE.sub(lambda match: _look_up(match, bodies), text)


def _look_up(match: re.Match[str], bodies: Mapping[str, object]) -> str:
    value = bodies.get(match[1])
    for name, index in STEP.findall(match[2]):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            value = None
    if value is None:
        raise ApiError("PROCESSING_HALTED", f"Invalid reference specified. No value for {match[0]} found in {match[1]}")
    return str(value)


def _result(
    body: object, status: int, reference: object, headers: Mapping[str, str] | None = None
) -> dict[str, object]:
    return {
        "body": body,
        "httpHeaders": dict(headers or {}),
        "httpStatusCode": status,
        "referenceId": reference,
    }


def _halt_on_failure(results: list[dict[str, object]]) -> None:
    if any(_failed(one) for one in results):
        raise _HaltedError


def _failed(result: dict[str, object]) -> bool:
    status = result["httpStatusCode"]
    return isinstance(status, int) and status >= 400

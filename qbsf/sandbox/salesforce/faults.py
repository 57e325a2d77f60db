"""What the simulated Salesforce refuses, in the words of shared/reference/samples/salesforce."""

from dataclasses import dataclass


class ApiError(Exception):
    """A refusal of the REST API: `code` becomes `errorCode` at the top level and `statusCode` in a collection.

    `fields` is None where the answer has no such member; a message of None is an answer with an empty body.
    """

    def __init__(
        self, code: str, message: str | None, *, status: int = 400, fields: tuple[str, ...] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def body(self) -> list[dict[str, object]] | None:
        """The top-level body: an array of one error."""
        if self.message is None:
            return None
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def entry(self) -> dict[str, object]:
        """The form inside a collection's result (salesforce.md section 2: `statusCode`, always with fields)."""
        return {"statusCode": self.code, "message": self.message or "", "fields": list(self.fields or ())}


class RecordError(ApiError):
    """A refusal of one record: in a collection the others may still be saved."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), *, status: int = 400) -> None:
        super().__init__(code, message, status=status, fields=fields)


class ChunkError(RecordError):
    """A refusal that takes every record of its chunk with it (a failing flow)."""


@dataclass(frozen=True)
class TokenRefusal:
    """An OAuth error answer (samples/salesforce/token_errors.json), always HTTP 400."""

    error: str
    description: str

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


NOT_ON_THIS_DOMAIN = TokenRefusal("invalid_grant", "request not supported on this domain")
NO_RUN_AS_USER = TokenRefusal("invalid_grant", "no client credentials user enabled")
FLOW_NOT_ENABLED = TokenRefusal("invalid_grant", "client credentials flow not enabled")
NOT_APPROVED = TokenRefusal("invalid_grant", "user hasn't approved this consumer")
NOT_ADMIN_APPROVED = TokenRefusal("invalid_app_access", "user is not admin approved to access this app")
UNKNOWN_CLIENT = TokenRefusal("invalid_client_id", "client identifier invalid")
WRONG_SECRET = TokenRefusal("invalid_client", "invalid client credentials")
WRONG_PASSWORD = TokenRefusal("invalid_grant", "authentication failure")
REFRESH_ENDED = TokenRefusal("invalid_grant", "expired access/refresh token")
UNKNOWN_GRANT = TokenRefusal("unsupported_grant_type", "grant type not supported")
BAD_ASSERTION = TokenRefusal("invalid_grant", "invalid assertion")
BAD_AUDIENCE = TokenRefusal("invalid_grant", "audience is invalid")
ASSERTION_EXPIRED = TokenRefusal("invalid_grant", "expired authorization code")
TOO_MANY_LOGINS = TokenRefusal("invalid_grant", "login rate exceeded")


def session_expired() -> ApiError:
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def session_not_for_rest() -> ApiError:
    """The 401 that a new login does not cure (jsforce PR 1301)."""
    text = "This session is not valid for use with the REST API"
    return ApiError("INVALID_SESSION_ID", text, status=401)


def allowance_used_up() -> ApiError:
    return ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)


def not_found() -> ApiError:
    return ApiError("NOT_FOUND", "The requested resource does not exist", status=404)


def no_such_method(method: str, allowed: str) -> ApiError:
    text = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return ApiError("METHOD_NOT_ALLOWED", text, status=405)


def bodiless(status: int) -> ApiError:
    """410, 412, 414, 431: recorded without a body."""
    return ApiError(str(status), None, status=status)


def bad_json(message: str) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", message)


def no_such_object(name: str) -> ApiError:
    hint = "If you are attempting to use a custom object, be sure to append the '__c' after the entity name."
    return ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported. {hint}")


def no_such_field_on_write(field: str, object_name: str) -> ApiError:
    return ApiError("INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")


def field_not_writable(names: tuple[str, ...]) -> RecordError:
    return RecordError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field"
        " and verify that it is read/write for your profile or permission set.",
        names,
    )


def entity_is_deleted() -> RecordError:
    return RecordError("ENTITY_IS_DELETED", "entity is deleted", status=404)


def no_such_record() -> RecordError:
    return RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)


def wrong_id(label: str, value: str, field: str) -> RecordError:
    return RecordError("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", (field,))


def required_missing(names: tuple[str, ...]) -> RecordError:
    text = f"Required fields are missing: [{', '.join(names)}]"
    return RecordError("REQUIRED_FIELD_MISSING", text, names)


def row_locked(record_id: str) -> RecordError:
    text = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    return RecordError("UNABLE_TO_LOCK_ROW", text)


def may_not_customize() -> ApiError:
    return ApiError("INSUFFICIENT_ACCESS", "insufficient access rights on object", status=403)


def approval_locked() -> RecordError:
    return RecordError("ENTITY_IS_LOCKED", "the entity is locked for editing")


def server_fault(error_id: str) -> RecordError:
    text = f"An unexpected error occurred. Please include this ErrorId if you contact support: {error_id}"
    return RecordError("UNKNOWN_EXCEPTION", text)


def duplicate_value(field: str, other_id: str) -> RecordError:
    text = f"duplicate value found: {field} duplicates value on record with id: {other_id[:15]}"
    return RecordError("DUPLICATE_VALUE", text)

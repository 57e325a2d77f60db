"""Checks of single configuration values, in plain words: each takes what TOML gave and returns the value, or raises
WrongValueError with the sentence that follows the key's name ("must be ...").
"""

import difflib
import json
import re
import shlex
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from urllib.parse import urlsplit

from qbsf.config import KeepApiCalls, StageFieldValue
from qbsf.salesforce_host import NotSalesforceError, my_domain_url

T = TypeVar("T")
Parse = Callable[[object], T]

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
LONGEST_STAGE = 255
"""Characters of a picklist value."""

_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"  # PEM
    r"|^eyJ[\w-]{20,}\.[\w-]*\."  # a JWT, or an Intuit access token (JWE)
    r"|^00D\w{12,15}!"  # a Salesforce session
    r"|^RT1-\d+-"  # an Intuit refresh token
    r"|://[^/\s]+:[^/\s]+@"  # a password in an address
)
_DENSE = re.compile(r"\S{20,}")
_API_NAME = re.compile(
    r"(?:[A-Za-z](?:_?[A-Za-z0-9])*__)?[A-Za-z](?:_?[A-Za-z0-9])*__c|[A-Za-z][A-Za-z0-9]*", re.IGNORECASE
)
_DEVELOPER_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)\s*%")
_OLDEST_API = 31
_PLACEHOLDER = re.compile(r"x{6,}|yourcompany", re.IGNORECASE)
_HIGHEST_PORT = 65535


class WrongValueError(ValueError):
    """A value that cannot be used. Its text never shows what may be a secret."""


def shown(value: object) -> str:
    """A value as a message may show it: short and readable ones as written, anything long or dense only by length."""
    if isinstance(value, str):
        if len(value) > 60 or _DENSE.search(value) or holds_secret(value):  # noqa: PLR2004 - fits one line
            return f"a text of {len(value)} characters"
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal | date):
        return str(value)
    return "a list" if isinstance(value, list) else "a table"


def holds_secret(value: str) -> bool:
    """Whether a text looks like a private key, a token or an address with a password."""
    return bool(_SECRET_VALUE.search(value.strip()))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most alike, or ""."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    close = nearest(word, known)
    return f'; did you mean "{close}"?' if close else ""


def text(value: object) -> str:
    """One line of text without blanks around it."""
    if not isinstance(value, str):
        raise WrongValueError(f"must be a text in quotes, not {shown(value)}")
    if any(ord(character) < ord(" ") for character in value):
        raise WrongValueError("must be one line of plain text: it holds a line end, a tab or a control character")
    return value.strip()


def filled(value: object) -> str:
    """A text that is not empty."""
    if found := text(value):
        return found
    raise WrongValueError("must not be empty")


def client_id(value: object) -> str:
    """An OAuth client id: one word, and not the example's."""
    found = filled(value)
    if _PLACEHOLDER.search(found):
        raise WrongValueError("still holds the example's placeholder: write your app's own")
    if not found.isascii() or any(character.isspace() for character in found):
        raise WrongValueError("must be one word, as the app's page shows it")
    return found


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise WrongValueError(f"must be true or false, not {shown(value)}")


def whole(low: int, high: int = 1_000_000) -> Parse[int]:
    """A whole number within bounds, both included."""

    def parse(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        hint = " (without quotes)" if isinstance(value, str) and value.strip().isdecimal() else ""
        raise WrongValueError(f"must be a whole number from {low} to {high}{hint}, not {shown(value)}")

    return parse


def choice(*choices: T) -> Parse[T]:
    """One of the given texts, exactly as written."""
    known = [str(one) for one in choices]

    def parse(value: object) -> T:
        for one in choices:
            if value == one:
                return one
        expected = " or ".join(f'"{one}"' for one in known)
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        raise WrongValueError(f"must be {expected}, not {shown(value)}{hint}")

    return parse


def list_of(parse_one: Parse[T]) -> Parse[tuple[T, ...]]:
    """A list without repetition."""

    def parse(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise WrongValueError(f"must be a list in square brackets, not {shown(value)}")
        found = tuple(parse_one(one) for one in value)
        if len(set(found)) != len(found):
            raise WrongValueError("must not name the same thing twice")
        return found

    return parse


def not_empty(parse_list: Parse[tuple[T, ...]]) -> Parse[tuple[T, ...]]:
    def parse(value: object) -> tuple[T, ...]:
        if found := parse_list(value):
            return found
        raise WrongValueError("must name at least one")

    return parse


def profile_name(value: object) -> str:
    """A name that is safe in file names and keyring entries, on systems that know no upper case as well."""
    found = filled(value)
    if _PROFILE.fullmatch(found):
        return found
    cleaned = re.sub(r"[^a-z0-9_-]+", "-", found.lower()).strip("-_")[:40]
    hint = f'; did you mean "{cleaned}"?' if _PROFILE.fullmatch(cleaned) else ""
    raise WrongValueError(
        f"must be 1 to 40 of a-z, 0-9, - and _, beginning with a letter or digit, not {shown(found)}{hint}"
    )


def day(value: object) -> date | None:
    """An ISO day as text (or as a TOML date); "" is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if value == "":
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass  # told below, as for any other value
    raise WrongValueError(f'must be a day as in "2026-01-31", or "", not {shown(value)}')


def percent(value: object) -> Decimal:
    """A share as "50%", or as the fraction 0.5."""
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
        share = Decimal(match[1]) / 100
        if share <= 1:
            return share
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and 0 <= value <= 1:
        return Decimal(value)
    raise WrongValueError(f'must be a share from "0%" to "100%", not {shown(value)}')


def keep_api_calls(value: object) -> KeepApiCalls:
    """A share of the daily allowance ("10%"), or a number of calls."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value >= 0:
            return KeepApiCalls(share=None, calls=value)
        raise WrongValueError("must not be negative")
    try:
        return KeepApiCalls(share=percent(value))
    except WrongValueError:
        raise WrongValueError(f'must be a share as in "10%", or a number of calls, not {shown(value)}') from None


def api_version(value: object) -> str:
    """A Salesforce API version; 21 to 30 are gone (salesforce.md section 0)."""
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]\.0", value) and int(value[:2]) >= _OLDEST_API:
        return value
    raise WrongValueError(f'must be a version in quotes, from "{_OLDEST_API}.0", as in "66.0", not {shown(value)}')


def currency(value: object) -> str:
    """An ISO 4217 code, or ""."""
    found = text(value)
    if found == "" or re.fullmatch(r"[A-Z]{3}", found):
        return found
    raise WrongValueError(f'must be a currency code as in "EUR", or "", not {shown(found)}')


def field_name(value: object) -> str:
    """An Opportunity API name, or "": it goes into queries unquoted, so nothing else is let through."""
    found = text(value)
    if found == "" or _API_NAME.fullmatch(found):
        return found
    raise WrongValueError(f'must be a field\'s API name as in "QB_Payment_Date__c", or "", not {shown(found)}')


def developer_name(value: str) -> str:
    """A record type's DeveloperName."""
    if _DEVELOPER_NAME.fullmatch(value):
        return value
    raise WrongValueError("must be a record type's API name (letters, digits and single underscores)")


def stage(value: object) -> str:
    """A stage name, or ""."""
    found = text(value)
    if len(found) > LONGEST_STAGE:
        raise WrongValueError(f"must be a stage of at most {LONGEST_STAGE} characters")
    return found


def filled_stage(value: object) -> str:
    if found := stage(value):
        return found
    raise WrongValueError("must be the name of a stage, not empty")


def stage_field_value(value: object) -> StageFieldValue:
    """What a further field is set to: a text, a number, true or false."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise WrongValueError(f"must be a text in quotes, a number, true or false, not {shown(value)}")


def instance_url(value: object) -> str:
    """The org's My Domain address, and nothing else: the client secret is sent there."""
    found = filled(value)
    if _PLACEHOLDER.search(found):
        raise WrongValueError("still holds the example's placeholder: write your org's My Domain address")
    try:
        return my_domain_url(found)
    except NotSalesforceError as error:
        raise WrongValueError(str(error)) from None


def _split(value: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; "" and None where it has none. Raises WrongValueError."""
    if any(character.isspace() for character in value) or "\\" in value:
        raise WrongValueError("must be an address without blanks")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise WrongValueError("must be an address whose host and port can be read") from None
    if "@" in parts.netloc:
        raise WrongValueError("must not carry a user or password")
    return parts.scheme.lower(), (parts.hostname or ""), port


def redirect_uri(value: object) -> str:
    """Where Intuit sends the browser back: http on loopback with a port, or https on a domain."""
    found = filled(value)
    scheme, host, port = _split(found)
    if "#" in found:
        raise WrongValueError("must not have a #fragment")
    if scheme == "https" and host:
        return found
    if scheme == "http" and host in LOOPBACK_HOSTS:
        if port is None or not 0 < port <= _HIGHEST_PORT:
            raise WrongValueError("must name its port, as in http://localhost:8765/callback")
        return found
    raise WrongValueError("must be http://localhost:PORT/callback, or https:// on a domain of yours")


def command_line(value: object) -> str:
    """A command as a POSIX shell reads it, or ""."""
    found = text(value)
    try:
        shlex.split(found)
    except ValueError:
        raise WrongValueError("must be a command whose quotes match") from None
    return found


def hook_url(value: object) -> str:
    """An address that is posted to: https, or http on loopback, or "". It is never shown: it may hold a key."""
    found = text(value)
    if not found:
        return found
    scheme, host, _ = _split(found)
    if host and (scheme == "https" or (scheme == "http" and host in LOOPBACK_HOSTS)):
        return found
    raise WrongValueError("must begin with https:// (http:// only for localhost)")

"""The words of a SOQL statement with their places, and errors that point at them."""

import re
from dataclasses import dataclass
from typing import Literal

from qbsf.sandbox.salesforce.faults import ApiError

Kind = Literal["string", "datetime", "date", "number", "word", "operator", "mark", "end"]
LONGEST_STATEMENT = 100_000
LONGEST_LITERAL = 4_000
EXCERPT = 60

_TOKEN = re.compile(
    r"""
    (?P<string>'(?:\\.|[^'\\])*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?(?:\d+(?:\.\d+)?|\.\d+))
  | (?P<word>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
  | (?P<operator><=|>=|!=|<>|=|<|>)
  | (?P<mark>[(),:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SPACE = re.compile(r"\s*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_SELF = "\"'\\"


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def located(statement: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """The recorded form: an excerpt, a caret below it, row and column, the message (samples/salesforce/errors.json)."""
    start = statement.rfind("\n", 0, at) + 1
    row, column = statement.count("\n", 0, at) + 1, at - start + 1
    end = statement.find("\n", at)
    line = statement[start : len(statement) if end < 0 else end]
    left = max(0, at - start - EXCERPT)
    excerpt = line[left : at - start + EXCERPT]
    caret = " " * (at - start - left) + "^"
    return ApiError(code, f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}")


def unexpected(statement: str, token: Token) -> ApiError:
    if token.kind == "end":
        return ApiError("MALFORMED_QUERY", "unexpected token: <EOF>")
    return located(statement, token.at, f"unexpected token: '{token.text}'")


def tokens_of(statement: str) -> list[Token]:
    """The statement's tokens, ending with one of kind "end"; ApiError MALFORMED_QUERY for what is none."""
    if len(statement) > LONGEST_STATEMENT:
        raise ApiError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.")
    found: list[Token] = []
    place = _skip(statement, 0)
    while place < len(statement):
        match = _TOKEN.match(statement, place)
        if match is None:
            raise located(statement, place, f"unexpected char: '{statement[place]}'")
        kind = match.lastgroup
        text = match.group()
        after = statement[match.end() : match.end() + 1]
        if kind in {"date", "datetime", "number"} and (after.isalnum() or after in {"_", ".", ":"}):
            raise located(statement, match.end(), f"line 1:{match.end()} no viable alternative at character '{after}'")
        if kind == "string" and len(text) - 2 > LONGEST_LITERAL:
            message = f"String literal is too long: the maximum is {LONGEST_LITERAL} characters"
            raise located(statement, place, message)
        if kind == "word":
            text = re.sub(r"\s+", "", text)
        found.append(_token(kind, text, place))
        place = _skip(statement, match.end())
    found.append(Token("end", "", len(statement)))
    return found


def _token(kind: str | None, text: str, at: int) -> Token:
    match kind:
        case "string" | "datetime" | "date" | "number" | "word" | "operator" | "mark":
            return Token(kind, text, at)
        case _:
            raise AssertionError(kind)


def _skip(statement: str, place: int) -> int:
    space = _SPACE.match(statement, place)
    return place if space is None else space.end()


def unquote(statement: str, token: Token) -> str:
    """The text of a string literal; a backslash before anything but the documented escapes is refused."""
    return "".join(_literal_parts(statement, token, like=False))


def like_pattern(statement: str, token: Token) -> re.Pattern[str]:
    """A LIKE literal as a pattern: % and _ unless escaped; compared without case."""
    parts = []
    for part in _literal_parts(statement, token, like=True):
        match part:
            case "%":
                parts.append(".*")
            case "_":
                parts.append(".")
            case _:
                parts.append(re.escape(part[-1]))
    return re.compile("".join(parts) + r"\Z", re.IGNORECASE | re.DOTALL)


def _literal_parts(statement: str, token: Token, *, like: bool) -> list[str]:
    """Characters of a literal; in a LIKE an escaped % or _ keeps its backslash so that it is no wildcard."""
    inner = token.text[1:-1]
    parts: list[str] = []
    place = 0
    while place < len(inner):
        char = inner[place]
        place += 1
        if char != "\\":
            parts.append(char)
            continue
        escaped = inner[place]
        place += 1
        if escaped.lower() in _ESCAPES:
            parts.append(_ESCAPES[escaped.lower()])
        elif escaped in _SELF:
            parts.append(escaped)
        elif like and escaped in "%_":
            parts.append("\\" + escaped)
        elif escaped in "uU" and re.fullmatch("[0-9a-fA-F]{4}", inner[place : place + 4]):
            parts.append(chr(int(inner[place : place + 4], 16)))
            place += 4
        else:
            message = f"Invalid string literal '{inner}'. Illegal character sequence '\\{escaped}' in string literal."
            raise located(statement, token.at, message)
    return parts

"""Where each key of a TOML text stands: tomllib tells lines only for what it cannot parse."""

import re

KeyPath = tuple[str, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"^\s*\[\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"^\s*({_DOTTED})\s*=")
_PART = re.compile(_NAME)
_LONG_QUOTES = ('"' * 3, "'" * 3)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every table header and key. Text inside multi-line strings is skipped; keys
    inside inline tables are not looked for.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            if closing in line:
                closing = ""
            continue
        if header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
            closing = _left_open(line[key.end() :])
    return lines


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _left_open(value: str) -> str:
    """The quotes of a multi-line string that this line opens and does not close, else ""."""
    for quotes in _LONG_QUOTES:
        if value.count(quotes) % 2:
            return quotes
    return ""

"""The configuration file of the answers: the commented example with their values in it. PURE."""

import json
import re
from collections.abc import Mapping
from datetime import date

Key = tuple[str, str]
"""(table, key)."""

_TABLE = re.compile(r"^\[(?P<name>[\w.]+)\]")
_LINE = re.compile(
    r"""^(?P<head>(?P<key>\w+)\s*=\s*)(?P<value>"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s#]+)(?P<gap>\s*)(?P<comment>\#.*)?$"""
)
_TO_REPLACE = re.compile(r"^# REPLACE: ")
_COMMENTS: dict[Key, str] = {("quickbooks", "environment"): '# "production" or "sandbox"'}
"""Comments of the example that only fit its own value."""


def with_answers(example: str, answers: Mapping[Key, str], today: date) -> str:
    """The example with the answers (texts) for its values. Raises KeyError for a key that the example lacks."""
    left = dict(answers)
    table = ""
    lines: list[str] = []
    for line in _without_head(example):
        if header := _TABLE.match(line):
            table = header["name"]
        found = _LINE.match(line)
        if found and (table, found["key"]) in left:
            line = _replaced(found, (table, found["key"]), left)  # noqa: PLW2901 - the line as it shall be
        lines.append(line)
    if left:
        raise KeyError(*left)
    head = [
        f"# qbsf: paid QuickBooks invoices reach their Salesforce Opportunities. Written by `qbsf init` on {today}.",
        "#",
        "# Every line may be changed or removed: what init did not ask for is the default.",
        "# Secrets never stand in this file: `qbsf auth` asks for them and keeps them in the secret store.",
        "",
    ]
    return "\n".join([*head, *lines]) + "\n"


def _without_head(example: str) -> list[str]:
    """The lines after the example's introduction, which tells how to fill it in by hand."""
    lines = example.splitlines()
    return lines[lines.index("") + 1 :]


def _replaced(found: re.Match[str], key: Key, left: dict[Key, str]) -> str:
    """The line with the answer, which is then no longer left."""
    before = f"{found['head']}{json.dumps(left.pop(key), ensure_ascii=False)}"
    if not found["comment"]:
        return before
    comment = _COMMENTS.get(key) or _TO_REPLACE.sub("# ", found["comment"])
    # The comment keeps its column where the value leaves it room.
    return f"{before.ljust(max(found.start('comment'), len(before) + 3))}{comment}"

"""`qbsf check` as lines: "ok", "warn" or "fail" first, then what was tested, what was found and what to do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qbsf.check.findings import Finding, Level
from qbsf.output.text import one_line

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS: dict[Level, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def plain(finding: Finding) -> str:
    """One line that grep likes: `grep ^fail`."""
    told = one_line(f"{finding.what} {finding.todo}".strip())
    return f"{finding.level:<4} {one_line(finding.topic)}: {told}"


def on_terminal(finding: Finding, console: "Console") -> None:
    """The finding, and below it what to do."""
    from rich.padding import Padding  # noqa: PLC0415 - start-up budget: only on a terminal
    from rich.text import Text  # noqa: PLC0415 - as above

    line = Text(f"{finding.level:<4}", _COLOURS[finding.level])
    line.append(f" {one_line(finding.topic)}: ", "dim").append(one_line(finding.what))
    console.print(line)
    if finding.todo:
        console.print(Padding(Text(one_line(finding.todo)), (0, 0, 0, 5), expand=False))


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    failed = sum(finding.level == "fail" for finding in findings)
    warned = sum(finding.level == "warn" for finding in findings)
    if failed:
        return f"{_count(failed, 'check')} failed, {_count(warned, 'warning')}."
    return f"All is well, {_count(warned, 'warning')}." if warned else "All is well."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def crontab_lines(lines: Sequence[str], *, terminal: bool) -> list[str]:
    """The proposed crontab: to copy from a terminal, to grep elsewhere."""
    return ["", "For crontab -e:", *lines] if terminal else [f"crontab {line}" for line in lines]


def as_json(profile: str, findings: Sequence[Finding], exit_code: int, crontab: Sequence[str]) -> str:
    """The document of `check --json`; `crontab` is the proposed lines."""
    return json.dumps(
        {
            "schema": 1,
            "profile": profile,
            "ok": exit_code == 0,
            "checks": [
                {"level": found.level, "check": found.topic, "message": found.what, "todo": found.todo}
                for found in findings
            ],
            "crontab": list(crontab),
            "error": None,
        },
        indent=2,
        ensure_ascii=True,
    )


def written_json(profile: str, files: Sequence[Path]) -> str:
    """The document of `check --print-fields --json`: the files that are new or replaced."""
    document = {"schema": 1, "profile": profile, "files": [str(path) for path in files], "error": None}
    return json.dumps(document, indent=2, ensure_ascii=True)

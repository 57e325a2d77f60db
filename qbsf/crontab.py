"""Crontabs: the lines that qbsf proposes, and those that are there. PURE but for where this program is."""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qbsf.config import Config
from qbsf.config_file import find_config

SCHEDULE = "*/5 * * * *"
_CARRIED = re.compile(
    r"QBSF_(?!CONFIG$)(?!.*SECRET)\w+"
    r"|XDG_CONFIG_HOME|XDG_STATE_HOME|PYTHON_KEYRING_BACKEND|(?i:HTTPS_PROXY|NO_PROXY)|REQUESTS_CA_BUNDLE"
)
"""Variables that lead a pass to where this shell's commands were led, and that cron knows only from the crontab."""

_ASSIGNMENT = re.compile(r"""^\s*(?P<name>[A-Za-z_]\w*|"[^"]*"|'[^']*')\s*=\s*(?P<value>.*?)\s*$""")
_SCHEDULED = re.compile(r"^\s*(?:@\w+|(?:\S+\s+){4}\S+)\s+(?P<command>\S.*)$")
_PROGRAM = re.compile(
    r"""(?:^|(?<=[\s;&|("']))(?:"(?P<double>[^"]*\bqbsf)"|'(?P<single>[^']*\bqbsf)'|(?P<bare>[^\s;&|"']*\bqbsf))(?=\s)"""
)
_PASS = re.compile(r"\ssync(?=\s|;|&|\||>|$)")
_CONFIG = re.compile(r"""--config[=\s]\s*(?P<path>"[^"]+"|'[^']+'|\S+)""")


@dataclass(frozen=True)
class Job:
    """A line that runs `qbsf sync`."""

    line: str
    program: str
    """As written: "qbsf", or its path."""
    wrapper: str
    """What stands before the program: assignments, `dbus-run-session --`."""
    config: str
    """Of --config, "" where there is none."""
    variables: Mapping[str, str]
    """The assignments above it."""


def jobs(crontab: str, *, user: str = "") -> tuple[Job, ...]:
    """The lines of a crontab that run `qbsf sync`. A system crontab names a user in each line: give `user` to take
    that one's lines alone.
    """
    return tuple(_jobs(crontab, user))


def _jobs(crontab: str, user: str) -> Iterator[Job]:
    variables: dict[str, str] = {}
    for line in crontab.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        scheduled = _SCHEDULED.match(line)
        command = scheduled["command"] if scheduled else ""
        if user and command:
            owner, _, command = command.partition(" ")
            if owner != user:
                continue
        program = _PROGRAM.search(command)
        if program and _PASS.search(command, program.end()):
            config = _CONFIG.search(command, program.end())
            yield Job(
                line=line.strip(),
                program=program["double"] or program["single"] or program["bare"],
                wrapper=command[: program.start()].replace(r"\%", "%"),
                config=_bare(config["path"]) if config else "",
                variables=dict(variables),
            )
        elif assigned := _ASSIGNMENT.match(line):
            variables[_bare(assigned["name"])] = _bare(assigned["value"])


def _bare(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return (text[1:-1] if quoted else text).replace(r"\%", "%")


def this_program() -> str:
    """Where this very qbsf is: cron's PATH has no ~/.local/bin."""
    program = shutil.which(sys.argv[0]) or shutil.which("qbsf") or "qbsf"
    return str(Path(program).absolute()) if "/" in program else program


def named_config(config: Config) -> Path | None:
    """The path that a crontab's line has to name; None for the usual place."""
    return None if config.path is None or config.path == find_config(None, {}) else config.path


def pass_command(config_path: Path | None) -> str:
    """The command of a pass, for a shell; `config_path` None for the usual place."""
    words = [this_program(), "sync"]
    if config_path is not None:
        words[1:1] = ["--config", str(config_path.absolute())]
    return shlex.join(words)


def pass_line(config_path: Path | None) -> str:
    """The line that runs this very qbsf every five minutes."""
    return f"{SCHEDULE} {pass_command(config_path)}".replace("%", r"\%")


def proposal(config_path: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The lines to put into the crontab: what leads here from cron's bare environment, and the pass. Never a secret:
    an address with a password in it is left for the operator to write.
    """
    shown = [f"{name}={value}" for name, value in variables_of(environ).items() if not holds_password(value)]
    return (*shown, pass_line(config_path))


def variables_of(environ: Mapping[str, str]) -> dict[str, str]:
    """What of this environment the crontab has to set. The usual address of a desktop's bus qbsf finds by itself."""
    variables = {name: value for name, value in sorted(environ.items()) if value and _CARRIED.fullmatch(name)}
    variables = {name: value for name, value in variables.items() if name.isupper() or name.upper() not in variables}
    bus = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if bus and not re.fullmatch(r"unix:path=/run/user/\d+/bus(?:,.*)?", bus):
        variables["DBUS_SESSION_BUS_ADDRESS"] = bus
    return variables


def holds_password(value: str) -> bool:
    return re.search(r"://[^/\s]*@", value) is not None

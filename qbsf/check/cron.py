"""Whether cron runs a pass, and whether that pass will find program, configuration, state and secrets (auth.md A2)."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qbsf.auth.store import CLIENT_SECRET_VARIABLES
from qbsf.check.findings import Finding, fail, ok, warn
from qbsf.config import Config
from qbsf.crontab import Job, jobs, named_config, pass_command, pass_line, this_program, variables_of
from qbsf.ownership import account_name, my_id
from qbsf.paths import ProfilePaths

CRON_PATH = "/usr/bin:/bin"
_SECONDS = 60.0
"""How long the probe may take: start-up, and a keyring that is waited for."""
_SYSTEM_CRONTABS = (Path("/etc/crontab"), Path("/etc/cron.d"))
_WRAPPERS = frozenset({"env", "dbus-run-session", "nice", "ionice", "timeout", "chronic"})
"""Commands that only change what runs inside them; any other is not run for a test."""
_OPERATORS = re.compile(r"[;&|<>`]|\$\(")


@dataclass(frozen=True)
class Seen:
    """What a pass under cron would see; `error` is (message, cure) where it would not get that far."""

    config: str = ""
    state: str = ""
    place: str = ""
    missing: tuple[str, ...] = ()
    error: tuple[str, str] | None = None


def check(config: Config, paths: ProfilePaths, place: str, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The crontab's line and what it leads to. `place` is where the secrets are, "" where that is not known."""
    if sys.platform == "win32":
        command = pass_command(named_config(config))
        yield warn("cron", "Windows has no cron.", f"Let the Task Scheduler run every five minutes: {command}")
        return
    crontab = read_crontab(environ)
    found = [*jobs(crontab or ""), *_system_jobs(account_name(my_id()))]
    job = _ours(found, config, environ)
    todo = _put(config, environ)
    if job is not None:
        yield _program(job, environ)
        told = _consequence(config, paths, place, probe(job, environ), todo)
        yield fail("cron.environment", *told) if isinstance(told, tuple) else ok("cron.environment", told)
        return
    if crontab is None:
        command = pass_command(named_config(config))
        cure = f"Let a systemd timer or another scheduler run every five minutes: {command}"
        yield warn("cron", "There is no crontab program on this machine.", cure)
    elif found:
        yield warn("cron", f"The crontab runs qbsf for another configuration, not for {config.path}.", todo)
    else:
        yield warn("cron", "The crontab has no line that runs qbsf sync.", todo)
    named = str(config.path) if config.path else ""
    proposed = Job(todo, this_program(), wrapper="", config=named, variables=variables_of(environ))
    told = _consequence(config, paths, place, probe(proposed, environ), todo)
    yield warn("cron.environment", *told) if isinstance(told, tuple) else ok("cron.environment", told)


def read_crontab(environ: Mapping[str, str]) -> str | None:
    """This user's crontab, "" where there is none, None where there is no crontab program."""
    program = shutil.which("crontab", path=environ.get("PATH"))
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - crontab -l, which only reads
            [program, "-l"], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else ""


def _system_jobs(user: str) -> Iterator[Job]:
    """Lines of the system's crontabs that run qbsf as this user."""
    for place in _SYSTEM_CRONTABS:
        for file in sorted(place.iterdir()) if place.is_dir() else [place]:
            try:
                yield from jobs(file.read_text(encoding="utf-8", errors="replace"), user=user)
            except OSError:
                continue  # not there, or not for this user's eyes: then it is not this user's job either


def _ours(found: list[Job], config: Config, environ: Mapping[str, str]) -> Job | None:
    """The job that leads to this configuration; one that names none leads to the usual place."""
    for job in found:
        named = job.config or job.variables.get("QBSF_CONFIG", "") or _inline(job.wrapper).get("QBSF_CONFIG", "")
        if named:
            path = Path(_expanded(named, environ))
            if config.path is not None and path.resolve() == config.path.resolve():
                return job
        else:
            return job
    return None


def _program(job: Job, environ: Mapping[str, str]) -> Finding:
    """Whether cron, which has a bare PATH, finds what the line runs."""
    line = f"The crontab runs: {job.line}"
    if job.wrapper.rstrip().endswith(" -m"):
        return ok("cron", line)  # python -m qbsf: the probe tells whether that Python is there
    path = _inline(job.wrapper).get("PATH") or job.variables.get("PATH") or CRON_PATH
    program = _expanded(job.program, environ)
    if shutil.which(program, path=path) is None:
        return fail(
            "cron",
            f"The crontab runs {job.program}, which cron does not find (its PATH is {path}).",
            f"Name it in full: {this_program()}",
        )
    return ok("cron", line)


def probe(job: Job, environ: Mapping[str, str]) -> Seen:
    """Look from where cron would: its bare environment, what the crontab sets, and what the line wraps around."""
    bare = {"PATH": CRON_PATH, "SHELL": "/bin/sh", "LOGNAME": account_name(my_id())}
    bare |= {name: environ[name] for name in ("HOME", "LANG") if name in environ}
    words = [sys.executable, "-P", "-m", "qbsf.check.from_cron"]
    config = _expanded(job.config, environ) if job.config else ""
    command = _runnable(job.wrapper) + shlex.join([*words, config] if config else words)
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own crontab line, with the probe for the pass
            ["/bin/sh", "-c", command],
            env=bare | dict(job.variables),
            cwd=environ.get("HOME") or None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return _read(done.stdout)
    except subprocess.TimeoutExpired:
        return Seen(error=(f"A look from cron's environment took over {_SECONDS:.0f} seconds.", "Unlock the keyring."))
    except (OSError, ValueError):
        return Seen(
            error=("A look from cron's environment failed.", f"Try it: env -i HOME=$HOME {this_program()} sync")
        )


def _read(output: str) -> Seen:
    document = json.loads(output)
    error = document.get("error")
    return Seen(
        config=document["config"],
        state=document.get("state", ""),
        place=document.get("place", ""),
        missing=tuple(document.get("missing", ())),
        error=(error["message"], error["todo"]) if error else None,
    )


def _consequence(config: Config, paths: ProfilePaths, place: str, seen: Seen, todo: str) -> str | tuple[str, str]:
    """What is well, or what a pass under cron would lack and what to do."""
    if seen.error is not None:
        return f"From cron's environment: {seen.error[0]}", seen.error[1]
    if config.path is not None and Path(seen.config).resolve() != config.path.resolve():
        return f"A pass under cron would read {seen.config}, not {config.path}.", todo
    if Path(seen.state).resolve() != paths.folder.resolve():
        return f"A pass under cron would keep its state in {seen.state}, not in {paths.folder}.", todo
    if place and seen.place != place:
        return f"A pass under cron would look for its secrets in the {seen.place}, and they are in the {place}.", todo
    if seen.missing:
        variables = " and ".join(sorted(CLIENT_SECRET_VARIABLES.values()))
        what = f"A pass under cron would not find {' and '.join(seen.missing)} in the {seen.place}."
        return what, f"Run `qbsf auth` with {variables} unset: what it asks for is then stored there."
    return f"From cron's bare environment the {seen.place} can be read."


def _put(config: Config, environ: Mapping[str, str]) -> str:
    """The cure: the exact line, and what has to stand above it."""
    above = ", ".join(variables_of(environ))
    also = f", below lines that set {above} as in this shell (qbsf check lists them last)" if above else ""
    return f"Put into `crontab -e`: {pass_line(named_config(config))}{also}"


def _runnable(wrapper: str) -> str:
    """What of the text before the program is run in a test: assignments and harmless wrappers, else nothing."""
    if _OPERATORS.search(wrapper) or wrapper.rstrip().endswith(" -m"):
        return ""
    try:
        words = shlex.split(wrapper)
    except ValueError:
        return ""
    commands = [word for word in words if not _is_assignment(word)]
    return wrapper if not commands or Path(commands[0]).name in _WRAPPERS else ""


def _inline(wrapper: str) -> dict[str, str]:
    """The assignments before the program."""
    try:
        words = shlex.split(wrapper)
    except ValueError:
        return {}
    return dict(word.split("=", 1) for word in words if _is_assignment(word))


def _is_assignment(word: str) -> bool:
    return re.match(r"[A-Za-z_]\w*=", word) is not None


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    """A path as the shell of a job sees it: ~ and $HOME are all it can know."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - a text, not a path yet
    text = text.replace("${HOME}", home).replace("$HOME", home)
    return home + text[1:] if text == "~" or text.startswith("~/") else text

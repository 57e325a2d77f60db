"""Debian's cron: the daemon, a user's crontab, and the pass that it starts."""

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from system.account import Account, as_root, wait_until
from system.packages import PATH

START_SECONDS = 150.0
"""Cron starts a job at the next full minute, or at the one after it where it has yet to hear of the crontab."""
_LOG = "pass.log"
_EXIT = re.compile(r"^exit (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class CronPass:
    """What a pass that cron started said (cron would mail it), and its exit code."""

    output: str
    exit_code: int


@contextlib.contextmanager
def cron_daemon() -> Iterator[None]:
    """Runs cron, unless the machine does already."""
    daemon = subprocess.Popen(
        ["cron", "-f"], env={"PATH": PATH}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert daemon.stderr is not None
    with daemon.stderr:
        try:
            daemon.wait(2.0)
        except subprocess.TimeoutExpired:
            pass
        else:
            said = daemon.stderr.read().decode()
            assert "crond.pid" in said, f"cron does not start: {said}"  # the other one holds the lock
        try:
            yield
        finally:
            daemon.terminate()
            daemon.wait()


def install_crontab(account: Account, variables: Mapping[str, str], job: str) -> None:
    """The job at every minute, what it says and its exit code kept in a file: this machine may have no mail server."""
    lines = [f"{name}={value}" for name, value in variables.items()]
    lines.append(f'* * * * * {job} >>{_LOG} 2>&1; echo "exit $?" >>{_LOG}')
    as_root("crontab", "-u", account.name, "-", stdin="\n".join(lines) + "\n")


def remove_crontab(account: Account) -> None:
    as_root("crontab", "-u", account.name, "-r")


def wait_for_start(account: Account) -> None:
    """Until cron has started the user's job."""
    wait_until((account.home / _LOG).exists, f"cron's pass of {account.name} has not begun", START_SECONDS)


def wait_for_end(account: Account) -> CronPass:
    """The first pass that cron started for the user."""
    log = account.home / _LOG
    wait_until(lambda: _EXIT.search(log.read_text()) is not None, f"the end of cron's pass of {account.name}")
    ended = _EXIT.search(text := log.read_text())
    assert ended is not None
    return CronPass(text[: ended.start()], int(ended[1]))

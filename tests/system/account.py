"""A user of this machine who exists for one test, and what that user runs."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from system.packages import PATH

SECONDS = 120.0
"""How long anything may take on a busy machine."""


def wait_until(true: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Waits for what other processes do; fails by naming it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:g} seconds: {what}"
        time.sleep(0.1)


def as_root(*command: str, stdin: str = "") -> None:
    """Runs a command of the administrator's, which has to succeed."""
    done = subprocess.run(
        command,
        env={"PATH": PATH, "LANG": "C.UTF-8"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


class Account:
    """An unprivileged user, fresh from useradd. `variables` is what a terminal has beyond the usual."""

    def __init__(self, name: str, homes: Path) -> None:
        as_root("useradd", "--create-home", "--base-dir", str(homes), "--shell", "/bin/sh", name)
        entry = pwd.getpwnam(name)
        self.name = name
        self.uid = entry.pw_uid
        self._gid = entry.pw_gid
        self.home = Path(entry.pw_dir)
        self.runtime_folder = Path("/run/user") / str(self.uid)
        self.variables: dict[str, str] = {}
        self._daemons: list[subprocess.Popen[str]] = []

    def remove(self) -> None:
        """Ends the user's processes and deletes all that the user owns."""
        wait_until(self._killed, f"the end of {self.name}'s processes")
        for daemon in self._daemons:
            daemon.wait(SECONDS)
        shutil.rmtree(self.runtime_folder, ignore_errors=True)
        as_root("userdel", "--remove", self.name)

    def own(self, path: Path) -> Path:
        """Makes what root wrote the user's own, a folder with all that is in it."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.uid, self._gid)
        return path

    def environment(self) -> dict[str, str]:
        """Of a terminal."""
        usual = {"HOME": str(self.home), "LOGNAME": self.name, "USER": self.name, "SHELL": "/bin/sh", "LANG": "C.UTF-8"}
        return {**usual, "PATH": "/usr/bin:/bin", **self.variables}

    def words(self, command: Sequence[str]) -> list[str]:
        """The command as the user's, for root to start."""
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self._gid}", "--clear-groups", "--", *command]

    def start(self, *command: str, stdin: str = "") -> None:
        """Starts a daemon, which lives until the user is removed. `stdin` is its whole input."""
        daemon = subprocess.Popen(
            self.words(command),
            env=self.environment(),
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._daemons.append(daemon)
        assert daemon.stdin is not None
        with daemon.stdin:
            daemon.stdin.write(stdin)

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, in the environment of a terminal or in this one."""
        return subprocess.run(
            self.words(command),
            env=self.environment() if variables is None else dict(variables),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def processes(self, program: str = "") -> list[int]:
        """The user's processes, or those of one program."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                status = (folder / "status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            ours = int(facts["Uid"].split()[0]) == self.uid
            # A zombie has ended, and waits for its parent to hear of it. Linux keeps 15 characters of a name.
            if ours and not facts["State"].startswith("Z") and program[:15] in ("", facts["Name"]):
                found.append(int(folder.name))
        return found

    def end(self, program: str) -> None:
        """Ends a program of the user's."""
        for process in self.processes(program):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        wait_until(lambda: not self.processes(program), f"the end of {self.name}'s {program}")

    def wait_for_no_process(self) -> None:
        """Until nothing of the user's runs any more; fails by naming what does."""
        wait_until(lambda: not self.processes(), f"{self.name} leaves processes behind")

    def _killed(self) -> bool:
        found = self.processes()
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return not found

"""An installation whose passes run inside this process, on clocks that stand still: hundreds a minute, and a kill can
strike between any two requests or any two statements to the state.
"""

import contextlib
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from machine.wire import MemoryWire
from program.installation import Installation, Outcome
from requests.adapters import HTTPAdapter

from qbsf import lanes
from qbsf.__main__ import run as run_qbsf
from qbsf.auth.file_store import FileStore
from qbsf.auth.grant import GrantFile, QuickBooksGrant
from qbsf.auth.tokens import AccessToken, RefreshToken
from qbsf.clock import SystemClock
from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request
from qbsf.sandbox.world import Sandbox
from qbsf.sync import command, flight, writing
from qbsf.sync.flight import CHUNK

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
_PROFILE = "default"


class StillClock(SandboxClock):
    """The servers' clock, which only goes on when somebody says so."""

    def __init__(self, at: datetime = START) -> None:
        super().__init__()
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


class Killed(BaseException):
    """kill -9: nothing of the process is left but what is on its disk at this instant."""


class Computer(Installation):
    """`sync()` and `run(...)` work as on an Installation, faster. `error` is how wrong this machine's clock is."""

    def __init__(self, home: Path, sandbox: Sandbox | None = None) -> None:
        self.error = timedelta()
        self.statements = 0
        """SQL statements of the last run."""
        self.at_once = 1
        """Requests that may be under way at each service."""
        self.chunk = CHUNK
        """Opportunities that one request writes; few let a small world write before all is decided."""
        self._kill_at = 0
        self._slept = 0.0
        self._killed = False
        super().__init__(sandbox or Sandbox(clock=StillClock()), home)
        self._wire = MemoryWire(self.sandbox, self._sleep)
        self.authorize()

    @property
    def waited(self) -> float:
        """Seconds that passes have waited so far: the only time that goes by here."""
        return self._slept

    def close(self) -> None:
        self.sandbox.close()

    # -- the machine ----------------------------------------------------------------------------------------------

    @property
    def state_folder(self) -> Path:
        return self.state_path.parent

    @property
    def secrets(self) -> FileStore:
        return FileStore(self.state_folder / "secrets.json", _PROFILE)

    @property
    def stored_refresh_token(self) -> str:
        text = self.secrets.get("quickbooks.refresh")
        assert text is not None, "the refresh token is gone"
        return RefreshToken.from_json(text).value

    def configure(self, **tables: object) -> None:
        super().configure(**{"secrets": {"store": "file"}, **tables})  # type: ignore[arg-type]

    def authorize(self) -> None:
        """As after `qbsf auth`."""
        issued = self.books.issue_tokens()
        now = self.clock.now() + self.error
        self.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        access = AccessToken(issued["access_token"], issued["realm_id"], now, now + timedelta(hours=1))
        client_id = self.books.oauth.development.client_id
        refresh = RefreshToken(issued["refresh_token"], issued["realm_id"], "sandbox", client_id, now)
        store = self.secrets
        store.set("quickbooks.access", access.to_json())
        store.set("quickbooks.refresh", refresh.to_json())
        store.set("quickbooks.client_secret", self.books.oauth.development.client_secret)
        store.set("salesforce.client_secret", self.org.app.client_secret)
        grant = QuickBooksGrant(
            realm_id=issued["realm_id"],
            environment="sandbox",
            company_name="Sandbox Company",
            place="",
            access_expires_at=access.expires_at,
            refresh_expires_at=now + timedelta(days=100),
            hard_expires_at=now + timedelta(days=5 * 365),
        )
        GrantFile(self.state_folder / "grant.json").set_quickbooks(grant)

    def delete_state(self) -> None:
        """Somebody deletes the state file; tokens and everything else stay."""
        for suffix in ("", "-wal", "-shm"):
            self.state_path.with_name(self.state_path.name + suffix).unlink(missing_ok=True)

    # -- kills ----------------------------------------------------------------------------------------------------

    def kill(self, _request: Request | None = None) -> None:
        """End the running pass here. What its unwinding still does to the disk is undone when it is over."""
        self._killed = True
        shutil.rmtree(self._snapshot, ignore_errors=True)
        shutil.copytree(self.state_folder, self._snapshot)
        raise Killed

    def kill_at_statement(self, number: int) -> None:
        """Kill the next run before its n-th SQL statement, if it comes so far."""
        self._kill_at = number

    @property
    def _snapshot(self) -> Path:
        return self.home / "snapshot"

    def _bury(self) -> None:
        shutil.rmtree(self.state_folder)
        self._snapshot.rename(self.state_folder)
        self._killed = False

    # -- passes ---------------------------------------------------------------------------------------------------

    def run(self, *words: str, stdin: str | None = None, timeout: float = 120) -> Outcome:  # noqa: ARG002 - an Installation's
        """Run a command line in this process. Raises Killed where a kill was asked for and met."""
        out, err = io.StringIO(), io.StringIO()
        with self._inside(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_qbsf(words)
        return Outcome(code, out.getvalue(), err.getvalue())

    def attempt(self, *words: str) -> Outcome | None:
        """A pass that may be killed: None where it was."""
        try:
            return self.run("sync", "--json", *words)
        except Killed:
            return None

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Everything global that a process would have to itself."""
        self.statements = 0
        patches = (
            mock.patch.dict(os.environ, self.environment(), clear=True),
            mock.patch.object(HTTPAdapter, "send", _method(self._wire.send)),
            mock.patch.multiple(
                SystemClock,
                now=lambda _: self.clock.now() + self.error,
                monotonic=lambda _: self._slept,
                sleep=lambda _, seconds: self._sleep(seconds),
            ),
            mock.patch.object(command, "SystemRandom", partial(Random, 0)),
            # One request at a time: a history has to repeat itself. Overlap: test_overlap.py.
            mock.patch.multiple(lanes, QUICKBOOKS_AT_ONCE=self.at_once, SALESFORCE_AT_ONCE=self.at_once),
            mock.patch.object(flight, "CHUNK", self.chunk),
            mock.patch.object(writing, "CHUNK", self.chunk),
            mock.patch.object(sqlite3, "connect", self._connect(sqlite3.connect)),
        )
        try:
            with contextlib.ExitStack() as stack:
                for patch in patches:
                    stack.enter_context(patch)
                yield
        finally:
            self._kill_at = 0
            if self._killed:
                self._bury()

    def _sleep(self, seconds: float) -> None:
        self._slept += seconds
        self.clock.advance(timedelta(seconds=seconds))

    def _connect(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        computer = self

        class Counted(sqlite3.Connection):
            """Counts statements, and dies before the one it was told."""

            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                computer._step()
                return super().execute(sql, parameters)

        def counted(*arguments: object, **options: object) -> sqlite3.Connection:
            return connect(*arguments, **options, factory=Counted)

        return counted

    def _step(self) -> None:
        if self._killed:
            return
        self.statements += 1
        if self.statements == self._kill_at:
            self.kill()


def _method(send: Callable[..., object]) -> Callable[..., object]:
    def method(adapter: HTTPAdapter, *arguments: object, **options: object) -> object:
        return send(adapter, *arguments, **options)

    return method

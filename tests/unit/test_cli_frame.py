"""The command line around the commands: exit codes, one line per error, one document with --json, manners of cron."""

import json
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from unit.output_examples import IDLE, LOST, NOW, REPORT, RUN, STATUS

from qbsf import logs
from qbsf.__main__ import run
from qbsf.auth.command import Target
from qbsf.auth.consent import ConsentOptions
from qbsf.auth.terminal import Terminal
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.errors import AuthorizationNeeded, Busy, ConfigError, QbsfError, Unreachable, UsageError
from qbsf.output.progress import Progress
from qbsf.report import AttentionItem, Report, Status
from qbsf.sync.options import SyncOptions

CONFIG = """\
[quickbooks]
client_id = "ABdemo1234567890"
[salesforce]
instance_url = "https://acme.my.salesforce.com"
client_id = "3MVGdemo1234567890"
"""
NEEDS_AUTH = AuthorizationNeeded("The QuickBooks grant ended.", "Run qbsf auth quickbooks.")
GRANT_LINE = "qbsf: The QuickBooks grant ended. Run qbsf auth quickbooks.\n"
OUTAGE = Unreachable("QuickBooks does not answer.", "Nothing to do: the next run tries again.")

Shell = Callable[..., tuple[int, str, str]]


class World:
    """What the engine and the state would say; a test sets it, and sees how the engine was called."""

    def __init__(self) -> None:
        self.outcome: Report | BaseException = IDLE
        self.status: Status | QbsfError = replace(STATUS, attention=())
        self.calls: list[tuple[Config, SyncOptions]] = []

    def run_sync(self, config: Config, options: SyncOptions, progress: Progress) -> Report:
        self.calls.append((config, options))
        progress.phase("Reading", 2)
        progress.advance()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def read_status(self, _config: Config) -> Status:
        if isinstance(self.status, QbsfError):
            raise self.status
        return self.status


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("QBSF_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("QBSF_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    found = World()
    for name, member in (("command", "run_sync"), ("status", "read_status")):
        module = types.ModuleType(f"qbsf.sync.{name}")
        setattr(module, member, getattr(found, member))
        monkeypatch.setitem(sys.modules, f"qbsf.sync.{name}", module)
    yield found
    logs.set_up(None, verbose=False)


@pytest.fixture
def qbsf(world: World, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Cron runs it: neither stream is a terminal."""
    assert not world.calls

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def terminal(qbsf: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A person runs it: stdout is a terminal."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        return qbsf(*arguments)

    return call


# --- wrong usage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["sync", "--bogus"], ["bogus"], ["--config"], ["sync", "--invoice"], ["auth", "dropbox"], ["sync", "2052"]],
)
def test_wrong_usage_is_one_line_with_a_cure_and_exit_code_2(qbsf: Shell, arguments: list[str]) -> None:
    code, out, err = qbsf(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("qbsf: ")
    assert err.endswith("--help.\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["sync", "--json", "--bogus"], ["--json", "bogus"], ["status", "x", "--json"]])
def test_wrong_usage_with_json_is_one_document(qbsf: Shell, arguments: list[str]) -> None:
    code, out, _ = qbsf(*arguments)
    assert code == 2
    assert json.loads(out)["error"]["code"] == "usage"


def test_qbsf_alone_prints_its_help_and_is_wrong_usage(qbsf: Shell) -> None:
    code, out, err = qbsf()
    assert (code, err) == (2, "")
    assert "sync" in out


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["sync", "-h"], ["status", "--help"]])
def test_help_has_two_spellings(qbsf: Shell, arguments: list[str]) -> None:
    code, out, err = qbsf(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: qbsf")


def test_shell_completion_is_offered(qbsf: Shell) -> None:
    assert "--install-completion" in qbsf("--help")[1]


# --- what the engine is asked --------------------------------------------------------------------


def test_every_option_reaches_the_engine(qbsf: Shell, world: World) -> None:
    qbsf("sync", "--dry-run", "--invoice", "--json", "--full", "--allow-large", "-v")
    assert world.calls[0][1] == SyncOptions(dry_run=True, invoice="--json", full=True, allow_large=True, verbose=True)


@pytest.mark.parametrize("text", ["", "'; DROP", "id:2052", "[red]", "-5", "ä\n"])
def test_any_text_may_name_an_invoice(qbsf: Shell, world: World, text: str) -> None:
    qbsf("sync", f"--invoice={text}")
    assert world.calls[0][1].invoice == text


@pytest.mark.parametrize("arguments", [["-v", "sync"], ["sync", "-v"], ["sync", "--verbose"]])
def test_global_options_may_stand_before_or_after_the_command(qbsf: Shell, world: World, arguments: list[str]) -> None:
    qbsf(*arguments)
    assert world.calls[0][1].verbose


@pytest.mark.parametrize("before", [True, False])
def test_the_configuration_file_may_be_named_before_or_after_the_command(
    qbsf: Shell, world: World, tmp_path: Path, before: bool
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f'name = "acme"\n{CONFIG}', encoding="utf-8")
    option = ["--config", str(other)]
    qbsf(*(option if before else []), "sync", *([] if before else option))
    assert world.calls[0][0].name == "acme"


# --- a pass under cron ---------------------------------------------------------------------------


def test_a_good_pass_with_changes_is_silent_under_cron(qbsf: Shell, world: World) -> None:
    world.outcome = replace(REPORT, exit_code=0)
    assert qbsf("sync") == (0, "", "")


@pytest.mark.parametrize("option", ["-v", "--dry-run", "--invoice=2052"])
def test_what_was_asked_to_be_shown_is_printed_as_plain_lines(qbsf: Shell, world: World, option: str) -> None:
    world.outcome = REPORT
    code, out, _ = qbsf("sync", option)
    assert code == 1
    assert out.splitlines()[-1].startswith("summary mode=incremental")


def test_a_problem_is_told_once_and_once_when_it_is_over(qbsf: Shell, world: World) -> None:
    world.outcome = NEEDS_AUTH
    line = GRANT_LINE
    assert qbsf("sync") == (3, "", line)
    assert qbsf("sync") == (3, "", "")
    world.outcome = IDLE
    assert qbsf("sync") == (0, "", "qbsf: over: The QuickBooks grant ended.\n")
    assert qbsf("sync") == (0, "", "")


def test_a_deal_that_waits_for_a_person_is_told_once(qbsf: Shell, world: World) -> None:
    world.status = STATUS
    code, out, err = qbsf("sync")
    assert (code, out) == (0, "")
    assert err.startswith('qbsf: Opportunity "Beta renewal"')
    assert qbsf("sync") == (0, "", "")


def test_an_outage_after_a_good_pass_is_not_told(qbsf: Shell, world: World) -> None:
    world.outcome = OUTAGE
    world.status = replace(STATUS, attention=(), last_success_at=None)
    assert qbsf("sync")[2].startswith("qbsf: QuickBooks does not answer.")
    code, out, err = qbsf("sync")
    assert (code, out, err) == (4, "", "")


def test_verbose_always_prints_the_problem(qbsf: Shell, world: World) -> None:
    world.outcome = NEEDS_AUTH
    for _ in range(2):
        assert qbsf("sync", "-v") == (3, "", GRANT_LINE)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_wrong_configuration_is_printed_by_every_pass(qbsf: Shell, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "config.toml").write_text("nonsense = 1\n", encoding="utf-8")
    for _ in range(2):
        code, _, err = qbsf("sync", *options)
        assert code == 2
        assert "nonsense" in err
        assert err.count("\n") == 1


def test_a_wrong_configuration_that_the_org_reveals_is_printed_by_every_pass(qbsf: Shell, world: World) -> None:
    world.outcome = ConfigError("The stage Closed Wonn does not exist.", "Correct stages.paid.")
    for _ in range(2):
        assert qbsf("sync") == (2, "", "qbsf: The stage Closed Wonn does not exist. Correct stages.paid.\n")


def test_another_run_is_silent_until_it_is_old(qbsf: Shell, world: World) -> None:
    world.outcome = Busy("Another run holds the lock.", "Wait for it.", held_for=timedelta(minutes=3))
    assert qbsf("sync") == (5, "", "")
    assert qbsf("sync", "-q") == (5, "", "")
    assert qbsf("sync", "-v")[2] == "qbsf: Another run holds the lock. Wait for it.\n"
    world.outcome = Busy("Another run holds the lock.", "Wait for it.", held_for=timedelta(minutes=16))
    assert qbsf("sync") == (5, "", "qbsf: Another run holds the lock. Wait for it.\n")


def test_a_dry_run_changes_nothing_of_what_was_told(qbsf: Shell, world: World, tmp_path: Path) -> None:
    world.outcome = NEEDS_AUTH
    assert qbsf("sync", "--dry-run")[0] == 3
    assert not (tmp_path / "state").exists()
    assert qbsf("sync")[2] != ""


def test_the_profile_is_named_where_it_is_not_the_only_one(qbsf: Shell, world: World, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'name = "acme"\n{CONFIG}', encoding="utf-8")
    world.outcome = NEEDS_AUTH
    assert qbsf("sync")[2].startswith("qbsf[acme]: ")


def test_a_state_that_cannot_be_read_does_not_hide_what_stopped_the_pass(qbsf: Shell, world: World) -> None:
    world.status = ConfigError("The state is of a newer qbsf.", "Install it.")
    world.outcome = NEEDS_AUTH
    for _ in range(2):
        assert qbsf("sync") == (3, "", GRANT_LINE)


def test_a_state_that_cannot_be_read_is_told_after_a_good_pass(qbsf: Shell, world: World) -> None:
    world.status = ConfigError("The state is of a newer qbsf.", "Install it.")
    assert qbsf("sync") == (2, "", "qbsf: The state is of a newer qbsf. Install it.\n")


# --- --json --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "exit_code", "error"),
    [
        (REPORT, 1, None),
        (NEEDS_AUTH, 3, "authorization_needed"),
        (OUTAGE, 4, "unreachable"),
        (UsageError("No such invoice.", "Look again."), 2, "usage"),
        (Busy("Another run holds the lock.", "Wait."), 5, "busy"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("oops"), 1, "unforeseen"),
    ],
)
def test_json_is_one_report_whatever_the_exit_code(
    qbsf: Shell, world: World, outcome: Report | BaseException, exit_code: int, error: str | None
) -> None:
    world.outcome = outcome
    code, out, _ = qbsf("sync", "--json")
    document = json.loads(out)
    assert code == exit_code
    assert list(document) == ["schema", "run", "summary", "requests", "records", "warnings", "error"]
    assert (document["error"] or {}).get("code") == error


def test_json_of_a_pass_without_configuration_is_a_report_too(qbsf: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").unlink()
    code, out, _ = qbsf("sync", "--json", "--full")
    document = json.loads(out)
    assert code == 2
    assert document["run"]["mode"] == "full"
    assert document["error"]["todo"]


# --- at a terminal -------------------------------------------------------------------------------


def test_a_person_sees_tables_and_each_error(terminal: Shell, world: World) -> None:
    world.outcome = REPORT
    world.status = STATUS
    code, out, err = terminal("sync")
    assert (code, err) == (1, "")
    assert "Proposal and Agreement  →  Closed Won" in out
    assert out.endswith("1 record waits for a person: qbsf status shows it.\n")
    world.outcome = NEEDS_AUTH
    for _ in range(2):
        assert terminal("sync") == (3, "1 record waits for a person: qbsf status shows it.\n", GRANT_LINE)


def test_quiet_leaves_a_person_only_what_went_wrong(terminal: Shell, world: World) -> None:
    world.outcome = replace(REPORT, exit_code=0)
    assert terminal("-q", "sync") == (0, "", "")
    world.outcome = NEEDS_AUTH
    assert terminal("sync", "--quiet")[2] == GRANT_LINE


def test_a_person_is_told_of_another_run_at_once(terminal: Shell, world: World) -> None:
    world.outcome = Busy("Another run holds the lock.", "Wait for it.", held_for=timedelta(minutes=1))
    assert terminal("sync") == (5, "", "qbsf: Another run holds the lock. Wait for it.\n")


def test_json_at_a_terminal_is_still_the_document_alone(terminal: Shell, world: World) -> None:
    world.outcome = REPORT
    assert json.loads(terminal("sync", "--json")[1])["summary"]["updated"] == 1


# --- status --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [
        (replace(STATUS, attention=()), 0),
        (STATUS, 1),
        (replace(STATUS, attention=(AttentionItem(LOST, NOW, acknowledged=True),)), 0),
        (replace(STATUS, attention=(), healthy=False), 1),
        (replace(STATUS, healthy=False, authorization_needed=True), 3),
    ],
)
def test_the_exit_code_of_status_tells_health(qbsf: Shell, world: World, status: Status, exit_code: int) -> None:
    world.status = status
    assert qbsf("status")[0] == exit_code
    assert qbsf("status", "--json")[0] == exit_code


def test_status_names_a_crontab_line_that_uses_the_same_configuration(qbsf: Shell, tmp_path: Path) -> None:
    _, out, _ = qbsf("--config", str(tmp_path / "config.toml"), "status")
    assert out.splitlines()[-1].endswith(f"--config {tmp_path}/config.toml sync")


def test_status_of_a_wrong_configuration_is_a_document_with_json(qbsf: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("nonsense = 1\n", encoding="utf-8")
    code, out, err = qbsf("status", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "configuration"
    assert err.count("\n") == 1


# --- auth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "target", "options", "forget"),
    [
        ([], "both", ConsentOptions(), False),
        (["quickbooks", "--no-browser", "--paste"], "quickbooks", ConsentOptions(no_browser=True, paste=True), False),
        (["salesforce", "--forget", "--timeout", "9"], "salesforce", ConsentOptions(seconds=9.0), True),
    ],
)
def test_auth_passes_on_what_was_asked(
    qbsf: Shell,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    target: str,
    options: ConsentOptions,
    forget: bool,
) -> None:
    calls: list[tuple[str, ConsentOptions, bool]] = []

    def auth(
        _config: Config,
        target: Target,
        options: ConsentOptions,
        *,
        forget: bool,
        terminal: Terminal,
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        terminal.say("done")
        assert clock.now().tzinfo is not None
        assert "QBSF_CONFIG" in environ
        calls.append((target, options, forget))

    monkeypatch.setattr("qbsf.auth.command.auth", auth)
    assert qbsf("auth", *arguments) == (0, "done\n", "")
    assert calls == [(target, options, forget)]


# --- bugs and logs -------------------------------------------------------------------------------


def test_a_bug_is_one_line_and_its_details_hold_no_secret(qbsf: Shell, world: World, tmp_path: Path) -> None:
    token = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2Iiwi.QmFk"
    world.outcome = RuntimeError(f"refused: access_token={token} {token}\x1b[2J")
    code, out, err = qbsf("sync")
    (crash,) = (tmp_path / "state" / "default").glob("crash-*.txt")
    assert (code, out) == (1, "")
    assert (
        err == f"qbsf: Unforeseen RuntimeError, a bug in qbsf. Please report it with {crash}, which holds no secrets.\n"
    )
    text = crash.read_text(encoding="utf-8")
    assert crash.stat().st_mode & 0o777 == 0o600
    assert "in run_sync" in text
    assert r"RuntimeError: refused: [50 characters removed] [37 characters removed]\x1b[2J" in text
    assert token not in text + err
    assert "\x1b" not in text


def test_the_log_file_gets_one_json_line_an_event(qbsf: Shell, world: World, tmp_path: Path) -> None:
    log = tmp_path / "qbsf.log"
    (tmp_path / "config.toml").write_text(f'{CONFIG}[log]\nfile = "{log}"\n', encoding="utf-8")
    world.outcome = REPORT
    qbsf("sync")
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert events[-1]["event"] == "pass"
    assert events[-1]["run"]["id"] == RUN.id
    assert events[-1]["time"].endswith("Z")
    assert [event["reason"] for event in events if event["event"] == "record"] == ["paid", "closed_lost", "rejected"]


def test_a_log_file_that_cannot_be_written_is_told_once_and_stops_nothing(
    qbsf: Shell, world: World, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(f'{CONFIG}[log]\nfile = "{tmp_path}/no/log"\n', encoding="utf-8")
    line = (
        f"qbsf: The log file {tmp_path}/no/log cannot be written (No such file or directory). "
        "Make its folder and let this user write there, or correct [log] file.\n"
    )
    assert qbsf("sync") == (0, "", line)
    assert qbsf("sync") == (0, "", "")
    assert len(world.calls) == 2
    (tmp_path / "no").mkdir()
    assert qbsf("sync")[2].startswith("qbsf: over: The log file ")

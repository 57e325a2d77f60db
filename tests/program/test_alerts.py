"""Alerts: who is told what, when, by which channel, and that no channel can disturb a pass."""

import json
import os
import shlex
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from program.installation import Installation
from program.invoicing import Seller
from program.receiver import Receiver, receiver
from program.scenes import Scene

from qbsf.auth.grant import GrantFile

WON_LINE = "USD 1,000.00 from Acme Corp: deal won"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def cron(qbsf: Installation, expect: int = 0) -> str:
    """A pass as cron runs it: what it would mail."""
    done = qbsf.run("sync")
    assert (done.exit_code, done.stdout) == (expect, ""), done.stderr
    return done.stderr


def with_hook(qbsf: Installation, hook: Receiver, **alerts: object) -> None:
    qbsf.configure(alerts={"webhook_url": hook.url, **alerts})


def lose_grant(qbsf: Installation) -> None:
    qbsf.books.expire_access_tokens()
    qbsf.books.expire_refresh_tokens()


def pass_time(qbsf: Installation, **of_timedelta: float) -> None:
    """As if everything in qbsf's memory had happened so much earlier."""
    back = timedelta(**of_timedelta)

    def shifted(value: object) -> object:
        if isinstance(value, dict):
            return {key: shifted(each) for key, each in value.items()}
        if isinstance(value, list):
            return [shifted(each) for each in value]
        try:
            return (datetime.fromisoformat(str(value)) - back).isoformat() if isinstance(value, str) else value
        except ValueError:
            return value

    with closing(sqlite3.connect(qbsf.state_path)) as state, state:
        for key in ("told", "alerts_waiting", "alerts_last_write"):
            row = state.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            if row is not None:
                value = json.dumps(shifted(json.loads(row[0])))
                state.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
        row = state.execute("SELECT value FROM meta WHERE key = 'last_success_at'").fetchone()
        if row is not None:
            state.execute("UPDATE meta SET value = ? WHERE key = 'last_success_at'", (shifted(row[0]),))


KEEPER = """
import json, os, sys
alert = json.load(sys.stdin)
alert |= {"arguments": sys.argv[2:], "environment": sorted(os.environ)}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(alert) + chr(10))
"""


def keeping_in(path: Path) -> str:
    """An alert command that keeps what it gets as lines of a file, with how it was run."""
    script = path.with_suffix(".py")
    script.write_text(KEEPER)
    return shlex.join([sys.executable, str(script), str(path)])


def kept_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def end_grant_in(qbsf: Installation, *, days: int) -> None:
    """The consent ends so many days from now."""
    file = GrantFile(qbsf.state_path.parent / "grant.json")
    grant = file.read().quickbooks
    assert grant is not None
    file.set_quickbooks(replace(grant, hard_expires_at=datetime.now(UTC) + timedelta(days=days)))


# -- What is worth a word ---------------------------------------------------------------------------------------------


def test_a_weekend_with_a_dead_token_is_one_alert_with_the_cure_three_reminders_and_its_end(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook)
    cron(qbsf)
    lose_grant(qbsf)
    first = cron(qbsf, expect=3)
    assert "qbsf auth quickbooks" in first
    assert hook.take() == first.splitlines()
    assert cron(qbsf, expect=3) == ""
    assert hook.take() == []
    for _ in range(3):
        pass_time(qbsf, hours=24)
        reminder = cron(qbsf, expect=3)
        assert reminder.startswith("qbsf: still, since ")
        assert hook.take() == reminder.splitlines()
    qbsf.authorize()
    over = cron(qbsf)
    assert over.startswith("qbsf: over: ")
    assert hook.take() == over.splitlines()
    assert cron(qbsf) == ""
    assert hook.take() == []


def test_a_three_hour_outage_is_told_once_when_the_last_good_pass_is_stale_and_when_it_is_over(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook)
    cron(qbsf)
    qbsf.sandbox.faults.add("quickbooks", "unavailable", times=1000, retry_after=600)
    assert cron(qbsf, expect=4) == ""
    assert hook.take() == []
    pass_time(qbsf, minutes=31)
    told = cron(qbsf, expect=4)
    assert told.startswith("qbsf: QuickBooks answered HTTP 503")
    pass_time(qbsf, hours=2, minutes=29)
    assert cron(qbsf, expect=4) == ""
    qbsf.sandbox.faults.clear()
    over = cron(qbsf)
    assert over.startswith("qbsf: over: QuickBooks answered HTTP 503")
    assert hook.take() == [*told.splitlines(), *over.splitlines()]


def test_when_all_is_well_nobody_hears_anything(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook)
    Scene(qbsf).pay()
    assert [cron(qbsf), cron(qbsf)] == ["", ""]
    assert hook.take() == []


def test_a_deal_that_needs_a_person_is_told_with_its_facts(qbsf: Installation, tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    qbsf.configure(alerts={"command": keeping_in(letters)})
    scene = Scene(qbsf, StageName="Closed Lost")
    scene.pay()
    line = cron(qbsf)
    (alert,) = kept_in(letters)
    assert alert["schema"] == 1
    assert (alert["kind"], alert["profile"], alert["code"]) == ("new", "default", "closed_lost")
    assert alert["text"] == line.rstrip()
    assert scene.deal in alert["message"]
    assert "Reopen the deal" in alert["todo"]
    assert alert["since"].endswith("Z")
    assert alert["records"][0]["opportunity_id"] == scene.deal
    assert alert["records"][0]["payments"][0]["amount"] == "1000.00"
    qbsf.org.edit(scene.deal, StageName="Proposal and Agreement")
    cron(qbsf)
    assert [each["kind"] for each in kept_in(letters)] == ["new", "over"]


def test_an_authorization_that_ends_is_told_14_days_ahead_and_again_3_days_ahead(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook)
    end_grant_in(qbsf, days=15)
    assert cron(qbsf) == ""
    end_grant_in(qbsf, days=14)
    first = cron(qbsf)
    assert "The QuickBooks authorization ends in 13 days, on " in first
    assert "qbsf auth quickbooks" in first
    end_grant_in(qbsf, days=4)
    assert cron(qbsf) == ""
    end_grant_in(qbsf, days=3)
    second = cron(qbsf)
    assert "ends in 2 days" in second
    assert cron(qbsf) == ""
    status = qbsf.run("status", "--json")
    assert [problem["code"] for problem in status.json["problems"]] == ["authorization_ending"]
    assert hook.take() == [*first.splitlines(), *second.splitlines()]


def test_an_allowance_that_is_nearly_used_is_told_before_passes_stop(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook)
    qbsf.org.set_allowance(10_000, 7_900)
    assert cron(qbsf) == ""
    qbsf.org.set_allowance(10_000, 8_500)
    told = cron(qbsf)
    assert "of 10000 API calls left for these 24 hours; passes stop below 1000." in told
    assert qbsf.run("status", "--json").json["problems"][0]["code"] == "api_allowance"
    qbsf.org.set_allowance(10_000, 7_900)  # near the border it is not taken for over
    assert cron(qbsf) == ""
    qbsf.org.set_allowance(10_000, 9_500)
    assert cron(qbsf, expect=4) == ""
    qbsf.org.set_allowance(10_000, 0)
    assert cron(qbsf).startswith("qbsf: over: Salesforce has ")
    assert qbsf.run("status", "--json").json["healthy"] is True
    assert len(hook.take()) == 2


def test_a_wrong_configuration_that_cron_mails_every_time_is_one_alert(qbsf: Installation, hook: Receiver) -> None:
    cron(qbsf)
    qbsf.configure(alerts={"webhook_url": hook.url}, stages={"paid": "Closed Wonn"})
    assert [cron(qbsf, expect=2) for _ in range(2)] == [f"{line}\n" for line in hook.take() * 2]


# -- Deals that were won ----------------------------------------------------------------------------------------------


def test_a_won_deal_is_told_once_and_only_where_it_is_wanted(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook)
    Scene(qbsf).pay()
    cron(qbsf)
    with_hook(qbsf, hook, on_paid=True)
    cron(qbsf)
    assert hook.take() == []
    Scene(qbsf).pay()
    qbsf.run("sync", "--dry-run")
    assert hook.take() == []
    assert [cron(qbsf), cron(qbsf)] == ["", ""]
    assert hook.take() == [WON_LINE]
    scene = Scene(qbsf)
    scene.pay()
    qbsf.run("sync", "--invoice", scene.number)
    cron(qbsf)
    assert hook.take() == [WON_LINE]


def test_a_deal_that_salesforce_refused_or_that_is_only_partly_paid_is_no_win(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook, on_paid=True)
    Scene(qbsf).pay("400.00")
    refused = Scene(qbsf)
    refused.pay()
    qbsf.org.lock_for_approval(refused.deal)
    cron(qbsf, expect=1)
    assert WON_LINE not in hook.take()
    qbsf.org.lock_for_approval(refused.deal, locked=False)
    qbsf.run("sync", "--full")
    assert WON_LINE in hook.take()


def test_a_win_that_could_not_be_told_by_the_pass_that_made_it_is_told_by_the_next(
    qbsf: Installation, hook: Receiver
) -> None:
    """As after kill -9 between the write and the alert."""
    with_hook(qbsf, hook, on_paid=True)
    cron(qbsf)
    Scene(qbsf).pay()
    with FileLock(qbsf.state_path.parent / "alerts.lock"):
        assert cron(qbsf) == ""
    assert hook.take() == []
    cron(qbsf)
    assert hook.take() == [WON_LINE]


def test_the_command_gets_a_won_deal_as_facts(qbsf: Installation, tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    qbsf.configure(alerts={"command": keeping_in(letters), "on_paid": True})
    scene = Scene(qbsf)
    scene.pay()
    cron(qbsf)
    (alert,) = kept_in(letters)
    assert (alert["kind"], alert["code"], alert["text"]) == ("paid", "paid", WON_LINE)
    assert alert["records"][0]["changes"]["StageName"]["to"] == "Closed Won"


# -- Channels that are dead -------------------------------------------------------------------------------------------


def test_a_dead_webhook_is_told_once_changes_nothing_and_gets_later_what_it_missed(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook, on_paid=True)
    hook.status = 500
    scene = Scene(qbsf)
    scene.pay()
    line = cron(qbsf)
    assert scene.stage == "Closed Won"
    assert line.startswith("qbsf: The alert webhook at 127.0.0.1 answered HTTP 500. Check [alerts] webhook_url;")
    assert cron(qbsf) == ""
    status = qbsf.run("status", "--json")
    assert (status.exit_code, [each["code"] for each in status.json["problems"]]) == (1, ["alert_webhook"])
    hook.status = 200
    assert cron(qbsf) == "qbsf: over: The alert webhook at 127.0.0.1 answered HTTP 500.\n"
    assert hook.take() == [WON_LINE]
    assert qbsf.run("status").exit_code == 0


def test_a_webhook_that_is_taken_out_of_the_configuration_is_nobody_s_problem(
    qbsf: Installation, hook: Receiver
) -> None:
    with_hook(qbsf, hook, on_paid=True)
    hook.status = 404
    Scene(qbsf).pay()
    assert "HTTP 404" in cron(qbsf)
    qbsf.configure()
    assert cron(qbsf) == ""
    assert qbsf.run("status").exit_code == 0


def test_channels_that_never_answer_do_not_hold_up_a_pass(qbsf: Installation, hook: Receiver, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    hanging = [
        sys.executable,
        "-c",
        "import os,sys,time; open(sys.argv[1],'w').write(str(os.getpid())); time.sleep(999)",
    ]
    with_hook(qbsf, hook, heartbeat_url=hook.url, command=shlex.join([*hanging, str(mark)]), on_paid=True)
    hook.status = None
    scene = Scene(qbsf)
    scene.pay()
    done = qbsf.run("sync", "--json", timeout=60)
    assert (done.exit_code, done.json["summary"]["updated"]) == (0, 1)
    assert scene.stage == "Closed Won"
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    for channel in ("alert webhook", "heartbeat", "alert command"):
        assert any(channel in line for line in lines), lines
    assert not Path(f"/proc/{mark.read_text()}").exists()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("/no/such/program --key s3cret", "The alert command program cannot be started (No such file or directory)."),
        (shlex.join([sys.executable, "-c", "raise SystemExit(3)"]), "failed with exit code 3."),
    ],
)
def test_a_command_that_cannot_run_or_fails_is_one_line_and_no_error(
    qbsf: Installation, command: str, what: str
) -> None:
    qbsf.configure(alerts={"command": command, "on_paid": True})
    Scene(qbsf).pay()
    line = cron(qbsf)
    assert what in line
    assert "s3cret" not in line
    assert line.count("\n") == 1
    assert cron(qbsf) == ""


def test_with_v_a_dead_channel_is_told_by_every_pass(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook, on_paid=True)
    hook.status = 500
    Scene(qbsf).pay()
    for _ in range(2):
        assert "The alert webhook at 127.0.0.1 answered HTTP 500." in qbsf.run("sync", "-v").stderr


def test_a_signal_while_alerts_are_sent_ends_qbsf_and_the_command(qbsf: Installation, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = "import os,sys,time; open(sys.argv[1],'w').write(str(os.getpid())); time.sleep(999)"
    qbsf.configure(alerts={"command": shlex.join([sys.executable, "-c", script, str(pipe)]), "on_paid": True})
    scene = Scene(qbsf)
    scene.pay()
    process = qbsf.start("sync", "--json")
    pid = pipe.read_text()  # waits until the command has begun
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, err) == (143, "")
    assert json.loads(out)["summary"]["updated"] == 1
    assert not Path(f"/proc/{pid}").exists()


def test_a_state_that_cannot_be_used_is_told_all_the_same(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook, heartbeat_url=hook.url)
    cron(qbsf)
    with closing(sqlite3.connect(qbsf.state_path)) as state, state:
        state.execute("PRAGMA user_version = 99")
    line = cron(qbsf, expect=2)
    assert "of a newer qbsf" in line
    assert hook.take() == line.splitlines()
    assert [path.endswith("/fail") for path in hook.gets] == [False, True]


def test_invoicing_tells_what_needs_a_person_too(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook)
    Seller(qbsf).deal(lines=[{"quantity": 1, "unit_price": "-50"}])
    done = qbsf.run("invoice")
    assert hook.take() == done.stderr.splitlines() != []


# -- The heartbeat ----------------------------------------------------------------------------------------------------


def test_the_heartbeat_tells_good_passes_from_bad_ones(qbsf: Installation, hook: Receiver) -> None:
    qbsf.configure(alerts={"heartbeat_url": f"{hook.url}?rid=1"})
    path = hook.url.removeprefix(f"http://127.0.0.1:{hook.port}")
    cron(qbsf)
    qbsf.run("sync", "--dry-run")
    lose_grant(qbsf)
    cron(qbsf, expect=3)
    assert hook.gets == [f"{path}?rid=1", f"{path}/fail?rid=1"]


def test_a_pass_that_leaves_the_work_to_another_run_sends_no_heartbeat(qbsf: Installation, hook: Receiver) -> None:
    qbsf.configure(alerts={"heartbeat_url": hook.url})
    cron(qbsf)
    with FileLock(qbsf.state_path.parent / "pass.lock"):
        cron(qbsf, expect=5)
    assert len(hook.gets) == 1


# -- Secrets and strangers --------------------------------------------------------------------------------------------


def test_the_command_runs_without_a_shell_and_without_secrets(qbsf: Installation, tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    qbsf.extra_environment["QBSF_SALESFORCE_CLIENT_SECRET"] = qbsf.org.app.client_secret
    qbsf.configure(alerts={"command": f"{keeping_in(letters)} '$(touch shell)' ; touch shell", "on_paid": True})
    Scene(qbsf).pay()
    cron(qbsf)
    (alert,) = kept_in(letters)
    assert alert["arguments"] == ["$(touch shell)", ";", "touch", "shell"]
    assert "QBSF_SALESFORCE_CLIENT_SECRET" not in alert["environment"]
    assert "PATH" in alert["environment"]
    assert not (qbsf.home / "shell").exists()


def test_the_webhook_s_address_is_in_no_output_and_no_log(qbsf: Installation, hook: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "log"
    qbsf.configure(alerts={"webhook_url": hook.url, "heartbeat_url": hook.url, "on_paid": True}, log={"file": str(log)})
    Scene(qbsf).pay()
    done = qbsf.run("sync", "-v")
    hook.status = 500
    Scene(qbsf).pay()
    failed = qbsf.run("sync", "-v")
    state = qbsf.state_path.read_bytes()
    assert hook.bodies
    assert "KEY-that" not in done.stderr + done.stdout + failed.stderr + failed.stdout + log.read_text()
    assert b"KEY-that" not in state


def test_a_name_in_an_alert_calls_nobody(qbsf: Installation, hook: Receiver) -> None:
    with_hook(qbsf, hook)
    Scene(qbsf, name="<!channel> @everyone", StageName="Closed Lost").pay()
    cron(qbsf)
    (body,) = hook.bodies
    assert "<!channel>" not in str(body["text"])
    assert "@everyone" not in str(body["text"])
    assert body["content"] == body["text"]
    assert body["allowed_mentions"] == {"parse": []}


# -- The log file -----------------------------------------------------------------------------------------------------


def test_the_log_holds_one_line_for_each_event(qbsf: Installation, hook: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "log"
    qbsf.configure(alerts={"webhook_url": hook.url, "on_paid": True}, log={"file": str(log)})
    scene = Scene(qbsf)
    scene.pay()
    cron(qbsf)
    begin, record, passed, alert = (json.loads(line) for line in log.read_text().splitlines())
    assert [each["event"] for each in (begin, record, passed, alert)] == ["begin", "record", "pass", "alert"]
    assert (record["opportunity_id"], record["outcome"]) == (scene.deal, "updated")
    assert passed["exit_code"] == 0
    assert alert["text"] == WON_LINE
    assert begin["time"].endswith("Z")
    lose_grant(qbsf)
    cron(qbsf, expect=3)
    passes = [json.loads(line) for line in log.read_text().splitlines() if '"event": "pass"' in line]
    assert passes[-1]["exit_code"] == 3
    assert "QuickBooks" in passes[-1]["error"]["message"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("path", ["/dev/full", "/no/such/folder/log"])
def test_a_log_that_cannot_be_written_is_told_once_and_the_pass_goes_on(qbsf: Installation, path: str) -> None:
    qbsf.configure(log={"file": path})
    scene = Scene(qbsf)
    scene.pay()
    line = cron(qbsf)
    assert scene.stage == "Closed Won"
    assert line.startswith(f"qbsf: The log file {path} cannot be written (No ")
    assert line.count("\n") == 1
    assert cron(qbsf) == ""
    assert qbsf.run("status", "--json").json["problems"][0]["code"] == "log_file"
    qbsf.configure()
    assert cron(qbsf) == ""
    assert qbsf.run("status").exit_code == 0

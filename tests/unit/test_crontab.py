"""Crontabs: which lines run a pass, with what around them, and the lines that are proposed."""

from pathlib import Path

import pytest

from qbsf.check.cron import _runnable
from qbsf.crontab import Job, jobs, pass_line, proposal

CRONTAB = """\
# qbsf sync in a comment is no job
MAILTO=ops@acme.example
DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/1000/bus"
0 1 * * * /usr/bin/backup /home/anna/qbsf
*/5 * * * * /home/anna/.local/bin/qbsf --config "/home/anna/my qbsf.toml" sync
17 * * * * /home/anna/.local/bin/qbsf invoice
"""


def only(crontab: str, user: str = "") -> Job:
    (job,) = jobs(crontab, user=user)
    return job


def test_the_line_that_runs_a_pass_is_found_with_the_assignments_above_it() -> None:
    job = only(CRONTAB)
    assert (job.program, job.config, job.wrapper) == ("/home/anna/.local/bin/qbsf", "/home/anna/my qbsf.toml", "")
    assert job.variables["DBUS_SESSION_BUS_ADDRESS"] == "unix:path=/run/user/1000/bus"


@pytest.mark.parametrize(
    ("command", "program", "wrapper"),
    [
        ("qbsf sync", "qbsf", ""),
        ("$HOME/.local/bin/qbsf sync >/dev/null", "$HOME/.local/bin/qbsf", ""),
        ("'/opt/my tools/qbsf' sync", "/opt/my tools/qbsf", ""),
        ("A=1 /x/qbsf -v sync", "/x/qbsf", "A=1 "),
        ("dbus-run-session -- sh $HOME/.config/qbsf/with-keyring.sh qbsf sync", "qbsf", "dbus-run-session -- sh"),
        ("cd /tmp && /x/qbsf sync; true", "/x/qbsf", "cd /tmp && "),
        ("/x/python -m qbsf sync", "qbsf", "/x/python -m "),
    ],
)
def test_what_stands_around_the_program_is_told_apart(command: str, program: str, wrapper: str) -> None:
    job = only(f"*/5 * * * * {command}")
    assert job.program == program
    assert job.wrapper.startswith(wrapper)
    assert only(f"@hourly {command}").program == program


@pytest.mark.parametrize("line", ["*/5 * * * * qbsf status", "*/5 * * * * qbsf-other sync", "#*/5 * * * * qbsf sync"])
def test_other_lines_are_no_pass(line: str) -> None:
    assert jobs(line) == ()


def test_a_system_crontab_names_its_user_in_each_line() -> None:
    crontab = "*/5 * * * * root /usr/bin/qbsf sync\n*/5 * * * * anna /home/anna/qbsf sync\n"
    assert only(crontab, user="anna").program == "/home/anna/qbsf"
    assert jobs(crontab, user="bert") == ()


def test_a_percent_sign_is_escaped_for_cron_and_read_back() -> None:
    line = pass_line(Path("/home/100%/config.toml"))
    assert r"/home/100\%/config.toml" in line
    assert only(line.replace(line.split()[5], "/x/qbsf")).config == "/home/100%/config.toml"


def test_the_proposal_carries_what_cron_does_not_know_and_no_secret() -> None:
    environ = {
        "PATH": "/home/anna/bin:/usr/bin",
        "QBSF_CONFIG": "/home/anna/c.toml",
        "QBSF_STATE_DIR": "/var/lib/qbsf",
        "QBSF_SALESFORCE_CLIENT_SECRET": "s3cret",
        "HTTPS_PROXY": "http://anna:s3cret@proxy:3128",
        "https_proxy": "http://anna:s3cret@proxy:3128",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus,guid=1",
    }
    assert proposal(None, environ) == ("QBSF_STATE_DIR=/var/lib/qbsf", pass_line(None))
    odd = proposal(None, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/dbus-1"})
    assert odd[0] == "DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp/dbus-1"


@pytest.mark.parametrize(
    ("wrapper", "run"),
    [
        ("", ""),
        ("A=1 ", "A=1 "),
        ("/usr/bin/dbus-run-session -- sh with-keyring.sh ", "/usr/bin/dbus-run-session -- sh with-keyring.sh "),
        ("env A=1 nice ", "env A=1 nice "),
        ("cd /tmp && ", ""),
        ("rm -rf /tmp/x; ", ""),
        ("flock -n /tmp/lock ", ""),
        ("A=$(touch /tmp/x) ", ""),
        ("/x/python -m ", ""),
        ("'unclosed ", ""),
    ],
)
def test_only_harmless_wrappers_are_run_for_a_test(wrapper: str, run: str) -> None:
    assert _runnable(wrapper) == run

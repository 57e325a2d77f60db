"""qbsf as a process: start-up, signals, pipes that close, disks that are full."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent/home", "LANG": "C.UTF-8"}
CONFIG = """\
[quickbooks]
client_id = "ABdemo1234567890"
[salesforce]
instance_url = "https://acme.my.salesforce.com"
client_id = "3MVGdemo1234567890"
"""
ENGINE = """\
import sys, time, types, warnings
def run_sync(config, options, progress):
    {body}
module = types.ModuleType("qbsf.sync.command")
module.run_sync = run_sync
sys.modules["qbsf.sync.command"] = module
from qbsf.__main__ import main
main()
"""
BLOCKED = ENGINE.format(body='print("begun", file=sys.stderr, flush=True); time.sleep(60)')
WARNING = ENGINE.format(body='warnings.warn("urllib3 is too new"); raise KeyboardInterrupt')


def qbsf(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qbsf", *arguments],
        env=ENVIRON | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_printed_without_loading_what_only_commands_need() -> None:
    program = (
        "import sys\nfrom qbsf.__main__ import run\ncode = run(['--version'])\n"
        "heavy = {'requests', 'rich', 'simple_salesforce', 'keyring', 'requests_oauthlib', 'sqlite3', 'http.server'}\n"
        "print(code, sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRON, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["qbsf 0.1.0", "0 []"]


def test_a_wrong_command_line_needs_no_home_and_no_locale() -> None:
    done = qbsf("synk", LANG="", HOME="")
    assert done.returncode == 2
    assert done.stderr == "qbsf: No such command 'synk'. Did you mean 'sync'? See qbsf --help.\n"


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return {"QBSF_CONFIG": str(tmp_path / "config.toml"), "QBSF_STATE_DIR": str(tmp_path / "state")}


@pytest.mark.parametrize(
    ("number", "exit_code", "code"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_ends_a_pass_with_its_exit_code_and_one_document(
    config: dict[str, str], number: signal.Signals, exit_code: int, code: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED, "sync", "--json"],
        env=ENVIRON | config,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == exit_code
    assert json.loads(out)["error"]["code"] == code
    assert err == ""


def test_what_libraries_warn_of_is_not_mailed(config: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARNING, "sync"], env=ENVIRON | config, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_reader_that_went_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "qbsf", "sync", "--json"],
        env=ENVIRON,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.returncode == 2  # the wrong configuration, not the pipe
    assert done.stderr.startswith("qbsf: There is no configuration at ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["sync", "--json"], ["--help"]])
def test_a_full_disk_is_one_line_and_an_error(arguments: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "qbsf", *arguments],
            env=ENVIRON,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("qbsf: ")
    assert "o space left" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_closed_streams_do_not_hide_the_exit_code() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m qbsf sync >&- 2>&-'], env=ENVIRON, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_a_terminal_that_knows_only_latin_gets_escapes_not_errors(config: dict[str, str]) -> None:
    done = qbsf("sync", "--config", "/nonexistent/株式会社.toml", PYTHONIOENCODING="latin-1", **config)
    assert done.returncode == 2
    assert r"\u682a" in done.stderr

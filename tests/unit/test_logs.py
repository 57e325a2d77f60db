"""What -v and the log file show, and what no log ever shows."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from qbsf import log_file, logs
from qbsf.errors import ConfigError


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root_level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(root_level)
    logs.set_up(None, verbose=False)


@pytest.mark.parametrize(
    "name", ["oauthlib.oauth2.rfc6749", "requests_oauthlib.oauth2_session", "urllib3.connectionpool", "keyring.backend"]
)
@pytest.mark.parametrize("verbose", [True, False])
def test_libraries_that_log_secrets_stay_silent_whatever_level_the_root_has(
    name: str, verbose: bool, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    logs.set_up(io.StringIO(), verbose=verbose)
    logging.getLogger(name).debug("token is s3cret")
    logging.getLogger(name).info("token is s3cret")
    assert "s3cret" not in caplog.text


def test_verbose_shows_qbsf_s_own_events_one_line_each_in_utc() -> None:
    stream = io.StringIO()
    logs.set_up(stream, verbose=True)
    logging.getLogger("qbsf.http").debug("GET %s", "one\ntwo\x1b[2J")
    (line,) = stream.getvalue().splitlines()
    assert line[19:] == r"Z qbsf.http: GET one two\x1b[2J"


def test_without_verbose_nothing_is_shown() -> None:
    stream = io.StringIO()
    logs.set_up(stream, verbose=False)
    logging.getLogger("qbsf.http").error("broken")
    assert stream.getvalue() == ""


def test_the_log_file_is_private_and_holds_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    logs.set_up(None, verbose=False)
    logs.add_file(path)
    logging.getLogger("qbsf.sync").info("reading")
    logging.getLogger("qbsf.sync").debug("detail")
    logs.log_event("pass", {"exit_code": 0})
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [
        ("reading", "info", "qbsf.sync"),
        ("pass", "info", "qbsf.pass"),
    ]
    assert lines[1]["exit_code"] == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_file_in_no_folder_is_a_wrong_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="log file"):
        logs.add_file(tmp_path / "no" / "log")


def test_the_log_is_rotated_and_every_part_of_it_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "_FILE_BYTES", 200)
    logs.set_up(None, verbose=False)
    logs.add_file(tmp_path / "log")
    for number in range(20):
        logs.log_event("record", {"number": number})
    parts = sorted(tmp_path.iterdir())
    assert len(parts) == 6
    assert {part.stat().st_mode & 0o777 for part in parts} == {0o600}
    assert json.loads((tmp_path / "log").read_text(encoding="utf-8").splitlines()[-1])["number"] == 19
    assert logs.file_error() is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_kept_for_telling_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(None, verbose=False)
    logs.add_file(Path("/dev/full"))
    logs.log_event("pass", {"exit_code": 0})
    error = logs.file_error()
    assert error is not None
    assert "No space left on device" in error.message
    assert capsys.readouterr().err == ""

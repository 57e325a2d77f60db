"""Where qbsf keeps its state, and whose that must be."""

import os
import stat
from pathlib import Path

import pytest

from qbsf.errors import ConfigError
from qbsf.files import exclusive, write_private
from qbsf.ownership import account_name
from qbsf.paths import ProfilePaths, keyring_lock, profile_paths

needs_posix = pytest.mark.skipif(os.name == "nt", reason="files have no POSIX modes there")
needs_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def paths(tmp_path: Path) -> ProfilePaths:
    return profile_paths("default", {"QBSF_STATE_DIR": str(tmp_path / "state")})


def test_each_profile_has_a_folder_under_the_one_the_environment_names(tmp_path: Path) -> None:
    found = profile_paths("acme", {"QBSF_STATE_DIR": str(tmp_path)})
    assert found.state == tmp_path / "acme" / "state.sqlite3"
    assert found.grant == tmp_path / "acme" / "grant.json"
    assert found.pass_lock == tmp_path / "acme" / "pass.lock"


def test_else_it_is_the_users_state_folder_for_qbsf() -> None:
    assert profile_paths("acme", {}).folder.parts[-2:] == ("qbsf", "acme")


@needs_posix
def test_the_folder_is_made_for_this_user_alone(paths: ProfilePaths) -> None:
    paths.prepare()
    assert stat.S_IMODE(paths.folder.stat().st_mode) == 0o700


@needs_posix
def test_a_folder_that_others_may_look_into_is_closed(paths: ProfilePaths) -> None:
    paths.folder.mkdir(parents=True)
    paths.folder.chmod(0o755)
    paths.prepare()
    assert stat.S_IMODE(paths.folder.stat().st_mode) == 0o700


def test_checking_makes_nothing(paths: ProfilePaths) -> None:
    paths.check()
    assert not paths.folder.parent.exists()


@needs_root
@pytest.mark.parametrize("name", ["state.sqlite3", "pass.lock"])
def test_a_file_of_another_owner_is_told_with_the_command_that_mends_it(paths: ProfilePaths, name: str) -> None:
    paths.prepare()
    foreign = paths.folder / name
    foreign.touch()
    os.chown(foreign, 1, -1)
    with pytest.raises(ConfigError) as caught:
        paths.prepare()
    assert caught.value.message == f"{foreign} belongs to daemon, not to root."
    assert "sudo -u daemon -H qbsf" in caught.value.todo


@needs_posix
def test_a_user_takes_back_what_root_left(paths: ProfilePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.prepare()
    owner = account_name(os.geteuid())
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(ConfigError, match=f"belongs to {owner}, not to 12345") as caught:
        paths.check()
    assert caught.value.todo == f"Take it back: sudo chown -R 12345 {paths.folder}"


def test_a_file_where_the_folder_should_be_is_told(paths: ProfilePaths) -> None:
    paths.folder.parent.write_text("")
    with pytest.raises(ConfigError, match=r"cannot be used: (Not a directory|File exists)"):
        paths.prepare()


@needs_posix
def test_a_folder_that_cannot_be_written_to_is_told(paths: ProfilePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="it may not be written to") as caught:
        paths.prepare()
    assert "QBSF_STATE_DIR" in caught.value.todo


def test_the_keyrings_lock_does_not_move_with_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    first = keyring_lock("default")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("QBSF_STATE_DIR", str(tmp_path / "elsewhere"))
    assert keyring_lock("default") == first == tmp_path / ".local" / "state" / "qbsf" / "refresh-default.lock"


def test_the_state_of_another_company_is_put_aside_with_its_journal(paths: ProfilePaths) -> None:
    paths.prepare()
    for suffix in ("", "-wal", "-shm"):
        paths.state.with_name(f"state.sqlite3{suffix}").write_text(f"old{suffix}")
    kept = paths.set_aside_state("9130350")
    assert kept == paths.folder / "state-9130350.sqlite3"
    assert not paths.state.exists()
    assert (paths.folder / "state-9130350.sqlite3-wal").read_text() == "old-wal"


def test_without_a_state_there_is_nothing_to_put_aside(paths: ProfilePaths) -> None:
    assert paths.set_aside_state("9130350") is None


@needs_posix
def test_a_private_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "grant.json"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "grant.json"
    write_private(path, "one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, "two")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_held_against_a_second_taker(tmp_path: Path) -> None:
    lock = tmp_path / "pass.lock"
    with exclusive(lock, 0.0), pytest.raises(TimeoutError), exclusive(lock, 0.0):
        pass
    with exclusive(lock, 0.0):
        assert lock.exists()

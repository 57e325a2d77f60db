"""The state is mostly a cache: lost or damaged it is rebuilt, a newer or a foreign one is refused untouched."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from program.installation import Installation
from program.passes import assert_idle, files_under, reason_of
from program.scenes import NOTHING, Scene, paid_scene

WON = "Closed Won"
NOBODY = 65534
AS_ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to give files away")


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all\n" * 400)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _almost_all_gone(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def _overwritten_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:40000] = b"\xa5" * 35000
    path.write_bytes(content)


def _zeroes(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def _without_a_table(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE opportunities")
    connection.commit()
    connection.close()


DAMAGES: dict[str, Callable[[Path], None]] = {
    damage.__name__.strip("_"): damage
    for damage in (_garbage, _truncated, _almost_all_gone, _overwritten_in_the_middle, _zeroes, _without_a_table)
}


def _settled_files(qbsf: Installation) -> Path:
    """The state file with everything in it, as after a clean end."""
    for beside in ("-wal", "-shm"):
        Path(f"{qbsf.state_path}{beside}").unlink(missing_ok=True)
    return qbsf.state_path


def _put_aside(qbsf: Installation) -> list[Path]:
    return [path for path in qbsf.state_path.parent.glob("*damaged*") if path.suffix == ".sqlite3"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_put_aside_and_rebuilt(qbsf: Installation, damage: str) -> None:
    scene, payment = paid_scene(qbsf)
    fresh = Scene(qbsf)
    fresh.pay()
    path = _settled_files(qbsf)
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    writes = scene.writes
    outcome = qbsf.sync(expect=(0, 1))
    if outcome.exit_code:  # damage that shows only where it is met: said in one line, and the next pass rebuilds
        assert outcome.json["error"]["code"] == "state"
        outcome = qbsf.sync()
    assert outcome.json["run"]["mode"] == "full"
    assert reason_of(outcome, fresh.deal) == ("updated", "paid")
    assert scene.writes == writes
    assert [aside.read_bytes() for aside in _put_aside(qbsf)] == [damaged]
    assert_idle(qbsf)
    # What cannot be rebuilt makes it cautious: it knows no more that the amount is its own.
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert (scene.amount, scene.stage) == ("1000.00", WON)


@pytest.mark.parametrize("damage", DAMAGES)
def test_status_and_a_dry_run_bear_a_damaged_state_and_leave_it_alone(qbsf: Installation, damage: str) -> None:
    paid_scene(qbsf)
    path = _settled_files(qbsf)
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    for words in (("status",), ("status", "--json"), ("sync", "--dry-run"), ("sync", "--dry-run", "--json")):
        done = qbsf.run(*words)
        assert done.exit_code in (0, 1), f"{words}: {done}"
        assert "unforeseen" not in (done.stdout + done.stderr).lower(), f"{words}: {done}"
        assert "Traceback" not in done.stderr
    assert path.read_bytes() == damaged
    assert qbsf.sync(expect=(0, 1)).exit_code in (0, 1)


@pytest.mark.parametrize("how", ["deleted", "empty"])
def test_a_state_that_is_gone_is_rebuilt_by_a_full_pass(qbsf: Installation, how: str) -> None:
    scene, _ = paid_scene(qbsf)
    partial = Scene(qbsf)
    partial.pay("10.00")
    qbsf.sync()
    path = _settled_files(qbsf)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"")
    writes = qbsf.all_writes()
    assert qbsf.sync().json["run"]["mode"] == "full"
    assert qbsf.all_writes() == writes
    assert_idle(qbsf)
    partial.pay()
    assert partial.sync() == ("updated", "paid")
    assert (scene.stage, partial.stage) == (WON, WON)
    qbsf.settled()


def test_without_its_memory_qbsf_moves_no_stage_that_it_may_have_moved_before(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    scene.edit(StageName="Prospecting")
    _settled_files(qbsf).unlink()
    assert scene.sync() == ("skipped", "reopened")
    assert (scene.stage, scene.waits) == ("Prospecting", "reopened")
    qbsf.settled()


def test_without_its_memory_qbsf_empties_no_amount(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    _settled_files(qbsf).unlink()
    qbsf.books.delete_payment(payment)
    scene.sync()
    assert (scene.amount, scene.stage) == ("1000.00", WON)
    scene.sync("--full")
    assert scene.amount == "1000.00"


def test_a_copy_of_the_state_lies_beside_it_and_can_take_its_place(qbsf: Installation) -> None:
    paid_scene(qbsf)
    copy = qbsf.state_path.with_name("state.copy.sqlite3")
    assert copy.exists()
    _settled_files(qbsf).write_bytes(copy.read_bytes())
    writes = qbsf.all_writes()
    qbsf.sync()
    assert qbsf.all_writes() == writes
    qbsf.settled()


@pytest.mark.parametrize(
    "words", [("sync",), ("sync", "--dry-run"), ("sync", "--full"), ("sync", "--invoice", "1"), ("status",)]
)
def test_a_state_of_a_newer_qbsf_is_refused_untouched(qbsf: Installation, words: tuple[str, ...]) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    path = _settled_files(qbsf)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA user_version = 4711")
    connection.close()
    newer, before = path.read_bytes(), qbsf.requests()
    done = qbsf.run(*words)
    assert done.exit_code == 2
    assert "newer" in done.stderr
    assert done.stderr.count("\n") == 1
    assert path.read_bytes() == newer
    assert _put_aside(qbsf) == []
    assert qbsf.requests() == before
    assert scene.facts != NOTHING


def test_a_state_folder_that_cannot_be_written_is_a_clear_line(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    before = qbsf.requests()
    in_the_way = qbsf.home / "a file"
    in_the_way.write_text("")
    for folder in ("/proc/qbsf", str(in_the_way / "below")):
        qbsf.extra_environment = {"QBSF_STATE_DIR": folder}
        done = qbsf.run("sync")
        assert done.exit_code == 2, done
        assert folder in done.stderr
        assert done.stderr.count("\n") == 1
    assert (scene.writes, qbsf.requests()) == (0, before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_folder_that_may_only_be_read_is_a_clear_line(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    folder = qbsf.state_path.parent
    folder.chmod(0o500)
    try:
        done = qbsf.run("sync")
    finally:
        folder.chmod(0o700)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert scene.amount == "1000.00"


@AS_ROOT
@pytest.mark.parametrize("name", ["state.sqlite3", "pass.lock", ""])
def test_a_state_of_another_owner_is_refused_with_the_command_that_mends_it(qbsf: Installation, name: str) -> None:
    paid_scene(qbsf)
    path = qbsf.state_path.parent / name
    os.chown(path, NOBODY, NOBODY)
    kept, before = files_under(qbsf.home / "state"), qbsf.requests()
    for words in (("sync",), ("status",)):
        done = qbsf.run(*words)
        assert done.exit_code == 2, done
        assert str(path) in done.stderr
        assert "sudo" in done.stderr
    assert (files_under(qbsf.home / "state"), qbsf.requests()) == (kept, before)


@AS_ROOT
def test_root_does_not_run_with_another_users_configuration(qbsf: Installation) -> None:
    paid_scene(qbsf)
    os.chown(qbsf.config_path, NOBODY, NOBODY)
    before = qbsf.requests()
    done = qbsf.run("sync")
    assert done.exit_code == 2
    assert "sudo -u" in done.stderr
    assert qbsf.requests() == before

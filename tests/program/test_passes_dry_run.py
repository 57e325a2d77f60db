"""`--dry-run`: plans and shows; takes no lock, writes no state, sends no write (rules.md section 5)."""

from filelock import FileLock
from program.installation import Installation
from program.passes import files_under, reason_of
from program.scenes import Scene, later, paid_scene


def _busy_world(qbsf: Installation) -> list[Scene]:
    """One deal to win, one to take back, one partially paid, one to link, one in doubt."""
    taken_back, payment = paid_scene(qbsf)
    scenes = [Scene(qbsf) for _ in range(3)]
    qbsf.books.void_payment(payment)
    scenes[0].pay()
    scenes[1].pay("10.00")
    scenes[2].edit(QB_Invoice_ID__c="987654", QB_Invoice_Number__c=None)
    return [taken_back, *scenes]


def _without_sqlites_own(files: dict[str, bytes]) -> dict[str, bytes]:
    """Whoever reads a database in WAL mode leaves an empty log and an index beside it."""
    return {name: body for name, body in files.items() if not name.endswith("-shm") and (body or "-wal" not in name)}


def test_a_dry_run_writes_no_state_and_sends_no_write(qbsf: Installation) -> None:
    scenes = _busy_world(qbsf)
    for words in ((), ("--full",), ("--allow-large",)):
        kept, writes, before = files_under(qbsf.home), qbsf.all_writes(), len(qbsf.sandbox.network.log)
        outcome = qbsf.sync("--dry-run", *words)
        assert outcome.json["run"]["dry_run"] is True
        assert [reason_of(outcome, scene.deal) for scene in scenes] == [
            ("updated", "reversed"),
            ("updated", "paid"),
            ("updated", "partially_paid"),
            ("skipped", "unknown_invoice"),
        ]
        assert _without_sqlites_own(files_under(qbsf.home)) == _without_sqlites_own(kept)
        assert qbsf.all_writes() == writes
        methods = {entry.method for entry in qbsf.sandbox.network.log.entries("salesforce", token=False)[before:]}
        assert methods <= {"GET"}
    # What it showed is what the pass does.
    outcome = qbsf.sync()
    assert reason_of(outcome, scenes[0].deal) == ("updated", "reversed")
    assert reason_of(outcome, scenes[1].deal) == ("updated", "paid")
    qbsf.settled()


def test_a_dry_run_before_the_first_pass_leaves_no_state_behind(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    assert reason_of(qbsf.sync("--dry-run"), scene.deal) == ("updated", "paid")
    # The login that it needed is remembered with the grant, as any login is.
    assert {name for name in files_under(qbsf.state_path.parent) if not name.startswith("grant.json")} == set()
    assert scene.writes == 0
    assert qbsf.sync().json["run"]["mode"] == "full"


def test_a_dry_run_moves_no_watermark(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    later(qbsf, hours=2)
    scene.pay()
    qbsf.sync("--dry-run")
    later(qbsf, hours=2)
    qbsf.sync("--dry-run")
    assert scene.sync() == ("updated", "paid")


def test_a_dry_run_takes_no_lock_and_waits_for_none(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    scene.edit(QB_Payment_Reference__c=None)
    lock = FileLock(qbsf.state_path.with_name("pass.lock"))
    with lock:
        assert qbsf.sync(expect=5).json["error"]["code"] == "busy"
        assert reason_of(qbsf.sync("--dry-run"), scene.deal)[0] == "updated"


def test_a_dry_run_off_a_terminal_prints_what_it_would_do(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay(reference="R-77")
    done = qbsf.run("sync", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Closed Won" in done.stdout
    assert "R-77" in done.stdout
    assert scene.writes == 0


def test_a_dry_run_neither_tells_nor_forgets_what_waits_for_a_person(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.edit(QB_Invoice_ID__c="987654", QB_Invoice_Number__c=None)
    qbsf.sync("--dry-run")
    assert qbsf.attention() == {}
    qbsf.sync()
    scene.edit(QB_Invoice_ID__c=scene.invoice)
    qbsf.sync("--dry-run")
    assert qbsf.attention() == {scene.deal: "unknown_invoice"}

"""The local state is deleted in between (rules.md sections 4 and 5): cautious, never bold."""

from program.installation import Installation
from program.scenes import NOTHING, TELLING, Scene, paid_scene

OPEN = "Proposal and Agreement"
WON = "Closed Won"


def lose_state(qbsf: Installation) -> None:
    """The state file and its copies are deleted; what `auth` left stays."""
    folder = qbsf.state_path.parent
    for path in folder.iterdir():
        if path.name.startswith("state"):
            path.unlink()
    assert not qbsf.state_path.exists()


def test_a_won_deal_is_in_step_and_nothing_is_written(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    writes = scene.writes
    lose_state(qbsf)
    assert scene.sync() == ("unchanged", "in_step")
    assert (scene.stage, scene.writes) == (WON, writes)
    qbsf.settled()


def test_what_was_paid_in_between_wins_the_deal(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay("400.00")
    scene.sync()
    lose_state(qbsf)
    scene.pay(date="2026-03-09", reference="R-2")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.facts) == (WON, ("1000.00", "2026-03-09", "Check", "R-1, R-2"))
    qbsf.settled()


def test_a_reopened_deal_is_not_won_again(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    scene.edit(StageName=OPEN)
    lose_state(qbsf)
    assert scene.sync() == ("skipped", "reopened")
    assert (scene.stage, scene.waits) == (OPEN, "reopened")
    qbsf.settled()
    qbsf.books.edit_payment(payment, reference="R-2")
    assert scene.sync() == ("updated", "reopened")
    qbsf.settled()
    assert (scene.stage, scene.facts[3], scene.waits) == (OPEN, "R-2", "reopened")


def test_a_payment_taken_back_in_between_is_not_taken_from_the_deal(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene, payment = paid_scene(qbsf)
    told, writes = scene.facts, scene.writes
    lose_state(qbsf)
    qbsf.books.delete_payment(payment)
    scene.sync()
    qbsf.settled()
    assert (scene.stage, scene.facts, scene.writes) == (WON, told, writes)


def test_a_payment_lowered_in_between_waits_for_a_person(qbsf: Installation) -> None:
    qbsf.configure(stages={"reversed": "Negotiation/Review"})
    scene, payment = paid_scene(qbsf)
    told = scene.facts
    lose_state(qbsf)
    qbsf.books.edit_payment(payment, amount="600.00", invoices={scene.invoice: "600.00"})
    assert scene.sync() == ("skipped", "not_ours")
    assert (scene.stage, scene.facts, scene.waits) == (WON, told, "not_ours")
    qbsf.settled()


def test_a_deal_that_was_not_yet_due_is_won_when_it_is_paid(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.sync()
    lose_state(qbsf)
    scene.sync()
    assert (scene.stage, scene.writes) == (OPEN, 0)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert scene.stage == WON
    qbsf.settled()


def test_a_deal_taken_back_and_reopened_is_not_touched(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.delete_payment(payment)
    scene.sync()
    lose_state(qbsf)
    writes = scene.writes
    scene.sync()
    assert (scene.stage, scene.facts, scene.writes) == (WON, NOTHING, writes)
    qbsf.settled()


def test_a_deal_whose_partial_payment_was_told_is_not_moved_to_its_stage_again(qbsf: Installation) -> None:
    qbsf.configure(stages={"partially_paid": "Negotiation/Review"})
    scene = Scene(qbsf)
    scene.pay("400.00")
    scene.sync()
    scene.edit(StageName="Qualification")
    lose_state(qbsf)
    scene.sync()
    assert (scene.stage, scene.amount) == ("Qualification", "400.00")
    qbsf.settled()


def test_a_damaged_state_is_put_aside_and_built_anew(qbsf: Installation) -> None:
    scene, _ = paid_scene(qbsf)
    writes = scene.writes
    qbsf.state_path.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    for _ in range(2):
        qbsf.sync(expect=(0, 1))
    assert scene.sync("--full") == ("unchanged", "in_step")
    assert (scene.stage, scene.writes) == (WON, writes)
    assert [path for path in qbsf.state_path.parent.iterdir() if "damaged" in path.name]


def test_a_persons_telling_of_a_whole_payment_keeps_the_stage_also_when_the_payment_changes(
    qbsf: Installation,
) -> None:
    scene = Scene(qbsf, QB_Payment_Method__c="Check", QB_Payment_Reference__c="R-1", **TELLING)
    payment = scene.pay()
    assert scene.sync() == ("skipped", "reopened")
    qbsf.books.edit_payment(payment, reference="R-2")
    assert scene.sync() == ("updated", "reopened")
    qbsf.settled()
    assert (scene.stage, scene.waits) == (OPEN, "reopened")

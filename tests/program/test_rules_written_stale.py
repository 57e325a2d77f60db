"""Rows read more than 30 seconds before they are written are read again (rules.md section 4, last bullet).

The qbsf process gets a clock that jumps when the test says so; nobody waits.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from program.installation import Installation
from program.scenes import NOTHING, QUIET, Scene

from qbsf.sandbox.exchange import Request

OPEN = "Proposal and Agreement"
WON = "Closed Won"
LOST = "Closed Lost"
AMOUNT = "QB_Payment_Amount__c"
HURRIED = """\
import pathlib
import qbsf.clock

leap = pathlib.Path({leap!r})
plain = qbsf.clock.SystemClock.monotonic
qbsf.clock.SystemClock.monotonic = lambda clock: plain(clock) + float(leap.read_text())
"""
Edit = Callable[[Scene], None]


class Meanwhile:
    """What happens while a pass runs: 40 seconds go by, and a person is at work."""

    def __init__(self, qbsf: Installation, folder: Path) -> None:
        self._qbsf = qbsf
        self._leap = folder / "leap"
        self._leap.write_text("0")
        (folder / "sitecustomize.py").write_text(HURRIED.format(leap=str(self._leap)))
        qbsf.extra_environment["PYTHONPATH"] = str(folder)

    def after(self, service: str, match: str, edit: Callable[[], None]) -> None:
        """After the next such request, 40 seconds go by in which `edit` is done."""

        def act(_request: Request) -> None:
            edit()
            # Renamed into place: the pass reads it at any time.
            following = self._leap.with_suffix(".new")
            following.write_text(str(float(self._leap.read_text()) + 40))
            following.replace(self._leap)

        self._qbsf.sandbox.faults.add(service, "hook_after", match, hook=act)


@pytest.fixture
def meanwhile(qbsf: Installation, tmp_path: Path) -> Meanwhile:
    folder = tmp_path / "hurried"
    folder.mkdir()
    return Meanwhile(qbsf, folder)


def test_a_deal_lost_by_hand_during_a_long_pass_stays_lost(qbsf: Installation, meanwhile: Meanwhile) -> None:
    scene = Scene(qbsf)
    scene.pay()
    meanwhile.after("quickbooks", "from Payment ", lambda: scene.edit(StageName=LOST))
    assert scene.sync() == ("skipped", "closed_lost")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (LOST, NOTHING, 0, "closed_lost")
    assert not qbsf.sandbox.faults.pending()
    qbsf.settled()


def test_a_deal_lost_by_hand_during_an_incremental_pass_stays_lost(qbsf: Installation, meanwhile: Meanwhile) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    scene.pay()
    meanwhile.after("quickbooks", "/cdc", lambda: scene.edit(StageName=LOST))
    assert scene.sync() == ("skipped", "closed_lost")
    assert (scene.stage, scene.facts, scene.writes) == (LOST, NOTHING, 0)
    qbsf.settled()


def test_an_amount_entered_during_a_long_pass_is_not_lowered(qbsf: Installation, meanwhile: Meanwhile) -> None:
    scene = Scene(qbsf)
    scene.pay()
    meanwhile.after("quickbooks", "from Payment ", lambda: scene.edit(**{AMOUNT: "5000.00"}))
    assert scene.sync() == ("skipped", "not_ours")
    assert (scene.stage, scene.amount, scene.writes) == (OPEN, "5000.00", 0)
    qbsf.settled()


def test_a_deal_won_by_hand_during_a_long_pass_keeps_its_stage(qbsf: Installation, meanwhile: Meanwhile) -> None:
    qbsf.org.add_stage("Won by Hand", closed=True, won=True)
    scene = Scene(qbsf)
    scene.pay()
    meanwhile.after("quickbooks", "from Payment ", lambda: scene.edit(StageName="Won by Hand"))
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount) == ("Won by Hand", "1000.00")
    qbsf.settled()


def test_a_deal_deleted_during_a_long_pass_is_no_error(qbsf: Installation, meanwhile: Meanwhile) -> None:
    scene, other = Scene(qbsf), Scene(qbsf)
    scene.pay()
    other.pay()
    meanwhile.after("quickbooks", "from Payment ", lambda: qbsf.org.delete(scene.deal))
    assert scene.sync() == QUIET
    assert (other.stage, scene.waits) == (WON, None)
    qbsf.settled()


def test_a_link_cleared_during_a_long_pass_is_no_link(qbsf: Installation, meanwhile: Meanwhile) -> None:
    scene = Scene(qbsf)
    scene.pay()
    meanwhile.after("quickbooks", "from Payment ", lambda: scene.edit(QB_Invoice_ID__c=None, QB_Invoice_Number__c=None))
    assert scene.sync() == QUIET
    assert (scene.stage, scene.facts, scene.writes) == (OPEN, NOTHING, 0)
    qbsf.settled()


def test_a_deal_lost_by_hand_while_others_are_written_stays_lost(qbsf: Installation, meanwhile: Meanwhile) -> None:
    qbsf.configure(sync={"max_wins": 0, "max_changes": 0})
    invoices = qbsf.books.bulk_seed(2001, amount="10.00")
    deals = qbsf.org.bulk_seed(2001, fields=lambda n: {"QB_Invoice_ID__c": invoices[n]})
    last = max(deals)
    meanwhile.after("salesforce", "PATCH ", lambda: qbsf.org.edit(last, StageName=LOST))
    assert qbsf.sync().record(last)["reason"] == "closed_lost"
    assert (qbsf.stage(last), qbsf.payment_fields(last), qbsf.writes(last)) == (LOST, NOTHING, 0)
    assert [qbsf.stage(deal) for deal in deals if deal != last] == [WON] * 2000
    qbsf.settled()


def test_rows_that_were_just_read_are_not_read_again(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    scene.pay()
    outcome = qbsf.sync()
    assert outcome.record(scene.deal)["reason"] == "paid"
    asked = [each.target for each in qbsf.sandbox.network.log.entries("salesforce", token=False)][-3:]
    assert [("OpportunityStage" in target, "composite" in target) for target in asked] == [
        (False, False),  # what changed since the last pass
        (True, False),
        (False, True),
    ]

"""A profile is one company with one org: it remembers both and refuses others (rules.md section 5)."""

import json
from pathlib import Path

import pytest
from program.installation import Installation
from program.passes import won, world
from program.scenes import paid_scene

from qbsf.sandbox.salesforce import OrgOptions
from qbsf.sandbox.world import Sandbox

PRODUCTION = OrgOptions(edition="Enterprise Edition")


def _forget_session(qbsf: Installation) -> None:
    """Take the kept Salesforce session out of the keyring: the next pass logs in."""
    keyring = qbsf.home / "keyring.json"
    entries = json.loads(keyring.read_text())
    del entries["qbsf"]["default:salesforce.session"]
    keyring.write_text(json.dumps(entries))


def test_another_company_is_refused_and_nothing_is_written(qbsf: Installation) -> None:
    scene, payment = paid_scene(qbsf)
    home = qbsf.books.realm_id
    qbsf.books.settings.realm_id = "1234567890"
    qbsf.authorize()
    qbsf.books.void_payment(payment)
    writes = qbsf.all_writes()
    for words in ((), ("--full",), ("--dry-run",), ("--invoice", scene.invoice)):
        outcome = qbsf.sync(*words, expect=2)
        assert home in outcome.json["error"]["message"]
        assert "1234567890" in outcome.json["error"]["message"]
    assert qbsf.all_writes() == writes
    qbsf.books.settings.realm_id = home
    qbsf.authorize()
    assert scene.sync() == ("updated", "reversed")


@pytest.mark.parametrize("how", ["no session is kept", "the kept session has ended"])
def test_another_org_is_refused_and_nothing_is_written(qbsf: Installation, how: str) -> None:
    scene, payment = paid_scene(qbsf)
    qbsf.books.void_payment(payment)
    writes = qbsf.all_writes()
    home = qbsf.org.organization_id
    foreign = "00D8d000009XXXXEAI"
    qbsf.org.sessions.end_all()
    if how == "no session is kept":
        _forget_session(qbsf)
    qbsf.org._login._organization_id = foreign
    outcome = qbsf.sync(expect=2)
    assert foreign in outcome.json["error"]["message"]
    assert qbsf.all_writes() == writes
    qbsf.org._login._organization_id = home
    _forget_session(qbsf)
    assert scene.sync() == ("updated", "reversed")


def test_a_quickbooks_sandbox_does_not_write_to_a_production_org(tmp_path: Path) -> None:
    with world(Sandbox(org=PRODUCTION), tmp_path) as qbsf:
        invoice = qbsf.books.bulk_seed(1)[0]
        deal = qbsf.deal(invoice=invoice)
        for words in ((), ("--full",), ("--dry-run",), ("--invoice", f"id:{invoice}")):
            outcome = qbsf.sync(*words, expect=2)
            assert outcome.json["error"]["code"] == "sandbox_to_production"
            assert "allow_sandbox_to_production" in outcome.json["error"]["todo"]
        assert qbsf.all_writes() == 0
        qbsf.configure(sync={"allow_sandbox_to_production": True})
        qbsf.sync()
        assert won(qbsf, deal)


@pytest.mark.parametrize(
    "options",
    [
        OrgOptions(edition="Developer Edition"),
        OrgOptions(edition="Enterprise Edition", host="acme--dev.sandbox.my.salesforce.com"),
    ],
    ids=["a Developer Edition", "a sandbox"],
)
def test_a_quickbooks_sandbox_writes_to_an_org_for_trials(tmp_path: Path, options: OrgOptions) -> None:
    with world(Sandbox(org=options), tmp_path) as qbsf:
        deal = qbsf.deal(invoice=qbsf.books.bulk_seed(1)[0])
        qbsf.sync()
        assert won(qbsf, deal)


def test_where_the_company_field_is_set_a_profile_sees_only_its_own_deals(qbsf: Installation) -> None:
    qbsf.org.add_field("QB_Company__c", "Text", 40)
    qbsf.configure(fields={"company": "QB_Company__c"})
    invoice = qbsf.books.bulk_seed(1)[0]
    ours = qbsf.deal("ours", invoice=invoice, QB_Company__c=qbsf.books.realm_id)
    theirs = qbsf.deal("theirs", invoice=invoice, QB_Company__c="1234567890")
    nobodys = qbsf.deal("nobody's", invoice=invoice)
    outcome = qbsf.sync("-v")
    assert {each["opportunity_id"] for each in outcome.records} == {ours}
    assert [won(qbsf, deal) for deal in (ours, theirs, nobodys)] == [True, False, False]
    qbsf.settled()

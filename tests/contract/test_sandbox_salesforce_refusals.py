"""Records the simulated org refuses to save, and how it says so (samples/salesforce/errors.json)."""

from decimal import Decimal

import pytest
from contract.org_client import SAMPLES, OrgClient, recorded_errors

needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
OPPORTUNITY = {"type": "Opportunity"}


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


@pytest.fixture
def deal(client: OrgClient) -> str:
    account = client.org.add_account("Acme")
    return client.org.add_opportunity("Deal", account=account, amount="2750")


def test_read_only_fields_are_refused(client: OrgClient, deal: str) -> None:
    client.org.set_field_access("QB_Payment_Date__c", editable=False)
    error = client.refused(deal, QB_Payment_Date__c="2026-11-21")
    assert error["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error["fields"] == ["QB_Payment_Date__c"]
    if SAMPLES.exists():
        assert error["message"] == recorded_errors()["INVALID_FIELD_FOR_INSERT_UPDATE"]["message"]


def test_a_hidden_field_is_no_column(client: OrgClient, deal: str) -> None:
    client.org.set_field_access("QB_Payment_Date__c", visible=False)
    reply = client.update({"id": deal, "QB_Payment_Date__c": "2026-11-21"})
    text = "No such column 'QB_Payment_Date__c' on sobject of type Opportunity"
    assert (reply.status, reply.error["message"]) == (400, text)


def test_a_text_that_does_not_fit_is_refused(client: OrgClient, deal: str) -> None:
    client.org.alter_field("QB_Payment_Method__c", length=5)
    error = client.refused(deal, QB_Payment_Method__c="Cheque")
    assert error["statusCode"] == "STRING_TOO_LONG"
    assert str(error["message"]).endswith("data value too large: Cheque (max length=5)")
    assert error["fields"] == ["QB_Payment_Method__c"]
    client.saved(deal, QB_Payment_Method__c="Check ")


def test_a_restricted_picklist_takes_only_its_active_values(client: OrgClient, deal: str) -> None:
    client.org.alter_field("StageName", restricted=True)
    client.org.deactivate_stage("Qualification")
    for value in ("Gewonnen", "Qualification"):
        error = client.refused(deal, StageName=value)
        assert error["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        assert error["message"] == f"Stage: bad value for restricted picklist field: {value}"
    client.saved(deal, StageName="Closed Won")


def test_a_unique_value_is_refused_twice(client: OrgClient, deal: str) -> None:
    client.org.add_field("Key__c", unique=True)
    other = client.org.add_opportunity("Other", Key__c="INV-1")
    error = client.refused(deal, Key__c="inv-1")
    assert error["statusCode"] == "DUPLICATE_VALUE"
    assert error["message"] == f"duplicate value found: Key__c duplicates value on record with id: {other[:15]}"
    client.org.delete(other)
    client.saved(deal, Key__c="inv-1")


def test_a_number_too_large_is_refused(client: OrgClient, deal: str) -> None:
    assert client.refused(deal, QB_Payment_Amount__c=10**17)["statusCode"] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_a_required_field_cannot_be_emptied(client: OrgClient, deal: str) -> None:
    error = client.refused(deal, StageName=None)
    assert (error["statusCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", ["StageName"])


def test_an_id_of_another_object_is_refused(client: OrgClient, deal: str) -> None:
    account = str(client.org.get(deal)["AccountId"])
    error = client.refused(account, NextStep="x")
    assert error["statusCode"] == "MALFORMED_ID"
    assert error["message"] == f"Opportunity ID: id value of incorrect type: {account}"
    assert client.refused(deal, AccountId=deal)["statusCode"] == "MALFORMED_ID"
    assert client.refused(deal, AccountId="001000000000000AAA")["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_a_deleted_a_missing_and_an_unshared_deal_are_refused(client: OrgClient, deal: str) -> None:
    hidden = client.org.add_opportunity("Hidden")
    client.org.hide(hidden)
    assert client.refused(hidden, NextStep="x")["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert client.refused("006000000000000AAA", NextStep="x")["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    client.org.delete(deal)
    assert client.refused(deal, NextStep="x")["statusCode"] == "ENTITY_IS_DELETED"


def test_a_deal_shared_to_read_only_is_refused(client: OrgClient, deal: str) -> None:
    client.org.share(deal, read_only=True)
    assert client.refused(deal, NextStep="x")["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    client.org.share(deal)
    client.saved(deal, NextStep="x")


def test_a_validation_rule_refuses_and_can_be_removed(client: OrgClient, deal: str) -> None:
    client.org.add_field("Win_Reason__c")
    rule = client.org.require_on_win("Win_Reason__c")
    error = client.refused(deal, StageName="Closed Won")
    assert (error["statusCode"], error["fields"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Win_Reason__c"])
    client.saved(deal, StageName="Closed Won", Win_Reason__c="Invoice paid")
    client.org.remove_validation_rule(rule)
    client.saved(deal, Win_Reason__c=None)


def test_an_approval_lock_holds_the_api_and_not_people(client: OrgClient, deal: str) -> None:
    client.org.lock_for_approval(deal)
    assert client.refused(deal, NextStep="x")["message"] == "the entity is locked for editing"
    client.org.edit(deal, NextStep="by hand")
    client.org.lock_for_approval(deal, locked=False)
    client.saved(deal, NextStep="x")


def test_a_row_lock_on_the_account_lasts_for_so_many_requests(client: OrgClient, deal: str) -> None:
    account = str(client.org.get(deal)["AccountId"])
    sibling = client.org.add_opportunity("Sibling", account=account)
    client.org.lock_rows(account, tries=2)
    for _ in range(2):
        entries = client.update({"id": deal}, {"id": sibling}).entries
        assert [one["success"] for one in entries] == [False, False]
        assert "UNABLE_TO_LOCK_ROW" in str(entries)
    assert [one["success"] for one in client.update({"id": deal}, {"id": sibling}).entries] == [True, True]


def test_a_server_fault_hits_one_record(client: OrgClient, deal: str) -> None:
    other = client.org.add_opportunity("Other")
    client.org.fail_saves(deal)
    entries = client.update({"id": deal}, {"id": other}).entries
    assert [one["success"] for one in entries] == [False, True]
    assert "UNKNOWN_EXCEPTION" in str(entries[0])
    client.saved(deal)


def test_one_failing_flow_fails_its_chunk_and_half_the_chunk_passes(client: OrgClient, deal: str) -> None:
    poison = client.org.add_opportunity("Poison")
    client.org.add_failing_flow(lambda row: row["Name"] == "Poison" and row["IsWon"] is True)
    both = client.update({"id": deal, "StageName": "Closed Won"}, {"id": poison, "StageName": "Closed Won"}).entries
    assert [one["success"] for one in both] == [False, False]
    assert str(both).count("CANNOT_EXECUTE_FLOW_TRIGGER") == 2
    assert client.org.get(deal)["IsWon"] is False
    client.saved(deal, StageName="Closed Won")
    client.org.remove_flows()
    client.saved(poison, StageName="Closed Won")


def test_a_flow_changes_a_value_back(client: OrgClient, deal: str) -> None:
    client.org.add_reverting_flow("QB_Payment_Amount__c", times=1)
    client.saved(deal, QB_Payment_Amount__c=100)
    assert client.org.get(deal)["QB_Payment_Amount__c"] is None
    assert [one.by for one in client.org.history(deal)[1:]] == ["Integration User", "Flow User"]
    assert client.query("SELECT LastModifiedBy.Name FROM Opportunity").records[0]["LastModifiedBy"] is not None
    client.saved(deal, QB_Payment_Amount__c=100)
    assert client.org.get(deal)["QB_Payment_Amount__c"] == Decimal("100.00")

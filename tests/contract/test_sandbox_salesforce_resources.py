"""Record, collection and composite resources of the simulated org (salesforce.md section 2)."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from contract.org_client import SAMPLES, OrgClient, sample

needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
OPPORTUNITY = {"type": "Opportunity"}


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


@pytest.fixture
def deal(client: OrgClient) -> str:
    account = client.org.add_account("Acme")
    return client.org.add_opportunity("Deal", account=account, amount="2750")


def test_results_stand_in_the_order_of_the_request(client: OrgClient, deal: str) -> None:
    client.org.require_on_win("NextStep")
    other = client.org.add_opportunity("Other")
    entries = client.update(
        {"id": deal, "QB_Payment_Method__c": "Check"},
        {"id": other, "StageName": "Closed Won"},
        {"Id": other[:15], "QB_Payment_Method__c": "Cash"},
    ).entries
    assert [one["success"] for one in entries] == [True, False, True]
    assert "id" not in entries[1]
    assert entries[2]["id"] == other


@needs_samples
def test_collection_answers_have_the_recorded_shapes(client: OrgClient, deal: str) -> None:
    client.org.add_validation_rule(
        lambda row: row["IsWon"] is True, "Loss reason must be cleared before winning", fields=()
    )
    good, bad = client.update({"id": deal}, {"id": deal, "StageName": "Closed Won"}).entries
    recorded = sample("collection_update_response_mixed.json")
    assert isinstance(recorded, list)
    assert good == {**recorded[0], "id": deal}
    assert bad == recorded[1]
    halted = client.update({"id": deal}, {"id": deal, "StageName": "Closed Won"}, all_or_none=True).entries[0]
    all_or_none = sample("collection_response_all_or_none_true.json")
    assert isinstance(all_or_none, list)
    assert halted == all_or_none[1]


def test_all_or_none_takes_everything_back(client: OrgClient, deal: str) -> None:
    entries = client.update({"id": deal, "NextStep": "Call"}, {"id": deal, "IsWon": True}, all_or_none=True).entries
    assert [one["success"] for one in entries] == [False, False]
    assert client.org.get(deal)["NextStep"] is None
    assert client.org.api_saves() == []


def test_every_record_may_fail_and_the_answer_is_still_200(client: OrgClient, deal: str) -> None:
    reply = client.update({"id": deal, "IsWon": True}, {"NextStep": "no id"})
    assert reply.status == 200
    assert [one["success"] for one in reply.entries] == [False, False]


def test_more_than_200_records_are_refused(client: OrgClient, deal: str) -> None:
    assert client.update(*[{"id": deal}] * 200).status == 200
    reply = client.update(*[{"id": deal}] * 201)
    assert (reply.status, reply.error["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_more_than_ten_chunks_are_refused(client: OrgClient, deal: str) -> None:
    account = str(client.org.get(deal)["AccountId"])
    pair = [{"attributes": OPPORTUNITY, "id": deal}, {"attributes": {"type": "Account"}, "id": account}]
    assert client.send("PATCH", "/composite/sobjects", {"records": pair * 5}).status == 200
    assert client.send("PATCH", "/composite/sobjects", {"records": pair * 6}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"records": "x"},
        {"records": [{"id": "0065500000KQ12XAAT"}]},
        {"records": [{"attributes": {"type": "Nothing"}}]},
    ],
)
def test_a_malformed_collection_is_refused_as_a_whole(client: OrgClient, body: object) -> None:
    assert client.send("PATCH", "/composite/sobjects", body).status == 400


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("Nothing__c", "x", "INVALID_FIELD"),
        ("QB_Payment_Date__c", "21.11.2026", "JSON_PARSER_ERROR"),
        ("QB_Payment_Amount__c", "12,50", "JSON_PARSER_ERROR"),
        ("QB_Payment_Amount__c", True, "JSON_PARSER_ERROR"),
        ("Name", 5, "JSON_PARSER_ERROR"),
        ("Name", {"a": 1}, "JSON_PARSER_ERROR"),
    ],
)
def test_an_unknown_column_or_wrong_json_type_fails_the_whole_request(
    client: OrgClient, deal: str, field: str, value: object, code: str
) -> None:
    reply = client.update({"id": deal, "NextStep": "Call"}, {"id": deal, field: value})
    assert (reply.status, reply.error["errorCode"]) == (400, code)
    assert client.org.api_saves() == []


def test_records_are_read_by_position(client: OrgClient, deal: str) -> None:
    hidden = client.org.add_opportunity("Hidden")
    client.org.hide(hidden)
    body = {"ids": [deal, hidden, "006000000000000AAA"], "fields": ["Name", "Account.Name"]}
    rows = client.send("POST", "/composite/sobjects/Opportunity", body).entries
    assert rows[1:] == [None, None]
    assert rows[0]["Name"] == "Deal"
    rows = client.send("GET", f"/composite/sobjects/Opportunity?ids={deal},{hidden}&fields=Id,Name").entries
    assert rows[0]["Id"] == deal
    assert rows[1] is None


def test_records_are_created_and_deleted_in_bulk(client: OrgClient) -> None:
    new = {"attributes": OPPORTUNITY, "Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    created = client.send("POST", "/composite/sobjects", {"records": [new, {"attributes": OPPORTUNITY}]}).entries
    assert [one["success"] for one in created] == [True, False]
    deleted = client.send("DELETE", f"/composite/sobjects?ids={created[0]['id']}").entries
    assert deleted[0]["success"] is True
    assert client.names("SELECT Name FROM Opportunity") == []


def test_one_record_is_created_read_changed_and_deleted(client: OrgClient) -> None:
    new = {"Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    created = client.send("POST", "/sobjects/Opportunity", new)
    assert created.status == 201
    record_id = created.document["id"]
    assert created.body == {"id": record_id, "success": True, "errors": []}
    path = f"/sobjects/Opportunity/{record_id}"
    assert client.send("PATCH", path, {"NextStep": "Call"}).status == 204
    row = client.send("GET", path).document
    assert (row["NextStep"], row["Amount"]) == ("Call", None)
    assert list(client.send("GET", f"{path}?fields=Name").document) == ["attributes", "Name"]
    assert client.send("DELETE", path).status == 204
    gone = client.send("GET", path)
    assert (gone.status, gone.error["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_a_missing_or_unshared_record_is_not_found(client: OrgClient, deal: str) -> None:
    client.org.hide(deal)
    for record_id in (deal, "006000000000000AAA", "nonsense"):
        reply = client.send("PATCH", f"/sobjects/Opportunity/{record_id}", {"NextStep": "x"})
        assert (reply.status, reply.error["errorCode"]) == (404, "NOT_FOUND")


def test_a_single_refusal_has_an_error_code(client: OrgClient, deal: str) -> None:
    client.org.add_validation_rule(lambda _row: True, "No")
    reply = client.send("PATCH", f"/sobjects/Opportunity/{deal}", {"NextStep": "x"})
    expected = {"message": "No", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}
    assert (reply.status, reply.error) == (400, expected)


def test_a_conditional_update_is_refused_once_the_record_changed(client: OrgClient, deal: str) -> None:
    read_at = format_datetime(client.clock.now(), usegmt=True)
    path = f"/sobjects/Opportunity/{deal}"
    guarded = {"if-unmodified-since": read_at}
    assert client.send("PATCH", path, {"NextStep": "a"}, headers=guarded).status == 204
    client.clock.advance(timedelta(seconds=5))
    client.org.edit(deal, NextStep="b")
    reply = client.send("PATCH", path, {"NextStep": "c"}, headers=guarded)
    assert (reply.status, reply.body) == (412, None)
    assert client.org.get(deal)["NextStep"] == "b"
    assert client.send("PATCH", path, {}, headers={"if-unmodified-since": "yesterday"}).status == 400


def test_composite_runs_queries_and_updates_in_one_call(client: OrgClient, deal: str) -> None:
    used = client.org.api_calls_used
    parts = [
        {
            "method": "GET",
            "url": "/services/data/v66.0/query/?q=SELECT+Id,AccountId+FROM+Opportunity",
            "referenceId": "deals",
        },
        {
            "method": "PATCH",
            "url": "/services/data/v66.0/sobjects/Account/@{deals.records[0].AccountId}",
            "referenceId": "account",
            "body": {"Phone": "@{deals.records[0].Id}"},
        },
    ]
    reply = client.send("POST", "/composite", {"allOrNone": False, "compositeRequest": parts})
    results = reply.document["compositeResponse"]
    assert isinstance(results, list)
    assert [one["httpStatusCode"] for one in results] == [200, 204]
    assert client.org.get(str(client.org.get(deal)["AccountId"]))["Phone"] == deal
    assert client.org.api_calls_used == used + 1


def test_a_failed_composite_is_rolled_back_as_recorded(client: OrgClient, deal: str) -> None:
    client.org.add_field("X__c", length=15)
    url = f"/services/data/v66.0/sobjects/Opportunity/{deal}"
    parts = [
        {"method": "PATCH", "url": url, "referenceId": "item1", "body": {"NextStep": "x"}},
        {"method": "PATCH", "url": url, "referenceId": "item2", "body": {"X__c": "20260915_105645_1056"}},
    ]
    reply = client.send("POST", "/composite", {"allOrNone": True, "compositeRequest": parts})
    assert client.org.get(deal)["NextStep"] is None
    results = reply.document["compositeResponse"]
    assert isinstance(results, list)
    assert [one["httpStatusCode"] for one in results] == [400, 400]
    if SAMPLES.exists():
        recorded = sample("composite_response_failed.json")
        assert isinstance(recorded, dict)
        assert results[0] == recorded["compositeResponse"][0]
        assert set(results[1]["body"][0]) == set(recorded["compositeResponse"][1]["body"][0])


def test_a_composite_holds_25_requests(client: OrgClient) -> None:
    part = {"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "limits"}
    assert client.send("POST", "/composite", {"compositeRequest": [part] * 25}).status == 200
    assert client.send("POST", "/composite", {"compositeRequest": [part] * 26}).status == 400


def test_a_record_rolled_back_is_found_once_by_its_modstamp(client: OrgClient, deal: str) -> None:
    stamp = client.org.get(deal)["SystemModstamp"]
    client.clock.advance(timedelta(minutes=1))
    client.update({"id": deal, "NextStep": "x"}, {"id": deal, "IsWon": True}, all_or_none=True)
    assert client.org.get(deal)["SystemModstamp"] == stamp
    assert client.names("SELECT Name FROM Opportunity WHERE SystemModstamp >= 2020-01-01T00:00:00Z") == ["Deal"]


def test_payload_errors_may_be_kept_to_their_record(client: OrgClient, deal: str) -> None:
    client.org.isolate_payload_errors()
    entries = client.update({"id": deal, "NextStep": "x"}, {"id": deal, "Nothing__c": "x"}).entries
    assert [one["success"] for one in entries] == [True, False]
    assert "INVALID_FIELD" in str(entries[1])


def test_setup_rows_cannot_be_written_by_the_api(client: OrgClient) -> None:
    stage = client.query("SELECT Id FROM OpportunityStage LIMIT 1").records[0]["Id"]
    reply = client.send("PATCH", f"/sobjects/OpportunityStage/{stage}", {"IsWon": True})
    assert (reply.status, reply.error["errorCode"]) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    assert client.send("POST", "/sobjects/OpportunityStage", {"MasterLabel": "x"}).status == 400

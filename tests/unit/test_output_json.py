"""The JSON documents: the contract's members, and nothing a name can break."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from unit.output_examples import IDLE, LOST, NOW, REFUSED, REPORT, STATUS, WON, WON_ID

from qbsf.errors import ConfigError
from qbsf.output import as_json
from qbsf.report import AttentionItem, Failure, LastRun

RECORD_MEMBERS = [
    "opportunity_id",
    "opportunity_name",
    "account",
    "customer",
    "invoices",
    "payments",
    "matched_by",
    "outcome",
    "reason",
    "changes",
    "error",
]


def test_the_report_has_the_members_of_the_contract_with_their_shapes() -> None:
    document = json.loads(as_json.report(replace(REPORT, records=(WON,))))
    record = document.pop("records")[0]
    assert document == {
        "schema": 1,
        "run": {
            "id": "20261122T080000Z-1",
            "profile": "default",
            "mode": "incremental",
            "dry_run": False,
            "complete": True,
            "started_at": "2026-11-22T08:00:00Z",
            "finished_at": "2026-11-22T08:00:01Z",
        },
        "summary": {"examined": 3, "updated": 1, "unchanged": 0, "skipped": 1, "failed": 1},
        "requests": {"quickbooks": 2, "salesforce": 2},
        "warnings": ["QB_Payment_Reference__c was cut to 80 characters."],
        "error": None,
    }
    assert list(record) == [*RECORD_MEMBERS, "note"]
    assert record["opportunity_id"] == WON_ID
    assert record["invoices"] == [
        {"id": "2052", "number": "2052", "total": "2750.00", "balance": "0.00", "currency": "EUR"}
    ]
    assert record["payments"] == [
        {
            "id": "187",
            "date": "2025-08-25",
            "amount": "2750.00",
            "method": "Test Payment",
            "reference": "Manual Test Update",
        }
    ]
    assert record["changes"] == {
        "StageName": {"from": "Proposal and Agreement", "to": "Closed Won"},
        "QB_Payment_Amount__c": {"from": None, "to": "2750.00"},
    }


def test_only_the_error_of_the_whole_pass_says_what_to_do() -> None:
    report = replace(REPORT, records=(REFUSED,), error=Failure("unreachable", "No answer.", "Wait."))
    document = json.loads(as_json.report(report))
    assert document["records"][0]["error"] == {
        "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": "A won deal needs a contract.",
    }
    assert document["error"] == {"code": "unreachable", "message": "No answer.", "todo": "Wait."}


def test_the_status_has_the_members_of_the_contract() -> None:
    document = json.loads(as_json.status(STATUS))
    assert [name for name in document if name != "error"] == [
        "schema",
        "profile",
        "healthy",
        "problems",
        "quickbooks",
        "salesforce",
        "last_run",
        "last_success_at",
        "attention",
    ]
    assert document["quickbooks"] == {
        "authorized": True,
        "realm_id": "9341453",
        "environment": "production",
        "access_token_expires_at": "2026-11-22T09:00:00Z",
        "refresh_token_expires_at": "2027-03-03T08:00:00Z",
        "refresh_token_days_left": 101,
        "grant_expires_at": None,
    }
    assert document["salesforce"] == {
        "instance_url": "https://acme.my.salesforce.com",
        "organization_id": "00DXX0000000001AAA",
        "flow": "client_credentials",
        "last_login_at": "2026-11-22T07:00:00Z",
    }
    assert document["last_run"]["exit_code"] == 1
    assert document["last_run"]["run"]["id"] == document["last_run"]["id"]
    assert document["last_success_at"] == "2026-11-22T08:00:01Z"
    (item,) = document["attention"]
    assert [name for name in RECORD_MEMBERS if name not in item] == []
    assert item["since"] == "2026-11-20T08:00:00Z"
    assert item["note"].startswith("Money arrived for a deal that is closed as lost.")


def test_the_last_run_tells_what_stopped_it_and_may_be_absent() -> None:
    stopped = LastRun(IDLE.run, IDLE.summary, IDLE.requests, 4, Failure("unreachable", "No answer.", "Wait."))
    document = json.loads(as_json.status(replace(STATUS, last_run=stopped, last_success_at=None)))
    assert document["last_run"]["error"]["code"] == "unreachable"
    assert document["last_success_at"] is None
    assert json.loads(as_json.status(replace(STATUS, last_run=None)))["last_run"] is None


def test_acknowledged_records_are_shown_with_all_alone() -> None:
    status = replace(STATUS, attention=(AttentionItem(LOST, NOW, acknowledged=True, ack_note="known"),))
    assert json.loads(as_json.status(status))["attention"] == []
    (item,) = json.loads(as_json.status(status, show_all=True))["attention"]
    assert (item["acknowledged"], item["ack_note"]) == (True, "known")


def test_an_error_is_a_document_of_its_own() -> None:
    assert json.loads(as_json.error(ConfigError("Wrong key.", "Correct it."))) == {
        "schema": 1,
        "error": {"code": "configuration", "message": "Wrong key.", "todo": "Correct it."},
    }


@given(st.text(st.characters(), max_size=40))
def test_any_name_arrives_whole_and_no_byte_of_it_can_move_a_cursor(name: str) -> None:
    text = as_json.report(replace(REPORT, records=(replace(WON, opportunity_name=name),)))
    assert text.isascii()
    assert all(character == "\n" or character.isprintable() for character in text)
    assert json.loads(text)["records"][0]["opportunity_name"] == name

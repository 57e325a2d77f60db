"""The Salesforce client against every odd answer Salesforce is known to give (salesforce.md sections 1 to 4)."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from contract.api_doubles import NOW, SECRET_TOKEN, Logins, NoJitter, StillClock
from samples import sample_text

from qbsf.clock import Deadline
from qbsf.config import FieldsConfig, StagesConfig
from qbsf.errors import (
    AnswerLost,
    AuthorizationNeeded,
    ConfigError,
    OutOfTime,
    QbsfError,
    UnexpectedAnswer,
    Unreachable,
)
from qbsf.model import FieldInfo, FieldValue, OpportunityUpdate, UpdateResult
from qbsf.salesforce.client import SalesforceOrg
from qbsf.salesforce.columns import OpportunityColumns, configured_names
from qbsf.salesforce.faults import SalesforceRefused
from qbsf.salesforce.ids import long_id

HOST = "https://acme.my.salesforce.com"
ROOT = f"{HOST}/services/data/v66.0"
QUERY = f"{ROOT}/query/"
COLLECTION = f"{ROOT}/composite/sobjects"
COMPOSITE = f"{ROOT}/composite"
HEADERS = {"Date": "Sun, 22 Nov 2026 08:00:01 GMT", "Sforce-Limit-Info": "api-usage=18/5000"}
ID = "0065500000KQ12XAAT"

INFO = {
    name: FieldInfo(name, "string", 255, 0, 0, True, True, False)
    for name in configured_names(FieldsConfig(), StagesConfig())
}
INFO["QB_Payment_Amount__c"] = replace(INFO["QB_Payment_Amount__c"], type="currency")
INFO["QB_Payment_Date__c"] = replace(INFO["QB_Payment_Date__c"], type="date")
COLUMNS = OpportunityColumns.of(FieldsConfig(), StagesConfig(), INFO, "9130350")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def org(clock: StillClock, logins: Logins) -> SalesforceOrg:
    return SalesforceOrg(logins, "66.0", clock=clock, random=NoJitter(), deadline=Deadline(clock, 240))


def row(number: int = 0, **change: object) -> dict[str, object]:
    body: dict[str, object] = dict.fromkeys(COLUMNS.names)
    body |= {
        "Id": long_id(f"006550000{number:06}"),
        "Name": "Acme",
        "StageName": "Proposal",
        "IsClosed": False,
        "IsWon": False,
        "SystemModstamp": "2026-11-20T09:15:02.000+0000",
        "QB_Invoice_ID__c": "145",
    }
    return {**body, **change}


def page(rows: list[dict[str, object]], following: str = "", total: int | None = None) -> dict[str, object]:
    body: dict[str, object] = {
        "totalSize": len(rows) if total is None else total,
        "done": not following,
        "records": rows,
    }
    return {**body, "nextRecordsUrl": following} if following else body


def error(code: str, message: str, **more: object) -> list[dict[str, object]]:
    return [{"errorCode": code, "message": message, **more}]


def asked(call: int) -> str:
    return parse_qs(urlsplit(str(responses.calls[call].request.url)).query)["q"][0]


@responses.activate
def test_pages_are_followed_to_the_end_with_the_servers_clock(org: SalesforceOrg) -> None:
    responses.get(QUERY, json=page([row(1), row(2)], "/services/data/v66.0/query/01gR-2", 3), headers=HEADERS)
    responses.get(f"{QUERY}01gR-2", json=page([row(3)], total=3), headers=HEADERS)
    pages = list(org.linked_opportunities(COLUMNS, NOW))
    assert [len(page.rows) for page in pages] == [2, 1]
    assert [page.total for page in pages] == [3, 3]
    assert pages[0].server_time == org.server_time == datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)
    assert (org.api_usage, org.requests_sent) == ((18, 5000), 2)
    assert "SystemModstamp >= 2026-11-22T08:00:00Z" in asked(0)
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {SECRET_TOKEN}"


@responses.activate
@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/services/data/v66.0/query/1",
        "//evil.example/services/data/v66.0/query/1",
        "@evil.example/services/data/v66.0/query/1",
        "/services/data/v66.0/query/../sobjects",
        "/services/oauth2/revoke",
        "/services/data/v66.0/query/01gR-2\n",
    ],
)
def test_a_next_page_elsewhere_is_never_fetched(org: SalesforceOrg, following: str) -> None:
    responses.get(QUERY, json=page([row()], following), headers=HEADERS)
    with pytest.raises(UnexpectedAnswer, match="next page"):
        list(org.linked_opportunities(COLUMNS, None))
    assert len(responses.calls) == 1


@responses.activate
def test_a_query_that_answers_the_same_page_for_ever_ends(org: SalesforceOrg) -> None:
    following = "/services/data/v66.0/query/01gR-2"
    responses.get(re.compile(f"{re.escape(QUERY)}.*"), json=page([row()], following), headers=HEADERS)
    with pytest.raises(UnexpectedAnswer, match="next page"):
        list(org.linked_opportunities(COLUMNS, None))
    assert len(responses.calls) == 2


@responses.activate
def test_money_keeps_its_digits_both_ways(org: SalesforceOrg) -> None:
    text = json.dumps(page([row(QB_Payment_Amount__c=7)])).replace(": 7", ": 1234567890123456.78")
    responses.get(QUERY, body=text, headers=HEADERS)
    (found,) = org.opportunities_by_id(COLUMNS, [ID])
    assert found.fields["QB_Payment_Amount__c"] == Decimal("1234567890123456.78")
    responses.patch(COLLECTION, json=[{"id": ID, "success": True, "errors": []}])
    changes: dict[str, FieldValue] = {
        "QB_Payment_Amount__c": Decimal("0.10"),
        "QB_Payment_Date__c": date(2026, 11, 21),
        "Note__c": None,
    }
    org.update([OpportunityUpdate(ID, "", changes)])
    assert responses.calls[1].request.body == (
        b'{"allOrNone":false,"records":[{"attributes":{"type":"Opportunity"},"id":"0065500000KQ12XAAT",'
        b'"QB_Payment_Amount__c":0.10,"QB_Payment_Date__c":"2026-11-21","Note__c":null}]}'
    )


@responses.activate
def test_many_ids_are_asked_for_below_the_limit_of_an_address(org: SalesforceOrg) -> None:
    responses.get(QUERY, json=page([]), headers=HEADERS)
    ids = [long_id(f"006550000{number:06}") for number in range(500)]
    assert org.opportunities_by_id(COLUMNS, [*ids, "no id", "' OR Id != '"]) == []
    (call,) = responses.calls
    assert all(asked(0).count(one) == 1 for one in ids)
    headers = sum(len(f"{name}: {value}\r\n") for name, value in call.request.headers.items())
    assert 13_000 < len(str(call.request.url)) + headers < 16_384


@responses.activate
def test_more_ids_than_an_address_holds_are_asked_for_in_a_body(org: SalesforceOrg) -> None:
    part = {"httpStatusCode": 200, "httpHeaders": {}, "referenceId": "rows", "body": page([row(1)])}
    responses.post(COMPOSITE, json={"compositeResponse": [part]}, headers=HEADERS)
    ids = [long_id(f"006550000{number:06}") for number in range(2700)]
    assert [each.id for each in org.opportunities_by_id(COLUMNS, ids)] == [row(1)["Id"]] * 2
    sent = [json.loads(call.request.body or "") for call in responses.calls]
    assert [body["allOrNone"] for body in sent] == [False, False]
    statements = [parse_qs(urlsplit(body["compositeRequest"][0]["url"]).query)["q"][0] for body in sent]
    assert [statement.count("006550000") for statement in statements] == [2000, 700]
    assert all(len(statement) < 100_000 for statement in statements)


@responses.activate
def test_a_part_of_a_composite_that_is_refused_is_the_error_it_would_be_by_itself(org: SalesforceOrg) -> None:
    refusal = [{"errorCode": "INVALID_FIELD", "message": "No such column 'QB_Invoice_ID__c' on entity 'Opportunity'."}]
    part = {"httpStatusCode": 400, "httpHeaders": {}, "referenceId": "rows", "body": refusal}
    responses.post(COMPOSITE, json={"compositeResponse": [part]}, headers=HEADERS)
    with pytest.raises(ConfigError, match="no Opportunity field QB_Invoice_ID__c"):
        org.opportunities_by_id(COLUMNS, [long_id(f"006550000{number:06}") for number in range(700)])


@responses.activate
def test_a_composite_without_an_answer_to_a_part_is_not_believed(org: SalesforceOrg) -> None:
    responses.post(COMPOSITE, json={"compositeResponse": []}, headers=HEADERS)
    with pytest.raises(UnexpectedAnswer, match="lacks fields, organization, stages"):
        org.settings()


@responses.activate
def test_any_text_can_be_searched_for(org: SalesforceOrg) -> None:
    responses.get(QUERY, json=page([row(1), row(1)]), headers=HEADERS)
    found = org.opportunities_naming(COLUMNS, ["", "50%_O'Neil", "x" * 5000])
    assert len(found) == 1
    assert r"(QB_Invoice_ID__c LIKE '%50\%\_O\'Neil%' OR QB_Invoice_Number__c LIKE '%50\%\_O\'Neil%')" in asked(0)
    assert len(responses.calls) == 1


@responses.activate
def test_nothing_to_search_for_asks_nothing(org: SalesforceOrg) -> None:
    assert org.opportunities_naming(COLUMNS, []) == []
    assert org.opportunities_by_id(COLUMNS, []) == []
    assert org.requests_sent == 0


@responses.activate
def test_rows_of_another_company_are_not_seen_even_if_salesforce_cannot_filter(org: SalesforceOrg) -> None:
    fields = replace(FieldsConfig(), company="Company__c")
    info = INFO | {"Company__c": FieldInfo("Company__c", "textarea", 255, 0, 0, True, False, False)}
    columns = OpportunityColumns.of(fields, StagesConfig(), info, "9130350")
    rows = [row(1, Company__c="9130350"), row(2, Company__c="1"), row(3, Company__c=None)]
    responses.get(QUERY, json=page(rows), headers=HEADERS)
    (only,) = org.linked_opportunities(columns, None)
    assert [found.fields["Company__c"] for found in only.rows] == ["9130350"]
    assert len(org.opportunities_by_id(columns, [ID])) == 1


@responses.activate
def test_an_expired_session_is_renewed_once(org: SalesforceOrg, logins: Logins) -> None:
    responses.get(QUERY, status=401, json=error("INVALID_SESSION_ID", "Session expired or invalid"))
    responses.get(QUERY, json=page([]), headers=HEADERS)
    assert org.stages() == []
    assert logins.rejected == [SECRET_TOKEN]
    assert responses.calls[1].request.headers["Authorization"] == "Bearer newer-1"


@responses.activate
def test_a_session_rejected_twice_needs_a_person(org: SalesforceOrg, logins: Logins) -> None:
    responses.get(QUERY, status=401, body="<html>who are you?")
    with pytest.raises(AuthorizationNeeded, match="qbsf auth salesforce"):
        org.stages()
    assert len(logins.rejected) == 1


@responses.activate
@pytest.mark.parametrize(
    "text", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
def test_a_401_that_no_login_cures_is_told_without_logging_in_again(
    org: SalesforceOrg, logins: Logins, text: str
) -> None:
    responses.get(QUERY, status=401, json=error("INVALID_SESSION_ID", text))
    with pytest.raises(ConfigError, match="scope `api`"):
        org.stages()
    assert logins.rejected == []


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Unreachable, "API allowance"),
        (403, error("API_DISABLED_FOR_ORG", "API is not enabled"), ConfigError, "API_DISABLED_FOR_ORG"),
        (
            400,
            error(
                "INVALID_FIELD", "\nSELECT X\nERROR at Row:1:Column:8\nNo such column 'X__c' on entity 'Opportunity'."
            ),
            ConfigError,
            "no Opportunity field X__c",
        ),
        (400, error("INVALID_FIELD", "field 'X__c' can not be filtered in a query call"), ConfigError, "filter"),
        (400, error("INVALID_FIELD", "Didn't understand relationship 'Account' in field path"), ConfigError, "Account"),
        (
            400,
            error("INVALID_TYPE", "sObject type 'OpportunityStage' is not supported."),
            ConfigError,
            "OpportunityStage",
        ),
        (400, error("MALFORMED_QUERY", "unexpected token: 'x'"), UnexpectedAnswer, "qbsf's own query"),
        (400, error("INVALID_QUERY_LOCATOR", "invalid query locator"), Unreachable, "INVALID_QUERY_LOCATOR"),
        (404, error("NOT_FOUND", "The requested resource does not exist"), ConfigError, "api_version"),
        (410, None, ConfigError, "api_version"),
        (414, None, UnexpectedAnswer, "HTTP 414"),
        (404, None, UnexpectedAnswer, "instance_url"),
        (400, error("SOMETHING_NEW", "a reason"), SalesforceRefused, "SOMETHING_NEW"),
    ],
)
def test_a_refusal_says_what_it_means_and_what_to_do(
    org: SalesforceOrg, status: int, body: list[dict[str, object]] | None, kind: type[QbsfError], text: str
) -> None:
    responses.get(QUERY, status=status, body="" if body is None else json.dumps(body))
    with pytest.raises(kind, match=re.escape(text)) as caught:
        org.stages()
    told = str(caught.value)
    assert "\n" not in told
    assert caught.value.todo
    assert "SELECT" not in told or status == 400
    assert SECRET_TOKEN not in told
    assert HOST not in told


@responses.activate
def test_a_used_up_allowance_has_its_own_code_and_is_not_asked_again(org: SalesforceOrg) -> None:
    responses.get(QUERY, status=403, json=error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    with pytest.raises(Unreachable) as caught:
        org.stages()
    assert (caught.value.code, caught.value.exit_code, org.requests_sent) == ("api_allowance", 4, 1)


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, json.dumps(error("SERVER_UNAVAILABLE", "Server Unavailable"))),
        (502, "<html>bad gateway</html>"),
        (200, "<html>maintenance</html>"),
        (200, '{"totalSize": 1, "done": tr'),
        (200, ""),
        (200, "5"),
        (200, json.dumps(error("UNKNOWN_EXCEPTION", "An unexpected error occurred."))),
    ],
)
def test_a_passing_fault_is_not_noticed_by_a_read(org: SalesforceOrg, status: int, body: str) -> None:
    responses.get(QUERY, status=status, body=body)
    responses.get(QUERY, body=sample_text("salesforce", "opportunity_stage_query.json"))
    assert [stage.label for stage in org.stages() if stage.is_won] == ["Closed Won"]


@responses.activate
def test_a_lasting_fault_ends_in_the_next_run(org: SalesforceOrg) -> None:
    responses.get(QUERY, status=503, json=error("SERVER_UNAVAILABLE", "Server Unavailable"))
    with pytest.raises(Unreachable, match=r"Salesforce answered HTTP 503 \(Server Unavailable\) \(5 tries\)\."):
        org.stages()


UPDATE = [OpportunityUpdate(ID, "", {"StageName": "Closed Won"})]


@responses.activate
@pytest.mark.parametrize("body", [requests.ConnectionError("reset"), requests.ReadTimeout(), "<html>", "", "{}", "[]"])
def test_an_update_whose_answer_is_lost_is_sent_once_and_in_doubt(org: SalesforceOrg, body: str | Exception) -> None:
    responses.patch(COLLECTION, body=body)
    with pytest.raises(AnswerLost) as caught:
        org.update(UPDATE)
    assert caught.value.exit_code == 4
    assert org.requests_sent == 1


@responses.activate
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_fault_on_an_update_leaves_it_in_doubt(org: SalesforceOrg, status: int) -> None:
    responses.patch(COLLECTION, status=status, json=error("SERVER_UNAVAILABLE", "Server Unavailable"))
    with pytest.raises(AnswerLost):
        org.update(UPDATE)
    assert org.requests_sent == 1


@responses.activate
def test_an_update_with_an_expired_session_is_sent_again(org: SalesforceOrg) -> None:
    responses.patch(COLLECTION, status=401, json=error("INVALID_SESSION_ID", "Session expired or invalid"))
    responses.patch(COLLECTION, json=[{"id": ID, "success": True, "errors": []}])
    assert org.update(UPDATE) == [UpdateResult(ID)]


@responses.activate
def test_one_refused_record_does_not_stop_the_others(org: SalesforceOrg) -> None:
    responses.patch(COLLECTION, body=sample_text("salesforce", "collection_update_response_mixed.json"))
    batch = [replace(UPDATE[0], opportunity_id=id_) for id_ in (ID, "0065500000KQ12YAAT", "0065500000KQ12ZAAT")]
    assert [result.ok for result in org.update(batch)] == [True, False, False]


@responses.activate
def test_an_unknown_field_in_an_update_is_named(org: SalesforceOrg) -> None:
    text = "No such column 'QB_Payment_Link__c' on sobject of type Opportunity"
    responses.patch(COLLECTION, status=400, json=error("INVALID_FIELD", text))
    with pytest.raises(ConfigError, match="QB_Payment_Link__c"):
        org.update(UPDATE)


@responses.activate
def test_after_the_time_limit_no_update_is_sent(org: SalesforceOrg, clock: StillClock) -> None:
    clock.sleep(240)
    with pytest.raises(OutOfTime):
        org.update(UPDATE)
    assert org.requests_sent == 0


@pytest.mark.parametrize("size", [0, 201])
def test_a_batch_that_salesforce_would_refuse_as_a_whole_is_a_mistake_of_the_caller(
    org: SalesforceOrg, size: int
) -> None:
    with pytest.raises(ValueError, match="200"):
        org.update(UPDATE * size)


@responses.activate
def test_the_fields_as_described(org: SalesforceOrg) -> None:
    responses.get(
        f"{ROOT}/sobjects/Opportunity/describe", body=sample_text("salesforce", "describe_opportunity_excerpt.json")
    )
    assert org.opportunity_fields()["QB_Payment_Amount__c"].type == "currency"


@responses.activate
@pytest.mark.parametrize(
    ("sandbox", "edition", "production"),
    [(False, "Enterprise Edition", True), (True, "Enterprise Edition", False), (False, "Developer Edition", False)],
)
def test_which_org_it_is(org: SalesforceOrg, sandbox: bool, edition: str, production: bool) -> None:
    body = {"Id": "00D5500000abcdE", "Name": "Acme", "IsSandbox": sandbox, "OrganizationType": edition}
    responses.get(QUERY, json=page([body]), headers=HEADERS)
    assert org.organization().is_production is production


@responses.activate
def test_an_org_that_does_not_say_which_it_is_is_refused(org: SalesforceOrg) -> None:
    responses.get(QUERY, json=page([]), headers=HEADERS)
    with pytest.raises(UnexpectedAnswer, match="which organization"):
        org.organization()


@responses.activate
def test_rows_without_the_servers_clock_are_left_to_the_next_run(org: SalesforceOrg) -> None:
    responses.get(QUERY, json=page([row()]))
    with pytest.raises(Unreachable, match="does not tell its time"):
        list(org.linked_opportunities(COLUMNS, None))


@responses.activate
def test_an_answer_without_records_is_not_taken_for_an_empty_one(org: SalesforceOrg) -> None:
    responses.get(QUERY, json={"totalSize": 0, "done": True}, headers=HEADERS)
    with pytest.raises(UnexpectedAnswer, match="records"):
        org.stages()


def test_the_login_tells_org_and_user_without_a_request(org: SalesforceOrg) -> None:
    assert org.organization_id.startswith("00D")
    assert org.user_id.startswith("005")
    assert (org.requests_sent, org.server_time, org.api_usage) == (0, None, None)


def test_a_session_shows_its_token_to_nobody(logins: Logins) -> None:
    assert SECRET_TOKEN not in repr(logins.current())

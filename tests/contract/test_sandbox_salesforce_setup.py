"""Setup of the simulated org: describe, fields and their access, limits, versions (salesforce.md sections 4 to 6)."""

import json
from datetime import timedelta

import pytest
from contract.org_client import SAMPLES, OrgClient, Reply, sample

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.salesforce import OrgOptions
from qbsf.sandbox.salesforce.ids import full_id

needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
ANOTHER_FIELD = {"FullName": "Opportunity.QB_Total__c", "Metadata": {"label": "QB Total", "type": "Currency"}}


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


def described(client: OrgClient) -> dict[str, dict[str, object]]:
    """The Opportunity's fields by name."""
    fields = client.send("GET", "/sobjects/Opportunity/describe").document["fields"]
    assert isinstance(fields, list)
    return {str(one["name"]): one for one in fields}


def usage(reply: Reply) -> str:
    return reply.headers["Sforce-Limit-Info"]


@needs_samples
def test_describe_says_of_a_field_what_the_documented_one_does(client: OrgClient) -> None:
    recorded = sample("describe_opportunity_excerpt.json")
    assert isinstance(recorded, dict)
    org = client.org
    org.remove_field("QB_Invoice_ID__c")
    org.add_field("QB_Invoice_Id__c", label="QB Invoice Id", unique=True, case_sensitive=True, external_id=True)
    org.set_field_access("QB_Payment_Reference__c", editable=False)
    fields = described(client)
    for wanted in recorded["fields"]:
        found = fields[wanted["name"]]
        assert set(wanted) <= set(found)
        same = set(wanted) - {"picklistValues", "createable"}
        assert {name: found[name] for name in same} == {name: wanted[name] for name in same}
    values = fields["StageName"]["picklistValues"]
    assert isinstance(values, list)
    assert set(values[0]) == set(recorded["fields"][0]["picklistValues"][0])
    whole = client.send("GET", "/sobjects/Opportunity/describe").document
    assert {name: whole[name] for name in recorded if name != "fields"} == {
        name: recorded[name] for name in recorded if name != "fields"
    }


def test_describe_leaves_out_what_the_user_may_not_see(client: OrgClient) -> None:
    client.org.set_field_access("QB_Invoice_ID__c", visible=False)
    assert "QB_Invoice_ID__c" not in described(client)


def test_describe_tells_a_long_text_a_formula_and_a_length(client: OrgClient) -> None:
    client.org.add_field("Notes__c", "LongTextArea")
    client.org.add_field("Twice__c", "Number", formula=lambda _row: 2)
    client.org.alter_field("QB_Payment_Method__c", length=40)
    fields = described(client)
    assert (fields["Notes__c"]["type"], fields["Notes__c"]["filterable"]) == ("textarea", False)
    assert (fields["Twice__c"]["calculated"], fields["Twice__c"]["updateable"]) == (True, False)
    assert fields["QB_Payment_Method__c"]["length"] == 40


def test_the_default_fields_of_qbsf_exist(client: OrgClient) -> None:
    fields = described(client)
    texts = {name: one for name, one in fields.items() if name.startswith("QB_") and one["type"] == "string"}
    assert {one["length"] for one in texts.values()} == {255}
    assert len(texts) == 5
    assert fields["QB_Payment_Date__c"]["type"] == "date"
    assert (fields["QB_Payment_Amount__c"]["precision"], fields["QB_Payment_Amount__c"]["scale"]) == (18, 2)


def test_record_types_are_described(client: OrgClient) -> None:
    client.org.add_opportunity("Deal", record_type="Renewal")
    infos = client.send("GET", "/sobjects/Opportunity/describe").document["recordTypeInfos"]
    assert isinstance(infos, list)
    assert [one["developerName"] for one in infos] == ["Renewal", "Master"]
    row = client.query("SELECT RecordType.DeveloperName FROM Opportunity").records[0]["RecordType"]
    assert isinstance(row, dict)
    assert row["DeveloperName"] == "Renewal"


def test_objects_are_listed(client: OrgClient) -> None:
    objects = client.send("GET", "/sobjects").document["sobjects"]
    assert isinstance(objects, list)
    assert {"Opportunity", "Account"} <= {one["name"] for one in objects}
    assert client.send("GET", "/sobjects/Opportunity").document["recentItems"] == []
    unknown = client.send("GET", "/sobjects/Opportunitty/describe")
    assert (unknown.status, unknown.error["errorCode"]) == (400, "INVALID_TYPE")


def test_products_can_be_switched_off(client: OrgClient) -> None:
    client.org.remove_object("OpportunityLineItem")
    assert client.query("SELECT Id FROM OpportunityLineItem").error["errorCode"] == "INVALID_TYPE"
    with_lines = client.query("SELECT Id, (SELECT Id FROM OpportunityLineItems) FROM Opportunity")
    assert with_lines.error["errorCode"] == "INVALID_TYPE"


def test_a_field_made_by_the_tooling_api_is_seen_only_with_a_permission_set(client: OrgClient) -> None:
    created = client.send("POST", "/tooling/sobjects/CustomField", ANOTHER_FIELD)
    assert created.status == 201
    if SAMPLES.exists():
        recorded = sample("tooling_customfield_response_201.json")
        assert created.body == {**recorded, "id": created.document["id"]} if isinstance(recorded, dict) else False
    assert client.query("SELECT QB_Total__c FROM Opportunity").error["errorCode"] == "INVALID_FIELD"

    permission_set = client.send("POST", "/sobjects/PermissionSet", {"Name": "QBSF_Sync", "Label": "QBSF Sync"})
    parent = permission_set.document["id"]
    grant = {
        "ParentId": parent,
        "SobjectType": "Opportunity",
        "Field": "Opportunity.QB_Total__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    granted = client.send("POST", "/sobjects/FieldPermissions", grant)
    assert granted.status == 201
    assert "QB_Total__c" not in described(client)

    user = client.query("SELECT Id FROM User WHERE Username = 'qbsf@acme.example'").records[0]["Id"]
    assignment = {"PermissionSetId": parent, "AssigneeId": user}
    assert client.send("POST", "/sobjects/PermissionSetAssignment", assignment).status == 201
    assert described(client)["QB_Total__c"]["updateable"] is True
    client.saved(client.org.add_opportunity("Deal"), QB_Total__c=12.5)
    assert client.query("SELECT QB_Total__c FROM Opportunity").records[0]["QB_Total__c"] == 12.5

    assert client.send("DELETE", f"/sobjects/FieldPermissions/{granted.document['id']}").status == 204
    assert "QB_Total__c" not in described(client)


def test_a_permission_to_read_does_not_let_edit(client: OrgClient) -> None:
    client.org.set_field_access("QB_Payment_Link__c", visible=False)
    parent = client.send("POST", "/sobjects/PermissionSet", {"Name": "Read", "Label": "Read"}).document["id"]
    grant = {"ParentId": parent, "SobjectType": "Opportunity", "Field": "Opportunity.QB_Payment_Link__c"}
    client.send("POST", "/sobjects/FieldPermissions", {**grant, "PermissionsRead": True})
    user = client.query("SELECT Id FROM User WHERE Username = 'qbsf@acme.example'").records[0]["Id"]
    client.send("POST", "/sobjects/PermissionSetAssignment", {"PermissionSetId": parent, "AssigneeId": user})
    assert described(client)["QB_Payment_Link__c"]["updateable"] is False


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"FullName": "Opportunity.QB_Payment_Date__c", "Metadata": {"type": "Date"}}, "DUPLICATE_DEVELOPER_NAME"),
        ({"FullName": "Opportunity.QB_Total", "Metadata": {"type": "Date"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Opportunity.QB_Total__c", "Metadata": {"type": "Dat"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Deal.QB_Total__c", "Metadata": {"type": "Date"}}, "INVALID_TYPE"),
        ({"FullName": "Opportunity.QB_Total__c"}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_wrong_custom_field_is_refused(client: OrgClient, body: dict[str, object], code: str) -> None:
    reply = client.send("POST", "/tooling/sobjects/CustomField", body)
    assert (reply.status, reply.error["errorCode"]) == (400, code)


@needs_samples
def test_the_documented_custom_fields_can_be_made(client: OrgClient) -> None:
    for name in list(described(client)):
        if name.startswith("QB_"):
            client.org.remove_field(name)
    requests = sample("tooling_customfield_requests.json")
    assert isinstance(requests, list)
    for body in requests:
        assert client.send("POST", "/tooling/sobjects/CustomField", body).status == 201


def test_a_login_without_the_right_makes_no_fields(client: OrgClient) -> None:
    client.org.forbid_customizing()
    reply = client.send("POST", "/tooling/sobjects/CustomField", ANOTHER_FIELD)
    assert (reply.status, reply.error["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


def test_active_stages_are_told_to_the_user_interface(client: OrgClient) -> None:
    client.org.deactivate_stage("Prospecting")
    path = "/ui-api/object-info/Opportunity/picklist-values/012000000000000AAA/StageName"
    values = client.send("GET", path).document["values"]
    assert isinstance(values, list)
    labels = [one["value"] for one in values]
    assert "Closed Won" in labels
    assert "Prospecting" not in labels
    assert client.send("GET", path.replace("StageName", "Amount")).status == 404


def test_every_answer_tells_the_allowance(client: OrgClient) -> None:
    client.org.set_allowance(total=100, used=7)
    assert usage(client.query("SELECT Id FROM User")) == "api-usage=8/100"
    assert usage(client.query("nonsense")) == "api-usage=9/100"
    limits = client.send("GET", "/limits").document
    assert limits["DailyApiRequests"] == {"Max": 100, "Remaining": 90}
    if SAMPLES.exists():
        recorded = sample("limits_excerpt.json")
        assert isinstance(recorded, dict)
        assert set(recorded) == set(limits)


def test_a_used_up_allowance_refuses_until_a_day_has_passed(client: OrgClient) -> None:
    client.org.set_allowance(total=10, used=9)
    assert client.query("SELECT Id FROM User").status == 200
    refused = client.query("SELECT Id FROM User")
    expected = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert (refused.status, refused.body) == (403, expected)
    client.clock.advance(timedelta(hours=25))
    client.login()
    assert usage(client.query("SELECT Id FROM User")) == "api-usage=1/10"


def test_logins_do_not_count(client: OrgClient) -> None:
    used = client.org.api_calls_used
    client.login()
    assert client.org.api_calls_used == used


@pytest.mark.parametrize(("version", "status"), [("30", 410), ("21", 410), ("20", 404), ("69", 404), ("31", 200)])
def test_only_living_versions_answer(client: OrgClient, version: str, status: int) -> None:
    assert client.send("GET", "/limits", base=f"/services/data/v{version}.0").status == status
    assert client.send("GET", "/limits", base="/services/data/latest").status == 404


def test_versions_and_resources_are_listed(client: OrgClient) -> None:
    versions = client.send("GET", "", base="/services/data").entries
    assert (versions[0]["version"], versions[-1]["version"]) == ("31.0", "68.0")
    assert client.send("GET", "/").document["query"] == "/services/data/v66.0/query"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", "/sobjects/Opportunity/a/b/c", 404),
        ("POST", "/query", 405),
        ("DELETE", "/limits", 405),
        ("PUT", "/composite/sobjects", 405),
        ("GET", "/composite", 405),
        ("GET", "/query", 400),
    ],
)
def test_what_is_not_there_is_refused(client: OrgClient, method: str, path: str, status: int) -> None:
    assert client.send(method, path, {}).status == status


def test_a_body_that_is_no_json_is_refused(client: OrgClient) -> None:
    headers = {"content-type": "text/xml"}
    assert client.send("PATCH", "/composite/sobjects", {}, headers=headers).status == 415
    assert client.send("PATCH", "/composite/sobjects", "x").error["errorCode"] == "JSON_PARSER_ERROR"
    bearer = {"authorization": f"Bearer {client.token}"}
    for broken in (b"{", b"\xff"):
        request = Request("PATCH", client.org.host, "/services/data/v66.0/composite/sobjects", bearer, broken)
        assert client.org.handle(request).status == 400


def test_the_org_tells_what_it_is() -> None:
    options = OrgOptions(edition="Enterprise Edition", name="Acme Corp")
    soql = "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization"
    row = OrgClient(options).query(soql).records[0]
    assert (row["Name"], row["IsSandbox"], row["OrganizationType"]) == ("Acme Corp", False, "Enterprise Edition")
    assert full_id(str(row["Id"])) == row["Id"]


def test_ids_carry_the_right_checksum(client: OrgClient) -> None:
    assert full_id("0065500000KQ12X") == "0065500000KQ12XAAT"
    assert full_id("0065500000KQ12XAAA") is None
    assert full_id("//evil/x") is None
    assert all(full_id(one) == one for one in client.org.bulk_seed(100))


def test_a_permission_is_granted_once_and_only_on_a_field_that_exists(client: OrgClient) -> None:
    new = {"Name": "QBSF_Sync", "Label": "QBSF Sync"}
    parent = client.send("POST", "/sobjects/PermissionSet", new).document["id"]
    assert client.send("POST", "/sobjects/PermissionSet", new).error["errorCode"] == "DUPLICATE_VALUE"
    grant = {"ParentId": parent, "SobjectType": "Opportunity", "PermissionsRead": True}
    wrong = client.send("POST", "/sobjects/FieldPermissions", {**grant, "Field": "Opportunity.No__c"})
    assert wrong.error["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    right = {**grant, "Field": "Opportunity.QB_Payment_Link__c"}
    assert client.send("POST", "/sobjects/FieldPermissions", right).status == 201
    assert client.send("POST", "/sobjects/FieldPermissions", right).error["errorCode"] == "DUPLICATE_VALUE"


def test_a_login_without_the_right_grants_nothing(client: OrgClient) -> None:
    client.org.forbid_customizing()
    reply = client.send("POST", "/sobjects/PermissionSet", {"Name": "QBSF_Sync", "Label": "QBSF Sync"})
    assert (reply.status, reply.error["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


def test_an_org_without_products_takes_deals(client: OrgClient) -> None:
    client.org.remove_object("OpportunityLineItem")
    deal = client.org.add_opportunity("Deal", amount="10")
    client.saved(deal, Amount=20)


def test_an_inactive_currency_is_refused() -> None:
    client = OrgClient(OrgOptions(multi_currency=True))
    deal = client.org.add_opportunity("Deal")
    error = client.refused(deal, CurrencyIsoCode="XYZ")
    assert error["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_the_user_behind_a_session_is_told(client: OrgClient) -> None:
    headers = {"authorization": f"Bearer {client.token}"}
    ask = Request("GET", client.org.host, "/services/oauth2/userinfo", headers)
    told = json.loads(client.org.handle(ask).body)
    assert (told["preferred_username"], told["organization_id"]) == ("qbsf@acme.example", client.org.organization_id)
    client.org.expire_sessions()
    assert client.org.handle(ask).status == 403

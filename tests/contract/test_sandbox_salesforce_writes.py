"""Saves in the simulated org: what is stored and what follows from it (salesforce.md section 4)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from contract.org_client import SAMPLES, OrgClient

from qbsf.sandbox.salesforce.customization import MetadataType
from qbsf.sandbox.salesforce.faults import ApiError

needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
OPPORTUNITY = {"type": "Opportunity"}


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


@pytest.fixture
def deal(client: OrgClient) -> str:
    account = client.org.add_account("Acme")
    return client.org.add_opportunity("Deal", account=account, amount="2750")


def test_payment_and_stage_are_stored(client: OrgClient, deal: str) -> None:
    client.saved(
        deal,
        StageName="Closed Won",
        QB_Payment_Date__c="2026-11-21",
        QB_Payment_Amount__c=1234.1,
        QB_Payment_Method__c="  Check ",
        QB_Payment_Reference__c="",
    )
    row = client.org.get(deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100)
    assert row["ForecastCategoryName"] == "Closed"
    assert row["QB_Payment_Date__c"] == date(2026, 11, 21)
    assert row["QB_Payment_Amount__c"] == Decimal("1234.10")
    assert row["QB_Payment_Method__c"] == "Check"
    assert row["QB_Payment_Reference__c"] is None


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(2750, "2750.00"), ("2750.5", "2750.50"), (0.005, "0.01"), (None, None), (-1.004, "-1.00")],
)
def test_money_is_kept_to_the_cent(client: OrgClient, deal: str, sent: object, stored: str | None) -> None:
    client.saved(deal, QB_Payment_Amount__c=sent)
    assert client.org.get(deal)["QB_Payment_Amount__c"] == (None if stored is None else Decimal(stored))


def test_an_unknown_stage_is_stored_and_wins_nothing(client: OrgClient, deal: str) -> None:
    client.saved(deal, StageName="Gewonnen")
    row = client.org.get(deal)
    assert (row["StageName"], row["IsClosed"], row["IsWon"]) == ("Gewonnen", False, False)


def test_a_renamed_stage_keeps_its_api_name(client: OrgClient, deal: str) -> None:
    client.org.rename_stage("Closed Won", "Gewonnen")
    client.saved(deal, StageName="Closed Won")
    assert client.org.get(deal)["IsWon"] is True
    stages = client.query("SELECT ApiName FROM OpportunityStage WHERE MasterLabel = 'Gewonnen'").records
    assert [one["ApiName"] for one in stages] == ["Closed Won"]


def test_a_stage_renamed_with_its_api_name_is_no_longer_won_by_the_old_one(client: OrgClient, deal: str) -> None:
    won = client.org.add_opportunity("Won before", stage="Closed Won")
    client.org.rename_stage("Closed Won", "Gewonnen", keep_api_name=False)
    client.saved(deal, StageName="Closed Won")
    assert client.org.get(deal)["IsWon"] is False
    assert client.org.get(won)["StageName"] == "Gewonnen"
    client.saved(deal, StageName="Gewonnen")
    assert client.org.get(deal)["IsWon"] is True


def test_an_inactive_stage_is_told(client: OrgClient) -> None:
    client.org.deactivate_stage("Negotiation/Review")
    client.org.add_stage("Contract", probability=95)
    rows = client.query("SELECT MasterLabel FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder").records
    labels = [row["MasterLabel"] for row in rows]
    assert "Negotiation/Review" not in labels
    assert labels[-1] == "Contract"


def test_a_future_close_date_moves_to_today_when_won(client: OrgClient, deal: str) -> None:
    client.saved(deal, StageName="Closed Won")
    assert client.org.get(deal)["CloseDate"] == client.clock.now().date()


def test_an_explicit_close_date_is_kept_when_won(client: OrgClient, deal: str) -> None:
    later = client.clock.now().date() + timedelta(days=5)
    client.saved(deal, StageName="Closed Won", CloseDate=later.isoformat())
    assert client.org.get(deal)["CloseDate"] == later


def test_a_past_close_date_is_untouched_when_won(client: OrgClient) -> None:
    deal = client.org.add_opportunity("Old", close_date=date(2020, 1, 1))
    client.saved(deal, StageName="Closed Won")
    assert client.org.get(deal)["CloseDate"] == date(2020, 1, 1)


def test_amount_is_silently_ignored_when_there_are_products(client: OrgClient, deal: str) -> None:
    client.org.add_line_item(deal, client.org.add_product("Widget", price="50"), quantity=3)
    client.saved(deal, Amount=1, NextStep="Call")
    row = client.org.get(deal)
    assert (row["Amount"], row["NextStep"]) == (Decimal("150.00"), "Call")


def test_a_no_op_save_moves_the_stamps(client: OrgClient, deal: str) -> None:
    before = client.org.get(deal)
    client.clock.advance(timedelta(seconds=90))
    client.saved(deal, Name="Deal")
    after = client.org.get(deal)
    assert after["SystemModstamp"] != before["SystemModstamp"]
    assert after["LastModifiedDate"] == after["SystemModstamp"]
    last = client.org.history(deal)[-1]
    assert (last.by, last.through_api, last.changes) == ("Integration User", True, {})


def test_the_history_tells_who_changed_what(client: OrgClient, deal: str) -> None:
    client.org.edit(deal, by="Bob Boss", NextStep="Wait")
    client.saved(deal, NextStep="Pay")
    saves = client.org.history(deal)
    assert [(one.kind, one.by) for one in saves] == [
        ("create", "Anna Person"),
        ("update", "Bob Boss"),
        ("update", "Integration User"),
    ]
    assert saves[-1].changes == {"NextStep": ("Wait", "Pay")}
    assert client.org.api_saves() == saves[-1:]


def test_a_formula_moves_no_stamp(client: OrgClient, deal: str) -> None:
    client.org.add_field("Copy__c", formula=lambda row: row["NextStep"])
    client.org.edit(deal, NextStep="5001")
    stamp = client.org.get(deal)["SystemModstamp"]
    rate = {"now": "5002"}
    client.org.add_field("Copy__c", formula=lambda _row: rate["now"])
    assert client.names("SELECT Name FROM Opportunity WHERE Copy__c = '5002'") == ["Deal"]
    assert client.org.get(deal)["SystemModstamp"] == stamp
    assert client.refused(deal, Copy__c="x")["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_clone_copies_the_custom_fields(client: OrgClient, deal: str) -> None:
    client.org.edit(deal, QB_Invoice_ID__c="145")
    copy = client.org.clone(deal, Name="Deal again")
    row = client.org.get(copy)
    assert (row["QB_Invoice_ID__c"], row["Name"], row["Amount"]) == ("145", "Deal again", Decimal("2750.00"))
    assert row["AccountId"] == client.org.get(deal)["AccountId"]


def test_a_clone_with_a_unique_value_is_refused(client: OrgClient, deal: str) -> None:
    client.org.add_field("Key__c", unique=True)
    client.org.edit(deal, Key__c="1")
    with pytest.raises(ApiError, match="DUPLICATE_VALUE"):
        client.org.clone(deal)
    assert client.org.get(client.org.clone(deal, Key__c=None))["Key__c"] is None


def test_deleting_a_deal_takes_its_lines_along(client: OrgClient, deal: str) -> None:
    client.org.add_line_item(deal, client.org.add_product("Widget", price="50"))
    client.org.delete(deal)
    assert client.query("SELECT Id FROM OpportunityLineItem").records == []
    client.org.undelete(deal)
    assert len(client.query("SELECT Id FROM OpportunityLineItem").records) == 1


def test_deleting_a_line_lowers_the_amount(client: OrgClient, deal: str) -> None:
    widget = client.org.add_product("Widget", price="50")
    client.org.add_line_item(deal, widget)
    line = client.org.add_line_item(deal, widget, quantity=2)
    assert client.org.get(deal)["Amount"] == Decimal("150.00")
    client.org.delete(line)
    assert client.org.get(deal)["Amount"] == Decimal("50.00")


def test_a_default_value_is_filled_in(client: OrgClient) -> None:
    client.org.add_field("Paid__c", "Currency", default=Decimal("0.00"))
    client.org.add_field("Flag__c", "Checkbox")
    row = client.org.get(client.org.add_opportunity("Deal"))
    assert (row["Paid__c"], row["Flag__c"]) == (Decimal("0.00"), False)


@pytest.mark.parametrize(
    ("kind", "sent", "shown"),
    [
        ("DateTime", "2026-11-21T10:00:00.123+02:00", "2026-11-21T08:00:00.000+0000"),
        ("Date", "2026-11-21", "2026-11-21"),
        ("Checkbox", "true", True),
        ("Checkbox", None, False),
        ("Percent", 12.345, 12.35),
        ("Number", "7", 7.0),
        ("LongTextArea", "one\ntwo ", "one\ntwo"),
        ("Email", "", None),
    ],
)
def test_a_value_is_shown_in_the_form_of_its_field(
    client: OrgClient, deal: str, kind: MetadataType, sent: object, shown: object
) -> None:
    client.org.add_field("Any__c", kind)
    client.saved(deal, Any__c=sent)
    assert client.query("SELECT Any__c FROM Opportunity").records[0]["Any__c"] == shown


@pytest.mark.parametrize("kind", ["DateTime", "Checkbox", "Number", "Date", "Text"])
@pytest.mark.parametrize("sent", [[1], {"a": 1}, "nonsense", "2026-02-30", "2026-02-30T00:00:00Z"])
def test_a_value_of_another_json_type_is_a_parser_error(
    client: OrgClient, deal: str, kind: MetadataType, sent: object
) -> None:
    client.org.add_field("Any__c", kind)
    reply = client.update({"id": deal, "Any__c": sent})
    if kind == "Text" and isinstance(sent, str):
        assert reply.entries[0]["success"] is True
    else:
        assert (reply.status, reply.error["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_field_turned_into_a_long_text_cannot_be_filtered(client: OrgClient) -> None:
    client.org.add_opportunity("Deal", QB_Invoice_ID__c="145")
    client.org.alter_field("QB_Invoice_ID__c", kind="LongTextArea")
    assert client.query("SELECT Id FROM Opportunity WHERE QB_Invoice_ID__c = '145'").status == 400
    assert client.query("SELECT QB_Invoice_ID__c FROM Opportunity").records[0]["QB_Invoice_ID__c"] == "145"


def test_a_removed_field_comes_back_empty(client: OrgClient, deal: str) -> None:
    client.org.edit(deal, QB_Invoice_ID__c="145")
    client.org.remove_field("QB_Invoice_ID__c")
    assert client.query("SELECT QB_Invoice_ID__c FROM Opportunity").error["errorCode"] == "INVALID_FIELD"
    client.org.add_field("QB_Invoice_ID__c")
    assert client.org.get(deal)["QB_Invoice_ID__c"] is None

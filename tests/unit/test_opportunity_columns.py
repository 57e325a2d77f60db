"""Which columns and rows of Opportunities are read, for different configurations and orgs."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from samples import sample_text

from qbsf.config import FieldsConfig, StagesConfig
from qbsf.errors import AnswerLost, ConfigError, UnexpectedAnswer
from qbsf.model import FieldInfo, Opportunity, OpportunityUpdate, UpdateResult
from qbsf.records import Json, decode
from qbsf.salesforce import parse
from qbsf.salesforce.columns import OpportunityColumns

ID, ID_2, ID_3 = "0065500000KQ12XAAT", "0065500000KQ12YAAT", "0065500000KQ12ZAAT"
FIELDS = FieldsConfig(
    invoice_id="qb_invoice_id__C",
    invoice_number="",
    payment_date="QB_Payment_Date__c",
    payment_amount="QB_Payment_Amount__c",
    payment_method="",
    payment_reference="",
    payment_link="",
)
STAGES = StagesConfig()


def sample(name: str) -> Json:
    return decode(sample_text("salesforce", f"{name}.json"))


def described() -> dict[str, FieldInfo]:
    return parse.field_infos(sample("describe_opportunity_excerpt"))


def columns(fields: FieldsConfig = FIELDS, stages: StagesConfig = STAGES, **extra: str) -> OpportunityColumns:
    """Columns for the documented describe, with further fields given as name=type."""
    info = described()
    info |= {name: FieldInfo(name, kind, 255, 0, 0, True, kind != "textarea", False) for name, kind in extra.items()}
    return OpportunityColumns.of(fields, stages, info, "9130350")


def rows() -> list[dict[str, Json]]:
    answer = sample("query_response_single_page")
    assert isinstance(answer, dict)
    records = answer["records"]
    assert isinstance(records, list)
    found = [record for record in records if isinstance(record, dict)]
    return [record | {"SystemModstamp": "2026-11-20T09:15:02.000+0000"} for record in found]


def opportunity(chosen: OpportunityColumns, **change: Json) -> Opportunity:
    return parse.opportunity(rows()[0] | change, chosen)


def test_describe_tells_type_and_rights_of_each_field() -> None:
    assert described()["QB_Payment_Amount__c"] == FieldInfo(
        "QB_Payment_Amount__c", "currency", 0, 2, 18, True, True, False
    )
    assert described()["QB_Payment_Reference__c"].updateable is False


def test_linked_rows_are_asked_for_in_the_order_of_their_change() -> None:
    statement = columns().linked(datetime(2026, 11, 22, tzinfo=UTC))
    assert statement.endswith(
        "FROM Opportunity WHERE qb_invoice_id__C != null AND SystemModstamp >= 2026-11-22T00:00:00Z "
        "ORDER BY SystemModstamp,Id"
    )


def test_either_link_field_is_enough() -> None:
    both = replace(FIELDS, invoice_number="No__c")
    assert "WHERE (qb_invoice_id__C != null OR No__c != null) ORDER BY" in columns(both, No__c="string").linked(None)


def test_a_link_field_that_cannot_be_filtered_on_is_filtered_here() -> None:
    chosen = columns(replace(FIELDS, invoice_number="No__c"), No__c="textarea")
    assert " WHERE " not in chosen.linked(None)
    assert chosen.filterable_links == ("qb_invoice_id__C",)
    assert not chosen.is_linked(opportunity(chosen, QB_Invoice_Id__c=None, No__c=None))
    assert chosen.is_linked(opportunity(chosen, QB_Invoice_Id__c=None, No__c="1037"))


def test_without_link_fields_rows_that_hold_a_payment_are_read() -> None:
    chosen = columns(replace(FIELDS, invoice_id=""))
    assert "WHERE QB_Payment_Amount__c != null" in chosen.linked(None)


def test_a_profile_sees_its_own_company_only() -> None:
    chosen = columns(replace(FIELDS, company="Company__c"), Company__c="string")
    assert "WHERE Company__c = '9130350' AND qb_invoice_id__C != null" in chosen.linked(None)
    assert chosen.is_ours(opportunity(chosen, Company__c="9130350"))
    assert not chosen.is_ours(opportunity(chosen, Company__c="913035"))
    assert not chosen.is_ours(opportunity(chosen, Company__c=None))


def test_currency_and_record_type_are_asked_for_only_where_they_exist() -> None:
    assert not {"CurrencyIsoCode", "RecordType.DeveloperName"} & set(columns().names)
    by_type = replace(STAGES, by_record_type=(("Retail", "Sold"),))
    names = columns(FIELDS, by_type, CurrencyIsoCode="picklist", RecordTypeId="reference").names
    assert {"CurrencyIsoCode", "RecordType.DeveloperName"} < set(names)


def test_fields_set_at_a_win_are_read_too() -> None:
    chosen = columns(FIELDS, replace(STAGES, set_=(("Win_Reason__c", "paid"),)), Win_Reason__c="picklist")
    assert "Win_Reason__c" in chosen.names


def test_a_configured_field_that_the_org_does_not_show_is_named_with_the_cure() -> None:
    with pytest.raises(ConfigError, match=r"no Opportunity field Gone__c.*qbsf check --fix"):
        columns(replace(FIELDS, payment_date="Gone__c"))


def test_record_types_that_do_not_exist_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="record types"):
        columns(FIELDS, replace(STAGES, by_record_type=(("Retail", "Sold"),)))


def test_a_row_as_documented_whatever_the_case_of_the_configured_names() -> None:
    found = opportunity(columns(), QB_Payment_Date__c="2026-11-21", QB_Payment_Amount__c=Decimal("1.0E3"))
    assert (found.id, found.name, found.stage, found.account_name) == (
        ID,
        "Acme - Website",
        "Negotiation/Review",
        "Acme",
    )
    assert (found.amount, found.close_date, found.currency) == (Decimal("1234.1"), date(2026, 12, 31), "")
    assert found.fields == {
        "qb_invoice_id__C": "145",
        "QB_Payment_Date__c": date(2026, 11, 21),
        "QB_Payment_Amount__c": Decimal(1000),
    }
    assert found.system_modstamp == datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC)


def test_a_row_without_account_or_amount() -> None:
    found = parse.opportunity(rows()[1], columns())
    assert (found.account_id, found.account_name, found.amount, found.is_lost) == ("", "", None, True)


def test_short_ids_become_long() -> None:
    assert opportunity(columns(), Id=ID[:15]).id == ID


def test_a_row_of_a_wrong_shape_names_the_opportunity() -> None:
    with pytest.raises(UnexpectedAnswer, match=f"Opportunity {ID} has another text for QB_Payment_Amount__c"):
        opportunity(columns(), QB_Payment_Amount__c="12")


def test_an_id_that_is_none_is_told() -> None:
    with pytest.raises(UnexpectedAnswer, match="not a Salesforce id"):
        opportunity(columns(), Id="006/../x")


def test_a_checkbox_that_is_set_at_a_win_is_true_or_false() -> None:
    chosen = columns(FIELDS, replace(STAGES, set_=(("Paid__c", True),)), Paid__c="boolean")
    assert opportunity(chosen, Paid__c=False).fields["Paid__c"] is False


def test_stages_as_documented() -> None:
    answer = sample("opportunity_stage_query")
    assert isinstance(answer, dict)
    records = answer["records"]
    assert isinstance(records, list)
    assert [(s.api_name, s.is_active, s.is_won) for s in map(parse.stage, records)] == [
        ("Prospecting", True, False),
        ("Closed Won", True, True),
        ("Closed Lost", True, False),
    ]


BATCH = [OpportunityUpdate(id_, "", {"StageName": "Closed Won"}) for id_ in (ID, ID_2, ID_3)]


def test_verdicts_are_told_apart_by_their_place() -> None:
    assert parse.update_results(BATCH, sample("collection_update_response_mixed")) == [
        UpdateResult(ID),
        UpdateResult(ID_2, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Loss reason must be cleared before winning"),
        UpdateResult(
            ID_3,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record or 1 records: 0065500000KQ12ZAAT",
        ),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        [],
        [{"id": ID, "success": True, "errors": []}],
        [{"id": ID, "success": True}, {"id": ID, "success": True}, {"id": ID_3, "success": True}],
        [{"id": ID}, {"id": ID_2}, {"id": ID_3}],
    ],
)
def test_verdicts_that_do_not_fit_the_batch_leave_it_in_doubt(answer: Json) -> None:
    with pytest.raises(AnswerLost):
        parse.update_results(BATCH, answer)


def test_a_refusal_without_a_reason_is_still_a_refusal() -> None:
    (result,) = parse.update_results(BATCH[:1], [{"success": False, "errors": []}])
    assert (result.ok, result.code) == (False, "UNKNOWN")

"""The fields of the check, and the source they are made from."""

from dataclasses import replace
from pathlib import Path

import pytest

from qbsf.check import fields, fix, sfdx
from qbsf.check.field_specs import FieldSpec, specs
from qbsf.check.fields import Described
from qbsf.check.findings import Finding, exit_code, fail, ok, warn
from qbsf.config import Config, FieldsConfig, QuickBooksConfig, SalesforceConfig, StagesConfig
from qbsf.model import FieldInfo

SAMPLES = Path("/work/shared/reference/samples/salesforce/sfdx/force-app/main/default")
TEXT = FieldInfo("", "string", 255, 0, 0, updateable=True, filterable=True, unique=False)
FITTING = {
    "Date": replace(TEXT, type="date", length=0),
    "Currency": replace(TEXT, type="currency", length=0, scale=2, precision=18),
    "Text": TEXT,
    "Url": replace(TEXT, type="url"),
}
CONFIG = Config(QuickBooksConfig("AB1"), SalesforceConfig("https://acme.my.salesforce.com", "3MVG1"))


def described(info: FieldInfo, name: str, **odd: bool) -> Described:
    facts = {"required": False, "calculated": False, "restricted": False} | odd
    return Described(replace(info, name=name), **facts)


def world(config: FieldsConfig | None = None) -> dict[str, Described]:
    """Every configured field as it should be."""
    return {spec.name: described(FITTING[spec.type], spec.name) for spec in specs(config or FieldsConfig())}


def found(one: Described, config: FieldsConfig | None = None) -> list[Finding]:
    """The findings where one field is as given and the others as they should be."""
    wanted = config or FieldsConfig()
    findings = fields.check(wanted, StagesConfig(), world(wanted) | {one.info.name: one})
    return [finding for finding in findings if finding.level != "ok"]


def test_fields_as_they_are_made_are_well() -> None:
    wanted = FieldsConfig(payment_status="S__c", invoice_total="T__c", invoice_balance="B__c", company="C__c")
    assert {one.level for one in fields.check(wanted, StagesConfig(), world(wanted))} == {"ok"}


@pytest.mark.parametrize(
    ("one", "level", "told"),
    [
        (described(FITTING["Date"], "QB_Payment_Amount__c"), "fail", "must be a currency field"),
        (described(TEXT, "QB_Payment_Date__c"), "fail", "must be a date field"),
        (described(FITTING["Date"], "QB_Payment_Method__c"), "fail", "must be a text field"),
        (described(replace(TEXT, updateable=False), "QB_Payment_Method__c"), "fail", "cannot be written"),
        (described(replace(TEXT, updateable=False), "QB_Payment_Method__c", calculated=True), "fail", "computed"),
        (described(replace(TEXT, unique=True), "QB_Payment_Reference__c"), "fail", "is unique"),
        (described(replace(TEXT, unique=True), "QB_Invoice_ID__c"), "warn", "cannot be cloned"),
        (described(replace(TEXT, filterable=False), "QB_Invoice_ID__c"), "warn", "cannot be filtered"),
        (described(replace(TEXT, length=30), "QB_Invoice_ID__c"), "warn", "holds 30 characters"),
        (described(replace(FITTING["Currency"], scale=1), "QB_Payment_Amount__c"), "warn", "cents are lost"),
        (described(replace(TEXT, type="picklist"), "QB_Payment_Method__c", restricted=True), "warn", "restricted"),
        (described(TEXT, "QB_Payment_Method__c", required=True), "warn", "cannot be emptied"),
    ],
)
def test_what_is_wrong_with_a_field_is_said(one: Described, level: str, told: str) -> None:
    (finding,) = found(one)
    assert (finding.level, told in finding.what) == (level, True), finding
    assert finding.todo


def test_a_company_field_may_be_read_only() -> None:
    wanted = FieldsConfig(company="C__c")
    assert found(described(replace(TEXT, updateable=False), "C__c"), wanted) == []


def test_a_further_field_to_set_must_be_there_and_writable() -> None:
    stages = StagesConfig(set_=(("Win__c", "x"), ("Gone__c", "y"), ("Fixed__c", 1)))
    facts = world() | {
        "Win__c": described(TEXT, "Win__c"),
        "Fixed__c": described(replace(TEXT, updateable=False), "Fixed__c"),
    }
    levels = {one.topic: one.level for one in fields.check(FieldsConfig(), stages, facts) if "set." in one.topic}
    assert levels == {"stages.set.Win__c": "ok", "stages.set.Gone__c": "fail", "stages.set.Fixed__c": "fail"}


def test_standard_and_packaged_fields_are_granted_and_not_made() -> None:
    missing = [FieldSpec("payment_date", "pkg__On__c"), FieldSpec("payment_method", "QB_M__c")]
    plan = fix.plan(missing, [*missing, FieldSpec("payment_amount", "Amount")])
    assert [spec.name for spec in plan.create] == ["QB_M__c"]
    assert [spec.name for spec in plan.grant] == ["QB_M__c", "Amount"]
    assert [spec.name for spec in plan.beyond] == ["pkg__On__c"]


def test_the_exit_code_of_several_failures_is_the_contracts_first() -> None:
    assert exit_code([ok("a", ""), warn("b", "", "")]) == 0
    assert exit_code([fail("a", "", "", 1), fail("b", "", "", 4), fail("c", "", "", 3)]) == 3
    assert exit_code([fail("a", "", "", 1), fail("b", "", "", 4)]) == 4
    assert exit_code([fail("a", "", "", 3), fail("b", "", "", 2)]) == 2
    assert exit_code([fail("a", "", "")]) == 1


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not on this machine")
@pytest.mark.parametrize("name", ["QB_Payment_Date__c", "QB_Payment_Amount__c", "QB_Payment_Method__c"])
def test_the_source_of_a_field_is_the_samples_to_the_byte(name: str) -> None:
    path = Path("force-app/main/default/objects/Opportunity/fields") / f"{name}.field-meta.xml"
    sample = SAMPLES / "objects/Opportunity/fields" / path.name
    assert sfdx.source(CONFIG)[path].strip() == sample.read_text(encoding="utf-8").strip()


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not on this machine")
def test_the_source_of_the_permission_set_is_the_samples_to_the_byte() -> None:
    of_sample = FieldsConfig(invoice_id="QB_Invoice_Id__c", invoice_number="", payment_link="")
    path = Path("force-app/main/default/permissionsets/QBSF_Sync.permissionset-meta.xml")
    sample = SAMPLES / "permissionsets" / path.name
    assert sfdx.source(replace(CONFIG, fields=of_sample))[path].strip() == sample.read_text(encoding="utf-8").strip()


def test_a_text_that_xml_would_misread_is_escaped() -> None:
    assert sfdx._xml("A", [("b", "<&>"), ("c", [("d", "x")])]).splitlines()[2:] == [
        "    <b>&lt;&amp;&gt;</b>",
        "    <c>",
        "        <d>x</d>",
        "    </c>",
        "</A>",
    ]

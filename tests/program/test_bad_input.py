"""Bad input: a clear line and the right exit code, nothing lost, nothing sent (interface.md, Configuration)."""

from collections.abc import Mapping
from datetime import date

import pytest
from program.installation import Installation
from program.passes import assert_idle, reason_of, won
from program.scenes import NOTHING, Scene

Tables = Mapping[str, Mapping[str, object]]
SECRET = "Hq7vXz2LmN8pR4sT6wY9bD1fG3jK5"
CONFIGURATIONS: dict[str, tuple[Tables, tuple[str, ...]]] = {
    "a typo in a key": ({"sync": {"max_winz": 3}}, ("sync.max_winz", '"max_wins"', "line ")),
    "a typo in a table": ({"feilds": {"payment_amount": "X__c"}}, ("feilds", '"fields"')),
    "a key of another table": ({"sync": {"on_paid": True}}, ("sync.on_paid", "[alerts]")),
    "a number in quotes": ({"sync": {"max_wins": "3"}}, ("sync.max_wins", "whole number", "without quotes")),
    "a text where a list belongs": ({"stages": {"from": "Prospecting"}}, ("stages.from", "list")),
    "a number where a switch belongs": ({"sync": {"record_partial_payments": 1}}, ("record_partial_payments", "true")),
    "a day that is none": ({"sync": {"start_date": "2026-02-30"}}, ("sync.start_date", "2026-01-31")),
    "a share over 100": ({"sync": {"max_credit_share": "150%"}}, ("sync.max_credit_share", "100%")),
    "an unknown way": ({"match": {"by": ["invoice_nr"]}}, ("match.by", '"invoice_number"')),
    "no amount field": ({"fields": {"payment_amount": ""}}, ("fields.payment_amount", "cannot be left out")),
    "SOQL in a field name": ({"fields": {"payment_date": "Name FROM User"}}, ("fields.payment_date", "API name")),
    "a profile name that is a path": ({"name": "../../other"}, ("name",)),  # type: ignore[dict-item]
    "a client secret of QuickBooks": ({"quickbooks": {"client_secret": SECRET}}, ("quickbooks.client_secret", "auth")),
    "a client secret of Salesforce": ({"salesforce": {"client_secret": SECRET}}, ("salesforce.client_secret", "auth")),
    "a token": ({"quickbooks": {"refresh_token": f"RT1-80-H0-{SECRET}"}}, ("quickbooks.refresh_token", "secret")),
    "a session in a good key": ({"salesforce": {"currency": f"00D550000004C92!{SECRET}"}}, ("currency", "secret")),
    "http": ({"salesforce": {"instance_url": "http://acme.my.salesforce.com"}}, ("instance_url", "https://")),
    "a foreign host": (
        {"salesforce": {"instance_url": "https://acme.my.salesforce.com.evil.example"}},
        ("instance_url",),
    ),
    "a host that looks alike": ({"salesforce": {"instance_url": "https://my.salesforce.com"}}, ("instance_url",)),
    "a user in the address": (
        {"salesforce": {"instance_url": "https://acme.my.salesforce.com@evil.example"}},
        ("instance_url",),
    ),
    "a port and a path": ({"salesforce": {"instance_url": "https://acme.my.salesforce.com:8443/x"}}, ("instance_url",)),
    "the address in the browser": (
        {"salesforce": {"instance_url": "https://acme.lightning.force.com"}},
        ("instance_url", "https://acme.my.salesforce.com"),
    ),
}


@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_a_wrong_configuration_is_one_clear_line_and_nothing_is_sent(qbsf: Installation, what: str) -> None:
    tables, said = CONFIGURATIONS[what]
    scene = Scene(qbsf)
    scene.pay()
    qbsf.configure(**tables)
    done = qbsf.run("sync")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert str(qbsf.config_path) in done.stderr
    for text in said:
        assert text in done.stderr
    document = qbsf.sync("--json", expect=2)
    assert document.json["error"]["code"]
    assert SECRET not in done.stderr + document.stdout + document.stderr
    assert len(qbsf.sandbox.network.log) == 0
    assert not qbsf.state_path.exists()
    # Put right, nothing is lost.
    qbsf.configure()
    assert scene.sync() == ("updated", "paid")


def test_several_problems_are_told_at_once_in_the_order_of_the_file(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_winz": 3, "look_back_days": -1}, alerts={"remind_hours": "daily"})
    line = qbsf.run("sync").stderr
    assert line.index("max_winz") < line.index("look_back_days") < line.index("remind_hours")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"[sync\n", b"name = \xff\xfe\n", b'name = "a"\nname = "b"\n', b"\0" * 100, b"= 3\n", b"\xef\xbb\xbf[x]\n"],
    ids=["empty", "no TOML", "no UTF-8", "a key twice", "zeroes", "no key", "a BOM"],
)
def test_a_file_that_is_no_configuration_is_one_clear_line(qbsf: Installation, content: bytes) -> None:
    qbsf.config_path.write_bytes(content)
    done = qbsf.run("sync")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert str(qbsf.config_path) in done.stderr
    assert len(qbsf.sandbox.network.log) == 0


def test_a_configuration_that_is_not_there_tells_how_to_make_one(qbsf: Installation) -> None:
    missing = qbsf.home / "elsewhere" / "config.toml"
    done = qbsf.run("--config", str(missing), "sync")
    assert done.exit_code == 2
    assert str(missing) in done.stderr
    assert qbsf.run("--config", str(qbsf.home), "sync").exit_code == 2


# -- What the org does not have ---------------------------------------------------------------------------------------


def _no_such_field(qbsf: Installation) -> str:
    qbsf.configure(fields={"payment_method": "QB_Paymnt_Method__c"})
    return "QB_Paymnt_Method__c"


def _hidden_field(qbsf: Installation) -> str:
    qbsf.org.set_field_access("QB_Payment_Date__c", visible=False)
    return "QB_Payment_Date__c"


def _read_only_field(qbsf: Installation) -> str:
    qbsf.org.set_field_access("QB_Payment_Amount__c", editable=False)
    return "QB_Payment_Amount__c"


def _field_of_another_type(qbsf: Installation) -> str:
    qbsf.org.alter_field("QB_Payment_Date__c", kind="Checkbox")
    return "QB_Payment_Date__c"


def _no_such_stage(qbsf: Installation) -> str:
    qbsf.configure(stages={"paid": "Closed  Won!"})
    return "Closed  Won!"


def _stage_that_is_not_won(qbsf: Installation) -> str:
    qbsf.configure(stages={"paid": "Negotiation/Review"})
    return "Negotiation/Review"


def _inactive_stage(qbsf: Installation) -> str:
    qbsf.org.deactivate_stage("Closed Won")
    return "Closed Won"


ORG_PROBLEMS = {
    problem.__name__.strip("_"): problem
    for problem in (
        _no_such_field,
        _hidden_field,
        _read_only_field,
        _field_of_another_type,
        _no_such_stage,
        _stage_that_is_not_won,
        _inactive_stage,
    )
}


@pytest.mark.parametrize("problem", ORG_PROBLEMS)
def test_what_the_org_does_not_have_is_a_configuration_error_before_anything_is_written(
    qbsf: Installation, problem: str
) -> None:
    scene, partial = Scene(qbsf), Scene(qbsf)
    scene.pay()
    partial.pay("10.00")
    named = ORG_PROBLEMS[problem](qbsf)
    for words in ((), ("--dry-run",), ()):
        error = qbsf.sync(*words, expect=2).json["error"]
        assert named in error["message"]
        assert error["todo"]
    assert qbsf.all_writes() == 0
    assert qbsf.run("sync").stderr.count("\n") == 1  # printed each time


@pytest.mark.parametrize("problem", ["no_such_field", "hidden_field", "stage_that_is_not_won", "inactive_stage"])
def test_what_the_org_has_no_longer_is_a_configuration_error_too(qbsf: Installation, problem: str) -> None:
    scene = Scene(qbsf)
    qbsf.sync()
    scene.pay()
    writes = qbsf.all_writes()
    ORG_PROBLEMS[problem](qbsf)
    error = qbsf.sync(expect=2).json["error"]
    assert error["todo"]
    assert qbsf.all_writes() == writes


# -- An Opportunity field that holds rubbish --------------------------------------------------------------------------

RUBBISH = (
    *(
        "x",
        "'",
        "\\",
        "\\'",
        "' OR '1'='1",
        "%",
        "_",
        "*",
        "-1",
        "0",
        "00",
        "1.5",
        "1e3",
        "²",
        "١٢٣",
        "1 2",
        "#1",
        "n/a",
    ),
    *("株式会社", "🧾🧾", "<b>1</b>", "{!Id}", ",", ";;;", ", ,", "\n", "a\tb", "\u202e1", "\u200b", "null", "9" * 40),
    *(
        "x" * 255,
        ",".join(str(1_000_000 + n) for n in range(31)),
        "SELECT * FROM Invoice",
        "id:1",
        "&%26",
        "https://x/y",
    ),
)


@pytest.mark.parametrize("field", ["QB_Invoice_ID__c", "QB_Invoice_Number__c"])
def test_rubbish_in_a_link_field_hurts_nobody_and_waits_for_a_person(qbsf: Installation, field: str) -> None:
    qbsf.org.alter_field(field, length=255)
    good = Scene(qbsf)
    good.pay()
    deals = {text: qbsf.deal("Rubbish", **{field: text}) for text in RUBBISH}
    filled = {text: deal for text, deal in deals.items() if qbsf.field(deal, field) is not None}
    outcome = qbsf.sync()
    assert reason_of(outcome, good.deal) == ("updated", "paid")
    attention = qbsf.attention()
    for text, deal in filled.items():
        if text.strip(",; \n"):
            assert attention[deal] == "unknown_invoice", repr(text)
        assert qbsf.writes(deal) == 0, repr(text)
    assert_idle(qbsf)
    qbsf.settled()


def test_rubbish_that_turns_into_a_good_link_is_followed(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    scene.edit(QB_Invoice_ID__c="see mail from Bob", QB_Invoice_Number__c=None)
    assert scene.sync() == ("skipped", "unknown_invoice")
    assert (scene.facts, scene.waits) == (NOTHING, "unknown_invoice")
    scene.edit(QB_Invoice_ID__c=f"  {scene.invoice}\n")
    assert scene.sync() == ("updated", "paid")
    assert scene.waits is None


def test_rubbish_in_a_payment_field_of_a_person_is_put_right_with_the_payment(qbsf: Installation) -> None:
    scene = Scene(
        qbsf, QB_Payment_Method__c="🧾 \\' %", QB_Payment_Reference__c="?" * 80, QB_Payment_Date__c=date(1, 1, 1)
    )
    scene.pay(method="Check", reference="R-1")
    scene.sync()
    assert scene.facts == ("1000.00", "2026-03-02", "Check", "R-1")
    qbsf.settled()


def test_rubbish_in_names_and_notes_of_quickbooks_arrives_as_it_is(qbsf: Installation) -> None:
    reference = "'\\\"<&>é🧾"
    invoice = qbsf.books.add_invoice('O\'Neill & "Sons" <ltd>', "10.00", number="N'1\\\"", private_note="006\x0b 006")
    deal = qbsf.deal("D'eal \"\\", number="N'1\\\"")
    qbsf.books.receive_payment([invoice], method="Ch'eck", reference=reference)
    outcome = qbsf.sync()
    assert reason_of(outcome, deal) == ("updated", "paid")
    assert outcome.record(deal)["customer"] == 'O\'Neill & "Sons" <ltd>'
    assert qbsf.payment_fields(deal)[2:] == ("Ch'eck", reference)
    plain = qbsf.run("sync", "-v", "--invoice", f"id:{invoice}")
    assert plain.exit_code == 0
    assert won(qbsf, deal)
    qbsf.settled()


def test_text_that_would_command_a_terminal_is_shown_as_text(qbsf: Installation) -> None:
    scene = Scene(qbsf, name="\x1b]0;owned\x07 Deal \x1b[2J")
    scene.pay(reference="\x1b[31mred")
    for words in (("sync", "--dry-run"), ("sync", "-v"), ("status",)):
        done = qbsf.run(*words)
        assert "\x1b" not in done.stdout + done.stderr
        assert "\x07" not in done.stdout + done.stderr

"""`qbsf check` through the installed command: each line tells what was found and what to do."""

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from program.installation import QBSF, Installation, Outcome
from program.terminal import TerminalSession

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.salesforce import OrgOptions
from qbsf.sandbox.world import Sandbox

SF = "{http://soap.sforce.com/2006/04/metadata}"
START = {"start_date": "2026-01-01"}


@pytest.fixture
def ready(qbsf: Installation) -> Installation:
    """Everything as it should be, the crontab too: `crontab -l` on this machine shows the file `crontab`."""
    folder = qbsf.home / "bin"
    folder.mkdir()
    program = folder / "crontab"
    program.write_text('#!/bin/sh\ncat "$HOME/crontab" 2>/dev/null || exit 1\n')
    program.chmod(0o755)
    qbsf.extra_environment["PATH"] = f"{folder}:/usr/bin:/bin"
    qbsf.configure(sync=START)
    schedule(qbsf)
    return qbsf


def schedule(qbsf: Installation, command: str = "", **variables: str) -> None:
    """The crontab: the environment that leads to the sandbox, with these variables over it ("" leaves one out)."""
    environment = qbsf.sandbox.environment(qbsf.home) | variables
    names = ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "PYTHON_KEYRING_BACKEND", "QBSF_STATE_DIR", "QBSF_SANDBOX_KEYRING")
    lines = [f"{name}={environment[name]}" for name in names if environment[name]]
    line = command or f"{QBSF} --config {qbsf.config_path} sync"
    (qbsf.home / "crontab").write_text("\n".join([*lines, f"*/5 * * * * {line}", ""]))


def checks(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """What `check --json` says, by the name of the check; the worst where there are several."""
    order = {"ok": 0, "warn": 1, "fail": 2}
    found = sorted(outcome.json["checks"], key=lambda one: order[one["level"]])
    return {one["check"]: one for one in found}


def examined(qbsf: Installation, expect: int = 0) -> dict[str, dict[str, Any]]:
    outcome = qbsf.run("check", "--json")
    assert outcome.exit_code == expect, outcome.stdout + outcome.stderr
    return checks(outcome)


def levels(found: dict[str, dict[str, Any]], level: str) -> set[str]:
    return {name for name, one in found.items() if one["level"] == level}


def test_an_installation_that_is_well_has_nothing_but_ok(ready: Installation) -> None:
    outcome = ready.run("check")
    assert outcome.exit_code == 0, outcome.stdout
    assert {line.split()[0] for line in outcome.stdout.splitlines()[:-1]} == {"ok"}
    assert outcome.stdout.splitlines()[-1] == "All is well."
    assert outcome.stderr == ""
    found = examined(ready)
    assert {"configuration", "state", "secrets", "quickbooks", "salesforce", "stages.paid", "cron"} <= set(found)
    assert "Sandbox Company" in found["quickbooks"]["message"]
    assert "currency(18,2), writable" in found["fields.payment_amount"]["message"]
    assert "filterable" in found["fields.invoice_id"]["message"]
    assert ready.all_writes() == 0


def test_it_logs_in_anew_and_does_not_trust_the_session_of_before(ready: Installation) -> None:
    examined(ready)
    ready.org.app.client_secret = "rotated"
    found = examined(ready, expect=3)
    assert found["salesforce"]["level"] == "fail"
    assert "qbsf auth salesforce" in found["salesforce"]["todo"]


def test_a_wrong_configuration_is_the_only_finding(ready: Installation) -> None:
    ready.configure(sync={"max_wins": -1})
    outcome = ready.run("check", "--json")
    assert outcome.exit_code == 2
    assert [one["check"] for one in outcome.json["checks"]] == ["configuration"]
    assert "sync.max_wins" in outcome.json["checks"][0]["message"]
    assert ready.run("check").stdout.startswith("fail configuration: ")


def test_a_configuration_that_others_may_read_is_worth_a_word(ready: Installation) -> None:
    ready.config_path.chmod(0o644)
    found = examined(ready)
    assert found["configuration"]["level"] == "warn"
    assert found["configuration"]["todo"] == f"chmod 600 {ready.config_path}"


def test_a_locked_keyring_fails_and_nothing_is_tried_without_it(ready: Installation) -> None:
    ready.extra_environment["QBSF_SANDBOX_KEYRING_FAILS"] = "locked"
    found = examined(ready, expect=3)
    assert found["secrets"]["level"] == "fail"
    assert "quickbooks" not in found
    assert ready.requests() == (0, 0)


def test_a_company_that_was_disconnected_needs_authorization(ready: Installation) -> None:
    ready.books.disconnect()
    found = examined(ready, expect=3)
    assert found["quickbooks"]["level"] == "fail"
    assert "qbsf auth quickbooks" in found["quickbooks"]["todo"]
    assert found["salesforce"]["level"] == "ok"


def test_each_field_that_cannot_be_used_is_named(ready: Installation) -> None:
    ready.org.remove_field("QB_Payment_Link__c")
    ready.org.set_field_access("QB_Payment_Method__c", visible=False)
    ready.org.set_field_access("QB_Payment_Reference__c", editable=False)
    ready.org.alter_field("QB_Payment_Date__c", kind="Text")
    ready.configure(sync=START, fields={"invoice_number": "qb_invoice_number__c"})
    found = examined(ready, expect=2)
    names = {"payment_link", "payment_method", "payment_reference", "payment_date", "invoice_number"}
    assert levels(found, "fail") == {f"fields.{name}" for name in names}
    assert "cannot be written" in found["fields.payment_reference"]["message"]
    assert "--fix" in found["fields.payment_link"]["todo"]
    assert found["fields.invoice_number"]["todo"] == 'Set fields.invoice_number = "QB_Invoice_Number__c".'


def test_what_is_odd_about_a_field_is_a_warning(ready: Installation) -> None:
    org = ready.org
    org.alter_field("QB_Invoice_ID__c", unique=True)
    org.alter_field("QB_Invoice_Number__c", kind="LongTextArea")
    org.alter_field("QB_Payment_Method__c", length=20)
    org.alter_field("QB_Payment_Amount__c", scale=0)
    found = examined(ready)
    names = {"invoice_id", "invoice_number", "payment_method", "payment_amount"}
    assert levels(found, "warn") == {f"fields.{name}" for name in names}
    assert "cloned" in found["fields.invoice_id"]["message"]
    assert "filtered" in found["fields.invoice_number"]["message"]
    assert "20 characters" in found["fields.payment_method"]["message"]


def test_stages_and_record_types_are_looked_up_in_the_org(ready: Installation) -> None:
    ready.org.add_record_type("Renewal")
    ready.configure(
        **{
            "sync": START,
            "stages": {"paid": "Qualification", "reversed": "Nowhere"},
            "stages.by_record_type": {"Renewal": "Closed Won", "Upsell": "Closed Won"},
        }
    )
    found = examined(ready, expect=2)
    assert levels(found, "fail") == {"stages.paid", "stages.reversed", "stages.by_record_type.Upsell"}
    assert "wins nothing" in found["stages.paid"]["message"]
    assert "Renewal" in found["stages.by_record_type.Upsell"]["todo"]


def test_an_allowance_below_what_is_kept_for_others_fails(ready: Installation) -> None:
    ready.org.set_allowance(1000, 950)
    found = examined(ready, expect=4)
    assert "100 are kept for others" in found["allowance"]["message"]
    ready.org.set_allowance(1000, 850)
    assert examined(ready)["allowance"]["level"] == "warn"


def test_a_clock_that_is_off_is_worth_a_word(ready: Installation) -> None:
    ready.clock.advance(timedelta(minutes=-20))
    ready.authorize()
    found = examined(ready)
    assert found["quickbooks.clock"]["level"] == found["salesforce.clock"]["level"] == "warn"
    assert "20 minutes ahead" in found["salesforce.clock"]["message"]


def test_a_sandbox_company_and_a_production_org_do_not_go_together(tmp_path: Path) -> None:
    with Sandbox(org=OrgOptions(edition="Enterprise Edition")) as sandbox:
        qbsf = Installation(sandbox, tmp_path)
        qbsf.authorize()
        found = examined(qbsf, expect=2)
        assert "allow_sandbox_to_production" in found["environment"]["todo"]
        qbsf.configure(sync={"allow_sandbox_to_production": True})
        assert examined(qbsf)["environment"]["level"] == "ok"


def test_currencies_and_what_invoicing_needs_abroad(tmp_path: Path) -> None:
    settings = CompanySettings(country="GB", home_currency="GBP", multi_currency=True, custom_txn_numbers=True)
    with Sandbox(settings=settings) as sandbox:
        qbsf = Installation(sandbox, tmp_path)
        qbsf.authorize()
        found = examined(qbsf)
        assert {"currency", "quickbooks.numbers", "invoicing.tax_code"} <= levels(found, "warn")
        assert "20.0% S" in found["invoicing.tax_code"]["todo"]
        qbsf.configure(invoicing={"tax_code": "20.0% S", "item": "Services"})
        assert {"invoicing.tax_code", "invoicing.item"} <= levels(examined(qbsf), "ok")
        qbsf.configure(invoicing={"tax_code": "19%", "item": "Gold"})
        assert {"invoicing.tax_code", "invoicing.item"} <= levels(examined(qbsf, expect=2), "fail")


def test_another_company_than_the_states_is_noticed(ready: Installation) -> None:
    ready.sync()
    assert examined(ready)["profile"]["level"] == "ok"
    with closing(sqlite3.connect(ready.state_path)) as state, state:
        state.execute("UPDATE meta SET value = '123' WHERE key = 'realm_id'")
    assert "123" in examined(ready, expect=2)["profile"]["message"]


# -- cron ---------------------------------------------------------------------------------------------------------


def test_without_a_line_in_the_crontab_the_lines_to_put_there_are_printed_and_work(ready: Installation) -> None:
    (ready.home / "crontab").unlink()
    outcome = ready.run("check", "--json")
    assert outcome.exit_code == 0
    assert checks(outcome)["cron"]["level"] == "warn"
    lines = outcome.json["crontab"]
    assert lines[-1] == f"*/5 * * * * {QBSF} --config {ready.config_path} sync"
    assert f"crontab {lines[-1]}" in ready.run("check").stdout.splitlines()
    (ready.home / "crontab").write_text("\n".join(lines) + "\n")
    found = examined(ready)
    assert (found["cron"]["level"], found["cron.environment"]["level"]) == ("ok", "ok")


def test_a_bare_qbsf_is_not_found_by_crons_path(ready: Installation) -> None:
    schedule(ready, f"qbsf --config {ready.config_path} sync")
    found = examined(ready, expect=1)
    assert "cron does not find" in found["cron"]["message"]
    assert QBSF in found["cron"]["todo"]


def test_a_keyring_that_only_this_shell_reaches_is_noticed(ready: Installation) -> None:
    schedule(ready, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    found = examined(ready, expect=1)
    assert found["secrets"]["level"] == "ok"
    assert "From cron's environment" in found["cron.environment"]["message"]


def test_a_pass_under_cron_that_would_use_another_state_is_noticed(ready: Installation) -> None:
    schedule(ready, QBSF_STATE_DIR=str(ready.home / "elsewhere"))
    assert "elsewhere" in examined(ready, expect=1)["cron.environment"]["message"]


def test_a_secret_that_only_this_shell_has_is_noticed(ready: Installation) -> None:
    ready.extra_environment["QBSF_SALESFORCE_CLIENT_SECRET"] = ready.org.app.client_secret
    keyring = ready.home / "keyring.json"
    keyring.write_text(keyring.read_text().replace("salesforce.client_secret", "another"))
    outcome = ready.run("check", "--json")
    assert "the Salesforce client secret" in checks(outcome)["cron.environment"]["message"]
    assert ready.org.app.client_secret not in outcome.stdout


def test_a_wrapper_in_the_crontab_is_run_with_the_test(ready: Installation) -> None:
    backend = "PYTHON_KEYRING_BACKEND=qbsf.sandbox.keyring_backend.SandboxKeyring"
    schedule(ready, f"env {backend} {QBSF} --config {ready.config_path} sync", PYTHON_KEYRING_BACKEND="")
    assert examined(ready)["cron.environment"]["level"] == "ok"


def test_what_else_a_line_does_is_not_done_by_the_check(ready: Installation) -> None:
    trace = ready.home / "trace"
    schedule(ready, f"touch {trace}; {QBSF} --config {ready.config_path} sync")
    assert examined(ready)["cron.environment"]["level"] == "ok"
    assert not trace.exists()


# -- making the fields --------------------------------------------------------------------------------------------


def test_fix_creates_and_grants_what_is_missing_and_the_next_pass_uses_it(ready: Installation) -> None:
    org = ready.org
    for name in ("QB_Invoice_ID__c", "QB_Payment_Amount__c", "QB_Payment_Date__c", "QB_Payment_Link__c"):
        org.remove_field(name)
    org.set_field_access("QB_Payment_Method__c", visible=False)
    org.set_field_access("QB_Payment_Reference__c", editable=False)
    outcome = ready.run("check", "--fix", "--yes")
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    assert "QB_Payment_Amount__c: created." in outcome.stdout
    assert "QB_Payment_Method__c: was there, hidden." in outcome.stdout
    found = examined(ready)
    assert "currency(18,2), writable" in found["fields.payment_amount"]["message"]
    assert "string(255), writable, filterable" in found["fields.invoice_id"]["message"]

    invoice = ready.books.add_invoice(total="120.00")
    deal = ready.deal(invoice=invoice)
    ready.books.receive_payment([invoice], date="2026-03-03", method="Check", reference="7")
    ready.sync()
    assert ready.payment_fields(deal) == ("120.00", "2026-03-03", "Check", "7")
    assert "nothing that --fix could" in ready.run("check", "--fix", "--yes").stdout


def test_fix_asks_first_and_off_a_terminal_changes_nothing(ready: Installation) -> None:
    ready.org.remove_field("QB_Payment_Link__c")
    outcome = ready.run("check", "--fix", stdin="y\n")
    assert outcome.exit_code == 2
    assert "--yes" in outcome.stderr
    assert examined(ready, expect=2)["fields.payment_link"]["level"] == "fail"


def test_fix_at_a_terminal_shows_what_it_would_do_and_takes_no_for_an_answer(ready: Installation) -> None:
    ready.org.remove_field("QB_Payment_Link__c")
    session = TerminalSession([QBSF, "check", "--fix"], ready.environment(), ready.home)
    session.answer("Do it? [y/N] ", "n")
    assert session.end() == 2
    assert "create the Opportunity field QB_Payment_Link__c (Url)" in session.screen
    assert "Nothing was changed." in session.screen
    session = TerminalSession([QBSF, "check", "--fix"], ready.environment(), ready.home)
    session.answer("Do it? [y/N] ", "y")
    assert session.end() == 0
    assert "QB_Payment_Link__c: created." in session.screen


def test_fix_says_so_where_the_login_may_not(ready: Installation) -> None:
    ready.org.remove_field("QB_Payment_Link__c")
    ready.org.forbid_customizing()
    outcome = ready.run("check", "--fix", "--yes", "--json")
    assert outcome.exit_code == 2
    fix = checks(outcome)["fix"]
    assert fix["level"] == "fail"
    assert "INSUFFICIENT_ACCESS" in fix["message"]
    assert "--print-fields" in fix["todo"]


def test_print_fields_writes_a_project_that_an_administrator_can_deploy(qbsf: Installation) -> None:
    fields = {"payment_status": "QB_Status__c", "company": "QB_Company__c", "payment_date": "pkg__Paid_On__c"}
    qbsf.configure(fields=fields)
    folder = qbsf.home / "for admins"
    outcome = qbsf.run("check", "--print-fields", str(folder))
    assert outcome.exit_code == 0, outcome.stderr
    assert "sf project deploy start" in outcome.stdout
    assert qbsf.requests() == (0, 0)
    objects = folder / "force-app/main/default/objects/Opportunity/fields"
    made = {path.name.removesuffix(".field-meta.xml") for path in objects.iterdir()}
    assert {"QB_Status__c", "QB_Company__c", "QB_Payment_Amount__c", "QB_Invoice_ID__c"} <= made
    assert "pkg__Paid_On__c" not in made
    amount = ET.parse(objects / "QB_Payment_Amount__c.field-meta.xml").getroot()
    tags = [(one.tag.removeprefix(SF), one.text) for one in amount]
    assert tags == [
        ("fullName", "QB_Payment_Amount__c"),
        ("externalId", "false"),
        ("label", "QB Payment Amount"),
        ("precision", "18"),
        ("required", "false"),
        ("scale", "2"),
        ("trackHistory", "false"),
        ("type", "Currency"),
    ]
    granted = ET.parse(folder / "force-app/main/default/permissionsets/QBSF_Sync.permissionset-meta.xml").getroot()
    names = [one.text for one in granted.iter(f"{SF}field")]
    assert "Opportunity.pkg__Paid_On__c" in names
    assert names == sorted(name or "" for name in names)


def test_print_fields_never_replaces_a_file_without_saying_so(qbsf: Installation) -> None:
    folder = qbsf.home / "fields"
    qbsf.run("check", "--print-fields", str(folder))
    assert "holds all of it already" in qbsf.run("check", "--print-fields", str(folder)).stdout
    field = folder / "force-app/main/default/objects/Opportunity/fields/QB_Payment_Date__c.field-meta.xml"
    (folder / "sfdx-project.json").write_text("{}")
    field.write_text("mine")
    refused = qbsf.run("check", "--print-fields", str(folder))
    assert (refused.exit_code, field.read_text()) == (2, "mine")
    assert field.name in refused.stderr
    replaced = qbsf.run("check", "--print-fields", str(folder), "--yes")
    assert f"replaced {field}" in replaced.stdout.splitlines()
    assert "<type>Date</type>" in field.read_text()
    assert (folder / "sfdx-project.json").read_text() == "{}"


def test_the_state_folder_is_made_private(ready: Installation) -> None:
    examined(ready)
    assert stat.S_IMODE(ready.state_path.parent.stat().st_mode) == 0o700

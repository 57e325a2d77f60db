"""Plain lines: grep finds a deal and everything about it; nothing in a name makes a second line."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.output_examples import EXPIRING, LOST, NOW, REPORT, STATUS, WON, WON_ID

from qbsf.output import plain, words
from qbsf.output.text import grouped, one_line
from qbsf.report import AttentionItem, Change, InvoiceView, Record

HOSTILE = "[red]Ac\x1b[31mme[/red]\r\nGmbH\u202e \u2028\x9b2J \udc80\x00\ttail"


def test_a_report_is_one_line_a_fact_with_the_deal_first() -> None:
    assert list(plain.report(replace(REPORT, records=(WON,)))) == [
        (
            f'{WON_ID} updated paid name="Acme: 200 widgets" account="Acme Inc." customer="Acme Incorporated"'
            ' matched_by=invoice_id note="Paid in QuickBooks."'
        ),
        f"{WON_ID} invoice id=2052 number=2052 total=2750.00 balance=0.00 currency=EUR",
        f'{WON_ID} payment id=187 date=2025-08-25 amount=2750.00 method="Test Payment" reference="Manual Test Update"',
        f'{WON_ID} change StageName: "Proposal and Agreement" -> "Closed Won"',
        f'{WON_ID} change QB_Payment_Amount__c: empty -> "2750.00"',
        "warning: QB_Payment_Reference__c was cut to 80 characters.",
        (
            "summary mode=incremental dry_run=no complete=yes examined=3 updated=1 unchanged=0 skipped=1 failed=1"
            " quickbooks_requests=2 salesforce_requests=2"
        ),
    ]


def test_an_invoice_without_a_deal_is_found_by_its_id() -> None:
    orphan = Record("skipped", "no_opportunity", invoices=(InvoiceView("7", "", "1.00", "1.00", "EUR"),))
    assert list(plain.report(replace(REPORT, records=(orphan,), warnings=())))[:-1] == [
        'invoice:7 skipped no_opportunity note="No Opportunity names this invoice."',
        "invoice:7 invoice id=7 total=1.00 balance=1.00 currency=EUR",
    ]


def test_fields_of_every_type_are_told_apart() -> None:
    record = replace(WON, changes={"A__c": Change("", True), "B__c": Change(3, None)}, invoices=(), payments=())
    assert list(plain.report(replace(REPORT, records=(record,))))[1:3] == [
        f'{WON_ID} change A__c: "" -> true',
        f"{WON_ID} change B__c: 3 -> empty",
    ]


def test_the_status_is_one_line_a_fact() -> None:
    lines = plain.status(replace(STATUS, problems=(EXPIRING,)), crontab="*/5 * * * * /usr/bin/qbsf sync")
    assert lines == [
        "profile default healthy",
        "problem grant_ends: The QuickBooks grant ends in 5 days. Run: qbsf auth quickbooks",
        (
            "quickbooks authorized=yes realm_id=9341453 environment=production"
            " access_token_expires_at=2026-11-22T09:00:00Z refresh_token_expires_at=2027-03-03T08:00:00Z"
            " refresh_token_days_left=101"
        ),
        (
            "salesforce instance_url=https://acme.my.salesforce.com organization_id=00DXX0000000001AAA"
            " flow=client_credentials last_login_at=2026-11-22T07:00:00Z"
        ),
        (
            "last_run id=20261122T080000Z-1 mode=incremental finished_at=2026-11-22T08:00:01Z complete=yes exit_code=1"
            " examined=3 updated=1 unchanged=0 skipped=1 failed=1"
        ),
        "last_success_at 2026-11-22T08:00:01Z",
        (
            "attention 006XX0000000002AAA closed_lost since=2026-11-20T08:00:00Z"
            ' name="Beta renewal" account="Beta Ltd" customer=Beta invoices=2053 note="Money arrived for a deal that is'
            ' closed as lost. Reopen the deal, or correct the invoice it names."'
        ),
        "crontab */5 * * * * /usr/bin/qbsf sync",
    ]


def test_a_fresh_installation_says_never() -> None:
    lines = plain.status(replace(STATUS, healthy=False, last_run=None, last_success_at=None, attention=()))
    assert lines[0] == "profile default unhealthy"
    assert lines[-1] == "last_success_at never"


def test_acknowledged_records_are_listed_on_request() -> None:
    status = replace(STATUS, attention=(AttentionItem(LOST, NOW, acknowledged=True, ack_note="on its way"),))
    assert not [line for line in plain.status(status) if line.startswith("attention")]
    (line,) = [line for line in plain.status(status, show_all=True) if line.startswith("attention")]
    assert 'acknowledged=yes ack_note="on its way"' in line


def test_a_hostile_name_shows_what_it_holds() -> None:
    assert one_line(HOSTILE) == r"[red]Ac\x1b[31mme[/red] GmbH\u202e  \x9b2J \udc80\x00 tail"


def test_names_people_write_stay_as_they_are() -> None:
    for name in ("Žižkov & Söhne", "می\u200cروم", "👩\u200d🔧 GmbH", "株式会社"):
        assert one_line(name) == name


@given(st.text(st.characters(), max_size=60))
def test_whatever_a_record_says_is_one_printable_line(text: str) -> None:
    record = replace(
        WON,
        opportunity_name=text,
        account=text,
        customer=text,
        note=text,
        changes={"Name__c": Change(text, text)},
    )
    lines = list(plain.report(replace(REPORT, records=(record,), warnings=(text,))))
    assert len(lines) == 6
    for line in lines:
        assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
        assert "\u202e" not in line
        assert line.encode()


@pytest.mark.parametrize(
    ("amount", "shown"), [("2750.00", "2,750.00"), ("-1234567.5", "-1,234,567.5"), ("", ""), ("n/a", "n/a")]
)
def test_money_reads_in_thousands(amount: str, shown: str) -> None:
    assert grouped(amount) == shown


REASONS = [
    "paid",
    "partially_paid",
    "payment_changed",
    "linked",
    "reversed",
    "balance_due",
    "settled_by_credit",
    "reopened",
    "in_step",
    "not_paid",
    "no_opportunity",
    "before_start",
    "voided",
    "zero_total",
    "inconsistent",
    "held_back",
    "braked",
    "closed_lost",
    "ambiguous_opportunity",
    "ambiguous_invoice",
    "link_conflict",
    "late_invoice",
    "currency_mismatch",
    "unknown_invoice",
    "unexplained",
    "not_ours",
    "contested",
    "rejected",
    "unavailable",
]


def test_every_reason_of_the_contract_has_its_sentence_and_no_other() -> None:
    assert sorted(words.SENTENCES) == sorted(REASONS)


@pytest.mark.parametrize(
    "reason",
    [
        "balance_due",
        "settled_by_credit",
        "reopened",
        "held_back",
        "braked",
        "closed_lost",
        "ambiguous_opportunity",
        "ambiguous_invoice",
        "link_conflict",
        "late_invoice",
        "currency_mismatch",
        "unknown_invoice",
        "unexplained",
        "not_ours",
        "contested",
        "rejected",
        "reversed",
    ],
)
def test_what_waits_for_a_person_says_what_to_do(reason: str) -> None:
    assert words.SENTENCES[reason].todo


def test_a_reason_without_a_sentence_is_told_in_words() -> None:
    assert words.note("brand_new") == "brand new"

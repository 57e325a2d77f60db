"""Tables on a terminal, at the widths people have, with and without colour."""

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from unit.output_examples import EXPIRING, LOST, NOW, REFUSED, REPORT, RUN, STATUS, VIENNA, WON
from unit.test_output_plain import HOSTILE

from qbsf.output import terminal, terminal_status
from qbsf.output.console import terminal_console, wants_colour
from qbsf.report import AttentionItem, Change, InvoiceView, PaymentView, Record, Report, Status

COLOUR = {"TERM": "xterm-256color"}
PLAIN = {"TERM": "xterm-256color", "NO_COLOR": "1"}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def shown(value: Report | Status, width: int = 80, environ: dict[str, str] | None = None, **options: bool) -> str:
    stream = io.StringIO()
    console = terminal_console(stream, PLAIN if environ is None else environ, width=width)
    if isinstance(value, Report):
        terminal.report(value, console, VIENNA)
    else:
        terminal_status.status(value, console, crontab="*/5 * * * * qbsf sync", zone=VIENNA, **options)
    return "\n".join(line.rstrip() for line in stream.getvalue().split("\n"))


def test_a_paid_deal_shows_old_and_new_the_payment_and_who() -> None:
    assert shown(replace(REPORT, records=(WON,)), width=100) == (
        """\
qbsf: incremental pass, default, 2026-11-22 09:00:00+01:00

updated, paid: Acme: 200 widgets
  Account Acme Inc. · QuickBooks customer Acme Incorporated · 006XX0000000001AAA · matched by
  invoice id
  Paid in QuickBooks.
  Invoice 2052: EUR 2,750.00, balance 0.00
  Payment  Date            Cash  Method        Reference
  187      2025-08-25  2,750.00  Test Payment  Manual Test Update
  Field                 Before                     After
  StageName             Proposal and Agreement  →  Closed Won
  QB_Payment_Amount__c  (empty)                 →  2750.00

warning: QB_Payment_Reference__c was cut to 80 characters.

3 examined: 1 updated, 0 unchanged, 1 skipped, 1 failed (4 requests)
"""
    )


def test_on_forty_columns_the_fields_stand_below_each_other() -> None:
    assert shown(replace(REPORT, records=(WON,), warnings=()), width=40) == (
        """\
qbsf: incremental pass, default,
2026-11-22 09:00:00+01:00

updated, paid: Acme: 200 widgets
  Account Acme Inc. · QuickBooks
  customer Acme Incorporated ·
  006XX0000000001AAA · matched by
  invoice id
  Paid in QuickBooks.
  Invoice 2052: EUR 2,750.00, balance
  0.00
  Payment 187, 2025-08-25: 2,750.00
  (Test Payment, Manual Test Update)
  StageName
    Proposal and Agreement
    → Closed Won
  QB_Payment_Amount__c
    (empty)
    → 2750.00

3 examined: 1 updated, 0 unchanged, 1
skipped, 1 failed (4 requests)
"""
    )


def test_a_dry_run_says_would_be_and_that_nothing_was_written() -> None:
    text = shown(replace(REPORT, run=replace(RUN, dry_run=True)))
    assert "would be updated, paid: Acme" in text
    assert "1 would be updated" in text
    assert text.endswith("Dry run: nothing was written.\n")


def test_a_pass_that_ran_out_of_time_says_that_the_next_goes_on() -> None:
    assert "the next run goes on" in shown(replace(REPORT, run=replace(RUN, complete=False)))


def test_the_status_tells_health_tokens_and_who_waits() -> None:
    text = shown(replace(STATUS, problems=(EXPIRING,), healthy=False))
    assert text == (
        """\
qbsf default: unhealthy
  The QuickBooks grant ends in 5 days.
    Run: qbsf auth quickbooks

QuickBooks       authorized, company 9341453, production
  refresh token  until 2027-03-03 09:00:00+01:00 (101 days left)
  access token   until 2026-11-22 10:00:00+01:00
Salesforce       https://acme.my.salesforce.com, org 00DXX0000000001AAA,
                 client_credentials
  last login     2026-11-22 08:00:00+01:00
Last pass        2026-11-22 09:00:01+01:00, incremental, exit 1
                 3 examined: 1 updated, 0 unchanged, 1 skipped, 1 failed
Last good pass   2026-11-22 09:00:01+01:00
Crontab line: */5 * * * * qbsf sync

Waiting for a person: 1

closed lost: Beta renewal
  Account Beta Ltd · QuickBooks customer Beta · 006XX0000000002AAA · invoice
  2053 · since 2026-11-20 09:00:00+01:00
  Money arrived for a deal that is closed as lost. Reopen the deal, or correct
  the invoice it names.
"""
    )


def test_a_fresh_installation_says_never_and_that_nobody_waits() -> None:
    text = shown(replace(STATUS, last_run=None, last_success_at=None, attention=()))
    assert re.search(r"^Last pass +never$", text, re.MULTILINE)
    assert re.search(r"^Last good pass +never$", text, re.MULTILINE)
    assert "Nothing waits for a person." in text


def test_acknowledged_records_are_shown_on_request() -> None:
    status = replace(STATUS, attention=(AttentionItem(LOST, NOW, acknowledged=True, ack_note="on its way"),))
    assert "Beta renewal" not in shown(status)
    assert "acknowledged: on its way" in shown(status, show_all=True)


@pytest.mark.parametrize("environ", [PLAIN, {"TERM": "dumb"}])
@pytest.mark.parametrize("value", [REPORT, STATUS])
def test_no_color_means_no_escape_at_all_not_even_bold(value: Report | Status, environ: dict[str, str]) -> None:
    assert "\x1b" not in shown(value, environ=environ)


def test_colour_changes_nothing_but_colour() -> None:
    coloured = shown(REPORT, environ=COLOUR)
    assert "\x1b[" in coloured
    assert [line.rstrip() for line in ESCAPE.sub("", coloured).split("\n")] == shown(REPORT).split("\n")


def test_an_empty_no_color_does_not_count() -> None:
    assert wants_colour({"NO_COLOR": ""})


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("environ", [PLAIN, COLOUR])
def test_hostile_names_print_as_text_at_every_width(width: int, environ: dict[str, str]) -> None:
    hostile = Record(
        outcome="updated",
        reason="paid",
        opportunity_id=HOSTILE,
        opportunity_name=HOSTILE,
        account=HOSTILE,
        customer=HOSTILE,
        invoices=(InvoiceView(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        payments=(PaymentView(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        matched_by=HOSTILE,
        changes={HOSTILE: Change(HOSTILE, HOSTILE)},
        note=HOSTILE,
    )
    report = replace(REPORT, records=(hostile, replace(REFUSED, note=HOSTILE)), warnings=(HOSTILE,))
    status = replace(STATUS, attention=(AttentionItem(hostile, NOW, ack_note=HOSTILE),), profile=HOSTILE)
    for value in (report, status):
        text = ESCAPE.sub("", shown(value, width, environ))
        assert not set(text) & set("\x1b\x9b\x00\r\t\u202e\u2028\udc80")
        assert "[red]" in text.replace("\n", "").replace(" ", "")
        assert max(cell_len(line) for line in text.split("\n") if not line.startswith("Crontab")) <= width
        assert text.encode()


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_wide_letters_stay_within_the_screen(width: int) -> None:
    japanese = replace(WON, opportunity_name="株式会社" * 20, account="株式会社" * 10)
    text = shown(replace(REPORT, records=(japanese,)), width)
    assert max(cell_len(line) for line in text.split("\n")) <= width

"""What an alert says, how lines become messages, what waits for a channel that was dead, and when things are told."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from unit.output_examples import IDLE, LOST, REFUSED, STATUS, WON

from qbsf.alerts import letters as mail
from qbsf.alerts.alert import is_win, of_win, of_word, won_text
from qbsf.alerts.command import ChannelFailed, CommandUnusable, run_command, without_secrets
from qbsf.alerts.letters import Letter, channels_of
from qbsf.alerts.web import MESSAGE_LENGTH, fail_address, harmless, messages
from qbsf.clock import Deadline, SystemClock
from qbsf.config import AlertsConfig, Config, KeepApiCalls, QuickBooksConfig, SalesforceConfig
from qbsf.output import as_json, troubles
from qbsf.output.manner import Memory, decide
from qbsf.output.telling import Past, manners_of, tell_pass
from qbsf.output.voice import Voice
from qbsf.report import AttentionItem, Change, Failure, InvoiceView, PaymentView, Report, Status
from qbsf.state.journal import Journal
from qbsf.state.store import State, empty_state
from qbsf.sync.allowance import note_usage, problems, warns_below
from qbsf.sync.options import SyncOptions

FRIDAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CONFIG = Config(
    QuickBooksConfig(client_id="AB"), SalesforceConfig(instance_url="https://acme.my.salesforce.com", client_id="3MVG")
)


@pytest.fixture
def state() -> Iterator[State]:
    with closing(empty_state()) as found:
        yield found


# -- A weekend of passes ----------------------------------------------------------------------------------------------


class Cron:
    """A pass every five minutes: what each mailed and would have alerted, by its time since Friday."""

    def __init__(self) -> None:
        self.now = FRIDAY
        self.told = ""
        self.good = FRIDAY
        self.mailed: list[tuple[timedelta, str]] = []
        self.alerted: list[tuple[timedelta, str, str]] = []

    def read(self) -> str:
        return self.told

    def write(self, text: str) -> None:
        self.told = text

    def passes(self, length: timedelta, report: Report) -> None:
        until = self.now + length
        while self.now < until:
            self.now += STEP
            stderr = StringIO()
            if report.error is None:
                self.good = self.now
            past = Past(self._status, lambda: self)
            voice = Voice(StringIO(), stderr, {})
            ending = tell_pass(report, SyncOptions(), CONFIG, voice, past, self.now)
            self.mailed += [(self.now - FRIDAY, line) for line in stderr.getvalue().splitlines()]
            words = troubles.words_of(piece for piece in ending.news if not piece.repeated)
            self.alerted += [(self.now - FRIDAY, word.kind, word.line("default")) for word in words]

    def _status(self) -> Status:
        return replace(STATUS, attention=(), last_success_at=self.good)


def failed(exit_code: int, code: str, message: str, todo: str) -> Report:
    return replace(IDLE, error=Failure(code, message, todo), exit_code=exit_code)


def test_a_weekend_with_a_dead_token_is_one_line_with_the_cure_three_reminders_and_one_when_it_is_over() -> None:
    cron = Cron()
    cron.passes(HOUR, IDLE)
    dead = failed(3, "authorization_needed", "The QuickBooks grant ended.", "Run qbsf auth quickbooks.")
    cron.passes(timedelta(hours=75), dead)
    cron.passes(HOUR, IDLE)
    began = HOUR + STEP
    told = "The QuickBooks grant ended. Run qbsf auth quickbooks."
    still = f"qbsf: still, since 2026-11-20T09:05:00Z: {told}"
    assert cron.mailed == [
        (began, f"qbsf: {told}"),
        *((began + day * DAY, still) for day in (1, 2, 3)),
        (began + timedelta(hours=75), "qbsf: over: The QuickBooks grant ended."),
    ]
    assert [(at, line) for at, _, line in cron.alerted] == cron.mailed
    assert [kind for _, kind, _ in cron.alerted] == ["new", "reminder", "reminder", "reminder", "over"]


def test_three_hours_of_outage_are_one_line_once_the_last_good_pass_is_stale_and_one_when_it_is_over() -> None:
    cron = Cron()
    cron.passes(HOUR, IDLE)
    cron.passes(3 * HOUR, failed(4, "unreachable", "QuickBooks answered HTTP 503.", "Nothing to do."))
    cron.passes(HOUR, IDLE)
    assert cron.mailed == [
        (HOUR + timedelta(minutes=35), "qbsf: QuickBooks answered HTTP 503. Nothing to do."),
        (4 * HOUR + STEP, "qbsf: over: QuickBooks answered HTTP 503."),
    ]
    assert [(at, line) for at, _, line in cron.alerted] == cron.mailed


def test_a_weekend_without_trouble_is_silence() -> None:
    cron = Cron()
    cron.passes(3 * DAY, IDLE)
    assert (cron.mailed, cron.alerted) == ([], [])


def test_a_wrong_configuration_is_mailed_every_time_but_alerted_once_a_day() -> None:
    cron = Cron()
    cron.passes(DAY + HOUR, failed(2, "configuration", "There is no stage Wonn.", "Correct stages.paid."))
    assert len(cron.mailed) == 25 * 12
    assert [(at, kind) for at, kind, _ in cron.alerted] == [(STEP, "new"), (DAY + STEP, "reminder")]


# -- What an alert says -----------------------------------------------------------------------------------------------


def test_a_won_deal_reads_as_money_from_somebody() -> None:
    assert won_text(WON) == "EUR 2,750.00 from Acme Incorporated: deal won"
    parts = tuple(PaymentView(str(n), "2025-08-25", "1250.50", "", "") for n in range(2))
    assert won_text(replace(WON, payments=parts, customer=None)) == "EUR 2,501.00 from Acme Inc.: deal won"
    invoice = InvoiceView("1", "1", "99.90", "0.00", "")
    assert won_text(replace(WON, payments=(), invoices=(invoice,))) == "99.90 from Acme Incorporated: deal won"


def test_only_a_write_that_moved_the_stage_for_a_full_payment_is_a_win() -> None:
    assert is_win(WON)
    assert not is_win(replace(WON, reason="partially_paid"))
    assert not is_win(replace(WON, outcome="failed"))
    assert not is_win(replace(WON, changes={"QB_Payment_Amount__c": Change(None, "2750.00")}))
    assert not any(is_win(record) for record in (LOST, REFUSED))


def test_an_alert_is_a_document_with_the_facts_of_its_record() -> None:
    document = json.loads(as_json.alert(of_win(WON, "acme", FRIDAY, FRIDAY + STEP)))
    assert document["schema"] == 1
    assert (document["kind"], document["profile"], document["code"]) == ("paid", "acme", "paid")
    assert (document["since"], document["at"]) == ("2026-11-20T08:00:00Z", "2026-11-20T08:05:00Z")
    assert document["text"] == document["message"] == won_text(WON)
    assert document["records"][0]["payments"][0]["id"] == "187"


def test_records_that_share_a_line_share_an_alert() -> None:
    held = tuple(replace(LOST, reason="braked", opportunity_id=f"006{number}") for number in range(5))
    waiting = troubles.of_records(AttentionItem(record, since=FRIDAY) for record in held)
    news = decide(Memory(), waiting, FRIDAY, manners_of(CONFIG.alerts), sees=frozenset({"record"})).news
    (word,) = troubles.words_of(news)
    alert = of_word(word, "default", FRIDAY)
    assert alert.text.startswith("qbsf: 5 records, braked: ")
    assert (alert.message, alert.records) == ("5 records, braked", held)


# -- Messages ---------------------------------------------------------------------------------------------------------


def test_lines_become_as_few_messages_as_their_length_allows() -> None:
    assert messages(["a", "b"]) == [(2, "a\nb")]
    assert messages([]) == []
    half = "x" * (MESSAGE_LENGTH // 2)
    assert [count for count, _ in messages([half] * 5)] == [1, 1, 1, 1, 1]
    assert [count for count, _ in messages([half[:-1]] * 5)] == [2, 2, 1]
    ((_, cut),) = messages(["y" * 5000])
    assert (len(cut), cut[-1]) == (MESSAGE_LENGTH, "…")


@pytest.mark.parametrize("call", ["<!channel>", "<@U012>", "@everyone", "@here", "@Channel", "@all"])
def test_a_name_in_a_message_calls_nobody(call: str) -> None:
    assert call not in harmless(f"Opportunity {call}: paid")


def test_an_ordinary_message_stays_as_it_is() -> None:
    text = 'Opportunity "Acme & Co" (a@hereford.example): closed lost'
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("address", "fail"),
    [
        ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/fail"),
        ("https://hc-ping.com/uuid/", "https://hc-ping.com/uuid/fail"),
        ("https://hc-ping.com/key/slug?create=1", "https://hc-ping.com/key/slug/fail?create=1"),
    ],
)
def test_a_bad_pass_is_told_at_the_fail_address(address: str, fail: str) -> None:
    assert fail_address(address) == fail


# -- The command ------------------------------------------------------------------------------------------------------


def test_the_command_s_environment_holds_none_of_qbsf_s_secrets() -> None:
    environ = {"PATH": "/bin", "QBSF_QUICKBOOKS_CLIENT_SECRET": "a", "QBSF_SALESFORCE_CLIENT_SECRET": "b"}
    assert without_secrets(environ | {"QBSF_CONFIG": "c"}) == {"PATH": "/bin", "QBSF_CONFIG": "c"}


def test_a_command_that_reads_nothing_of_a_long_alert_is_no_failure() -> None:
    run_command(f"{sys.executable} -c pass", "x" * 1_000_000, {}, Deadline(SystemClock(), 60))


def test_a_command_that_dies_of_a_signal_is_a_failure() -> None:
    command = f'{sys.executable} -c "import os; os.kill(os.getpid(), 9)"'
    with pytest.raises(ChannelFailed, match="was ended by signal 9"):
        run_command(command, "{}", {}, Deadline(SystemClock(), 60))


def test_a_command_without_time_is_ended_with_what_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def remember(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(real(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    with pytest.raises(CommandUnusable, match="took longer than 0 seconds and was ended"):
        run_command("sleep 999", "{}", {"PATH": "/bin:/usr/bin"}, Deadline(SystemClock(), 0))
    assert started[0].returncode == -9


# -- What waits -------------------------------------------------------------------------------------------------------


def letter(number: int, at: datetime = FRIDAY, *, both: bool = True) -> Letter:
    return Letter(str(number), ("command", "webhook") if both else ("webhook",), f"line {number}", "{}", at)


def test_a_letter_waits_until_every_channel_has_taken_it(state: State) -> None:
    assert mail.post(state, [letter(1), letter(2)], FRIDAY) == ([letter(1), letter(2)], [])
    mail.strike_off(state, {"command": ["1", "2"], "webhook": ["1"]})
    assert mail.post(state, [], FRIDAY) == ([replace(letter(2), to=("webhook",))], [])
    mail.strike_off(state, {"webhook": ["2"]})
    assert mail.post(state, [], FRIDAY) == ([], [])


def test_what_waited_for_a_day_is_given_up_but_for_the_newest(state: State) -> None:
    mail.post(state, [letter(1), letter(2), letter(3)], FRIDAY)
    waiting, given_up = mail.post(state, [], FRIDAY + DAY + STEP)
    assert (waiting, given_up) == ([letter(3)], [letter(1), letter(2)])


def test_a_dead_channel_is_kept_no_more_than_a_hundred(state: State) -> None:
    waiting, given_up = mail.post(state, [letter(number) for number in range(250)], FRIDAY)
    assert ([each.id for each in waiting[::99]], len(given_up)) == (["150", "249"], 150)


def test_a_letter_to_nobody_is_not_kept(state: State) -> None:
    assert mail.post(state, [replace(letter(1), to=())], FRIDAY) == ([], [])


def test_letters_go_to_the_channels_that_are_configured() -> None:
    assert channels_of(AlertsConfig()) == ()
    assert channels_of(AlertsConfig(heartbeat_url="https://x")) == ()
    assert channels_of(AlertsConfig(command="a", webhook_url="https://x")) == ("command", "webhook")


def test_each_write_is_asked_for_once_and_old_ones_never(state: State) -> None:
    journal = Journal(state)
    journal.wrote("old", FRIDAY, LOST)
    journal.wrote("first", FRIDAY, WON)
    assert [entry.record for entry in mail.new_writes(state, "first", FRIDAY)] == [WON]
    journal.wrote("killed", FRIDAY, WON)
    assert [entry.run_id for entry in mail.new_writes(state, "second", FRIDAY + STEP)] == ["killed"]
    assert mail.new_writes(state, "third", FRIDAY + 2 * STEP) == []
    journal.wrote("while alerts were off", FRIDAY, WON)
    assert mail.new_writes(state, "fourth", FRIDAY + 2 * DAY) == []


def test_writes_after_the_history_was_emptied_are_found(state: State) -> None:
    journal = Journal(state)
    for _ in range(3):
        journal.wrote("old", FRIDAY, WON)
    mail.new_writes(state, "old", FRIDAY)
    journal.prune(FRIDAY + DAY)
    journal.wrote("new", FRIDAY + DAY, WON)
    assert [entry.run_id for entry in mail.new_writes(state, "new", FRIDAY + STEP)] == ["new"]


# -- The allowance ----------------------------------------------------------------------------------------------------


def test_a_warning_comes_before_passes_stop_whatever_is_kept() -> None:
    assert warns_below(KeepApiCalls(), 10_000) == 2_000
    assert warns_below(KeepApiCalls(share=None, calls=0), 10_000) == 500


def test_an_allowance_near_the_border_does_not_come_and_go(state: State) -> None:
    def warned(used: int) -> bool:
        note_usage(state, KeepApiCalls(), (used, 10_000), FRIDAY)
        return bool(problems(state, FRIDAY))

    assert [warned(used) for used in (7_999, 8_001, 7_999, 7_501, 7_499, 7_999)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_what_was_seen_of_the_allowance_a_day_ago_tells_nothing(state: State) -> None:
    note_usage(state, KeepApiCalls(), (9_999, 10_000), FRIDAY)
    note_usage(state, KeepApiCalls(), None, FRIDAY + HOUR)
    assert [found.code for found in problems(state, FRIDAY + HOUR)] == ["api_allowance"]
    assert problems(state, FRIDAY + DAY + STEP) == []

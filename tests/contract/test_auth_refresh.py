"""Renewing QuickBooks tokens: one transaction that loses no token, whoever else renews, refuses, fails or kills."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Lock, Thread
from types import FrameType

import pytest
from contract.auth_doubles import CLIENT_SECRET, CONFIG, NOW, REALM, Machine, MovableClock

from qbsf.auth.file_store import FileStore
from qbsf.auth.grant import QuickBooksGrant
from qbsf.auth.intuit import IntuitApp, InvalidGrantError
from qbsf.auth.quickbooks_tokens import StoredQuickBooksTokens
from qbsf.auth.store import SecretName
from qbsf.auth.tokens import AccessToken, Issued
from qbsf.config import Config, QuickBooksConfig
from qbsf.errors import AuthorizationNeeded, StoreUnavailable, Unreachable
from qbsf.files import exclusive

HOUR = timedelta(hours=1)
LATER = NOW + timedelta(hours=2)


class Intuit:
    """Single-use rotation, the strictest that Intuit is told to do: each refresh ends the token it was given."""

    def __init__(self, good: str = "AB11-first") -> None:
        self.good = good
        self.asked: list[str] = []
        self.apps: list[IntuitApp] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._lock = Lock()

    def __call__(self, app: IntuitApp, refresh_token: str) -> Issued:
        with self._lock:
            self.asked.append(refresh_token)
            self.apps.append(app)
            self.before_answer()
            if refresh_token != self.good:
                raise InvalidGrantError
            self.good = f"AB11-{len(self.asked)}"
            return Issued(f"eyJ-{len(self.asked)}", self.good, HOUR, timedelta(days=100), timedelta(days=1825))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.authorize()
    return made


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(LATER)


@pytest.fixture
def intuit() -> Intuit:
    return Intuit()


@pytest.fixture
def tokens(machine: Machine, clock: MovableClock, intuit: Intuit) -> StoredQuickBooksTokens:
    return tokens_of(machine, clock, intuit)


def tokens_of(
    machine: Machine,
    clock: MovableClock,
    intuit: Callable[[IntuitApp, str], Issued],
    *,
    config: Config = CONFIG,
    environ: dict[str, str] | None = None,
) -> StoredQuickBooksTokens:
    return StoredQuickBooksTokens(config, machine.store, machine.grant, clock, environ or {}, refresh=intuit)


# -- when it is asked -------------------------------------------------------------------------------------------------


def test_a_fresh_token_is_used_without_asking_intuit(
    tokens: StoredQuickBooksTokens, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW + timedelta(minutes=50)
    assert tokens.access_token() == "eyJ-first"
    assert tokens.realm_id == REALM
    assert intuit.asked == []


def test_a_due_token_is_renewed_stored_and_noted_for_status(
    tokens: StoredQuickBooksTokens, machine: Machine, intuit: Intuit
) -> None:
    assert tokens.access_token() == "eyJ-1"
    assert intuit.asked == ["AB11-first"]
    assert (machine.refresh_token.value, machine.refresh_token.previous) == ("AB11-1", "AB11-first")
    assert machine.grant.read().quickbooks == QuickBooksGrant(
        realm_id=REALM,
        environment="sandbox",
        company_name="",
        place=machine.store.place,
        access_expires_at=LATER + HOUR,
        refresh_expires_at=LATER + timedelta(days=100),
        hard_expires_at=LATER + timedelta(days=1825),
    )
    assert tokens.access_token() == "eyJ-1"
    assert len(intuit.asked) == 1


@pytest.mark.parametrize("after", [timedelta(minutes=56), timedelta(days=-3)])
def test_a_clock_that_went_either_way_makes_it_due(
    tokens: StoredQuickBooksTokens, clock: MovableClock, intuit: Intuit, after: timedelta
) -> None:
    clock.at = NOW + after
    assert tokens.access_token() == "eyJ-1"
    assert len(intuit.asked) == 1


def test_the_token_kept_in_memory_becomes_due_too(
    tokens: StoredQuickBooksTokens, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW
    assert tokens.access_token() == "eyJ-first"
    clock.at = LATER
    assert tokens.access_token() == "eyJ-1"
    assert len(intuit.asked) == 1


def test_the_facts_that_the_consent_left_survive_a_refresh(tokens: StoredQuickBooksTokens, machine: Machine) -> None:
    told = QuickBooksGrant(REALM, "sandbox", "Acme GmbH", "keyring (X)", None, None, None, refused_at=NOW)
    machine.grant.set_quickbooks(told)
    tokens.access_token()
    found = machine.grant.read().quickbooks
    assert found is not None
    assert (found.company_name, found.place, found.refused_at) == ("Acme GmbH", "keyring (X)", None)


def test_a_refresh_token_that_did_not_change_is_not_written_again(
    machine: Machine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    keep = machine.store.set

    def noting(name: SecretName, value: str) -> None:
        written.append(name)
        keep(name, value)

    monkeypatch.setattr(machine.store, "set", noting)
    tokens_of(machine, clock, lambda _app, token: Issued("eyJ-1", token, HOUR, None, None)).access_token()
    assert written == ["probe", "quickbooks.access"]


def test_an_answer_without_refresh_token_keeps_the_one_that_is_there(machine: Machine, clock: MovableClock) -> None:
    tokens_of(machine, clock, lambda *_: Issued("eyJ-1", "", HOUR, None, None)).access_token()
    assert machine.refresh_token.value == "AB11-first"


def test_the_environments_client_secret_is_used(machine: Machine, clock: MovableClock, intuit: Intuit) -> None:
    tokens_of(machine, clock, intuit).access_token()
    environ = {"QBSF_QUICKBOOKS_CLIENT_SECRET": "other"}
    clock.at = LATER + timedelta(hours=2)
    tokens_of(machine, clock, intuit, environ=environ).access_token()
    assert [app.client_secret for app in intuit.apps] == [CLIENT_SECRET, "other"]


# -- after a 401 ------------------------------------------------------------------------------------------------------


def test_a_rejected_token_is_renewed_though_the_clock_calls_it_fresh(
    tokens: StoredQuickBooksTokens, clock: MovableClock
) -> None:
    clock.at = NOW
    assert tokens.replace(tokens.access_token()) == "eyJ-1"


def test_another_process_newer_token_is_adopted(
    tokens: StoredQuickBooksTokens, machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW
    rejected = tokens.access_token()
    machine.authorize(refresh="AB11-theirs", access="eyJ-theirs")
    assert tokens.replace(rejected) == "eyJ-theirs"
    assert intuit.asked == []


def test_a_token_that_was_replaced_meanwhile_is_not_replaced_twice(
    tokens: StoredQuickBooksTokens, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW
    rejected = tokens.access_token()
    assert tokens.replace(rejected) == tokens.replace(rejected) == "eyJ-1"
    assert len(intuit.asked) == 1


def test_a_fresh_token_that_is_refused_as_well_is_not_renewed_for_ever(
    tokens: StoredQuickBooksTokens, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW
    newer = tokens.replace(tokens.access_token())
    with pytest.raises(AuthorizationNeeded, match="issued just now"):
        tokens.replace(newer)
    assert len(intuit.asked) == 1


# -- several at once --------------------------------------------------------------------------------------------------


def test_of_many_that_find_it_due_one_asks_and_the_others_adopt(
    machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    together = Barrier(6)
    found: list[str] = []

    def run() -> None:
        mine = tokens_of(machine, clock, intuit)
        together.wait()
        found.append(mine.access_token())

    threads = [Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["eyJ-1"] * 6
    assert intuit.asked == ["AB11-first"]


def test_a_lock_that_is_never_freed_is_told(machine: Machine, clock: MovableClock, intuit: Intuit) -> None:
    tokens = StoredQuickBooksTokens(CONFIG, machine.store, machine.grant, clock, {}, refresh=intuit, lock_seconds=0.0)
    with (
        exclusive(machine.store.refresh_lock, 0.0),
        pytest.raises(Unreachable, match="Another qbsf has been renewing"),
    ):
        tokens.access_token()


# -- refused ----------------------------------------------------------------------------------------------------------


def test_a_token_stored_past_the_lock_is_tried_when_ours_is_refused(machine: Machine, clock: MovableClock) -> None:
    intuit = Intuit(good="AB11-theirs")
    intuit.before_answer = lambda: machine.store_refresh("AB11-theirs")
    assert tokens_of(machine, clock, intuit).access_token() == "eyJ-2"
    assert intuit.asked == ["AB11-first", "AB11-theirs"]
    assert machine.refresh_token.value == "AB11-2"


def test_the_previous_token_is_tried_once_before_giving_up(machine: Machine, clock: MovableClock) -> None:
    machine.store_refresh("AB11-lost-answer", previous="AB11-before")
    intuit = Intuit(good="AB11-before")
    assert tokens_of(machine, clock, intuit).access_token() == "eyJ-2"
    assert machine.refresh_token.value == "AB11-2"


def test_a_grant_that_is_refused_asks_for_a_person_and_status_knows(machine: Machine, clock: MovableClock) -> None:
    machine.grant.set_quickbooks(QuickBooksGrant(REALM, "sandbox", "Acme", "", None, None, None))
    machine.store_refresh("AB11-first", previous="AB11-before")
    intuit = Intuit(good="none")
    with pytest.raises(AuthorizationNeeded, match="revoked, or replaced") as caught:
        tokens_of(machine, clock, intuit).access_token()
    assert (caught.value.exit_code, caught.value.code) == (3, "invalid_grant")
    assert "qbsf auth quickbooks" in caught.value.todo
    assert intuit.asked == ["AB11-first", "AB11-before"]
    assert machine.refresh_token.value == "AB11-first", "nothing is thrown away"
    found = machine.grant.read().quickbooks
    assert found is not None
    assert found.refused_at == LATER


@pytest.mark.parametrize(
    ("refresh_end", "hard_end", "told"),
    [
        (NOW - HOUR, None, "not used for 100 days"),
        (NOW - HOUR, NOW - HOUR, "it lasts five years"),
        (NOW + timedelta(days=1), NOW + timedelta(days=1), "revoked, or replaced"),
    ],
)
def test_a_refusal_is_explained_by_what_is_known_of_the_grant(
    machine: Machine, clock: MovableClock, refresh_end: datetime, hard_end: datetime | None, told: str
) -> None:
    known = QuickBooksGrant(REALM, "sandbox", "Acme", "", None, None, None)
    machine.grant.set_quickbooks(replace(known, refresh_expires_at=refresh_end, hard_expires_at=hard_end))
    with pytest.raises(AuthorizationNeeded, match=told):
        tokens_of(machine, clock, Intuit(good="none")).access_token()


def test_without_a_verdict_nothing_is_lost(tokens: StoredQuickBooksTokens, machine: Machine, intuit: Intuit) -> None:
    def fail() -> None:
        raise Unreachable("no", "later")

    intuit.before_answer = fail
    before = machine.refresh_token
    with pytest.raises(Unreachable):
        tokens.access_token()
    assert machine.refresh_token == before
    intuit.before_answer = lambda: None
    assert tokens.access_token() == "eyJ-2"


# -- not authorized ---------------------------------------------------------------------------------------------------


def test_without_a_grant_it_says_what_to_run(tmp_path: Path, clock: MovableClock, intuit: Intuit) -> None:
    tokens = tokens_of(Machine(tmp_path), clock, intuit)
    asks: list[Callable[[], str]] = [tokens.access_token, lambda: tokens.realm_id]
    for ask in asks:
        with pytest.raises(AuthorizationNeeded, match="QuickBooks is not authorized") as caught:
            ask()
        assert caught.value.todo == "Run `qbsf auth quickbooks`."


def test_another_keyring_than_the_one_of_auth_is_not_taken_for_logged_out(
    tmp_path: Path, clock: MovableClock, intuit: Intuit
) -> None:
    machine = Machine(tmp_path)
    machine.grant.set_quickbooks(
        QuickBooksGrant(REALM, "sandbox", "Acme", "keyring (SecretService Keyring)", None, None, None)
    )
    with pytest.raises(StoreUnavailable, match=r"tokens are in the keyring \(SecretService Keyring\)"):
        tokens_of(machine, clock, intuit).access_token()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (replace(CONFIG.quickbooks, environment="production"), "authorized for a QuickBooks sandbox company"),
        (replace(CONFIG.quickbooks, client_id="ABother"), "client_id is not the app"),
    ],
)
def test_a_configuration_that_no_longer_fits_the_grant_is_told(
    machine: Machine, clock: MovableClock, intuit: Intuit, changed: QuickBooksConfig, told: str
) -> None:
    config = replace(CONFIG, quickbooks=changed)
    with pytest.raises(AuthorizationNeeded, match=told):
        tokens_of(machine, clock, intuit, config=config).access_token()
    assert intuit.asked == []


def test_a_missing_client_secret_is_told_before_intuit_is_asked(
    machine: Machine, tokens: StoredQuickBooksTokens, intuit: Intuit
) -> None:
    machine.store.delete("quickbooks.client_secret")
    with pytest.raises(AuthorizationNeeded, match="client secret of the QuickBooks app"):
        tokens.access_token()
    assert intuit.asked == []


@pytest.mark.parametrize("text", ["", "{}", "garbage"])
def test_a_damaged_access_token_is_fetched_anew(
    machine: Machine, tokens: StoredQuickBooksTokens, clock: MovableClock, text: str
) -> None:
    machine.store.set("quickbooks.access", text)
    clock.at = NOW
    assert tokens.access_token() == "eyJ-1"


def test_a_damaged_grant_asks_for_a_person(machine: Machine, tokens: StoredQuickBooksTokens) -> None:
    machine.store.set("quickbooks.refresh", "garbage")
    with pytest.raises(AuthorizationNeeded, match="damaged"):
        tokens.access_token()


# -- a store that fails -----------------------------------------------------------------------------------------------


class FailingStore(FileStore):
    """Refuses to write one entry, the first `times` times."""

    def __init__(self, path: Path, name: SecretName, times: int) -> None:
        super().__init__(path, "default")
        self._fails = name
        self.left = times

    def set(self, name: SecretName, value: str) -> None:
        if name == self._fails and self.left:
            self.left -= 1
            raise StoreUnavailable("The keyring could not be written: it is locked.", "Unlock it.")
        super().set(name, value)


def failing(machine: Machine, name: SecretName, times: int) -> FailingStore:
    store = FailingStore(machine.folder / "secrets.json", name, times)
    machine.store = store
    return store


def test_a_store_that_cannot_be_written_is_noticed_before_intuit_is_asked(
    machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    failing(machine, "probe", 1)
    with pytest.raises(StoreUnavailable):
        tokens_of(machine, clock, intuit).access_token()
    assert intuit.asked == []


def test_a_new_refresh_token_is_tried_to_be_stored_three_times(
    machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    store = failing(machine, "quickbooks.refresh", 2)
    tokens_of(machine, clock, intuit).access_token()
    assert store.left == 0
    assert machine.refresh_token.value == "AB11-1"


def test_a_new_refresh_token_that_cannot_be_stored_is_said_loudly(
    machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    failing(machine, "quickbooks.refresh", 3)
    with pytest.raises(StoreUnavailable, match="the new one could not be stored") as caught:
        tokens_of(machine, clock, intuit).access_token()
    assert caught.value.code == "token_not_stored"
    assert "Unlock it." in caught.value.todo
    assert "AB11" not in str(caught.value)


def test_an_access_token_too_long_for_the_store_lives_in_memory(
    machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    failing(machine, "quickbooks.access", 99)
    tokens = tokens_of(machine, clock, intuit)
    assert tokens.access_token() == tokens.access_token() == "eyJ-1"
    assert len(intuit.asked) == 1
    assert machine.refresh_token.value == "AB11-1"


# -- signals ----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What the program's own handler raises."""


@pytest.fixture
def killed_by_sigterm() -> Iterator[None]:
    def handler(_number: int, _frame: FrameType | None) -> None:
        raise Killed

    before = signal.signal(signal.SIGTERM, handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("killed_by_sigterm")
def test_a_signal_while_intuit_answers_waits_until_the_token_is_stored(
    tokens: StoredQuickBooksTokens, machine: Machine, intuit: Intuit
) -> None:
    intuit.before_answer = lambda: os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Killed):
        tokens.access_token()
    assert machine.refresh_token.value == "AB11-1"
    stored = machine.store.get("quickbooks.access")
    assert stored is not None
    assert AccessToken.from_json(stored).value == "eyJ-1"


def test_ctrl_c_while_intuit_answers_waits_too(
    tokens: StoredQuickBooksTokens, machine: Machine, intuit: Intuit
) -> None:
    intuit.before_answer = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        tokens.access_token()
    assert machine.refresh_token.value == "AB11-1"


# -- a deleted state folder -------------------------------------------------------------------------------------------


def test_the_facts_for_status_come_back_without_asking_intuit(
    tokens: StoredQuickBooksTokens, machine: Machine, clock: MovableClock, intuit: Intuit
) -> None:
    clock.at = NOW
    tokens.note_where_missing()
    found = machine.grant.read().quickbooks
    assert found is not None
    assert (found.realm_id, found.access_expires_at, found.refresh_expires_at) == (REALM, NOW + HOUR, None)
    assert intuit.asked == []


def test_facts_that_are_there_are_left_alone(tokens: StoredQuickBooksTokens, machine: Machine) -> None:
    told = QuickBooksGrant(REALM, "sandbox", "Acme GmbH", "keyring (X)", NOW, NOW, NOW)
    machine.grant.set_quickbooks(told)
    tokens.note_where_missing()
    assert machine.grant.read().quickbooks == told

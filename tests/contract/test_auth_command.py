"""`qbsf auth` with the simulated services and a scripted person: every way it can end."""

import json
import socket
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Event

import pytest
from contract.auth_doubles import ScriptedTerminal

from qbsf.auth.authorize_quickbooks import authorize_quickbooks
from qbsf.auth.authorize_salesforce import authorize_salesforce
from qbsf.auth.command import auth, next_step, open_desk
from qbsf.auth.consent import ConsentOptions
from qbsf.auth.desk import Desk
from qbsf.auth.forget import forget_quickbooks, forget_salesforce
from qbsf.auth.tokens import AccessToken, RefreshToken
from qbsf.clock import SystemClock
from qbsf.config import Config, QuickBooksConfig, SalesforceConfig, SecretsConfig
from qbsf.errors import AuthorizationNeeded, Busy, ConfigError, QbsfError, StoreUnavailable, Unreachable
from qbsf.files import exclusive
from qbsf.sandbox.browser import visit
from qbsf.sandbox.world import Sandbox

QUICK = ConsentOptions(seconds=20.0)
PASTE = ConsentOptions(paste=True, no_browser=True, seconds=20.0)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox() as world:
        for name, value in world.environment(tmp_path).items():
            if name.lower() in ("https_proxy", "no_proxy", "requests_ca_bundle"):
                monkeypatch.setenv(name, value)
        yield world


class Person:
    """Who opens the address: `manner` as in qbsf.sandbox.browser."""

    def __init__(self, manner: str = "allow") -> None:
        self.manner = manner
        self.opened: list[str] = []
        self._pages: Queue[str] = Queue()

    def __call__(self, url: str) -> bool:
        self.opened.append(url)
        self._pages.put(visit(url, self.manner))
        return True

    def saw(self) -> str:
        """The page their browser ended at."""
        return self._pages.get(timeout=20.0)


@pytest.fixture
def config(sandbox: Sandbox) -> Config:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://localhost:{probe.getsockname()[1]}/callback"
    app = sandbox.books.oauth.development
    app.register(uri)
    return Config(
        QuickBooksConfig(app.client_id, "sandbox", uri),
        SalesforceConfig(sandbox.org.instance_url, sandbox.org.app.client_id),
        secrets=SecretsConfig("file"),
    )


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"QBSF_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def desk(config: Config, environ: dict[str, str], sandbox: Sandbox, person: Person) -> Desk:
    """With the client secrets in the environment."""
    environ["QBSF_QUICKBOOKS_CLIENT_SECRET"] = sandbox.books.oauth.development.client_secret
    environ["QBSF_SALESFORCE_CLIENT_SECRET"] = sandbox.org.app.client_secret
    return desk_of(config, environ, ScriptedTerminal(), person)


def desk_of(config: Config, environ: dict[str, str], terminal: ScriptedTerminal, person: Callable[[str], bool]) -> Desk:
    return replace(open_desk(config, terminal, SystemClock(), environ), open_browser=person)


def told(desk: Desk) -> str:
    assert isinstance(desk.terminal, ScriptedTerminal)
    return desk.terminal.text


def stored_realm(desk: Desk) -> str:
    text = desk.store.get("quickbooks.refresh")
    return RefreshToken.from_json(text).realm_id if text else ""


def refused(desk: Desk, options: ConsentOptions = QUICK, kind: type[QbsfError] = QbsfError) -> QbsfError:
    with pytest.raises(kind) as caught:
        authorize_quickbooks(desk, options)
    assert "\n" not in str(caught.value)
    return caught.value


# -- QuickBooks through the browser -----------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["allow", "wrong-state-first", "idle-first", "favicon-first"])
def test_a_person_connects_a_company_whatever_else_the_browser_does(
    desk: Desk, person: Person, sandbox: Sandbox, manner: str
) -> None:
    person.manner = manner
    authorize_quickbooks(desk, QUICK)
    realm = sandbox.books.realm_id
    access, refresh = desk.store.get("quickbooks.access"), desk.store.get("quickbooks.refresh")
    assert access is not None
    assert refresh is not None
    assert AccessToken.from_json(access).realm_id == RefreshToken.from_json(refresh).realm_id == realm
    assert RefreshToken.from_json(refresh).value == sandbox.books.oauth.newest_refresh_token
    facts = desk.grant.read().quickbooks
    assert facts is not None
    assert (facts.realm_id, facts.company_name, facts.environment) == (realm, "Sandbox Company", "sandbox")
    assert facts.hard_expires_at is not None
    assert facts.refresh_expires_at is not None
    assert f"QuickBooks: connected to Sandbox Company (sandbox company {realm})." in told(desk)
    page = person.saw()
    assert "Connected to QuickBooks" in page
    assert "Sandbox Company" in page


def test_the_address_is_printed_whole_on_a_line_of_its_own(desk: Desk) -> None:
    authorize_quickbooks(desk, QUICK)
    lines = told(desk).split("\n")
    addresses = [line for line in lines if line.startswith("https://appcenter.intuit.com/connect/oauth2?")]
    assert len(addresses) == 1
    assert " " not in addresses[0]


def test_no_browser_is_opened_where_none_is_wanted(desk: Desk, person: Person) -> None:
    error = refused(desk, ConsentOptions(no_browser=True, seconds=0.0))
    assert error.code == "timeout"
    assert person.opened == []


def test_nobody_answering_ends_after_the_limit_with_nothing_changed(desk: Desk, person: Person) -> None:
    person.manner = "silent"
    error = refused(desk, ConsentOptions(seconds=0.0))
    assert (error.exit_code, error.message) == (1, "No answer came within 0 seconds: nothing was changed.")
    assert stored_realm(desk) == ""


def test_a_denial_changes_nothing(desk: Desk, person: Person, sandbox: Sandbox) -> None:
    authorize_quickbooks(desk, QUICK)
    person.saw()
    before = desk.store.get("quickbooks.refresh")
    person.manner = "deny"
    error = refused(desk)
    assert (error.exit_code, error.code) == (1, "denied")
    assert desk.store.get("quickbooks.refresh") == before
    assert "nothing was changed" in person.saw()
    assert sandbox.books.oauth.newest_refresh_token in (before or "")


class Listening(ScriptedTerminal):
    """Answers nothing before it was told what `awaited` says."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.awaited = awaited
        self.heard = Event()

    def say(self, *lines: str) -> None:
        super().say(*lines)
        if any(self.awaited in line for line in lines):
            self.heard.set()

    def ask(self, question: str, seconds: float) -> str | None:
        assert self.heard.wait(20.0)
        return super().ask(question, seconds)


@pytest.mark.parametrize("raised", [None, webbrowser.Error("no runnable browser"), OSError(2, "No such file")])
def test_a_machine_without_browser_says_so_and_waits_on(desk: Desk, raised: Exception | None) -> None:
    def no_browser(_url: str) -> bool:
        if raised is not None:
            raise raised
        return False

    terminal = Listening("No browser could be opened from here: open the address above yourself.")
    lost = replace(desk, open_browser=no_browser, terminal=terminal)
    assert refused(lost, ConsentOptions(paste=True, seconds=20.0)).code == "no_consent"


def test_a_busy_port_is_told_before_anything_opens(desk: Desk, person: Person) -> None:
    port = int(desk.config.quickbooks.redirect_uri.split(":")[2].split("/")[0])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        error = refused(desk)
    assert f"Port {port} of [quickbooks] redirect_uri is in use" in error.message
    assert "--paste" in error.todo
    assert person.opened == []


def test_production_keys_with_a_loopback_address_are_explained_before_intuit_is_asked(
    desk: Desk, person: Person
) -> None:
    production = replace(desk.config, quickbooks=replace(desk.config.quickbooks, environment="production"))
    error = refused(replace(desk, config=production), kind=ConfigError)
    assert "production keys" in error.message
    assert "https address on a domain of yours" in error.todo
    assert person.opened == []


def test_a_code_that_was_used_already_is_one_clear_line(desk: Desk, person: Person, sandbox: Sandbox) -> None:
    oauth = sandbox.books.oauth
    exchange = oauth.exchange
    used: list[str] = []

    def twice(_app: object, code: str, redirect_uri: str) -> object:
        if not used:
            used.append(code)
            exchange(oauth.development, code, redirect_uri)
        return exchange(oauth.development, code, redirect_uri)

    oauth.exchange = twice  # type: ignore[assignment, method-assign]
    error = refused(desk, kind=AuthorizationNeeded)
    assert error.code == "code_refused"
    assert "used before, or is older" in error.message
    assert "used before" in person.saw()
    assert stored_realm(desk) == ""


def test_intuit_failing_at_the_exchange_stores_nothing_and_shows_it(
    desk: Desk, person: Person, sandbox: Sandbox
) -> None:
    sandbox.faults.add("quickbooks", "unavailable", "tokens/bearer", scope="token")
    error = refused(desk, kind=Unreachable)
    assert error.exit_code == 4
    assert "Not connected" in person.saw()
    assert stored_realm(desk) == ""


def test_a_company_that_cannot_be_read_is_not_connected(desk: Desk, person: Person, sandbox: Sandbox) -> None:
    sandbox.faults.add("quickbooks", "expired", "companyinfo", times=9)
    refused(desk, kind=AuthorizationNeeded)
    assert "Not connected" in person.saw()
    assert stored_realm(desk) == ""


def test_a_company_name_is_shown_and_does_nothing(desk: Desk, person: Person, sandbox: Sandbox) -> None:
    sandbox.books.company.settings.name = "<b>Acme</b>\x1b[31m"
    authorize_quickbooks(desk, QUICK)
    page = person.saw()
    assert "<b>Acme" not in page
    assert "&lt;b&gt;Acme&lt;/b&gt;" in page
    assert "\x1b" not in told(desk)


def test_a_store_that_cannot_be_written_is_told_before_the_browser_opens(
    desk: Desk, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "state" / "default" / "secrets.json").mkdir()
    with pytest.raises(StoreUnavailable):
        authorize_quickbooks(desk, QUICK)
    assert person.opened == []


# -- QuickBooks by a pasted address -----------------------------------------------------------------------------------


class Clipboard(ScriptedTerminal):
    """Pastes what `visit` landed on when asked for it, after `before` other texts."""

    def __init__(self, *before: str, change: Callable[[str], str] = lambda landed: landed) -> None:
        super().__init__(before)
        self.change = change

    def ask(self, question: str, seconds: float) -> str | None:
        found = super().ask(question, seconds)
        if found is not None:
            return found
        url = next(line for line in self.told if line.startswith("https://"))
        return self.change(visit(url, "print"))


def pasting(desk: Desk, terminal: Clipboard) -> Desk:
    return replace(desk, terminal=terminal)


def test_the_pasted_address_connects_as_well(desk: Desk, sandbox: Sandbox) -> None:
    authorize_quickbooks(pasting(desk, Clipboard()), PASTE)
    assert stored_realm(desk) == sandbox.books.realm_id


def test_only_its_query_will_do(desk: Desk, sandbox: Sandbox) -> None:
    terminal = Clipboard(change=lambda landed: landed.partition("?")[2])
    authorize_quickbooks(pasting(desk, terminal), PASTE)
    assert stored_realm(desk) == sandbox.books.realm_id


def test_wrong_pastes_are_told_and_asked_for_again(desk: Desk, sandbox: Sandbox) -> None:
    terminal = Clipboard("", "what?", "https://acme.example/?code=x&state=other&realmId=1")
    authorize_quickbooks(pasting(desk, terminal), PASTE)
    assert stored_realm(desk) == sandbox.books.realm_id
    assert terminal.text.count("That address cannot be used: ") == 3
    assert "its state is that of another attempt" in terminal.text


def test_a_pasted_denial_ends_it(desk: Desk) -> None:
    terminal = Clipboard(change=_denied)
    error = refused(pasting(desk, terminal), PASTE)
    assert error.code == "denied"
    assert len(terminal.asked) == 1


def _denied(landed: str) -> str:
    state = landed.partition("state=")[2].partition("&")[0]
    return f"https://acme.example/?error=access_denied&state={state}"


def test_nothing_pasted_is_one_clear_line(desk: Desk) -> None:
    error = refused(replace(desk, terminal=ScriptedTerminal()), PASTE, AuthorizationNeeded)
    assert "nothing was changed" in error.message
    assert stored_realm(desk) == ""


def test_an_https_redirect_takes_the_pasted_address_unasked(desk: Desk, sandbox: Sandbox) -> None:
    uri = "https://acme.example/qbsf"
    sandbox.books.oauth.development.register(uri)
    config = replace(desk.config, quickbooks=replace(desk.config.quickbooks, redirect_uri=uri))
    terminal = Clipboard()
    authorize_quickbooks(replace(pasting(desk, terminal), config=config), ConsentOptions(no_browser=True, seconds=20.0))
    assert "You will land on https://acme.example/qbsf?..." in terminal.text
    assert stored_realm(desk) == sandbox.books.realm_id


# -- the client secret ------------------------------------------------------------------------------------------------


def test_a_typed_secret_is_kept_once_it_has_proved_right(
    config: Config, environ: dict[str, str], sandbox: Sandbox, person: Person
) -> None:
    terminal = ScriptedTerminal([sandbox.books.oauth.development.client_secret])
    desk = desk_of(config, environ, terminal, person)
    authorize_quickbooks(desk, QUICK)
    assert terminal.asked == ["The client secret of the QuickBooks app (not shown): "]
    assert desk.store.get("quickbooks.client_secret") == sandbox.books.oauth.development.client_secret
    authorize_quickbooks(desk, QUICK)
    assert len(terminal.asked) == 1, "it is known now"


def test_a_secret_from_the_environment_is_not_stored(desk: Desk) -> None:
    authorize_quickbooks(desk, QUICK)
    authorize_salesforce(desk)
    assert desk.store.get("quickbooks.client_secret") is None
    assert desk.store.get("salesforce.client_secret") is None


def test_a_wrong_secret_is_not_kept_and_asked_for_again_next_time(
    config: Config, environ: dict[str, str], person: Person
) -> None:
    desk = desk_of(config, environ, ScriptedTerminal(["wr0ng-s3cr3t"]), person)
    error = refused(desk, kind=AuthorizationNeeded)
    assert error.code == "invalid_client"
    assert "wr0ng" not in str(error) + person.saw() + told(desk)
    assert desk.store.get("quickbooks.client_secret") is None


def test_a_stored_secret_that_is_refused_is_dropped(config: Config, environ: dict[str, str], person: Person) -> None:
    desk = desk_of(config, environ, ScriptedTerminal(), person)
    desk.store.set("quickbooks.client_secret", "outdated")
    refused(desk, kind=AuthorizationNeeded)
    assert desk.store.get("quickbooks.client_secret") is None


def test_off_a_terminal_a_missing_secret_is_an_error_and_no_hanging_prompt(
    config: Config, environ: dict[str, str], person: Person
) -> None:
    desk = desk_of(config, environ, ScriptedTerminal(interactive=False), person)
    error = refused(desk, kind=AuthorizationNeeded)
    assert "QBSF_QUICKBOOKS_CLIENT_SECRET" in error.todo
    assert person.opened == []


# -- another company --------------------------------------------------------------------------------------------------


@pytest.fixture
def moved(desk: Desk, sandbox: Sandbox, person: Person) -> Desk:
    """Authorized for one company, and now the person would choose another."""
    authorize_quickbooks(desk, QUICK)
    person.saw()
    sandbox.books.company.settings.realm_id = "4620816365"
    sandbox.books.company.settings.name = "Beta"
    desk.paths.state.write_text("links of the first company")
    return desk


def test_another_company_is_taken_only_after_a_plain_yes(moved: Desk, person: Person) -> None:
    terminal = ScriptedTerminal(["y"])
    authorize_quickbooks(replace(moved, terminal=terminal), QUICK)
    assert "belongs to Sandbox Company (realm 9341453908059624)" in terminal.asked[0]
    assert "Make it belong to Beta (realm 4620816365) instead?" in terminal.asked[0]
    assert stored_realm(moved) == "4620816365"
    assert not moved.paths.state.exists()
    kept = moved.paths.folder / "state-9341453908059624.sqlite3"
    assert kept.read_text() == "links of the first company"
    assert str(kept) in terminal.text
    assert "One question in the terminal" in person.saw()


@pytest.mark.parametrize("terminal", [ScriptedTerminal(["n"]), ScriptedTerminal(), ScriptedTerminal(interactive=False)])
def test_without_a_yes_the_profile_stays_as_it_was(moved: Desk, terminal: ScriptedTerminal) -> None:
    before = moved.grant.read()
    error = refused(replace(moved, terminal=terminal))
    assert (error.exit_code, error.code) == (1, "other_company")
    assert stored_realm(moved) == "9341453908059624"
    assert moved.grant.read() == before
    assert moved.paths.state.exists()


def test_the_company_does_not_change_under_a_running_pass(moved: Desk) -> None:
    with exclusive(moved.paths.pass_lock, 0.0):
        error = refused(replace(moved, terminal=ScriptedTerminal(["y"])), kind=Busy)
    assert error.exit_code == 5
    assert stored_realm(moved) == "9341453908059624"


def test_the_company_is_known_from_the_facts_where_the_tokens_are_gone(moved: Desk) -> None:
    moved.store.delete("quickbooks.refresh")
    assert refused(replace(moved, terminal=ScriptedTerminal(["n"]))).code == "other_company"


# -- Salesforce -------------------------------------------------------------------------------------------------------


def test_a_real_login_is_remembered(desk: Desk, sandbox: Sandbox) -> None:
    authorize_salesforce(desk)
    facts = desk.grant.read().salesforce
    assert facts is not None
    assert facts.instance_url == sandbox.org.instance_url
    assert facts.organization_id in told(desk)
    assert desk.store.get("salesforce.session") is not None


def test_a_refused_secret_is_asked_for_again(config: Config, environ: dict[str, str], sandbox: Sandbox) -> None:
    terminal = ScriptedTerminal(["wr0ng", sandbox.org.app.client_secret])
    desk = desk_of(config, environ, terminal, Person())
    authorize_salesforce(desk)
    assert len(terminal.asked) == 2
    assert "does not accept the app's client secret" in terminal.text
    assert desk.store.get("salesforce.client_secret") == sandbox.org.app.client_secret


def test_a_secret_that_stays_wrong_ends_it_and_keeps_nothing(config: Config, environ: dict[str, str]) -> None:
    desk = desk_of(config, environ, ScriptedTerminal(["a", "b", "c", "d"]), Person())
    with pytest.raises(AuthorizationNeeded):
        authorize_salesforce(desk)
    assert desk.store.get("salesforce.client_secret") is None
    assert desk.grant.read().salesforce is None


def test_a_wrong_secret_in_the_environment_is_not_tried_twice(
    config: Config, environ: dict[str, str], sandbox: Sandbox
) -> None:
    environ["QBSF_SALESFORCE_CLIENT_SECRET"] = "wr0ng"
    desk = desk_of(config, environ, ScriptedTerminal(["x"]), Person())
    with pytest.raises(AuthorizationNeeded, match="client secret"):
        authorize_salesforce(desk)
    assert len(sandbox.network.log.entries("salesforce", token=True)) == 1


def test_an_app_that_is_not_set_up_says_what_to_click(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.org.app.run_as = ""
    with pytest.raises(ConfigError, match="no user to run as") as caught:
        authorize_salesforce(desk)
    assert "External Client App Manager" in caught.value.todo


@pytest.fixture
def other_organization(desk: Desk) -> Desk:
    """The profile was authorized for another organization before."""
    authorize_salesforce(desk)
    facts = desk.grant.read().salesforce
    assert facts is not None
    desk.grant.set_salesforce(replace(facts, organization_id="00D000000000002EAA"))
    desk.paths.state.write_text("links of the first organization")
    return desk


def test_another_organization_is_taken_only_after_a_plain_yes(other_organization: Desk) -> None:
    authorize_salesforce(replace(other_organization, terminal=ScriptedTerminal(["y"])))
    facts = other_organization.grant.read().salesforce
    assert facts is not None
    assert facts.organization_id != "00D000000000002EAA"
    assert not other_organization.paths.state.exists()


def test_another_organization_is_refused_without_a_yes(other_organization: Desk) -> None:
    with pytest.raises(QbsfError, match="nothing was changed") as caught:
        authorize_salesforce(replace(other_organization, terminal=ScriptedTerminal()))
    assert (caught.value.exit_code, caught.value.code) == (1, "other_organization")
    assert other_organization.paths.state.exists()


# -- forgetting -------------------------------------------------------------------------------------------------------


def test_forgetting_revokes_at_intuit_and_deletes_everything(desk: Desk, sandbox: Sandbox, tmp_path: Path) -> None:
    authorize_quickbooks(desk, QUICK)
    authorize_salesforce(desk)
    forget_quickbooks(desk)
    forget_salesforce(desk)
    assert "is revoked at Intuit" in told(desk)
    assert not sandbox.books.oauth.refresh_tokens[-1].grant.live
    assert json.loads((tmp_path / "state" / "default" / "secrets.json").read_text()) == {}
    assert desk.grant.read().quickbooks is None
    assert desk.grant.read().salesforce is None


def test_a_grant_that_ended_at_intuit_is_forgotten_too(desk: Desk, sandbox: Sandbox) -> None:
    authorize_quickbooks(desk, QUICK)
    sandbox.books.oauth.refresh_tokens.clear()
    forget_quickbooks(desk)
    assert "had ended at Intuit already" in told(desk)
    assert stored_realm(desk) == ""


def test_forgetting_goes_on_when_intuit_cannot_be_reached(desk: Desk, sandbox: Sandbox) -> None:
    authorize_quickbooks(desk, QUICK)
    sandbox.faults.add("quickbooks", "unavailable", "revoke", scope="token")
    forget_quickbooks(desk)
    assert "the grant was not revoked." in told(desk)
    assert "disconnect the app in QuickBooks" in told(desk)
    assert stored_realm(desk) == ""


def test_forgetting_without_the_client_secret_says_how_to_end_the_grant(desk: Desk, environ: dict[str, str]) -> None:
    authorize_quickbooks(desk, QUICK)
    del environ["QBSF_QUICKBOOKS_CLIENT_SECRET"]
    forget_quickbooks(desk)
    assert "client secret is not known here" in told(desk)
    assert stored_realm(desk) == ""


def test_a_damaged_grant_is_forgotten(desk: Desk) -> None:
    desk.store.set("quickbooks.refresh", "garbage")
    forget_quickbooks(desk)
    assert "was damaged" in told(desk)
    assert desk.store.get("quickbooks.refresh") is None


def test_forgetting_what_was_never_there_is_fine(desk: Desk) -> None:
    auth(
        desk.config,
        "both",
        QUICK,
        forget=True,
        terminal=desk.terminal,
        clock=desk.clock,
        environ=desk.environ,
    )
    assert "no grant was stored" in told(desk)


# -- what comes next --------------------------------------------------------------------------------------------------


def test_it_says_what_comes_next(desk: Desk) -> None:
    assert next_step(desk) == "Next: qbsf auth quickbooks"
    authorize_quickbooks(desk, QUICK)
    assert next_step(desk) == "Next: qbsf auth salesforce"
    authorize_salesforce(desk)
    assert next_step(desk).startswith("Next: qbsf sync --dry-run")


def test_no_secret_is_printed_anywhere(desk: Desk, person: Person, sandbox: Sandbox) -> None:
    authorize_quickbooks(desk, QUICK)
    authorize_salesforce(desk)
    forget_quickbooks(desk)
    shown = told(desk) + person.saw() + repr(desk) + desk.paths.grant.read_text()
    oauth = sandbox.books.oauth
    secrets = [
        oauth.development.client_secret,
        sandbox.org.app.client_secret,
        *oauth.issued_refresh_tokens,
        *oauth._access,
    ]
    assert [secret for secret in secrets if secret in shown] == []

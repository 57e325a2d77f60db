"""`qbsf init` through the installed command, off a terminal and on one."""

import stat
from datetime import datetime
from pathlib import Path

import pytest
from program.installation import QBSF, Installation, Outcome
from program.terminal import TerminalSession

from qbsf.config_file import load_config

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture
def fresh(qbsf: Installation) -> Installation:
    """Nothing is configured, nobody is authorized."""
    qbsf.config_path.unlink()
    (qbsf.home / "keyring.json").unlink()
    (qbsf.state_path.parent / "grant.json").unlink()
    return qbsf


def answered(qbsf: Installation, *words: str, **other: str) -> Outcome:
    """Init with every answer on the command line; `other` replaces some by their last word."""
    answers = {
        "quickbooks.environment": "sandbox",
        "quickbooks.client_id": qbsf.books.oauth.development.client_id,
        "salesforce.instance_url": qbsf.org.instance_url,
        "salesforce.client_id": qbsf.org.app.client_id,
    } | {key.replace("__", "."): value for key, value in other.items()}
    options = [f"--set={key}={value}" for key, value in answers.items()]
    return qbsf.run("init", *options, *words)


def test_print_writes_the_example_to_the_byte(fresh: Installation) -> None:
    outcome = fresh.run("init", "--print")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == EXAMPLE.read_text(encoding="utf-8")
    assert not fresh.config_path.exists()


def test_off_a_terminal_it_names_the_answers_it_lacks_and_asks_nothing(fresh: Installation) -> None:
    outcome = fresh.run("init")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    for key in ("quickbooks.client_id", "quickbooks.redirect_uri", "salesforce.instance_url", "salesforce.client_id"):
        assert f"--set {key}=" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not fresh.config_path.exists()


def test_answers_on_the_command_line_make_a_private_commented_file(fresh: Installation) -> None:
    outcome = answered(fresh, stages__paid='Closed "Won"')
    assert outcome.exit_code == 0, outcome.stderr
    assert "qbsf auth" in outcome.stdout
    assert stat.S_IMODE(fresh.config_path.stat().st_mode) == 0o600
    config = load_config(fresh.config_path, {"HOME": str(fresh.home)})
    assert config.quickbooks.environment == "sandbox"
    assert config.stages.paid == 'Closed "Won"'
    assert config.sync.start_date == datetime.now().astimezone().date()
    text = fresh.config_path.read_text(encoding="utf-8")
    assert "REPLACE" not in text
    kept = {line.split("#")[1] for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if "= 24 " in line}
    assert all(comment in text for comment in kept)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("quickbooks__client_id", "ABxxxxxxxx", "placeholder"),
        ("quickbooks__environment", "live", '"production" or "sandbox"'),
        ("salesforce__instance_url", "https://evil.example", "salesforce.instance_url"),
        ("salesforce__instance_url", "http://acme.my.salesforce.com", "salesforce.instance_url"),
        ("salesforce__client_secret", "s3cret", "none of init's questions"),
        ("quickbooks__redirect_uri", "http://example.com/callback", "quickbooks.redirect_uri"),
    ],
)
def test_an_answer_that_the_loader_would_refuse_is_refused_at_once(
    fresh: Installation, key: str, value: str, told: str
) -> None:
    outcome = answered(fresh, **{key: value})
    assert outcome.exit_code == 2
    assert told in outcome.stderr
    assert "s3cret" not in outcome.stderr
    assert not fresh.config_path.exists()


def test_production_keys_take_no_localhost(fresh: Installation) -> None:
    wrong = {"quickbooks__environment": "production", "quickbooks__redirect_uri": "http://localhost:8765/callback"}
    assert "production keys" in answered(fresh, **wrong).stderr
    right = wrong | {"quickbooks__redirect_uri": "https://acme.example/qbsf"}
    assert answered(fresh, **right).exit_code == 0


def test_a_configuration_that_is_there_is_left_alone_without_force(qbsf: Installation) -> None:
    before = qbsf.config_path.read_text(encoding="utf-8")
    refused = answered(qbsf)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert qbsf.config_path.read_text(encoding="utf-8") == before
    replaced = answered(qbsf, "--force")
    assert replaced.exit_code == 0
    kept = qbsf.home / "config.toml.old"
    assert kept.read_text(encoding="utf-8") == before
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_it_writes_where_config_says_and_names_it_in_what_comes_next(fresh: Installation) -> None:
    elsewhere = fresh.home / "new folder" / "other.toml"
    outcome = answered(fresh, "--config", str(elsewhere))
    assert elsewhere.exists()
    assert f"qbsf auth --config '{elsewhere}'" in outcome.stdout
    assert not fresh.config_path.exists()


def test_a_folder_that_cannot_be_written_is_one_line(fresh: Installation) -> None:
    (fresh.home / "file").write_text("")
    outcome = answered(fresh, "--config", str(fresh.home / "file" / "config.toml"))
    assert outcome.exit_code == 2
    assert outcome.stderr.count("\n") == 1


def test_a_new_operator_is_led_from_nothing_to_the_cron_line(fresh: Installation) -> None:
    development = fresh.books.oauth.development
    fresh.extra_environment |= {
        "QBSF_QUICKBOOKS_CLIENT_SECRET": development.client_secret,
        "QBSF_SALESFORCE_CLIENT_SECRET": fresh.org.app.client_secret,
    }
    redirect = next(uri for uri in development.redirect_uris if uri.startswith("http://localhost"))
    session = TerminalSession([QBSF, "init"], fresh.environment(), fresh.home)
    session.answer("production or sandbox [production]: ", "sandbox")
    assert "developer.intuit.com" in session.screen
    session.answer("Client ID of the app at Intuit: ", "ABxxxxxxxx")
    session.answer("Client ID of the app at Intuit: ", development.client_id)
    assert "placeholder" in session.screen
    session.answer("Redirect URI", redirect)
    session.answer("My Domain", fresh.org.instance_url)
    assert "Connected Apps can no longer be created" in session.screen
    assert "Run As" in session.screen
    session.answer("Consumer Key", fresh.org.app.client_id)
    session.answer("Login, client_credentials or jwt", "")
    session.answer("Stage that a paid", "")
    session.answer("Where secrets are kept", "")
    session.answer("Authorize QuickBooks and Salesforce now?", "y")
    session.answer("Run the check now?", "y")
    code = session.end()
    assert "ok   salesforce: Logged in to Acme" in session.screen
    assert f"{QBSF} --config {fresh.config_path} sync" in session.screen
    assert development.client_secret not in session.screen
    assert code == 0, session.screen
    fresh.sync()


def test_a_person_who_gives_up_leaves_nothing_behind(fresh: Installation) -> None:
    session = TerminalSession([QBSF, "init"], fresh.environment(), fresh.home)
    session.answer("production or sandbox [production]: ", "sandbox")
    session.answer("Client ID of the app at Intuit: ", "\x04")
    assert session.end() == 2
    assert not fresh.config_path.exists()


def test_ctrl_c_at_a_question_interrupts(fresh: Installation) -> None:
    session = TerminalSession([QBSF, "init"], fresh.environment(), fresh.home)
    session.interrupt("production or sandbox [production]: ")
    assert session.end() == 130
    assert not fresh.config_path.exists()

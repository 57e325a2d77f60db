"""What a user sees of their configuration file: taken as written, or everything wrong with it in plain words."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qbsf.config import Config, KeepApiCalls, QuickBooksConfig, SalesforceConfig
from qbsf.config_file import example_text, find_config, load_config
from qbsf.config_reader import ConfigFileError
from qbsf.errors import ConfigError

LEAST = """
[quickbooks]
client_id = "ABq8S2"
[salesforce]
instance_url = "https://acme.my.salesforce.com"
client_id = "3MVG9.abc"
"""
needs_posix = pytest.mark.skipif(os.name == "nt", reason="files have no POSIX owner there")
needs_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(path: Path, text: str) -> Config:
    path.write_text(text, encoding="utf-8")
    return load_config(path, {"HOME": "/home/alice"})


def refused(path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(path, text)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert caught.value.todo
    return caught.value.message


def with_key(table: str, line: str) -> str:
    """The least configuration with one more line in a table."""
    header = f"[{table}]\n"
    if header in LEAST:
        return LEAST.replace(header, header + line + "\n")
    return f"{LEAST}{header}{line}\n"


# -- finding it -------------------------------------------------------------------------------------------------------


def test_the_option_wins_over_the_environment() -> None:
    assert find_config(Path("here.toml"), {"QBSF_CONFIG": "there.toml"}) == Path("here.toml")


def test_the_environment_wins_over_the_users_folder() -> None:
    assert find_config(None, {"QBSF_CONFIG": "there.toml"}) == Path("there.toml")


def test_else_it_is_config_toml_in_the_users_folder_for_qbsf() -> None:
    found = find_config(None, {})
    assert found.name == "config.toml"
    assert found.parent.name == "qbsf"


def test_a_missing_file_is_told_with_the_command_that_makes_one(path: Path) -> None:
    path = path.parent / "new folder" / "config.toml"
    with pytest.raises(ConfigError, match="There is no configuration at") as caught:
        load_config(path, {})
    assert "qbsf init" in caught.value.todo


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path, {})


# -- taking it --------------------------------------------------------------------------------------------------------


def test_the_least_configuration_takes_every_default(path: Path) -> None:
    assert loaded(path, LEAST) == Config(
        quickbooks=QuickBooksConfig(client_id="ABq8S2"),
        salesforce=SalesforceConfig(instance_url="https://acme.my.salesforce.com", client_id="3MVG9.abc"),
        path=path,
    )


def test_the_example_says_the_defaults_and_only_its_placeholders_have_to_be_replaced(path: Path) -> None:
    with pytest.raises(ConfigFileError) as caught:
        loaded(path, example_text())
    assert [problem.split()[2] for problem in caught.value.problems] == [
        "quickbooks.client_id",
        "salesforce.instance_url",
        "salesforce.client_id",
    ]
    filled_in = (
        example_text()
        .replace("ABxxxxxxxx", "ABq8S2")
        .replace("yourcompany", "acme")
        .replace("3MVGxxxxxxxx", "3MVG9.abc")
    )
    assert loaded(path, filled_in) == loaded(path, LEAST)


def test_the_example_in_the_package_is_the_one_at_the_top_of_the_repository() -> None:
    top = Path(__file__).parents[2] / "config.example.toml"
    assert top.read_text(encoding="utf-8") == example_text()


def test_every_value_arrives(path: Path) -> None:
    config = loaded(
        path,
        """
name = "acme-eu"
[quickbooks]
environment = "sandbox"
client_id = "ABq8S2"
redirect_uri = "https://acme.example/qbsf"
[salesforce]
instance_url = "https://Acme--Dev.sandbox.my.salesforce.com/"
client_id = "3MVG9.abc"
flow = "jwt"
username = "qbsf@acme.example"
private_key_file = "key.pem"
api_version = "67.0"
currency = "EUR"
[match]
by = ["opportunity_id"]
[fields]
payment_status = "ns__QB_Status__c"
payment_link = ""
[stages]
from = ["Proposal", "Negotiation"]
partially_paid = "Partly paid"
reversed = "Negotiation"
close_date = "payment_date"
by_record_type = {Renewal = "Renewed"}
[stages.set]
Win_Reason__c = "Invoice paid"
Score__c = 1.5
Paid__c = true
[sync]
start_date = "2026-01-31"
max_credit_share = "12.5%"
keep_api_calls = 1500
max_wins = 0
[secrets]
store = "file"
file = "~/secrets.json"
[alerts]
webhook_url = "http://127.0.0.1:9/hook"
[log]
file = "logs/qbsf.jsonl"
""",
    )
    assert config.name == "acme-eu"
    assert config.quickbooks.redirect_uri == "https://acme.example/qbsf"
    assert config.salesforce.instance_url == "https://acme--dev.sandbox.my.salesforce.com"
    assert config.salesforce.private_key_file == str(path.parent / "key.pem")
    assert config.match.by == ("opportunity_id",)
    assert (config.fields.payment_status, config.fields.payment_link) == ("ns__QB_Status__c", "")
    assert config.stages.from_ == ("Proposal", "Negotiation")
    assert config.stages.by_record_type == (("Renewal", "Renewed"),)
    assert config.stages.set_ == (("Win_Reason__c", "Invoice paid"), ("Score__c", Decimal("1.5")), ("Paid__c", True))
    assert config.sync.start_date == date(2026, 1, 31)
    assert config.sync.max_credit_share == Decimal("0.125")
    assert config.sync.keep_api_calls == KeepApiCalls(share=None, calls=1500)
    assert config.sync.max_wins == 0
    assert config.secrets.file == "/home/alice/secrets.json"
    assert config.log.file == str(path.parent / "logs/qbsf.jsonl")


@pytest.mark.parametrize(
    ("written", "share"),
    [('"10%"', Decimal("0.10")), ('"0%"', Decimal(0)), ("0.25", Decimal("0.25"))],
)
def test_calls_kept_back_can_be_a_share(path: Path, written: str, share: Decimal) -> None:
    config = loaded(path, with_key("sync", f"keep_api_calls = {written}"))
    assert config.sync.keep_api_calls == KeepApiCalls(share=share)


@pytest.mark.parametrize(("written", "share"), [('"100%"', 1), ('"0 %"', 0), ("0.5", Decimal("0.5")), ("1", 1)])
def test_the_credit_share_can_be_percent_or_fraction(path: Path, written: str, share: Decimal) -> None:
    assert loaded(path, with_key("sync", f"max_credit_share = {written}")).sync.max_credit_share == share


@pytest.mark.parametrize("written", ["2026-01-31", '"2026-01-31"'])
def test_the_start_date_can_be_a_toml_date_too(path: Path, written: str) -> None:
    assert loaded(path, with_key("sync", f"start_date = {written}")).sync.start_date == date(2026, 1, 31)


def test_windows_line_ends_and_byte_order_mark_are_fine(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert load_config(path, {}).quickbooks.client_id == "ABq8S2"


@pytest.mark.parametrize(
    "host",
    [
        "acme.my.salesforce.com",
        "acme--uat.sandbox.my.salesforce.com",
        "acme-dev-ed.develop.my.salesforce.com",
        "computing-data-123.scratch.my.salesforce.com",
        "acme--uat.cs12.my.salesforce.com",
        "army.my.salesforce.mil",
    ],
)
def test_every_kind_of_my_domain_is_taken(path: Path, host: str) -> None:
    text = LEAST.replace("acme.my.salesforce.com", host)
    assert loaded(path, text).salesforce.instance_url == f"https://{host}"


# -- refusing it ------------------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once_in_the_order_of_the_file(path: Path) -> None:
    message = refused(
        path,
        """[quickbooks]
environment = "prodution"
client_idd = "ABq8S2"
[salesforce]
instance_url = "https://acme.my.salesforce.com"
client_id = 5
[sync]
max_wins = "many"
[stagse]
""",
    )
    assert message.startswith(f"{path} has 6 problems: line 1, quickbooks.client_id is missing")
    for expected in (
        'line 2, quickbooks.environment must be "production" or "sandbox", not "prodution"; did you mean "production"?',
        'line 3, quickbooks.client_idd is no known key; did you mean "client_id"?',
        "line 6, salesforce.client_id must be a text in quotes, not 5",
        'line 8, sync.max_wins must be a whole number from 0 to 1000000, not "many"',
        'line 9, stagse is no known table; did you mean "stages"?',
    ):
        assert expected in message
    positions = [message.index(f"line {number}, ") for number in (1, 2, 3, 6, 8, 9)]
    assert positions == sorted(positions)


def test_a_single_problem_is_one_sentence_about_its_line(path: Path) -> None:
    text = with_key("salesforce", 'currency = "Euro"')
    assert refused(path, text) == (
        f'{path}: line 5, salesforce.currency must be a currency code as in "EUR", or "", not "Euro".'
    )


def test_text_that_is_not_toml_is_told_with_its_line(path: Path) -> None:
    message = refused(path, '[quickbooks]\nclient_id = AB"\n')
    assert message == f"{path} cannot be read as TOML: line 2, column 13: invalid value."


def test_a_file_that_ends_in_the_middle_is_told(path: Path) -> None:
    assert "cannot be read as TOML" in refused(path, '[quickbooks]\nclient_id = "AB')


def test_a_file_in_another_encoding_is_told(path: Path) -> None:
    path.write_bytes('name = "M\xfcller"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_config(path, {})


def test_a_key_in_the_wrong_table_is_told_where_it_belongs(path: Path) -> None:
    assert "salesforce.start_date is no known key; it belongs under [sync]" in refused(
        path, with_key("salesforce", 'start_date = ""')
    )


def test_a_line_inside_a_long_text_is_no_key(path: Path) -> None:
    text = with_key("alerts", 'command = """\nmax_wins = 5\n"""') + "max_winz = 1\n"
    message = refused(path, text)
    assert "line 8, alerts.command must be one line" in message
    assert "line 11, alerts.max_winz is no known key" in message


SECRETS = [
    ("quickbooks", 'client_secret = "s3cr3t-value"', "QBSF_QUICKBOOKS_CLIENT_SECRET"),
    ("salesforce", 'client_secret = "s3cr3t-value"', "QBSF_SALESFORCE_CLIENT_SECRET"),
    ("salesforce", 'password = "s3cr3t-value"', "qbsf auth salesforce"),
    ("quickbooks", 'refresh_token = "s3cr3t-value"', "qbsf auth quickbooks"),
    ("secrets", 'passphrase = "s3cr3t-value"', "qbsf auth"),
    ("salesforce", 'private_key_file = "-----BEGIN RSA PRIVATE KEY-----s3cr3t-value"', "a file of its own"),
    ("salesforce", 'private_key = """\n-----BEGIN PRIVATE KEY-----\ns3cr3t-value\n"""', "a file of its own"),
    ("salesforce", 'username = "00D000000000001!s3cr3t-value"', "qbsf auth salesforce"),
    ("stages.set", 'Note__c = "RT1-12-H0-s3cr3t-value"', "keyring"),
    ("alerts", 'webhook_url = "https://user:s3cr3t-value@hooks.example"', "keyring"),
]


@pytest.mark.parametrize(("table", "line", "home"), SECRETS)
def test_a_secret_in_the_file_is_refused_and_never_repeated(path: Path, table: str, line: str, home: str) -> None:
    message = refused(path, with_key(table, line))
    assert "does not belong in this file" in message
    assert home in message
    assert "s3cr3t" not in message


def test_a_secret_pasted_into_another_key_is_not_repeated(path: Path) -> None:
    message = refused(path, with_key("quickbooks", 'environment = "xYz8sKq01jdPPweoriu234lksdf"'))
    assert "quickbooks.environment must be" in message
    assert "not a text of 27 characters" in message


BAD_VALUES = [
    ("quickbooks", 'redirect_uri = "http://acme.example/callback"', "must be http://localhost:PORT/callback"),
    ("quickbooks", 'redirect_uri = "http://localhost/callback"', "must name its port"),
    ("quickbooks", 'redirect_uri = "http://localhost:99999/callback"', "host and port can be read"),
    ("quickbooks", 'redirect_uri = "https://user@acme.example/"', "must not carry a user"),
    ("quickbooks", 'redirect_uri = "https://acme.example/#top"', "#fragment"),
    ("quickbooks", 'redirect_uri = ""', "must not be empty"),
    ("salesforce", 'flow = "password"', 'must be "client_credentials" or "jwt"'),
    ("salesforce", "api_version = 66.0", 'must be a version in quotes, from "31.0"'),
    ("salesforce", 'api_version = "30.0"', 'from "31.0"'),
    ("salesforce", 'api_version = "v66.0"', 'as in "66.0"'),
    ("match", "by = []", "must name at least one"),
    ("match", 'by = ["invoice_id", "invoice_id"]', "must not name the same thing twice"),
    ("match", 'by = ["invoice"]', 'did you mean "invoice_id"?'),
    ("match", 'by = "invoice_id"', "must be a list in square brackets"),
    ("fields", 'payment_amount = ""', "cannot be left out"),
    ("fields", 'payment_date = "QB Payment Date"', "must be a field's API name"),
    ("fields", 'payment_date = "A__c, (SELECT Id FROM Contacts)"', "must be a field's API name"),
    ("fields", 'payment_link = "QB___c"', "must be a field's API name"),
    ("fields", 'payment_link = "qb_payment_date__C"', "names the same field as fields.payment_date"),
    ("fields", 'payment_status = "StageName"', "qbsf must not write that field"),
    ("stages", "paid = 5", "must be a text in quotes"),
    ("stages", 'partially_paid = "Closed Won"', "is the same stage as stages.paid"),
    ("stages", 'reversed = "Closed Won"', "is the same stage as stages.paid"),
    ("stages", 'from = ["Proposal", "Proposal"]', "must not name the same thing twice"),
    ("stages", 'from = [""]', "must be the name of a stage"),
    ("stages", 'require_amount = "yes"', 'must be true or false, not "yes"'),
    ("stages", 'close_date = "today"', 'must be "keep" or "payment_date"'),
    ("stages", 'set = "Win_Reason__c"', "must be a table, written [stages.set]"),
    ("stages.set", "StageName = 'Won'", "qbsf writes itself"),
    ("stages.set", "QB_Payment_Amount__c = 5", "qbsf writes itself"),
    ("stages.set", "Won_On__c = 2026-01-31", "must be a text in quotes, a number, true or false"),
    ("stages.set", '"Win Reason" = "x"', "must be a field's API name"),
    ("stages.by_record_type", '"Big Deal" = "Won"', "must be a record type's API name"),
    ("stages.by_record_type", 'Renewal = ""', "must be the name of a stage"),
    ("sync", 'start_date = "31.01.2026"', 'must be a day as in "2026-01-31"'),
    ("sync", "start_date = 2026-01-31T08:00:00", 'must be a day as in "2026-01-31"'),
    ("sync", 'max_credit_share = "150%"', 'must be a share from "0%" to "100%"'),
    ("sync", "max_credit_share = 50", 'must be a share from "0%" to "100%"'),
    ("sync", 'keep_api_calls = "1000"', "or a number of calls"),
    ("sync", "keep_api_calls = -1", "must not be negative"),
    ("sync", "keep_api_calls = true", "or a number of calls"),
    ("sync", "max_wins = -1", "from 0 to"),
    ("sync", "max_wins = true", "not true"),
    ("sync", 'max_wins = "5"', "(without quotes)"),
    ("sync", "full_every_hours = 0", "from 1 to 8760"),
    ("sync", "time_limit_seconds = 0", "from 1 to 86400"),
    ("sync", "look_back_days = 1.5", "must be a whole number"),
    ("secrets", 'store = "vault"', 'must be "keyring" or "file"'),
    ("alerts", 'webhook_url = "http://hooks.example/T000/B000"', "must begin with https://"),
    ("alerts", 'command = "notify \'half"', "must be a command whose quotes match"),
    ("alerts", 'heartbeat_url = "hc-ping.com/uuid"', "must begin with https://"),
    ("log", "history_days = 0", "from 1 to"),
]


@pytest.mark.parametrize(("table", "line", "expected"), BAD_VALUES)
def test_a_value_that_cannot_be_used_is_told_with_what_is_expected(
    path: Path, table: str, line: str, expected: str
) -> None:
    message = refused(path, with_key(table, line))
    assert expected in message
    assert " has " not in message, "one fault is one problem"


def test_a_webhook_address_is_never_repeated(path: Path) -> None:
    assert "T000" not in refused(path, with_key("alerts", 'webhook_url = "http://hooks.example/T000/B000"'))


def test_an_infinite_number_is_refused(path: Path) -> None:
    assert "must be a text in quotes, a number" in refused(path, with_key("stages.set", "Score__c = inf"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Acme EU", 'did you mean "acme-eu"?'), ("../other", 'did you mean "other"?'), ("x" * 41, "1 to 40")],
)
def test_a_profile_name_must_be_safe_for_files_and_keyrings(path: Path, name: str, hint: str) -> None:
    assert hint in refused(path, f'name = "{name}"\n{LEAST}')


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("http://acme.my.salesforce.com", "has to begin with https://"),
        ("acme.my.salesforce.com", "has to begin with https://"),
        ("https://login.salesforce.com", "Setup, My Domain shows yours"),
        ("https://test.salesforce.com/", "Setup, My Domain shows yours"),
        ("https://acme.lightning.force.com", "try https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:8443", "no port, path, user or query"),
        ("https://acme.my.salesforce.com/services", "no port, path, user or query"),
        ("https://acme.my.salesforce.com@evil.example", "no port, path, user or query"),
        ("https://evil.example\\\\@acme.my.salesforce.com", "no port, path, user or query"),
        ("https://acme.my.salesforce.com.evil.example", "a secret is sent to no other"),
        ("https://my.salesforce.com", "a secret is sent to no other"),
        ("https://xmy.salesforce.com", "a secret is sent to no other"),
        ("https://acme.my.salesforce.com#x", "no port, path, user or query"),
    ],
)
def test_an_address_that_is_not_a_my_domain_is_refused_with_the_cure(path: Path, address: str, cure: str) -> None:
    assert cure in refused(path, LEAST.replace("https://acme.my.salesforce.com", address))


def test_the_jwt_flow_needs_user_and_key(path: Path) -> None:
    message = refused(path, with_key("salesforce", 'flow = "jwt"'))
    assert 'salesforce.username is missing: flow = "jwt" needs it' in message
    assert "salesforce.private_key_file is missing" in message


def test_ways_whose_fields_are_left_out_find_nothing(path: Path) -> None:
    text = LEAST + '[match]\nby = ["invoice_id", "invoice_number"]\n[fields]\ninvoice_id = ""\ninvoice_number = ""\n'
    assert "match.by finds nothing: fields.invoice_id and fields.invoice_number is left out" in refused(path, text)


def test_one_usable_way_is_enough(path: Path) -> None:
    text = LEAST + '[match]\nby = ["invoice_id", "opportunity_id"]\n[fields]\ninvoice_id = ""\n'
    assert loaded(path, text).match.by == ("invoice_id", "opportunity_id")


def test_a_table_written_as_a_value_is_told(path: Path) -> None:
    assert "sync must be a table, written [sync], not 5" in refused(path, f"sync = 5\n{LEAST}")


# -- whose it is ------------------------------------------------------------------------------------------------------


@needs_posix
def test_a_file_that_anybody_may_change_is_refused(path: Path) -> None:
    path.write_text(LEAST)
    path.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert caught.value.todo == f"Close it: chmod 600 {path}"


@needs_root
def test_root_is_refused_another_users_configuration_with_the_command_that_works(path: Path) -> None:
    path.write_text(LEAST)
    os.chown(path, 1, -1)
    with pytest.raises(ConfigError, match="this is root") as caught:
        load_config(path, {})
    assert "sudo -u daemon -H " in caught.value.todo


@needs_posix
def test_another_users_configuration_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(LEAST)
    owner = os.geteuid() or 1
    os.chown(path, owner, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(ConfigError, match=r"config\.toml belongs to ") as caught:
        load_config(path, {})
    assert caught.value.todo == f"Take it over: sudo chown 12345 {path}"


@needs_root
def test_roots_configuration_for_everybody_is_fine(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(LEAST)
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert load_config(path, {}).quickbooks.client_id == "ABq8S2"

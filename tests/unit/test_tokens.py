"""Tokens and the facts about them that are kept for `status`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from qbsf.auth.grant import Grant, GrantFile, QuickBooksGrant, SalesforceGrant
from qbsf.auth.tokens import AccessToken, DamagedTokenError, RefreshToken, instant_of, stamp

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCESS = AccessToken("eyJ-access", "9130350", NOW, NOW + HOUR)
REFRESH = RefreshToken("AB11-new", "9130350", "sandbox", "ABclient", NOW, previous="AB11-old")


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(), False),
        (HOUR - timedelta(seconds=301), False),
        (HOUR - timedelta(seconds=300), True),
        (timedelta(days=400), True),
        (timedelta(seconds=-1), True),
        (timedelta(days=-400), True),
    ],
)
def test_a_token_is_due_five_minutes_early_and_whenever_the_clock_cannot_be_right(after: timedelta, due: bool) -> None:
    assert ACCESS.due(NOW + after) is due


def test_an_access_token_comes_back_from_its_stored_form() -> None:
    assert AccessToken.from_json(ACCESS.to_json()) == ACCESS


def test_a_refresh_token_comes_back_from_its_stored_form_with_the_one_before_it() -> None:
    assert RefreshToken.from_json(REFRESH.to_json()) == REFRESH


def test_a_refresh_token_fits_a_windows_keyring_entry() -> None:
    long = replace(REFRESH, value="R" * 300, previous="R" * 300, client_id="A" * 60, realm_id="9" * 20)
    assert len(long.to_json()) < 1280


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"access_token": "x"}',
        json.dumps({**json.loads(ACCESS.to_json()), "access_token": ""}),
        json.dumps({**json.loads(ACCESS.to_json()), "expires_at": 5}),
        json.dumps({**json.loads(ACCESS.to_json()), "expires_at": "tomorrow"}),
        json.dumps({**json.loads(ACCESS.to_json()), "expires_at": "2026-11-22T08:00:00"}),
    ],
)
def test_a_damaged_entry_is_recognised_and_not_repeated(text: str) -> None:
    with pytest.raises(DamagedTokenError) as caught:
        AccessToken.from_json(text)
    assert caught.value.__cause__ is None
    with pytest.raises(DamagedTokenError):
        RefreshToken.from_json(text)


def test_no_token_shows_in_a_representation() -> None:
    assert "eyJ-access" not in repr(ACCESS)
    assert "AB11" not in repr(REFRESH)


def test_times_are_stored_in_utc() -> None:
    berlin = NOW.astimezone(timezone(HOUR))
    assert stamp(berlin) == "2026-11-22T08:00:00Z"
    assert instant_of("2026-11-22T08:00:00Z") == NOW


QUICKBOOKS = QuickBooksGrant(
    realm_id="9130350",
    environment="sandbox",
    company_name="Acme GmbH",
    place="keyring (SecretService Keyring)",
    access_expires_at=NOW + HOUR,
    refresh_expires_at=NOW + timedelta(days=100),
    hard_expires_at=None,
)
SALESFORCE = SalesforceGrant("https://acme.my.salesforce.com", "00D000000000001AAA", "jwt", NOW)


@pytest.fixture
def file(tmp_path: Path) -> GrantFile:
    return GrantFile(tmp_path / "default" / "grant.json")


def test_without_authorization_there_are_no_facts(file: GrantFile) -> None:
    assert file.read() == Grant()


def test_both_sides_are_kept_apart(file: GrantFile) -> None:
    file.set_quickbooks(QUICKBOOKS)
    file.set_salesforce(SALESFORCE)
    assert file.read() == Grant(QUICKBOOKS, SALESFORCE)
    file.set_quickbooks(None)
    assert file.read() == Grant(None, SALESFORCE)


def test_a_refused_grant_is_remembered_until_it_is_renewed(file: GrantFile) -> None:
    file.quickbooks_refused(NOW)
    assert file.read() == Grant(), "nothing to refuse yet"
    file.set_quickbooks(QUICKBOOKS)
    file.quickbooks_refused(NOW)
    assert file.read().quickbooks == replace(QUICKBOOKS, refused_at=NOW)
    file.set_quickbooks(QUICKBOOKS)
    assert file.read().quickbooks == QUICKBOOKS


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_file_is_said_to_be_damaged_and_is_written_anew(
    file: GrantFile, tmp_path: Path, content: bytes
) -> None:
    file.set_salesforce(SALESFORCE)
    (tmp_path / "default" / "grant.json").write_bytes(content)
    assert file.read() == Grant(damaged=True)
    file.set_quickbooks(QUICKBOOKS)
    assert file.read() == Grant(QUICKBOOKS)


@pytest.mark.parametrize("entry", [None, 5, [], {}, {"realm_id": ""}, {"realm_id": "1", "access_expires_at": 5}])
def test_odd_members_do_not_break_status(file: GrantFile, tmp_path: Path, entry: object) -> None:
    file.set_quickbooks(None)
    (tmp_path / "default" / "grant.json").write_text(json.dumps({"quickbooks": entry, "salesforce": entry}))
    found = file.read()
    assert found.salesforce is None
    assert found.quickbooks is None or found.quickbooks.access_expires_at is None

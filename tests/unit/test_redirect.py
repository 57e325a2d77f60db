"""What Intuit's redirect says, from a listener or from a person's clipboard."""

import pytest

from qbsf.auth.redirect import Consent, ConsentRefusedError, NotTheRedirectError, consent_of, listens_on

QUERY = "code=XAB1-code&state=state-1&realmId=9130350"
YES = Consent("XAB1-code", "9130350")


@pytest.mark.parametrize(
    "text",
    [
        QUERY,
        f"?{QUERY}",
        f"/callback?{QUERY}",
        f"http://localhost:8765/callback?{QUERY}",
        f"  https://acme.example/qbsf?{QUERY}\n",
        f'"https://acme.example/qbsf?{QUERY}"',
        f"<https://acme.example/qbsf?{QUERY}#top>",
        "https://acme.example/qbsf?code=XAB1-\ncode&state=state-1\n&realmId=9130350",
        "https://acme.example/qbsf?x=1&realmId=9130350&state=state-1&code=XAB1-code",
    ],
)
def test_an_address_is_read_however_it_was_copied(text: str) -> None:
    assert consent_of(text, "state-1") == YES


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no state"),
        ("hello", "no state"),
        ("http://localhost:8765/callback", "no state"),
        ("code=XAB1-code&realmId=9130350", "no state"),
        ("code=XAB1-code&state=&realmId=9130350", "no state"),
        ("code=XAB1-code&state=other&realmId=9130350", "state is that of another attempt"),
        ("error=access_denied&state=other", "state is that of another attempt"),
        ("state=st%C3%A4te&code=x&realmId=1", "state is that of another attempt"),
        ("state=state-1&realmId=9130350", "no code"),
        ("state=state-1&code=XAB1-code", "no realmId"),
        ("state=state-1&code=XAB1-code&realmId=../1", "no realmId"),
        (f"{QUERY}&realmId=1", "twice"),
        ("&".join(f"a{number}=1" for number in range(60)), "not Intuit's answer"),
        (f"http://[broken?{QUERY}", "not an address"),
    ],
)
def test_anything_else_is_told_and_does_not_end_the_wait(text: str, why: str) -> None:
    with pytest.raises(NotTheRedirectError, match=why) as caught:
        consent_of(text, "state-1")
    assert "XAB1" not in str(caught.value)


def test_a_denial_changes_nothing_and_exits_1() -> None:
    with pytest.raises(ConsentRefusedError, match="nothing was changed") as caught:
        consent_of("error=access_denied&state=state-1", "state-1")
    assert (caught.value.exit_code, caught.value.code) == (1, "denied")


def test_intuits_own_refusal_is_told_on_one_line() -> None:
    with pytest.raises(ConsentRefusedError, match=r"\(invalid_scope x\)") as caught:
        consent_of("error=invalid_scope%0Ax&state=state-1", "state-1")
    assert caught.value.code == "consent_refused"


def test_a_code_does_not_show_in_a_representation() -> None:
    assert "XAB1" not in repr(YES)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("http://localhost:8765/callback", ("localhost", 8765, "/callback")),
        ("http://127.0.0.1:1", ("127.0.0.1", 1, "/")),
        ("http://[::1]:8765/a/b", ("::1", 8765, "/a/b")),
        ("https://localhost:8765/callback", None),
        ("https://acme.example/callback", None),
    ],
)
def test_only_http_on_loopback_can_be_listened_on(uri: str, place: tuple[str, int, str] | None) -> None:
    assert listens_on(uri) == place

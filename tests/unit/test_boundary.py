"""What becomes of a bug, a signal, a full disk: one error, and a crash report without secrets."""

import errno
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsf.boundary import Terminated, as_error, crash_report, stop_on_sigterm, without_secrets
from qbsf.errors import Unreachable

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TOKENS = [
    "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..4JnFvfIPDfXvN9DEfN_RTg.BaEX",
    "RT1-213-H0-1772452800u1z3h6wkd0e9u5dqx8gf",
    "00DXX0000000001!AQEAQFf3nX1kPbGZ.dnN5qqf1Lk_zWc8",
    "AB11588888888ABCDEFGHIJ1234567890abcdefghij",
]
ALPHABET = st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"], include_characters="-_.!~")


def fail(problem: Exception) -> None:
    raise problem


def raised(problem: Exception) -> Exception:
    """The same with a traceback."""
    with pytest.raises(type(problem)) as caught:
        fail(problem)
    return caught.value


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "frame", ["{}", "Bearer {}", '{{"access_token": "{}"}}', "https://host/cb?code={}&state=1", "b'{}'"]
)
def test_no_token_survives_in_a_crash_report(token: str, frame: str) -> None:
    report = crash_report(raised(ValueError(frame.format(token))), NOW)
    assert token not in report
    assert not any(part in report for part in token.split(".") if len(part) > 12)


@given(
    name=st.sampled_from(["client_secret", "password", "refresh_token", "code", "Authorization", "assertion"]),
    joint=st.sampled_from(["=", ": ", "': '", '": "', " = "]),
    secret=st.text(ALPHABET, min_size=8, max_size=60).filter(lambda text: text not in "[removed]"),
)
def test_what_is_named_like_a_secret_is_taken_out_however_short(name: str, joint: str, secret: str) -> None:
    assert secret not in without_secrets(f"request failed: {name}{joint}{secret}").removeprefix("request failed: ")


@given(st.text(ALPHABET, min_size=20, max_size=80).filter(lambda text: any(character.isdigit() for character in text)))
def test_long_runs_with_digits_are_taken_out(run: str) -> None:
    assert run not in without_secrets(f"refused {run} today")


@pytest.mark.parametrize(
    "message",
    [
        "'NoneType' object has no attribute 'payment_reference'",
        "invoice 2052 of 2025-08-25: 2,750.00",
        "list index out of range",
    ],
)
def test_a_message_that_helps_stays_readable(message: str) -> None:
    assert without_secrets(message) == message


def test_a_password_in_a_proxy_address_is_taken_out() -> None:
    assert without_secrets("proxy http://me:pw@proxy:3128 refused") == "proxy http://[removed]@proxy:3128 refused"


def test_a_crash_report_names_what_led_to_a_bug_even_unawares() -> None:
    caused, unawares = ValueError("outer"), ValueError("outer")
    caused.__cause__ = raised(KeyError("inner"))
    unawares.__context__ = raised(KeyError("inner"))
    for problem in (caused, unawares):
        report = crash_report(problem, NOW)
        assert report.index("ValueError: outer") < report.index("KeyError: 'inner'")


def test_what_the_code_hid_on_purpose_is_not_told() -> None:
    problem = ValueError("outer")
    problem.__context__ = KeyError("inner")
    problem.__suppress_context__ = True
    assert "KeyError" not in crash_report(problem, NOW)


def test_causes_in_a_circle_are_told_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert crash_report(first, NOW).count("ValueError: first") == 1


def test_a_known_error_stays_what_it_is(tmp_path: Path) -> None:
    known = Unreachable("QuickBooks does not answer.", "Wait.")
    assert as_error(known, tmp_path, NOW) is known
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    error = as_error(OSError(errno.ENOSPC, "No space left on device", "/var/state.sqlite3"), tmp_path, NOW)
    assert str(error) == "There is no space left for /var/state.sqlite3. Free some space, then run it again."


def test_a_bug_whose_details_cannot_be_kept_names_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = as_error(raised(ValueError("x")), tmp_path / "file" / "folder", NOW)
    assert error.exit_code == 1
    assert "it happened in test_boundary.py line " in error.todo


@pytest.mark.parametrize(("problem", "exit_code"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_signals_have_their_exit_codes(problem: BaseException, exit_code: int, tmp_path: Path) -> None:
    assert as_error(problem, tmp_path, NOW).exit_code == exit_code


def test_sigterm_unwinds_the_program() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        stop_on_sigterm()
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

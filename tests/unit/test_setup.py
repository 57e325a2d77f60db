"""The configuration that init writes: the example with the answers in it."""

import tomllib
from datetime import date

import pytest
from hypothesis import given as having
from hypothesis import strategies as st

from qbsf.config_file import example_text
from qbsf.errors import UsageError
from qbsf.setup.interview import given, interview
from qbsf.setup.text import with_answers

TODAY = date(2026, 11, 22)


class Person:
    """Answers the questions one after the other; nobody where there are no answers."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.interactive = bool(answers)
        self.told: list[str] = []

    def say(self, *lines: str) -> None:
        self.told += lines

    def ask(self, question: str, seconds: float) -> str | None:
        assert seconds == 0.0
        self.told.append(question)
        return self.answers.pop(0) if self.answers else None

    def ask_secret(self, question: str) -> str | None:
        raise AssertionError(question)

    def confirm(self, question: str) -> bool:
        raise AssertionError(question)


@having(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\x85\x7f")))
def test_any_answer_is_read_back_as_it_was_given_and_nothing_else_changes(answer: str) -> None:
    text = with_answers(example_text(), {("stages", "paid"): answer, ("quickbooks", "client_id"): "AB1"}, TODAY)
    expected = tomllib.loads(example_text())
    expected["stages"]["paid"] = answer
    expected["quickbooks"]["client_id"] = "AB1"
    assert tomllib.loads(text) == expected


def test_the_comments_stay_but_for_those_that_ask_to_fill_in() -> None:
    text = with_answers(
        example_text(), {("quickbooks", "client_id"): "AB1", ("sync", "start_date"): "2026-11-22"}, TODAY
    )
    lines = text.splitlines()
    assert 'client_id = "AB1"                    # your app at developer.intuit.com, Keys & credentials' in lines
    assert (
        'start_date = "2026-11-22"            # as in "2026-01-31": an invoice settled before this day is left alone'
        in lines
    )
    assert lines[0].endswith("Written by `qbsf init` on 2026-11-22.")


def test_a_key_that_the_example_lacks_is_a_bug() -> None:
    with pytest.raises(KeyError):
        with_answers(example_text(), {("stages", "nothing"): "x"}, TODAY)


def test_the_questions_follow_from_the_answers() -> None:
    person = Person(
        *("production", "AB12345", "http://localhost:1/x", "https://acme.example/back"),
        *("https://acme.my.salesforce.com", "3MVG1", "jwt", "anna@acme.example", "key.pem", "", "file"),
    )
    answers = interview(person, {})
    assert answers["quickbooks", "redirect_uri"] == "https://acme.example/back"
    assert answers["salesforce", "username"] == "anna@acme.example"
    assert answers["stages", "paid"] == "Closed Won"
    assert answers["secrets", "store"] == "file"
    assert any("production keys" in line for line in person.told)
    assert person.answers == []


def test_answers_that_never_fit_end_it() -> None:
    with pytest.raises(UsageError, match="no usable answer"):
        interview(Person(*["live"] * 9), {})


def test_nobody_there_is_told_what_is_missing() -> None:
    known = given(["quickbooks.environment=sandbox", "quickbooks.client_id=AB1", "salesforce.client_id = 3MVG1"])
    with pytest.raises(UsageError, match="1 questions") as caught:
        interview(Person(), known)
    assert "--set salesforce.instance_url=..." in caught.value.todo


@pytest.mark.parametrize("word", ["stages.paid", "stages=x", "alerts.command=rm", "=x", ""])
def test_what_is_none_of_the_questions_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="none of init's questions"):
        given([word])

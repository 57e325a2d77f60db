"""Asking the questions: each answer is checked by the loader's own rules before the next is asked."""

from collections.abc import Iterator, Mapping, Sequence

from qbsf.auth.terminal import Terminal
from qbsf.config_values import WrongValueError, shown
from qbsf.errors import UsageError
from qbsf.output.text import one_line
from qbsf.setup import questions
from qbsf.setup.questions import Question
from qbsf.setup.text import Key

_TRIES = 5


def given(words: Sequence[str]) -> dict[Key, str]:
    """The answers of `--set TABLE.KEY=VALUE`. Raises UsageError for what is none of the questions."""
    found: dict[Key, str] = {}
    known = _all_keys()
    for word in words:
        name, equals, value = word.partition("=")
        table, _, key = name.strip().partition(".")
        if not equals or (table, key) not in known:
            among = ", ".join(".".join(one) for one in known)
            raise UsageError(f"--set {one_line(name)} is none of init's questions.", f"They are: {among}.")
        found[table, key] = value.strip()
    return found


def _all_keys() -> list[Key]:
    answers = {("quickbooks", "environment"): "sandbox", ("salesforce", "flow"): "jwt"}
    asked = (*questions.first(), questions.redirect(answers), *questions.org())
    return [question.key for question in (*asked, *questions.jwt(answers), *questions.last())]


def interview(terminal: Terminal, known: Mapping[Key, str]) -> dict[Key, str]:
    """Every answer: a given one where there is one, else a person's. Off a terminal a question with a default takes
    it; raises UsageError for others, with all that is missing, and for a given answer that cannot be used.
    """
    answers: dict[Key, str] = {}
    missing: list[Question] = []
    for question in _asked(answers):
        if question.key in known:
            answers[question.key] = _checked(question, known[question.key])
        elif terminal.interactive:
            answers[question.key] = _asked_person(question, terminal)
        else:
            answers[question.key] = question.default
            missing += [] if question.default else [question]
    if missing:
        options = " ".join(f"--set {'.'.join(question.key)}=..." for question in missing)
        raise UsageError(
            f"qbsf init has {len(missing)} questions that nobody is here to answer.",
            f"Run it at a terminal, or answer by {options}; or fill in what qbsf init --print writes.",
        )
    return answers


def _asked(answers: Mapping[Key, str]) -> Iterator[Question]:
    """The questions in turn; what follows may depend on `answers` so far."""
    yield from questions.first()
    yield questions.redirect(answers)
    yield from questions.org()
    yield from questions.jwt(answers)
    yield from questions.last()


def _checked(question: Question, answer: str) -> str:
    try:
        return question.parse(answer)
    except WrongValueError as error:
        raise UsageError(
            f"{'.'.join(question.key)} = {shown(answer)} {error}.", "Correct it and run it again."
        ) from None


def _asked_person(question: Question, terminal: Terminal) -> str:
    if question.before:
        terminal.say("", *question.before)
    default = f" [{question.default}]" if question.default else ""
    for _ in range(_TRIES):
        answer = terminal.ask(f"{question.prompt}{default}: ", seconds=0.0)
        if answer is None:
            raise UsageError("The questions were not answered to the end: nothing was written.", "Run it again.")
        try:
            return question.parse(answer or question.default)
        except WrongValueError as error:
            terminal.say(f"  It {error}.")
    raise UsageError(f"{question.prompt}: no usable answer came, and nothing was written.", "Run it again.")

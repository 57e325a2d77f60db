"""A bar where a person watches stderr, silence elsewhere."""

import io

from qbsf.output.console import is_terminal
from qbsf.output.progress import showing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_sees_how_far_it_is_and_nothing_stays_behind() -> None:
    stream = Terminal()
    with showing(stream, {"TERM": "xterm"}) as progress:
        progress.advance()
        progress.phase("Reading [payments]", 7)
        progress.advance(3)
        progress.phase("Writing")
        progress.advance()
    text = stream.getvalue()
    assert "Writing" in text
    assert text.endswith("\x1b[2K")


def test_cron_a_quiet_run_and_a_closed_stream_see_nothing() -> None:
    pipe, quiet = io.StringIO(), Terminal()
    for stream, is_quiet in ((pipe, False), (quiet, True), (None, False)):
        with showing(stream, {}, quiet=is_quiet) as progress:
            progress.phase("Reading", 7)
            progress.advance()
    assert (pipe.getvalue(), quiet.getvalue()) == ("", "")


def test_a_stream_that_was_closed_is_no_terminal() -> None:
    stream = Terminal()
    stream.close()
    assert not is_terminal(stream)
    assert not is_terminal(None)

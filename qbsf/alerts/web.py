"""The channels `[alerts] webhook_url` and `heartbeat_url`. Their addresses are keys: no message or log shows more of
them than the host.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from urllib.parse import urlsplit, urlunsplit

import requests

from qbsf.alerts.command import ChannelFailed
from qbsf.answers import Trouble
from qbsf.clock import Clock, Deadline
from qbsf.errors import QbsfError
from qbsf.http import ApiSession, Service, open_session

MESSAGE_LENGTH = 1900
"""Characters in one message: Discord takes 2,000, the others more."""

_LOOK_ALIKE = {
    ord("<"): "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    ord(">"): "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
}
_CALLS = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)


class Webhook:
    """Posts messages to a chat."""

    def __init__(self, address: str, clock: Clock, random: Random, deadline: Deadline) -> None:
        self._address = address
        self._todo = "Check [alerts] webhook_url; what was missed waits for the next pass, for a day at most."
        self._http = _open(f"The alert webhook at {_host(address)}", clock, random, deadline)

    def post(self, text: str) -> None:
        """Send one message. Slack, Teams and Mattermost read `text`, Discord `content`. Raises ChannelFailed."""
        said = harmless(text)
        body = {"text": said, "content": said, "allowed_mentions": {"parse": []}}
        with _told_by_us(self._todo):
            self._http.post(self._address, json=body)


class Heartbeat:
    """Tells a monitor, as healthchecks.io takes it, that a pass has run: what it misses it asks for by itself."""

    def __init__(self, address: str, clock: Clock, random: Random, deadline: Deadline) -> None:
        self._address = address
        self._http = _open(f"The heartbeat monitor at {_host(address)}", clock, random, deadline)

    def beat(self, *, good: bool) -> None:
        """GET the address after a good pass, address/fail after a bad one. Raises ChannelFailed."""
        with _told_by_us("Check [alerts] heartbeat_url."):
            self._http.get(self._address if good else fail_address(self._address))


def fail_address(address: str) -> str:
    """The address that tells of a bad pass: `/fail` after the path, before a query."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


def harmless(text: str) -> str:
    """`text` so that a name in it calls nobody: "<!channel>" in Slack, "@everyone" in Discord and Mattermost."""
    return _CALLS.sub("@\N{ZERO WIDTH SPACE}", text.translate(_LOOK_ALIKE))


def messages(texts: list[str]) -> list[tuple[int, str]]:
    """Lines put together to as few messages as their length allows: (how many lines, message). A line that is too
    long for any is cut.
    """
    found: list[tuple[int, str]] = []
    for text in texts:
        line = text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"
        if found and len(found[-1][1]) + 1 + len(line) <= MESSAGE_LENGTH:
            count, message = found[-1]
            found[-1] = (count + 1, f"{message}\n{line}")
        else:
            found.append((1, line))
    return found


@contextmanager
def _told_by_us(todo: str) -> Iterator[None]:
    """Every failure as ChannelFailed, in words that hold no address."""
    try:
        yield
    except QbsfError as error:
        raise ChannelFailed(error.message, todo) from None
    except requests.RequestException as error:  # of the address itself, before anything is sent
        raise ChannelFailed(f"The address cannot be used ({type(error).__name__}).", todo) from None


def _open(name: str, clock: Clock, random: Random, deadline: Deadline) -> ApiSession:
    service = Service(name=name, judge=_judge, repeatable=lambda _request: False, secret_path=True)
    return open_session(service, clock=clock, random=random, deadline=deadline, connections=1)


def _judge(response: requests.Response) -> Trouble | None:
    return None if response.ok else Trouble(f"answered HTTP {response.status_code}.")


def _host(address: str) -> str:
    return urlsplit(address).hostname or "an address"

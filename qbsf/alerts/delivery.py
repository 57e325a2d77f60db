"""Sending: all channels at once, and no longer than ten seconds whatever they do."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Thread
from typing import Literal

from qbsf.alerts.command import ChannelFailed, CommandUnusable, run_command
from qbsf.alerts.letters import ChannelName, Letter
from qbsf.alerts.web import Heartbeat, Webhook, messages
from qbsf.clock import Clock, Deadline
from qbsf.config import AlertsConfig
from qbsf.http import GRACE_SECONDS

log = logging.getLogger("qbsf.alerts")

TOTAL_SECONDS = 8.0
"""What the channels may take together; the contract allows ten, and a command has to be ended within them."""

OutletName = ChannelName | Literal["heartbeat"]


@dataclass
class Attempt:
    """What came of one channel that was used: filled while it is at work."""

    taken: list[str] = field(default_factory=list)
    """Ids of the letters that it took."""
    failure: ChannelFailed | None = None


@dataclass(frozen=True)
class Sender:
    """Sends what one pass has to tell."""

    alerts: AlertsConfig
    environ: Mapping[str, str]
    clock: Clock
    random: Random

    def send(self, letters: Sequence[Letter], good: bool | None) -> dict[OutletName, Attempt]:
        """Give the letters to their channels and, where `good` tells how the pass was, the heartbeat to its monitor.
        Answers what came of each channel that was used.

        The web channels work in daemon threads: one that hangs (in name resolution, say) is left behind. The command
        runs in this one, so that a signal ends it too.
        """
        deadline = Deadline(self.clock, TOTAL_SECONDS)
        attempts: dict[OutletName, Attempt] = {}
        threads: dict[OutletName, Thread] = {}
        for_webhook, for_command = ([each for each in letters if name in each.to] for name in ("webhook", "command"))
        if for_webhook:
            attempts["webhook"] = Attempt()
            threads["webhook"] = _begin(lambda attempt: self._post(for_webhook, attempt), attempts["webhook"])
        if self.alerts.heartbeat_url and good is not None:
            attempts["heartbeat"] = Attempt()
            threads["heartbeat"] = _begin(lambda _attempt: self._beat(good=good), attempts["heartbeat"])
        if for_command:
            attempts["command"] = Attempt()
            _guarded(lambda attempt: self._run(for_command, attempt, deadline), attempts["command"])
        for name, thread in threads.items():
            thread.join(deadline.left())
            if thread.is_alive():
                attempts[name] = Attempt(list(attempts[name].taken), _too_slow(name))
        for attempt in attempts.values():
            if attempt.failure is not None:
                log.warning("%s", attempt.failure)
        return attempts

    def _post(self, letters: Sequence[Letter], attempt: Attempt) -> None:
        webhook = Webhook(self.alerts.webhook_url, self.clock, self.random, self._http_deadline())
        waiting = list(letters)
        for count, message in messages([letter.text for letter in letters]):
            webhook.post(message)
            attempt.taken += [letter.id for letter in waiting[:count]]
            del waiting[:count]

    def _beat(self, *, good: bool) -> None:
        Heartbeat(self.alerts.heartbeat_url, self.clock, self.random, self._http_deadline()).beat(good=good)

    def _run(self, letters: Sequence[Letter], attempt: Attempt, deadline: Deadline) -> None:
        """One run of the command a letter. One that fails for a letter may do for the next; one that cannot be
        started, or took all the time, may not.
        """
        for letter in letters:
            try:
                run_command(self.alerts.command, letter.document, self.environ, deadline)
            except CommandUnusable:
                raise
            except ChannelFailed as error:
                attempt.failure = attempt.failure or error
            else:
                attempt.taken.append(letter.id)

    def _http_deadline(self) -> Deadline:
        """A request may end so much later than its deadline."""
        return Deadline(self.clock, TOTAL_SECONDS - GRACE_SECONDS)


def _begin(work: Callable[[Attempt], None], attempt: Attempt) -> Thread:
    thread = Thread(target=_guarded, args=(work, attempt), name="alert", daemon=True)
    thread.start()
    return thread


def _guarded(work: Callable[[Attempt], None], attempt: Attempt) -> None:
    try:
        work(attempt)
    except ChannelFailed as error:
        attempt.failure = error


def _too_slow(name: OutletName) -> ChannelFailed:
    return ChannelFailed(
        f"The alert {name} did not answer within {TOTAL_SECONDS:.0f} seconds.", f"Check [alerts] {name}_url."
    )

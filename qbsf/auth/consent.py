"""Getting a person's consent: through the browser and the loopback listener, or by a pasted address."""

import logging
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from qbsf.auth.loopback import Listener
from qbsf.auth.redirect import Consent, NotTheRedirectError, consent_of, listens_on
from qbsf.auth.terminal import Terminal
from qbsf.config import QuickBooksConfig
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError

PASTE_TRIES = 5

OpenBrowser = Callable[[str], bool]
"""As webbrowser.open: False where there is no browser. It may return only when the browser ends."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConsentOptions:
    """`--no-browser`, `--paste`, `--timeout`."""

    no_browser: bool = False
    paste: bool = False
    seconds: float = 300.0


class Channel(Protocol):
    """The way back to the person who consented."""

    consent: Consent

    def show(self, page: str) -> None:
        """Gives the browser its last page, where there is a browser that waits for one."""
        ...


@dataclass
class _Browser:
    consent: Consent
    listener: Listener

    def show(self, page: str) -> None:
        self.listener.show(page)


@dataclass
class _Pasted:
    consent: Consent

    def show(self, page: str) -> None:
        """Nobody waits for a page: the browser landed elsewhere."""


def check_redirect(config: QuickBooksConfig) -> None:
    """Raises ConfigError where Intuit is known to refuse the redirect address (quickbooks.md section 1)."""
    if config.environment == "production" and config.redirect_uri.lower().startswith("http://"):
        raise ConfigError(
            "Intuit takes no http and no localhost redirect address for production keys.",
            "Register an https address on a domain of yours with the app (its page need not exist), write it into"
            " [quickbooks] redirect_uri, and run this again: it then asks for the address you land on.",
        )


@contextmanager
def asked_consent(
    config: QuickBooksConfig,
    url: str,
    state: str,
    options: ConsentOptions,
    terminal: Terminal,
    open_browser: OpenBrowser = webbrowser.open,
) -> Iterator[Channel]:
    """The consent to `url`, and the way to show how it ended.

    Raises ConsentRefusedError, QbsfError (nobody answered in time, the port is busy), AuthorizationNeeded (the
    address has to be pasted, and nobody can).
    """
    place = listens_on(config.redirect_uri)
    if options.paste or place is None:
        _tell_address(terminal, url)
        if not options.no_browser:
            _open(url, open_browser, terminal)
        yield _Pasted(_pasted(config, state, options, terminal))
        return
    with Listener(*place, judge=lambda query: consent_of(query, state)) as listener:
        _tell_address(terminal, url)
        terminal.say(
            f"Waiting up to {options.seconds:g} seconds for the answer at {config.redirect_uri}"
            " (is the browser on another machine? Ctrl+C, then `qbsf auth quickbooks --paste`).",
        )
        if not options.no_browser:
            _open(url, open_browser, terminal)
        try:
            consent = listener.wait(options.seconds)
        except TimeoutError:
            raise _nobody(options) from None
        yield _Browser(consent, listener)


def _nobody(options: ConsentOptions) -> QbsfError:
    return QbsfError(
        f"No answer came within {options.seconds:g} seconds: nothing was changed.",
        "Run `qbsf auth quickbooks` again; on a machine without a browser with --paste.",
        code="timeout",
    )


def _tell_address(terminal: Terminal, url: str) -> None:
    terminal.say("Open this address in a browser, and allow access to the company:", "", url, "")


def _open(url: str, open_browser: OpenBrowser, terminal: Terminal) -> None:
    """Starts the browser in a thread: a text browser's command returns only when it is left."""

    def work() -> None:
        try:
            opened = open_browser(url)
        except webbrowser.Error:
            opened = False
        except OSError as error:
            _log.debug("the browser could not be started: %s", error.strerror)
            opened = False
        if not opened:
            terminal.say("No browser could be opened from here: open the address above yourself.")

    Thread(target=work, name="qbsf-browser", daemon=True).start()


def _pasted(config: QuickBooksConfig, state: str, options: ConsentOptions, terminal: Terminal) -> Consent:
    terminal.say(
        f"You will land on {config.redirect_uri.partition('?')[0]}?... (whatever it shows, even an error).",
        "Copy that whole address from the address bar: it holds a code that is good for a few minutes.",
    )
    for _ in range(PASTE_TRIES):
        text = terminal.ask("Paste the address you landed on: ", options.seconds)
        if text is None:
            break
        try:
            return consent_of(text, state)
        except NotTheRedirectError as error:
            terminal.say(f"That address cannot be used: {error}.")
    raise AuthorizationNeeded(
        "No address was pasted that answers this consent: nothing was changed.",
        "Run `qbsf auth quickbooks` at a terminal, and paste the address it led to.",
        code="no_consent",
    )

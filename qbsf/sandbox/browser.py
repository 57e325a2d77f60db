"""The person in the browser: `python -m qbsf.sandbox.browser ADDRESS`, for BROWSER.

Opens the authorize address through the sandbox's proxy, decides on the consent page, follows the redirect to the
listener on loopback and prints the page it got; QBSF_SANDBOX_PAGE=title prints the page's title alone.
QBSF_SANDBOX_CONSENT says how the person acts:

allow              agrees (the default)
deny               presses Cancel
silent             closes the window without deciding
wrong-state-first  something else on the machine calls the listener with a foreign state, then the person agrees
idle-first         the browser opens silent connections first (as a preconnect does), then the person agrees
favicon-first      the browser asks for /favicon.ico first, then the person agrees
print              agrees and prints the address it was sent to, for --paste; opens nothing
"""

import os
import re
import socket
import sys
from html import unescape
from urllib.parse import urljoin, urlsplit

import requests

_FORM = re.compile(r'<form method="post" action="([^"]*)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
_TITLE = re.compile(r"<title>([^<]*)</title>")
_TIMEOUT = 30


def visit(address: str, manner: str = "allow") -> str:
    """What the person sees in the end: the last page, or the address for the manner "print"."""
    with requests.Session() as session:
        page = session.get(address, timeout=_TIMEOUT)
        form = _FORM.search(page.text)
        if form is None or manner == "silent":
            return page.text
        answer = {unescape(name): unescape(value) for name, value in _HIDDEN.findall(page.text)}
        answer["decision"] = "deny" if manner == "deny" else "allow"
        target = urljoin(address, unescape(form[1]))
        sent = session.post(target, data=answer, timeout=_TIMEOUT, allow_redirects=False)
        landing = sent.headers["Location"]
        if manner == "print":
            return landing
        idle = _before(session, landing, manner)
        try:
            return session.get(landing, timeout=_TIMEOUT).text
        finally:
            for connection in idle:
                connection.close()


def _before(session: requests.Session, landing: str, manner: str) -> list[socket.socket]:
    """What reaches the listener before the answer; returns connections that stay silent until the end."""
    parts = urlsplit(landing)
    base = f"{parts.scheme}://{parts.netloc}"
    if manner == "wrong-state-first":
        session.get(f"{base}{parts.path}?code=foreign&state=foreign&realmId=1", timeout=_TIMEOUT)
    elif manner == "favicon-first":
        session.get(f"{base}/favicon.ico", timeout=_TIMEOUT)
    elif manner == "idle-first":
        address = (parts.hostname or "localhost", parts.port or 80)
        return [socket.create_connection(address, timeout=_TIMEOUT) for _ in range(3)]
    return []


def main() -> None:
    """Visit the address on the command line."""
    page = visit(sys.argv[1], os.environ.get("QBSF_SANDBOX_CONSENT", "allow"))
    title = _TITLE.search(page)
    if title is not None and os.environ.get("QBSF_SANDBOX_PAGE") == "title":
        page = f'(The browser shows "{unescape(title[1])}".)'
    print(page)


if __name__ == "__main__":
    main()

"""The pages that the loopback listener shows: self-contained, escaped, without scripts or foreign parts."""

from html import escape

_STYLE = """
body { font: 17px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; margin: 0;
       color: #1d2733; background: #f3f5f8; }
main { max-width: 34rem; margin: 12vh auto 2rem; padding: 2rem 2.4rem; background: #fff; border-radius: 10px;
       border-top: 5px solid var(--mark); box-shadow: 0 2px 14px rgba(20, 40, 70, .12); }
h1 { font-size: 1.5rem; margin: 0 0 .6rem; }
code { font-family: ui-monospace, Consolas, monospace; background: #eef1f5; padding: .1rem .4rem; border-radius: 4px; }
p { margin: .6rem 0; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e9ef; background: #11161c; } main { background: #1b222b; } code { background: #2a333e; } }
""".strip()
_GOOD, _BAD, _NEUTRAL = "#2c8a4b", "#b3392f", "#5b6b7c"


def connected(company: str, realm_id: str, environment: str) -> str:
    """After everything succeeded: what was connected and what to do next."""
    return _page(
        "Connected to QuickBooks",
        _GOOD,
        f"<p>qbsf is now connected to <strong>{escape(company)}</strong>"
        f" ({escape(environment)} company {escape(realm_id)}).</p>"
        "<p>You can close this page. The terminal says what to do next.</p>",
    )


def question(company: str) -> str:
    """Before a profile changes its company."""
    return _page(
        "One question in the terminal",
        _NEUTRAL,
        f"<p>You allowed access to <strong>{escape(company)}</strong>, but this profile belongs to another company."
        " Nothing is changed before you answer in the terminal.</p>",
    )


def refused(message: str) -> str:
    """After a no in the browser, or Intuit's."""
    return _page(
        "Not connected",
        _BAD,
        f"<p>{escape(message)}</p><p>Run <code>qbsf auth quickbooks</code> in the terminal to try again.</p>",
    )


def failed(message: str, todo: str) -> str:
    """After the consent, when the connection could not be finished."""
    return _page("Not connected", _BAD, f"<p>{escape(message)}</p><p>{escape(todo)}</p>")


def not_this_one(why: str) -> str:
    """For a call of the right path that is not the answer waited for."""
    return _page(
        "This is not the expected answer",
        _BAD,
        f"<p>qbsf did not use this address: {escape(why)}.</p>"
        "<p>It is still waiting. Go on in the page that the newest address opened.</p>",
    )


def not_found() -> str:
    return _page("Nothing here", _NEUTRAL, "<p>This address belongs to a running <code>qbsf auth</code>.</p>")


def unfinished() -> str:
    """When the verdict does not come in time."""
    return _page("Look at the terminal", _NEUTRAL, "<p>qbsf is still busy. The terminal says how it ends.</p>")


def _page(title: str, mark: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - qbsf</title><style>:root {{ --mark: {mark}; }}\n{_STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )

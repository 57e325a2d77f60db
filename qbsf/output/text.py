"""Text from other systems made safe to print on one line of a terminal, a log or a mail.

A deal may be named "[red]Acme[/red]", hold a line break, or an escape sequence that repaints the screen: what is
shown is what it holds, never what it does.
"""

import re
import unicodedata
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, reorder the line or cannot be encoded."""
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that words of Persian and emoji are made with; they do nothing to a terminal."""
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")


def one_line(text: str) -> str:
    """`text` on one line: breaks become a space, every other control character its visible escape."""
    flat = _BREAKS.sub(" ", text).strip()
    if flat.isascii() and flat.isprintable():
        return flat
    return "".join(_visible(character) for character in flat)


def _visible(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN and character not in _JOINERS:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def quoted(text: str) -> str:
    """A name between double quotes, so that grep and eye see where it ends."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def grouped(amount: str) -> str:
    """A decimal text with thousands separators ("2750.00": "2,750.00"); anything else as it stands."""
    try:
        return f"{Decimal(amount):,}"
    except InvalidOperation:
        return one_line(amount)


def utc(instant: datetime) -> str:
    """An instant as JSON and logs write it: UTC to the second, with Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(instant: datetime, zone: tzinfo | None = None) -> str:
    """An instant as a terminal shows it, with its offset, in `zone` (None: this machine's)."""
    return instant.astimezone(zone).isoformat(sep=" ", timespec="seconds")

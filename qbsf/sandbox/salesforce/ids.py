"""Salesforce record ids: a prefix of three characters, twelve of base 62, a checksum of three for the letter case."""

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
ID_PATTERN = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\Z")
POD = "55"


def checksum(id15: str) -> str:
    """The three characters that tell which of the fifteen are upper case, five at a time."""
    chunks = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(
        CHECKSUM_ALPHABET[sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")] for chunk in chunks
    )


def full_id(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id; None where the text is no id."""
    if not ID_PATTERN.match(text):
        return None
    whole = text[:15] + checksum(text[:15])
    return whole if len(text) == 15 or text == whole else None


class IdFactory:
    """Hands out ids of any prefix, one after the other, differing in letter case as real ones do."""

    def __init__(self, first: int = 20_000_000) -> None:
        self._next = first

    def new(self, prefix: str) -> str:
        """A fresh 18-character id."""
        number, digits = self._next, ""
        self._next += 1
        while number:
            number, rest = divmod(number, len(ALPHABET))
            digits = ALPHABET[rest] + digits
        id15 = prefix + POD + digits.rjust(10, "0")
        return id15 + checksum(id15)

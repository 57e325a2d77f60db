"""Salesforce ids: 15 case-sensitive characters, or 18 with a checksum that survives a change of case. PURE."""

import re
import string

_CHECKSUM = string.ascii_uppercase + "012345"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_PREFIX = "006"
_OPPORTUNITY = re.compile(rf"\b{_PREFIX}[0-9A-Za-z]{{12}}(?:[0-9A-Za-z]{{3}})?\b")
_SHORT = 15


def checksum(short: str) -> str:
    """The three characters that make 15 into 18: each tells which of five characters are upper case."""
    return "".join(
        _CHECKSUM[sum(1 << place for place, c in enumerate(short[start : start + 5]) if "A" <= c <= "Z")]
        for start in (0, 5, 10)
    )


def is_id(text: str) -> bool:
    """Whether it has the shape of an id, of either length."""
    return _ID.fullmatch(text) is not None


def is_sound(text: str) -> bool:
    """Whether it is an id as Salesforce gives them out: one of 18 characters carries the right checksum."""
    return is_id(text) and text[_SHORT:] in ("", checksum(text[:_SHORT]))


def long_id(text: str) -> str:
    """The 18-character form of an id of either length. Raises ValueError for what is no id."""
    if not is_id(text):
        raise ValueError(text)
    return text if len(text) > _SHORT else text + checksum(text)


def opportunity_ids_in(text: str) -> tuple[str, ...]:
    """The Opportunity ids (prefix 006) that stand in a text as whole words, in the 18-character form, each once.
    A word of 18 characters with a wrong checksum is none: people mistype.
    """
    if _PREFIX not in text:
        return ()
    found = (match[0] for match in _OPPORTUNITY.finditer(text))
    return tuple(dict.fromkeys(long_id(word) for word in found if is_sound(word)))

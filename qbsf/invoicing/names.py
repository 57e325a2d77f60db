"""Names and texts as QuickBooks can keep them (quickbooks.md section 6). PURE."""

LONGEST_NAME = 500
SUFFIX = " (customer)"
"""What a customer's name gets where a vendor or employee has it: names are unique over all three."""
_FORBIDDEN = {":": "colon", "\t": "tab", "\n": "line end", "\r": "line end"}
_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2026": "...",
        "\u2022": "*",
        "\u202f": " ",
        "\u20ac": "EUR",
        "\u2122": "(TM)",
    }
)


def in_latin(text: str) -> str:
    """The text with typographic marks that ISO-8859-1 lacks as plain ones; other letters stay."""
    return text.translate(_TYPOGRAPHIC)


def is_latin(text: str) -> bool:
    """Whether ISO-8859-1, the character set of a United States company, has all of it."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def display_name(account_name: str, *, latin: bool) -> str:
    """The DisplayName of a new customer; `latin` for a United States company."""
    name = account_name.strip()
    return in_latin(name) if latin else name


def known_as(account_name: str, *, latin: bool) -> tuple[str, ...]:
    """Every name that the account's customer may have, the likeliest first."""
    exact, made = account_name.strip(), display_name(account_name, latin=latin)
    names = (exact, made, made + SUFFIX)
    return tuple(dict.fromkeys(name for name in names if name))


def objection(name: str, *, latin: bool) -> str | None:
    """Why QuickBooks would not take a new customer of this name; None where it does."""
    for mark, said in _FORBIDDEN.items():
        if mark in name:
            return f"QuickBooks takes no {said} in a customer's name."
    if len(name) > LONGEST_NAME:
        return f"QuickBooks takes {LONGEST_NAME} characters in a customer's name, and this one has {len(name)}."
    if latin and not is_latin(name):
        return "A United States company of QuickBooks has no such letters (ISO-8859-1)."
    return None if name else "The account has no name."

"""JSON as both services send it: money and other fractions are exact. PURE."""

import json
from decimal import Decimal

Json = None | bool | int | float | Decimal | str | list["Json"] | dict[str, "Json"]
"""A value as json.loads gives it; `decode` gives no float."""


def decode(text: str | bytes) -> Json:
    """JSON with every fraction as the exact Decimal that stood there. Raises ValueError."""
    value: Json = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    return value


def _refuse(name: str) -> None:
    raise ValueError(name)

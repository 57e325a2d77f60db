"""JSON as both services send it: money and other fractions are exact. PURE."""

from decimal import Decimal

import msgspec

Json = None | bool | int | float | Decimal | str | list["Json"] | dict[str, "Json"]
"""A value as JSON has it; `decode` gives no float."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> bytes:
    """JSON with every Decimal as the number that it is."""
    return _ENCODER.encode(value)


def decode(text: str | bytes) -> Json:
    """JSON with every fraction as the exact Decimal that stood there. Raises ValueError."""
    try:
        value: Json = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError("not JSON") from error
    return value

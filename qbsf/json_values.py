"""JSON as both services send it: money and other fractions are exact. PURE."""

import json
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
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(text)
    return value


def _decode_leniently(text: str | bytes) -> Json:
    """What msgspec does not take and Python does: a byte order mark, UTF-16, half an emoji where a text was cut."""
    try:
        return _mended(json.loads(text, parse_float=Decimal, parse_constant=_refuse))
    except ValueError as error:
        raise ValueError("not JSON") from error


def _mended(value: Json) -> Json:
    """The same without halves of characters, which nothing else could be done with."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_mended(each) for each in value]
        case dict():
            return {name: _mended(each) for name, each in value.items()}
        case _:
            return value


def _refuse(name: str) -> None:
    raise ValueError(name)

"""The XML that QuickBooks answers to whoever does not ask for JSON."""

from xml.sax.saxutils import escape

from qbsf.sandbox.quickbooks.records import Value


def xml_document(document: dict[str, Value], time: str) -> bytes:
    """An IntuitResponse with the same members."""
    inside = "".join(_element(name, value) for name, value in document.items() if name != "time")
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="{time}">{inside}</IntuitResponse>'
    )
    return text.encode()


def _element(name: str, value: Value) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        inside = "".join(_element(inner, each) for inner, each in value.items())
        return f"<{name}>{inside}</{name}>"
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{name}>"
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"

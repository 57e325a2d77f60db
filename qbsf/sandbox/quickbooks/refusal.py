"""What QuickBooks refuses, and in which words (quickbooks.md section 5; recorded texts where there are)."""

from dataclasses import dataclass

VALIDATION = "ValidationFault"


@dataclass
class RefusedError(ValueError):
    """A Fault: HTTP status 400 unless said otherwise."""

    code: str
    text: str
    detail: str
    element: str | None = None
    kind: str = VALIDATION
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code} {self.text}: {self.detail}"

    def document(self) -> dict[str, object]:
        """The `Fault` member of an answer."""
        error: dict[str, object] = {"Message": self.text, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            error["element"] = self.element
        return {"Error": [error], "type": self.kind}


_INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def not_found() -> RefusedError:
    return RefusedError("610", "Object Not Found", f"Object Not Found : {_INACTIVE}", "")


def invalid_reference(name: str) -> RefusedError:
    return RefusedError("2500", "Invalid Reference Id", f"Invalid Reference Id : {name}", name)


def stale() -> RefusedError:
    detail = (
        "Stale Object Error : You and Sandbox User were working on this at the same time. "
        "Sandbox User finished before you did, so your work was not saved."
    )
    return RefusedError("5010", "Stale Object Error", detail, "")


def parse_error(token: str, column: int) -> RefusedError:
    detail = f'QueryParserError: Encountered "{token}" at line 1, column {column}.'
    return RefusedError("4000", "Error parsing query", detail)


def invalid_query(detail: str) -> RefusedError:
    return RefusedError("4001", "Invalid query", f"QueryValidationError: {detail}")


def invalid_id(value: str) -> RefusedError:
    return RefusedError("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", "Id")


def unsupported(what: str) -> RefusedError:
    return RefusedError("500", "Unsupported Operation", f"Operation {what} is not supported.")


def missing(name: str) -> RefusedError:
    text = "Required param missing, need to supply the required value for the API"
    return RefusedError("2020", text, f"Required parameter {name} is missing in the request", name)


def unknown_property(name: str, entity: str, known: frozenset[str]) -> RefusedError:
    some = ", ".join(f'"{each}"' for each in sorted(known)[:60])
    detail = (
        f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{entity}), '
        f"not marked as ignorable ({len(known)} known properties: {some} [truncated]])\n"
        " specified is unsupported or invalid"
    )
    return RefusedError("2010", "Request has invalid or unsupported property", detail)


def bad_value(name: str, value: object) -> RefusedError:
    return RefusedError("2170", "Invalid Enumeration", f"Invalid Enumeration : {value} is no value of {name}", name)


def too_long(name: str, longest: int) -> RefusedError:
    text = "String length is either shorter or longer than supported by specification"
    return RefusedError("2050", text, f"{name}: at most {longest} characters are supported", name)


def duplicate_name() -> RefusedError:
    text = "Duplicate Name Exists Error"
    return RefusedError("6240", text, "The name supplied already exists. : null")


def duplicate_number(number: str) -> RefusedError:
    detail = (
        "Duplicate Document Number Error : You must specify a different number. "
        f"This number has already been used. DocNumber={number} is assigned to TxnType=Invoice"
    )
    return RefusedError("6140", "Duplicate Document Number Error", detail)


def business(detail: str) -> RefusedError:
    """6000: a business rule; the reason stands in Detail."""
    return RefusedError("6000", "A business validation error has occurred while processing your request", detail)

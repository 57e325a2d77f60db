"""The shape of a SOQL statement, still unbound: names are as written, literals are tokens."""

from dataclasses import dataclass
from typing import Literal

from qbsf.sandbox.salesforce.soql_text import Token

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE"]


@dataclass(frozen=True)
class Path:
    """A field, or one of a parent: ("Account", "Name")."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class AllFields:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    which: Literal["ALL", "STANDARD", "CUSTOM"]
    at: int


@dataclass(frozen=True)
class Comparison:
    path: Path
    operator: Operator
    literal: Token


@dataclass(frozen=True)
class Membership:
    """IN or NOT IN, of literals or of a subquery's one column."""

    path: Path
    literals: "tuple[Token, ...] | Statement"
    negated: bool


@dataclass(frozen=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True)
class And:
    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Or:
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Membership | Not | And | Or


@dataclass(frozen=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Statement:
    """A query or subquery. `count` is SELECT COUNT(), which has no columns."""

    text: str
    columns: "tuple[Path | AllFields | Statement, ...]"
    count: bool
    source: str
    source_at: int
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

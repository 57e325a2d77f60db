"""WHERE as a function of a row."""

import operator
from collections.abc import Callable
from typing import Any

from qbsf.sandbox.salesforce.faults import ApiError
from qbsf.sandbox.salesforce.schema import TEXT_TYPES, Field, ObjectSchema, Row, Value
from qbsf.sandbox.salesforce.soql_literals import Span, value_of
from qbsf.sandbox.salesforce.soql_names import Bound, Org, Read, bind
from qbsf.sandbox.salesforce.soql_syntax import (
    And,
    Comparison,
    Condition,
    Membership,
    Not,
    Operator,
    Or,
    Path,
    Statement,
)
from qbsf.sandbox.salesforce.soql_text import Token, like_pattern, located

Predicate = Callable[[Row], bool]
Subquery = Callable[[Statement], frozenset[Value]]
Compare = Callable[[Any, Any], bool]  # two values of one field's type, which no annotation can say
ORDERINGS: dict[Operator, Compare] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Conditions:
    """Compiles the conditions of one object's query; every name and literal is checked before a row is read."""

    def __init__(self, org: Org, schema: ObjectSchema, text: str, subquery: Subquery) -> None:
        self._org = org
        self._schema = schema
        self._text = text
        self._subquery = subquery

    def compile(self, condition: Condition) -> Predicate:
        match condition:
            case And(conditions):
                return _all([self.compile(one) for one in conditions])
            case Or(conditions):
                return _any([self.compile(one) for one in conditions])
            case Not(inner):
                return _negated(self.compile(inner))
            case Comparison(path, "LIKE", literal):
                return self._like(self._bind(path), literal)
            case Comparison(path, op, literal):
                return self._compare(self._bind(path), op, literal)
            case Membership(path, literals, negated):
                found = self._among(self._bind(path), literals)
                return _negated(found) if negated else found

    def _bind(self, path: Path) -> Bound:
        bound = bind(self._org, self._schema, self._text, path)
        if not bound.field.filterable:
            message = f"field '{bound.field.name}' can not be filtered in a query call"
            raise located(self._text, path.at, message, "INVALID_FIELD")
        return bound

    def _compare(self, bound: Bound, op: Operator, literal: Token) -> Predicate:
        value = value_of(self._text, bound.field, literal, self._org.now)
        if op in {"=", "!="}:
            equal = _inside(bound.read, value) if isinstance(value, Span) else _equal(bound, value)
            return _negated(equal) if op == "!=" else equal
        if value is None or bound.field.type == "boolean":
            raise self._bad_operator(bound.field, literal)
        if isinstance(value, Span):
            start_counts = op in {"<", ">="}
            return _ordered(bound.read, "<" if op in {"<", "<="} else ">=", value.start if start_counts else value.end)
        return _ordered(_folded(bound), op, fold(bound.field, value))

    def _like(self, bound: Bound, literal: Token) -> Predicate:
        if bound.field.type not in TEXT_TYPES or literal.kind != "string":
            raise self._bad_operator(bound.field, literal)
        matches = like_pattern(self._text, literal).match
        read = bound.read

        def like(row: Row) -> bool:
            value = read(row)
            return isinstance(value, str) and matches(value) is not None

        return like

    def _among(self, bound: Bound, literals: tuple[Token, ...] | Statement) -> Predicate:
        if isinstance(literals, Statement):
            values = self._subquery(literals)
            return lambda row: bound.read(row) in values
        found = [value_of(self._text, bound.field, one, self._org.now) for one in literals]
        spans = [one for one in found if isinstance(one, Span)]
        if spans:
            return _any([_inside(bound.read, one) for one in spans])
        read = _folded(bound)
        wanted = frozenset(fold(bound.field, one) for one in found if not isinstance(one, Span))
        return lambda row: read(row) in wanted

    def _bad_operator(self, field: Field, literal: Token) -> ApiError:
        message = f"invalid operator on {field.type} field"
        return located(self._text, literal.at, message, "INVALID_QUERY_FILTER_OPERATOR")


def _folds(field: Field) -> bool:
    """Text is compared without case, except a unique case-sensitive field's (salesforce.md section 3)."""
    return field.type in TEXT_TYPES and not (field.unique and field.case_sensitive)


def fold(field: Field, value: Value) -> Value:
    """The value as it is compared and sorted."""
    return value.casefold() if isinstance(value, str) and _folds(field) else value


def _folded(bound: Bound) -> Read:
    if not _folds(bound.field):
        return bound.read
    read = bound.read

    def folded(row: Row) -> Value:
        value = read(row)
        return value.casefold() if isinstance(value, str) else value

    return folded


def _equal(bound: Bound, value: Value) -> Predicate:
    read = _folded(bound)
    wanted = fold(bound.field, value)
    return lambda row: read(row) == wanted


def _ordered(read: Read, op: Operator, limit: object) -> Predicate:
    compare = ORDERINGS[op]

    def ordered(row: Row) -> bool:
        value = read(row)
        return value is not None and compare(value, limit)

    return ordered


def _inside(read: Read, span: Span) -> Predicate:
    after, before = _ordered(read, ">=", span.start), _ordered(read, "<", span.end)
    return lambda row: after(row) and before(row)


def _all(predicates: list[Predicate]) -> Predicate:
    return lambda row: all(one(row) for one in predicates)


def _any(predicates: list[Predicate]) -> Predicate:
    return lambda row: any(one(row) for one in predicates)


def _negated(predicate: Predicate) -> Predicate:
    return lambda row: not predicate(row)

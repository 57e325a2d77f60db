"""SOQL text to a Statement; ApiError MALFORMED_QUERY, with row and column, where Salesforce would refuse it.

Not simulated, and therefore refused: GROUP BY and aggregates other than COUNT(), TYPEOF, functions on columns.
"""

from qbsf.sandbox.salesforce.faults import ApiError
from qbsf.sandbox.salesforce.soql_syntax import (
    AllFields,
    And,
    Comparison,
    Condition,
    Membership,
    Not,
    Operator,
    Or,
    Order,
    Path,
    Statement,
)
from qbsf.sandbox.salesforce.soql_text import Token, located, tokens_of, unexpected

OPERATORS: dict[str, Operator] = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
LARGEST_OFFSET = 2000
CLAUSES = ("FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "HAVING", "WITH", "FOR", "AND", "OR", "NOT")


def parse_soql(text: str) -> Statement:
    """The statement that a query's text says."""
    parser = _Parser(text)
    statement = parser.statement()
    parser.finish()
    return statement


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._place = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._place += 1
        return token

    def _took_word(self, word: str) -> bool:
        if self._next.is_word(word):
            self._place += 1
            return True
        return False

    def _took_mark(self, mark: str) -> bool:
        if self._next.kind == "mark" and self._next.text == mark:
            self._place += 1
            return True
        return False

    def _need_word(self, word: str) -> None:
        if not self._took_word(word):
            raise self._unexpected()

    def _need_mark(self, mark: str) -> None:
        if not self._took_mark(mark):
            raise self._unexpected()

    def _unexpected(self) -> ApiError:
        return unexpected(self._text, self._next)

    def finish(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected()

    def statement(self) -> Statement:
        self._need_word("SELECT")
        count = self._took_count()
        columns = () if count else self._columns()
        self._need_word("FROM")
        source = self._take()
        if source.kind != "word" or source.is_word(*CLAUSES):
            raise unexpected(self._text, source)
        where = self._condition() if self._took_word("WHERE") else None
        order = self._order() if self._took_word("ORDER") else ()
        limit = self._whole_number() if self._took_word("LIMIT") else None
        offset = self._offset() if self._took_word("OFFSET") else 0
        statement = Statement(self._text, columns, count, source.text, source.at, where, order, limit, offset)
        self._check_all_fields(statement)
        return statement

    def _took_count(self) -> bool:
        words = self._tokens[self._place : self._place + 3]
        if words[0].is_word("COUNT") and [one.text for one in words[1:]] == ["(", ")"]:
            self._place += 3
            return True
        return False

    def _columns(self) -> "tuple[Path | AllFields | Statement, ...]":
        columns = [self._column()]
        while self._took_mark(","):
            columns.append(self._column())
        return tuple(columns)

    def _column(self) -> Path | AllFields | Statement:
        if self._took_mark("("):
            inner = self.statement()
            self._need_mark(")")
            return inner
        if self._next.is_word("FIELDS") and self._tokens[self._place + 1].text == "(":
            return self._all_fields()
        return self._path()

    def _all_fields(self) -> AllFields:
        at = self._take().at
        self._need_mark("(")
        group = self._take()
        self._need_mark(")")
        match group.text.upper():
            case "ALL" | "STANDARD" | "CUSTOM" as which:
                return AllFields(which, at)
            case _:
                raise unexpected(self._text, group)

    def _check_all_fields(self, statement: Statement) -> None:
        unbounded = any(isinstance(one, AllFields) and one.which != "STANDARD" for one in statement.columns)
        if unbounded and (statement.limit is None or statement.limit > 200):
            raise ApiError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")

    def _path(self) -> Path:
        token = self._take()
        if token.kind != "word" or token.is_word(*CLAUSES):
            raise unexpected(self._text, token)
        return Path(tuple(token.text.split(".")), token.at)

    def _condition(self) -> Condition:
        """AND and OR do not mix without parentheses."""
        first = self._unary()
        for word, other, combine in (("AND", "OR", And), ("OR", "AND", Or)):
            if self._next.is_word(word):
                parts = [first]
                while self._took_word(word):
                    parts.append(self._unary())
                if self._next.is_word(other):
                    raise self._unexpected()
                return combine(tuple(parts))
        return first

    def _unary(self) -> Condition:
        if self._took_word("NOT"):
            return Not(self._unary())
        if self._took_mark("("):
            inner = self._condition()
            self._need_mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        path = self._path()
        if self._took_word("NOT"):
            self._need_word("IN")
            return self._membership(path, negated=True)
        if self._took_word("IN"):
            return self._membership(path, negated=False)
        if self._took_word("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        token = self._take()
        if token.kind != "operator":
            raise unexpected(self._text, token)
        return Comparison(path, OPERATORS[token.text], self._literal())

    def _membership(self, path: Path, *, negated: bool) -> Membership:
        self._need_mark("(")
        if self._next.is_word("SELECT"):
            inner = self.statement()
            self._need_mark(")")
            return Membership(path, inner, negated)
        literals = [self._literal()]
        while self._took_mark(","):
            literals.append(self._literal())
        self._need_mark(")")
        return Membership(path, tuple(literals), negated)

    def _literal(self) -> Token:
        token = self._take()
        if token.kind == "mark" and token.text == ":":
            raise located(self._text, token.at, "Bind variables only allowed in Apex code")
        if token.kind == "word" and token.text.upper().endswith("_DAYS") and self._took_mark(":"):
            return Token("word", f"{token.text}:{self._whole_number()}", token.at)
        if token.kind == "word" and token.is_word("NULL", "TRUE", "FALSE", "TODAY", "YESTERDAY", "TOMORROW"):
            return token
        if token.kind in {"word", "mark", "operator", "end"}:
            raise unexpected(self._text, token)
        return token

    def _order(self) -> tuple[Order, ...]:
        self._need_word("BY")
        orders = [self._one_order()]
        while self._took_mark(","):
            orders.append(self._one_order())
        return tuple(orders)

    def _one_order(self) -> Order:
        path = self._path()
        descending = self._took_word("DESC")
        if not descending:
            self._took_word("ASC")
        nulls_last = False
        if self._took_word("NULLS"):
            nulls_last = self._took_word("LAST")
            if not nulls_last:
                self._need_word("FIRST")
        return Order(path, descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdecimal():
            raise unexpected(self._text, token)
        return int(token.text)

    def _offset(self) -> int:
        offset = self._whole_number()
        if offset > LARGEST_OFFSET:
            message = f"Maximum SOQL offset allowed is {LARGEST_OFFSET}"
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", message)
        return offset

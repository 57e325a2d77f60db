"""QuickBooks as a pass asks it: what changed, these invoices, those payments (quickbooks.md sections 2 to 4)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import TypeVar

from qbsf.clock import Clock, Deadline
from qbsf.model import (
    TRACKED,
    Changes,
    Company,
    CreditMemo,
    Invoice,
    Page,
    Payment,
    Tracked,
)
from qbsf.quickbooks import parse, query
from qbsf.quickbooks.api import Environment, QuickBooksApi
from qbsf.quickbooks.paging import Updated, pages
from qbsf.quickbooks.shapes import CREDIT_MEMO, INVOICE, PAYMENT, Shape, W
from qbsf.quickbooks.tokens import QuickBooksTokens
from qbsf.records import Json

Row = TypeVar("Row", bound=Updated)


class QuickBooks:
    """One QuickBooks company, read in qbsf's own values. `api` takes what has no method here.

    Every method raises Unreachable (the next run goes on), OutOfTime, AuthorizationNeeded, ConfigError,
    QuickBooksRefused, or UnexpectedAnswer for a record whose shape is wrong.
    """

    def __init__(
        self,
        tokens: QuickBooksTokens,
        environment: Environment,
        *,
        clock: Clock,
        random: Random,
        deadline: Deadline | None = None,
    ) -> None:
        self.api = QuickBooksApi(tokens, environment, clock=clock, random=random, deadline=deadline)

    @property
    def requests_sent(self) -> int:
        """API requests sent so far, repeated ones included."""
        return self.api.requests_sent

    @property
    def realm_id(self) -> str:
        """The company's id."""
        return self.api.realm_id

    def close(self) -> None:
        """Give the connections back."""
        self.api.close()

    def changes_since(self, since: datetime, entities: Sequence[Tracked] = TRACKED) -> Changes:
        """Records of these kinds that were changed or deleted since then: one change-data-capture request.

        Raises LookBackExceeded where `since` is over 30 days ago.
        """
        params = {"entities": ",".join(entities), "changedSince": query.instant(since)}
        answer = self.api.get("cdc", params)
        return parse.changes(answer.members, answer.server_time)

    def invoices_by_id(self, ids: Iterable[str]) -> list[Invoice]:
        """The invoices with these ids that exist; a text that cannot be an id names none. 1,000 a request."""
        return self._by_id(INVOICE, ids)

    def payments_by_id(self, ids: Iterable[str]) -> list[Payment]:
        """The payments with these ids that exist; a text that cannot be an id names none. 1,000 a request."""
        return self._by_id(PAYMENT, ids)

    def invoices_by_number(self, numbers: Iterable[str]) -> list[Invoice]:
        """The invoices with these DocNumbers. QuickBooks compares without case, and several may share a number: the
        caller compares again. A text that cannot be a DocNumber (over 21 characters) names none.
        """
        found: dict[str, Invoice] = {}
        for portion in query.portions(number for number in numbers if query.is_number(number)):
            condition = query.is_in("DocNumber", portion)
            for page in self._pages(INVOICE, (condition,), None):
                found.update((invoice.id, invoice) for invoice in page.rows)
        return list(found.values())

    def invoice(self, invoice_id: str) -> Invoice | None:
        """One invoice, None where QuickBooks has none with that id."""
        found = self.api.read("Invoice", invoice_id)
        return None if found is None else parse.invoice(found)

    def payment_link(self, invoice_id: str) -> str:
        """The address where the customer can pay an invoice; "" where QuickBooks gives none, or the invoice is gone."""
        found = self.api.read("Invoice", invoice_id, {"include": "invoiceLink"})
        return "" if found is None else parse.payment_link(found)

    def invoices_changed(self, since: datetime) -> Iterator[Page[Invoice]]:
        """Live invoices updated at `since` or later, oldest change first. One that changes while this runs comes
        again: the later one counts. Deleted ones do not appear.
        """
        return self._pages(INVOICE, (), since)

    def payments_changed(self, since: datetime) -> Iterator[Page[Payment]]:
        """Live payments updated at `since` or later, as invoices_changed."""
        return self._pages(PAYMENT, (), since)

    def credit_memos_changed(self, since: datetime) -> list[CreditMemo]:
        """Live credit memos updated at `since` or later, each once."""
        found: dict[str, CreditMemo] = {}
        for page in self._pages(CREDIT_MEMO, (), since):
            found.update((memo.id, memo) for memo in page.rows)
        return list(found.values())

    def payment_methods(self) -> dict[str, str]:
        """Names of the payment methods by id, inactive ones too: old payments still use them."""
        found: dict[str, str] = {}
        start = 1
        while True:
            statement = query.select("PaymentMethod", ("Active IN (true, false)",), start=start)
            rows, _ = self.api.rows("PaymentMethod", statement)
            found.update(parse.payment_method(row) for row in rows)
            if len(rows) < query.PAGE:
                return found
            start += query.PAGE

    def company(self, *, details: bool = False) -> Company:
        """Home currency and whether there are others (Preferences); with `details` also name and country, for one
        more request (CompanyInfo).
        """
        preferences = self.api.get("preferences").members.raw("Preferences")
        info: Json = None
        if details:
            info = self.api.get(f"companyinfo/{self.realm_id}").members.raw("CompanyInfo")
        return parse.company(preferences, info)

    def _by_id(self, shape: Shape[W, Row], ids: Iterable[str]) -> list[Row]:
        found: list[Row] = []
        for portion in query.portions(text for text in ids if query.is_id(text)):
            rows, _ = self.api.records(shape, query.select(shape.entity, (query.is_in("Id", portion),)))
            found.extend(rows)
        return found

    def _pages(self, shape: Shape[W, Row], conditions: tuple[str, ...], since: datetime | None) -> Iterator[Page[Row]]:
        def ask(statement: str) -> Page[Row]:
            rows, server_time = self.api.records(shape, statement)
            return Page(server_time, tuple(rows))

        return pages(ask, shape.entity, conditions, since)

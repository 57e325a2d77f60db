"""What a pass needs of the two systems. The real clients are quickbooks/client.py and salesforce/client.py."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from qbsf.model import (
    TRACKED,
    Changes,
    Company,
    CreditMemo,
    Invoice,
    Opportunity,
    OpportunityPage,
    OpportunityUpdate,
    OrgSettings,
    Page,
    Payment,
    Stage,
    Tracked,
    UpdateResult,
)
from qbsf.salesforce.columns import OpportunityColumns


class Books(Protocol):
    """QuickBooks, for reading. Every method raises Unreachable, AuthorizationNeeded, ConfigError or OutOfTime."""

    @property
    def requests_sent(self) -> int: ...

    def changes_since(self, since: datetime, entities: Sequence[Tracked] = TRACKED) -> Changes: ...

    def invoices_changed(self, since: datetime) -> Iterator[Page[Invoice]]: ...

    def payments_changed(self, since: datetime) -> Iterator[Page[Payment]]: ...

    def credit_memos_changed(self, since: datetime) -> list[CreditMemo]: ...

    def invoices_by_id(self, ids: Iterable[str]) -> list[Invoice]: ...

    def invoices_by_number(self, numbers: Iterable[str]) -> list[Invoice]: ...

    def payments_by_id(self, ids: Iterable[str]) -> list[Payment]: ...

    def invoice(self, invoice_id: str) -> Invoice | None: ...

    def payment_link(self, invoice_id: str) -> str: ...

    def payment_methods(self) -> dict[str, str]: ...

    def company(self) -> Company: ...


class Org(Protocol):
    """Salesforce. `update` sends one Collections PATCH; it raises AnswerLost where it may have been done."""

    @property
    def requests_sent(self) -> int: ...

    @property
    def server_time(self) -> datetime | None: ...

    @property
    def api_usage(self) -> tuple[int, int] | None: ...

    @property
    def organization_id(self) -> str: ...

    def linked_opportunities(
        self, columns: OpportunityColumns, since: datetime | None
    ) -> Iterator[OpportunityPage]: ...

    def opportunities_by_id(self, columns: OpportunityColumns, ids: Iterable[str]) -> list[Opportunity]: ...

    def opportunities_naming(self, columns: OpportunityColumns, texts: Iterable[str]) -> list[Opportunity]: ...

    def stages(self) -> list[Stage]: ...

    def settings(self) -> OrgSettings: ...

    def update(self, batch: Sequence[OpportunityUpdate]) -> list[UpdateResult]: ...

"""Everything one run of `qbsf invoice` works with, and what it remembers of invoices under way."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from qbsf.clock import Clock, Deadline
from qbsf.config import Config
from qbsf.errors import OutOfTime
from qbsf.invoicing.books import InvoicingBooks
from qbsf.invoicing.options import InvoicingOptions
from qbsf.invoicing.org import InvoicingOrg
from qbsf.machine import Systems
from qbsf.output.progress import Progress
from qbsf.salesforce.columns import OpportunityColumns
from qbsf.state.codec import dump
from qbsf.state.journal import Journal
from qbsf.state.own import OwnHistory
from qbsf.state.payment_links import PaymentLinks
from qbsf.state.store import State
from qbsf.sync.lookups import Lookups


@dataclass(frozen=True)
class UnderWay:
    """What was begun for an Opportunity whose link back is not confirmed yet; ids are "" until they are known."""

    customer_id: str = ""
    invoice_id: str = ""


@dataclass
class Job:
    """The parts of a run. `state` is a throw-away copy in a dry run."""

    config: Config
    options: InvoicingOptions
    run_id: str
    systems: Systems
    state: State
    lookups: Lookups
    clock: Clock
    deadline: Deadline
    random: Callable[[], float]
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    columns: OpportunityColumns = field(init=False)
    books: InvoicingBooks = field(init=False)
    org: InvoicingOrg = field(init=False)
    own: OwnHistory = field(init=False)
    journal: Journal = field(init=False)
    pay_links: PaymentLinks = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        self.columns = OpportunityColumns.of(config.fields, config.stages, self.lookups.fields, self.systems.realm_id)
        self.books = InvoicingBooks(self.systems.books.api)
        self.org = InvoicingOrg(self.systems.org.rest, self.columns)
        self.own = OwnHistory(self.state)
        self.journal = Journal(self.state)
        self.pay_links = PaymentLinks(self.state)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def check_time(self) -> None:
        """Raises OutOfTime when the time limit has passed: a run stops between two Opportunities."""
        if self.deadline.passed():
            raise OutOfTime(
                f"The time limit of {self.config.sync.time_limit_seconds} seconds was reached.",
                "The next run goes on where this one stopped.",
            )

    def under_way(self, opportunity_id: str) -> UnderWay:
        """What an earlier run, or this one, began for an Opportunity."""
        kept = self.state.get(_key(opportunity_id))
        return UnderWay(**json.loads(kept)) if kept is not None else UnderWay()

    def begin(self, opportunity_id: str, under_way: UnderWay) -> None:
        """Durably, before the next request is sent."""
        with self.state.transaction():
            known = {"customer_id": under_way.customer_id, "invoice_id": under_way.invoice_id}
            self.state.put(_key(opportunity_id), dump(known))

    def end(self, opportunity_id: str) -> None:
        """The Opportunity shows its invoice: nothing has to be remembered for it."""
        self.state.forget(_key(opportunity_id))


def _key(opportunity_id: str) -> str:
    return f"invoicing:{opportunity_id}"

"""Everything one pass works with, in one place, and what it finds out on its way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from qbsf.clock import Clock, Deadline
from qbsf.config import Config
from qbsf.core.brake import Limits
from qbsf.core.case import Rules
from qbsf.core.states import BookRules
from qbsf.errors import OutOfTime
from qbsf.lanes import Lanes
from qbsf.output.progress import Progress
from qbsf.salesforce.columns import OpportunityColumns
from qbsf.state.books import BooksCache
from qbsf.state.deals import DealsCache
from qbsf.state.journal import Journal
from qbsf.state.own import OwnHistory
from qbsf.state.payment_links import PaymentLinks
from qbsf.state.store import State
from qbsf.sync.lookups import Lookups
from qbsf.sync.options import SyncOptions
from qbsf.sync.ports import Books, Org

FRESH_SECONDS = 30.0
"""What was read longer ago than this is read again before it is written."""


@dataclass
class Context:
    """The parts of a pass. `state` is a throw-away copy in a dry run."""

    config: Config
    options: SyncOptions
    run_id: str
    realm_id: str
    books: Books
    org: Org
    state: State
    clock: Clock
    deadline: Deadline
    random: Callable[[], float]
    progress: Progress
    lanes: Lanes
    finish: Callable[[], None]
    """To be called when no more requests are made."""
    configuration: str = ""
    """A digest of what of the configuration decides."""
    lookups: Lookups = field(init=False)
    columns: OpportunityColumns = field(init=False)
    rules: Rules = field(init=False)
    book_rules: BookRules = field(init=False)
    cache: BooksCache = field(init=False)
    deals: DealsCache = field(init=False)
    own: OwnHistory = field(init=False)
    journal: Journal = field(init=False)
    pay_links: PaymentLinks = field(init=False)
    warnings: dict[str, None] = field(default_factory=dict)
    """Each once, in their order."""
    links_left: set[str] = field(default_factory=set)
    """Opportunities whose payment link is left to the next pass."""
    under_way: set[str] = field(default_factory=set)
    """Opportunities that were left to the writer before all were decided: the rest of the pass leaves them alone."""
    read_at: dict[str, float] = field(default_factory=dict)
    """When an Opportunity's row was read in this pass, in monotonic seconds."""
    _now: datetime | None = None

    def __post_init__(self) -> None:
        self.cache = BooksCache(self.state)
        self.deals = DealsCache(self.state, self.config.fields)
        self.own = OwnHistory(self.state)
        self.journal = Journal(self.state)
        self.pay_links = PaymentLinks(self.state)

    @property
    def now(self) -> datetime:
        """Salesforce's clock as this pass last saw it: what "24 hours" and "a day" are measured by."""
        seen = self.org.server_time or self._now or self.state.get_instant("salesforce_time")
        self._now = seen or self.clock.now()
        return self._now

    @property
    def limits(self) -> Limits:
        """The brake's, as far as this pass obeys them."""
        sync = self.config.sync
        if self.options.allow_large:
            return Limits(0, 0, 0)
        return Limits(sync.max_wins, sync.max_reversals, sync.max_changes)

    def use(self, lookups: Lookups) -> None:
        """Take these lookups, and what follows from them and the configuration.

        Raises ConfigError for a configured stage or field that the org does not have.
        """
        config = self.config
        self.lookups = lookups
        self.columns = OpportunityColumns.of(config.fields, config.stages, lookups.fields, self.realm_id)
        self.rules = Rules(
            fields=config.fields,
            stages=lookups.stage_names(config.stages),
            infos=lookups.fields,
            org_currency=config.salesforce.currency or lookups.company.home_currency,
            start_date=config.sync.start_date,
            record_partial_payments=config.sync.record_partial_payments,
        )
        self.book_rules = BookRules(
            home_currency=lookups.company.home_currency,
            max_credit_share=config.sync.max_credit_share,
            method_names=lookups.methods,
        )

    def is_fresh(self, opportunity_id: str) -> bool:
        """Whether the row was read in this pass, and not long ago."""
        return self.clock.monotonic() <= self.fresh_until(opportunity_id)

    def fresh_until(self, opportunity_id: str) -> float:
        """Until when its row may be written without being read again, in monotonic seconds."""
        read = self.read_at.get(opportunity_id)
        return -inf if read is None else read + FRESH_SECONDS

    def outdate(self, opportunity_id: str) -> None:
        """It was written: its row is another one now."""
        self.read_at.pop(opportunity_id, None)

    def check_time(self) -> None:
        """Raises OutOfTime when the pass's time limit has passed: it stops between two requests."""
        if self.deadline.passed():
            raise OutOfTime(
                f"The time limit of {self.config.sync.time_limit_seconds} seconds was reached.",
                "The next run goes on where this one stopped.",
            )

    def warn(self, text: str) -> None:
        self.warnings.setdefault(text)

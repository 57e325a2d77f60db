"""One pass: read what changed, decide about every Opportunity it touches, hold it against the brake, write.

Plan first, then act (rules.md section 5). Everything read goes to the state with a mark on the Opportunities it
concerns, so that a kill at any instant loses nothing and the next pass goes on where this one stopped.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256

from qbsf.core.brake import Brake, brake
from qbsf.core.fields import told_whole
from qbsf.core.states import Money
from qbsf.errors import OutOfTime, QbsfError
from qbsf.guards import check_allowance, check_identity, check_production
from qbsf.report import Failure, Mode, Report, Requests, Run
from qbsf.state.books import WANTED_METHOD
from qbsf.state.codec import dump
from qbsf.sync import lookups as kept
from qbsf.sync.context import Context
from qbsf.sync.early import EarlyWrites
from qbsf.sync.facts import batches
from qbsf.sync.gathering import Gatherer
from qbsf.sync.intake import Intake
from qbsf.sync.linking import links_of
from qbsf.sync.one_invoice import find_invoice, find_rivals, take_in
from qbsf.sync.payment_links import ask_for_links
from qbsf.sync.planner import Planner
from qbsf.sync.planning import Planned
from qbsf.sync.reading import FULL_WANTED, QUICKBOOKS_WATERMARK, SALESFORCE_WATERMARK, Reader
from qbsf.sync.results import Results
from qbsf.sync.window import InvoiceWindow
from qbsf.sync.writing import Due, Writer, due_of

DAY = timedelta(days=1)
_LAST_FULL = "last_full_at"
_FULL_STAGE = "full_stage"
"""How far a full pass has come that did not end: "reading" begins anew, "rereading" goes on."""


class Pass:
    """One run of `qbsf sync`, from the first request to the report."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.results = Results(context)
        self.intake = Intake(context, self.results.unlinked)
        self.gatherer = Gatherer(context, self.intake)
        self.planner = Planner(context)
        self.writer = Writer(context, self.gatherer, self.planner, self.results)
        self.early = EarlyWrites(context, self.intake, self.planner, self.writer)
        self.invoices = InvoiceWindow(context, self.intake, self.planner, self.early)
        self.reader = Reader(context, self.intake, self.gatherer, self.invoices)
        self.mode: Mode = context.options.mode
        self._lookups_are_new = False
        self._asked_books: kept.AskedBooks | None = None
        self._braked: Brake = Brake()

    def run(self) -> Report:
        """Do the pass. Every QbsfError ends in the report; anything else is a bug and goes up."""
        context = self.context
        started = context.clock.now()
        error: QbsfError | None = None
        complete = True
        try:
            self._work()
            self._finish()
        except OutOfTime:
            complete = False
        except QbsfError as problem:
            error, complete = problem, False
        run = Run(
            id=context.run_id,
            profile=context.config.name,
            mode=self.mode,
            dry_run=context.options.dry_run,
            complete=complete,
            started_at=started,
            finished_at=context.clock.now(),
        )
        return Report(
            run=run,
            summary=self.results.summary(),
            requests=Requests(context.books.requests_sent, context.org.requests_sent),
            records=self.results.shown,
            warnings=(*self._braked.because, *context.warnings),
            error=Failure(error.code, error.message, error.todo) if error else None,
            exit_code=error.exit_code if error else int(self.results.refused),
        )

    def _work(self) -> None:
        try:
            self._read()
            self._decide()
        except QbsfError as problem:
            self.writer.end(problem)

    # Reading

    def _read(self) -> None:
        context = self.context
        context.configuration = configuration = _configuration(context)
        changed = context.state.get("configuration") != configuration
        known = kept.load(context.state)
        if known is None or changed:
            # Salesforce's login takes as long as the answer to this.
            self._asked_books = kept.ask_books(context.books, context.lanes.quickbooks)
            self._asked_books.raise_known()
        check_identity(context.config, context.state, context.realm_id, context.org.organization_id)
        self._tell_of_damage()
        if known is None or changed:
            self._read_lookups()
        else:
            context.use(known)
        if context.options.invoice is not None:
            self._read_invoice(context.options.invoice)
            return
        since = context.state.get_instant(SALESFORCE_WATERMARK)
        full = context.options.full or changed or since is None or context.state.get(_FULL_STAGE) == "reading"
        if not full:
            self.reader.opportunities_changed(since, reread=False)
            self._check_allowance()
            full = self._full_is_due()
            context.deals.mark(context.own.holds_before(context.now - DAY))
            context.deals.mark(context.deals.doubts_before(context.now - DAY))
        feed_since = context.state.get_instant(QUICKBOOKS_WATERMARK)
        look_back = timedelta(days=context.config.sync.look_back_days)
        if full:
            self._read_linked(window=look_back if feed_since is None else None)
        told_all = feed_since is not None and self.reader.feed(feed_since, full=full)
        if not told_all and not full:
            self._read_linked()
        matching = _digest([asdict(context.config.match), context.config.fields.company])
        if not told_all:
            self.reader.window(feed_since or context.now - look_back)
        elif context.state.get("matching") != matching:
            # Other invoices count now: as far as a first pass looks back, they are read again.
            self.reader.window(context.now - look_back)
        if full or not told_all:
            with context.state.transaction():
                context.state.put(_FULL_STAGE, "rereading")
                context.state.put("configuration", configuration)
                context.state.put("matching", matching)
        self.gatherer.gather()

    def _tell_of_damage(self) -> None:
        if self.context.state.get("damaged_at") is not None:
            self.context.warn("the local state was damaged and put aside: this pass rebuilds it")
            self.context.state.forget("damaged_at")

    def _read_linked(self, *, window: timedelta | None = None) -> None:
        """The beginning of a full pass: every Opportunity that names an invoice; everything is asked for again.

        `window`: how far back the changed invoices are to be read in the meantime.
        """
        context = self.context
        self.mode = "full"
        with context.state.transaction():
            context.state.put(_FULL_STAGE, "reading")
            context.state.forget(FULL_WANTED)
            if context.state.get("configuration") != context.configuration:
                context.deals.name_anew()
            context.cache.forget_missing()
        if not self._lookups_are_new:
            self._read_lookups()
        if window is not None:
            self.invoices.begin(context.now - window)
        seen = self.reader.opportunities_changed(None, reread=True)
        self._check_allowance()
        self.reader.forget_others(seen)

    def _read_invoice(self, text: str) -> None:
        invoice = find_invoice(self.context, text)
        scope = take_in(self.context, self.intake, invoice)
        self._check_allowance()
        self.gatherer.scope = scope
        if not scope:
            self.results.unlinked(invoice)
            return
        self.gatherer.gather()
        find_rivals(self.context, self.intake, scope)
        if not any(self._counts(each, invoice.id) for each in scope):
            self.results.unlinked(invoice)
            self.context.warn(
                f"invoice {invoice.number or invoice.id} names an Opportunity whose own link fields name another "
                "invoice: it does not count there until they are cleared or changed"
            )

    def _counts(self, opportunity_id: str, invoice_id: str) -> bool:
        """Whether an Opportunity is linked to the invoice, or has a problem with its links that will be told."""
        row = self.context.deals.get(opportunity_id)
        if row is None:
            return False
        links = links_of(self.context, row)
        return links.problem is not None or invoice_id in (*links.invoice_ids, *links.late)

    def _read_lookups(self) -> None:
        context = self.context
        context.progress.phase("Reading settings of both systems")
        asked = self._asked_books or kept.ask_books(context.books, context.lanes.quickbooks)
        context.use(kept.read(context.config, context.org, asked))
        check_production(context.config, context.lookups.organization)
        kept.keep(context.state, context.lookups)
        self._lookups_are_new = True
        self.writer.stages_are_fresh = True

    def _check_allowance(self) -> None:
        check_allowance(self.context.config, self.context.org.api_usage)

    def _full_is_due(self) -> bool:
        context = self.context
        last = context.state.get_instant(_LAST_FULL)
        every = timedelta(hours=context.config.sync.full_every_hours)
        unfinished = context.state.get(_FULL_STAGE) == "rereading"
        wanted = context.state.get(FULL_WANTED) is not None
        return not unfinished and (wanted or last is None or context.now - last >= every)

    # Deciding

    def _decide(self) -> None:
        context = self.context
        self._name_methods()
        todo = self.gatherer.todo()
        ask_for_links(context, todo)
        context.progress.phase("Deciding", len(todo))
        due, inconsistent = self._plan_all(todo)
        if inconsistent:
            ids = [each for each, _ in inconsistent]
            self.gatherer.again({i for each in ids for i in context.deals.links_of(each)})
            self.gatherer.gather()
            self._name_methods()
            again, still = self._plan_all(ids)
            due += again
            self._leave_in_doubt(still)
        self._braked = self._hold_against_brake(due)
        free = [each for each in due if each.kind not in self._braked.barred]
        for batch in batches([each.id for each in due if each.kind in self._braked.barred]):
            context.check_time()
            with context.state.transaction():
                for _, planned in self.planner.last_plans(batch):
                    if planned is not None:
                        self.results.braked(planned)
        if context.options.dry_run:
            self._show([each.id for each in free])
        elif free or self.writer.has_begun:
            if context.state.is_large:
                self.intake.forget_what_was_read()
            self.writer.write(free, self._braked.barred, kinds={each.kind for each in due})

    def _plan_all(self, opportunity_ids: Sequence[str]) -> tuple[list[Due], list[tuple[str, Planned]]]:
        """Decide all; answers what is to be written, and those that do not add up."""
        context = self.context
        due: list[Due] = []
        inconsistent: list[tuple[str, Planned]] = []
        for batch in batches(opportunity_ids):
            free: list[Planned] = []
            with context.state.transaction():
                for opportunity_id, planned in self.planner.plans(batch):
                    if planned is None:
                        self.intake.forget(opportunity_id)
                        continue
                    if planned.money is not None and self._is_before_payment(planned, planned.money):
                        context.own.watch(opportunity_id)
                    if planned.decision.reason == "inconsistent":
                        inconsistent.append((opportunity_id, planned))
                        continue
                    context.deals.no_doubt(opportunity_id)
                    if self.early.may_go_ahead(planned):
                        free.append(planned)
                    elif planned.decision.outcome == "updated":
                        due.append(due_of(planned))
                    else:
                        self.planner.drop(opportunity_id)
                        self._not_to_write(planned)
            context.progress.advance(len(batch))
            context.check_time()
            self.early.go_ahead(free)
            self.writer.go_on()
        return due, inconsistent

    def _not_to_write(self, planned: Planned) -> None:
        context = self.context
        if planned.decision.reason != "held_back":
            context.own.lift_hold(planned.opportunity.id)
        for warning in planned.decision.warnings:
            context.warn(f"{planned.opportunity.name}: {warning}")
        self.results.decided(planned, planned.record)

    def _is_before_payment(self, planned: Planned, money: Money) -> bool:
        """Surely not paid yet, and its fields do not say otherwise: from here on the state knows what qbsf did."""
        row, rules = planned.opportunity, self.context.rules
        sure = money.state in ("not_paid", "partially_paid") and not row.is_closed
        return sure and not told_whole(row, money, rules.fields, rules.infos)

    def _leave_in_doubt(self, inconsistent: Sequence[tuple[str, Planned]]) -> None:
        """Read again once in the next pass, then when the invoice changes and in full passes."""
        context = self.context
        for opportunity_id, planned in inconsistent:
            with context.state.transaction():
                tries = context.deals.doubt(opportunity_id, context.now)
                if planned.decision.attention:
                    context.deals.doubt_told(opportunity_id)
                self.results.decided(planned, planned.record, keep=tries == 1)

    def _hold_against_brake(self, due: Sequence[Due]) -> Brake:
        context = self.context
        kinds = [each.kind for each in due]
        before = context.own.reversals_since(context.now - DAY) if "reversal" in kinds else 0
        return brake(kinds, before, context.limits)

    def _show(self, opportunity_ids: Sequence[str]) -> None:
        """A dry run: the plan is the result."""
        for _, planned in self.planner.last_plans(opportunity_ids):
            if planned is None:
                continue
            self.writer.check_stages([planned])
            for warning in planned.decision.warnings:
                self.context.warn(f"{planned.opportunity.name}: {warning}")
            self.results.decided(planned, planned.record)

    def _name_methods(self) -> None:
        """Read the names of payment methods again where a payment has one that is not known."""
        context = self.context
        wanted = context.cache.missing(WANTED_METHOD)
        unknown = {each for each in wanted if not context.cache.is_missing("payment_method", each)}
        unknown -= set(context.lookups.methods)
        if unknown and not self._lookups_are_new:
            context.use(kept.with_methods(context.lookups, context.books))
            kept.keep(context.state, context.lookups)
        with context.state.transaction():
            context.cache.put_missing("payment_method", unknown - set(context.lookups.methods))
            context.cache.found(WANTED_METHOD, wanted)

    def _finish(self) -> None:
        context = self.context
        if context.options.invoice is not None:
            return
        with context.state.transaction():
            if context.state.get(_FULL_STAGE) is not None and not context.deals.to_reread():
                context.state.forget(_FULL_STAGE)
                context.state.put_instant(_LAST_FULL, context.now)
            context.cache.prune_counted(context.now - DAY)
            context.own.prune(context.now)


def _configuration(context: Context) -> str:
    """What of the configuration changes the meaning of what was read before."""
    config = context.config
    sync = config.sync
    decides = [sync.start_date, sync.record_partial_payments, sync.max_credit_share]
    where = [config.salesforce.currency, config.salesforce.instance_url]
    return _digest([asdict(config.match), asdict(config.fields), asdict(config.stages), decides, where])


def _digest(parts: object) -> str:
    return sha256(dump(_plain(parts)).encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)

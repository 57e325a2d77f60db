"""Looking before leaping: which Opportunities are due, which have their invoice, and what each would be billed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from qbsf.core.links import link_text
from qbsf.errors import ConfigError, UsageError
from qbsf.guards import check_allowance
from qbsf.invoicing.billing import CLOCKS_APART
from qbsf.invoicing.catalog import Catalog, Item
from qbsf.invoicing.company import tax_code_for
from qbsf.invoicing.customers import CustomerBook
from qbsf.invoicing.deals import Deal
from qbsf.invoicing.existing import clone_of, found_by_note, is_void, references
from qbsf.invoicing.job import Job, UnderWay
from qbsf.invoicing.names import known_as
from qbsf.invoicing.plan import Draft, Hindrance, World, draft, not_due, without_lines
from qbsf.model import Invoice
from qbsf.quickbooks.query import is_id as is_quickbooks_id
from qbsf.salesforce.ids import is_id, is_sound, long_id
from qbsf.state.books import BooksCache


@dataclass
class Survey:
    """What every Opportunity that was looked at needs."""

    hindered: list[tuple[Deal, Hindrance]] = field(default_factory=list)
    found: list[tuple[Deal, Invoice]] = field(default_factory=list)
    """Those whose invoice is in QuickBooks and not in Salesforce yet."""
    drafts: list[Draft] = field(default_factory=list)
    world: World | None = None
    """None where QuickBooks had not to be asked."""


class Surveyor:
    """The reading half of a run."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._survey = Survey()

    def survey(self) -> Survey:
        """Read both systems. Raises ConfigError for settings that no invoice could be made with, UsageError for an
        Opportunity that does not exist, and what the clients raise.
        """
        job = self._job
        self._check_stage()
        job.progress.phase("Reading Opportunities")
        deals = self._asked_for()
        check_allowance(job.config, job.systems.org.api_usage)
        linked = [deal for deal in deals if references(deal.opportunity, job.config.fields)]
        linked_ids = {deal.id for deal in linked}
        self._look_at_linked(linked)
        self._look_at_unlinked([deal for deal in deals if deal.id not in linked_ids])
        return self._survey

    def _hinder(self, deal: Deal, hindrance: Hindrance) -> None:
        self._survey.hindered.append((deal, hindrance))

    def _check_stage(self) -> None:
        """The stage must be one of the org's, open and active: the API would answer any other with no rows."""
        job = self._job
        wanted = job.config.invoicing.stage
        stages = job.systems.org.stages()
        stage = next((stage for stage in stages if wanted in (stage.api_name, stage.label)), None)
        if stage is not None and stage.is_active and not stage.is_closed:
            self._stage = stage.api_name
            return
        why = "does not use it any more"
        if stage is None:
            why = "has no such stage"
        elif stage.is_closed:
            why = "counts it as closed"
        usable = ", ".join(stage.label for stage in stages if stage.is_active and not stage.is_closed)
        raise ConfigError(
            f"invoicing.stage is {wanted!r}, and Salesforce {why}.", f"Set it to an open stage: {usable}.", code="stage"
        )

    def _asked_for(self) -> list[Deal]:
        """The one Opportunity of --opportunity, else all at the stage."""
        job = self._job
        asked = job.options.opportunity
        if asked is None:
            return job.org.at_stage(self._stage)
        text = asked.strip()
        found = job.org.by_id([text]) if is_id(text) and is_sound(long_id(text)) else []
        if not found:
            raise UsageError(
                f"Salesforce has no Opportunity {asked!r} that the integration user can see.",
                "Give its id of 15 or 18 characters, as in its address.",
                code="no_such_opportunity",
            )
        due: list[Deal] = []
        for deal in found:
            hindrance = not_due(deal, self._stage)
            if hindrance is None:
                due.append(deal)
            else:
                self._hinder(deal, hindrance)
        return due

    def _look_at_linked(self, deals: Sequence[Deal]) -> None:
        """A clone that carries its original's invoice would never be billed: it is named."""
        if not deals:
            return
        job = self._job
        fields = job.config.fields
        siblings = job.org.naming_the_same(deals)
        mentions = self._mentions({link_text(deal.opportunity, fields.invoice_id) for deal in deals})
        for deal in deals:
            clone = clone_of(deal, siblings[deal.id], mentions, fields)
            if clone is not None:
                self._hinder(deal, clone)
            elif job.options.opportunity is not None:
                held = " ".join(references(deal.opportunity, fields))
                self._hinder(deal, Hindrance("invoiced_already", f"It has its invoice already ({held})."))
            if job.under_way(deal.id) != UnderWay():
                job.end(deal.id)

    def _mentions(self, texts: set[str]) -> dict[str, tuple[str, ...]]:
        """Which Opportunities these invoices carry in their notes: from the state what a pass saw, the rest asked."""
        cache = BooksCache(self._job.state)
        known = {text: kept[0] for text in texts if (kept := cache.invoice(text)) is not None}
        missing = {text for text in texts if is_quickbooks_id(text)} - set(known)
        if missing:
            known |= {row.id: row for row in self._job.systems.books.invoices_by_id(sorted(missing))}
        return {invoice_id: row.opportunity_ids for invoice_id, row in known.items()}

    def _look_at_unlinked(self, bare: Sequence[Deal]) -> None:
        job = self._job
        deals: list[Deal] = []
        for deal in job.org.complete(bare) if bare else []:
            hindrance = without_lines(deal)
            if hindrance is None:
                deals.append(deal)
            else:
                self._hinder(deal, hindrance)
        if not deals:
            return
        world = self._survey.world = self._world(deals)
        invoices = self._invoices(deals, world)
        for deal in deals:
            plan = self._begun(deal, invoices) or found_by_note(deal, invoices) or draft(deal, world)
            match plan:
                case Invoice():
                    self._survey.found.append((deal, plan))
                case Draft():
                    self._survey.drafts.append(plan)
                case Hindrance():
                    self._hinder(deal, plan)

    def _begun(self, deal: Deal, invoices: Sequence[Invoice]) -> Invoice | None:
        """The invoice that an earlier run made for it, whatever its note says by now."""
        invoice_id = self._job.under_way(deal.id).invoice_id
        return next((row for row in invoices if row.id == invoice_id and not is_void(row)), None)

    def _world(self, deals: Sequence[Deal]) -> World:
        job = self._job
        job.progress.phase("Reading QuickBooks")
        customs = job.books.customs()
        self._check_fields(numbers_by_hand=customs.numbers_by_hand)
        codes = [] if customs.in_us else job.books.tax_codes(with_rates=job.options.dry_run)
        tax_code = tax_code_for(customs, job.config.invoicing.tax_code, codes)
        names = [name for deal in deals if deal.account for name in known_as(deal.account.name, latin=customs.in_us)]
        remembered = [job.under_way(deal.id).customer_id for deal in deals]
        customers = CustomerBook(job.books.customers_named(names))
        for customer in job.books.customers_by_id(filter(None, remembered)):
            customers.add(customer)
        return World(
            customs=customs,
            tax_code=tax_code,
            catalog=self._catalog(deals),
            customers=customers,
            org_currency=job.config.salesforce.currency or customs.home_currency,
        )

    def _check_fields(self, *, numbers_by_hand: bool) -> None:
        """There must be a field that tells which Opportunity has its invoice."""
        fields = self._job.config.fields
        if fields.invoice_id or (fields.invoice_number and not numbers_by_hand):
            return
        raise ConfigError(
            "No Opportunity field is configured that could hold what names an invoice.",
            "Set fields.invoice_id (a number alone will not do where QuickBooks numbers invoices by hand).",
            code="field",
        )

    def _catalog(self, deals: Sequence[Deal]) -> Catalog:
        job = self._job
        lines = [line for deal in deals for line in deal.lines]
        wanted = job.config.invoicing.item
        items = job.books.items_coded(line.product_code for line in lines)
        items += job.books.items_named([*(line.product_name for line in lines), wanted])
        return Catalog(items, self._stand_in(wanted, items))

    def _stand_in(self, wanted: str, items: Sequence[Item]) -> Item | None:
        if not wanted:
            return None
        found = next((item for item in items if item.active and item.name.casefold() == wanted.casefold()), None)
        if found is None:
            raise ConfigError(
                f"invoicing.item: QuickBooks has no active item {wanted!r}.",
                "Make it there, or name one that it has; empty refuses products without an item of their own.",
                code="item",
            )
        return found

    def _invoices(self, deals: Sequence[Deal], world: World) -> list[Invoice]:
        """Everything that may be an invoice of one of these: what their customers got since there is such a deal, and
        what an earlier run began.
        """
        job = self._job
        under_way = {deal.id: job.under_way(deal.id) for deal in deals}
        customer_ids = {begun.customer_id for begun in under_way.values() if begun.customer_id}
        for deal in deals:
            found = world.customers.of_account(deal.account.name, latin=world.customs.in_us) if deal.account else None
            if found is not None:
                customer_ids.add(found.id)
        since = min(deal.created for deal in deals) - CLOCKS_APART
        rows = job.books.invoices_of(sorted(customer_ids), since) if customer_ids else []
        seen = {row.id for row in rows}
        begun_ids = {begun.invoice_id for begun in under_way.values() if begun.invoice_id} - seen
        rows += job.systems.books.invoices_by_id(sorted(begun_ids)) if begun_ids else []
        return rows

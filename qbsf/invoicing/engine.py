"""One run of `qbsf invoice`: survey, brake, then each Opportunity for itself: customer, invoice, link back.

A kill at any instant loses nothing: the next run finds what was made by its note, its request id, or the state.
"""

from collections import Counter
from dataclasses import replace

from qbsf.errors import OutOfTime, QbsfError
from qbsf.guards import check_identity, check_production
from qbsf.invoicing.billing import bill
from qbsf.invoicing.books import BookedInvoice
from qbsf.invoicing.deals import Deal
from qbsf.invoicing.job import Job
from qbsf.invoicing.linking import Linked, link
from qbsf.invoicing.plan import Draft, Hindrance, World, draft
from qbsf.invoicing.report import InvoicingRecord, InvoicingReport, InvoicingSummary, Outcome
from qbsf.invoicing.survey import Survey, Surveyor
from qbsf.invoicing.views import history_record, record, sheet_of_draft, sheet_of_invoice
from qbsf.model import Invoice
from qbsf.quickbooks.faults import QuickBooksRefused
from qbsf.report import Failure, Requests, Run
from qbsf.sync.context import FRESH_SECONDS


class Invoicing:
    """From the first request to the report."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._records: list[InvoicingRecord] = []
        self._refused = False
        """Something was refused, or the brake held it: exit code 1."""
        self._read_at = 0.0

    def run(self) -> InvoicingReport:
        """Do it. Every QbsfError ends in the report; anything else is a bug and goes up."""
        job = self._job
        started = job.clock.now()
        error: QbsfError | None = None
        complete = True
        try:
            self._work()
        except OutOfTime:
            complete = False
        except QbsfError as problem:
            error, complete = problem, False
        run = Run(
            id=job.run_id,
            profile=job.config.name,
            mode="invoicing",
            dry_run=job.options.dry_run,
            complete=complete,
            started_at=started,
            finished_at=job.clock.now(),
        )
        counts: Counter[Outcome] = Counter(told.outcome for told in self._records)
        return InvoicingReport(
            run=run,
            summary=InvoicingSummary(counts["created"], counts["reconciled"], counts["skipped"], counts["failed"]),
            requests=Requests(job.systems.books.requests_sent, job.systems.org.requests_sent),
            records=tuple(self._records),
            warnings=tuple(job.warnings),
            error=Failure(error.code, error.message, error.todo) if error else None,
            exit_code=error.exit_code if error else int(self._refused),
        )

    def _work(self) -> None:
        job = self._job
        check_identity(job.config, job.state, job.systems.realm_id, job.systems.org.organization_id)
        check_production(job.config, job.lookups.organization)
        self._read_at = job.clock.monotonic()
        survey = Surveyor(job).survey()
        for deal, hindrance in survey.hindered:
            self._hindered(deal, hindrance)
        if survey.world is None:
            return
        job.progress.phase("Invoicing", len(survey.found) + len(survey.drafts))
        for deal, invoice in survey.found:
            job.check_time()
            self._reconcile(deal, invoice, survey.world)
            job.progress.advance()
        if self._brake_holds(survey):
            return
        for each in survey.drafts:
            job.check_time()
            self._invoice(each, survey.world)
            job.progress.advance()

    def _brake_holds(self, survey: Survey) -> bool:
        """Whether more invoices would be made than one run may make: then none is."""
        limit, wanted = self._job.config.invoicing.max_new_invoices, len(survey.drafts)
        if not limit or wanted <= limit or self._job.options.allow_large:
            return False
        self._job.warn(
            f"This run would have made {wanted} invoices, more than invoicing.max_new_invoices ({limit}) allows: none "
            "was made. Look at qbsf invoice --dry-run; if it is right, run qbsf invoice --allow-large."
        )
        for held in survey.drafts:
            note = "More invoices than the brake allows in one run; see qbsf invoice --dry-run."
            self._records.append(record(held.deal, "skipped", "braked", note, sheet_of_draft(held)))
        self._refused = True
        return True

    # One Opportunity

    def _hindered(self, deal: Deal, hindrance: Hindrance) -> None:
        self._records.append(record(deal, "skipped", hindrance.reason, hindrance.note))

    def _reconcile(self, deal: Deal, invoice: Invoice, world: World) -> None:
        """Its invoice is there, made by hand or by a run that did not end: only the link back is missing."""
        job = self._job
        booked = job.books.invoice(invoice.id)
        if booked is None:
            note = "QuickBooks has just deleted its invoice; the next run looks again."
            self._hindered(deal, Hindrance("changed", note))
            return
        self._link(deal, booked, "reconciled", None, world)

    def _invoice(self, planned: Draft, world: World) -> None:
        job = self._job
        if job.options.dry_run:
            note = "It would be invoiced."
            self._records.append(record(planned.deal, "created", "invoiced", note, sheet_of_draft(planned)))
            return
        fresh = self._freshened(planned, world)
        if isinstance(fresh, Hindrance):
            self._hindered(planned.deal, fresh)
            return
        try:
            billed = bill(job, fresh, world)
        except QuickBooksRefused as refused:
            self._failed(fresh, refused)
            return
        if isinstance(billed, Hindrance):
            self._hindered(fresh.deal, billed)
            return
        booked = billed.booked
        if booked.email and not billed.was_there and job.config.fields.payment_link:
            booked = job.books.invoice(booked.invoice.id) or booked
        self._link(fresh.deal, booked, "reconciled" if billed.was_there else "created", fresh, world)

    def _freshened(self, planned: Draft, world: World) -> Draft | Hindrance:
        """The draft on rows that are not old: a deal may be lost, changed or invoiced by hand during a long run. A
        customer that this run has made meanwhile is taken.
        """
        job, deal = self._job, planned.deal
        if job.clock.monotonic() - self._read_at > FRESH_SECONDS:
            now = job.org.complete(job.org.by_id([deal.id]))
            if len(now) != 1 or _facts(now[0]) != _facts(deal):
                return Hindrance("changed", "It changed while this run was under way; the next run looks again.")
        return draft(deal, world)

    def _failed(self, planned: Draft, refused: QuickBooksRefused) -> None:
        fault = refused.fault
        told = record(
            planned.deal, "failed", "rejected", "QuickBooks refused it. Mend what it names, then run it again."
        )
        error = Failure(fault.code or refused.code, fault.text or refused.message)
        self._records.append(replace(told, invoice=sheet_of_draft(planned), error=error))
        self._refused = True

    def _link(self, deal: Deal, booked: BookedInvoice, outcome: Outcome, planned: Draft | None, world: World) -> None:
        """Write the link back, and tell what was done."""
        job = self._job
        currency = deal.opportunity.currency or world.org_currency
        sheet = sheet_of_invoice(booked, currency, planned)
        note = _told(outcome, booked, deal, world, wants_link=bool(job.config.fields.payment_link))
        reason = "invoiced" if outcome == "created" else "invoice_found"
        told = record(deal, outcome, reason, note, sheet)
        if job.options.dry_run:
            self._records.append(told)
            return
        job.begin(deal.id, replace(job.under_way(deal.id), invoice_id=booked.invoice.id))
        if booked.email:
            job.pay_links.remember(booked.invoice.id, booked.link)
        try:
            linked = link(job, deal.opportunity, booked.invoice, booked.link)
        except QbsfError:
            self._tell(told, booked, currency)
            raise
        self._tell(_with_link(told, linked), booked, currency)

    def _tell(self, told: InvoicingRecord, booked: BookedInvoice, currency: str) -> None:
        job = self._job
        self._records.append(told)
        self._refused = self._refused or told.outcome == "failed"
        if told.outcome == "created" or told.changes:
            now = job.systems.org.server_time or job.clock.now()
            with job.state.transaction():
                job.journal.wrote(job.run_id, now, history_record(told, booked.invoice, currency))


def _with_link(told: InvoicingRecord, linked: Linked) -> InvoicingRecord:
    """The record with what was written to the Opportunity, or with Salesforce's refusal of it."""
    told = replace(told, changes=dict(linked.changes))
    if linked.refusal is None:
        return told
    number = told.invoice.number or f"id:{told.invoice.id}" if told.invoice else ""
    again = "the next run tries again" if linked.passing else "mend what it names, and the next run tries again"
    return replace(
        told,
        outcome="failed",
        reason="unavailable" if linked.passing else "rejected",
        error=Failure(linked.refusal.code, linked.refusal.message),
        note=f"Invoice {number} is in QuickBooks, but Salesforce did not take the link to it: {again}.",
    )


def _told(outcome: Outcome, booked: BookedInvoice, deal: Deal, world: World, *, wants_link: bool) -> str:
    """What a salesperson should know of the invoice beside its numbers."""
    said = ["It was invoiced." if outcome == "created" else "Its invoice was in QuickBooks already; it was linked."]
    net = booked.invoice.total - booked.tax
    amount = deal.opportunity.amount
    if amount is not None and net != amount:
        said.append(f"It is over {net:.2f}, the Opportunity over {amount:.2f}: correct one of them.")
    if not booked.invoice.number:
        said.append("QuickBooks numbers invoices by hand in this company: give it a number there.")
    if wants_link and not booked.link and booked.invoice.balance > 0:
        if not booked.email:
            said.append("No payment link: the invoice has no e-mail address (of the primary contact role).")
        elif not world.customs.takes_payments:
            said.append("No payment link: the company takes no payments online (QuickBooks Payments is off).")
        else:
            said.append("No payment link: QuickBooks gave none.")
    return " ".join(said)


def _facts(deal: Deal) -> tuple[object, ...]:
    """What an invoice is made from; not the row's stamps."""
    row = deal.opportunity
    return (row.stage, row.is_closed, row.amount, row.currency, row.fields, deal.account, deal.lines, deal.email)

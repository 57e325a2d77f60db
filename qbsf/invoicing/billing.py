"""Making the customer and the invoice in QuickBooks: each at most once, whatever answer is lost (quickbooks.md 6).

The request ids depend on nothing but company, record and purpose, so that a repeated create is answered with the first
one. Where that first one is gone since (deleted, voided, made inactive) the next id of the chain makes another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from qbsf.errors import QbsfError
from qbsf.invoicing import plan
from qbsf.invoicing.books import BookedInvoice
from qbsf.invoicing.customers import Customer
from qbsf.invoicing.deals import Deal
from qbsf.invoicing.documents import customer_body, invoice_body, request_id
from qbsf.invoicing.existing import found_by_note, is_void
from qbsf.invoicing.job import Job, UnderWay
from qbsf.invoicing.names import LONGEST_NAME, SUFFIX
from qbsf.invoicing.plan import Draft, Hindrance, World
from qbsf.model import Invoice
from qbsf.quickbooks.faults import QuickBooksRefused

DUPLICATE_NAME = "6240"
_GENERATIONS = 20
"""How often an invoice may have been deleted and be made again."""


CLOCKS_APART = timedelta(days=1)
"""How much the clocks of the two systems may differ, generously: an invoice of an Opportunity is not older than it."""


@dataclass(frozen=True)
class Billed:
    """An invoice of an Opportunity; `was_there` before this run."""

    booked: BookedInvoice
    customer: Customer
    was_there: bool


def bill(job: Job, draft: Draft, world: World) -> Billed | Hindrance:
    """Make the invoice, and before it the customer where there is none.

    Raises QuickBooksRefused where QuickBooks does not take one of them; nothing is left to undo then.
    """
    if draft.customer is not None:
        return _make_invoice(job, draft, draft.customer, world)
    found = _customer(job, draft, world)
    if isinstance(found, Hindrance):
        return found
    customer, was_there = found
    existing = existing_invoice(job, draft.deal, [customer.id]) if was_there else None
    if isinstance(existing, Hindrance):
        return existing
    booked = job.books.invoice(existing.id) if existing is not None else None
    if booked is not None:
        return Billed(booked, customer, was_there=True)
    return _make_invoice(job, draft, customer, world)


def _make_invoice(job: Job, draft: Draft, customer: Customer, world: World) -> Billed:
    job.begin(draft.deal.id, UnderWay(customer.id))
    body = invoice_body(draft, customer, world.customs)
    purpose = "invoice"
    for _ in range(_GENERATIONS):
        key = request_id(job.systems.realm_id, draft.deal.id, purpose)
        made, was_there = job.books.create_invoice(body, key)
        current = made if job.books.is_surely_new(made) else job.books.invoice(made.invoice.id)
        if current is not None and not is_void(current.invoice):
            job.begin(draft.deal.id, UnderWay(customer.id, current.invoice.id))
            return Billed(current, customer, was_there)
        purpose = f"invoice after {made.invoice.id}"
    raise _endless(f"an invoice for the Opportunity {draft.deal.id}")


def existing_invoice(job: Job, deal: Deal, customer_ids: Sequence[str]) -> Invoice | Hindrance | None:
    """The invoice of an Opportunity among those of these customers, entered since there is such an Opportunity."""
    return found_by_note(deal, job.books.invoices_of(customer_ids, deal.created - CLOCKS_APART))


def _customer(job: Job, draft: Draft, world: World) -> tuple[Customer, bool] | Hindrance:
    """A new customer, and whether it was there before this run after all. A name that a vendor or employee has gets a
    suffix: names are unique over all three.
    """
    try:
        made, was_there = _make_customer(job, draft, world, draft.customer_name, "customer")
    except QuickBooksRefused as refused:
        if refused.fault.code != DUPLICATE_NAME:
            raise
        namesake = _namesake(job, draft, world)
        if namesake is not None:
            return namesake if isinstance(namesake, Hindrance) else (namesake, True)
        longer = draft.customer_name + SUFFIX
        if len(longer) > LONGEST_NAME:
            raise
        made, was_there = _make_customer(job, draft, world, longer, "customer with suffix")
        job.warn(
            f"A vendor or employee in QuickBooks has the name {draft.customer_name!r}: its customer is {longer!r}."
        )
    world.customers.add(made)
    return made, was_there


def _namesake(job: Job, draft: Draft, world: World) -> Customer | Hindrance | None:
    """The customer that somebody made since this run looked; None where the name is a vendor's or an employee's."""
    for customer in job.books.customers_named([draft.customer_name]):
        world.customers.add(customer)
    again = plan.draft(draft.deal, world)
    return again if isinstance(again, Hindrance) else again.customer


def _make_customer(job: Job, draft: Draft, world: World, name: str, purpose: str) -> tuple[Customer, bool]:
    body = customer_body(draft, name, world.customs)
    first = purpose
    for _ in range(_GENERATIONS):
        key = request_id(job.systems.realm_id, draft.account.id, purpose)
        customer, was_there = job.books.create_customer(body, key)
        current = job.books.customer(customer.id) if was_there else customer
        held = (current.currency or world.customs.home_currency) if current else ""
        if current is not None and current.active and held == draft.currency:
            return current, was_there
        purpose = f"{first} after {customer.id}"
    raise _endless(f"a customer called {name!r}")


def _endless(what: str) -> QbsfError:
    return QbsfError(
        f"QuickBooks answers every attempt to make {what} with one that is gone.",
        "Make it by hand in QuickBooks, and put its id into the Opportunity.",
        code="gone",
    )

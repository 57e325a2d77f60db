"""From the cache to decisions: gathers what the pure rules need for one Opportunity, and turns their verdict into a
record of the report.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from qbsf.core.case import CLOSE_DATE, STAGE, Case, Decision, Hold
from qbsf.core.decision import decide
from qbsf.core.fields import payment_field_names
from qbsf.core.links import Links
from qbsf.core.states import InvoiceAccount, Money, account_of, combine, deleted_account, unknown_account
from qbsf.model import FieldValue, Invoice, Opportunity
from qbsf.output.words import note
from qbsf.report import Change, Failure, InvoiceView, PaymentView, Record
from qbsf.state.books import DELETED_INVOICE
from qbsf.state.codec import dump, encode_fields
from qbsf.state.journal import encode_record
from qbsf.state.own import Note
from qbsf.sync.context import Context
from qbsf.sync.linking import links_of
from qbsf.sync.payment_links import link_of
from qbsf.sync.written import after

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Planned:
    """One Opportunity with what is to be done about it."""

    opportunity: Opportunity
    links: Links
    money: Money | None
    decision: Decision
    matched_by: str | None
    """The way it was first found."""
    late: tuple[Record, ...] = ()
    """One more record for each invoice that came too late."""
    told: Record | None = None
    """The record, where it is not the one that follows from the rest."""

    @cached_property
    def record(self) -> Record:
        """What will tell of it; many plans are kept, and a record is large."""
        return self.told or record_of(self.opportunity, self.links, self.money, self.decision, self.matched_by)

    @property
    def key(self) -> str:
        return f"opportunity:{self.opportunity.id}"


def plan(context: Context, opportunity_id: str) -> Planned | None:
    """What is to be done about one Opportunity; None where it is unknown or linked to nothing."""
    row = context.deals.get(opportunity_id)
    if row is None:
        return None
    links = context.deals.found_links(opportunity_id) or links_of(context, row)
    if links.way is None:
        return None
    money = _money(context, links) if links.problem is None else None
    case = Case(
        opportunity=row,
        links=links,
        money=money,
        own=context.own.of(row.id, context.now),
        rivals=_rivals(context, row, links),
        hold=_hold(context, row, money),
        doubt_is_old=_doubt_is_old(context, row.id),
        payment_link=link_of(context, row, links.invoice_ids),
    )
    decision = decide(case, context.rules)
    late = tuple(_late_record(context, row, invoice_id) for invoice_id in links.late)
    return Planned(row, links, money, decision, context.deals.first_way(row.id), late)


def note_of(planned: Planned, context: Context) -> Note:
    """What is noted before the write is sent."""
    changes = planned.decision.changes
    money = planned.money
    return Note(
        opportunity_id=planned.opportunity.id,
        changes=changes,
        kind=planned.decision.kind,
        invoice_ids=tuple(account.id for account in money.accounts) if money else (),
        method_ids=money.method_ids if money else (),
        move=planned.decision.move,
        payment_fields=payment_field_names(context.config.fields) & frozenset(changes),
        record=encode_record(planned.record),
        attention=_reversal_facts(planned, context),
        owes_stage=planned.decision.owes_stage,
    )


def _reversal_facts(planned: Planned, context: Context) -> str:
    """What a person is told of who hears of a reversal only when its lost answer is made up for."""
    if planned.decision.reason != "reversed" or not planned.decision.attention:
        return ""
    names = payment_field_names(context.config.fields)
    row = after(planned.opportunity, planned.decision.changes, context)
    return facts_fingerprint(row, planned.money, planned.decision.about, names)


def hold_fingerprint(context: Context, row: Opportunity, money: Money | None) -> str:
    """What has to change before a refused record is tried again: it, its invoices or the configuration."""
    changed = [row.system_modstamp.isoformat(), row.modified_by_id]
    return _digest([changed, _money_facts(money), context.configuration])


def facts_fingerprint(row: Opportunity, money: Money | None, about: str, payment_fields: frozenset[str]) -> str:
    """The facts that an acknowledgement is about: stage, payment fields (not links) and the money."""
    told = {name: value for name, value in row.fields.items() if name in payment_fields}
    return _digest([row.stage, encode_fields(told), _money_facts(money), about])


def record_of(
    row: Opportunity, links: Links, money: Money | None, decision: Decision, matched_by: str | None
) -> Record:
    accounts = money.accounts if money is not None else ()
    customers = dict.fromkeys(account.invoice.customer for account in accounts if account.invoice is not None)
    return Record(
        outcome=decision.outcome,
        reason=decision.reason,
        opportunity_id=row.id,
        opportunity_name=row.name,
        account=row.account_name or None,
        customer=", ".join(customers) or None,
        invoices=tuple(_invoice_view(account) for account in accounts),
        payments=_payment_views(money),
        matched_by=matched_by or links.way,
        changes=_change_views(row, decision),
        note=note_for(decision.reason, decision.about),
    )


def unlinked_record(invoice: Invoice) -> Record:
    """The record of an invoice that no Opportunity names."""
    view = InvoiceView(
        invoice.id, invoice.number, money_text(invoice.total), money_text(invoice.balance), invoice.currency
    )
    return Record("skipped", "no_opportunity", customer=invoice.customer or None, invoices=(view,))


def with_failure(record: Record, code: str, message: str, reason: str) -> Record:
    """The same record, refused by Salesforce."""
    return replace(
        record, outcome="failed", reason=reason, error=Failure(code, message), note=note_for(reason, message)
    )


def _money(context: Context, links: Links) -> Money | None:
    accounts: list[InvoiceAccount] = []
    rules = context.book_rules
    for invoice_id in links.invoice_ids:
        known = context.cache.invoice(invoice_id)
        if known is None:
            accounts.append(unknown_account(invoice_id))
        else:
            invoice, deleted = known
            accounts.append(account_of(invoice, context.cache.payments_of(invoice), rules, deleted=deleted))
    for name in links.unknown:
        known_deleted = links.way != "invoice_number" and context.cache.is_missing(DELETED_INVOICE, name)
        accounts.append(deleted_account(name) if known_deleted else unknown_account(name))
    return combine(accounts) if accounts else None


def _rivals(context: Context, row: Opportunity, links: Links) -> tuple[str, ...]:
    """Other Opportunities that want one of these invoices, unless qbsf wrote its payment to this one alone."""
    rivals: set[str] = set()
    for invoice_id in links.invoice_ids:
        wanting = context.deals.linked_to(invoice_id)
        if wanting == (row.id,):
            continue
        others = {each for each in wanting if each != row.id}
        if others and context.own.owner_of(invoice_id) & (others | {row.id}) != {row.id}:
            rivals |= others
    return tuple(sorted(rivals))


def _hold(context: Context, row: Opportunity, money: Money | None) -> Hold:
    hold = context.own.hold(row.id)
    if hold is None:
        return "none"
    lifted = context.options.full or context.options.invoice is not None
    too_old = not timedelta() <= context.now - hold.since < DAY
    if lifted or too_old or hold.fingerprint != hold_fingerprint(context, row, money):
        return "none"
    return "stage" if hold.scope == "stage" else "record"


def _doubt_is_old(context: Context, opportunity_id: str) -> bool:
    since = context.deals.doubt_since(opportunity_id)
    return since is not None and context.now - since > DAY


def _late_record(context: Context, row: Opportunity, invoice_id: str) -> Record:
    known = context.cache.invoice(invoice_id)
    views: tuple[InvoiceView, ...] = ()
    customer = None
    if known is not None:
        account = account_of(known[0], context.cache.payments_of(known[0]), context.book_rules, deleted=known[1])
        views = (_invoice_view(account),)
        customer = known[0].customer
    return Record(
        "skipped",
        "late_invoice",
        opportunity_id=row.id,
        opportunity_name=row.name,
        account=row.account_name or None,
        customer=customer,
        invoices=views,
        matched_by="opportunity_id",
        note=note_for("late_invoice", invoice_id),
    )


def _invoice_view(account: InvoiceAccount) -> InvoiceView:
    invoice = account.invoice
    if invoice is None:
        return InvoiceView(account.id, "", "", "", "")
    return InvoiceView(
        invoice.id, invoice.number, money_text(invoice.total), money_text(invoice.balance), account.currency
    )


def _payment_views(money: Money | None) -> tuple[PaymentView, ...]:
    if money is None:
        return ()
    return tuple(
        PaymentView(
            receipt.payment_id,
            receipt.txn_date.isoformat(),
            money_text(receipt.cash),
            receipt.method,
            receipt.reference,
        )
        for receipt in money.receipts
        if receipt.cash > 0
    )


def _change_views(row: Opportunity, decision: Decision) -> dict[str, Change]:
    beside: dict[str, FieldValue] = {STAGE: row.stage, CLOSE_DATE: row.close_date}
    changes = decision.changes
    names = sorted(changes)
    if STAGE in changes:
        names.remove(STAGE)
        names.insert(0, STAGE)
    return {
        name: Change(value_text(beside[name] if name in beside else row.fields.get(name)), value_text(changes[name]))
        for name in names
    }


def _money_facts(money: Money | None) -> list[object]:
    if money is None:
        return []
    balances = [[a.id, a.state, str(a.invoice.balance) if a.invoice else ""] for a in money.accounts]
    return [money.state, str(money.amount), str(money.date), list(money.references), balances]


def _digest(value: object) -> str:
    return sha256(dump(value).encode()).hexdigest()[:32]


def note_for(reason: str, about: str = "") -> str:
    """The sentence a person reads, with what it is about."""
    return f"{note(reason)} ({about})" if about else note(reason)


def money_text(amount: object) -> str:
    return f"{amount:.2f}"


def value_text(value: FieldValue) -> str | bool | int | None:
    """A field value as the report shows it."""
    if isinstance(value, Decimal):
        return money_text(value)
    return value if value is None or isinstance(value, (bool, int, str)) else value.isoformat()

"""The values of the Opportunity fields that qbsf keeps, and when they differ (rules.md section 4).

A text longer than its field is cut to fit; a number differs by value, a text by its content as Salesforce keeps it
(trimmed), a date by day; empty means null, and 0 for the amount.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from qbsf.config import FieldsConfig
from qbsf.core.links import Links, link_text, split_names
from qbsf.core.states import Money
from qbsf.model import FieldInfo, FieldValue, Invoice, Opportunity

_STATUS = {"paid": "Paid", "partially_paid": "Partially paid", "voided": "Voided"}


@dataclass(frozen=True)
class FieldPlan:
    """What is to be written to a group of fields; `not_ours` names those a person's value keeps from it."""

    changes: dict[str, FieldValue] = field(default_factory=dict)
    not_ours: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnValues:
    """What qbsf last wrote to this Opportunity and saw landed, by field API name."""

    values: Mapping[str, FieldValue] = field(default_factory=dict)
    method_ids: tuple[str, ...] = ()
    """The payment methods behind the method text it wrote."""


def amount_in(opportunity: Opportunity, api_name: str) -> Decimal:
    """The money a currency field holds, 0 where it is empty."""
    value = opportunity.fields.get(api_name)
    return value if isinstance(value, Decimal) else Decimal(0)


def shown_amount(money: Money, fields: FieldsConfig, infos: Mapping[str, FieldInfo]) -> Decimal:
    """The amount that was received, as the amount field can show it."""
    return _to_scale(money.amount, infos.get(fields.payment_amount))


def payment_fields(
    opportunity: Opportunity,
    money: Money,
    own: OwnValues,
    fields: FieldsConfig,
    infos: Mapping[str, FieldInfo],
) -> FieldPlan:
    """The four facts, as far as they differ. A person's amount is raised, never lowered; a person's text or date is
    corrected, never emptied.
    """
    amount = shown_amount(money, fields, infos)
    current = amount_in(opportunity, fields.payment_amount)
    changes: dict[str, FieldValue] = {}
    if amount < current and own.values.get(fields.payment_amount) != current:
        return FieldPlan(not_ours=(fields.payment_amount,))
    if amount != current:
        changes[fields.payment_amount] = amount or None
    kept: list[str] = []
    warnings: list[str] = []
    truth: dict[str, FieldValue] = {fields.payment_date: money.date}
    for api_name, texts in (
        (fields.payment_method, money.methods),
        (fields.payment_reference, money.references),
    ):
        text, warning = fit(", ".join(texts), infos.get(api_name))
        truth[api_name] = text
        warnings += [warning] if warning else []
    for api_name, value in truth.items():
        held = opportunity.fields.get(api_name)
        if not api_name or value == held or (value is None and not held):
            continue
        if api_name == fields.payment_method and _only_renamed(opportunity, held, money, own, api_name):
            continue
        if value is None and own.values.get(api_name) != held:
            kept.append(api_name)
        else:
            changes[api_name] = value
    return FieldPlan(changes, tuple(kept), tuple(warnings))


def mirror_fields(
    opportunity: Opportunity,
    money: Money,
    own: OwnValues,
    fields: FieldsConfig,
    infos: Mapping[str, FieldInfo],
) -> dict[str, FieldValue]:
    """Status, total and balance of the invoices, where the configuration names fields for them."""
    mirrors = fields.invoice_total or fields.invoice_balance or fields.payment_status
    if not mirrors or money.state == "zero_total":
        return {}
    wanted: dict[str, FieldValue] = {
        fields.invoice_total: _to_scale(money.total, infos.get(fields.invoice_total)),
        fields.invoice_balance: _to_scale(money.balance, infos.get(fields.invoice_balance)),
    }
    status = _status(opportunity, money, own, fields)
    if status:
        wanted[fields.payment_status] = fit(status, infos.get(fields.payment_status))[0]
    return {name: value for name, value in wanted.items() if name and opportunity.fields.get(name) != value}


def link_fields(
    opportunity: Opportunity,
    links: Links,
    invoices: Sequence[Invoice],
    own: OwnValues,
    fields: FieldsConfig,
    infos: Mapping[str, FieldInfo],
) -> FieldPlan:
    """Fill-ins of the id and the number field: what is empty, and anew what qbsf had filled in itself."""
    wanted = {
        fields.invoice_id: ("invoice_id", tuple(invoice.id for invoice in invoices)),
        fields.invoice_number: ("invoice_number", tuple(dict.fromkeys(i.number for i in invoices if i.number))),
    }
    known = {invoice.id for invoice in invoices} | {invoice.number for invoice in invoices}
    changes: dict[str, FieldValue] = {}
    warnings: list[str] = []
    for api_name, (way, names) in wanted.items():
        if not api_name or not names or way == links.way:
            continue
        held = link_text(opportunity, api_name)
        if held and (set(split_names(held)) == set(names) or held == names[0] == names[-1]):
            continue
        mentioned = links.way == "opportunity_id" and all(name in known for name in split_names(held))
        if held and held != own.values.get(api_name) and not mentioned:
            continue
        text = ", ".join(names)
        info = infos.get(api_name)
        listable = len(names) == 1 or all(split_names(name) == (name,) for name in names)
        if (info and info.length and len(text) > info.length) or not listable:
            warnings.append(f"{api_name} of {opportunity.name} is left out: the list of invoices does not fit it")
        else:
            changes[api_name] = text
    return FieldPlan(changes, warnings=tuple(warnings))


def payment_link_field(
    opportunity: Opportunity, link: str, fields: FieldsConfig, infos: Mapping[str, FieldInfo]
) -> FieldPlan:
    """The payment link, where there is one and the field does not hold it. An address that is cut leads nowhere: one
    that does not fit is left out.
    """
    api_name = fields.payment_link
    if not api_name or not link or opportunity.fields.get(api_name) == link:
        return FieldPlan()
    info = infos.get(api_name)
    if info and info.length and len(link) > info.length:
        return FieldPlan(warnings=(f"{api_name} of {opportunity.name} is left out: the payment link does not fit it",))
    return FieldPlan({api_name: link})


def fit(text: str, info: FieldInfo | None) -> tuple[str | None, str | None]:
    """A text as its field can keep it, cut to end in an ellipsis where it is too long, and the warning that says so."""
    trimmed = text.strip()
    if not trimmed:
        return None, None
    if info is None or not info.length or len(trimmed) <= info.length:
        return trimmed, None
    cut = trimmed[: info.length - 1].rstrip() + "…"
    return cut, f"{info.name} holds {info.length} characters: a text of {len(trimmed)} was cut to fit"


@lru_cache(maxsize=16)
def payment_field_names(fields: FieldsConfig) -> frozenset[str]:
    """The fields that hold the four facts of a payment."""
    named = (fields.payment_amount, fields.payment_date, fields.payment_method, fields.payment_reference)
    return frozenset(name for name in named if name)


def told_whole(opportunity: Opportunity, money: Money, fields: FieldsConfig, infos: Mapping[str, FieldInfo]) -> bool:
    """The payment fields already tell all that was received; credit alone is told by its date."""
    amount = shown_amount(money, fields, infos)
    if not amount:
        return money.date is not None and opportunity.fields.get(fields.payment_date) == money.date
    return amount_in(opportunity, fields.payment_amount) == amount


def names_of(changes: Iterable[str]) -> str:
    """Field names as a message lists them."""
    return ", ".join(sorted(changes))


def _status(opportunity: Opportunity, money: Money, own: OwnValues, fields: FieldsConfig) -> str | None:
    if money.state in _STATUS:
        return _STATUS[money.state]
    was_paid = fields.payment_amount in own.values or opportunity.fields.get(fields.payment_status) == "Reversed"
    if was_paid and not money.amount:
        return "Reversed"
    return "Unpaid" if money.state == "not_paid" else None


def _only_renamed(opportunity: Opportunity, held: FieldValue, money: Money, own: OwnValues, api_name: str) -> bool:
    same_methods = bool(money.method_ids) and money.method_ids == own.method_ids
    return opportunity.is_won and held == own.values.get(api_name) and same_methods


def _to_scale(amount: Decimal, info: FieldInfo | None) -> Decimal:
    """The amount with the decimals its field keeps: Salesforce would round it, and it would differ for ever."""
    if info is None or info.scale >= 2:  # noqa: PLR2004 - cents
        return amount
    return amount.quantize(Decimal(1).scaleb(-info.scale), ROUND_HALF_UP)

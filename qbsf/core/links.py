"""Which invoices are an Opportunity's (rules.md section 3), read from the Opportunity by `[match] by` in order.

A field that a person filled decides; what qbsf filled in itself does not count as a person's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from qbsf.config import FieldsConfig, Way
from qbsf.model import Opportunity

LinkProblem = Literal["ambiguous_invoice", "link_conflict"]
_SEPARATORS = re.compile(r"[,;\r\n]+")


@dataclass(frozen=True)
class Candidate:
    """An invoice that an Opportunity might mean, reduced to how it can be named."""

    id: str
    number: str
    live: bool
    """Neither voided nor deleted."""
    opportunity_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """What QuickBooks has under the names an Opportunity uses, and the invoices that name the Opportunity."""

    by_id: Mapping[str, Candidate] = field(default_factory=dict)
    by_number: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    mentioning: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class OwnLinks:
    """What qbsf did to this Opportunity's links before."""

    invoice_id: str | None = None
    """What it last wrote to the invoice-id field, None for never."""
    invoice_number: str | None = None
    first_way: Way | None = None
    """How the present link was first found."""
    joined: frozenset[str] = frozenset()
    """Invoices that are linked already."""
    payment_written: bool = False


@dataclass(frozen=True)
class Links:
    """The invoices of one Opportunity: `way` is None where nothing links it."""

    way: Way | None = None
    invoice_ids: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Names that QuickBooks has no invoice for."""
    late: tuple[str, ...] = ()
    """Invoices that name an Opportunity whose payment is written already."""
    problem: LinkProblem | None = None
    about: tuple[str, ...] = ()
    """What the problem is about: numbers or invoice ids."""


@lru_cache(maxsize=4096)
def split_names(text: str) -> tuple[str, ...]:
    """The names in a link field that holds a list, at comma, semicolon or line end."""
    return tuple(dict.fromkeys(name for part in _SEPARATORS.split(text) if (name := part.strip())))


@lru_cache(maxsize=4096)
def possible_names(text: str) -> tuple[str, ...]:
    """Everything a link field's value may mean: the whole of it first, then its parts."""
    whole = text.strip()
    return tuple(dict.fromkeys((whole, *split_names(whole)))) if whole else ()


def link_text(opportunity: Opportunity, api_name: str) -> str:
    """The text of a link field, "" where it is empty or not configured."""
    value = opportunity.fields.get(api_name) if api_name else None
    return str(value).strip() if value is not None else ""


def find_links(
    opportunity: Opportunity,
    candidates: Candidates,
    own: OwnLinks,
    fields: FieldsConfig,
    by: Sequence[Way],
) -> Links:
    """The invoices of an Opportunity, or the problem that keeps them from being told."""
    named = _Named(opportunity, candidates, own, fields)
    for way in by:
        if way == "invoice_id" and named.id_text and not named.id_is_ours(by):
            return named.by_id_field()
        if way == "invoice_number" and named.number_text and not named.number_is_ours(by):
            return named.by_number_field()
        if way == "opportunity_id" and candidates.mentioning:
            return named.by_mention()
    # The invoice no longer names the Opportunity, but the link was written back: it lives in Salesforce now.
    if own.first_way == "opportunity_id" or (own.first_way is not None and own.first_way not in by):
        if named.id_text:
            return named.by_id_field()
        if named.number_text:
            return named.by_number_field()
    return Links()


class _Named:
    """The two link fields of one Opportunity, resolved against what QuickBooks has."""

    def __init__(self, opportunity: Opportunity, candidates: Candidates, own: OwnLinks, fields: FieldsConfig) -> None:
        self.opportunity = opportunity
        self.candidates = candidates
        self.own = own
        self.id_text = link_text(opportunity, fields.invoice_id)
        self.number_text = link_text(opportunity, fields.invoice_number)
        self.ids = {
            name: (candidates.by_id[name],) if name in candidates.by_id else ()
            for name in _names_meant(self.id_text, candidates.by_id)
        }
        self.numbers = {
            name: _bearers(candidates.by_number.get(name, ()))
            for name in _names_meant(self.number_text, candidates.by_number)
        }

    def id_is_ours(self, by: Sequence[Way]) -> bool:
        return self.id_text == self.own.invoice_id or ("opportunity_id" in by and self._all_carry(self.ids))

    def number_is_ours(self, by: Sequence[Way]) -> bool:
        written = self.number_text == self.own.invoice_number
        return written or ("opportunity_id" in by and self._all_carry(self.numbers))

    def by_id_field(self) -> Links:
        strangers = self._strangers()
        if strangers:
            return Links("invoice_id", problem="link_conflict", about=strangers)
        return Links("invoice_id", in_number_order(_meant(self.ids)), unknown=_without_invoice(self.ids))

    def by_number_field(self) -> Links:
        shared = tuple(name for name, found in self.numbers.items() if len([c for c in found if c.live]) > 1)
        if shared:
            return Links("invoice_number", problem="ambiguous_invoice", about=shared)
        strangers = self._strangers()
        if strangers:
            return Links("invoice_number", problem="link_conflict", about=strangers)
        return Links("invoice_number", in_number_order(_meant(self.numbers)), unknown=_without_invoice(self.numbers))

    def by_mention(self) -> Links:
        mentioned = {candidate.id for candidate in self.candidates.mentioning}
        joined = mentioned & (self.own.joined | _meant(self.ids) | _meant(self.numbers))
        further = mentioned - joined
        if joined and further and self.opportunity.is_closed and self.own.payment_written:
            return Links("opportunity_id", in_number_order(joined), late=in_number_order(further))
        return Links("opportunity_id", in_number_order(mentioned))

    def _all_carry(self, names: Mapping[str, tuple[Candidate, ...]]) -> bool:
        return bool(names) and all(
            found and all(self.opportunity.id in candidate.opportunity_ids for candidate in found)
            for found in names.values()
        )

    def _strangers(self) -> tuple[str, ...]:
        """Numbers of invoices that the id field does not name, where a person filled both fields."""
        own_id = not self.id_text or self.id_text == self.own.invoice_id
        if own_id or self.number_text == self.own.invoice_number:
            return ()
        meant = _meant(self.ids)
        return tuple(name for name, found in self.numbers.items() if found and not any(c.id in meant for c in found))


def in_number_order(invoice_ids: Iterable[str]) -> tuple[str, ...]:
    """QuickBooks ids are texts of digits: 9 comes before 10."""
    return tuple(sorted(invoice_ids, key=lambda invoice_id: (len(invoice_id), invoice_id)))


def _meant(names: Mapping[str, tuple[Candidate, ...]]) -> set[str]:
    return {candidate.id for found in names.values() for candidate in found}


def _names_meant(text: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """The value whole where an invoice bears it so, else its parts."""
    return (text,) if text in known else split_names(text)


def _bearers(found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Who bears a number: a voided namesake does not count while a live one is there."""
    return tuple(candidate for candidate in found if candidate.live) or found


def _without_invoice(names: Mapping[str, tuple[Candidate, ...]]) -> tuple[str, ...]:
    return tuple(name for name, found in names.items() if not found)

"""Salesforce as invoicing asks it: deals at the stage with what an invoice needs, and who else names an invoice.

Every method raises Unreachable, OutOfTime, AuthorizationNeeded, ConfigError or UnexpectedAnswer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qbsf.invoicing.deals import Account, Address, Deal, LineItem
from qbsf.invoicing.existing import Sibling
from qbsf.model import Opportunity
from qbsf.records import Json, Reader
from qbsf.salesforce import parse, soql
from qbsf.salesforce.columns import OpportunityColumns
from qbsf.salesforce.ids import is_id, long_id
from qbsf.salesforce.rest import SalesforceRest

_ACCOUNT = (
    "Account.Phone",
    "Account.BillingStreet",
    "Account.BillingCity",
    "Account.BillingState",
    "Account.BillingPostalCode",
    "Account.BillingCountry",
)
_LINE = (
    "Id",
    "OpportunityId",
    "Product2.Name",
    "Product2.ProductCode",
    "Quantity",
    "UnitPrice",
    "TotalPrice",
    "Description",
    "ServiceDate",
    "SortOrder",
)
_ROLE = ("Id", "OpportunityId", "Contact.Email")
_LIST_BYTES = 8_000
"""Of the ids or texts in one query's list: well below what an address can hold beside columns and token."""


@dataclass(frozen=True)
class _Line:
    opportunity_id: str
    order: tuple[int, str]
    item: LineItem


class InvoicingOrg:
    """One org. `columns` are those of the passes: the configured fields, and whose company's rows."""

    def __init__(self, rest: SalesforceRest, columns: OpportunityColumns) -> None:
        self._rest = rest
        self._columns = columns

    def at_stage(self, stage: str) -> list[Deal]:
        """The open Opportunities at a stage, those too that have an invoice, oldest first; without their products."""
        return list(self._deals([f"StageName = {soql.literal(stage)}", "IsClosed = false"]))

    def by_id(self, ids: Iterable[str]) -> list[Deal]:
        """The Opportunities with these ids that exist, are shared and are this company's; without their products."""
        found: list[Deal] = []
        for portion in _portions(long_id(text) for text in ids if is_id(text)):
            found.extend(self._deals([soql.is_in("Id", portion)]))
        return found

    def complete(self, deals: Sequence[Deal]) -> list[Deal]:
        """The same with their product lines and the e-mail of their primary contact."""
        ids = [deal.id for deal in deals]
        lines: dict[str, list[_Line]] = {}
        emails: dict[str, str] = {}
        for portion in _portions(ids):
            which = soql.is_in("OpportunityId", portion)
            for row in self._rows(soql.select(_LINE, "OpportunityLineItem", [which]), "the product lines"):
                line = _line(row)
                lines.setdefault(line.opportunity_id, []).append(line)
            conditions = [which, "IsPrimary = true"]
            for row in self._rows(soql.select(_ROLE, "OpportunityContactRole", conditions), "the contact roles"):
                role = Reader.of(parse.SYSTEM, "OpportunityContactRole", row)
                email = role.member("Contact").text_or_empty("Email").strip()
                emails[long_id(role.text("OpportunityId"))] = email
        return [_completed(deal, lines.get(deal.id, []), emails.get(deal.id, "")) for deal in deals]

    def naming_the_same(self, deals: Sequence[Deal]) -> dict[str, list[Sibling]]:
        """For each Opportunity, the others of whatever stage whose link fields hold the very same text."""
        held = {text for deal in deals for text in self._links_of(deal.opportunity)}
        others: dict[str, Sibling] = {}
        for link in self._columns.filterable_links:
            for portion in _portions(sorted(text for text in held if len(text) <= soql.LONGEST_LITERAL)):
                for deal in self._deals([soql.is_in(link, portion)]):
                    others[deal.id] = Sibling(deal.opportunity, deal.created)
        return {
            deal.id: [
                other
                for other in others.values()
                if other.opportunity.id != deal.id
                and self._links_of(other.opportunity) & self._links_of(deal.opportunity)
            ]
            for deal in deals
        }

    def _links_of(self, opportunity: Opportunity) -> set[str]:
        values = (opportunity.fields.get(name) for name in self._columns.links)
        return {str(value) for value in values if value}

    def _deals(self, conditions: list[str]) -> Iterator[Deal]:
        columns = self._columns
        if columns.company_filterable:
            conditions = [f"{soql.name(columns.company)} = {soql.literal(columns.realm_id)}", *conditions]
        names = (*columns.names, "CreatedDate", *_ACCOUNT)
        statement = soql.select(names, "Opportunity", conditions, ("CreatedDate", "Id"))
        for row in self._rows(statement, "the Opportunities to invoice"):
            deal = _deal(row, columns)
            if columns.is_ours(deal.opportunity):
                yield deal

    def _rows(self, statement: str, asked: str) -> Iterator[Json]:
        for rows, _ in self._rest.query(statement, asked):
            yield from rows


def _portions(values: Iterable[str]) -> Iterator[list[str]]:
    return soql.portions(values, _LIST_BYTES, lambda text: soql.encoded_length(soql.literal(text)) + len("%2C"))


def _deal(value: Json, columns: OpportunityColumns) -> Deal:
    row = Reader.of(parse.SYSTEM, "Opportunity", value)
    opportunity = parse.opportunity(value, columns)
    account = row.member("Account")
    return Deal(
        opportunity=opportunity,
        created=row.instant("CreatedDate"),
        account=_account(account, opportunity) if opportunity.account_id else None,
    )


def _account(account: Reader, opportunity: Opportunity) -> Account:
    return Account(
        id=opportunity.account_id,
        name=account.text_or_empty("Name"),
        phone=account.text_or_empty("Phone").strip(),
        address=Address(
            street=account.text_or_empty("BillingStreet"),
            city=account.text_or_empty("BillingCity"),
            state=account.text_or_empty("BillingState"),
            postal_code=account.text_or_empty("BillingPostalCode"),
            country=account.text_or_empty("BillingCountry"),
        ),
    )


def _line(value: Json) -> _Line:
    row = Reader.of(parse.SYSTEM, "OpportunityLineItem", value)
    product = row.member("Product2")
    quantity, total = row.decimal("Quantity"), row.decimal("TotalPrice")
    line = LineItem(
        id=row.text("Id"),
        product_name=product.text_or_empty("Name").strip(),
        product_code=product.text_or_empty("ProductCode").strip(),
        quantity=quantity,
        unit_price=row.decimal_or_none("UnitPrice") or Decimal(0),
        total=total,
        description=row.text_or_empty("Description").strip(),
        service_date=row.day_or_none("ServiceDate"),
    )
    return _Line(long_id(row.text("OpportunityId")), (row.integer_or_zero("SortOrder"), line.id), line)


def _completed(deal: Deal, lines: Iterable[_Line], email: str) -> Deal:
    ordered = tuple(line.item for line in sorted(lines, key=lambda line: line.order))
    return Deal(deal.opportunity, deal.created, deal.account, ordered, email)

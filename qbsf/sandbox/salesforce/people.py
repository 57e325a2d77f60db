"""What people do in the org: accounts, deals, products; and what a test asks of the records."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from qbsf.sandbox.salesforce.administration import Administration
from qbsf.sandbox.salesforce.database import Save
from qbsf.sandbox.salesforce.faults import no_such_record
from qbsf.sandbox.salesforce.opportunity import settle_opportunity
from qbsf.sandbox.salesforce.schema import ObjectSchema, Row, Value
from qbsf.sandbox.salesforce.state import locked
from qbsf.sandbox.salesforce.values import whole_second

ANNA = "Anna Person"
STANDARD_PRICEBOOK = "Standard Price Book"
NEVER_CLONED = frozenset({"Id", "IsDeleted", "OwnerId"})


class People(Administration):
    """Every method acts as a person (or as the user named by `by`) and answers 18-character ids.

    Refusals (validation rules, duplicates, wrong values) raise ApiError, as the page would show them.
    """

    @locked
    def add_account(self, /, name: str, *, by: str = ANNA, **fields: object) -> str:
        """An Account; fields by API name (BillingCity, ...)."""
        return self._create("Account", {"Name": name, **fields}, by)

    @locked
    def add_contact(self, /, last_name: str, *, account: str | None = None, by: str = ANNA, **fields: object) -> str:
        return self._create("Contact", {"LastName": last_name, "AccountId": account, **fields}, by)

    @locked
    def add_opportunity(
        self,
        /,
        name: str,
        *,
        account: str | None = None,
        stage: str = "Proposal and Agreement",
        amount: Decimal | str | None = None,
        close_date: date | None = None,
        currency: str | None = None,
        record_type: str | None = None,
        by: str = ANNA,
        **fields: object,
    ) -> str:
        """An Opportunity; `record_type` is a DeveloperName, `close_date` is in thirty days where not given."""
        values: dict[str, object] = {
            "Name": name,
            "AccountId": account,
            "StageName": stage,
            "Amount": amount,
            "CloseDate": close_date or self._clock.now().date() + timedelta(days=30),
            **fields,
        }
        if currency is not None:
            values["CurrencyIsoCode"] = currency
        if record_type is not None:
            values["RecordTypeId"] = self._record_type(record_type)
        return self._create("Opportunity", values, by)

    @locked
    def add_product(self, /, name: str, *, price: Decimal | str = "0", by: str = ANNA, **fields: object) -> str:
        """A product with its entry in the standard price book; answers the product's id."""
        product = self._create("Product2", {"Name": name, "IsActive": True, **fields}, by)
        entry: dict[str, object] = {
            "Name": name,
            "Product2Id": product,
            "Pricebook2Id": self._pricebook(by),
            "UnitPrice": price,
            "IsActive": True,
        }
        self._create("PricebookEntry", entry, by)
        return product

    @locked
    def add_line_item(
        self,
        /,
        opportunity: str,
        product: str,
        *,
        quantity: Decimal | str | int = 1,
        unit_price: Decimal | str | None = None,
        by: str = ANNA,
        **fields: object,
    ) -> str:
        """A product line; without a price, the price book's. The Opportunity's Amount becomes the sum."""
        entries = self._database.table("PricebookEntry").by_reference("Product2Id", product)
        if not entries:
            raise no_such_record()
        values: dict[str, object] = {
            "OpportunityId": opportunity,
            "PricebookEntryId": entries[0]["Id"],
            "Quantity": quantity,
            **fields,
        }
        if unit_price is not None:
            values["UnitPrice"] = unit_price
        return self._create("OpportunityLineItem", values, by)

    @locked
    def add_contact_role(
        self, opportunity: str, contact: str, *, role: str = "", primary: bool = True, by: str = ANNA
    ) -> str:
        values = {"OpportunityId": opportunity, "ContactId": contact, "Role": role, "IsPrimary": primary}
        return self._create("OpportunityContactRole", values, by)

    @locked
    def edit(self, /, record_id: str, *, by: str = ANNA, **fields: object) -> None:
        """Save a record with these fields, by API name; with none it is a no-op save, which moves the stamps."""
        schema, actor = self._schema_of(record_id), self._actor(by)
        self._saver.update(schema, record_id, self._saver.read(schema, fields, actor, creating=False), actor)

    @locked
    def clone(self, /, record_id: str, *, by: str = ANNA, **fields: object) -> str:
        """Copy a record with its custom fields; a unique one makes the copy fail unless given anew."""
        schema, row, actor = self._schema_of(record_id), self._row(record_id), self._actor(by)
        copied: dict[str, object] = {
            one.name: row[one.name]
            for one in schema.fields.values()
            if one.createable and one.formula is None and one.name not in NEVER_CLONED and row[one.name] is not None
        }
        values = self._saver.read(schema, {**copied, **fields}, actor, creating=True)
        return self._saver.create(schema, values, actor)

    @locked
    def delete(self, record_id: str, *, by: str = ANNA) -> None:
        """Move a record to the recycle bin."""
        self._saver.delete(self._schema_of(record_id), record_id, self._actor(by))

    @locked
    def undelete(self, record_id: str, *, by: str = ANNA) -> None:
        self._saver.undelete(self._schema_of(record_id), record_id, self._actor(by))

    @locked
    def hide(self, record_id: str) -> None:
        """Take a record out of what is shared with the integration user."""
        self._access.unshare(record_id)

    @locked
    def share(self, record_id: str, *, read_only: bool = False) -> None:
        """Share a record with the integration user again, or only to read."""
        self._access.share(record_id, read_only=read_only)

    @locked
    def get(self, record_id: str) -> dict[str, Value]:
        """All fields of a record as an administrator sees them: Decimal, date, aware datetime, None."""
        row = self._row(record_id)
        return {one.name: one.read(row) for one in self._schema_of(record_id).fields.values()}

    @locked
    def history(self, record_id: str) -> list[Save]:
        """Every save of a record, no-op ones too, oldest first."""
        return [save for save in self._database.saves if save.record_id == record_id]

    @locked
    def api_saves(self, object_name: str = "Opportunity") -> list[Save]:
        """Every save that came through the API, oldest first."""
        return [one for one in self._database.saves if one.through_api and one.object_name == object_name]

    @locked
    def bulk_seed(
        self,
        count: int,
        *,
        account: str | None = None,
        stage: str = "Proposal and Agreement",
        amount: Decimal = Decimal("100.00"),
        fields: Callable[[int], Mapping[str, Value]] | None = None,
        by: str = ANNA,
    ) -> list[str]:
        """Many Opportunities at once, for benchmarks: no rules, flows or history.

        `fields` gives the further fields of the n-th, already in their stored types.
        """
        now = whole_second(self._clock.now())
        actor = self._actor(by)
        common = Row(
            IsDeleted=False,
            AccountId=account,
            StageName=stage,
            Amount=amount,
            CloseDate=now.date() + timedelta(days=30),
            OwnerId=actor.user_id,
            CreatedDate=now,
            CreatedById=actor.user_id,
            LastModifiedDate=now,
            LastModifiedById=actor.user_id,
            SystemModstamp=now,
        )
        if self._saver.currency:
            common["CurrencyIsoCode"] = self._saver.currency
        settle_opportunity(self._database, common, None, frozenset(), now.date())
        ids = [self._saver.new_id("Opportunity") for _ in range(count)]
        for number, record_id in enumerate(ids):
            row = Row(common, Id=record_id, Name=f"Deal {number}")
            if fields is not None:
                row.update(fields(number))
            self._database.put("Opportunity", row)
        return ids

    def _create(self, object_name: str, values: Mapping[str, object], by: str) -> str:
        schema, actor = self._schema.find(object_name), self._actor(by)
        return self._saver.create(schema, self._saver.read(schema, values, actor, creating=True), actor)

    def _schema_of(self, record_id: str) -> ObjectSchema:
        schema = self._schema.of_id(record_id)
        if schema is None:
            raise no_such_record()
        return schema

    def _row(self, record_id: str) -> Row:
        row = self._database.table(self._schema_of(record_id).name).get(record_id)
        if row is None:
            raise no_such_record()
        return row

    def _record_type(self, developer_name: str) -> str:
        for row in self._database.table("RecordType").rows():
            if row["DeveloperName"] == developer_name:
                return str(row["Id"])
        return self.add_record_type(developer_name)

    def _pricebook(self, by: str) -> str:
        for row in self._database.table("Pricebook2").rows():
            if row["IsStandard"]:
                return str(row["Id"])
        return self._create("Pricebook2", {"Name": STANDARD_PRICEBOOK, "IsActive": True, "IsStandard": True}, by)

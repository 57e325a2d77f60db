"""Opportunity, Account and what belongs to them, with the fields that documentation lists (salesforce.md section 4)."""

from collections.abc import Iterator

from qbsf.sandbox.salesforce.field_kinds import (
    address,
    checkbox,
    long_text,
    money,
    number,
    object_of,
    picklist,
    reference,
    text_field,
)
from qbsf.sandbox.salesforce.schema import Child, Field, ObjectSchema


def _opportunity() -> ObjectSchema:
    schema = object_of(
        "Opportunity",
        "Opportunity",
        "006",
        reference("AccountId", "Account", "Account"),
        reference("RecordTypeId", "RecordType", "RecordType"),
        Field("Name", "string", label="Name", length=120, nillable=False),
        long_text("Description"),
        Field("StageName", "picklist", label="Stage", length=255, nillable=False),
        Field("Amount", "currency", label="Amount", precision=18, scale=2),
        number("Probability", 3, 0, type_="percent"),
        money("ExpectedRevenue", computed=True),
        Field("CloseDate", "date", label="Close Date", nillable=False),
        picklist("Type"),
        Field("NextStep", "string", label="Next Step", length=255),
        picklist("LeadSource"),
        Field("IsClosed", "boolean", label="Closed", nillable=False, createable=False, updateable=False),
        Field("IsWon", "boolean", label="Won", nillable=False, createable=False, updateable=False),
        picklist("ForecastCategory", computed=True),
        picklist("ForecastCategoryName"),
        reference("Pricebook2Id", "Pricebook2", "Pricebook2"),
        checkbox("HasOpportunityLineItem", computed=True),
        reference("OwnerId", "User", "Owner"),
        reference("ContactId", "Contact", "Contact", fixed=True),
    )
    for child in (
        Child("OpportunityLineItems", "OpportunityLineItem", "OpportunityId"),
        Child("OpportunityContactRoles", "OpportunityContactRole", "OpportunityId"),
    ):
        schema.children[child.name.lower()] = child
    return schema


def _account() -> ObjectSchema:
    schema = object_of(
        "Account",
        "Account",
        "001",
        Field("Name", "string", label="Account Name", length=255, nillable=False),
        *address("Billing"),
        *address("Shipping"),
        text_field("Phone", 40, type_="phone"),
        text_field("Website", 255, type_="url"),
        text_field("AccountNumber", 40),
        long_text("Description"),
        reference("ParentId", "Account", "Parent"),
        reference("RecordTypeId", "RecordType", "RecordType"),
        reference("OwnerId", "User", "Owner"),
    )
    for child in (
        Child("Opportunities", "Opportunity", "AccountId"),
        Child("Contacts", "Contact", "AccountId"),
    ):
        schema.children[child.name.lower()] = child
    return schema


def sales_objects() -> Iterator[ObjectSchema]:
    yield _opportunity()
    yield _account()
    yield object_of(
        "Contact",
        "Contact",
        "003",
        reference("AccountId", "Account", "Account"),
        text_field("FirstName", 40),
        text_field("LastName", 80, required=True),
        Field("Name", "string", label="Full Name", length=121, createable=False, updateable=False),
        text_field("Email", 80, type_="email"),
        text_field("Phone", 40, type_="phone"),
        *address("Mailing"),
        reference("OwnerId", "User", "Owner"),
    )
    yield object_of(
        "OpportunityStage",
        "Opportunity Stage",
        "01J",
        text_field("MasterLabel"),
        text_field("ApiName"),
        checkbox("IsActive"),
        Field("SortOrder", "int", precision=9),
        checkbox("IsClosed"),
        checkbox("IsWon"),
        picklist("ForecastCategory"),
        picklist("ForecastCategoryName"),
        number("DefaultProbability", 3, 0, type_="percent"),
        text_field("Description"),
        read_only=True,
    )
    yield object_of(
        "OpportunityLineItem",
        "Opportunity Product",
        "00k",
        reference("OpportunityId", "Opportunity", "Opportunity", required=True, fixed=True),
        Field("SortOrder", "int", precision=9),
        reference("PricebookEntryId", "PricebookEntry", "PricebookEntry", fixed=True),
        reference("Product2Id", "Product2", "Product2", fixed=True),
        Field("ProductCode", "string", length=255, createable=False, updateable=False),
        Field("Name", "string", length=376, createable=False, updateable=False),
        Field("Quantity", "double", precision=12, scale=2, nillable=False),
        money("Subtotal", computed=True),
        money("TotalPrice"),
        money("UnitPrice", scale=4),  # an org may price in fractions of a cent
        money("ListPrice", computed=True),
        number("Discount", 5, 2, type_="percent"),
        Field("ServiceDate", "date"),
        text_field("Description"),
    )
    yield object_of(
        "OpportunityContactRole",
        "Opportunity Contact Role",
        "00K",
        reference("OpportunityId", "Opportunity", "Opportunity", required=True, fixed=True),
        reference("ContactId", "Contact", "Contact", required=True),
        picklist("Role"),
        checkbox("IsPrimary"),
    )
    flags = (checkbox("IsActive"), checkbox("IsStandard"))
    yield object_of("Pricebook2", "Price Book", "01s", text_field("Name", required=True), *flags)
    yield object_of(
        "Product2",
        "Product",
        "01t",
        text_field("Name", required=True),
        text_field("ProductCode"),
        text_field("Description", 4000, type_="textarea"),
        checkbox("IsActive"),
        picklist("Family"),
        text_field("StockKeepingUnit", 180),
    )
    yield object_of(
        "PricebookEntry",
        "Price Book Entry",
        "01u",
        text_field("Name"),
        reference("Pricebook2Id", "Pricebook2", "Pricebook2", required=True, fixed=True),
        reference("Product2Id", "Product2", "Product2", required=True, fixed=True),
        money("UnitPrice"),
        checkbox("IsActive"),
        text_field("ProductCode"),
    )

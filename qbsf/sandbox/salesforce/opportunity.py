"""What Salesforce itself sets on Opportunities and their products (salesforce.md section 4)."""

from collections.abc import Set as AbstractSet
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.schema import Row

CENT = Decimal("0.01")
FORECAST_CATEGORIES = {"Best Case": "BestCase", "Commit": "Forecast"}


def stage_named(database: Database, api_name: object) -> Row | None:
    """The OpportunityStage behind a StageName; the API matches by ApiName, active or not."""
    return next((row for row in database.table("OpportunityStage").rows() if row["ApiName"] == api_name), None)


def live_lines(database: Database, opportunity_id: str) -> list[Row]:
    lines = database.table("OpportunityLineItem").by_reference("OpportunityId", opportunity_id)
    return [row for row in lines if not row["IsDeleted"]]


def settle_opportunity(database: Database, row: Row, old: Row | None, given: AbstractSet[str], today: date) -> None:
    """Set the fields that follow from others: stage, close date, amount. `given` was named in this very save.

    An unknown stage is stored and wins nothing.
    """
    stage = stage_named(database, row["StageName"])
    row["IsClosed"] = bool(stage is not None and stage["IsClosed"])
    row["IsWon"] = bool(stage is not None and stage["IsWon"])
    if stage is not None and (old is None or old["StageName"] != row["StageName"]):
        if "Probability" not in given:
            row["Probability"] = stage["DefaultProbability"]
        if "ForecastCategoryName" not in given:
            row["ForecastCategoryName"] = stage["ForecastCategoryName"]
    category = str(row["ForecastCategoryName"] or "Pipeline")
    row["ForecastCategory"] = FORECAST_CATEGORIES.get(category, category)
    close_date = row["CloseDate"]
    has_just_closed = old is not None and row["IsClosed"] and not old["IsClosed"]
    if has_just_closed and "CloseDate" not in given and isinstance(close_date, date) and close_date > today:
        row["CloseDate"] = today
    lines = live_lines(database, str(row["Id"]))
    row["HasOpportunityLineItem"] = bool(lines)
    if lines:
        row["Amount"] = sum((_decimal(line["TotalPrice"]) for line in lines), Decimal())
    amount = row["Amount"]
    row["ExpectedRevenue"] = None if amount is None else _cents(_decimal(amount) * _decimal(row["Probability"]) / 100)


def settle_line(database: Database, row: Row, old: Row | None, given: AbstractSet[str]) -> None:
    """Prices and names of a product line: the total is after discount, so quantity times price is not always it."""
    entry = database.table("PricebookEntry").get(str(row["PricebookEntryId"]))
    if entry is not None:
        row["Product2Id"] = entry["Product2Id"]
        row["ListPrice"] = entry["UnitPrice"]
    product = database.table("Product2").get(str(row["Product2Id"]))
    opportunity = database.table("Opportunity").get(str(row["OpportunityId"]))
    if product is not None and opportunity is not None:
        row["ProductCode"] = product["ProductCode"]
        row["Name"] = f"{opportunity['Name']} {product['Name']}"
    quantity = _decimal(row["Quantity"])
    if old is None and "TotalPrice" in given and "UnitPrice" not in given and quantity:
        row["UnitPrice"] = _cents(_decimal(row["TotalPrice"]) / quantity)
    elif row["UnitPrice"] is None:
        row["UnitPrice"] = row["ListPrice"]
    row["Subtotal"] = _cents(quantity * _decimal(row["UnitPrice"]))
    if "TotalPrice" not in given:
        row["TotalPrice"] = _cents(_decimal(row["Subtotal"]) * (100 - _decimal(row["Discount"])) / 100)


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal()


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)

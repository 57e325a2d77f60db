"""What a write makes of an Opportunity's row."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from qbsf.core.case import CLOSE_DATE, STAGE
from qbsf.model import FieldValue, Opportunity
from qbsf.sync.context import Context


def after(row: Opportunity, changes: Mapping[str, FieldValue], context: Context) -> Opportunity:
    """The row as it will be when the changes have landed; what Salesforce does beside them is seen when it is read
    again.
    """
    fields = {**row.fields, **{name: value for name, value in changes.items() if name in row.fields}}
    stage = next((s for s in context.lookups.stages if s.api_name == changes.get(STAGE)), None)
    if stage is None:
        return replace(row, fields=fields)
    # A deal that closes in advance is closed today, in UTC (salesforce.md section 4).
    close_date = row.close_date
    explicit = changes.get(CLOSE_DATE)
    if isinstance(explicit, date):
        close_date = explicit
    elif stage.is_closed and not row.is_closed and close_date is not None:
        close_date = min(close_date, context.now.date())
    moved = {"stage": stage.api_name, "is_closed": stage.is_closed, "is_won": stage.is_won, "close_date": close_date}
    return Opportunity(**{**vars(row), **moved, "fields": fields})

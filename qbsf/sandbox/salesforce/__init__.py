"""The simulated Salesforce: OAuth, REST, SOQL and the behaviour of records (shared/reference/salesforce.md)."""

from qbsf.sandbox.salesforce.org import SalesforceOrg
from qbsf.sandbox.salesforce.state import OrgOptions

__all__ = ["OrgOptions", "SalesforceOrg"]

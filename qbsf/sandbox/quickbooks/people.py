"""What people do in the company's books, and what a test does to it: the sandbox's `books`.

Money is Decimal or text, a date is a date or ISO text, and what was made is returned by its id. A mistake that
QuickBooks would not let a person make is a ValueError.
"""

from qbsf.sandbox.quickbooks.people_payments import PaymentPeople
from qbsf.sandbox.quickbooks.people_sales import SalesPeople
from qbsf.sandbox.quickbooks.people_sandbox import SandboxPeople


class Books(SalesPeople, PaymentPeople, SandboxPeople):
    """The people of one company."""

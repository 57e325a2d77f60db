"""qbsf: paid QuickBooks Online invoices reach their Salesforce Opportunities."""

__version__ = "0.1.0"

"""QuickBooks Online's Accounting API."""

"""`qbsf invoice`: an Opportunity that reaches the invoicing stage becomes one QuickBooks invoice, never two."""

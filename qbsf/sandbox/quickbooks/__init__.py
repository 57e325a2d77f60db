"""The simulated QuickBooks Online: a company's books, its API and Intuit's OAuth server."""

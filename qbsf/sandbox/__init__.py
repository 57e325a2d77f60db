"""The built-in sandbox: simulated QuickBooks and Salesforce servers on loopback, for `qbsf demo` and the tests.

Imported by nothing else: the product reaches them as it reaches the real ones, by their real host names, through
HTTPS_PROXY and REQUESTS_CA_BUNDLE.
"""

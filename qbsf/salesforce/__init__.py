"""Salesforce's REST API, over simple-salesforce."""

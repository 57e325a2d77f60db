"""The script as people write it, with python-quickbooks and simple-salesforce: `python naive.py access.json`.

It remembers nothing: every pass looks at every linked Opportunity, its invoice and its payments again, one request
each, and updates what differs, one request each.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.payment import Payment
from quickbooks.objects.paymentmethod import PaymentMethod
from simple_salesforce.api import Salesforce, SFType


def main(access: dict[str, Any]) -> None:
    auth = AuthClient(
        client_id=access["client_id"],
        client_secret=access["client_secret"],
        access_token=access["access_token"],
        refresh_token=access["refresh_token"],
        redirect_uri=access["redirect_uri"],
        environment="sandbox",
    )
    qb = QuickBooks(auth_client=auth, company_id=access["realm_id"], minorversion=75)
    sf = Salesforce(
        consumer_key=access["consumer_key"],
        consumer_secret=access["consumer_secret"],
        domain=access["instance_url"].removeprefix("https://").removesuffix(".salesforce.com"),
        version="66.0",
    )
    methods = {method.Id: method.Name for method in PaymentMethod.all(qb=qb)}
    opportunities = sf.query_all(
        "SELECT Id, StageName, QB_Invoice_ID__c, QB_Payment_Amount__c, QB_Payment_Date__c, QB_Payment_Method__c, "
        "QB_Payment_Reference__c FROM Opportunity WHERE QB_Invoice_ID__c != null"
    )["records"]
    for opportunity in opportunities:
        invoice = Invoice.get(opportunity["QB_Invoice_ID__c"], qb=qb)
        if invoice.Balance > 0:
            continue
        payments = [Payment.get(link.TxnId, qb=qb) for link in invoice.LinkedTxn if link.TxnType == "Payment"]
        if not payments:
            continue
        amounts = [
            line.Amount
            for payment in payments
            for line in payment.Line
            for link in line.LinkedTxn
            if link.TxnId == invoice.Id
        ]
        values = {
            "StageName": "Closed Won",
            "QB_Payment_Amount__c": round(sum(amounts), 2),
            "QB_Payment_Date__c": max(payment.TxnDate for payment in payments),
            "QB_Payment_Method__c": ", ".join(methods[payment.PaymentMethodRef.value] for payment in payments),
            "QB_Payment_Reference__c": ", ".join(payment.PaymentRefNum for payment in payments),
        }
        changed = {name: value for name, value in values.items() if opportunity[name] != value}
        if changed:
            cast("SFType", sf.Opportunity).update(opportunity["Id"], changed)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))

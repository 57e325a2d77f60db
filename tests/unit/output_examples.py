"""A report and a status as a user would meet them, shared by the tests of what is printed."""

from datetime import UTC, datetime, timedelta, timezone

from qbsf.report import (
    AttentionItem,
    Change,
    Failure,
    InvoiceView,
    LastRun,
    PaymentView,
    Problem,
    QuickBooksStatus,
    Record,
    Report,
    Requests,
    Run,
    SalesforceStatus,
    Status,
    Summary,
)

NOW = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)
VIENNA = timezone(timedelta(hours=1))
WON_ID = "006XX0000000001AAA"
LOST_ID = "006XX0000000002AAA"
HELD_ID = "006XX0000000003AAA"

RUN = Run(
    id="20261122T080000Z-1",
    profile="default",
    mode="incremental",
    dry_run=False,
    complete=True,
    started_at=datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC),
    finished_at=NOW,
)
WON = Record(
    outcome="updated",
    reason="paid",
    opportunity_id=WON_ID,
    opportunity_name="Acme: 200 widgets",
    account="Acme Inc.",
    customer="Acme Incorporated",
    invoices=(InvoiceView("2052", "2052", "2750.00", "0.00", "EUR"),),
    payments=(PaymentView("187", "2025-08-25", "2750.00", "Test Payment", "Manual Test Update"),),
    matched_by="invoice_id",
    changes={
        "StageName": Change("Proposal and Agreement", "Closed Won"),
        "QB_Payment_Amount__c": Change(None, "2750.00"),
    },
)
LOST = Record(
    outcome="skipped",
    reason="closed_lost",
    opportunity_id=LOST_ID,
    opportunity_name="Beta renewal",
    account="Beta Ltd",
    customer="Beta",
    invoices=(InvoiceView("2053", "2053", "100.00", "0.00", "EUR"),),
    matched_by="invoice_number",
)
REFUSED = Record(
    outcome="failed",
    reason="rejected",
    opportunity_id=HELD_ID,
    opportunity_name="Gamma",
    invoices=(InvoiceView("2054", "2054", "100.00", "0.00", "EUR"),),
    error=Failure("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A won deal needs a contract."),
)
REPORT = Report(
    run=RUN,
    summary=Summary(examined=3, updated=1, unchanged=0, skipped=1, failed=1),
    requests=Requests(quickbooks=2, salesforce=2),
    records=(WON, LOST, REFUSED),
    warnings=("QB_Payment_Reference__c was cut to 80 characters.",),
    exit_code=1,
)
IDLE = Report(run=RUN, summary=Summary(), requests=Requests(1, 1))

STATUS = Status(
    profile="default",
    healthy=True,
    problems=(),
    quickbooks=QuickBooksStatus(
        authorized=True,
        realm_id="9341453",
        environment="production",
        access_token_expires_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        refresh_token_expires_at=datetime(2027, 3, 3, 8, 0, tzinfo=UTC),
        refresh_token_days_left=101,
        grant_expires_at=None,
    ),
    salesforce=SalesforceStatus(
        instance_url="https://acme.my.salesforce.com",
        organization_id="00DXX0000000001AAA",
        flow="client_credentials",
        last_login_at=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
    ),
    last_run=LastRun(RUN, REPORT.summary, REPORT.requests, exit_code=1),
    last_success_at=NOW,
    attention=(AttentionItem(LOST, since=datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),),
    authorization_needed=False,
)
EXPIRING = Problem("grant_ends", "The QuickBooks grant ends in 5 days.", "Run: qbsf auth quickbooks")

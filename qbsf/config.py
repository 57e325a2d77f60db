"""The configuration as frozen values, one class a TOML table (shared/interface.md). Reading it is in config_file.py.

An empty text means "left out", as in the file; everything here is already checked for type and value.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

Way = Literal["invoice_id", "invoice_number", "opportunity_id"]
WAYS: tuple[Way, ...] = ("invoice_id", "invoice_number", "opportunity_id")


@dataclass(frozen=True)
class QuickBooksConfig:
    client_id: str
    environment: Literal["production", "sandbox"] = "production"
    redirect_uri: str = "http://localhost:8765/callback"


@dataclass(frozen=True)
class SalesforceConfig:
    instance_url: str
    client_id: str
    flow: Literal["client_credentials", "jwt"] = "client_credentials"
    username: str = ""
    private_key_file: str = ""
    api_version: str = "66.0"
    currency: str = ""


@dataclass(frozen=True)
class MatchConfig:
    by: tuple[Way, ...] = WAYS


@dataclass(frozen=True)
class FieldsConfig:
    """Opportunity API names; "" leaves one out."""

    invoice_id: str = "QB_Invoice_ID__c"
    invoice_number: str = "QB_Invoice_Number__c"
    payment_date: str = "QB_Payment_Date__c"
    payment_amount: str = "QB_Payment_Amount__c"
    payment_method: str = "QB_Payment_Method__c"
    payment_reference: str = "QB_Payment_Reference__c"
    payment_link: str = "QB_Payment_Link__c"
    payment_status: str = ""
    invoice_total: str = ""
    invoice_balance: str = ""
    company: str = ""


StageFieldValue = str | bool | int | Decimal


@dataclass(frozen=True)
class StagesConfig:
    paid: str = "Closed Won"
    from_: tuple[str, ...] = ()
    partially_paid: str = ""
    reversed: str = ""
    require_amount: bool = False
    close_date: Literal["keep", "payment_date"] = "keep"
    by_record_type: tuple[tuple[str, str], ...] = ()
    """(RecordType DeveloperName, won stage) pairs."""
    set_: tuple[tuple[str, StageFieldValue], ...] = ()
    """(field API name, value) pairs set when a deal is won."""


@dataclass(frozen=True)
class KeepApiCalls:
    """How much of Salesforce's daily allowance is left to others: a share of it, or a number of calls."""

    share: Decimal | None = Decimal("0.10")
    calls: int = 0

    def floor(self, allowance: int) -> int:
        """The number of remaining calls below which a pass does not start."""
        return self.calls if self.share is None else int(allowance * self.share)


@dataclass(frozen=True)
class SyncConfig:
    start_date: date | None = None
    record_partial_payments: bool = True
    max_credit_share: Decimal = Decimal("0.50")
    """As a fraction of the invoice's total: "50%" in the file is 0.50 here."""
    full_every_hours: int = 24
    look_back_days: int = 90
    time_limit_seconds: int = 240
    keep_api_calls: KeepApiCalls = field(default_factory=KeepApiCalls)
    max_wins: int = 100
    max_reversals: int = 20
    max_changes: int = 500
    allow_sandbox_to_production: bool = False


@dataclass(frozen=True)
class InvoicingConfig:
    stage: str = "Proposal and Agreement"
    tax_code: str = ""
    item: str = ""
    max_new_invoices: int = 10


@dataclass(frozen=True)
class SecretsConfig:
    store: Literal["keyring", "file"] = "keyring"
    file: str = ""


@dataclass(frozen=True)
class AlertsConfig:
    command: str = ""
    webhook_url: str = ""
    on_paid: bool = False
    heartbeat_url: str = ""
    stale_after_minutes: int = 30
    remind_hours: int = 24

    @property
    def any_channel(self) -> bool:
        """Whether anybody is told by other means than output and exit code."""
        return bool(self.command or self.webhook_url or self.heartbeat_url)


@dataclass(frozen=True)
class LogConfig:
    file: str = ""
    history_days: int = 400


@dataclass(frozen=True)
class Config:
    """One profile: one QuickBooks company with one Salesforce org."""

    quickbooks: QuickBooksConfig
    salesforce: SalesforceConfig
    name: str = "default"
    match: MatchConfig = field(default_factory=MatchConfig)
    fields: FieldsConfig = field(default_factory=FieldsConfig)
    stages: StagesConfig = field(default_factory=StagesConfig)
    sync: SyncConfig = field(default_factory=SyncConfig)
    invoicing: InvoicingConfig = field(default_factory=InvoicingConfig)
    secrets: SecretsConfig = field(default_factory=SecretsConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    log: LogConfig = field(default_factory=LogConfig)
    path: Path | None = None
    """The file it was read from."""

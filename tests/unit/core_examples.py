"""Records as the core sees them, with defaults of one story: invoice 2052 over EUR 2,750.00, paid by payment 187."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from qbsf.config import FieldsConfig, StagesConfig, Way
from qbsf.core.case import STAGE, Case, Decision, Hold, Move, Own, Rules
from qbsf.core.decision import decide
from qbsf.core.fields import OwnValues
from qbsf.core.links import Links
from qbsf.core.states import BookRules, Money, account_of, combine
from qbsf.model import FieldInfo, FieldValue, Invoice, Opportunity, Payment, PaymentLine

OPPORTUNITY_ID = "006XX0000000001AAA"
OTHER_OPPORTUNITY_ID = "006XX0000000002AAA"
OPEN, PARTLY, WON, REVERSED, LOST = "Proposal", "Partly paid", "Closed Won", "Payment reversed", "Closed Lost"

ID, NUMBER = "QB_Invoice_ID__c", "QB_Invoice_Number__c"
AMOUNT, DATE = "QB_Payment_Amount__c", "QB_Payment_Date__c"
METHOD, REFERENCE = "QB_Payment_Method__c", "QB_Payment_Reference__c"
STATUS, TOTAL, BALANCE = "QB_Status__c", "QB_Total__c", "QB_Balance__c"

INVOICED = date(2025, 8, 1)
PAID_ON = date(2025, 8, 25)
MONEY = Decimal("2750.00")


def noon(day: date) -> datetime:
    """An instant on that day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def invoice(
    invoice_id: str = "2052",
    *,
    number: str | None = None,
    total: str = "2750.00",
    balance: str = "0.00",
    deposit: str = "0.00",
    currency: str = "",
    voided: bool = False,
    txn_date: date = INVOICED,
) -> Invoice:
    """An invoice, settled unless a balance is given; its number is its id unless one is given."""
    return Invoice(
        id=invoice_id,
        number=invoice_id if number is None else number,
        txn_date=txn_date,
        total=Decimal(total),
        balance=Decimal(balance),
        deposit=Decimal(deposit),
        currency=currency,
        customer="Acme Incorporated",
        voided=voided,
        payment_ids=(),
        opportunity_ids=(),
        bill_email=False,
        created=noon(txn_date),
        updated=noon(txn_date),
    )


def line(txn_type: str, amount: str | Decimal, txn_id: str = "2052") -> PaymentLine:
    return PaymentLine(Decimal(amount), txn_type, txn_id)


def payment(
    *lines: PaymentLine,
    payment_id: str = "187",
    total: str | Decimal | None = None,
    unapplied: str = "0.00",
    currency: str = "",
    method_id: str = "",
    method: str = "Test Payment",
    reference: str = "Manual Test Update",
    txn_date: date = PAID_ON,
    entered: date | None = None,
) -> Payment:
    """A payment of these lines, by default one of 2,750.00 on invoice 2052; its total is what its lines sum up to."""
    lines = lines or (line("Invoice", "2750.00"),)
    signed = (-each.amount if each.txn_type in ("CreditMemo", "Deposit") else each.amount for each in lines)
    return Payment(
        id=payment_id,
        txn_date=txn_date,
        total=sum(signed, Decimal(unapplied)) if total is None else Decimal(total),
        unapplied=Decimal(unapplied),
        currency=currency,
        customer="Acme Incorporated",
        method_id=method_id,
        method_name=method,
        reference=reference,
        lines=lines,
        created=noon(entered or txn_date),
        updated=noon(entered or txn_date),
    )


def books(max_credit_share: str = "0.50", method_names: Mapping[str, str] | None = None) -> BookRules:
    return BookRules("EUR", Decimal(max_credit_share), method_names or {})


def money(*payments: Payment, of: Invoice | None = None, rules: BookRules | None = None) -> Money:
    """What one invoice (2052, settled, unless given) received, as an Opportunity would be told."""
    return combine([account_of(of or invoice(), payments, rules or books())])


PAID = money(payment())
HALF = money(payment(line("Invoice", "1000.00")), of=invoice(balance="1750.00"))
UNPAID = money(of=invoice(balance="2750.00"))
VOIDED = money(of=invoice(total="0.00", voided=True))
BY_CREDIT = money(payment(line("Invoice", "2750.00"), line("CreditMemo", "2750.00", "68")))
MOSTLY_CREDIT = money(payment(line("Invoice", "2750.00"), line("CreditMemo", "2000.00", "68")))


def held(facts: Money) -> dict[str, FieldValue]:
    """The payment fields as they tell these facts."""
    return {
        AMOUNT: facts.amount or None,
        DATE: facts.date,
        METHOD: ", ".join(facts.methods) or None,
        REFERENCE: ", ".join(facts.references) or None,
    }


def opportunity(
    stage: str = OPEN,
    fields: Mapping[str, FieldValue] | None = None,
    *,
    amount: str | None = None,
    close_date: date | None = None,
    currency: str = "",
    record_type: str = "",
) -> Opportunity:
    """An Opportunity that names invoice 2052 by id and number, without a payment unless `fields` tells one."""
    blank: dict[str, FieldValue] = dict.fromkeys((AMOUNT, DATE, METHOD, REFERENCE, STATUS, TOTAL, BALANCE))
    return Opportunity(
        id=OPPORTUNITY_ID,
        name="Acme: 200 widgets",
        stage=stage,
        is_closed=stage in (WON, LOST),
        is_won=stage == WON,
        amount=None if amount is None else Decimal(amount),
        close_date=close_date,
        currency=currency,
        account_id="001XX0000000001AAA",
        account_name="Acme Inc.",
        record_type=record_type,
        fields={ID: "2052", NUMBER: "2052", **blank, **(fields or {})},
        modified_by="Pat Person",
        modified_by_id="005XX0000000001AAA",
        system_modstamp=noon(PAID_ON),
    )


def field_info(name: str, *, length: int = 0, scale: int = 0) -> FieldInfo:
    return FieldInfo(
        name, "string", length=length, scale=scale, precision=18, updateable=True, filterable=True, unique=False
    )


def own(
    facts: Money | None = None,
    *,
    won: bool = False,
    stage: str = "",
    values: Mapping[str, FieldValue] | None = None,
    method_ids: tuple[str, ...] = (),
) -> Own:
    """What qbsf did: it wrote these facts, and with `won` it moved the deal of invoice 2052 to Closed Won."""
    written = {**(held(facts) if facts is not None else {}), **(values or {})}
    moves = frozenset({Move("paid", frozenset({"2052"}))}) if won else frozenset[Move]()
    moved_to = stage or (WON if won else "")
    return Own(known=True, values=OwnValues(written, method_ids), moves=moves, stage=moved_to)


def links(*invoice_ids: str, way: Way = "invoice_id", unknown: tuple[str, ...] = ()) -> Links:
    return Links(way, invoice_ids or ("2052",), unknown=unknown)


def rules(
    fields: FieldsConfig | None = None,
    stages: StagesConfig | None = None,
    infos: Mapping[str, FieldInfo] | None = None,
    *,
    start_date: date | None = None,
    record_partial_payments: bool = True,
) -> Rules:
    return Rules(
        fields=fields or FieldsConfig(),
        stages=stages or StagesConfig(),
        infos=infos or {},
        org_currency="EUR",
        start_date=start_date,
        record_partial_payments=record_partial_payments,
    )


WITH_MIRRORS = FieldsConfig(payment_status=STATUS, invoice_total=TOTAL, invoice_balance=BALANCE)


def decided(
    row: Opportunity,
    facts: Money | None,
    known: Own | None = None,
    by: Rules | None = None,
    *,
    found: Links | None = None,
    hold: Hold = "none",
) -> Decision:
    """What is decided about a row, with nothing known of own writes unless given."""
    return decide(Case(row, found or links(), facts, own=known or Own(), hold=hold), by or rules())


def carried_out(case: Case, decision: Decision, by: Rules) -> Case:
    """The world after the decision: the row shows what was sent, and qbsf knows that it wrote it."""
    row, known, changes = case.opportunity, case.own, decision.changes
    stage = str(changes.get(STAGE, row.stage))
    written = {name: value for name, value in changes.items() if name != STAGE}
    shown = {name: value for name, value in written.items() if name in row.fields}
    is_paid_for = bool(changes.keys() & {by.fields.payment_amount, by.fields.payment_date, by.fields.payment_method})
    moves = frozenset[Move]() if decision.kind == "reversal" else known.moves
    close_date = changes.get("CloseDate", row.close_date)
    return replace(
        case,
        opportunity=replace(
            row,
            stage=stage,
            is_closed=stage in (WON, LOST),
            is_won=stage == WON,
            close_date=close_date if isinstance(close_date, date) else None,
            fields={**row.fields, **shown},
        ),
        own=replace(
            known,
            known=known.known or is_paid_for or STAGE in changes,
            values=OwnValues(
                {**known.values.values, **written},
                case.money.method_ids if is_paid_for and case.money else known.values.method_ids,
            ),
            moves=moves | {decision.move} if decision.move else moves,
            stage=stage if STAGE in changes else known.stage,
        ),
    )

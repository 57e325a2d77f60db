"""A day's business in both systems: what a first pass finds, what then changes, and how to compare two such worlds."""

from datetime import timedelta
from decimal import Decimal

from program.installation import Installation

Row = dict[str, object]
Written = tuple[str, tuple[tuple[str, str], ...]]
"""An Opportunity's name, and what one save of it changed: (field, new value)."""

COMPARED = ("StageName", "CloseDate", "IsWon", "IsClosed", "Amount")


def open_business(qbsf: Installation) -> None:
    """Deals of every kind, with money that came before the first pass."""
    books = qbsf.books
    paid = books.add_invoice("Acme", "1000.00")
    qbsf.deal("Paid", invoice=paid)
    books.receive_payment([paid], date="2026-11-20", method="Check", reference="R-1")
    part = books.add_invoice("Acme", "600.00")
    qbsf.deal("Partly paid", invoice=part)
    books.receive_payment({part: "200.00"}, date="2026-11-19", method="Cash", reference="R-2")
    first, second = books.add_invoice("Beta", "300.00"), books.add_invoice("Beta", "400.00")
    qbsf.deal("Two invoices", invoice=f"{first}, {second}")
    books.receive_payment([first, second], date="2026-11-18", method="Wire", reference="R-3")
    numbered = books.add_invoice("Gamma", "50.00", number="N-50")
    qbsf.deal("By number", number="N-50")
    books.receive_payment([numbered], date="2026-11-17", reference="R-4")
    noted = qbsf.deal("By note")
    books.receive_payment([books.add_invoice("Gamma", "75.00", private_note=f"for {noted}")], date="2026-11-21")
    lost = books.add_invoice("Delta", "10.00")
    qbsf.deal("Lost", invoice=lost, stage="Closed Lost")
    books.receive_payment([lost], date="2026-11-16")
    qbsf.deal("Not paid", invoice=books.add_invoice("Delta", "20.00"))
    qbsf.clock.advance(timedelta(minutes=20))


def change_business(qbsf: Installation) -> None:
    """What happens between two passes: money comes and goes, deals are linked late, tokens and sessions end."""
    books = qbsf.books
    deals = {str(row["Name"]): str(row["Id"]) for row in rows(qbsf)}
    invoice = {name: str(qbsf.field(deal, "QB_Invoice_ID__c")) for name, deal in deals.items()}
    qbsf.clock.advance(timedelta(hours=2))
    books.void_payment(_payment_of(qbsf, invoice["Paid"]))
    books.receive_payment([invoice["Partly paid"]], date="2026-11-22", method="Visa", reference="R-5")
    books.delete_payment(_payment_of(qbsf, invoice["By number"]))
    books.edit_payment(_payment_of(qbsf, invoice["By note"]), reference="R-6")
    books.receive_payment([invoice["Not paid"]], date="2026-11-22", method="Check", reference="R-7")
    late = books.add_invoice("Late", "80.00")
    books.receive_payment([late], date="2026-11-22", reference="R-8")
    qbsf.deal("Linked late", invoice=late)
    noted = qbsf.deal("Noted late")
    books.receive_payment([books.add_invoice("Late", "90.00", private_note=noted)], date="2026-11-22")
    books.receive_payment([books.add_invoice("Nobody", "5.00")])
    books.expire_access_tokens()
    qbsf.org.expire_sessions()


def ruled_business(qbsf: Installation) -> None:
    """Money for deals that Salesforce does not simply take: one breaks a rule when it is won, one's row is locked."""
    for name in ("Plain", "Ruled", "Locked", "Plain too"):
        paid_deal(qbsf, name)
    refuse_to_win(qbsf, "Ruled")
    qbsf.org.lock_rows(deal_named(qbsf, "Locked"), tries=2)
    qbsf.books.expire_access_tokens()
    qbsf.clock.advance(timedelta(minutes=20))


def sinking_business(qbsf: Installation) -> None:
    """Money for deals of which one makes a flow throw, which takes all of its chunk with it."""
    for name in ("One", "Two", "Sinking", "Four", "Five"):
        paid_deal(qbsf, name)
    sink(qbsf, "Sinking")
    qbsf.clock.advance(timedelta(minutes=20))


def refuse_to_win(qbsf: Installation, name: str) -> None:
    """A validation rule that one deal breaks when it is won."""
    qbsf.org.add_validation_rule(
        lambda row: row["Name"] == name and row["IsWon"] is True, "Say why it was won", fields=("StageName",)
    )


def sink(qbsf: Installation, name: str) -> None:
    """A flow that throws whenever one deal is saved with a payment."""
    qbsf.org.add_failing_flow(lambda row: row["Name"] == name and row["QB_Payment_Amount__c"] is not None)


def deal_named(qbsf: Installation, name: str) -> str:
    return next(str(row["Id"]) for row in rows(qbsf) if row["Name"] == name)


def paid_deal(qbsf: Installation, name: str) -> str:
    invoice = qbsf.books.add_invoice("Acme", "100.00")
    qbsf.books.receive_payment([invoice], date="2026-11-20", reference=name)
    return qbsf.deal(name, invoice=invoice)


def rows(qbsf: Installation) -> list[Row]:
    """Every Opportunity, oldest first."""
    ids = dict.fromkeys(save.record_id for save in qbsf.org._database.saves if save.object_name == "Opportunity")
    return [dict(qbsf.org.get(each)) for each in ids]


def world_of(qbsf: Installation) -> dict[str, Row]:
    """What a person sees of every Opportunity."""
    return {
        str(row["Name"]): {name: value for name, value in row.items() if name in COMPARED or name.startswith("QB_")}
        for row in rows(qbsf)
    }


def written(qbsf: Installation) -> list[Written]:
    """Every save that qbsf made."""
    return sorted(
        (
            str(qbsf.field(save.record_id, "Name")),
            tuple(sorted((name, _text(new)) for name, (_, new) in save.changes.items())),
        )
        for save in qbsf.org.api_saves()
    )


def _payment_of(qbsf: Installation, invoice_id: str) -> str:
    with qbsf.books.company.moment():
        invoice = qbsf.books.company.invoices.get(invoice_id)
        assert invoice is not None
        return min(invoice.links, key=int)


def _text(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)

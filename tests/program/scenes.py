"""A scene: one Opportunity with the invoice it names, and what befalls them. For tests of what is written."""

from datetime import timedelta
from typing import Any

from program.installation import Installation

QUIET = ("", "")
"""The outcome and reason of a pass that had nothing to say about the deal."""
TELLING = {"QB_Payment_Amount__c": "1000.00", "QB_Payment_Date__c": "2026-03-02"}
"""Payment fields that tell of 1,000.00 received on 2 March."""


class Scene:
    """`deal` names `invoice` by id and number, unless other names are given, so that nothing is left to fill in.
    `record` is the deal's record in the last pass's report.
    """

    def __init__(
        self,
        qbsf: Installation,
        total: str = "1000.00",
        *,
        currency: str = "",
        invoice_of: str = "Acme Corp",
        **fields: Any,
    ) -> None:
        self.qbsf = qbsf
        self.invoice = qbsf.books.add_invoice(invoice_of, total, currency=currency)
        self.number = str(qbsf.books.invoice(self.invoice)["DocNumber"])
        if not {"invoice", "number"} & set(fields):
            fields |= {"invoice": self.invoice, "number": self.number}
        self.deal = qbsf.deal(**fields)
        self.record: dict[str, Any] | None = None

    def pay(
        self,
        amount: str | None = None,
        *,
        date: str = "2026-03-02",
        method: str = "Check",
        reference: str = "R-1",
    ) -> str:
        """Money for the invoice, all that is open unless said otherwise."""
        paid = [self.invoice] if amount is None else {self.invoice: amount}
        return self.qbsf.books.receive_payment(paid, date=date, method=method, reference=reference)

    def credit(self, amount: str) -> None:
        """A credit memo over this amount, applied to the invoice."""
        self.qbsf.books.apply_credit(self.qbsf.books.add_credit_memo(total=amount), self.invoice)

    def edit(self, **fields: Any) -> None:
        """A person edits the deal, seconds later: modstamps have whole seconds."""
        self.qbsf.clock.advance(timedelta(seconds=2))
        self.qbsf.org.edit(self.deal, **fields)

    def sync(self, *words: str, expect: int = 0) -> tuple[str, str]:
        """One pass; (outcome, reason) of the deal's record, QUIET where the pass did not look at it."""
        outcome = self.qbsf.sync("-v", *words, expect=expect)
        mine = [each for each in outcome.records if each["opportunity_id"] == self.deal]
        assert len(mine) <= 1, mine
        self.record = mine[0] if mine else None
        return (mine[0]["outcome"], mine[0]["reason"]) if mine else QUIET

    @property
    def changes(self) -> set[str]:
        """The fields that the last record says were changed."""
        return set() if self.record is None else set(self.record["changes"])

    @property
    def error_code(self) -> str | None:
        """What Salesforce said of the deal in the last pass."""
        error = None if self.record is None else self.record["error"]
        return None if error is None else str(error["code"])

    @property
    def stage(self) -> str:
        return self.qbsf.stage(self.deal)

    @property
    def facts(self) -> tuple[str | None, ...]:
        """(amount, date, method, reference)"""
        return self.qbsf.payment_fields(self.deal)

    @property
    def amount(self) -> str | None:
        return self.facts[0]

    @property
    def writes(self) -> int:
        return self.qbsf.writes(self.deal)

    @property
    def waits(self) -> str | None:
        """Why the deal waits for a person, by `qbsf status`; None where it does not."""
        item = self.attention
        return None if item is None else str(item["reason"])

    @property
    def attention(self) -> dict[str, Any] | None:
        """The deal's item under `attention` of `qbsf status --json`."""
        document = self.qbsf.run("status", "--json").json
        mine = [each for each in document["attention"] if each["opportunity_id"] == self.deal]
        assert len(mine) <= 1, mine
        return mine[0] if mine else None


NOTHING = (None, None, None, None)
"""Payment fields that tell of nothing."""


def paid_scene(qbsf: Installation, total: str = "1000.00", **fields: Any) -> tuple[Scene, str]:
    """A deal that qbsf has just won, and the payment that paid its invoice."""
    scene = Scene(qbsf, total, **fields)
    payment = scene.pay()
    assert scene.sync() == ("updated", "paid")
    assert scene.stage == "Closed Won"
    return scene, payment


def later(qbsf: Installation, *, hours: float = 0, minutes: float = 0) -> None:
    """The servers' clocks go on."""
    qbsf.clock.advance(timedelta(hours=hours, minutes=minutes))

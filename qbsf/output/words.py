"""The human sentence for each `reason` of a record (shared/interface.md): why, and what a person should do.

One place for them: Record.note, the tables, the plain lines and the alerts all take them from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """Why a record stands as it does; `todo` is empty where nobody has to do anything."""

    why: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.why} {self.todo}".strip()


SENTENCES: dict[str, Sentence] = {
    # updated
    "paid": Sentence("Paid in QuickBooks."),
    "partially_paid": Sentence("Part of it is paid in QuickBooks."),
    "payment_changed": Sentence("The payment changed in QuickBooks; its fields were brought up to date."),
    "linked": Sentence("The invoice it belongs to was filled in."),
    "reversed": Sentence(
        "The payment was taken back in QuickBooks, and with it what qbsf had written.",
        "Decide where the stage of this deal belongs.",
    ),
    "balance_due": Sentence(
        "The invoice was raised after it was paid: the deal is won and money is still owed.",
        "Ask the customer for the rest, or correct the invoice.",
    ),
    "settled_by_credit": Sentence(
        "The invoice was settled by credit, not by money.",
        "Decide whether this deal is won; qbsf does not move its stage.",
    ),
    "reopened": Sentence(
        "Somebody reopened the deal after qbsf had won it.",
        "Close it again by hand when it is settled; qbsf moves a stage only once.",
    ),
    # unchanged
    "in_step": Sentence("Salesforce already says what QuickBooks says."),
    # skipped
    "not_paid": Sentence("No payment to record yet."),
    "no_opportunity": Sentence("No Opportunity names this invoice."),
    "before_start": Sentence("Settled before start_date; left alone."),
    "voided": Sentence("The invoice is voided or deleted in QuickBooks."),
    "zero_total": Sentence("The invoice has a total of zero."),
    "inconsistent": Sentence(
        "QuickBooks was changing this invoice while it was read; the next pass reads it again.",
        "If it stays so for a day, look at the invoice in QuickBooks.",
    ),
    "held_back": Sentence(
        "Salesforce refused this record before; it is not tried again until something changes.",
        "Mend what Salesforce named, or run qbsf sync --invoice NUMBER to try at once.",
    ),
    "braked": Sentence(
        "This pass would have changed more Opportunities than the brake allows.",
        "Look at qbsf sync --dry-run; if it is right, run qbsf sync --allow-large.",
    ),
    "closed_lost": Sentence(
        "Money arrived for a deal that is closed as lost.",
        "Reopen the deal, or correct the invoice it names.",
    ),
    "ambiguous_opportunity": Sentence(
        "Several Opportunities name the same invoice.",
        "Leave the invoice in one of them (a cloned deal copies the field).",
    ),
    "ambiguous_invoice": Sentence(
        "Several QuickBooks invoices share this number.",
        "Put the QuickBooks id of the right one in the invoice-id field.",
    ),
    "link_conflict": Sentence(
        "The invoice-id field and the invoice-number field name different invoices.",
        "Clear or correct one of the two.",
    ),
    "late_invoice": Sentence(
        "A further invoice names this deal after its payment was recorded.",
        "If it belongs here, add it to the invoice field; else take the Opportunity id out of the invoice.",
    ),
    "currency_mismatch": Sentence(
        "The currencies of the invoice and the Opportunity (or of its invoices) differ.",
        "Correct the currency, or the invoice it names.",
    ),
    "unknown_invoice": Sentence(
        "QuickBooks has no such invoice.",
        "Correct the invoice the Opportunity names.",
    ),
    "unexplained": Sentence(
        "The amounts of a payment do not add up, so nothing was written.",
        "Look at the payment in QuickBooks.",
    ),
    "not_ours": Sentence(
        "A person's value stands where the payment belongs, and qbsf takes back only its own.",
        "Correct the field by hand, or clear it and let qbsf fill it.",
    ),
    "contested": Sentence(
        "Somebody or something keeps changing back what qbsf writes.",
        "Find the flow or person that does; qbsf has stopped writing this record.",
    ),
    # failed
    "rejected": Sentence(
        "Salesforce refused the change.",
        "Mend what it names, then run qbsf sync --invoice NUMBER to try at once.",
    ),
    "unavailable": Sentence("Salesforce could not take the change now; the next pass tries again."),
}


def note(reason: str) -> str:
    """The sentence for `reason`; the reason itself, in words, where it has none."""
    sentence = SENTENCES.get(reason)
    return str(sentence) if sentence else reason.replace("_", " ")


def label(reason: str) -> str:
    """The reason as a table shows it: "closed lost"."""
    return reason.replace("_", " ")

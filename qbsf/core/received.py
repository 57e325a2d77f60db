"""What a payment brought to each invoice it settles (rules.md section 1).

A Payment's lines link it to other transactions; all amounts are positive and the side is told by the type. Only what
was received as money is cash: a payment that carries a credit memo brings its share, one of total 0 brings none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from qbsf.model import Payment, PaymentLine

CENT = Decimal("0.01")
ZERO = Decimal(0)

PAID_TYPES = frozenset({"Invoice", "Expense", "Check", "CreditCardCredit"})
CREDIT_TYPES = frozenset({"CreditMemo", "Deposit"})
JOURNAL_ENTRY = "JournalEntry"
_KNOWN_TYPES = PAID_TYPES | CREDIT_TYPES | {JOURNAL_ENTRY}

_MOST_SUMS = 100_000


@dataclass(frozen=True)
class Share:
    """What one payment did to one invoice: `applied` lowered its balance, of which `cash` is money (0..applied)."""

    applied: Decimal
    cash: Decimal


def shares_of(payment: Payment) -> dict[str, Share] | None:
    """The share of each invoice id in a payment; None for a payment that cannot be explained.

    Unexplained is one with a line of unknown type or a negative amount, or one that breaks the identity
    paid lines - credit lines + unapplied = total.
    """
    lines = [line for line in payment.lines if line.amount or line.txn_type]
    for line in lines:
        if line.txn_type not in _KNOWN_TYPES or line.amount < 0:
            return None
    paid = _paid_lines(payment, lines)
    if paid is None:
        return None
    deposits = sum([line.amount for line in lines if line.txn_type == "Deposit"], ZERO)
    money = max(payment.total - payment.unapplied + deposits, ZERO)
    shares: dict[str, Share] = {}
    for line, cash in zip(paid, spread(money, [line.amount for line in paid]), strict=True):
        if line.txn_type == "Invoice":
            before = shares.get(line.txn_id, Share(ZERO, ZERO))
            shares[line.txn_id] = Share(before.applied + line.amount, before.cash + cash)
    return shares


def spread(money: Decimal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """Spread money over lines in proportion to their amounts, to the cent, the rounding rest on the last line.

    Needs 0 <= money <= sum of amounts; each share then lies between 0 and its amount, and they sum up to money.
    """
    if len(amounts) == 1:
        return [min(max(money, ZERO), amounts[0])]
    total = sum(amounts, ZERO)
    if not total:
        return [ZERO for _ in amounts]
    shares = [(money * amount / total).quantize(CENT, ROUND_HALF_UP) for amount in amounts[:-1]]
    shares.append(money - sum(shares, ZERO))
    rest = ZERO
    # Many tiny lines can round so far that the rest does not fit the last one: it moves on to those before it.
    for index in range(len(shares) - 1, -1, -1):
        wanted = shares[index] + rest
        shares[index] = min(max(wanted, ZERO), amounts[index])
        rest = wanted - shares[index]
    return shares


def _paid_lines(payment: Payment, lines: Sequence[PaymentLine]) -> list[PaymentLine] | None:
    """The lines on the paid side, in order; None where no side of the journal entries makes the identity true."""
    paid_side = [line for line in lines if line.txn_type in PAID_TYPES]
    paid = sum([line.amount for line in paid_side], ZERO)
    credit = sum([line.amount for line in lines if line.txn_type in CREDIT_TYPES], ZERO)
    entries = [line for line in lines if line.txn_type == JOURNAL_ENTRY]
    if not entries:
        return paid_side if paid - credit + payment.unapplied == payment.total else None
    entries_total = sum((line.amount for line in entries), ZERO)
    # paid + p - credit - (entries_total - p) + unapplied = total, solved for the entries' paid part p.
    doubled = payment.total - payment.unapplied - paid + credit + entries_total
    on_paid_side = _subset_with_sum([line.amount for line in entries], doubled / 2)
    if on_paid_side is None:
        return None
    chosen = {id(entries[index]) for index in on_paid_side}
    return [line for line in lines if line.txn_type in PAID_TYPES or id(line) in chosen]


def _subset_with_sum(amounts: Sequence[Decimal], wanted: Decimal) -> tuple[int, ...] | None:
    """Indexes of amounts that sum up to `wanted`; None if there are none, or too many ways to look through."""
    sums: dict[Decimal, tuple[int, ...]] = {ZERO: ()}
    for index, amount in enumerate(amounts):
        if wanted in sums or len(sums) > _MOST_SUMS:
            break
        for value, chosen in list(sums.items()):
            sums.setdefault(value + amount, (*chosen, index))
    return sums.get(wanted)

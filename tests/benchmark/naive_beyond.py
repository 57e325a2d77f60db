"""The naive script's figures where it would run for hours: its requests are known, its pace was measured."""

from collections.abc import Iterator, Sequence
from math import ceil

from benchmark.figures import PassFigures, Requests
from benchmark.passes import changed_of

_ROWS_A_PAGE = 2000


def requests(size: int, writes: int) -> Requests:
    """It asks for the payment methods, then for every invoice and every payment; it reads the Opportunities, and
    updates one by one.
    """
    return Requests(1 + 2 * size, max(1, ceil(size / _ROWS_A_PAGE)) + writes)


def computed(measured: Sequence[PassFigures], sizes: Sequence[int]) -> Iterator[PassFigures]:
    """The passes over worlds in which it was not run, at the pace of the largest in which it was."""
    own = [one for one in measured if one.client == "naive"]
    largest = max((one.size for one in own), default=0)
    paces = {one.kind: one.seconds / one.requests.total for one in own if one.size == largest > 0}
    for size in sizes:
        if any(one.size == size for one in own):
            continue
        for kind, pace in paces.items():
            changed = changed_of(size) if kind == "changed" else 0
            needed = requests(size, size if kind == "first" else changed)
            yield PassFigures("naive", size, kind, needed, pace * needed.total, changed=changed, computed=True)

"""Which QuickBooks item a product is: by SKU, then by name, else the configured one. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass

from qbsf.invoicing.deals import LineItem

_NOT_FOR_LINES = frozenset({"Category", "Group"})
"""Item types that a sales line cannot name: a category is a folder, a bundle has a line type of its own."""


@dataclass(frozen=True)
class Item:
    """A product or service as QuickBooks keeps it."""

    id: str
    name: str
    sku: str
    active: bool
    type: str = "Service"


@dataclass(frozen=True)
class ItemChoice:
    """The item of a product; `is_namesake` is False for the configured stand-in."""

    item: Item
    is_namesake: bool


@dataclass(frozen=True)
class Unmatched:
    """Why a product has no item: `reason` is the record's, `why` one sentence."""

    reason: str
    why: str


class Catalog:
    """The items that were asked for, inactive ones too. QuickBooks compares without letter case."""

    def __init__(self, items: Iterable[Item], stand_in: Item | None = None) -> None:
        found = {item.id: item for item in items if item.type not in _NOT_FOR_LINES}
        self._items = tuple(found.values())
        self._stand_in = stand_in

    def choose(self, line: LineItem) -> ItemChoice | Unmatched:
        """The item of a line's product: the one with its code as SKU, the one of its name, the configured one."""
        named = _same([item for item in self._items if item.name.casefold() == line.product_name.casefold()], line)
        coded = [item for item in self._items if line.product_code and item.sku == line.product_code]
        for candidates in ([item for item in coded if item in named] or coded, named):
            active = [item for item in candidates if item.active]
            if len(active) == 1:
                return ItemChoice(active[0], is_namesake=True)
            if active:
                names = ", ".join(sorted(item.name for item in active))
                return Unmatched("ambiguous_item", f"Several QuickBooks items fit the product {line.product}: {names}.")
        if self._stand_in is not None:
            return ItemChoice(self._stand_in, is_namesake=False)
        if coded or named:
            return Unmatched("unknown_item", f"The QuickBooks item of the product {line.product} is inactive.")
        return Unmatched("unknown_item", f"QuickBooks has no item for the product {line.product}.")


def _same(candidates: list[Item], line: LineItem) -> list[Item]:
    """Those with the very name where there are any: items below different parents may share one."""
    return [item for item in candidates if item.name == line.product_name] or candidates

"""Rows and columns for tests of tables."""

from dataclasses import dataclass

from tui.widgets.columns import Column, figures


@dataclass(frozen=True)
class Item:
    name: str
    cost: float


COLUMNS: tuple[Column[Item], ...] = (
    Column("name", 8, lambda item: item.name, grows=True),
    figures("cost", 8, lambda item: item.cost, "${:,.2f}".format),
    Column("twice", 8, lambda item: f"${2 * item.cost:,.2f}", lambda item: item.cost, right=True, rank=1),
    Column("note", 6, lambda item: "note", rank=2),
)


def items(count: int) -> list[Item]:
    return [Item(f"item {index}", float(index)) for index in range(count)]

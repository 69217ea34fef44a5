"""Where a bill went (docs/tasks.md): one bar of parts whose lengths sum to its width, and the key to it."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from store.money import short_usd
from tracker.bars import lengths
from tracker.words import percent
from tui.widgets.grid import line
from tui.widgets.plot import Series

BASELINE = Series("▒", "$baseline", "baseline")
CARRY_OVER = Series("▓", "$carry", "inherited")
OWN = Series("░", "$own", "own")
FRESH = Series("█", "$fresh", "fresh")
GENERATION = Series("▇", "$generation", "output")
WASTE = Series("▚", "$waste", "waste")
OTHER = Series("╱", "$hidden", "other")
# Columns of a row of the ledger, in the order in which every split bar shows them.
SPLIT = {
    "baseline": BASELINE,
    "carry_over": CARRY_OVER,
    "own": OWN,
    "fresh": FRESH,
    "generation": GENERATION,
    "waste": WASTE,
    "other": OTHER,
}


class Part(NamedTuple):
    """A part of a bill in nano-dollars."""

    series: Series
    nano: int


def split_bar(parts: Sequence[Part], width: int) -> Content:
    """The bar; a bill of nothing is a blank line."""
    sizes = lengths([max(0, part.nano) for part in parts], width)
    return line(*((part.series.glyph * size, part.series.style) for part, size in zip(parts, sizes, strict=True)))


def split_key(parts: Sequence[Part], width: int, *, with_dollars: bool = False) -> list[Content]:
    """Glyph, name and share of each part that is there, wrapped to the width."""
    total = sum(part.nano for part in parts)
    lines: list[Content] = []
    for part in parts:
        if part.nano <= 0:
            continue
        figure = short_usd(part.nano) if with_dollars else percent(part.nano / total)
        words = line((part.series.glyph, part.series.style), " ", (part.series.name, "$dim"), " ", (figure, "bold"))
        if lines and lines[-1].cell_length + 3 + words.cell_length <= width:
            lines[-1] += line("   ") + words
        else:
            lines.append(words)
    return lines

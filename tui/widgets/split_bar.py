"""Where a bill went (docs/tasks.md): one stacked bar, whose parts sum to its width, and its key."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from store.money import short_usd
from tracker.bars import lengths
from tracker.signs import SPLIT_GLYPHS
from tracker.words import percent
from tui.widgets.grid import line
from tui.widgets.plot import Series

# By the columns of a row of the ledger; so are their roles in the themes.
SPLIT = {column: Series(glyph, f"${column}", name) for column, (name, glyph) in SPLIT_GLYPHS.items()}
BASELINE, CARRY_OVER, FRESH = (SPLIT[column] for column in ("baseline", "carry_over", "fresh"))


class Part(NamedTuple):
    """A part of a bill in nano-dollars."""

    series: Series
    nano: int


def split_bar(parts: Sequence[Part], width: int) -> Content:
    """The bar; a bill of nothing is a blank line."""
    sizes = lengths([max(0, part.nano) for part in parts], width)
    return line(*((part.series.glyph * size, part.series.style) for part, size in zip(parts, sizes, strict=True)))


def split_key(parts: Sequence[Part], width: int, *, with_dollars: bool = False) -> list[Content]:
    """Glyph, name and share of each part that is not zero, wrapped to the width."""
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

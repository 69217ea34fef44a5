"""Horizontal bars with their figures, and the legend that names glyphs."""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from textual.content import Content

from tracker.bars import bar
from tui.widgets.grid import Piece, fitting, line
from tui.widgets.plot import Series
from tui.words import cells, fit, in_the_middle

_MIN_BAR = 6


class Row(NamedTuple):
    """One bar: its name, its length, and its figure as text."""

    name: str
    value: float
    figure: str
    style: str = "$series-1"
    note: str = ""
    glyph: str = "█"


def bar_rows(rows: Sequence[Row], width: int, height: int) -> list[Content]:
    """Names, bars and figures in three columns, in the given order; the last line tells how much does not fit.

    Names that would read the same are cut in their middle; bars make room where that is not enough.
    """
    if not rows:
        return []
    shown = list(rows[:height]) if len(rows) <= height else list(rows[: height - 1])
    figure_width = max(cells(row.figure) for row in rows)
    note_width = max(cells(row.note) for row in rows)
    room = width - figure_width - note_width - (3 if note_width else 2)
    longest = max(cells(row.name) for row in rows)
    name_width = min(longest, max(8, width - figure_width - note_width - 3 - _MIN_BAR))
    names = [row.name for row in shown]
    while name_width < min(longest, room) and len(set(_cut(names, name_width))) < len(set(names)):
        name_width += 1
    bar_width = room - name_width
    if bar_width < 4:
        if width - figure_width - note_width - 2 < name_width:
            note_width = 0
        name_width = max(4, width - figure_width - (note_width + 2 if note_width else 1))
    top = max(row.value for row in rows)
    made = []
    for row, name in zip(shown, _cut(names, name_width), strict=True):
        pieces: list[Piece | str] = [(name, "$ink"), " "]
        if bar_width >= 4:
            pieces += [(fit(bar(row.value, top, bar_width, row.glyph), bar_width), row.style), " "]
        pieces.append((fit(row.figure, figure_width, right=True), "bold"))
        if note_width:
            pieces += [" ", (fit(row.note, note_width, right=True), "$dim")]
        made.append(line(*pieces))
    if len(shown) < len(rows):
        made.append(line((fit(f"{len(rows) - len(shown)} others", width), "$dim")))
    return made


def _cut(names: Sequence[str], width: int) -> list[str]:
    """Names cut to a width: at the end, or in the middle if they would otherwise read the same."""
    ends = [fit(name, width) for name in names]
    times = Counter(ends)
    return [
        end if times[end] == 1 else fit(in_the_middle(name, width), width)
        for name, end in zip(names, ends, strict=True)
    ]


def legend(series: Sequence[Series], width: int, figures: Sequence[str] = ()) -> Content:
    """`█ opus-5-5 $3.10  ▓ haiku-5-5 $0.20`: as many as fit, whole; an empty figure leaves its series out."""
    groups: list[Content] = []
    for one, figure in zip_longest(series, figures):
        if figure != "":
            words = f" {figure}" if figure else ""
            groups.append(line("  " if groups else "", (one.glyph, one.style), " ", (one.name, "$dim"), words))
    return fitting(groups, width)

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
    shown = rows if len(rows) <= height else rows[: height - 1]
    names = [row.name for row in shown]
    widths = _widths(rows, names, width)
    top = max(row.value for row in rows)
    made = []
    for row, name in zip(shown, _cut(names, widths.name), strict=True):
        pieces: list[Piece | str] = [(name, "$ink"), " "]
        if widths.bar:
            pieces += [(fit(bar(row.value, top, widths.bar, row.glyph), widths.bar), row.style), " "]
        pieces.append((fit(row.figure, widths.figure, right=True), "bold"))
        if widths.note:
            pieces += [" ", (fit(row.note, widths.note, right=True), "$dim")]
        made.append(line(*pieces))
    if len(shown) < len(rows):
        made.append(line((fit(f"{len(rows) - len(shown)} others", width), "$dim")))
    return made


class _Widths(NamedTuple):
    """Cells of the parts of a line; 0: left out."""

    name: int
    bar: int
    figure: int
    note: int


def _widths(rows: Sequence[Row], names: Sequence[str], width: int) -> _Widths:
    figure = max(cells(row.figure) for row in rows)
    note = max(cells(row.note) for row in rows)
    room = width - figure - note - (3 if note else 2)
    longest = max(cells(row.name) for row in rows)
    name = min(longest, max(8, width - figure - note - 3 - _MIN_BAR))
    while name < min(longest, room) and len(set(_cut(names, name))) < len(set(names)):
        name += 1
    if room - name >= 4:
        return _Widths(name, room - name, figure, note)
    if width - figure - note - 2 < name:
        note = 0
    return _Widths(max(4, width - figure - (note + 2 if note else 1)), 0, figure, note)


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

"""Plots as pure functions: numbers and a size in, lines out. Zero is always on the axis, and the scale is named.

Every series has a glyph of its own besides its colour, so that a plot can be read without colours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, floor, log10
from typing import NamedTuple

from textual.content import Content

from tracker.words import percent
from tui.widgets.grid import Grid
from tui.words import axis_tokens, axis_usd, cells

EIGHTHS = " ▁▂▃▄▅▆▇█"
_PALE = {"▓": " 75%", "▒": " 50%", "░": " 30%"}


class Series(NamedTuple):
    """One part of a stack, or one line: how it is drawn and what it is called."""

    glyph: str
    style: str
    name: str


class Level(NamedTuple):
    """A line across the plot with its words, on the scale of the plot."""

    value: float
    words: str
    style: str = "$level"


class Mark(NamedTuple):
    """An event at a sample: a reset, a beginning."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale at the left: from zero to `top`, `unit` writes its figures."""

    top: float
    unit: Callable[[float], str]
    ticks: int = 2  # figures above zero

    @property
    def width(self) -> int:
        """Cells that the figures and the axis line take."""
        return max(cells(self.unit(value)) for value in self.values()) + 2

    def values(self) -> list[float]:
        """The figures from zero up."""
        return [self.top * step / self.ticks for step in range(self.ticks + 1)]


def nice_top(value: float) -> float:
    """The smallest round figure (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten) that is not below a value.

    1 for nothing: less than a nano-dollar.
    """
    if value < 1e-9:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if value <= step * power * (1 + 1e-9))


def legend_series(series: Sequence[Series], names: Sequence[str], samples: Sequence[Sequence[float]]) -> list[Series]:
    """The series for a legend: those with a value in any sample, under these names."""
    return [
        one._replace(name=name)
        for index, (one, name) in enumerate(zip(series, names, strict=True))
        if any(sample[index] for sample in samples)
    ]


def resample(samples: Sequence[Sequence[float]], columns: int) -> list[Sequence[float]]:
    """Samples for a number of columns: stretched when there are few, the highest of each group when there are many."""
    count = len(samples)
    if not count or columns <= 0:
        return []
    if count <= columns:
        return [samples[index * count // columns] for index in range(columns)]
    edges = [index * count // columns for index in range(columns + 1)]
    return [max(samples[start:end], key=sum) for start, end in pairwise(edges)]


def draw_scale(grid: Grid, axis: Axis, rows: int, levels: Sequence[Level]) -> None:
    """The axis at the left of the top `rows` rows, zero on the last of them, and the levels across what is blank."""
    edge = axis.width - 1
    for y in range(rows):
        grid.put(edge, y, "│", "$faint")
    taken: set[int] = set()
    for value in axis.values():
        y = row_of(value, axis.top, rows)
        if y in taken:
            continue
        taken.add(y)
        grid.put(edge, y, "┼" if value == 0 else "┤", "$faint")
        figure = axis.unit(value)
        grid.text(edge - 1 - cells(figure), y, figure, "$dim")
    _draw_levels(grid, axis, rows, levels)


def row_of(value: float, top: float, rows: int) -> int:
    """The row that a column of this height just fills: `top` is row 0, nothing the last row."""
    share = min(1.0, max(0.0, value / top)) if top else 0.0
    return rows - max(1, ceil(share * rows - 1e-9))


def draw_stack(
    grid: Grid, x: int, rows: int, parts: Sequence[float], series: Sequence[Series], top: float, *, wide: int = 1
) -> None:
    """A column of stacked parts, `wide` cells wide; the topmost cell is drawn in eighths.

    Eighths are solid, so those of a patterned part are drawn as pale as the pattern, or they would look like another.
    """
    total = sum(parts)
    if total <= 0 or top <= 0:
        return
    eighths = max(1, min(rows * 8, round(total / top * rows * 8)))
    full, rest = divmod(eighths, 8)
    bounds = [reached / top * rows * 8 for reached in accumulate(parts)]
    last = max(index for index, part in enumerate(parts) if part > 0)
    for step in range(full + (rest > 0)):
        middle = step * 8 + (4 if step < full else rest / 2)
        owner = next((index for index, bound in enumerate(bounds) if middle <= bound), last)
        glyph, style = series[owner].glyph, series[owner].style
        if step == full:
            glyph, style = EIGHTHS[rest], f"{style}{_PALE.get(glyph, '')}"
        for column in range(wide):
            grid.put(x + column, rows - 1 - step, glyph, style)


def _draw_levels(grid: Grid, axis: Axis, rows: int, levels: Sequence[Level]) -> None:
    """Dotted lines across blank cells; their words go on the line or above it, as far right as they cover nothing.

    Without such a place the words are left out.
    """
    taken: set[int] = set()
    for level in sorted(levels, key=lambda one: -one.value):
        if not 0 < level.value <= axis.top * 1.0001:
            continue
        y = row_of(level.value, axis.top, rows)
        size = cells(level.words) + 1
        blank = [x for x in range(axis.width, grid.width) if grid.is_free(x, y, 1)]
        ends = range(min(grid.width - size, max(blank, default=0)), axis.width, -1)
        rows_to_try = () if y in taken else (y, y - 1)
        free = ((x, row) for row in rows_to_try if row not in taken for x in ends if grid.is_free(x, row, size))
        start, row = next(free, (0, y))
        for x in blank:
            grid.put(x, y, "┄", level.style)
        if start:
            grid.text(start, row, f" {level.words}", level.style)
            taken.add(row)


def area(
    samples: Sequence[Sequence[float]],
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
) -> list[Content]:
    """A filled curve over samples in their order, each a stack of tokens, with levels and marks."""
    axis = _axis_of(samples, axis_tokens, levels, farthest=3)
    grid = Grid(width, height)
    left = axis.width
    columns = resample(samples, width - left)
    for x, parts in enumerate(columns):
        draw_stack(grid, left + x, height, parts, series, axis.top)
    draw_scale(grid, axis, height, levels)
    if samples:
        for mark in marks:
            x = left + min(width - left - 1, mark.at * (width - left) // len(samples))
            _draw_mark(grid, x, height, mark.words, left)
    return grid.lines()


def _draw_mark(grid: Grid, x: int, rows: int, words: str, left: int) -> None:
    for y in range(rows - 1):
        if grid.is_free(x, y, 1):
            grid.put(x, y, "╎", "$faint")
    for start in (x + 1, x - cells(words)):
        for y in range(rows):
            if start >= left and grid.is_free(start, y, cells(words)):
                grid.text(start, y, words, "$dim")
                return


class Places(NamedTuple):
    """Positions of bars: bar `first` is the leftmost that fits; one every `step` cells, each `broad` cells wide."""

    left: int
    first: int
    step: int
    broad: int

    def x_of(self, index: int) -> int:
        """The leftmost cell of a bar."""
        return self.left + (index - self.first) * self.step

    def index_at(self, x: int) -> int:
        """The bar at a cell."""
        return self.first + (x - self.left) // self.step


def bar_places(count: int, width: int, left: int) -> Places:
    """Places for `count` bars right of an axis of `left` cells; where not all fit, the last ones do."""
    room = max(1, width - left)
    step = max(1, min(6, room // max(1, count)))
    return Places(left, max(0, count - room // step), step, step - 1 if step > 1 else 1)


def stacked_bars(
    columns: Sequence[Sequence[float]],
    names: Sequence[str],
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    levels: Sequence[Level] = (),
    pointed: int | None = None,
) -> list[Content]:
    """Bars of dollars with their names below, stacked by series; `pointed` is the bar under the cursor."""
    rows = max(1, height - 1)
    axis = _bars_axis(columns, levels)
    grid = Grid(width, height)
    places = bar_places(len(columns), width, axis.width)
    for index in range(places.first, len(columns)):
        draw_stack(grid, places.x_of(index), rows, columns[index], series, axis.top, wide=places.broad)
    draw_scale(grid, axis, rows, levels)
    _name_bars(grid, places, names, rows, pointed)
    return grid.lines()


def places_of(columns: Sequence[Sequence[float]], width: int, levels: Sequence[Level]) -> Places:
    """Where `stacked_bars` puts the bars of the same arguments: for a mouse that points at one."""
    return bar_places(len(columns), width, _bars_axis(columns, levels).width)


def _bars_axis(columns: Sequence[Sequence[float]], levels: Sequence[Level]) -> Axis:
    return _axis_of(columns, axis_usd, levels, farthest=2)


def _axis_of(
    stacks: Sequence[Sequence[float]], unit: Callable[[float], str], levels: Sequence[Level], *, farthest: float
) -> Axis:
    """A scale for stacks of parts, and for levels up to so many times the peak: others do not flatten it."""
    peak = max((sum(parts) for parts in stacks), default=0.0)
    near = [level.value for level in levels if level.value <= farthest * peak]
    return Axis(nice_top(max(peak, *near, 0.0)), unit)


def _name_bars(grid: Grid, places: Places, names: Sequence[str], y: int, pointed: int | None) -> None:
    """Names below the bars: all where they fit, else the first and every fifth, tenth, …; always the pointed one."""
    widest = max(map(cells, names), default=1)
    every = 1 if places.step > widest else 5 * ceil((widest + 1) / (5 * places.step))
    wanted = [index for index in range(places.first, len(names)) if every == 1 or (index + 1) % every == 0]
    first = [places.first] if every > 1 and places.first < len(names) else []
    chosen = [] if pointed is None else [pointed]
    for index in (*chosen, *wanted, *first):
        x = min(places.x_of(index), grid.width - cells(names[index]))
        if index == pointed or grid.is_free(max(0, x - 1), y, min(cells(names[index]) + 2, grid.width - x + 1)):
            grid.text(x, y, names[index], "bold $taxi" if index == pointed else "$dim")


def _axis_of_shares(peak: float) -> Axis:
    """A scale in halves up to 300 %, in whole ones up to 600 %, else a round one; 100 % is among the first."""
    for step in (0.5, 1.0):
        count = ceil(peak / step - 1e-9)
        if count <= 6:
            return Axis(step * max(2, count), percent, max(2, count))
    return Axis(nice_top(peak), percent)


_VERTICALS = {"━": "┃", "╍": "┇"}


def _draw_line(grid: Grid, places: Places, rows: int, top: float, values: Sequence[float | None], one: Series) -> None:
    """A dash a day, joined upright where the height changes; days without a figure are dots."""
    days = max((index + 1 for index, value in enumerate(values) if value is not None), default=0)
    y: int | None = None
    for index, value in enumerate(values[:days]):
        before = y
        y = before if value is None else row_of(value, top, rows)
        if y is None or index < places.first:
            continue
        x = places.x_of(index)
        for cell in range(places.step):
            grid.put(x + cell, y, "·" if value is None else one.glyph, one.style)
        if before is not None and before != y:
            _join(grid, x, before, y, one)


def _join(grid: Grid, x: int, before: int, y: int, one: Series) -> None:
    """The upright between two heights; it bends where it meets what is blank, and gives way to other lines."""
    for between in range(min(before, y) + 1, max(before, y)):
        if grid.is_free(x, between, 1):
            grid.put(x, between, _VERTICALS.get(one.glyph, one.glyph), one.style)
    if grid.is_free(x, before, 1):
        grid.put(x, before, "┓" if y > before else "┛", one.style)
    grid.put(x, y, "┗" if y > before else "┏", one.style)


def steps(
    lines: Sequence[Sequence[float | None]],
    names: Sequence[str],
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    levels: Sequence[Level] = (),
) -> list[Content]:
    """Several lines of shares over the same days, on one scale from zero to 100 % or more: a dash a day at its height.

    Days without a figure (None) between two that have one are dots at the height of the one before.
    """
    rows = max(1, height - 1)
    axis = _axis_of_shares(max([1.0, *(value for values in lines for value in values if value is not None)]))
    grid = Grid(width, height)
    places = bar_places(max(map(len, lines), default=0), width, axis.width)
    for values, one in zip(lines, series, strict=True):
        _draw_line(grid, places, rows, axis.top, values, one)
    draw_scale(grid, axis, rows, levels)
    _name_bars(grid, places, names, rows, None)
    return grid.lines()

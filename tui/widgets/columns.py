"""Columns of a table: how each is drawn and sorted, and which of them fit a width.

A column without room is left out whole, by its rank; first go those with the same text in every row. A column that
has only dashes is always left out. A figure is never cut.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from textual.content import Content

from tui.widgets.grid import Piece, line
from tui.words import cells, fit

Row = TypeVar("Row")
Figure = TypeVar("Figure")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """How one column is drawn and sorted; `rank` says which columns are dropped first for lack of room (0: never)."""

    title: str
    width: int
    text: Callable[[Row], str]
    value: Callable[[Row], Any] | None = None  # sort key; None: the text
    right: bool = False
    rank: int = 0
    style: str | Callable[[Row], str] = ""
    grows: bool = False  # takes the rest of the width; `width` is its minimum
    most: int = 0  # maximum cells of a growing column; 0: no maximum
    stretches: bool = False  # as wide as its rows need, but takes at most half of the spare width
    descending: bool = False  # sorted from the largest when first chosen
    of: Callable[[Row], Hashable] | None = None  # what the text depends on; the column is no wider than needed


class Extent(NamedTuple):
    """What all rows of a table need of a column."""

    widest: int  # cells
    is_same: bool  # every row has the same text
    is_nothing: bool = False  # every row has a dash


def extents(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> dict[int, Extent]:
    """Extents by index of the columns with `of`; each different text is made once."""
    made = {}
    for index, column in enumerate(columns):
        if column.of is not None and rows:
            different = dict(zip(map(column.of, rows), rows, strict=True)).values()
            texts = {column.text(row) for row in different}
            is_nothing = column.rank > 0 and texts == {"–"}
            made[index] = Extent(max(map(cells, texts)), len(different) == 1 < len(rows), is_nothing)
    return made


def figures(
    title: str,
    width: int,
    value: Callable[[Row], Figure],
    form: Callable[[Figure], str] = "{:,}".format,
    *,
    rank: int = 0,
) -> Column[Row]:
    """A column of formatted figures, sorted by value, largest first."""
    return Column(title, width, lambda row: form(value(row)), lambda row: value(row) or 0, True, rank, descending=True)


def layout(
    columns: Sequence[Column[Row]],
    width: int,
    rows: Sequence[Row] = (),
    sort: int | None = None,
    wanted: Mapping[int, Extent] = MappingProxyType({}),
) -> list[tuple[int, int]]:
    """(column index, cells) of the columns that fit, one blank between; the growing column takes the rest.

    A column of figures is at least as wide as its widest figure in `rows`; one that stretches grows as far as it may.
    `wanted`: extents of some columns over all rows. Before the growing column is cut, columns with the same text in
    every row are dropped; before it has less than a third of the width, others by rank, the sorted one last. That one
    gets a cell for its sign beside the title if there is one to spare.
    """
    wide = _those_that_fit(columns, width, rows, sort, wanted)
    spare = width - _needed(wide)
    for index, column in enumerate(columns):
        if column.stretches and index in wide:
            widest = wanted[index].widest if index in wanted else _widest(column, rows)
            more = max(0, min(widest - wide[index], spare // 2))
            wide[index] += more
            spare -= more
    if sort in wide and spare > 0 and wide[sort] <= cells(columns[sort].title):
        wide[sort] += 1
        spare -= 1
    growing = _growing(columns, wide)
    if growing is not None:
        grown = max(1, wide[growing] + spare)
        wide[growing] = min(grown, max(wide[growing], columns[growing].most or grown))
    return list(wide.items())


def _those_that_fit(
    columns: Sequence[Column[Row]], width: int, rows: Sequence[Row], sort: int | None, wanted: Mapping[int, Extent]
) -> dict[int, int]:
    """The fewest cells of each column that is kept, by index."""
    wide = {
        index: _width(column, rows, wanted.get(index))
        for index, column in enumerate(columns)
        if index not in wanted or not wanted[index].is_nothing
    }
    droppable = [index for index in wide if columns[index].rank > 0]
    growing = _growing(columns, wide)
    if growing is not None and growing in wanted:
        wide[growing] = max(wide[growing], wanted[growing].widest)
        for index in sorted(droppable, key=lambda index: -columns[index].rank):
            if index in wanted and wanted[index].is_same and index not in (sort, growing) and _needed(wide) > width:
                del wide[index]
        wide[growing] = max(columns[growing].width, min(width // 3, wanted[growing].widest))
    for index in sorted(droppable, key=lambda index: (index == sort, -columns[index].rank, -index)):
        if index in wide and len(wide) > 1 and _needed(wide) > width:
            del wide[index]
    return wide


def _growing(columns: Sequence[Column[Row]], wide: Mapping[int, int]) -> int | None:
    return next((index for index in wide if columns[index].grows), None)


def _needed(wide: Mapping[int, int]) -> int:
    """Cells of the columns and of the blanks between them."""
    return sum(wide.values()) + len(wide) - 1


def _width(column: Column[Row], rows: Sequence[Row], extent: Extent | None) -> int:
    if column.right:
        return max(column.width, _widest(column, rows))
    if extent is None or column.grows:
        return column.width
    return max(cells(column.title), min(column.width, extent.widest))


def _widest(column: Column[Row], rows: Sequence[Row]) -> int:
    return max((cells(column.text(row)) for row in rows), default=0)


def header_line(
    columns: Sequence[Column[Row]], places: Sequence[tuple[int, int]], sort: int | None = None, sign: str = ""
) -> Content:
    """The titles, with `sign` at the sorted column."""
    pieces: list[Piece | str] = []
    for index, width in places:
        column = columns[index]
        mark = sign if index == sort else ""
        title = column.title if cells(column.title) + len(mark) <= width else column.title[: width - len(mark)]
        text = fit(mark + title if column.right else title + mark, width, right=column.right)
        pieces += [(text, "$heading" if mark else "$dim"), " "]
    return line(*pieces[:-1])


def row_line(columns: Sequence[Column[Row]], places: Sequence[tuple[int, int]], row: Row) -> Content:
    """One row."""
    pieces: list[Piece | str] = []
    for index, wide in places:
        column = columns[index]
        style = column.style if isinstance(column.style, str) else column.style(row)
        pieces += [(fit(column.text(row), wide, right=column.right), style), " "]
    return line(*pieces[:-1])


def plain_table(columns: Sequence[Column[Row]], rows: Sequence[Row], width: int, height: int) -> list[Content]:
    """A table without a cursor: header and as many rows as fit."""
    shown = rows[: max(0, height - 1)]
    places = layout(columns, width, shown, wanted=extents(columns, rows))
    return [header_line(columns, places), *(row_line(columns, places, row) for row in shown)]

"""A table of many rows that draws only the visible ones; the cursor stays on its row whatever the data does.

Rows have keys. New data never moves the cursor to another row, nor its row to another line, except at the very top,
where new rows above it scroll into view. If its row is merged into another, the cursor moves along.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Generic

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp

from tui.widgets.columns import Column, Extent, Row, extents, header_line, layout, row_line
from tui.widgets.grid import line
from tui.widgets.picture import Drawing
from tui.widgets.sheet import Sheet
from tui.words import cells, fit, plain


class Table(Sheet, Generic[Row], can_focus=True):
    """Rows under a header, with a cursor, an order and a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Row above", show=False),
        Binding("down,j", "move(1)", "Row below", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "move(-1000000000)", "First row", show=False),
        Binding("end,G", "move(1000000000)", "Last row", show=False),
    ]

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], str],
        *,
        search: Callable[[Row], str] | None = None,
        moved: Callable[[], object] = lambda: None,
        beside: Callable[[], str] = lambda: "",
        id: str | None = None,  # noqa: A002 -- Textual's name
    ) -> None:
        """`search`: a row's text for the filter; default: its cells.

        `moved` is called when other rows may be visible or under the cursor, so that the caller can redraw what depends
        on them. `beside`: words next to a filter without results, such as where else to look.
        """
        super().__init__(id=id)
        self._columns = columns
        self._key = key
        self._search = search or (lambda row: " ".join(column.text(row) for column in columns))
        self._moved = moved
        self._beside = beside
        self._rows: Sequence[Row] = ()
        self._wanted_cells: Mapping[int, Extent] = {}
        self._shown: list[Row] = []
        self._cursor = 0
        self._first = 0
        self._came_above = 0  # rows that new data added above the cursor's while it was at the very top
        self._lost: str | None = None  # the row under the cursor when it disappeared: it may come back
        self._heir: tuple[str, str] | None = None  # a row, and the one that it was merged into
        self._filter = ""
        self._empty: Drawing | None = None  # drawn if there are no rows
        self._sort: int | None = None  # index of a column; None: the given order
        self._descending = False

    # -- what is shown ----------------------------------------------------------------------------------------------

    def set_rows(self, rows: Sequence[Row], *, empty: Drawing | None = None) -> None:
        """Show these rows, or `empty` without any; the cursor stays on its key and its line, at the top on its key."""
        self._empty = empty
        self._rows = rows
        self._wanted_cells = extents(self._columns, rows)
        self._arrange(at_top=self._cursor in (0, self._came_above))

    def set_filter(self, words: str) -> None:
        """Show only rows that contain each of the words."""
        self._filter = words.casefold()
        self._arrange()

    def follow(self, former: str, heir: str) -> None:
        """Move the cursor from a row to the one that it was merged into, unless the user moves it first."""
        self._heir = (former, heir)
        self._arrange()

    def sort_by_next(self) -> None:
        """Sort by the next visible column; after the last one, restore the given order."""
        orders = [*(index for index, _ in self._places(None)), None]
        at = orders.index(self._sort) if self._sort in orders else -1
        self._sort = orders[(at + 1) % len(orders)]
        self._descending = self._sort is not None and self._columns[self._sort].descending
        self._arrange()

    def _sort_at(self, x: int) -> None:
        end = 0
        for index, width in self._places(self._sort):
            end += width + 1
            if x < end:
                self._descending = not self._descending if index == self._sort else self._columns[index].descending
                self._sort = index
                self._arrange()
                return

    def reverse(self) -> None:
        """Reverse the sort order."""
        self._descending = not self._descending
        self._arrange()

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._shown[self._cursor] if self._cursor < len(self._shown) else None

    @property
    def shown(self) -> Sequence[Row]:
        """The rows that pass the filter, in their order."""
        return self._shown

    def matching(self, rows: Sequence[Row]) -> list[Row]:
        """Those of the given rows that contain each of the filter's words."""
        words = self._filter.split()
        if not words:
            return list(rows)
        texts = (self._search(row).casefold() for row in rows)
        return [row for row, text in zip(rows, texts, strict=True) if all(word in text for word in words)]

    def _arrange(self, *, at_top: bool = False) -> None:
        key = self._lost if self.selected is None else self._key(self.selected)
        line_of_cursor = self._cursor - self._first
        rows = self.matching(self._rows)
        if self._sort is not None:
            column = self._columns[self._sort]
            rows.sort(key=column.value or column.text, reverse=self._descending)
        elif self._descending:
            rows.reverse()
        self._shown = rows
        if key is not None:
            places = {self._key(row): index for index, row in enumerate(rows)}
            if key in places:
                self._cursor = places[key]
                self._first = self._cursor - line_of_cursor
            else:
                self._lost = key
            if self._heir is not None and self._heir[0] == self._lost and self._heir[1] in places:
                self._cursor = places[self._heir[1]]
                self._lost = self._heir = None
        self._cursor = max(0, min(self._cursor, len(rows) - 1))
        self._came_above = self._cursor if at_top else 0
        if at_top:
            self._first = 0
        self._bring_in_sight()

    # -- drawing ----------------------------------------------------------------------------------------------------

    @property
    def _lines(self) -> int:
        """Number of visible rows."""
        return max(1, self.content_size.height - 1)

    @property
    def _in_sight(self) -> Sequence[Row]:
        return self._shown[self._first : self._first + self._lines]

    def _places(self, sort: int | None) -> list[tuple[int, int]]:
        return layout(self._columns, self.content_size.width, self._in_sight, sort, self._wanted_cells)

    def _bring_in_sight(self) -> None:
        """Scroll so that the cursor is visible and the rows fill the height."""
        self._first = max(0, min(self._first, len(self._shown) - self._lines))
        self._first = min(self._first, self._cursor)
        self._first = max(self._first, self._cursor - self._lines + 1)
        self.redraw()
        self._moved()

    def on_resize(self) -> None:
        """Scroll and redraw for the new size."""
        self._bring_in_sight()

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Header and the rows in sight."""
        if self._empty is not None and not self._rows:
            return self._empty(width, height)
        places = self._places(self._sort)
        sign = "▾" if self._descending else "▴"
        lines = [header_line(self._columns, places, self._sort, sign)]
        for index, row in enumerate(self._in_sight, self._first):
            made = row_line(self._columns, places, row)
            if index == self._cursor:
                made = made.pad_right(max(0, width - made.cell_length))
                made = made.stylize_before("bold on $cursor" if self.has_focus else "on $tab")
            lines.append(made)
        if self._filter and not self._shown:
            words = (f"no row has {self._wanted}", self._beside(), "esc shows all")
            lines += [Content(""), line((fit(" · ".join(part for part in words if part), width), "$dim"))]
        return lines

    @property
    def _wanted(self) -> str:
        """The filter as named in a sentence, shortened: a pasted one may be long."""
        return f"“{fit(self._filter, min(20, cells(self._filter)))}”"

    def position(self) -> str:
        """`12–34 of 3,000`: the visible rows, for a border."""
        total, shown = len(self._rows), len(self._shown)
        words = f" with {self._wanted}" if self._filter else ""
        if not shown:
            return f"none of {total:,}{words}" if total else ""
        last = min(shown, self._first + self._lines)
        found = f"{self._first + 1:,}–{last:,} of {shown:,}" if shown > self._lines else f"{shown:,}"
        return f"{found} (of {total:,}){words}" if shown < total else f"{found}{words}"

    # -- moving -----------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        before = self._cursor
        self._cursor = max(0, min(len(self._shown) - 1, self._cursor + step))
        if self._cursor != before:
            self._lost = self._heir = None
            self._came_above = 0
            self._bring_in_sight()

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.action_move(direction * self._lines)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move down three rows."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move up three rows."""
        event.stop()
        self.action_move(-3)

    def on_click(self, event: Click) -> None:
        """Move the cursor to the clicked row; a double click is enter. A click on a title sorts, another reverses."""
        offset = event.get_content_offset_capture(self)
        if offset.y == 0:
            if self._rows:
                self._sort_at(offset.x)
            return
        row = self._first + offset.y - 1
        if self._first <= row < len(self._shown):
            self.action_move(row - self._cursor)
            if event.chain == 2:
                self.app.simulate_key("enter")


def searchable(*texts: str | None) -> str:
    """The text of a row for the filter."""
    return plain(" ".join(text for text in texts if text))

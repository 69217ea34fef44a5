"""The input line for a table's filter, shown in place of the key line."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class FilterLine(Input):
    """Enter keeps the filter and returns to the table, escape removes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.close_filter", "Clear the filter.", show=False)]

    def __init__(self) -> None:
        super().__init__(placeholder="show rows that contain …", compact=True, select_on_focus=False)
        self.display = False

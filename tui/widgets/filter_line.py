"""The line in which a table's filter is typed; it stands in place of the keys while it is open."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class FilterLine(Input):
    """Enter keeps the filter and goes back to the table, escape takes it away."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.close_filter", "Clear the filter.", show=False)]

    def __init__(self) -> None:
        super().__init__(placeholder="show rows that contain …", compact=True, select_on_focus=False)
        self.display = False

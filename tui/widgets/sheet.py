"""Base of all widgets here: draws lines, and redraws only those that changed.

Textual rebuilds all of a widget's text, with every piece selectable by mouse; here a key or a new call mostly changes
a line or two, or nothing.
"""

from collections.abc import Sequence
from itertools import zip_longest

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget


class Sheet(Widget):
    """Subclasses implement `draw`, and call `redraw` when the lines may have changed."""

    auto_links = var(False)  # clickable text looks like the rest

    _drawn: Sequence[Content] | None = None  # the lines on screen; None: draw all of them
    _drawn_size = Size(0, 0)

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """The lines, no wider than `width`; what is beyond the height is not shown."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Redraw the lines that changed."""
        before = self._drawn
        if before is None or self._drawn_size != self.content_size:
            self.refresh()
            return
        self._drawn = None
        for y, (old, new) in enumerate(zip_longest(before, self._sheet_lines, fillvalue=Content(""))):
            if not new.is_same(old):
                self.refresh(Region(0, y, self._drawn_size.width, 1))

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> "Sheet":
        """As in Widget; without regions, all lines are made again."""
        if not regions:
            self._drawn = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        """One line, of the style that the theme gives each piece now."""
        lines, style = self._sheet_lines, self.visual_style
        drawn = lines[y] if y < len(lines) else Content("")
        pieces = drawn.render(style, end="", parse_style=self.app.stylesheet.parse_style)
        return Strip([Segment(text, (style + own).rich_style) for text, own in pieces])

    @property
    def _sheet_lines(self) -> Sequence[Content]:
        size = self.content_size
        if self._drawn is None or self._drawn_size != size:
            self._drawn_size = size
            self._drawn = list(self.draw(size.width, size.height))[: size.height] if size else []
        return self._drawn

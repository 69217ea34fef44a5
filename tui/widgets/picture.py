"""A widget that shows a drawing at the widget's size; it holds no figures itself."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widget import Widget

from tui.widgets.sheet import Sheet

Drawing = Callable[[int, int], Sequence[Content]]
Fitted = Callable[[int], Content]  # gets the cells that the border has for text


def border_room(panel: Widget) -> int:
    """Cells that a panel's border has for text."""
    return (panel.outer_size.width or panel.screen.size.width) - 6


def label(panel: Widget, title: Content | None = None, note: Content | None = None) -> None:
    """Set the words in a panel's upper and lower border, unless they are there already."""
    if title is not None and panel.border_title != title.markup:
        panel.border_title = title
    if note is not None and panel.border_subtitle != note.markup:
        panel.border_subtitle = note


class Picture(Sheet):
    """Draws lines for its own width and height, with a title in its border."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, classes=classes)
        self.border_title = Content(title)
        self._drawing: Drawing = lambda width, height: ()
        self._title: Fitted | None = None
        self._note: Fitted | None = None

    def show(
        self,
        drawing: Drawing,
        *,
        title: Content | str | Fitted | None = None,
        note: Content | str | Fitted | None = None,
    ) -> None:
        """Draw this from now on; `title` and `note` go into the upper and the lower border."""
        self._drawing = drawing
        if title is not None:
            self._title = _fitted(title)
        if note is not None:
            self._note = _fitted(note)
        self._draw_border()
        self.redraw()

    def on_resize(self) -> None:
        """Fit the border's text to the new width, also after the first layout."""
        self._draw_border()

    def _draw_border(self) -> None:
        room = border_room(self)
        label(self, self._title and self._title(room), self._note and self._note(room))

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """The lines of the drawing."""
        return self._drawing(width, height)


def _fitted(words: Content | str | Fitted) -> Fitted:
    return words if callable(words) else lambda _width: Content(words) if isinstance(words, str) else words

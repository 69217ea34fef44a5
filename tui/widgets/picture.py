"""A widget that shows what a drawing makes of its size; it holds no figures of its own."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widget import Widget

Drawing = Callable[[int, int], Sequence[Content]]
Fitted = Callable[[int], Content]  # from the cells that a border has for words to these words


def border_room(panel: Widget) -> int:
    """Cells that a panel's border has for words, between its corners and what stands beside them."""
    return (panel.outer_size.width or panel.screen.size.width) - 6


def nothing(width: int, height: int) -> Sequence[Content]:
    """The drawing of a picture that has not been told what to show."""
    del width, height
    return ()


class Picture(Widget):
    """Draws lines for its own width and height; a title stands in its border."""

    ALLOW_SELECT = False

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, classes=classes)
        self.border_title = Content(title)
        self._drawing: Drawing = nothing
        self._title: Fitted | None = None
        self._note: Fitted | None = None

    def show(
        self,
        drawing: Drawing,
        *,
        title: Content | str | Fitted | None = None,
        note: Content | str | Fitted | None = None,
    ) -> None:
        """Draw this from now on; `title` and `note` stand in the upper and the lower border."""
        self._drawing = drawing
        if title is not None:
            self._title = _fitted(title)
        if note is not None:
            self._note = _fitted(note)
        self._draw_border()
        self.refresh()

    def on_resize(self) -> None:
        """The border has room for more or less: of a picture that was told what to show before it was laid out, too."""
        self._draw_border()

    def _draw_border(self) -> None:
        if self._title is not None:
            self.border_title = self._title(border_room(self))
        if self._note is not None:
            self.border_subtitle = self._note(border_room(self))

    def render(self) -> Content:
        """The lines of the drawing, cut to the height."""
        size = self.content_size
        if not size:
            return Content("")
        return Content("\n").join(list(self._drawing(size.width, size.height))[: size.height])


def _fitted(words: Content | str | Fitted) -> Fitted:
    return words if callable(words) else lambda _width: Content(words) if isinstance(words, str) else words

"""A widget that shows what a drawing makes of its size; it holds no figures of its own."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widget import Widget

Drawing = Callable[[int, int], Sequence[Content]]


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

    def show(self, drawing: Drawing, *, title: Content | str | None = None, note: Content | str | None = None) -> None:
        """Draw this from now on; `title` and `note` stand in the upper and the lower border."""
        self._drawing = drawing
        if title is not None:
            self.border_title = Content(title) if isinstance(title, str) else title
        if note is not None:
            self.border_subtitle = Content(note) if isinstance(note, str) else note
        self.refresh()

    def render(self) -> Content:
        """The lines of the drawing, cut to the height."""
        size = self.content_size
        if not size:
            return Content("")
        return Content("\n").join(list(self._drawing(size.width, size.height))[: size.height])

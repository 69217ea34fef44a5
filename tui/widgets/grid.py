"""A grid of terminal cells on which plots, bars and heat maps are drawn."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from textual.content import Content, Span
from textual.style import Style

from tui.words import cells, plain

Piece = tuple[str, str]  # text and the name of its style


class Grid:
    """`width` by `height` cells, each with a glyph and a style; drawing outside is ignored."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self._glyphs = [[" "] * self.width for _ in range(self.height)]
        self._styles = [[""] * self.width for _ in range(self.height)]

    def put(self, x: int, y: int, glyph: str, style: str = "") -> None:
        """One cell."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._glyphs[y][x] = glyph
            self._styles[y][x] = style

    def text(self, x: int, y: int, text: str, style: str = "") -> None:
        """A run of text from a cell on; a wide character takes two cells."""
        for char in plain(text):
            wide = cells(char)
            if wide == 2 and x + 1 >= self.width:
                return
            if wide == 0:
                continue
            self.put(x, y, char, style)
            if wide == 2:
                self.put(x + 1, y, "", style)
            x += wide

    def is_free(self, x: int, y: int, width: int) -> bool:
        """Whether a run of cells is inside and still blank."""
        inside = 0 <= y < self.height and x >= 0 and x + width <= self.width
        return inside and all(glyph == " " for glyph in self._glyphs[y][x : x + width])

    def lines(self) -> list[Content]:
        """The lines from top to bottom."""
        return [_line(glyphs, styles) for glyphs, styles in zip(self._glyphs, self._styles, strict=True)]


def _line(glyphs: list[str], styles: list[str]) -> Content:
    runs = groupby(zip(glyphs, styles, strict=True), key=itemgetter(1))
    return line(*(("".join(glyph for glyph, _ in run), style) for style, run in runs))


def line(*pieces: Piece | str) -> Content:
    """A line made of texts and (text, style) pairs; nothing in it is parsed as markup."""
    spans: list[Span] = []
    texts: list[str] = []
    at = 0
    for piece in pieces:
        text, style = (piece, "") if isinstance(piece, str) else piece
        texts.append(text)
        if style and text:
            spans.append(Span(at, at + len(text), style))
        at += len(text)
    return Content("".join(texts), spans)


def clickable(words: Content, action: str) -> Content:
    """Words on which a click does an action, the screen's own where it does not say `app.quit` or the like."""
    action = action if action.startswith(("app.", "screen.")) else f"screen.{action}"
    return words.stylize(Style.from_meta({"@click": action}))


def spread(left: Content, right: Content, width: int) -> Content:
    """Two texts at the two ends of a line; the left one is cut if there is too little room."""
    room = width - right.cell_length
    if room < 1:
        return right.truncate(width, ellipsis=True)
    if left.cell_length > room - 1:
        left = left.truncate(max(0, room - 1), ellipsis=True)
    return left.pad_right(room - left.cell_length) + right


def fitting(groups: Sequence[Content], width: int) -> Content:
    """As many groups from the left as fit whole."""
    made = Content("")
    for group in groups:
        if made.cell_length + group.cell_length > width:
            break
        made = made + group
    return made

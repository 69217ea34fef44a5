"""A figure three lines high, for a panel's main number."""

from collections.abc import Sequence

from textual.content import Content

from tui.widgets.grid import fitting, line

HEIGHT = 3
_GAP = 3
_MIN_ROOM = 16
_SHAPES = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", " ━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    "$": ("┏┳╸", "┗╋┓", "╺┻┛"),
    ".": (" ", " ", "."),
    ",": (" ", " ", ","),
    "≥": ("  ", "≥ ", "  "),
}


def large(text: str, style: str) -> list[Content] | None:
    """The figure in three lines; None if it contains a character without a shape."""
    if any(char not in _SHAPES for char in text):
        return None
    return [line(("".join(_SHAPES[char][row] for char in text), style)) for row in range(HEIGHT)]


def beside(text: str, style: str, notes: Sequence[Sequence[Content]], width: int) -> list[Content]:
    """A large figure with up to three notes to its right, each with as many of its groups as fit.

    If that leaves no room for the notes, the figure has normal size and goes above them.
    """
    figure = large(text, style)
    room = width - figure[0].cell_length - _GAP if figure is not None else 0
    if figure is None or room < _MIN_ROOM:
        return [line((text, style)), *(fitting(groups, width) for groups in notes)]
    rows = [*(fitting(groups, room) for groups in notes), *([Content("")] * HEIGHT)]
    return [drawn + line(" " * _GAP) + note for drawn, note in zip(figure, rows, strict=False)]

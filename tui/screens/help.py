"""Help: the keys that work on the screen below, from its live bindings, and the meaning of its terms."""

from collections.abc import Sequence
from functools import partial
from textwrap import wrap
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content

from tui.keys import KEYS, SCREENS, Key
from tui.screens.questions import ReadScreen
from tui.terms import TERMS
from tui.widgets.grid import line
from tui.words import cells, fit

_MOVING = Key("up,down", "", "", "Move through a table; page up, page down, home and end move further.")


class HelpScreen(ReadScreen):
    """A panel over the screen; the key that opened it closes it, too."""

    BINDINGS: ClassVar = [Binding("question_mark", "dismiss", "Close.", show=False)]

    def __init__(self, area: str, active: set[str]) -> None:
        """`area`: the screen below; `active`: the actions that are bound there now."""
        super().__init__("Help", partial(_lines, area, active))


def _lines(area: str, active: set[str], room: int) -> list[Content]:
    """The screen's keys and terms, then those of all screens."""
    own = KEYS[area]
    general = [key for key in KEYS["any"] if key.keys not in {one.keys for one in own}]
    parts: list[tuple[str, Sequence[tuple[str, str]]]] = [
        (SCREENS.get(area, "Task"), _working(own, active)),
        ("Words", [*TERMS[area], *TERMS["any"]]),
        ("Everywhere", _working([*general, _MOVING], active)),
    ]
    lines: list[Content] = []
    for title, rows in parts:
        lines += [Content("")] if lines else []
        lines.append(line((title, "bold $heading")))
        width = max(cells(word) for word, _ in rows)
        for word, sentence in rows:
            first, *others = wrap(sentence, max(8, room - width - 2))
            lines.append(line((fit(word, width), "bold $taxi"), "  ", first))
            lines += [line(" " * (width + 2), part) for part in others]
    return lines


def _working(keys: Sequence[Key], active: set[str]) -> list[tuple[str, str]]:
    return [(key.shown, key.sentence) for key in keys if not key.action or key.action in active]

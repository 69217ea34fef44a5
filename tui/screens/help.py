"""Help: every key that works on the screen below, from its live bindings."""

from functools import partial
from textwrap import wrap
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content

from tui.keys import KEYS, SCREENS, Key
from tui.screens.questions import ReadScreen
from tui.widgets.grid import line
from tui.words import cells, fit

_MOVING = Key("up,down", "", "", "Move through a table; page up, page down, home and end go further.")


class HelpScreen(ReadScreen):
    """A panel over the screen; the key that opened it closes it, too."""

    BINDINGS: ClassVar = [Binding("question_mark", "dismiss", "Close.", show=False)]

    def __init__(self, area: str, active: set[str]) -> None:
        """`area`: the screen below; `active`: the actions that are bound there now."""
        super().__init__("Keys", partial(_key_lines, area, active))


def _key_lines(area: str, active: set[str], room: int) -> list[Content]:
    """The keys of the screen, then those of every screen."""
    own = KEYS.get(area, ())
    general = [key for key in KEYS["any"] if key.keys not in {one.keys for one in own}]
    areas = [(SCREENS.get(area, "Task"), [*own]), ("Everywhere", [*general, _MOVING])]
    shown = [(title, [key for key in keys if not key.action or key.action in active]) for title, keys in areas]
    width = max((cells(key.shown) for _, keys in shown for key in keys), default=1)
    lines: list[Content] = []
    for title, keys in shown:
        if not keys:
            continue
        lines += [Content("")] if lines else []
        lines.append(line((title, "bold $heading")))
        for key in keys:
            first, *others = wrap(key.sentence, max(8, room - width - 2))
            lines.append(line((fit(key.shown, width), "bold $taxi"), "  ", first))
            lines += [line(" " * (width + 2), part) for part in others]
    return lines

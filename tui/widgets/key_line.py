"""The last line of every screen: at most six keys, or an error."""

from collections.abc import Sequence

from textual.content import Content

from tui.keys import Key
from tui.widgets.grid import clickable, line
from tui.widgets.sheet import Sheet
from tui.words import plain, with_short_paths


class KeyLine(Sheet):
    """Keys from the registry; a click on one acts like the key. An error replaces the keys."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: Sequence[Key] = ()
        self._trouble = ""

    def show(self, keys: Sequence[Key], trouble: str) -> None:
        """Show these keys, or a sentence in their place."""
        if (keys, trouble) != (self._keys, self._trouble):
            self._keys, self._trouble = keys, trouble
            self.redraw()

    def draw(self, width: int, height: int) -> list[Content]:
        """As many whole keys as fit, the last one (help) with priority."""
        if self._trouble:
            sign = line((" ▲ ", "bold $warn"))
            trouble = with_short_paths(plain(self._trouble), width - sign.cell_length)
            return [(sign + line((trouble, "$warn"))).truncate(width, ellipsis=True)]
        if not self._keys:
            return []
        *others, last = map(_drawn, self._keys)
        made = line(" ")
        for key in others:
            if made.cell_length + key.cell_length + last.cell_length + 3 <= width:
                made += key + line("   ")
        return [made + last if made.cell_length + last.cell_length <= width else made]


def _drawn(key: Key) -> Content:
    """A key and what it does; of two that are shown together the second does its own."""
    first, gap, second = key.shown.rpartition(" ") if key.second else (key.shown, "", "")
    shown = clickable(line((first + gap, "bold $taxi")), key.action)
    if second:
        shown += clickable(line((second, "bold $taxi")), key.second)
    return shown + clickable(line(" ", (key.words, "$dim")), key.action)

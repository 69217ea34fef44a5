"""The last line of every screen: at most six keys, or what went wrong."""

from textual.content import Content
from textual.reactive import var

from tui.keys import Key
from tui.widgets.grid import clickable, line
from tui.widgets.sheet import Sheet
from tui.words import plain


class KeyLine(Sheet):
    """Keys from the registry; a click on one does what the key does. Trouble takes the place of the keys."""

    auto_links = var(False)

    def __init__(self, keys: list[Key]) -> None:
        super().__init__()
        self._keys = keys
        self._trouble = ""

    def show_trouble(self, words: str) -> None:
        """Show this sentence in place of the keys; an empty one gives them back."""
        if words != self._trouble:
            self._trouble = words
            self.redraw()

    def draw(self, width: int, height: int) -> list[Content]:
        """Whole keys only, as many as fit; the last one, which leads to all others, before the rest."""
        if self._trouble:
            return [line((" ▲ ", "bold $warn"), (plain(self._trouble), "$warn")).truncate(width, ellipsis=True)]
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

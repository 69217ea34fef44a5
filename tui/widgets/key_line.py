"""The last line of every screen: at most six keys, or what went wrong."""

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from tui.keys import Key
from tui.widgets.grid import Piece, line
from tui.words import cells, plain


class KeyLine(Widget):
    """Keys from the registry; a click on one does what the key does. Trouble takes the place of the keys."""

    ALLOW_SELECT = False

    def __init__(self, keys: list[Key]) -> None:
        super().__init__()
        self._keys = keys
        self._trouble = ""
        self._places: list[tuple[int, int, str]] = []  # cells from, to; what a click there does

    def show_trouble(self, words: str) -> None:
        """Show this sentence in place of the keys; an empty one gives them back."""
        if words != self._trouble:
            self._trouble = words
            self.refresh()

    def render(self) -> Content:
        """Whole keys only, as many as fit; the last one, which leads to all others, before the rest."""
        width = self.size.width
        self._places = []
        if self._trouble:
            return line((" ▲ ", "bold $warn"), (plain(self._trouble), "$warn")).truncate(width, ellipsis=True)
        pieces: list[Piece | str] = [" "]
        used = 1
        kept = _size(self._keys[-1]) + 3
        for key in self._keys:
            size = _size(key)
            if used + size + (kept if key is not self._keys[-1] else 0) > width:
                continue
            pieces += [(key.shown, "bold $taxi"), " ", (key.words, "$dim"), "   "]
            if key.second:
                end = used + cells(key.shown)
                self._places.append((end - cells(key.shown.rpartition(" ")[2]), end, key.second))
            self._places.append((used, used + size, key.action))
            used += size + 3
        return line(*pieces)

    async def on_click(self, event: Click) -> None:
        """Do what the key under the mouse does."""
        for start, end, action in self._places:
            if start <= event.x < end:
                await self.screen.run_action(action)
                break


def _size(key: Key) -> int:
    return cells(key.shown) + 1 + cells(key.words)

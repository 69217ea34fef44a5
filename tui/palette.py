"""The command palette: every key of the screen in front, and the themes, as `area: verb`."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import OptionList

from tui.keys import KEYS
from tui.themes import THEME_NAMES

_IN_THE_SENTENCE = 0.01  # less than any name's score


class Entry(NamedTuple):
    """A command of the palette."""

    name: str
    sentence: str
    action: str


def entries(area: str) -> Iterator[Entry]:
    """The commands of a screen."""
    for name in (area, "any"):
        for key in KEYS.get(name, ()):
            if key.action == "app.command_palette":
                continue
            prefix = "go" if key.action.startswith("app.go(") else "app" if name == "any" else name
            yield Entry(f"{prefix}: {key.words}", key.sentence, key.action)
    for theme in THEME_NAMES:
        yield Entry(f"theme: {theme}", f"Draw everything in the {theme} theme.", f"app.theme('{theme}')")


class Palette(CommandPalette):
    """The palette; it closes only once, since the second click of a double click would close the screen below."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key moves in a list without lines, as it is before it was drawn and on a low terminal: Textual's fails."""
        if action == "command_list" and not self.query_one(OptionList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)


class Commands(Provider):
    """Offers the entries of the screen below."""

    async def discover(self) -> Hits:
        """All of them, while nothing is typed."""
        for entry in self._entries():
            yield DiscoveryHit(entry.name, partial(self._run, entry.action), help=entry.sentence)

    async def search(self, query: str) -> Hits:
        """Commands with a matching name, then those with a matching description: `budget` finds the settings."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.name) or _IN_THE_SENTENCE * (query.casefold() in entry.sentence.casefold())
            if score > 0:
                run = partial(self._run, entry.action)
                yield Hit(score, matcher.highlight(entry.name), run, help=entry.sentence)

    def _entries(self) -> Iterator[Entry]:
        """Those of the screen below that can be done where the dashboard runs."""
        for entry in entries(str(getattr(self.screen, "NAME", "any"))):
            if self.app.check_action(entry.action.removeprefix("app."), ()):
                yield entry

    async def _run(self, action: str) -> None:
        await self.app.screen.run_action(action)

"""What is drawn again: the lines that changed, and no others."""

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.content import Content
from textual.strip import Strip

from tests.tui.fakes import screen_text
from tui.themes import THEMES
from tui.widgets.columns import figures
from tui.widgets.grid import line
from tui.widgets.picture import Picture
from tui.widgets.table import Table


class Counting(Picture):
    """Notes which lines are drawn."""

    drawn: list[int]

    def render_line(self, y: int) -> Strip:
        """As it is."""
        self.drawn.append(y)
        return super().render_line(y)


class Frame(App[None]):
    """One picture."""

    def compose(self) -> ComposeResult:
        self.picture = Counting(id="picture")
        self.picture.drawn = []
        yield self.picture

    def on_mount(self) -> None:
        self.picture.styles.height = 6


def lines(*texts: str, style: str = "") -> Sequence[Content]:
    return [line((text, style)) for text in texts]


async def drawn_after(texts: Sequence[Content], *, title: str | None = None) -> tuple[list[int], list[str]]:
    """Lines drawn and seen once these stand where `a`, `b` and `c` stood."""
    app = Frame()
    async with app.run_test(size=(20, 8)) as pilot:
        app.picture.show(lambda width, height: lines("a", "b", "c"), title="T")
        await pilot.pause()
        app.picture.drawn.clear()
        app.picture.show(lambda width, height: texts, title=title)
        await pilot.pause()
        return app.picture.drawn, [one.strip() for one in screen_text(app).splitlines()]


async def test_the_same_lines_are_not_drawn_again() -> None:
    assert (await drawn_after(lines("a", "b", "c"), title="T"))[0] == []


async def test_only_lines_that_changed_are_drawn() -> None:
    drawn, seen = await drawn_after(lines("a", "other", "c"))
    assert drawn == [1]
    assert seen[:3] == ["a", "other", "c"]


async def test_lines_that_are_no_more_are_taken_away() -> None:
    drawn, seen = await drawn_after(lines("a"))
    assert drawn == [1, 2]
    assert seen[:3] == ["a", "", ""]


async def test_a_line_that_changed_its_style_is_drawn() -> None:
    assert (await drawn_after([*lines("a"), *lines("b", style="bold"), *lines("c")]))[0] == [1]


async def test_a_theme_gives_lines_that_stay_its_colours() -> None:
    app = Frame()
    async with app.run_test(size=(20, 8)) as pilot:
        app.picture.show(lambda width, height: lines("a", style="$primary"))
        await pilot.pause()
        before = app.screen.get_style_at(0, 0)
        app.theme = "textual-light"
        await pilot.pause()
        app.picture.show(lambda width, height: lines("a", style="$primary"))
        await pilot.pause()
        assert app.screen.get_style_at(0, 0) != before


async def test_what_was_shown_while_it_was_hidden_is_there_when_it_is_not() -> None:
    app = Frame()
    async with app.run_test(size=(20, 8)) as pilot:
        app.picture.show(lambda width, height: lines("a"))
        await pilot.pause()
        app.picture.display = False
        await pilot.pause()
        app.picture.show(lambda width, height: lines("b"))
        app.picture.display = True
        await pilot.pause()
        assert screen_text(app).strip() == "b"


async def test_the_cursor_and_what_shows_its_row_are_drawn_at_once() -> None:
    frames: list[str] = []

    class Rows(App[None]):
        def __init__(self) -> None:
            super().__init__()
            for theme in THEMES:
                self.register_theme(theme)
            self.theme = "dark"

        def compose(self) -> ComposeResult:
            self.row = Picture(id="row")
            self.table = Table([figures("n", 4, int)], str, moved=self.say)
            yield self.table
            yield self.row

        def on_mount(self) -> None:
            self.table.styles.height = self.row.styles.height = 5
            self.table.set_rows(range(9))

        def say(self) -> None:
            self.row.show(lambda width, height: lines(f"on {self.table.selected}"))

        def _display(self, *drawn: object) -> None:
            super()._display(*drawn)  # type: ignore[arg-type]
            frames.append(screen_text(self))

    app = Rows()
    async with app.run_test(size=(20, 10)) as pilot:
        await pilot.pause()
        frames.clear()
        await pilot.press("down")
        await pilot.pause()
        assert app.table.selected == 1
        assert ["on 1" in one for one in frames] == [True] * len(frames) != []

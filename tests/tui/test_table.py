"""The table: columns that leave whole, order by value, filter, and a cursor that stays on its row."""

import pytest
from textual.app import App, ComposeResult
from textual.events import Key, MouseScrollDown, MouseScrollUp

from tests.tui.fakes import screen_text
from tests.tui.items import COLUMNS, Item, items
from tui.themes import THEMES
from tui.widgets.columns import layout
from tui.widgets.table import Table


class Frame(App[None]):
    """A table and nothing else."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.opened = 0
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "dark"
        self._items = items

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS, lambda item: item.name)

    def on_mount(self) -> None:
        table: Table[Item] = self.query_one(Table)
        for _ in ("name", "cost"):
            table.sort_by_next()
        table.set_rows(self._items)

    def on_key(self, event: Key) -> None:
        self.opened += event.key == "enter"


async def test_sorting_is_by_value_and_keeps_the_cursor() -> None:
    app = Frame(items(12))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        assert table.selected == Item("item 11", 11.0)
        await pilot.press("down", "down")
        chosen = table.selected
        table.reverse()
        assert table.selected == chosen
        assert [item.cost for item in table.shown] == sorted(item.cost for item in table.shown)


async def test_after_the_last_column_rows_stand_as_they_were_given() -> None:
    app = Frame(items(3))
    async with app.run_test(size=(50, 20)):
        table = app.query_one(Table)
        names = []
        for _ in range(5):
            names.append([item.name for item in table.shown])
            table.sort_by_next()
        up, down = ["item 0", "item 1", "item 2"], ["item 2", "item 1", "item 0"]
        assert names == [down, up, up, up, up]  # cost, twice, note, as given, name
        assert [item.name for item in table.shown] == down  # cost again


async def test_an_order_as_given_turns_round() -> None:
    app = Frame([Item("b", 1.0), Item("c", 0.0), Item("a", 2.0)])
    async with app.run_test(size=(50, 20)):
        table = app.query_one(Table)
        while table._sort is not None:
            table.sort_by_next()
        assert [item.name for item in table.shown] == ["b", "c", "a"]
        table.reverse()
        assert [item.name for item in table.shown] == ["a", "c", "b"]
        table.sort_by_next()
        assert [item.name for item in table.shown] == ["a", "b", "c"]


async def test_filter_keeps_rows_with_every_word() -> None:
    app = Frame(items(12))
    async with app.run_test(size=(50, 20)):
        table = app.query_one(Table)
        table.set_filter("ITEM $11")
        assert [item.name for item in table.shown] == ["item 11"]
        assert table.position() == "1 (of 12) with “item $11”"
        table.set_filter("nothing")
        assert table.selected is None
        assert table.position() == "none of 12 with “nothing”"


async def test_a_long_filter_leaves_room_for_the_way_out() -> None:
    app = Frame(items(3))
    async with app.run_test(size=(60, 12)):
        app.query_one(Table).set_filter("words that were pasted " * 40)
        assert " · esc shows all" in screen_text(app)


async def test_only_rows_in_sight_are_drawn() -> None:
    app = Frame(items(3000))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        await pilot.press("end")
        await pilot.pause()
        assert "item 0 " in screen_text(app)
        assert "item 2999" not in screen_text(app)
        assert table.position() == "2,982–3,000 of 3,000"
        await pilot.press("home")
        await pilot.pause()
        assert "item 2999" in screen_text(app)


async def test_a_click_on_a_title_sorts_and_the_next_one_turns_it_round() -> None:
    app = Frame(items(12))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        names = [item.name for item in table.shown]
        places = layout(COLUMNS, 50, table._in_sight, 1)
        await pilot.click(Table, offset=(places[0][1] + 3, 0))  # the costs, sorted by already
        assert [item.name for item in table.shown] == names[::-1]
        await pilot.click(Table, offset=(1, 0))
        assert [item.name for item in table.shown] == sorted(names)
        await pilot.click(Table, offset=(1, 0))
        assert [item.name for item in table.shown] == sorted(names, reverse=True)


async def test_a_click_chooses_a_row_two_open_it_and_the_wheel_goes_three_rows() -> None:
    app = Frame(items(40))
    async with app.run_test(size=(50, 12)) as pilot:
        table = app.query_one(Table)

        async def after(name: str, opened: int) -> None:
            await pilot.pause()
            assert (table.selected, app.opened) == (Item(name, float(name.split()[1])), opened)

        await pilot.press("end")
        await pilot.click(Table, offset=(3, 1))
        await after("item 10", 0)
        await pilot.click(Table, offset=(3, 4), times=2)
        await after("item 7", 1)
        for wheel, name in ((MouseScrollUp, "item 10"), (MouseScrollDown, "item 7"), (MouseScrollDown, "item 4")):
            app.screen._forward_event(wheel(table, 3, 3, 0, 0, 0, False, False, False, 3, 3))
            await after(name, 1)
        table.set_rows(items(2))
        chosen = table.selected
        await pilot.click(Table, offset=(3, 9), times=2)
        assert (table.selected, app.opened) == (chosen, 1), "nothing is there"


async def test_what_comes_before_the_very_top_comes_in_sight() -> None:
    app = Frame(items(40))
    async with app.run_test(size=(50, 12)) as pilot:
        table = app.query_one(Table)
        top = table.selected
        table.set_rows(items(42))
        assert table.selected == top
        assert table._in_sight[:3] == [Item("item 41", 41.0), Item("item 40", 40.0), top]
        await pilot.pause()
        assert [row.split("$")[0].strip() for row in screen_text(app).splitlines()[1:4]] == [
            "item 41",
            "item 40",
            "item 39",
        ]
        table.set_rows(items(43))
        assert table.selected == top
        assert table._in_sight[:4] == [Item("item 42", 42.0), Item("item 41", 41.0), Item("item 40", 40.0), top]
        table.action_move(1)
        in_sight = table._in_sight
        table.set_rows(items(50))
        assert table._in_sight[2:] == in_sight[2:]
        assert table._in_sight[table._cursor - table._first] == Item("item 38", 38.0)


async def test_a_row_that_is_gone_leaves_the_cursor_near() -> None:
    app = Frame(items(10))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        await pilot.press("end")
        table.set_rows(items(10)[3:])
        assert table.selected == Item("item 3", 3.0)


async def test_the_cursor_is_on_its_row_again_when_all_were_gone() -> None:
    app = Frame(items(10))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        await pilot.press("down", "down")
        chosen = table.selected
        for words in ("none of them", "none of them either", ""):
            table.set_filter(words)
        assert table.selected == chosen
        table.set_rows([])
        assert table.selected is None
        table.set_rows(items(10))
        assert table.selected == chosen
        table.set_rows([])
        table.set_rows(items(2))
        assert table.selected == Item("item 1", 1.0)


@pytest.mark.parametrize("first_seen", ["edit", "rows"])
async def test_a_row_that_became_part_of_another_takes_the_cursor_there(first_seen: str) -> None:
    app = Frame(items(40))
    async with app.run_test(size=(50, 12)) as pilot:
        table = app.query_one(Table)
        await pilot.press("down", "down")
        key = table._key
        former, heir = table.shown[2], table.shown[30]
        if first_seen == "edit":
            table.follow(key(former), key(heir))
            assert table.selected == former
        table.set_rows([item for item in items(40) if item != former])
        if first_seen == "rows":
            table.follow(key(former), key(heir))
        assert table.selected == heir
        table.set_rows(items(40))
        assert table.selected == heir


async def test_the_cursor_goes_to_the_merged_row_once_a_filter_shows_that() -> None:
    app = Frame(items(40))
    async with app.run_test(size=(50, 12)):
        table = app.query_one(Table)
        former, heir = table.shown[2], table.shown[30]
        table.set_filter(former.name)
        table.follow(table._key(former), table._key(heir))
        table.set_rows([item for item in items(40) if item != former])
        assert table.selected is None
        table.set_filter("")
        assert table.selected == heir


async def test_a_cursor_that_was_moved_on_stays_where_it_is() -> None:
    app = Frame(items(10))
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        key = table._key
        former, next_one, heir = table.shown[0], table.shown[1], table.shown[8]
        table.follow(key(former), key(heir))
        await pilot.press("down")
        table.set_rows([item for item in items(10) if item != former])
        assert table.selected == next_one


async def test_a_table_that_comes_in_sight_shows_all_that_fits() -> None:
    """Rows that were set while the table was hidden were placed for a height of one."""
    app = Frame([])
    async with app.run_test(size=(50, 20)) as pilot:
        table = app.query_one(Table)
        table.set_rows(items(1))
        table.display = False
        await pilot.pause()
        table.set_rows(items(5))
        assert table.selected == Item("item 0", 0.0)
        table.display = True
        await pilot.pause()
        assert "item 4" in screen_text(app)

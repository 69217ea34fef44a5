"""The ways between the screens: whatever is pressed, the board in front is the one asked for, and it is drawn."""

import random
from dataclasses import replace

import pytest

from tests.tui.fakes import dashboard
from tests.tui.test_screens import Script, edits_done, feed, settled
from tui.app import Dashboard
from tui.edits import Edit, Edited
from tui.screens.board import Board
from tui.snapshot import Snapshot, Wish

_KEYS = ("1", "2", "3", "4", "5", "6", "enter", "enter", "escape", "down")


def front(app: Dashboard) -> Board:
    """The board that is seen, be it under a list or a question."""
    return next(one for one in reversed(app.screen_stack) if isinstance(one, Board))


def assert_drawn(app: Dashboard, keys: list[str]) -> None:
    board = front(app)
    assert app.wish.screen == board.NAME, keys
    assert bool(app.wish.task) == (board.NAME == "task"), keys
    assert board.query_one("#body").display, f"blank {board.NAME} after {keys}"
    assert not board.query_one("#instead").display, keys


@pytest.mark.parametrize("seed", range(8))
async def test_no_keys_lead_to_an_empty_board(sample_script: Script, seed: int) -> None:
    chance = random.Random(seed)
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        pressed: list[str] = []
        for _ in range(40):
            pressed.append(chance.choice(_KEYS))
            await pilot.press(pressed[-1])
            await settled(pilot)
            assert_drawn(app, pressed)


@pytest.mark.parametrize(
    ("keys", "board"),
    [
        ("1 enter 3 1", "now"),
        ("2 enter 4 enter enter 2", "tasks"),
        ("2 enter 4 enter enter 4", "cache"),
        ("2 enter 4 enter enter escape 2 escape", "tasks"),
        ("1 enter 1", "now"),
        ("2 enter 2", "tasks"),
        ("4 enter enter escape", "cache"),
    ],
)
async def test_a_screens_key_goes_to_its_board(sample_script: Script, keys: str, board: str) -> None:
    app = dashboard(sample_script, start="spend")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for key in keys.split():
            await pilot.press(key)
            await settled(pilot)
        assert app.current_mode == board
        assert not app.wish.task
        assert_drawn(app, keys.split())


async def test_what_came_for_another_board_while_paused_is_not_shown(sample_script: Script) -> None:
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        feed(app).hand_over()
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert_drawn(app, ["space", "2"])
        await pilot.press("space")
        await settled(pilot)
        assert app.paused_ms is None
        assert_drawn(app, ["space", "2", "space"])


@pytest.mark.parametrize("failed", [False, True])
async def test_an_edit_ends_the_pause(sample_script: Script, failed: bool) -> None:
    """What it changed is seen, and the next key is about what is: out of the averages, in again."""
    excluded = {"is": False}

    def script(wish: Wish) -> Snapshot:
        made = sample_script(wish)
        assert made.tasks is not None
        first, *others = made.tasks.tasks
        return replace(made, tasks=replace(made.tasks, tasks=(first._replace(excluded=excluded["is"]), *others)))

    def edit(one: Edit) -> Edited:
        feed(app).edits.append(one)
        if not failed:
            excluded["is"] = one.kind == "exclude"
            feed(app).hand_over()
        return Edited("done", one.task, failed=failed)

    app = dashboard(script, start="tasks")
    feed(app).edit = edit  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        for _ in range(2):
            await pilot.press("e")
            await edits_done(app)
            await settled(pilot)
        assert [one.kind for one in feed(app).edits] == ["exclude", "exclude" if failed else "include"]
        assert (app.paused_ms is not None) == failed

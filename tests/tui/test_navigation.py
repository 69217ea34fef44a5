"""The ways between the screens: whatever is pressed, the board in front is the one asked for, and it is drawn."""

import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.tui.fakes import NOW_MS, TODAY, Script, dashboard, edits_done, feed, settled
from tui.app import Dashboard
from tui.edits import Edit, Edited, JoinPrevious, Rename, ToggleExcluded, Undo, apply_edit
from tui.readers.months import chosen_month, requested_month
from tui.readers.tasks import read_tasks
from tui.screens.board import Board
from tui.snapshot import Month, Snapshot, TaskPart, ViewRequest
from tui.task_words import EXCLUDED_SIGN

_KEYS = ("1", "2", "3", "4", "5", "6", "enter", "enter", "escape", "down")


def front(app: Dashboard) -> Board:
    """The board that is seen, be it under a list or a question."""
    return next(one for one in reversed(app.screen_stack) if isinstance(one, Board))


def assert_drawn(app: Dashboard, keys: list[str]) -> None:
    board = front(app)
    assert app.request.screen == board.NAME, keys
    assert bool(app.request.task) == (board.NAME == "task"), keys
    assert board.query_one("#body").display, f"blank {board.NAME} after {keys}"
    assert not board.query_one("#instead").display, keys


@pytest.mark.parametrize("seed", range(3))
async def test_no_keys_lead_to_an_empty_board(sample_script: Script, seed: int) -> None:
    chance = random.Random(seed)
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        pressed: list[str] = []
        for _ in range(20):
            pressed.append(chance.choice(_KEYS))
            await pilot.press(pressed[-1])
            await settled(pilot)
            assert_drawn(app, pressed)


@pytest.mark.parametrize("key", ["comma", "question_mark", "ctrl+p", "r", "m", "enter"])
async def test_closing_a_panel_twice_leaves_the_screen_below_open(sample_script: Script, key: str) -> None:
    """Each click of a double click does: on an answer, or beside the palette."""
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press(key)
        await settled(pilot)
        panel = app.screen
        assert panel is not front(app)
        panel.dismiss()
        panel.dismiss()
        await settled(pilot)
        assert app.screen is front(app)
        assert app.screen.NAME == "task"


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
        assert not app.request.task
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

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.tasks is not None
        first, *others = made.tasks.tasks
        return replace(made, tasks=replace(made.tasks, tasks=(first._replace(excluded=excluded["is"]), *others)))

    def edit(one: Edit) -> Edited:
        feed(app).edits.append(one)
        if not failed:
            excluded["is"] = not excluded["is"]
            feed(app).hand_over()
        return Edited("done", one.task if isinstance(one, ToggleExcluded) else "", failed=failed)

    app = dashboard(script, start="tasks")
    feed(app).edit = edit  # type: ignore[method-assign, assignment]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        for is_out in (True, False):
            await pilot.press("e")
            await edits_done(app)
            assert (f"{EXCLUDED_SIGN[0]} " in await settled(pilot)) == (is_out and not failed)
        assert [type(one) for one in feed(app).edits] == [ToggleExcluded, ToggleExcluded]
        assert (app.paused_ms is not None) == failed


async def test_edits_are_made_in_the_order_of_their_keys(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    may_begin = threading.Event()
    made: list[type[Edit]] = []

    def edit(one: Edit) -> Edited:
        if not made:
            may_begin.wait(5)
            time.sleep(0.05)  # the time in which a second one could overtake it
        made.append(type(one))
        return Edited("done")

    feed(app).edit = edit  # type: ignore[method-assign, assignment]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("e", "u", "e")
        may_begin.set()
        await edits_done(app)
    assert made == [ToggleExcluded, Undo, ToggleExcluded]


def test_a_task_left_out_stays_in_its_place_and_the_same_key_takes_it_in_again(
    sample_db: sqlite3.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as copy:
        sample_db.backup(copy)
    with closing(open_ledger(path)) as db:

        def listed() -> list[tuple[str, bool]]:
            return [
                (task.id, bool(task.excluded)) for task in read_tasks(db, requested_month(db, "", TODAY), NOW_MS).tasks
            ]

        before = listed()
        first = ToggleExcluded(before[0][0])
        assert apply_edit(db, first, NOW_MS).words == "left out of the averages"
        assert listed() == [(before[0][0], True), *before[1:]]
        assert apply_edit(db, first, NOW_MS).words == "in the averages again"
        assert listed() == before
        assert apply_edit(db, ToggleExcluded("t0000"), NOW_MS).failed


async def test_a_board_that_was_drawn_before_is_there_at_once_until_its_new_figures_are(sample_script: Script) -> None:
    held = {"is": False}
    app = dashboard(lambda request: None if held["is"] else sample_script(request), start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("4", "left_square_bracket")
        assert "October 2026" in await settled(pilot)
        held["is"] = True
        await pilot.press("2")
        assert "Tasks · November 2026" in await settled(pilot)
        assert_drawn(app, ["4", "[", "2"])
        await pilot.press("left_square_bracket")
        assert app.request.month == "2026-09", "its keys count at once, too"
        await pilot.press("right_square_bracket")
        held["is"] = False
        feed(app).hand_over()
        assert "Tasks · October 2026" in await settled(pilot)
        gone = replace(sample_script(ViewRequest(screen="spend")), calls=0)
        held["is"] = True
        await pilot.press("4")
        app.take_snapshot(gone)
        assert "No sessions yet" in await settled(pilot), "nothing stays of a ledger that is no more"


@pytest.mark.parametrize("board", ["tasks", "spend", "cache"])
async def test_each_month_key_counts_also_before_the_month_is_drawn(sample_script: Script, board: str) -> None:
    held = {"is": False}
    app = dashboard(lambda request: None if held["is"] else sample_script(request), start=board)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        held["is"] = True
        await pilot.press(*["left_square_bracket"] * 3, "right_square_bracket")
        assert app.request.month == "2026-09"
        held["is"] = False
        feed(app).hand_over()
        await settled(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert "November 2026" in await settled(pilot)


async def test_the_arrows_move_through_the_table_again_once_it_is_back(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    made = sample_script(ViewRequest(screen="tasks"))
    assert made.tasks is not None
    nothing = (replace(made, calls=0), replace(made, tasks=replace(made.tasks, tasks=())))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for gone in nothing:
            app.take_snapshot(gone)
            await settled(pilot)
            assert (app.focused is None) == (not gone.calls), "a table that is only empty keeps the keys"
            app.take_snapshot(made)
            await settled(pilot)
            await pilot.press("down", "up")
            table = front(app).table
            assert app.focused is table is not None


async def test_a_removed_task_leaves_no_figures_on_screen(sample_script: Script) -> None:
    gone = {"is": False}

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        return replace(made, task=TaskPart(request.task, None)) if request.task and gone["is"] else made

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        assert "Turns · " in await settled(pilot)
        for is_gone in (True, False):
            gone["is"] = is_gone
            feed(app).hand_over()
            text = await settled(pilot)
            assert ("This task no longer exists" in text) == is_gone
            assert ("Turns · " in text) == ("Evidence" in text) == ("ended at" in text) == (not is_gone)
        await pilot.press("escape")
        assert "Tasks · November" in await settled(pilot)


async def test_a_late_edit_of_another_task_leaves_the_open_one_in_front(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        first, *_, last = (task.id for task in app.known_tasks)
        await pilot.press("end", "enter")
        await settled(pilot)
        app.edit_done(Rename(first, "x"), Edited("renamed", first))
        await settled(pilot)
        assert app.request.task == last


async def test_an_open_task_is_followed_where_an_edit_put_it_and_back_by_undo(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    joined: list[str] = []

    def edit(one: Edit) -> Edited:
        return Edited("done", one.back_to if isinstance(one, Undo) else joined.pop(0))

    feed(app).edit = edit  # type: ignore[method-assign, assignment]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        first, second, third, *_ = (task.id for task in app.known_tasks)
        await pilot.press("enter")
        joined += [second, third]
        for key, shown in (("b", second), ("b", third), ("u", second), ("u", first), ("u", first)):
            await settled(pilot)
            await pilot.press(key)
            await edits_done(app)
            await settled(pilot)
            assert app.request.task == shown


def test_undo_names_the_task_that_is_there_again(sample_db: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as copy:
        sample_db.backup(copy)
    with closing(open_ledger(path)) as db:
        tasks = [row[0] for row in db.execute("SELECT id FROM task ORDER BY id")]
        task, joined = next(
            (one, made) for one in tasks if not (made := apply_edit(db, JoinPrevious(one), NOW_MS)).failed
        )
        assert joined.task not in ("", task)
        apply_edit(db, Rename(joined.task, "Both"), NOW_MS)
        assert apply_edit(db, Undo(joined.task, back_to=task), NOW_MS) == Edited("undone: rename")
        assert apply_edit(db, Undo(joined.task, back_to=task), NOW_MS) == Edited("undone: join", task)


def test_a_month_without_work_is_the_nearest_with_work() -> None:
    months = [date(2026, 3, 1), date(2026, 5, 1)]
    for requested, first in (("2025-12", 3), ("2026-04", 4), ("2026-09", 5), ("", 5)):
        assert chosen_month(months, requested, TODAY).first == date(2026, first, 1)
    assert chosen_month([*months, date(2027, 5, 1)], "", TODAY) == Month(
        months[1], date(2026, 5, 31), earlier=True, later=True
    )
    assert chosen_month([date(2027, 5, 1)], "", TODAY).first == date(2027, 5, 1)
    november = Month(date(2026, 11, 1), date(2026, 11, 30), earlier=False, later=False)
    assert chosen_month([], "", TODAY) == chosen_month([], "2026-01", TODAY) == november


async def test_no_edit_is_lost_when_its_user_leaves_at_once(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    made: list[type[Edit]] = []

    def edit(one: Edit) -> Edited:
        time.sleep(0.05)
        made.append(type(one))
        return Edited("done")

    feed(app).edit = edit  # type: ignore[method-assign, assignment]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("e", "u", "e")
    assert made == [ToggleExcluded, Undo, ToggleExcluded]


async def test_a_screen_is_reached_by_a_click_and_a_row_opened_by_two(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.click("#tasks", offset=(10, 3), times=2)
        text = await settled(pilot)
        assert (app.area, app.request.task) == ("task", app.known_tasks[2].id)
        for name, title in (("cache", "Cache"), ("plans", "Plans")):
            await pilot.click("TopLine", offset=(text.splitlines()[0].index(title), 0))
            text = await settled(pilot)
            assert app.area == name
        await pilot.click("#plans-table", offset=(10, 1), times=2)
        assert "Assumptions" in await settled(pilot)

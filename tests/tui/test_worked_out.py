"""What a key has worked out: briefs, hindsight, and what is copied."""

import sqlite3
from collections.abc import Callable, Iterable
from threading import Event
from time import sleep

import pytest

from tests.tui.fakes import (
    Script,
    dashboard,
    feed,
    settled,
)
from tracker.reports.carried import Carried, CarriedRow
from tui.screens.questions import Reading
from tui.widgets.carried import carried_lines


async def test_a_brief_is_shown_and_on_the_clipboard(sample_script: Script) -> None:
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("h")
        await app.workers.wait_for_complete()
        text = await settled(pilot)
        assert "Goal: [bold]the uploader[/]" in text
        assert app.clipboard.startswith("# Handover of ")
        assert "Handover · sent to the terminal's clipboard" in text
        await pilot.press("escape")
        assert "Goal:" not in await settled(pilot)


async def test_an_opened_task_tells_what_would_have_been_cheaper(
    sample_script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        for told, words in (
            (feed(app).hindsight(""), "Compacted as Taximeter advises"),
            ([], "No other compaction"),
            (None, "Not known: a call of its sessions has no price."),
        ):
            monkeypatch.setattr(feed(app), "hindsight", lambda _, told=told: told)
            await pilot.press("w")
            await app.workers.wait_for_complete()
            assert words in await settled(pilot)
            await pilot.press("escape")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_an_opened_task_shows_what_its_calls_carried(sample_script: Script, size: tuple[int, int]) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("enter", "c")
        await app.workers.wait_for_complete()
        await settled(pilot)
        text = await settled(pilot)
        for words in ("What was carried", "~$0.46, ~16% of $2.81 ", "~$1.45    52%", "~$0.46    16%", "$0.50    18%"):
            assert words in text
        await pilot.press("escape")
        assert "What was carried" not in await settled(pilot)


def test_where_no_tool_was_used_no_result_cost_nothing() -> None:
    row = CarriedRow("first_prompt", "", "", 1, 300, 2, 0, 1_000_000)
    text = "\n".join(map(str, carried_lines(Carried([row], 200_000, 0, 0), 100)))
    assert text.startswith("No tool results; the bill is $0.0012\n")


def test_what_was_carried_without_a_price_is_no_zero() -> None:
    row = CarriedRow("tool", "Read", "/a.py", 1, 300, 2, 0, 0)
    for width in (30, 100):
        text = "\n".join(map(str, carried_lines(Carried([row], 0, 0, unpriced=3), width)))
        assert "No call of it has a price." in text
        assert " ? " in text
        assert "$" not in text
        assert ("calls: how many carried a result" in text) is (" calls " in text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_the_month_that_is_shown_tells_what_it_carried(size: tuple[int, int]) -> None:
    app = dashboard(start="spend")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for month, figures in (("November", "~$0.46, ~16% of $2.81 "), ("October", "~$0.46, ~20% of $2.31 ")):
            await pilot.press("c")
            await app.workers.wait_for_complete()
            text = await settled(pilot)
            assert f"What was carried in {month} 2026" in text
            assert figures in text
            await pilot.press("escape", "left_square_bracket")
            assert "What was carried" not in await settled(pilot)


@pytest.mark.parametrize("start", ["tasks", "spend"])
async def test_what_was_carried_is_said_to_be_worked_out_and_esc_gives_it_up(
    start: str, sample_script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, is_stopped = dashboard(sample_script, start=start), Event()

    def carried(_of: object, stop: Callable[[], bool]) -> Carried:
        while not stop():
            sleep(0.01)
        is_stopped.set()
        raise sqlite3.OperationalError("interrupted")

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        if start == "tasks":
            await pilot.press("enter")
            await settled(pilot)
        for name in ("carried", "carried_in"):
            monkeypatch.setattr(feed(app), name, carried)
        await pilot.press("c")
        await pilot.pause()
        assert "This is being worked out …" in str(app.screen.query_one(Reading).render())
        await pilot.press("escape")
        assert is_stopped.wait(5)
        text = await settled(pilot)
        assert "worked out" not in text


async def test_what_cannot_be_worked_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    app = dashboard(start="spend")

    def carried_in(_month: object, _stop: object) -> Carried:
        raise sqlite3.OperationalError("database is locked")

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(feed(app), "carried_in", carried_in)
        await pilot.press("c")
        await app.workers.wait_for_complete()
        assert "What was carried" not in await settled(pilot)
        assert [one.message for one in app._notifications] == ["Not worked out: database is locked."]


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("www", ["TasksScreen", "TaskScreen", "ReadScreen"]), (["w", "escape"], ["TasksScreen"])],
)
async def test_what_is_worked_out_lies_over_its_task_once(
    sample_script: Script, monkeypatch: pytest.MonkeyPatch, keys: Iterable[str], shown: list[str]
) -> None:
    app, are_pressed = dashboard(sample_script, start="tasks"), Event()

    def hindsight(_task: str) -> list[str]:
        are_pressed.wait()
        return []

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        monkeypatch.setattr(feed(app), "hindsight", hindsight)
        await pilot.press(*keys)
        are_pressed.set()
        while len(app.workers):
            await settled(pilot)
        await settled(pilot)
        assert [type(screen).__name__ for screen in app.screen_stack] == shown


@pytest.mark.parametrize(
    ("is_there", "words"),
    [(True, "/compact: on the clipboard."), (False, "/compact: sent to the terminal's clipboard.")],
)
async def test_what_was_copied_is_said_to_be_there_only_if_it_is(
    sample_script: Script, monkeypatch: pytest.MonkeyPatch, *, is_there: bool, words: str
) -> None:
    """The terminal of macOS takes no text from a program and does not say so."""
    monkeypatch.setattr("tracker.desktop.copy", lambda _text: is_there)
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(type(app), "is_headless", False)
        await pilot.press("c")
        assert words in [one.message for one in app._notifications]


async def test_in_a_browser_what_was_copied_is_not_said_to_be_with_a_terminal(
    sample_script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(type(app), "is_web", True)
        await pilot.press("c")
        assert "/compact: sent to the browser's clipboard." in [one.message for one in app._notifications]

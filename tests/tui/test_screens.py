"""Every screen over the sample sessions: every key at every size, and what stands on it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.tui.fakes import (
    SIZES,
    FrozenClock,
    Script,
    dashboard,
    drawn,
    edits_done,
    feed,
    screen_text,
    settled,
)
from tracker.model.cache.miss_causes import Cause
from tracker.model.plans.plan import Excluded
from tracker.reports.cause_words import cause_advice, cause_words
from tracker.words import tokens
from tui.keys import KEYS, SCREENS
from tui.screens.board import Board
from tui.screens.now import curve
from tui.snapshot import Snapshot, ViewRequest
from tui.widgets.filter_line import FilterLine
from tui.widgets.table import Table

# One leaves the dashboard; where the digits lead is a matter of tests/tui/test_navigation.py.
_NOT_PRESSED = {"q", "escape", *(str(number) for number, _ in enumerate(SCREENS, 1))}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("area", [*SCREENS, "task"])
async def test_every_key_of_every_screen_does_no_harm(sample_script: Script, area: str, size: tuple[int, int]) -> None:
    app = dashboard(sample_script, start="tasks" if area == "task" else area)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        if area == "task":
            await pilot.press("enter")
            await settled(pilot)
        works_everywhere = KEYS["any"] if area == "now" or size == SIZES[0] else ()
        keys = [name for key in (*KEYS[area], *works_everywhere) for name in key.keys.split(",")]
        for name in (*keys, "up", "down", "pagedown", "home", "end"):
            if name in _NOT_PRESSED:
                continue
            await pilot.press(name)
            await pilot.pause()
            assert all(len(line) <= size[0] for line in screen_text(app).splitlines())
            for _ in range(3):
                if isinstance(app.screen, Board) and not isinstance(app.focused, FilterLine):
                    break
                await pilot.press("escape")
                await pilot.pause()
            assert isinstance(app.screen, Board)
            assert not isinstance(app.focused, FilterLine), "it would swallow the other keys"
        await edits_done(app)


@pytest.mark.parametrize("board", ["tasks", "plans"])
async def test_keys_turn_the_order_of_rows_round_and_choose_another(sample_script: Script, board: str) -> None:
    app = dashboard(sample_script, start=board)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        table = app.screen.query_one(Table)
        orders = [list(table.shown)]
        for key in ("S", "s"):
            await pilot.press(key)
            orders.append(list(table.shown))
    given, turned, other = orders
    assert turned == given[::-1] != given
    assert other != turned


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("area", SCREENS)
async def test_every_screen_fits_and_has_something_to_say(
    sample_script: Script, area: str, size: tuple[int, int]
) -> None:
    app = dashboard(sample_script, start=area)
    async with app.run_test(size=size) as pilot:
        text = await settled(pilot)
        lines = text.splitlines()
        assert lines[0].endswith("● live")
        assert len(lines) <= size[1]
        assert sum(bool(line.strip("│ ╭╮╰╯─")) for line in lines) >= 6
        assert lines[-1].endswith("? help")


async def test_now_shows_task_options_context_cache_and_calls(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="now"))
    assert "● Rate limits per customer" in text
    assert "○ Wish list total" in text
    assert "new task: the nightly invoice run" in text
    assert "this task" in text
    assert "inherited from earlier work" in text
    assert "▲ Compact now" in text
    assert "From here · ~8 calls likely to come ─" in text
    assert all(f" {name} " in text for name in ("go on", "compact", "new session"))
    assert "compact level" in text
    assert "5 min cache" in text
    assert "orders-api · claude-code · opus-5-5" in text
    assert "Edit tests/test_nightly.py" in text


async def test_at_rest_the_day_of_the_last_session_is_named(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        return replace(made, now=replace(made.now, is_running=False))

    async with dashboard(script, start="now").run_test(size=(120, 40)) as pilot:
        assert "◌ the last session, Nov 20 14:02 · watching 1 folder for the next" in await settled(pilot)


async def test_a_session_at_rest_is_paler_than_one_at_work(sample_script: Script) -> None:
    is_running = {"now": True}

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        return replace(made, now=replace(made.now, is_running=is_running["now"]))

    app = dashboard(script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        picture = app.screen.query_one("#now-task")
        assert picture.styles.text_opacity == 1.0
        is_running["now"] = False
        feed(app).hand_over()
        await settled(pilot)
        assert picture.styles.text_opacity < 1.0


@pytest.mark.parametrize(("context", "peak"), [(190_000, ""), (20_000, "150k")])
async def test_the_peak_is_told_where_it_is_more_than_the_context_of_now(
    sample_script: Script, context: int, peak: str
) -> None:
    """The latest answer is part of the next prompt before any call has read it: then now is the most there was."""

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        assert made.now.context is not None
        report = made.now.context._replace(context=context, peak=150_000)
        return replace(made, now=replace(made.now, context=report))

    text = await drawn(dashboard(script, start="now"))
    assert f"Context · {tokens(context)} now" in text
    told = [line.split(" peak ")[1].split()[0] for line in text.splitlines() if " peak " in line]
    assert told == ([peak] if peak else [])


def test_what_a_fork_has_from_its_parent_was_there_before_its_task(sample_script: Script) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.context is not None
    assert part.task is not None
    calls = [call for call in part.context.calls if call.task_id == part.task.id]
    size = calls[0].context
    task = part.task._replace(context_begin=size - 500)
    (first, *_), _ = curve(part.context._replace(calls=calls, baseline=1_000), task)
    assert first == (1_000, size - 1_500, 500)
    (first, *_), _ = curve(part.context._replace(calls=calls, baseline=size), task)
    assert first == (size, 0, 0), "a session of its own: what the task had before was in another context"


async def test_the_cache_clock_and_the_burn_run_with_the_time(sample_script: Script) -> None:
    clock = FrozenClock()
    app = dashboard(sample_script, start="now", clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        before = await settled(pilot)
        clock.pass_seconds(31)
        app._tick()
        after = await settled(pilot)
        clock.pass_seconds(3600)
        app._tick()
        cold = await settled(pilot)
    assert clock_of(before) - clock_of(after) == 31
    assert "cold: costs ~$" in cold
    assert "burn" not in cold


def clock_of(text: str) -> int:
    """Seconds that the cache clock shows."""
    line = next(line for line in text.splitlines() if " warm " in line or " cooling " in line)
    minutes, seconds = line.split("warm " if " warm " in line else "cooling ")[1].split()[0].split(":")
    return int(minutes) * 60 + int(seconds)


async def test_now_at_forty_columns_is_six_lines(sample_script: Script) -> None:
    lines = (await drawn(dashboard(sample_script, start="now"), size=(40, 12))).splitlines()
    assert lines[1].startswith(" ● Rate limits per customer")
    body = [line.strip("│ ") for line in lines[3:-2] if line.strip("│ ")]
    assert "new task: the nightly" in body[0]
    assert body[1].startswith("$")
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.context is not None
    assert part.context.prospect is not None
    assert body[2].endswith(f" {tokens(part.context.prospect.trigger)}")
    assert body[3].startswith("cache ")
    assert body[4].startswith("▸ ")


async def test_why_says_what_the_forecast_rests_on(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="now"), "w")
    assert "growth a call" in text
    assert "modelled" in text
    assert "compact level" in text


async def test_a_cause_opens_its_calls_and_a_call_its_task(sample_script: Script) -> None:
    app = dashboard(sample_script, start="cache")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "caching saved" in await settled(pilot)
        await pilot.press("enter")
        assert "cache expired · " in await settled(pilot)
        await pilot.press("enter")
        assert "Turns · " in await settled(pilot)
        await pilot.press("escape")
        assert "Misses by cause" in await settled(pilot)


@pytest.mark.parametrize("longest", [cause_words, cause_advice])
async def test_a_cause_has_its_whole_name_and_what_avoids_it_at_eighty_columns(
    longest: Callable[[str], str], sample_script: Script
) -> None:
    cause = max((name for key, name in vars(Cause).items() if key.isupper()), key=lambda name: len(longest(name)))
    made = sample_script(ViewRequest(screen="cache"))
    assert made.cache is not None
    report = made.cache.report
    causes = [report.causes[0]._replace(cause=cause)]
    part = replace(made.cache, report=report._replace(causes=causes))
    text = await drawn(dashboard(lambda _request: replace(made, cache=part), start="cache"), size=(80, 24))
    assert cause_words(cause) in text
    assert f"{cause_advice(cause)} · 1 " in text


async def test_the_filter_is_named_beside_what_avoids_a_cause_however_long_that_is(sample_script: Script) -> None:
    made = sample_script(ViewRequest(screen="cache"))
    assert made.cache is not None
    causes = [made.cache.report.causes[0]._replace(cause=cause) for cause in (Cause.EXPIRED, Cause.MODEL)]
    part = replace(made.cache, report=made.cache.report._replace(causes=causes))
    app = dashboard(lambda _request: replace(made, cache=part), start="cache")
    text = await drawn(app, "slash", *"expired", "enter", size=(80, 24))
    assert "─ answer within 5 min (plan: 1 h), or compact bef… · 1 (of 2) with “expired” ─" in text


async def test_plans_compare_and_say_what_they_rest_on(sample_script: Script) -> None:
    app = dashboard(sample_script, start="plans")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert "is the cheapest for this work" in text or "Cannot tell yet" in text
        assert "No plan is set: press ," in text
        assert "Pro" in text
        await pilot.press("enter")
        assert "Months are drawn from" in await settled(pilot)


async def test_few_days_give_no_plan_a_chance_or_a_share_as_the_command_gives_none(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.plans is not None
        report = made.plans.report
        assert report.load is not None
        few = replace(report.load, days={Excluded(0): report.load.base[:2]})
        return replace(made, plans=replace(made.plans, report=replace(report, load=few)))

    lines = (await drawn(dashboard(script, start="plans"))).splitlines()
    pro = next(line for line in lines if " Pro  " in line)
    assert not any("%" in line for line in lines[lines.index(pro) - 2 :])
    assert "no limit" in lines[lines.index(pro) - 1]


async def test_nothing_moves_under_the_cursor(sample_script: Script) -> None:
    """A new row above the cursor moves neither the cursor nor, where the table scrolls, its line."""
    grows = {"by": 0}

    def script(request: ViewRequest) -> Snapshot:
        snapshot = sample_script(request)
        assert snapshot.tasks is not None
        one = snapshot.tasks.tasks[0]
        many = [one._replace(id=f"old-{index}", title=f"Old task {index}") for index in range(60)]
        new = [one._replace(id=f"new-{index}", title=f"New task {index}") for index in range(grows["by"])]
        return replace(snapshot, tasks=replace(snapshot.tasks, tasks=(*new, *many)))

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        await pilot.press("pagedown", "pagedown", "up", "up")
        before = (await settled(pilot)).splitlines()
        table = app.screen.query_one(Table)
        title = table.selected.title
        grows["by"] = 7
        feed(app).hand_over()
        after = (await settled(pilot)).splitlines()
        assert table.selected.title == title
        assert line_of(before, title) == line_of(after, title)


def line_of(lines: list[str], words: str) -> int:
    return next(number for number, line in enumerate(lines) if f" {words} " in line)


@pytest.mark.parametrize(
    ("area", "keys"),
    [
        ("now", ("comma", "question_mark", "w", "escape", "enter")),
        *((area, ("escape", "enter")) for area in SCREENS if area != "now"),
    ],
)
async def test_no_size_ends_the_dashboard_whatever_lies_over_it(
    sample_script: Script, area: str, keys: tuple[str, ...]
) -> None:
    app = dashboard(sample_script, start=area)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            for size in ((1, 1), (7, 4), (26, 9), (200, 8), (120, 40)):
                await pilot.resize_terminal(*size)
                assert all(len(line) <= size[0] for line in (await settled(pilot)).splitlines())
            await pilot.press("escape")


@pytest.mark.parametrize("size", [(120, 18), (80, 12), (60, 14), (30, 10)])
async def test_few_lines_leave_the_table_of_misses_and_of_plans(sample_script: Script, size: tuple[int, int]) -> None:
    app = dashboard(sample_script, start="cache")
    async with app.run_test(size=size) as pilot:
        assert "│cache expired " in (await settled(pilot)).replace("│ ", "│")
        if size[0] >= 60:
            await pilot.press("5")
            assert "│  Max" in (await settled(pilot)).replace("│ ", "│")

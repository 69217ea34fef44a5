"""The screen Spend: months, the day under the cursor, budgets and the year."""

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from store.money import NANO_PER_USD, short_usd
from tests.tui.fakes import (
    NOW_MS,
    TODAY,
    Script,
    dashboard,
    drawn,
    feed,
    settled,
    snapshot,
    spend_part,
    spend_row,
)
from tracker.settings import Settings
from tui.readers.spend import read_spend
from tui.snapshot import Month, Snapshot, ViewRequest
from tui.widgets.budget import budget_lines
from tui.widgets.heatmap import heatmap


async def test_models_are_listed_in_the_patterns_of_the_chart(sample_script: Script) -> None:
    rows = (await drawn(dashboard(sample_script, start="spend"))).splitlines()
    patterns = [
        row.split(name)[-1].split()[0][0] for row in rows[1:8] for name in ("opus-5-5 ", "sonnet-5-5 ") if name in row
    ]
    assert patterns == ["█", "▓"]


@pytest.mark.parametrize(("size", "named"), [((120, 40), 12), ((80, 24), 4)])
async def test_a_long_list_has_the_room_that_short_ones_leave(size: tuple[int, int], named: int) -> None:
    def script(request: ViewRequest) -> Snapshot:
        projects = tuple(spend_row(f"/home/u/project-{index}", 9.0 - index / 2) for index in range(12))
        part = replace(spend_part(request.month), by_project=projects, by_agent=(spend_row("cline", 60.0),))
        return replace(snapshot(request), spend=part)

    text = await drawn(dashboard(script, start="spend"), size=size)
    assert text.count("project-") == named
    assert "haiku-5-5 ▓" in text
    assert "Agents" not in text  # it would say the month's sum again


async def test_projects_give_their_place_to_branches_and_subagents() -> None:
    """A branch has its project beside it only where the month has several."""

    def script(request: ViewRequest) -> Snapshot:
        branches = [("/home/u/api", spend_row("fix/up", 9.0)), ("/home/u/web", spend_row("main", 4.0))]
        lists: dict[str, dict[str, Any]] = {
            "project": {},
            "branch": {"by_branch": tuple(branches[: 1 if request.month == "2026-10" else 2])},
            "subagent": {"by_subagent": (spend_row("main", 12.0), spend_row("[b]Explore", 1.0))},
        }
        part = replace(spend_part(request.month), **lists[request.listed])
        return replace(snapshot(request), spend=part)

    app = dashboard(script, start="spend")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert "─ Projects ─" in text
        assert "  b branches  " in text
        await pilot.press("b")
        text = await settled(pilot)
        assert "─ Projects ─" not in text
        for words in ("─ Branches ─", "  b subagents  ", "fix/up · api", "main · web"):
            assert words in text
        await pilot.press("left_square_bracket")
        assert "fix/up █" in await settled(pilot)
        await pilot.press("b")
        text = await settled(pilot)
        for words in ("─ Subagents ─", "  b projects  ", "main ", "[b]Explore"):
            assert words in text
        await pilot.press("b")
        assert "─ Projects ─" in await settled(pilot)


async def test_months_go_back_and_on(sample_script: Script) -> None:
    app = dashboard(sample_script, start="spend")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "November 2026" in await settled(pilot)
        await pilot.press("left_square_bracket")
        assert "October 2026" in await settled(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert "November 2026" in await settled(pilot)


async def test_a_day_is_pointed_at_with_keys_and_mouse(sample_script: Script) -> None:
    app = dashboard(sample_script, start="spend")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert "Fri 20 " in text
        await pilot.press("left")
        assert "Thu 19 " in await settled(pilot)
        named = next(line for line in text.splitlines() if " 5 " in line and " 10 " in line and " 15 " in line)
        await pilot.click("#days", offset=(named.index("1"), 10))
        assert "Sun 01 " in await settled(pilot)


async def test_a_cursor_on_the_latest_day_moves_to_the_next_once_it_has_work() -> None:
    """The screen may be open over midnight."""
    worked = {"days": 18}

    def script(request: ViewRequest) -> Snapshot:
        made = snapshot(request)
        assert made.spend is not None
        days = tuple(day if day.day.day <= worked["days"] else replace(day, calls=0) for day in made.spend.days)
        return replace(made, spend=replace(made.spend, days=days))

    app = dashboard(script)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "Wed 18 " in await settled(pilot)
        worked["days"] = 20
        feed(app).hand_over()
        assert "Fri 20 " in await settled(pilot)
        await pilot.press("left", "left", "left")
        worked["days"] = 18
        feed(app).hand_over()
        assert "Tue 17 " in await settled(pilot)
        await pilot.press("left")
        worked["days"] = 20
        feed(app).hand_over()
        assert "Mon 16 " in await settled(pilot)


async def test_a_budget_is_not_called_modelled(sample_script: Script) -> None:
    made = sample_script(ViewRequest(screen="spend"))
    assert made.spend is not None
    report = made.spend.budget
    assert report is not None
    assert report.layers is not None
    lines = [replace(report.lines[0], budget_nano=3 * NANO_PER_USD)]
    with_budget = replace(report, lines=lines)
    for one, title in (
        (report, "─ A planned month ─"),
        (with_budget, "─ Budget and a planned month ─"),
        (replace(with_budget, layers=None), "─ Budget ─"),
    ):
        shown = replace(made, spend=replace(made.spend, budget=one))
        assert title in await drawn(dashboard(lambda _request, shown=shown: shown))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("height", "budgets", "listed", "whole"),
    [(6, 1, 1, False), (7, 1, 1, True), (7, 9, 4, False), (10, 3, 3, True), (10, 9, 3, True), (14, 9, 7, True)],
)
def test_however_many_budgets_there_are_the_month_is_drawn_to_its_sum(
    height: int, budgets: int, listed: int, whole: bool, sample_script: Script
) -> None:
    part = sample_script(ViewRequest(screen="spend")).spend
    assert part is not None
    assert part.budget is not None
    one = replace(part.budget.lines[0], budget_nano=40 * NANO_PER_USD)
    rows = [str(row) for row in budget_lines(replace(part.budget, lines=[one] * budgets), 32, height)]
    assert len(rows) <= height
    assert sum(" of $40" in row for row in rows) == listed
    names = [row.split()[0] for row in rows if row.strip() and " of $40" not in row]
    steps = ["base", "retries", "abandoned", "waste", "buffer", "planned"] if whole else ["base", "planned"]
    assert names == (["and"] if listed < budgets else []) + steps


@pytest.mark.parametrize(("dollars", "name"), [(40, "this month █"), (4_000_000, "this mo… $")])
def test_a_budget_has_its_whole_name_where_its_figures_leave_room(
    sample_script: Script, dollars: int, name: str
) -> None:
    part = sample_script(ViewRequest(screen="spend")).spend
    assert part is not None
    assert part.budget is not None
    lines = [replace(one, budget_nano=dollars * NANO_PER_USD) for one in part.budget.lines if one.kind == "month"]
    [first, *_] = map(str, budget_lines(replace(part.budget, lines=lines), 32, 10))
    assert first.startswith(name)
    assert first.endswith(f" of ${dollars:,}.00")
    assert len(first) == 32


@pytest.mark.parametrize("today", [TODAY, TODAY.replace(day=1)])
def test_the_year_holds_the_days_that_its_heat_map_draws(sample_db: sqlite3.Connection, today: date) -> None:
    """At the beginning of a month, too: the month's last day is weeks ahead."""
    days = [today - timedelta(days=index) for index in range(400)]
    sample_db.execute("BEGIN")
    row = sample_db.execute("SELECT * FROM spend LIMIT 1").fetchone()
    sample_db.execute("DELETE FROM spend")
    names = [column[1] for column in sample_db.execute("PRAGMA table_info(spend)")]
    for day in days:
        values = [day.isoformat() if name == "day" else value for name, value in zip(names, row, strict=True)]
        sample_db.execute(f"INSERT OR REPLACE INTO spend VALUES ({', '.join('?' * len(names))})", values)
    month = Month(today.replace(day=1), today.replace(day=30), earlier=True, later=False)
    part = read_spend(sample_db, month, today, NOW_MS, Settings().budget, None)
    sample_db.execute("ROLLBACK")
    amounts = dict.fromkeys(part.year, 1.0)
    drawn_days = sum(str(one).count("░") // 2 for one in heatmap(amounts, today, 116)[1:8])
    assert len(part.year) == drawn_days == 52 * 7 + today.weekday() + 1


async def test_the_day_under_the_cursor_is_a_floor_where_calls_of_it_are(
    sample_db: sqlite3.Connection, sample_script: Script
) -> None:
    sample_db.execute("BEGIN")
    sample_db.execute("UPDATE spend SET floor = calls WHERE day = ?", (TODAY.isoformat(),))
    made = sample_script(ViewRequest(screen="spend"))
    sample_db.execute("ROLLBACK")
    async with dashboard(lambda _request: made).run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert f"Fri 20 ≥{short_usd(made.top.of_today.cost)} " in text
        assert f"today ≥{short_usd(made.top.of_today.cost)} " in text
        await pilot.press("left")
        assert "Thu 19 $" in await settled(pilot)


async def test_what_stands_beside_a_month_is_named_as_soon_as_the_screen_is_opened() -> None:
    app = dashboard(start="plans")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("3")
        assert "plus $1.25 unrecorded" in await settled(pilot)
        await pilot.resize_terminal(40, 40)
        text = await settled(pilot)
        assert "plus $1.25" in text
        assert "unrecorded" not in text

"""The first line: screens, money, limits of a plan and the state of the feed."""

import sqlite3
from dataclasses import replace
from functools import partial

import pytest

from tests.tui.fakes import (
    NOW_MS,
    TODAY,
    Script,
    dashboard,
    drawn,
    settled,
    top,
    usd,
    with_changes,
)
from tracker.settings import BudgetSettings, Settings
from tui.readers.all import read_top
from tui.snapshot import LimitWindow, OwnPlan, Snapshot, Spent, Top, ViewRequest


async def test_top_line_names_screens_money_and_state() -> None:
    app = dashboard(
        with_changes(top=top(plan=OwnPlan("Max", 100.0), windows=(LimitWindow("5h", 0.42), LimitWindow("wk", 0.17))))
    )
    async with app.run_test(size=(140, 40)) as pilot:
        first = (await settled(pilot)).splitlines()[0]
    assert first.startswith(" Taximeter   1 Now  2 Tasks  3 Spend")
    assert first.endswith("today $12.41 · Nov $214.70 · Max  5h 42% wk 17%  ● live")


@pytest.mark.parametrize(
    ("windows", "shown"),
    [
        ((LimitWindow("5h", 0.42), LimitWindow("wk", 0.17)), "today $12.41 of $10 · Max  5h 42% wk 17%  ● live"),
        ((), "today $12.41 of $10 · Nov $214.70 of $250.50 · Max   ● live"),
    ],
)
async def test_the_limits_of_a_plan_outlast_the_month(windows: tuple[LimitWindow, ...], shown: str) -> None:
    spent = top(
        of_today=Spent(usd(12.41), 31, 0, 0, usd(10)),
        of_month=Spent(usd(214.7), 340, 0, 0, usd(250.5)),
        plan=OwnPlan("Max", 100.0),
        windows=windows,
    )
    text = await drawn(dashboard(with_changes(top=spent)), size=(120, 40))
    assert text.splitlines()[0].endswith(shown)


@pytest.mark.parametrize(
    ("plan", "windows", "said"),
    [
        (OwnPlan("Max", 100.0), (), True),
        (None, (LimitWindow("5h", 0.42),), True),
        (OwnPlan("API", 0.0), (LimitWindow("5h", 0.42),), False),
        (None, (), False),
    ],
)
async def test_who_has_a_plan_reads_that_dollars_are_at_api_prices(
    sample_script: Script, plan: OwnPlan | None, windows: tuple[LimitWindow, ...], said: bool
) -> None:
    for screen in ("now", "spend"):
        script = partial(_with_top, sample_script, top(plan=plan, windows=windows))
        assert (" at API prices " in await drawn(dashboard(script, start=screen))) == said


def _with_top(script: Script, shown: Top, request: ViewRequest) -> Snapshot:
    return replace(script(request), top=shown)


@pytest.mark.parametrize(("width", "shown"), [(80, "today $12.41"), (40, "$12.41")])
async def test_top_line_drops_figures_whole(width: int, shown: str) -> None:
    async with dashboard().run_test(size=(width, 24)) as pilot:
        first = (await settled(pilot)).splitlines()[0]
    assert shown in first
    assert first.endswith("● live")
    assert "…" not in first


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (140, "today $12.41 of $10 · Nov $214.70 of $250.50"),
        (120, "today $12.41 of $10 · Nov $214.70 of $250.50"),
        (100, "     today $12.41 of $10  ● live"),
        (80, "     today $12.41  ● live"),
        (40, " $12.41  ● live"),
    ],
)
async def test_a_budget_stands_beside_what_was_spent_of_it(width: int, shown: str) -> None:
    spent = top(of_today=Spent(usd(12.41), 31, 0, 0, usd(10)), of_month=Spent(usd(214.7), 340, 0, 0, usd(250.5)))
    text = await drawn(dashboard(with_changes(top=spent)), size=(width, 24))
    assert shown in text.splitlines()[0]


def test_the_budgets_of_day_and_month_are_those_of_the_settings(sample_db: sqlite3.Connection) -> None:
    budgets = BudgetSettings(day=3.5, month=0)
    made = read_top(sample_db, TODAY, NOW_MS, None, Settings(budget=budgets))
    assert (made.of_today.budget, made.of_month.budget) == (usd(3.5), 0)
    assert read_top(sample_db, TODAY, NOW_MS, None, Settings()).of_today.budget is None


async def test_the_top_line_marks_what_is_not_known_of_its_sums() -> None:
    figures = top(of_today=Spent(0, 3, unpriced=3), of_month=Spent(usd(214.7), 340, unpriced=2, floor=1))
    async with dashboard(with_changes(top=figures)).run_test(size=(120, 24)) as pilot:
        assert "today ? · Nov ≥$214.70+?" in (await settled(pilot)).splitlines()[0]

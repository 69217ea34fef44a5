"""The Spend screen's part: the same reports as `taximeter spend`, cut to a month and a year."""

import sqlite3
from datetime import date, timedelta

from store.money import NANO_PER_USD
from store.reads.filter import Filter
from store.reads.spend import branch_rows, spend_rows, subagent_rows
from tracker.reports.budget import budget_report
from tracker.reports.spend import spend_report
from tracker.settings import BudgetSettings
from tui.readers.months import filter_of
from tui.snapshot import YEAR_WEEKS, Month, OwnPlan, SpendDay, SpendPart, year_end

SHOWN_MODELS = 4  # series of the day plot; the rest is drawn as one
REST = "others"


def read_spend(
    db: sqlite3.Connection,
    month: Month,
    today: date,
    now_ms: int,
    budgets: BudgetSettings,
    plan: OwnPlan | None,
    listed: str = "project",
) -> SpendPart:
    """The part for a month; `listed`: which of its lists are read, a key of LISTED."""
    chosen = filter_of(month)
    by_model = spend_report(db, "model", chosen)
    names = [row.key for row in by_model.rows]
    shown = tuple(names if len(names) <= SHOWN_MODELS + 1 else [*names[:SHOWN_MODELS], REST])
    days = _days(db, month, names, len(shown))
    return SpendPart(
        month=month,
        models=shown,
        days=days,
        total=by_model.total,
        unpriced_models=tuple(by_model.unpriced_models),
        hidden_nano=by_model.hidden.cost,
        by_project=tuple(spend_rows(db, "project", chosen)) if listed == "project" else (),
        by_branch=tuple(branch_rows(db, chosen)) if listed == "branch" else (),
        by_subagent=tuple(subagent_rows(db, chosen)) if listed == "subagent" else (),
        by_agent=tuple(spend_rows(db, "agent", chosen)),
        by_model=tuple(by_model.rows),
        year=_year(db, year_end(today, days)),
        plan_day_nano=round(plan.fee_usd * NANO_PER_USD / month.last.day) if plan and plan.fee_usd else None,
        budget=budget_report(db, budgets, today, now_ms),
    )


def _days(db: sqlite3.Connection, month: Month, models: list[str], series: int) -> tuple[SpendDay, ...]:
    costs = {day: [0] * series for day in month.days}
    calls, unpriced, floor = dict.fromkeys(costs, 0), dict.fromkeys(costs, 0), dict.fromkeys(costs, 0)
    for rank, model in enumerate(models):
        for row in spend_rows(db, "day", filter_of(month)._replace(model=model)):
            day = date.fromisoformat(row.key)
            costs[day][min(rank, series - 1)] += row.cost
            calls[day] += row.calls
            unpriced[day] += row.unpriced
            floor[day] += row.floor
    return tuple(SpendDay(day, tuple(amounts), calls[day], unpriced[day], floor[day]) for day, amounts in costs.items())


def _year(db: sqlite3.Connection, until: date) -> dict[date, int]:
    since = until - timedelta(days=until.weekday(), weeks=YEAR_WEEKS - 1)
    part = Filter(since=since.isoformat(), until=until.isoformat())
    return {date.fromisoformat(row.key): row.cost for row in spend_rows(db, "day", part)}

"""The budget report: spend against each budget, and a month of work in four separate layers.

Spend is priced; the layers are modelled from eight weeks of tasks.
"""

import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from store.money import usd
from store.reads.filter import Filter
from store.reads.spend import NO_SPEND, SpendRow, spend_rows, spend_total
from store.task_rows import TaskRow
from tracker.hidden_spend import Hidden, hidden_in
from tracker.model.plans.budget import Layers, Multiplier, Multipliers, layers, measured_tasks, reached
from tracker.model.plans.projection import month_bounds
from tracker.model.tasks.status import TaskStatus
from tracker.reports.json_values import dollars, rounded
from tracker.reports.tasks import tasks_report
from tracker.settings import BudgetSettings, nano

HISTORY_DAYS = 56
_MAX_TASK_LINES = 10


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget: its subject, amount and spend in nano-dollars. Without an amount, only the spend."""

    kind: str  # day | week | month | project | task
    key: str  # the day, the week's Monday, the month, the project's text, the task's id
    label: str
    budget_nano: int | None
    spent: SpendRow
    alerts: tuple[float, ...] = ()

    @property
    def share(self) -> float | None:
        """Spend over budget; None without a budget. Any spend is all of a zero budget."""
        if self.budget_nano is None:
            return None
        return self.spent.cost / self.budget_nano if self.budget_nano else float(self.spent.cost > 0)

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "key": self.key,
            "label": self.label,
            "budget_usd": usd(self.budget_nano),
            "spent_usd": usd(self.spent.cost),
            "share": rounded(self.share),
            "unpriced_calls": self.spent.unpriced,
            "floor_calls": self.spent.floor,
            "alerts": list(self.alerts),
        }


@dataclass(frozen=True, slots=True)
class BudgetReport:
    """Budgets and layers as of one day."""

    today: date
    lines: list[BudgetLine]
    layers: Layers | None
    completed: int  # number of tasks that the layers are measured on
    without_price: int  # further completed tasks
    history_days: int
    spent_in_history_nano: int
    days_in_month: int
    hidden: Hidden  # this month's, beside the spend
    tasks_not_listed: int  # further tasks past an alert; only the most expensive have lines

    def as_json(self) -> dict[str, Any]:
        """JSON form; amounts of the layers are modelled."""
        return {
            "schema_version": 1,
            "as_of": self.today.isoformat(),
            "budgets": [line.as_json() for line in self.lines],
            "tasks_not_listed": self.tasks_not_listed,
            "hidden_this_month": self.hidden.as_json(),
            "layers": None if self.layers is None else _layers_json(self.layers),
            "history": {
                "days": self.history_days,
                "completed_tasks": self.completed,
                "tasks_without_price": self.without_price,
                "spent_usd": usd(self.spent_in_history_nano),
                "spent_per_month_usd": usd(
                    self.spent_in_history_nano * self.days_in_month // max(1, self.history_days)
                ),
            },
            "labels": {"spent_usd": "priced", "layers": "modelled"},
            "assumptions": [
                "The coming month brings as many tasks, of the same size, as the last eight weeks did.",
                "Open tasks, tasks without a price, runs of programs and calls outside tasks are not in the layers.",
            ],
        }


def budget_report(db: sqlite3.Connection, settings: BudgetSettings, today: date, now_ms: int) -> BudgetReport:
    """Spend against every budget as of a local day, and the layers of a month like the last eight weeks."""
    month_first, month_last = month_bounds(today)
    days_in_month = month_last.day
    monday = today - timedelta(days=today.weekday())
    first = today - timedelta(days=HISTORY_DAYS - 1)

    def spent_since(since: date, project: str | None = None) -> SpendRow:
        return spend_total(db, Filter(since.isoformat(), today.isoformat(), project))

    def line(kind: str, key: str, label: str, budget: int | None, spent: SpendRow) -> BudgetLine:
        found = () if budget is None else tuple(reached(spent.cost, budget, settings.alerts))
        return BudgetLine(kind, key, label, budget, spent, found)

    lines = [
        line("day", today.isoformat(), "today", nano(settings.day), spent_since(today)),
        line("week", monday.isoformat(), "this week", nano(settings.week), spent_since(monday)),
        line("month", f"{today:%Y-%m}", "this month", nano(settings.month), spent_since(month_first)),
    ]
    lines += [
        line("project", text, f"{text}, this month", nano(amount), spent_since(month_first, text))
        for text, amount in settings.projects.items()
    ]
    report = tasks_report(db, Filter(min(first, month_first).isoformat(), today.isoformat()), now=now_ms)
    per_task = nano(settings.task)
    dear: list[TaskRow] = []
    if per_task is not None:
        dear = sorted(
            (task for task in report.tasks if reached(task.cost, per_task, settings.alerts)), key=lambda one: -one.cost
        )
        lines += [line("task", task.id, task.title, per_task, _spent_on(task)) for task in dear[:_MAX_TASK_LINES]]
    days = _days_seen(db, first, today)
    own = Multipliers(settings.retry, settings.abandoned, settings.waste)
    made = layers(report.typed, days, days_in_month, own, settings.buffer)
    completed = len(measured_tasks(report.typed))
    return BudgetReport(
        today=today,
        lines=lines,
        layers=made,
        completed=completed,
        without_price=sum(task.status == TaskStatus.COMPLETED for task in report.typed) - completed,
        history_days=days,
        spent_in_history_nano=spent_since(first).cost,
        days_in_month=days_in_month,
        hidden=hidden_in(db, Filter(since=month_first.isoformat(), until=today.isoformat())),
        tasks_not_listed=max(0, len(dear) - _MAX_TASK_LINES),
    )


def _spent_on(task: TaskRow) -> SpendRow:
    return NO_SPEND._replace(calls=task.calls, cost=task.cost, unpriced=task.unpriced, floor=task.floor)


def _days_seen(db: sqlite3.Connection, first: date, today: date) -> int:
    """Days in the history: since the first day of work, at most eight weeks."""
    worked = spend_rows(db, "day", Filter(first.isoformat(), today.isoformat()))
    return (today - date.fromisoformat(worked[0].key)).days + 1 if worked else 0


def _multiplier_json(one: Multiplier) -> dict[str, Any]:
    return {
        "measured": round(one.measured, 4),
        "used": round(one.used, 4),
        "from": "settings" if one.is_own else "measured",
    }


def _layers_json(made: Layers) -> dict[str, Any]:
    return {
        "list_price": {"usd_per_million_tokens": round(made.usd_per_mtok, 6)},
        "workload": {
            "tasks_per_month": round(made.tasks_per_month, 2),
            "calls_per_task": round(made.calls_per_task, 2),
            "tokens_per_call": round(made.tokens_per_call, 1),
        },
        "multipliers": {
            "retry": _multiplier_json(made.retry),
            "abandoned": _multiplier_json(made.abandoned),
            "waste": _multiplier_json(made.waste),
        },
        "buffer": made.buffer,
        "base_usd": dollars(made.base_usd),
        "loaded_usd": dollars(made.loaded_usd),
        "planned_usd": dollars(made.planned_usd),
    }

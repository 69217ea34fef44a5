"""What a task costs under a plan (MODEL section 9.4): its share of fee and overflow, and what one more would cost.

The fee is shared by API-equivalent spend over the month as it is expected to end, so that the first task of a month
does not carry all of it. The marginal cost is nothing while no limit binds, else the API price.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from store.money import NANO_PER_USD, usd
from store.task_reads import TaskFilter
from tracker.model.headline import TaskStatus
from tracker.model.plans.outlook import PlanOutlook
from tracker.reports.tasks import tasks_report


@dataclass(frozen=True, slots=True)
class TaskShare:
    """A task of this month under every plan; dollars, modelled, but for its priced API-equivalent cost."""

    id: str
    title: str
    status: str
    cost_nano: int
    allocated: Mapping[str, float]
    marginal: Mapping[str, float]

    @property
    def is_completed(self) -> bool:
        """Whether it counts for the cost of a completed task."""
        return self.status == TaskStatus.COMPLETED

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "cost_usd": usd(self.cost_nano),
            "allocated_usd": {plan: usd(round(value * NANO_PER_USD)) for plan, value in self.allocated.items()},
            "marginal_usd": {plan: usd(round(value * NANO_PER_USD)) for plan, value in self.marginal.items()},
        }


def task_shares(
    db: sqlite3.Connection,
    first: date,
    last: date,
    outlooks: Sequence[PlanOutlook],
    expected_month_usd: float,
    now_ms: int,
) -> list[TaskShare]:
    """Tasks between two local days under every plan, dearest first."""
    found = tasks_report(db, TaskFilter(first.isoformat(), last.isoformat()), now=now_ms).tasks
    made = [
        TaskShare(
            task.id,
            task.title,
            task.status,
            task.cost,
            {one.plan.id: _allocated(task.cost / NANO_PER_USD, one, expected_month_usd) for one in outlooks},
            {one.plan.id: task.cost / NANO_PER_USD * one.bind_share for one in outlooks},
        )
        for task in found
        if task.cost
    ]
    return sorted(made, key=lambda share: -share.cost_nano)


def _allocated(cost_usd: float, one: PlanOutlook, expected_month_usd: float) -> float:
    share = min(1.0, cost_usd / expected_month_usd) if expected_month_usd > 0 else 0.0
    if one.plan.is_metered:
        return cost_usd + one.fee_usd * share
    return (one.fee_usd + (one.overflow_usd or 0.0)) * share

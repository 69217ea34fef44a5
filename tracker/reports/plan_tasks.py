"""What a task costs under a plan (MODEL section 9.4): its share of fee and overflow, and what one more would cost.

All of it is counted as an API key would be billed. The fee is shared over the month as it is expected to end, so that
the first task of a month does not carry all of it. The marginal cost is nothing while no limit binds, else the API
price. What a plan leaves out (PRICES section 3.5) is the task's own, at the API price.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from store.money import NANO_PER_USD, usd
from store.plans import task_calls
from store.task_reads import TaskFilter
from tracker.model.headline import TaskStatus
from tracker.model.plans.outlook import PlanOutlook
from tracker.model.plans.plan import Excluded, exclusions_of
from tracker.pricing import normalise
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
    covered_usd: Mapping[str, float],
    api_nano: Mapping[int, int | None],
    now_ms: int,
) -> list[TaskShare]:
    """Tasks between two local days under every plan, dearest first; runs of programs are none of them.

    `covered_usd`: dollars of the whole month that each plan is expected to carry, by plan, as an API key. `api_nano`:
    the same of a call by its id; a call that it lacks counts as logged.
    """
    report = tasks_report(db, TaskFilter(first.isoformat(), last.isoformat()), now=now_ms)
    found = [task for task in report.tasks if task.cost and task.id not in report.run_ids]
    kinds = _api_by_kind(db, [task.id for task in found], api_nano)
    made = []
    for task in found:
        allocated, marginal = {}, {}
        for one in outlooks:
            left_out = sum(nano for kind, nano in kinds[task.id].items() if kind & one.plan.excludes) / NANO_PER_USD
            covered = sum(kinds[task.id].values()) / NANO_PER_USD - left_out
            allocated[one.plan.id] = left_out + _allocated(covered, one, covered_usd[one.plan.id])
            marginal[one.plan.id] = left_out + covered * one.bind_share
        made.append(TaskShare(task.id, task.title, task.status, task.cost, allocated, marginal))
    return sorted(made, key=lambda share: -share.cost_nano)


def _api_by_kind(
    db: sqlite3.Connection, task_ids: Sequence[str], api_nano: Mapping[int, int | None]
) -> dict[str, dict[Excluded, int]]:
    """Nano-dollars of each task as an API key, by what a plan may leave out about them."""
    found: dict[str, dict[Excluded, int]] = {task_id: {} for task_id in task_ids}
    for row in task_calls(db, task_ids):
        name = normalise(row.model)
        kind = exclusions_of(
            name.canonical,
            row.prompt_tokens,
            is_fast=row.speed == "fast" or name.fast,
            is_other_agent=row.agent != "claude-code",
        )
        cost = api_nano.get(row.call_id, row.cost) or 0
        found[row.task_id][kind] = found[row.task_id].get(kind, 0) + cost
    return found


def _allocated(covered_usd: float, one: PlanOutlook, month_usd: float) -> float:
    """Fee and overflow by the share of the month's covered work; at list prices its cost comes on top."""
    share = min(1.0, covered_usd / month_usd) if month_usd > 0 else 0.0
    if one.plan.is_metered:
        return covered_usd + one.fee_usd * share
    return (one.fee_usd + (one.overflow_usd or 0.0)) * share

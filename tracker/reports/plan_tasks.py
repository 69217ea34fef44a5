"""Cost of a task under a plan (MODEL section 9.4): its share of fee and overflow, and its marginal cost.

Work is valued as billed to an API key. The fee is divided over the month's expected total, so that the first task of a
month does not carry all of it; a task across two months has its calls in each. A task's overflow share is that of a
typical month. The marginal cost is zero while no limit binds, else the API price. Without extra usage, work above a
limit costs nothing. Excluded work (PRICES section 3.5) is charged to the task at the API price.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from store.money import NANO_PER_USD, usd
from store.reads.filter import Filter
from store.reads.plans import TaskCallRow, task_calls
from tracker.model.plans.outlook import PlanOutlook, Terms
from tracker.model.plans.plan import Excluded, exclusions_of
from tracker.model.plans.projection import month_bounds
from tracker.model.tasks.status import TaskStatus
from tracker.plan_data.load import Load
from tracker.pricing import normalise
from tracker.reports.json_values import dollars
from tracker.reports.tasks import tasks_report


@dataclass(frozen=True, slots=True)
class TaskShare:
    """A task's work of this month under every plan: modelled dollars with tax, except its cost at list prices."""

    id: str
    title: str
    status: str
    cost_nano: int
    allocated: Mapping[str, float]
    marginal: Mapping[str, float]
    unfitted: Mapping[str, float]  # added to both if nothing fits; only for plans of unknown capacity

    @property
    def is_completed(self) -> bool:
        """Whether it counts as a completed task."""
        return self.status == TaskStatus.COMPLETED

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "cost_usd": usd(self.cost_nano),
            "allocated_usd": {plan: dollars(amount) for plan, amount in self.allocated.items()},
            "marginal_usd": {plan: dollars(amount) for plan, amount in self.marginal.items()},
            "unfitted_usd": {plan: dollars(amount) for plan, amount in self.unfitted.items()},
        }


class TaskMeans(NamedTuple):
    """Mean cost of a completed task under one plan, in dollars."""

    allocated: float
    marginal: float
    unfitted: float | None  # added to both if nothing fits; None if the capacity is known


def task_means(shares: Sequence[TaskShare], plan_id: str) -> TaskMeans | None:
    """Over the completed ones; None if there are none."""
    completed = [share for share in shares if share.is_completed]
    if not completed:
        return None
    unfitted = [share.unfitted[plan_id] for share in completed if plan_id in share.unfitted]
    return TaskMeans(
        fmean(share.allocated[plan_id] for share in completed),
        fmean(share.marginal[plan_id] for share in completed),
        fmean(unfitted) if unfitted else None,
    )


def task_shares(
    db: sqlite3.Connection,
    load: Load,
    outlooks: Sequence[PlanOutlook],
    covered_usd: Mapping[str, float],
    terms: Terms,
    now_ms: int,
) -> list[TaskShare]:
    """Tasks of the load's month under every plan, most expensive first, without program runs.

    `covered_usd`: by plan, expected covered dollars of the whole month, as an API key.
    """
    first, last = month_bounds(load.as_of)
    month = Filter(first.isoformat(), last.isoformat())
    tasks = tasks_report(db, month, now=now_ms).typed
    calls: dict[str, list[TaskCallRow]] = {task.id: [] for task in tasks}
    for row in task_calls(db, calls, month):
        calls[row.task_id].append(row)
    made = []
    for task in tasks:
        rows = calls[task.id]
        if not rows:
            continue
        kinds = _api_by_kind(rows, load.api_nano)
        allocated, marginal, unfitted = {}, {}, {}
        for one in outlooks:
            left_out = sum(nano for kind, nano in kinds.items() if kind & one.plan.excludes) / NANO_PER_USD
            covered = sum(kinds.values()) / NANO_PER_USD - left_out
            share, further = _covered(covered, one, covered_usd[one.plan.id], terms)
            own = left_out * (1 + terms.tax)
            allocated[one.plan.id] = own + share
            marginal[one.plan.id] = own + further
            if not one.is_known:
                unfitted[one.plan.id] = covered * (1 + terms.tax) if terms.extra_usage else 0.0
        cost = sum(row.cost for row in rows)
        made.append(TaskShare(task.id, task.title, task.status, cost, allocated, marginal, unfitted))
    return sorted(made, key=lambda share: -share.cost_nano)


def _api_by_kind(rows: Sequence[TaskCallRow], api_nano: Mapping[int, int | None]) -> dict[Excluded, int]:
    """Nano-dollars of a task's calls as an API key, else as logged, by exclusions."""
    found: dict[Excluded, int] = {}
    for row in rows:
        name = normalise(row.model)
        kind = exclusions_of(
            name.canonical,
            row.prompt_tokens,
            is_fast=row.speed == "fast" or name.fast,
            is_other_agent=row.is_other_agent,
        )
        cost = api_nano.get(row.call_id, row.cost) or 0
        found[kind] = found.get(kind, 0) + cost
    return found


def _covered(work_usd: float, one: PlanOutlook, month_usd: float, terms: Terms) -> tuple[float, float]:
    """(allocated, marginal) cost of a task's covered work, with tax.

    Allocated: the fee by share of the month's work, plus overflow; a metered plan adds all work.
    """
    share = min(1.0, work_usd / month_usd) if month_usd > 0 else 0.0
    fee, taxed = one.fee_usd * share, work_usd * (1 + terms.tax)
    if one.plan.is_metered:
        return fee + taxed, taxed
    if not terms.extra_usage:
        return fee, 0.0
    return fee + taxed * one.overflow_share, taxed * one.bind_share

"""Cost per completed task (MODEL section 2.3). Below five completed tasks there is a count, but no rate.

Sums of billed money are integers; floats are used only for means and resampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import bootstrap_mean_interval, quantile
from tracker.model.tasks.status import TaskStatus

LOADED = frozenset({TaskStatus.COMPLETED, TaskStatus.INTERRUPTED, TaskStatus.ABANDONED, TaskStatus.REVERTED})


class TaskCost(NamedTuple):
    """A task's status and priced cost in nano-dollars; None if none of its calls has a price."""

    status: str
    cost_nano: int | None


@dataclass(frozen=True, slots=True)
class Headline:
    """The rates of a group of tasks, in nano-dollars; all None below five completed tasks with a price."""

    completed: int  # priced or not
    direct_nano: int | None = None  # completed tasks alone
    loaded_nano: int | None = None  # including the cost of abandoned, interrupted and reverted tasks
    overhead: float | None = None  # loaded / direct
    median_nano: int | None = None
    p90_nano: int | None = None
    interval_nano: tuple[int, int] | None = None  # 80 % bootstrap interval of direct, over tasks


def headline(tasks: Sequence[TaskCost]) -> Headline:
    """Headline rates of these tasks; open and unpriced tasks count neither as completed nor as cost."""
    completed_count = sum(1 for task in tasks if task.status == TaskStatus.COMPLETED)
    completed = [task.cost_nano for task in tasks if task.status == TaskStatus.COMPLETED and task.cost_nano is not None]
    count = len(completed)
    if count < DEFAULTS.tasks_for_a_rate:
        return Headline(completed_count)
    direct_sum = sum(completed)
    loaded_sum = sum(task.cost_nano or 0 for task in tasks if task.status in LOADED)
    low, high = bootstrap_mean_interval(completed)
    return Headline(
        completed=completed_count,
        direct_nano=_nearest(direct_sum, count),
        loaded_nano=_nearest(loaded_sum, count),
        overhead=loaded_sum / direct_sum if direct_sum else None,
        median_nano=round(quantile(completed, 0.5)),
        p90_nano=round(quantile(completed, 0.9)),
        interval_nano=(round(low), round(high)),
    )


def _nearest(total: int, count: int) -> int:
    """A mean rounded to whole nano-dollars, without floats."""
    quotient, remainder = divmod(total, count)
    return quotient + (2 * remainder >= count)

"""Cost per completed task (MODEL section 2.3). Below five completed tasks there is a count, but no rate.

Sums of billed money stay integers; only what is averaged or resampled passes through floats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import bootstrap_mean_interval, quantile
from tracker.model.tasks.status import TaskStatus

LOADED = frozenset({TaskStatus.COMPLETED, TaskStatus.INTERRUPTED, TaskStatus.ABANDONED, TaskStatus.REVERTED})


class TaskCost(NamedTuple):
    """A task's status and its priced cost in nano-dollars; None where no call of it has a price."""

    status: str
    cost_nano: int | None


@dataclass(frozen=True, slots=True)
class Headline:
    """The rates of a group of tasks, in nano-dollars; all None below five completed tasks with a price."""

    completed: int  # with a price or without
    direct_nano: int | None = None  # completed tasks alone
    loaded_nano: int | None = None  # with what abandoned, interrupted and reverted tasks cost
    overhead: float | None = None  # loaded / direct
    median_nano: int | None = None
    p90_nano: int | None = None
    interval_nano: tuple[int, int] | None = None  # 80 % bootstrap interval of direct, over tasks


def headline(tasks: Sequence[TaskCost]) -> Headline:
    """Headline numbers of the tasks given; open ones count neither above nor below the line, nor do unpriced ones."""
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
    """A mean in whole nano-dollars, without a float in between."""
    quotient, remainder = divmod(total, count)
    return quotient + (2 * remainder >= count)

"""A month's budget in four separate layers (MODEL section 10): price, workload, multipliers, buffer.

Ratios are taken of sums, as a product of per-task means would understate. The base times all measured multipliers is
the real cost of completed work; the user may replace each multiplier.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from store.money import NANO_PER_USD
from store.task_rows import TaskRow
from tracker.model.defaults import DEFAULTS
from tracker.model.tasks.headline import LOADED
from tracker.model.tasks.status import TaskStatus

# Upper bound of the share of waste or retries, so that multipliers stay finite.
_LARGEST_SHARE = 0.9


class Multiplier(NamedTuple):
    """A factor on the base: the measured value, and the one in use."""

    measured: float
    used: float

    @property
    def is_own(self) -> bool:
        """Whether the user's figure replaces the measured one."""
        return self.measured != self.used


class Multipliers(NamedTuple):
    """The user's own factors; None uses the measured one."""

    retry: float | None = None
    abandoned: float | None = None
    waste: float | None = None


NO_OWN_MULTIPLIERS = Multipliers()


@dataclass(frozen=True, slots=True)
class Layers:
    """A month of work. Dollars; the base and its factors are modelled from priced sums."""

    usd_per_mtok: float  # layer 1: list price of the user's mix, without waste and retries
    tasks_per_month: float  # layer 2
    calls_per_task: float
    tokens_per_call: float
    retry: Multiplier  # layer 3
    abandoned: Multiplier
    waste: Multiplier
    buffer: float  # layer 4, a share
    completed: int  # number of tasks measured

    @property
    def base_usd(self) -> float:
        """Price times workload."""
        tokens = self.tasks_per_month * self.calls_per_task * self.tokens_per_call
        return tokens * self.usd_per_mtok / 1e6

    @property
    def loaded_usd(self) -> float:
        """With retries, abandoned work and waste."""
        return self.base_usd * self.retry.used * self.abandoned.used * self.waste.used

    @property
    def planned_usd(self) -> float:
        """With the buffer."""
        return self.loaded_usd * (1 + self.buffer)


def layers(
    tasks: Sequence[TaskRow],
    days: int,
    days_in_month: int,
    own: Multipliers = NO_OWN_MULTIPLIERS,
    buffer: float = 0.2,
) -> Layers | None:
    """Layers from the tasks that ended in `days` days; None below five `measured_tasks`. Open tasks do not count."""
    completed = measured_tasks(tasks)
    calls = sum(task.calls for task in completed)
    tokens = sum(task.input + task.cache_read + task.write_5m + task.write_1h + task.output for task in completed)
    cost = sum(task.cost for task in completed)
    if len(completed) < DEFAULTS.tasks_for_a_rate or not calls or not tokens or not cost or days < 1:
        return None
    waste = min(_LARGEST_SHARE, sum(task.waste for task in completed) / cost)
    retry = min(_LARGEST_SHARE, sum(task.retry_cost for task in completed) / cost)
    abandoned = sum(task.cost for task in tasks if task.status in LOADED) / cost
    return Layers(
        usd_per_mtok=cost * (1 - waste) * (1 - retry) / tokens / NANO_PER_USD * 1e6,
        tasks_per_month=len(completed) / days * days_in_month,
        calls_per_task=calls / len(completed),
        tokens_per_call=tokens / calls,
        retry=_multiplier(1 / (1 - retry), own.retry),
        abandoned=_multiplier(abandoned, own.abandoned),
        waste=_multiplier(1 / (1 - waste), own.waste),
        buffer=buffer,
        completed=len(completed),
    )


def measured_tasks(tasks: Iterable[TaskRow]) -> list[TaskRow]:
    """The completed tasks that have a price: without one, a task's tokens would count as free."""
    return [task for task in tasks if task.status == TaskStatus.COMPLETED and task.unpriced < task.calls]


def reached(spent_nano: int, budget_nano: int, alerts: Sequence[float]) -> list[float]:
    """The alert shares reached by the spend, ascending; any spend reaches a zero budget."""
    return [share for share in sorted(alerts) if spent_nano and spent_nano >= share * budget_nano]


def _multiplier(measured: float, own: float | None) -> Multiplier:
    return Multiplier(measured, measured if own is None else own)

"""Cost per completed task: what counts above and below the line, reproducible intervals, no rate below five."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.quantiles import bootstrap_mean_interval, quantile
from tracker.model.tasks.headline import Headline, TaskCost, headline
from tracker.model.tasks.status import TaskStatus

USD = 1_000_000_000


def completed(*costs):
    return [TaskCost(TaskStatus.COMPLETED, cost * USD) for cost in costs]


def test_direct_loaded_and_overhead():
    tasks = [
        *completed(1, 2, 3, 4, 10),
        TaskCost(TaskStatus.ABANDONED, 5 * USD),
        TaskCost(TaskStatus.INTERRUPTED, 3 * USD),
        TaskCost(TaskStatus.REVERTED, 2 * USD),
        TaskCost(TaskStatus.OPEN, 100 * USD),
    ]
    rates = headline(tasks)
    assert (rates.completed, rates.direct_nano, rates.loaded_nano) == (5, 4 * USD, 6 * USD)
    assert rates.overhead == pytest.approx(1.5)
    assert rates.median_nano == 3 * USD
    assert rates.p90_nano == round(7.6 * USD)


def test_below_five_completed_tasks_there_is_no_rate():
    assert headline([*completed(1, 2, 3, 4), TaskCost(TaskStatus.ABANDONED, 9)]) == Headline(4)
    assert headline([]) == Headline(0)
    assert headline(completed(1, 1, 1, 1, 1)).direct_nano == USD


def test_a_task_without_a_price_is_completed_and_not_free():
    unpriced = [TaskCost(TaskStatus.COMPLETED, None), TaskCost(TaskStatus.ABANDONED, None)]
    rates = headline([*completed(1, 2, 3, 4, 10), *unpriced])
    assert rates.completed == 6
    assert (rates.direct_nano, rates.loaded_nano, rates.median_nano) == (4 * USD, 4 * USD, 3 * USD)
    assert headline([*completed(1, 2, 3, 4), *unpriced]) == Headline(5)


def test_the_interval_is_reproducible():
    tasks = completed(*range(1, 40))
    assert headline(tasks) == headline(tasks)


def test_tasks_that_cost_nothing_have_no_overhead():
    free = headline(completed(0, 0, 0, 0, 0))
    assert (free.direct_nano, free.overhead, free.interval_nano) == (0, None, (0, 0))


@given(st.lists(st.integers(0, 10**13), min_size=5, max_size=60))
def test_the_interval_lies_within_the_tasks_costs(costs):
    rates = headline([TaskCost(TaskStatus.COMPLETED, cost) for cost in costs])
    low, high = rates.interval_nano
    assert min(costs) - 1 <= low <= high <= max(costs) + 1
    assert abs(rates.direct_nano * len(costs) - sum(costs)) <= len(costs)


def test_the_interval_of_a_mean_has_the_known_width():
    """For n values of spread s the 80 % interval of the mean is about 2 * 1.2816 * s/sqrt(n) wide."""
    values = [float(value) for value in range(400)]
    low, high = bootstrap_mean_interval(values)
    spread = (sum((value - 199.5) ** 2 for value in values) / 400) ** 0.5
    assert high - low == pytest.approx(2 * 1.2816 * spread / 20, rel=0.15)
    assert bootstrap_mean_interval(values[::-1]) == (low, high), "files are read in any order"


def test_the_interval_of_few_heavy_tailed_costs_holds_the_mean_nearly_as_often_as_it_says():
    """A plain percentile bootstrap of five such values holds it 57 times in a hundred."""
    draw = random.Random(11)
    truth = math.exp(0.5)  # the mean of a log-normal law
    intervals = [bootstrap_mean_interval([draw.lognormvariate(0, 1) for _ in range(5)]) for _ in range(200)]
    assert sum(low <= truth <= high for low, high in intervals) >= 0.66 * len(intervals)


def test_quantiles_interpolate_and_need_values():
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2
    assert quantile([1.0, 2.0], 0.25) == 1.25
    assert quantile([7.0], 0.9) == 7
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean_interval([])

"""Four layers that are never merged; with measured multipliers they add up to what the work really cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.task_rows import TaskRow
from tracker.model.plans.budget import Multipliers, layers, reached

USD = 1_000_000_000


def task(status: str = "completed", *, calls: int = 10, cost: int = 2 * USD, waste: int = 0, retry: int = 0) -> TaskRow:
    known: dict[str, Any] = {"status": status, "calls": calls, "input": calls * 50_000, "cost": cost, "waste": waste}
    return TaskRow(**dict.fromkeys(TaskRow._fields, 0) | known | {"retry_cost": retry})


def test_layers_of_a_hand_worked_month() -> None:
    """Six completed tasks of $2, 10 % waste, 20 % retries, and $3 on work that was given up, in 28 days."""
    tasks = [task(waste=USD // 5, retry=2 * USD // 5) for _ in range(6)] + [task("abandoned", cost=3 * USD)]
    made = layers(tasks, days=28, days_in_month=28, buffer=0.25)
    assert made is not None
    assert (made.tasks_per_month, made.calls_per_task, made.tokens_per_call) == (6, 10, 50_000)
    assert made.base_usd == pytest.approx(12 * 0.9 * 0.8)
    assert made.waste.used == pytest.approx(1 / 0.9)
    assert made.retry.used == pytest.approx(1 / 0.8)
    assert made.abandoned.used == pytest.approx(15 / 12)
    assert made.loaded_usd == pytest.approx(15)
    assert made.planned_usd == pytest.approx(15 * 1.25)


def test_own_multipliers_stand_in_place_of_the_measured_ones_and_say_so() -> None:
    made = layers([task() for _ in range(5)], 30, 30, Multipliers(retry=1.5))
    assert made is not None
    assert made.retry.is_own
    assert not made.waste.is_own
    assert made.loaded_usd == pytest.approx(10 * 1.5)
    given = layers([task() for _ in range(5)], 30, 30, Multipliers(retry=1.5, abandoned=1.2, waste=1.1))
    assert given is not None
    assert [(one.measured, one.used) for one in (given.retry, given.abandoned, given.waste)] == [
        (1, 1.5),
        (1, 1.2),
        (1, 1.1),
    ]


def test_work_that_was_all_waste_leaves_a_tenth_as_the_base() -> None:
    made = layers([task(waste=2 * USD, retry=2 * USD) for _ in range(5)], 30, 30)
    assert made is not None
    assert (made.waste.used, made.retry.used) == (pytest.approx(10), pytest.approx(10))


def test_sums_come_before_ratios() -> None:
    """Many small tasks and one large: the mean of ratios would understate what a call costs."""
    tasks = [task(calls=2, cost=USD // 100) for _ in range(9)] + [task(calls=200, cost=20 * USD)]
    made = layers(tasks, 30, 30)
    assert made is not None
    assert made.base_usd == pytest.approx(20.09)


@pytest.mark.parametrize("tasks", [[], [task()] * 4, [task("open")] * 9, [task(cost=0)] * 9, [task(calls=0)] * 9])
def test_too_little_to_measure_is_no_layers(tasks: list[TaskRow]) -> None:
    assert layers(tasks, 30, 30) is None


def test_a_day_is_the_least_and_calls_need_tokens() -> None:
    tasks = [task() for _ in range(5)]
    assert layers(tasks, 0, 30) is None
    assert layers(tasks, 1, 30) is not None
    assert layers([one._replace(input=0) for one in tasks], 30, 30) is None


def test_open_tasks_stay_out() -> None:
    tasks = [task() for _ in range(5)]
    assert layers([*tasks, task("open", cost=99 * USD)], 30, 30) == layers(tasks, 30, 30)


def test_tasks_without_a_price_are_not_free_work() -> None:
    tasks = [task() for _ in range(5)]
    unknown = task(cost=0)._replace(unpriced=10)
    assert layers([*tasks, unknown], 30, 30) == layers(tasks, 30, 30)
    assert layers([*tasks[:4], unknown], 30, 30) is None
    in_part = task()._replace(unpriced=3)
    assert layers([*tasks, in_part], 30, 30) == layers([*tasks, task()], 30, 30)


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.integers(1, 50 * USD), st.floats(0, 0.8), st.floats(0, 0.8)),
        min_size=5,
        max_size=30,
    )
)
def test_measured_layers_always_add_up_to_the_completed_work(rows: list[tuple[int, int, float, float]]) -> None:
    tasks = [
        task(calls=calls, cost=cost, waste=int(cost * waste), retry=int(cost * retry))
        for calls, cost, waste, retry in rows
    ]
    made = layers(tasks, 30, 30)
    assert made is not None
    assert made.loaded_usd == pytest.approx(sum(one.cost for one in tasks) / USD)


def test_alerts_are_reached_in_order() -> None:
    alerts = (1.0, 0.5, 0.8)
    assert reached(0, 100, alerts) == []
    assert reached(50, 100, alerts) == [0.5]
    assert reached(99, 100, alerts) == [0.5, 0.8]
    assert reached(500, 100, alerts) == [0.5, 0.8, 1.0]
    assert reached(1, 0, alerts) == [0.5, 0.8, 1.0]
    assert reached(0, 0, alerts) == []

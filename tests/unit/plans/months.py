"""Loads for tests: days by a rule, compared over the bundled plans of a fixed day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tracker.model.plans.load import DayLoad, loads_of_sums
from tracker.model.plans.outlook import PlanOutlook, Terms, outlook
from tracker.model.plans.plan import Capacity
from tracker.model.plans.projection import draw_months
from tracker.model.plans.verdict import Evidence, Verdict, decide
from tracker.plan_data.table import plans_on

FIRST = date(2026, 9, 7)  # a Monday
DAYS = 77
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
INDIVIDUAL = ("api", "pro", "max", "ultra")


@dataclass(frozen=True)
class Compared:
    """Outlooks by plan, and the verdict over them."""

    by_plan: dict[str, PlanOutlook]
    verdict: Verdict


def days_of(rule: Callable[[date], float], count: int = DAYS) -> list[DayLoad]:
    """Days from FIRST on, each with the dollars that the rule gives it."""
    days = {FIRST + timedelta(days=step): rule(FIRST + timedelta(days=step)) for step in range(count)}
    return loads_of_sums(days, FIRST, max(days))


def workdays(usd: float) -> Callable[[date], float]:
    """The same amount on every working day."""
    return lambda day: usd if day.weekday() < 5 else 0.0


def compare(
    days: list[DayLoad],
    *,
    extra_usage: bool = True,
    tolerance: float = 0.2,
    capacities: dict[str, Capacity] | None = None,
    terms: Terms | None = None,
    plans: tuple[str, ...] = INDIVIDUAL,
    knows_hours: bool = False,
    unpriced_share: float = 0.0,
    **known: Any,
) -> Compared:
    """The plans of 21 November 2026 over these days, with published capacities but for those given."""
    plan_of = plans_on("2026-11-21")
    draws = draw_months([(day.day, day.api) for day in days], *NOVEMBER, resamples=630, seed=1)
    chosen = terms or Terms(extra_usage=extra_usage, tolerance=tolerance)
    outlooks = [
        outlook(
            plan_of[plan_id],
            (capacities or {}).get(plan_id, plan_of[plan_id].published),
            days,
            draws,
            chosen,
            knows_hours=knows_hours,
        )
        for plan_id in plans
    ]
    evidence = Evidence(sum(day.is_active for day in days), unpriced_share, knows_hours=knows_hours, **known)
    verdict = decide(outlooks, evidence, chosen)
    return Compared({one.plan.id: one for one in outlooks}, verdict)

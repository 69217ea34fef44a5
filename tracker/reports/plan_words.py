"""Texts of the plans table, for command line and dashboard."""

from datetime import date

from tracker.model.plans.outlook import PlanOutlook
from tracker.model.plans.verdict import CANNOT_TELL, Verdict, either
from tracker.reports.plan_tasks import task_means
from tracker.reports.plans import BreakEven, PlansReport
from tracker.words import modelled_percent

_NONE = "–"


def answer(report: PlansReport, verdict: Verdict) -> str:
    """`Pro is the cheapest for this work.`, or the remaining candidates."""
    names = report.names
    if verdict.plan != CANNOT_TELL:
        own = ", which you have" if verdict.plan == report.current else ""
        return f"{names.get(verdict.plan, verdict.plan)} is the cheapest for this work{own}."
    left = [names.get(plan, plan) for plan in verdict.candidates]
    return "Cannot tell yet" + (f": {either(left)}." if 0 < len(left) < len(names) else ".")


def fee(one: PlanOutlook) -> str:
    """A plan's price a month; the API has none."""
    return f"${one.fee_usd:,.0f}" if one.fee_usd else _NONE


def monthly(one: PlanOutlook) -> str:
    """10th to 90th percentile; `?` if the capacity is unknown."""
    band = one.monthly
    high = "" if round(band.p10) == round(band.p90) else f" – {band.p90:,.0f}"
    return f"~${band.p10:,.0f}{high}{'' if one.is_known else ' ?'}"


def chance(report: PlansReport, one: PlanOutlook) -> str:
    """Probability of a month that reaches a limit; a dash if there are too few days."""
    if one.plan.is_metered:
        return "no limit"
    return _NONE if report.is_range_only else modelled_percent(one.hit_probability)


def used(report: PlansReport, one: PlanOutlook) -> str:
    """Share of the weekly capacity used; a dash if there are too few days."""
    return _NONE if one.plan.is_metered or report.is_range_only else modelled_percent(one.utilisation)


def cost_of_a_task(report: PlansReport, one: PlanOutlook) -> str:
    """Mean cost of a completed task; `+` if the capacity is unknown."""
    mean = task_means(report.tasks, one.plan.id)
    return _NONE if mean is None else f"~${mean.allocated:,.2f}{'+' if mean.unfitted else ''}"


def pays_on(found: BreakEven) -> str:
    """The day of this month on which a plan's fee was reached: Nov 5; ~Nov 9 if expected, else empty."""
    if found.day is not None:
        return month_day(found.day)
    return f"~{month_day(found.expected_day)}" if found.expected_day else ""


def month_day(day: date) -> str:
    """A day of about now: Nov 5."""
    return f"{day:%b} {day.day}"

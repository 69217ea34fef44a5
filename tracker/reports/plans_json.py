"""The JSON form of the plans report. Each group of figures is labelled priced or modelled."""

from dataclasses import asdict
from typing import Any

from store.money import usd
from tracker.model.plans.calibration import MeterFit
from tracker.model.plans.outlook import PlanOutlook
from tracker.model.plans.plan import Excluded, Range
from tracker.model.plans.projection import Band
from tracker.reports.json_values import dollars, rounded
from tracker.reports.plan_tasks import task_means
from tracker.reports.plans import PlansReport


def _each_usd(amounts: Band | Range | None) -> dict[str, str | None] | None:
    return None if amounts is None else {name: dollars(value) for name, value in amounts._asdict().items()}


def _fit_json(fit: MeterFit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "label": "modelled",
        "read_weight": round(fit.read_weight, 3),
        "read_weight_interval": [round(value, 3) for value in fit.read_weight_interval],
        "unit": "usd" if fit.is_plain else "limit_unit",
        "size": _each_usd(fit.plain_size if fit.is_plain else fit.size),
        "usd_per_percent": dollars(fit.plain_size.mid / 100),
        "intervals": fit.intervals,
        "used_elsewhere": rounded(fit.elsewhere_share),
        "drift": rounded(fit.drift),
        "alerts": [
            *(["other devices or the web chat use the same limits"] if fit.is_used_elsewhere else []),
            *(["the window's size changed by more than 30%"] if fit.has_drifted else []),
        ],
    }


def _change_json(change: tuple[float, str] | None) -> dict[str, str | None] | None:
    return None if change is None else {"usd_per_active_day": dollars(change[0]), "plan": change[1]}


def _plan_json(one: PlanOutlook, report: PlansReport, p_cheapest: float | None) -> dict[str, Any]:
    task = task_means(report.tasks, one.plan.id)
    week, five_hour = one.capacity.week, one.capacity.five_hour
    return {
        "id": one.plan.id,
        "name": one.plan.name,
        "label": "modelled",
        "fee_usd": dollars(one.fee_usd),
        "monthly_usd": _each_usd(one.monthly),
        "p_cheapest": rounded(p_cheapest),
        "p_limit_hit": rounded(one.hit_probability),
        "p_limit_hit_at_low_capacity": rounded(one.hit_probability_at_low),
        "p_limit_hit_at_high_capacity": rounded(one.hit_probability_at_high),
        "hits_per_month": rounded(one.hits_per_month),
        "utilisation": rounded(one.utilisation),
        "overflow_usd": dollars(one.overflow_usd),
        "overflow_is": "extra usage at API prices" if report.terms.extra_usage else "blocked work",
        "excluded_usd": dollars(one.excluded_usd),
        "excludes": [flag.name.lower() for flag in Excluded if flag in one.plan.excludes and flag.name],
        "capacity": {
            "known": one.is_known,
            "origin": one.capacity.origin,
            "detail": one.capacity.detail,
            "week_usd": _each_usd(week.usd if week else None),
            "five_hour_usd": _each_usd(five_hour.usd if five_hour else None),
            "read_weight": {
                "week": rounded(week.read_weight if week else None),
                "five_hour": rounded(five_hour.read_weight if five_hour else None),
            },
        },
        "api_credit_usd": usd(one.plan.api_credit_nano),
        "task_usd": None
        if task is None
        else {
            "allocated": dollars(task.allocated),
            "marginal": dollars(task.marginal),
            "allocated_if_nothing_fits": None if task.unfitted is None else dollars(task.allocated + task.unfitted),
            "marginal_if_nothing_fits": None if task.unfitted is None else dollars(task.marginal + task.unfitted),
        },
        "source": one.plan.source,
        "checked_on": one.plan.checked_on,
    }


def plans_json(report: PlansReport) -> dict[str, Any]:
    """The contract of DESIGN section 4, with the report's further figures under other names."""
    verdict, load = report.verdict, report.load
    shares = report.cheapest_in
    made: dict[str, Any] = {
        "schema_version": 1,
        "plans": [_plan_json(one, report, shares.get(one.plan.id)) for one in report.outlooks],
        "recommendation": None
        if verdict is None
        else {
            "plan": verdict.plan,
            "candidates": list(verdict.candidates),
            "reason": verdict.reason,
            "would_settle": verdict.would_settle,
            "sure": rounded(verdict.sure),
            "switching_saves_usd": dollars(report.switch_usd),
        },
        "break_even": {
            plan_id: {
                "day": None if one.day is None else one.day.isoformat(),
                "expected_day": None if one.expected_day is None else one.expected_day.isoformat(),
                "spend_per_active_day_usd": f"{one.per_active_day_usd:.2f}",
            }
            for plan_id, one in report.break_even.items()
        },
        "answer_changes": {
            "usd_per_active_day": dollars(report.per_active_day),
            "cheapest_on_average": report.changes.now or None,
            "below": _change_json(report.changes.below),
            "above": _change_json(report.changes.above),
        },
        "current": None if report.current is None else {"plan": report.current, "from": report.current_from},
        "terms": asdict(report.terms),
        "assumptions": list(report.assumptions),
        "month": None,
        "typical_month_usd": None,
        "history": None,
        "meter": None,
        "tasks": [],
    }
    if load is not None:
        made["month"] = {
            "as_of": load.as_of.isoformat(),
            "logged_usd": usd(load.month_counted.cost),
            "as_api_key_usd": usd(report.spent_api_nano),
            "by_month_end_usd": _each_usd(report.month_end),
            "floor_calls": load.month_counted.floor,
            "unpriced_calls": load.month_counted.unpriced,
            "hidden_usd": None if load.hidden is None else usd(load.hidden.cost),
            "excluded_usd": {name: usd(nano) for name, nano in load.excluded_nano.items()},
            "labels": {"logged_usd": "priced", "as_api_key_usd": "modelled", "by_month_end_usd": "modelled"},
        }
        made["typical_month_usd"] = _each_usd(report.typical)
        made["history"] = {
            "source": load.source,
            "first": load.first.isoformat(),
            "last": load.last.isoformat(),
            "days": len(load.base),
            "active_days": load.active_days,
            "active_days_per_month": report.active_days,
            "active_days_from": report.active_days_from,
            "method": report.method,
            "range_only": report.is_range_only,
            "calls": load.counted.calls,
            "unpriced_calls": load.counted.unpriced,
            "unpriced_models": list(load.unpriced_models),
            "floor_calls": load.counted.floor,
        }
        made["meter"] = {
            "five_hour": _fit_json(load.meters.fits.five_hour),
            "seven_day": _fit_json(load.meters.fits.week),
            "steps": load.meters.steps,
            "changed_on": None if load.meter_changed_on is None else load.meter_changed_on.isoformat(),
            "refusals": load.refusals,
        }
        made["tasks"] = [share.as_json() for share in report.tasks]
    return made

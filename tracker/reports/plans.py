"""The plans report: what DESIGN section 4 promises as `plans --json`, for the command line and the dashboard alike.

Spend is priced (measured tokens at list price), the API-key billing of it and everything about other plans is modelled.
Each assumption that a figure rests on is one of `assumptions`.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from store.money import NANO_PER_USD
from store.reads.spend import NO_SPEND, SpendRow
from tracker.model.plans.capacity import believed, metered_capacity, refused_capacity
from tracker.model.plans.load import DayLoad, days_between
from tracker.model.plans.outlook import PlanOutlook, Terms, mean_costs_at, outlook
from tracker.model.plans.plan import Capacity, Origin
from tracker.model.plans.projection import (
    ACTIVE_DAYS_FOR_A_BAND,
    Band,
    Draws,
    draw_months,
    expected_active_days,
    first_day_at,
    month_bounds,
    month_sums,
    with_active_days,
)
from tracker.model.plans.verdict import CANNOT_TELL, Evidence, Verdict, changes_at, decide, winner
from tracker.plan_data.load import NO_FITS, Load, load_of_file, load_of_ledger
from tracker.plan_data.table import DatedPlan, capacities, plans_on, refuse_unknown
from tracker.reports.plan_tasks import TaskShare, task_shares
from tracker.settings import Settings
from tracker.words import counted, listed

API = "api"
_SEED = 20


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When a plan's fee is reached by the API-equivalent spend that it covers; both before tax, which is on both."""

    day: date | None  # of this month; None while it is not reached
    expected_day: date | None  # where the month's remaining days would reach it at the usual pace
    per_active_day_usd: float


@dataclass(frozen=True, slots=True)
class PlansReport:
    """Everything that the plans screen and the `plans` command show."""

    load: Load | None
    terms: Terms
    tolerance: float
    current: str | None  # the user's plan, and where that is known from
    current_from: str
    month_end: Band | None = None  # dollars by the end of this month, as an API key
    typical: Band | None = None  # dollars of a whole month like this one; both before tax
    method: str = ""
    per_active_day: float = 0.0  # dollars, mean of the history's working days
    active_days: int = 0  # expected in a month
    active_days_from: str = ""
    outlooks: Sequence[PlanOutlook] = ()
    break_even: Mapping[str, BreakEven] = field(default_factory=dict)
    verdict: Verdict | None = None
    cheapest_on_average: str = ""  # plan at the middle of each capacity; empty where all of them block too much
    below: tuple[float, str] | None = None  # dollars an active day under which another plan wins
    above: tuple[float, str] | None = None
    tasks: Sequence[TaskShare] = ()
    assumptions: Sequence[str] = ()

    @property
    def spent_logged(self) -> SpendRow:
        """This month so far, as logged."""
        return self.load.month_counted if self.load else NO_SPEND

    @property
    def spent_api_nano(self) -> int:
        """This month so far, as an API key would have been billed."""
        return sum(day[2] for day in self.load.spent) if self.load else 0

    @property
    def names(self) -> dict[str, str]:
        """What the plans shown are called, by id."""
        return {one.plan.id: one.plan.name for one in self.outlooks}

    @property
    def switch_usd(self) -> float | None:
        """Mean dollars a month saved by going from the present plan to the recommended one; None without a change."""
        by_id = {one.plan.id: one for one in self.outlooks}
        if self.verdict is None or self.current == self.verdict.plan:
            return None
        now, then = by_id.get(self.current or ""), by_id.get(self.verdict.plan)
        return now.mean_usd - then.mean_usd if now and then and now.is_known else None

    @property
    def switch_words(self) -> str | None:
        """What that change would bring, with the plan that one has; a dearer plan may be worth it if no work waits."""
        saved = self.switch_usd
        if saved is None or self.verdict is None:
            return None
        by_id = {one.plan.id: one for one in self.outlooks}
        now, then = by_id[self.current or ""], by_id[self.verdict.plan]
        change = f"~${abs(saved):,.0f} a month {'less' if saved >= 0 else 'more'}"
        if saved < 0 and not self.terms.extra_usage:
            change += ", and no work waits" if not then.hit_probability_at_low else ", and less work waits"
        return f"Against {now.plan.name}, which you have: {change}."

    @property
    def changes_words(self) -> str | None:
        """Which plan is the cheapest on average, and at which spend a day it is another; None where it is none."""
        names = self.names
        ends = [
            f"{word} ~${end[0]:,.2f} it is {names.get(end[1], 'none')}"
            for word, end in (("below", self.below), ("above", self.above))
            if end is not None
        ]
        if not ends:
            return None
        return (
            f"You spend ~${self.per_active_day:,.2f} a working day. At the middle of each capacity the cheapest on"
            f" average is {names.get(self.cheapest_on_average, 'none')}; {', '.join(ends)}."
        )

    @property
    def is_range_only(self) -> bool:
        """Too few days of work for percentiles that mean anything."""
        return self.load is None or not _has_enough_days(self.load)

    def as_json(self) -> dict[str, Any]:
        """The JSON contract, and beside it what the screen shows."""
        from tracker.reports.plans_json import plans_json

        return plans_json(self)


def plans_report(
    db: sqlite3.Connection | None,
    settings: Settings,
    today: date,
    now_ms: int,
    *,
    days: tuple[str, Mapping[date, float]] | None = None,
    every_plan: bool = False,
    detected: str | None = None,
) -> PlansReport:
    """Compare the ways to pay. `days` (a name, dollars by day) stands in place of the ledger `db`.

    SettingsError if the settings name a plan or a capacity that cannot be used.
    """
    wanted = settings.plan
    dated = plans_on((max(days[1]) if days else today).isoformat())
    current = wanted.id or detected
    if wanted.id is not None:
        refuse_unknown(wanted.id, dated)
    compared = {
        plan_id: one for plan_id, one in dated.items() if every_plan or not one.plan.is_for_groups or plan_id == current
    }
    given = capacities(dated, settings.capacity)
    terms = Terms(wanted.seats, wanted.annual, wanted.tax, wanted.extra_usage)
    current_from = "settings" if wanted.id else "this machine's login" if detected else ""
    exclusions = sorted({one.plan.excludes for one in compared.values()})
    if days is not None:
        load: Load | None = load_of_file(days[0], days[1], exclusions)
    else:
        load = None if db is None else load_of_ledger(db, today, now_ms, exclusions)
    report = PlansReport(load, terms, wanted.tolerance, current, current_from)
    if load is None:
        nothing = Verdict(CANNOT_TELL, tuple(compared), "No spend is recorded yet.", "A week of work with an agent.")
        return replace(report, verdict=nothing)
    believed_now = believed(
        {plan_id: one.plan for plan_id, one in compared.items()},
        {plan_id: given[plan_id] for plan_id in compared},
        {plan_id: one.published for plan_id, one in compared.items()},
        current,
        metered_capacity(load.fits, in_dollars=load.is_of_sums),
        refused_capacity(load.hits_of_this_size(load.five_hour_hits), load.hits_of_this_size(load.week_hits)),
    )
    made = _compare(report, load, compared, believed_now, settings)
    if db is None or made.month_end is None:
        return made
    first, last = month_bounds(load.as_of)
    expected = max(made.month_end.p50, made.spent_api_nano / NANO_PER_USD)
    covered = {one.plan.id: expected * _covered_share(load.month[one.plan.excludes]) for one in made.outlooks}
    return replace(made, tasks=task_shares(db, first, last, made.outlooks, covered, load.api_nano, terms, now_ms))


def _compare(
    report: PlansReport,
    load: Load,
    compared: Mapping[str, DatedPlan],
    sizes: Mapping[str, Capacity],
    settings: Settings,
) -> PlansReport:
    """The report with its comparison over a recorded load; `sizes` are the capacities that are believed now."""
    wanted, terms = settings.plan, report.terms
    last = month_bounds(load.as_of)[1]
    history = [(day.day, day.api) for day in load.base]
    api = [value for _, value in history]
    draws, active_days = _drawn_months(load, history, wanted.active_days)
    spent = sum(day[2] for day in load.spent) / NANO_PER_USD
    month_end = Band.of([spent + ahead for ahead in _still_to_come(load, history, last)])
    outlooks = [
        outlook(one.plan, sizes[plan_id], load.days[one.plan.excludes], draws, terms, knows_hours=not load.is_of_sums)
        for plan_id, one in compared.items()
    ]
    evidence = _evidence(load, compared.get(report.current or ""))
    verdict = decide(outlooks, evidence, extra_usage=terms.extra_usage, tolerance=wanted.tolerance)
    typical = Band.of(month_sums(draws, api))
    per_day = sum(api) / load.active_days if load.active_days else 0.0
    cheapest, below, above = (
        _changes(load, compared, outlooks, draws, terms, wanted.tolerance, per_day)
        if _has_enough_days(load)
        else ("", None, None)
    )
    return replace(
        report,
        month_end=month_end,
        typical=typical,
        method=draws.method,
        per_active_day=per_day,
        active_days=active_days,
        active_days_from=_active_days_from(load, wanted.active_days),
        outlooks=outlooks,
        break_even={
            one.plan.id: _break_even(load, one, one.fee_usd / (1 + terms.tax), active_days)
            for one in outlooks
            if one.fee_usd > 0 and not one.plan.is_metered
        },
        verdict=verdict,
        cheapest_on_average=cheapest,
        below=below,
        above=above,
        assumptions=_assumptions(load, outlooks, draws, terms, settings),
    )


def _has_enough_days(load: Load) -> bool:
    return load.active_days >= ACTIVE_DAYS_FOR_A_BAND


def _drawn_months(
    load: Load, history: Sequence[tuple[date, float]], wanted_active_days: int | None
) -> tuple[Draws, int]:
    """Resamples of the month, and how many of its days are expected to be active."""
    first, last = month_bounds(load.as_of)
    draws = draw_months(history, first, last, seed=_SEED)
    enough = _has_enough_days(load)
    if wanted_active_days is not None and enough:
        draws = with_active_days(draws, [day.is_active for day in load.base], wanted_active_days)
    observed = expected_active_days([enough and day.is_active for day in load.base], last.day)
    return draws, wanted_active_days or observed


def _evidence(load: Load, own: DatedPlan | None) -> Evidence:
    """What the verdict may rest on; `own` is the user's plan."""
    return Evidence(
        active_days=load.active_days,
        unpriced_share=load.counted.unpriced / load.counted.calls if load.counted.calls else 0.0,
        unpriced_models=listed(load.unpriced_models),
        meter_intervals=load.meter_intervals,
        knows_hours=not load.is_of_sums,
        has_unused_meter=load.fits != NO_FITS and (own is None or own.plan.is_metered),
    )


def _still_to_come(load: Load, history: Sequence[tuple[date, float]], last: date) -> list[float]:
    """Dollars from now to the end of `last`, a value a resample: the rest of today and the days after it."""
    api = [value for _, value in history]
    today = month_sums(draw_months(history, load.as_of, load.as_of, seed=_SEED), api)
    later = month_sums(draw_months(history, load.as_of + timedelta(days=1), last, seed=_SEED + 1), api)
    return [load.rest_of_today * value + after for value, after in zip(today, later, strict=True)]


def _covered_share(days: Sequence[DayLoad]) -> float:
    work = sum(day.api for day in days)
    return sum(day.covered for day in days) / work if work else 1.0


def _active_days_from(load: Load, given: int | None) -> str:
    if given is not None:
        return "your settings"
    return "observed" if _has_enough_days(load) else "a default: too few were observed"


def _changes(
    load: Load,
    compared: Mapping[str, DatedPlan],
    outlooks: Sequence[PlanOutlook],
    draws: Draws,
    terms: Terms,
    tolerance: float,
    per_day: float,
) -> tuple[str, tuple[float, str] | None, tuple[float, str] | None]:
    """The cheapest plan (at the middle of each capacity), and dollars an active day at which it is another one."""
    if per_day <= 0:
        return "", None, None
    days = {plan_id: load.days[one.plan.excludes] for plan_id, one in compared.items()}
    knows_hours = not load.is_of_sums

    def costs_at(level: float) -> dict[str, float]:
        return mean_costs_at(outlooks, days, draws, terms, level / per_day, tolerance, knows_hours=knows_hours)

    return winner(costs_at(per_day)), *changes_at(costs_at, per_day)


def _break_even(load: Load, one: PlanOutlook, fee_usd: float, active_days: int) -> BreakEven:
    """What a plan leaves out is paid beside its fee, so that it does not help to reach it."""
    history = load.days[one.plan.excludes]
    spent = [(day.day, day.covered) for day in load.month[one.plan.excludes]]
    reached = first_day_at(spent, fee_usd)
    expected = None
    total = sum(day.covered for day in history)
    if reached is None and total:
        by_weekday: dict[int, list[float]] = {}
        for day in history:
            by_weekday.setdefault(day.day.weekday(), []).append(day.covered)
        mean = total / len(history)
        last = month_bounds(load.as_of)[1]
        rest = days_between(load.as_of, last)[1:]
        usual = [
            (day, sum(values) / len(values) if (values := by_weekday.get(day.weekday())) else mean) for day in rest
        ]
        expected = first_day_at([*spent, *usual], fee_usd)
    return BreakEven(reached, expected, fee_usd / active_days)


def _assumptions(
    load: Load, outlooks: Sequence[PlanOutlook], draws: Draws, terms: Terms, settings: Settings
) -> list[str]:
    """What the modelled figures rest on, in the words of the report."""
    made = [f"Months are drawn from {counted(len(load.base), 'day')} ({load.first} to {load.last}) as {draws.method}."]
    if load.is_stale:
        made.append("There is no work in the last 26 weeks: the days are older ones.")
    if load.counted.floor:
        made.append(
            f"The output of {load.counted.floor:,} of {load.counted.calls:,} calls is not fully recorded: spend, and"
            " what follows from it, is a floor."
        )
    if load.counted.unpriced:
        made.append(f"{load.counted.unpriced:,} of {load.counted.calls:,} calls have no price and are not in it.")
    if load.is_of_sums:
        made.append(
            "The file has no hours: half the months put a day's work into two five-hour windows, half never fill one."
        )
    else:
        made.append(
            "As an API key, caches live five minutes: pauses of 5 to 60 minutes that an hour's cache survived are paid"
            " again."
        )
    made.append(
        "Work above a limit goes on at API prices (extra usage)."
        if terms.extra_usage
        else "Work above a limit waits (extra usage off); a plan may do that in"
        f" {settings.plan.tolerance:.0%} of months."
    )
    if terms.seats > 1:
        made.append(f"{terms.seats:,} seats share this work evenly, each with limits of its own.")
    if any(one.is_known and not one.plan.is_metered for one in outlooks):
        made.append("Every size in a capacity range is as likely as any other, on a log scale.")
    made += [
        f"[capacity.{one.plan.id}] in settings.toml does not count where your own meter has measured the size:"
        f" {one.capacity.detail}."
        for one in outlooks
        if one.capacity.origin == Origin.METER and one.plan.id in settings.capacity
    ]
    if any(one.capacity.origin == Origin.PUBLISHED for one in outlooks):
        made.append("Published capacities are third-party measurements from before 2026-10-30.")
    if not load.is_of_sums:
        made.append("Limits are shared with the web chat and other devices: this machine sees a part of the load.")
    if terms.tax:
        made.append(
            f"Fees, and what a month and a task cost under a plan, include {terms.tax:.0%} tax; spend, also expected"
            " spend, is before tax."
        )
    return made

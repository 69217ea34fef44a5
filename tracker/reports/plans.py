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
from tracker.model.plans.capacity import choose_capacities, metered_capacity, refused_capacity
from tracker.model.plans.load import DayLoad, days_between
from tracker.model.plans.outlook import PlanOutlook, Terms, cheapest_shares, mean_costs, outlook
from tracker.model.plans.plan import Capacity, Origin, Plan
from tracker.model.plans.projection import (
    Band,
    Draws,
    draw_months,
    expected_active_days,
    first_day_at,
    month_bounds,
    month_sums,
    with_active_days,
)
from tracker.model.plans.verdict import CANNOT_TELL, NO_CHANGES, Changes, Evidence, Verdict, changes_at, decide
from tracker.plan_data.days_file import FileOfDays
from tracker.plan_data.load import FIVE_HOUR_KIND, NO_FITS, WEEK_KIND, Load, load_of_file, load_of_ledger
from tracker.plan_data.table import capacities, plans_on, refuse_unknown
from tracker.reports.plan_tasks import TaskShare, task_shares
from tracker.settings import Settings
from tracker.words import counted, join_names

_SEED = 20


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When covered API-equivalent spend reaches a plan's fee; both before tax."""

    day: date | None  # in this month; None until reached
    expected_day: date | None  # if the rest of the month reaches it at the usual pace
    per_active_day_usd: float


@dataclass(frozen=True, slots=True)
class PlansReport:
    """Everything shown by the plans screen and the `plans` command."""

    load: Load | None
    terms: Terms
    current: str | None  # the user's plan, and the source of that
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
    changes: Changes = NO_CHANGES  # at the middle of each capacity, by dollars an active day
    tasks: Sequence[TaskShare] = ()
    assumptions: Sequence[str] = ()

    @property
    def cheapest_in(self) -> dict[str, float]:
        """Share of resampled months in which each plan is cheapest; empty without extra usage."""
        return cheapest_shares(self.outlooks) if self.terms.extra_usage else {}

    @property
    def spent_logged(self) -> SpendRow:
        """This month so far, as logged."""
        return self.load.month_counted if self.load else NO_SPEND

    @property
    def spent_api_nano(self) -> int:
        """This month so far, as an API key would have been billed."""
        return sum(self.load.spent_nano) if self.load else 0

    @property
    def names(self) -> dict[str, str]:
        """Names of the shown plans, by id."""
        return {one.plan.id: one.plan.name for one in self.outlooks}

    @property
    def _switch(self) -> tuple[PlanOutlook, PlanOutlook] | None:
        """The present and the recommended plan, if they differ and the present one's capacity is known."""
        by_id = {one.plan.id: one for one in self.outlooks}
        now, then = by_id.get(self.current or ""), by_id.get(self.verdict.plan if self.verdict else "")
        return (now, then) if now and then and now is not then and now.is_known else None

    @property
    def switch_usd(self) -> float | None:
        """Mean dollars a month saved by switching to the recommended plan; None without a switch."""
        return None if self._switch is None else self._switch[0].mean_usd - self._switch[1].mean_usd

    @property
    def switch_words(self) -> str | None:
        """What the switch would bring; a more expensive plan may be worth it if no work waits then."""
        saved = self.switch_usd
        if saved is None or self._switch is None:
            return None
        now, then = self._switch
        change = f"~${abs(saved):,.0f} a month {'less' if saved >= 0 else 'more'}"
        if saved < 0 and not self.terms.extra_usage:
            change += ", and no work waits" if not then.hit_probability_at_low else ", and less work waits"
        return f"Against {now.plan.name}, which you have: {change}."

    @property
    def changes_words(self) -> str | None:
        """The cheapest plan on average, and the daily spend at which another one is; None if there is none."""
        names, changes = self.names, self.changes
        ends = [
            f"{word} ~${end[0]:,.2f} it is {names.get(end[1], 'none')}"
            for word, end in (("below", changes.below), ("above", changes.above))
            if end is not None
        ]
        if not ends:
            return None
        return (
            f"You spend ~${self.per_active_day:,.2f} a working day. With mid-range capacities the cheapest on"
            f" average is {names.get(changes.now, 'none')}; {', '.join(ends)}."
        )

    @property
    def is_range_only(self) -> bool:
        """Too few days of work for percentiles that mean anything."""
        return self.load is None or not self.load.has_enough_days

    def as_json(self) -> dict[str, Any]:
        """The JSON contract, and the further figures of the screen."""
        from tracker.reports.plans_json import plans_json

        return plans_json(self)


def plans_report(
    work: sqlite3.Connection | FileOfDays,
    settings: Settings,
    today: date,
    now_ms: int,
    *,
    every_plan: bool = False,
    detected: str | None = None,
    plans: Mapping[str, Plan] | None = None,
) -> PlansReport:
    """Compare the ways to pay for the work in the ledger, or in a file of days; `plans`: those in force, if known.

    SettingsError if the settings name a plan or a capacity that cannot be used.
    """
    wanted = settings.plan
    if plans is None:
        plans = plans_on((max(work.usd_by_day) if isinstance(work, FileOfDays) else today).isoformat())
    current = wanted.id or detected
    if wanted.id is not None:
        refuse_unknown(wanted.id, plans)
    compared = {
        plan_id: plan for plan_id, plan in plans.items() if every_plan or not plan.is_for_groups or plan_id == current
    }
    given = capacities(plans, settings.capacity)
    terms = Terms(wanted.seats, wanted.annual, wanted.tax, wanted.extra_usage, wanted.tolerance)
    current_from = "settings" if wanted.id else "this machine's login" if detected else ""
    exclusions = sorted({plan.excludes for plan in compared.values()})
    if isinstance(work, FileOfDays):
        load: Load | None = load_of_file(work, exclusions)
    else:
        load = load_of_ledger(work, today, now_ms, exclusions)
    report = PlansReport(load, terms, current, current_from)
    if load is None:
        nothing = Verdict(CANNOT_TELL, tuple(compared), "No spend is recorded yet.", "A week of work with an agent.")
        return replace(report, verdict=nothing)
    believed_now = choose_capacities(
        compared,
        given,
        current,
        metered_capacity(load.meters.fits),
        refused_capacity(load.hits_of_this_size(FIVE_HOUR_KIND), load.hits_of_this_size(WEEK_KIND)),
    )
    made = _compare(report, load, compared, believed_now, settings)
    if isinstance(work, FileOfDays) or made.month_end is None:
        return made
    expected = max(made.month_end.p50, made.spent_api_nano / NANO_PER_USD)
    covered = {one.plan.id: expected * _covered_share(load.month[one.plan.excludes]) for one in made.outlooks}
    return replace(made, tasks=task_shares(work, load, made.outlooks, covered, terms, now_ms))


def _compare(
    report: PlansReport,
    load: Load,
    compared: Mapping[str, Plan],
    sizes: Mapping[str, Capacity],
    settings: Settings,
) -> PlansReport:
    """The report with its comparison over a recorded load; `sizes` are the chosen capacities."""
    wanted, terms = settings.plan, report.terms
    api = [day.api for day in load.base]
    draws, active_days = _drawn_months(load, wanted.active_days)
    spent = report.spent_api_nano / NANO_PER_USD
    outlooks = [
        outlook(plan, sizes[plan_id], load.days[plan.excludes], draws, terms, knows_hours=not load.is_of_sums)
        for plan_id, plan in compared.items()
    ]
    evidence = _evidence(load, compared.get(report.current or ""))
    verdict = decide(outlooks, evidence, terms)
    per_day = sum(api) / load.active_days if load.active_days else 0.0
    return replace(
        report,
        month_end=Band.of([spent + ahead for ahead in _still_to_come(load)]),
        typical=Band.of(month_sums(draws, api)),
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
        changes=_changes(load, outlooks, draws, terms, per_day),
        assumptions=_assumptions(load, outlooks, draws, terms, settings),
    )


def _drawn_months(load: Load, wanted_active_days: int | None) -> tuple[Draws, int]:
    """Resampled months, and the expected number of active days."""
    first, last = month_bounds(load.as_of)
    draws = draw_months(load.history, first, last, seed=_SEED)
    enough = load.has_enough_days
    if wanted_active_days is not None and enough:
        draws = with_active_days(draws, [day.is_active for day in load.base], wanted_active_days)
    observed = expected_active_days([enough and day.is_active for day in load.base], last.day)
    return draws, wanted_active_days or observed


def _evidence(load: Load, own: Plan | None) -> Evidence:
    """Evidence for the verdict; `own` is the user's plan."""
    return Evidence(
        active_days=load.active_days,
        unpriced_share=load.counted.unpriced / load.counted.calls if load.counted.calls else 0.0,
        unpriced_models=join_names(load.unpriced_models),
        meter_intervals=load.meters.steps,
        knows_hours=not load.is_of_sums,
        has_unused_meter=load.meters.fits != NO_FITS and (own is None or own.is_metered),
    )


def _still_to_come(load: Load) -> list[float]:
    """Dollars from now to the month's end, per resample: the rest of today and the days after it."""
    history, last = load.history, month_bounds(load.as_of)[1]
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
    return "observed" if load.has_enough_days else "a default: too few were observed"


def _changes(load: Load, outlooks: Sequence[PlanOutlook], draws: Draws, terms: Terms, per_day: float) -> Changes:
    """The cheapest plan (at the middle of each capacity), and dollars an active day at which it is another one."""
    if per_day <= 0 or not load.has_enough_days:
        return NO_CHANGES
    costs_at = mean_costs(outlooks, load.days, draws, terms, knows_hours=not load.is_of_sums)
    return changes_at(lambda level: costs_at(level / per_day), per_day)


def _break_even(load: Load, one: PlanOutlook, fee_usd: float, active_days: int) -> BreakEven:
    """When covered work reaches the fee. Excluded work is paid separately and does not count."""
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
    """The assumptions of the modelled figures, as text."""
    made = [f"Months are drawn from {counted(len(load.base), 'day')} ({load.first} to {load.last}) as {draws.method}."]
    if load.is_stale:
        made.append("There is no work in the last 26 weeks: older days are used.")
    if load.counted.floor:
        made.append(
            f"The output of {load.counted.floor:,} of {load.counted.calls:,} calls is not fully recorded: spend, and"
            " what follows from it, is a floor."
        )
    if load.counted.unpriced:
        have = "has no price and is" if load.counted.unpriced == 1 else "have no price and are"
        made.append(f"{load.counted.unpriced:,} of {load.counted.calls:,} calls {have} not in it.")
    if load.is_of_sums:
        made.append(
            "The file has no hours: half the months put a day's work into two five-hour windows, half never fill one."
        )
    else:
        made.append(
            "With an API key, caches live five minutes: pauses of 5 to 60 minutes, which an hour's cache survived, are"
            " paid again."
        )
    made.append(
        "Work above a limit goes on at API prices (extra usage)."
        if terms.extra_usage
        else f"Work above a limit waits (extra usage off); a plan may do that in {terms.tolerance:.0%} of months."
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
        made.append("Limits are shared with the web chat and other devices: this machine sees only part of the load.")
    if terms.tax:
        made.append(
            f"Fees, and what a month and a task cost under a plan, include {terms.tax:.0%} tax; spend, also expected"
            " spend, is before tax."
        )
    return made

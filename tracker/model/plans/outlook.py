"""Cost of a month under each plan (MODEL section 9.2), over the same resampled months for all plans.

The uncertainty of capacities is shared: each resample uses the same position in every plan's range, spread evenly from
low to high. A plan of unknown capacity gets a cost range from "everything fits" to "nothing fits", and no
probabilities. Days known only by their sums have no hours: half the resamples put a day into two five-hour windows, the
other half into as many as the limit requires, so that no answer depends on hours that were not recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from tracker.model.plans.load import DayLoad, Limits, Overflow, WeekLoad, week_load, week_overflow
from tracker.model.plans.plan import Capacity, Excluded, Plan
from tracker.model.plans.projection import Band, DrawnMonth, DrawnWeek, Draws

# Positions in a capacity range; resample i uses position i modulo this.
CAPACITY_PLACES = 21


@dataclass(frozen=True, slots=True)
class Terms:
    """Payment terms, and what happens at a limit."""

    seats: int = 1  # each has its own limits; the work is divided evenly
    annual: bool = False
    tax: float = 0.0  # share on top of every price
    extra_usage: bool = True  # work above a limit goes on at API prices; else it waits
    tolerance: float = 0.2  # acceptable share of months with blocked work; used if work waits


@dataclass(frozen=True, slots=True)
class PlanOutlook:
    """A typical month under one plan; dollars with tax. Everything is modelled."""

    plan: Plan
    capacity: Capacity  # of all seats
    fee_usd: float
    monthly: Band
    costs: Sequence[float]  # by resample, the same months for every plan; for unknown capacity: everything fits
    excluded_usd: float  # excluded work, mean per month
    costs_if_nothing_fits: Sequence[float] | None = None  # only for an unknown capacity
    hit_probability: float | None = None  # of reaching any limit in a month; None if the capacity is unknown
    hit_probability_at_low: float | None = None  # at the low end of the capacity range
    hit_probability_at_high: float | None = None
    hits_per_month: float | None = None  # windows and weeks that reached a limit
    utilisation: float | None = None  # weekly load over the week's size, at the middle of the range
    overflow_usd: float | None = None  # work above the limits at API prices, mean per month: extra usage, or blocked
    bind_share: float = 0.0  # share of the work in windows where a limit binds
    overflow_share: float = 0.0  # share of the work above the limits

    @property
    def mean_usd(self) -> float:
        """Mean cost of a month."""
        return fmean(self.costs)

    @property
    def is_known(self) -> bool:
        """Whether every limit has a known size."""
        return self.costs_if_nothing_fits is None


class _CountedWeek(NamedTuple):
    """A drawn week, and the share of its work that lies in the month."""

    share: float
    load: WeekLoad


@dataclass(frozen=True, slots=True)
class _Case:
    """A plan, its size, and the history under its exclusions."""

    plan: Plan
    capacity: Capacity
    days: Sequence[DayLoad]
    api: Sequence[float]  # per day
    weeks: dict[DrawnWeek, _CountedWeek | None] = field(
        default_factory=dict
    )  # cache: the same few weeks are drawn repeatedly

    def week(self, drawn: DrawnWeek) -> _CountedWeek | None:
        """None if no work of the week lies in the month."""
        if drawn not in self.weeks:
            self.weeks[drawn] = self._counted(drawn)
        return self.weeks[drawn]

    def _counted(self, drawn: DrawnWeek) -> _CountedWeek | None:
        inside = sum(self.api[index] for index in drawn.days[drawn.first : drawn.last + 1])
        if not inside:
            return None
        week, five_hour = self.capacity.week, self.capacity.five_hour
        load = week_load(
            (self.days[index] for index in drawn.days),
            week.read_weight if week else None,
            five_hour.read_weight if five_hour else None,
            drawn.first,
            drawn.last,
        )
        return _CountedWeek(inside / sum(self.api[index] for index in drawn.days), load)

    def limits(self, place: float, scale: float, *, with_hours: bool) -> Limits:
        """Sizes at a position in the ranges, for days with `scale` times the recorded work."""
        week = self.capacity.week if self.plan.has_week else None
        five_hour = self.capacity.five_hour if self.plan.has_five_hour and with_hours else None
        return Limits(
            week.amount.at(place) / scale if week else None,
            five_hour.amount.at(place) / scale if five_hour else None,
        )


class _Months(NamedTuple):
    """Cost of the drawn months under a plan; dollars with tax."""

    plan: Plan
    capacity: Capacity  # of all seats
    fee_usd: float
    all_work: Sequence[float]
    left_out: Sequence[float]  # the excluded part of all_work

    def costing(self, costs: Sequence[float]) -> PlanOutlook:
        """The outlook with these monthly costs, without figures on limits."""
        return PlanOutlook(self.plan, self.capacity, self.fee_usd, Band.of(costs), costs, fmean(self.left_out))


def outlook(
    plan: Plan,
    capacity: Capacity,
    days: Sequence[DayLoad],
    draws: Draws,
    terms: Terms,
    *,
    knows_hours: bool = True,
) -> PlanOutlook:
    """Cost and limits of the drawn months. `days`: the history under this plan's exclusions; `capacity`: of one seat.

    `knows_hours`: False for days known only by their sums. ValueError if there are no draws.
    """
    api, excluded = [day.api for day in days], [day.excluded for day in days]
    months = _Months(
        plan,
        capacity.times(terms.seats),
        plan.fee_usd(seats=terms.seats, annual=terms.annual, tax=terms.tax),
        [month.sum_of(api) * (1 + terms.tax) for month in draws.months],
        [month.sum_of(excluded) * (1 + terms.tax) for month in draws.months],
    )
    if plan.is_metered:
        return _metered(months)
    if not plan.knows(months.capacity):
        return _of_unknown_size(months, terms)
    return _limited(months, _Case(plan, months.capacity, days, api), draws, terms, knows_hours=knows_hours)


def _metered(months: _Months) -> PlanOutlook:
    """All work at API prices, and no limit."""
    return replace(
        months.costing([months.fee_usd + work for work in months.all_work]),
        hit_probability=0.0,
        hit_probability_at_low=0.0,
        hit_probability_at_high=0.0,
        hits_per_month=0.0,
        overflow_usd=0.0,
        bind_share=1.0,
    )


def _of_unknown_size(months: _Months, terms: Terms) -> PlanOutlook:
    """Costs from "everything fits" to "nothing fits"."""
    costs = [months.fee_usd + out for out in months.left_out]
    worst = [months.fee_usd + work for work in months.all_work] if terms.extra_usage else costs
    low, high = Band.of(costs), Band.of(worst)
    band = Band(low.p10, (low.p50 + high.p50) / 2, high.p90)
    return replace(months.costing(costs), monthly=band, costs_if_nothing_fits=worst)


def _limited(months: _Months, case: _Case, draws: Draws, terms: Terms, *, knows_hours: bool) -> PlanOutlook:
    """Work that does not fit is billed as extra usage, or waits."""
    over_tax = 1 + terms.tax
    runs = [
        _month(case, month, (index % CAPACITY_PLACES + 0.5) / CAPACITY_PLACES, with_hours=knows_hours or index % 2 == 0)
        for index, month in enumerate(draws.months)
    ]
    charged = [run.dollars * over_tax if terms.extra_usage else 0.0 for run in runs]
    covered = (sum(months.all_work) - sum(months.left_out)) / over_tax
    overflow = sum(run.dollars for run in runs)
    return replace(
        months.costing([months.fee_usd + out + over for out, over in zip(months.left_out, charged, strict=True)]),
        hit_probability=fmean(run.hit_windows > 0 for run in runs),
        hit_probability_at_low=_hit_share(case, draws, 0.0, with_hours=True),
        hit_probability_at_high=_hit_share(case, draws, 1.0, with_hours=knows_hours),
        hits_per_month=fmean(run.hit_windows for run in runs),
        utilisation=_utilisation(case.days, draws, case.capacity),
        overflow_usd=overflow / len(runs) * over_tax,
        bind_share=sum(run.bound for run in runs) / covered if covered else 0.0,
        overflow_share=overflow / covered if covered else 0.0,
    )


def cheapest_shares(outlooks: Sequence[PlanOutlook]) -> dict[str, float]:
    """Share of resamples in which each plan of known capacity is the cheapest; ties go to the first."""
    known = [one for one in outlooks if one.is_known]
    wins = dict.fromkeys((one.plan.id for one in known), 0)
    for costs in zip(*(one.costs for one in known), strict=True):
        wins[known[costs.index(min(costs))].plan.id] += 1
    total = sum(wins.values())
    return {plan_id: count / total if total else 0.0 for plan_id, count in wins.items()}


def _month(case: _Case, month: DrawnMonth, place: float, *, with_hours: bool) -> Overflow:
    """Overflow of one month. A week at its edge is computed whole: its dollars count by the share of its work inside
    the month, its hits by their days, as otherwise two months would share each hit and most would have one.
    """
    limits = case.limits(place, month.scale, with_hours=with_hours)
    dollars = hits = bound = 0.0
    for drawn in month.weeks:
        week = case.week(drawn)
        if week is None:
            continue
        over = week_overflow(week.load, limits)
        dollars += over.dollars * week.share
        hits += over.hit_windows
        bound += over.bound * week.share
    return Overflow(dollars * month.scale, hits, bound * month.scale)


def _hit_share(case: _Case, draws: Draws, place: float, *, with_hours: bool) -> float:
    # A tenth of the resamples gives a probability to about three points.
    months = draws.months[:: max(1, len(draws.months) // 200)]
    return fmean(_month(case, month, place, with_hours=with_hours).hit_windows > 0 for month in months)


def _utilisation(days: Sequence[DayLoad], draws: Draws, capacity: Capacity) -> float | None:
    if capacity.week is None:
        return None
    loads = [sum(window.load(capacity.week.read_weight) for window in day.windows) for day in days]
    weeks = [
        month.scale * sum(loads[index] for index in week.days) for month in draws.months[::10] for week in month.weeks
    ]
    return fmean(weeks) / capacity.week.amount.mid


def mean_costs(
    outlooks: Sequence[PlanOutlook],
    days: Mapping[Excluded, Sequence[DayLoad]],
    draws: Draws,
    terms: Terms,
    *,
    knows_hours: bool,
) -> Callable[[float], dict[str, float]]:
    """A function from a factor on all work to the mean monthly dollars of each plan of known capacity.

    At the middle of each capacity range, over a hundred resamples. If work waits at a limit, plans that block it in
    more months than tolerated are left out. `days`: the history by exclusions.
    """
    drawn = draws.months[:: max(1, len(draws.months) // 100)]
    fees: list[float] = []
    cases: list[_Case] = []
    for one in outlooks:
        if one.is_known:
            history = days[one.plan.excludes]
            fees.append(one.fee_usd)
            cases.append(_Case(one.plan, one.capacity, history, [day.api for day in history]))

    def costs_at(factor: float) -> dict[str, float]:
        months = [DrawnMonth(month.weeks, month.scale * factor) for month in drawn]
        costs = {}
        for fee_usd, case in zip(fees, cases, strict=True):
            billed = _mean_billed(case, months, terms, knows_hours=knows_hours)
            if billed is not None:
                costs[case.plan.id] = fee_usd + billed * (1 + terms.tax)
        return costs

    return costs_at


def _mean_billed(case: _Case, months: Sequence[DrawnMonth], terms: Terms, *, knows_hours: bool) -> float | None:
    """Mean dollars a month above the fee, without tax; None if work is blocked in more months than tolerated."""
    if case.plan.is_metered:
        return sum(month.sum_of(case.api) for month in months) / len(months)
    excluded = [day.excluded for day in case.days]
    billed, blocked = 0.0, 0
    for index, month in enumerate(months):
        over = _month(case, month, 0.5, with_hours=knows_hours or index % 2 == 0)
        billed += month.sum_of(excluded) + (over.dollars if terms.extra_usage else 0.0)
        blocked += over.hit_windows > 0
    if not terms.extra_usage and blocked > terms.tolerance * len(months):
        return None
    return billed / len(months)

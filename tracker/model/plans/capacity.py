"""Chooses each plan's capacity: the user's meter, then settings, then refusals, then published figures, else unknown.

A meter measures only its own plan and window; other plans get its figure scaled by the published ratio, with the
default spread.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracker.model.plans.calibration import MeterFit
from tracker.model.plans.plan import Capacity, Origin, Plan, Range, Size
from tracker.model.quantiles import middle_80, quantile

HITS_NEEDED = 3


class MeterFits(NamedTuple):
    """The fits of the user's plan meters; None where there are too few readings."""

    five_hour: MeterFit | None = None
    week: MeterFit | None = None


class LimitHit(NamedTuple):
    """A recorded refusal, and the as-logged dollars this machine had spent in the full window."""

    at_ms: int
    spent_usd: float


def metered_capacity(fits: MeterFits) -> Capacity | None:
    """Capacity of the user's plan by its meters; a window without a fit has no size. None without any fit."""
    week, five_hour = (_metered(fit) for fit in (fits.week, fits.five_hour))
    if week is None and five_hour is None:
        return None
    counts = [
        f"{fit.intervals} steps of the {name} meter"
        for name, fit in (("weekly", fits.week), ("five-hour", fits.five_hour))
        if fit is not None
    ]
    return Capacity(week, five_hour, Origin.METER, " and ".join(counts))


def scaled_capacity(metered: Capacity, own: Plan, other: Plan) -> Capacity | None:
    """Metered sizes scaled from the user's plan to another by each window's published ratio; None without a ratio.

    Windows without a meter keep their published size.
    """
    week, week_ratio = _scaled(metered.week, own.published.week, other.published.week)
    five_hour, five_hour_ratio = _scaled(metered.five_hour, own.published.five_hour, other.published.five_hour)
    ratio = week_ratio or five_hour_ratio
    if ratio is None:
        return None
    detail = f"{ratio:.2g} times {own.name}"
    return Capacity(week, five_hour, Origin.SCALED, detail).with_gaps_from(other.published)


def refused_capacity(five_hour: Sequence[LimitHit], week: Sequence[LimitHit]) -> Capacity | None:
    """Capacity estimated from three or more refusals: each window held at least what this machine had spent by then.

    Use elsewhere would make it larger. A window with fewer refusals has no size; None if both have fewer.
    """
    short, long = _of_hits(five_hour), _of_hits(week)
    if short is None and long is None:
        return None
    detail = f"{len(five_hour)} five-hour and {len(week)} weekly refusals; use elsewhere would make it larger"
    return Capacity(long, short, Origin.REFUSALS, detail)


def choose_capacities(
    plans: Mapping[str, Plan],
    given: Mapping[str, Capacity],
    current: str | None,
    metered: Capacity | None,
    refused: Capacity | None,
) -> dict[str, Capacity]:
    """A capacity for every plan. `given`: from settings, else as published; `current`: the plan whose meter was read.

    Windows without a meter or refusals keep the given size.
    """
    made = {plan_id: given[plan_id] for plan_id in plans}
    if current is None or current not in plans:
        return made
    for plan_id, plan in plans.items():
        known = given[plan_id]
        if plan_id == current and not plan.is_metered:
            own = metered or (None if known.origin == Origin.SETTINGS else refused)
            made[plan_id] = own.with_gaps_from(known) if own is not None else known
        elif metered is not None and known.origin == Origin.PUBLISHED:
            scaled = scaled_capacity(metered, plans[current], plan)
            made[plan_id] = scaled or known
    return made


def _scaled(size: Size | None, published: Size | None, target: Size | None) -> tuple[Size | None, float | None]:
    """The size on another plan, and the ratio it was scaled by."""
    if size is None or published is None or target is None:
        return None, None
    ratio = target.amount.mid / published.amount.mid
    return size._replace(amount=Range.around(size.amount.mid * ratio)), ratio


def _metered(fit: MeterFit | None) -> Size | None:
    if fit is None:
        return None
    if fit.is_plain:
        return Size(fit.plain_size)
    return Size(fit.size, fit.read_weight, fit.dollars_per_unit)


def _of_hits(hits: Sequence[LimitHit]) -> Size | None:
    spent = [hit.spent_usd for hit in hits if hit.spent_usd > 0]
    if len(spent) < HITS_NEEDED:
        return None
    low, high = middle_80(spent)
    return Size(Range(low, quantile(spent, 0.5), high))

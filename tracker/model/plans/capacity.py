"""Which capacity to believe: the user's meter, then their settings, then refusals, then publications, else unknown.

A meter tells only the plan it belongs to; other plans get it scaled by the ratio that is published between them, with
the default spread. Units follow the load: days known only by their sum are held against dollars.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracker.model.plans.calibration import MeterFit
from tracker.model.plans.plan import Capacity, Origin, Plan, Range
from tracker.model.quantiles import quantile

HITS_NEEDED = 3
_TAIL = 0.1


class Fits(NamedTuple):
    """The meters of the user's plan, as far as they could be fitted."""

    five_hour: MeterFit | None = None
    week: MeterFit | None = None


class Hit(NamedTuple):
    """A refusal in the records: as-logged dollars that this machine had spent in the window that was full."""

    at_ms: int
    spent_usd: float


def metered_capacity(fits: Fits, known: Capacity, *, in_dollars: bool) -> Capacity | None:
    """The capacity of the plan whose meter was read; windows without a fit keep what was known. None without a fit."""
    week, week_weight = _window(fits.week, in_dollars=in_dollars)
    five_hour, five_hour_weight = _window(fits.five_hour, in_dollars=in_dollars)
    if week is None and five_hour is None:
        return None
    counts = [
        f"{fit.intervals} steps of the {name} meter"
        for name, fit in (("weekly", fits.week), ("five-hour", fits.five_hour))
        if fit is not None
    ]
    return Capacity(
        week or known.week,
        five_hour or known.five_hour,
        Origin.METER,
        " and ".join(counts),
        week_weight if week else known.week_read_weight,
        five_hour_weight if five_hour else known.five_hour_read_weight,
    )


def scaled_capacity(metered: Capacity, from_published: Capacity, to_published: Capacity, name: str) -> Capacity | None:
    """A meter's size carried to another plan by the published ratio of their weeks; None where none is published."""
    if metered.week is None or from_published.week is None or to_published.week is None:
        return None
    week = Range.around(metered.week.mid * to_published.week.mid / from_published.week.mid)
    five_hour = to_published.five_hour
    five_hour_weight = None
    if metered.five_hour and from_published.five_hour and to_published.five_hour:
        ratio = to_published.five_hour.mid / from_published.five_hour.mid
        five_hour = Range.around(metered.five_hour.mid * ratio)
        five_hour_weight = metered.five_hour_read_weight
    ratio = to_published.week.mid / from_published.week.mid
    return Capacity(
        week,
        five_hour,
        Origin.SCALED,
        f"{ratio:.2g} times {name}",
        metered.week_read_weight,
        five_hour_weight,
    )


def refused_capacity(five_hour: Sequence[Hit], week: Sequence[Hit], known: Capacity) -> Capacity | None:
    """What three or more refusals say: at each, the window held what this machine had spent, and maybe more elsewhere.

    The low end is thus certain only if nothing else used the plan. None with fewer refusals of either window.
    """
    short, long = _of_hits(five_hour), _of_hits(week)
    if short is None and long is None:
        return None
    detail = f"{len(five_hour)} five-hour and {len(week)} weekly refusals; use elsewhere would make it larger"
    return Capacity(long or known.week, short or known.five_hour, Origin.REFUSALS, detail)


def believed(
    plans: Mapping[str, Plan],
    given: Mapping[str, Capacity],
    published: Mapping[str, Capacity],
    current: str | None,
    metered: Capacity | None,
    refused: Capacity | None,
) -> dict[str, Capacity]:
    """A capacity for every plan: `given` is settings over publications, `current` the plan whose meter was read."""
    made = dict(given)
    own = metered or refused
    if current is None or current not in plans or own is None:
        return made
    for plan_id, plan in plans.items():
        if plan.is_metered or given[plan_id].origin == Origin.SETTINGS:
            continue
        if plan_id == current:
            made[plan_id] = own
        elif metered is not None and given[plan_id].origin == Origin.PUBLISHED:
            scaled = scaled_capacity(metered, published[current], published[plan_id], plans[current].name)
            made[plan_id] = scaled or given[plan_id]
    return made


def _window(fit: MeterFit | None, *, in_dollars: bool) -> tuple[Range | None, float | None]:
    if fit is None:
        return None, None
    if fit.is_plain:
        return fit.plain_size, None
    if in_dollars:
        return fit.size.times(fit.dollars_per_unit), None
    return fit.size, fit.read_weight


def _of_hits(hits: Sequence[Hit]) -> Range | None:
    spent = [hit.spent_usd for hit in hits if hit.spent_usd > 0]
    if len(spent) < HITS_NEEDED:
        return None
    return Range(quantile(spent, _TAIL), quantile(spent, 0.5), quantile(spent, 1 - _TAIL))

"""Recommends a plan, with its certainty (MODEL section 9.2, PRICES section 3.5), or says what would settle it.

A plan is recommended only if it is the cheapest in at least four of five resamples, capacities included. If work waits
at a limit, it must also stay within the user's tolerance at the low end of its capacity range. A plan that does so only
at the high end leaves the answer open; a more expensive plan is not recommended instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.plans.calibration import INTERVALS_NEEDED
from tracker.model.plans.outlook import PlanOutlook, Terms, cheapest_shares
from tracker.model.plans.projection import ACTIVE_DAYS_FOR_A_BAND

CANNOT_TELL = "cannot_tell"
SURE_SHARE = 0.8
_CANDIDATE_SHARE = 0.05
UNPRICED_SHARE_THAT_BLOCKS = 0.10
_LIMIT_MATTERS = 0.05  # with a lower share of months with a hit, the size of a limit does not matter
_MORE_HISTORY = "More weeks of history: the difference is within the variation between months."
_STEP, _STEPS = 2**0.5, 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence behind the verdict."""

    active_days: int
    unpriced_share: float  # share of calls
    unpriced_models: str = ""  # their names, as text
    meter_intervals: int = 0  # steps of the plan's meter so far
    knows_hours: bool = True  # False for days known only by their sums
    has_unused_meter: bool = False  # a meter is fitted, but no plan is set


@dataclass(frozen=True, slots=True)
class Verdict:
    """A plan's id, or `cannot_tell` with the candidates, the reason, and what would settle it."""

    plan: str
    candidates: Sequence[str]
    reason: str
    would_settle: str | None
    sure: float | None = None  # share of resamples in which the recommended plan is the cheapest


def decide(outlooks: Sequence[PlanOutlook], evidence: Evidence, terms: Terms) -> Verdict:
    """The verdict on plans (at least one) whose outlooks share their resamples."""
    everyone = [one.plan.id for one in outlooks]
    blocked = _too_little(evidence)
    if blocked is not None:
        return Verdict(CANNOT_TELL, tuple(everyone), *blocked)
    if not terms.extra_usage:
        return _without_extra_usage(outlooks, evidence, terms.tolerance)
    shares = cheapest_shares(outlooks)
    best = max(shares, key=shares.__getitem__, default=everyone[0])
    unknown = _open_ends(outlooks, best)
    by_id = {one.plan.id: one for one in outlooks}
    if shares.get(best, 0.0) >= SURE_SHARE and not unknown:
        return Verdict(best, (best,), _reason(by_id[best], by_id, shares[best]), None, shares[best])
    candidates = [plan_id for plan_id, share in shares.items() if share >= _CANDIDATE_SHARE]
    candidates += [one for one in unknown if one not in candidates]
    return Verdict(
        CANNOT_TELL,
        tuple(candidates),
        _open_reason([by_id[plan_id] for plan_id in candidates], shares),
        _settle(evidence, [by_id[plan_id] for plan_id in candidates]),
    )


class Changes(NamedTuple):
    """The cheapest plan on average ("" if none), and (spend level, plan) where another one becomes cheapest."""

    now: str = ""
    below: tuple[float, str] | None = None
    above: tuple[float, str] | None = None


NO_CHANGES = Changes()


def changes_at(costs_at: Callable[[float], Mapping[str, float]], present: float) -> Changes:
    """The spend levels below and above `present` at which the cheapest plan changes.

    `costs_at`: mean costs by plan at a level of daily spend. Searches from 1/64 to 64 times the present level, to
    within 1 %.
    """
    now = _winner(costs_at(present))
    return Changes(now, _change(costs_at, present, now, 1 / _STEP), _change(costs_at, present, now, _STEP))


def _change(
    costs_at: Callable[[float], Mapping[str, float]], present: float, now: str, step: float
) -> tuple[float, str] | None:
    near = present
    for _ in range(_STEPS):
        far = near * step
        found = _winner(costs_at(far))
        if found != now:
            break
        near = far
    else:
        return None
    while abs(far - near) > near / 100:
        middle = (near * far) ** 0.5
        at_middle = _winner(costs_at(middle))
        if at_middle == now:
            near = middle
        else:
            far, found = middle, at_middle
    return far, found


def either(names: Sequence[str]) -> str:
    """`API or Pro`, `API, Max or Ultra`."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _winner(costs: Mapping[str, float]) -> str:
    return min(costs, key=costs.__getitem__, default="")


def _too_little(evidence: Evidence) -> tuple[str, str] | None:
    """Why no plan can be judged, and what would change that; None if plans can be judged."""
    if evidence.unpriced_share > UNPRICED_SHARE_THAT_BLOCKS:
        models = evidence.unpriced_models or "some models"
        return (
            f"{evidence.unpriced_share:.0%} of the calls have no price ({models}), so the API bill is not known.",
            "Prices for these models in prices.toml, then `taximeter reprice`.",
        )
    if evidence.active_days == 0:
        return "No spend is recorded in this time.", "A week of work."
    left = ACTIVE_DAYS_FOR_A_BAND - evidence.active_days
    if left > 0:
        days = "day of work is" if evidence.active_days == 1 else "days of work are"
        return (
            f"Only {evidence.active_days} recent {days} recorded: a month could turn out quite different.",
            f"{left} more {'day' if left == 1 else 'days'} of work.",
        )
    return None


def _open_ends(outlooks: Sequence[PlanOutlook], best: str) -> list[str]:
    """Plans of unknown capacity that might be cheaper than the best known one."""
    bar = next((one.monthly.p50 for one in outlooks if one.plan.id == best), None)
    return [one.plan.id for one in outlooks if not one.is_known and (bar is None or one.monthly.p10 < bar)]


def _without_extra_usage(outlooks: Sequence[PlanOutlook], evidence: Evidence, tolerance: float) -> Verdict:
    """The verdict if work waits at a limit: the cheapest plan that certainly carries it, with the uncertain ones."""
    sure, perhaps = [], []
    for one in outlooks:
        at_low, at_high = one.hit_probability_at_low, one.hit_probability_at_high
        if at_low is not None and at_low <= tolerance:
            sure.append(one)
        elif at_low is None or at_high is None or at_high <= tolerance:
            perhaps.append(one)
    shares = cheapest_shares(sure)
    best = max(shares.values(), default=0.0)
    wins = SURE_SHARE if best >= SURE_SHARE else _CANDIDATE_SHARE
    sure = sorted((one for one in sure if shares[one.plan.id] >= wins), key=_middle)
    open_plans = sorted((one for one in perhaps if _may_be_cheapest(one, sure)), key=_middle)
    candidates = [*open_plans, *sure]
    if not candidates:
        everyone = tuple(one.plan.id for one in outlooks)
        return Verdict(
            CANNOT_TELL,
            everyone,
            f"No plan here carries this work in {1 - tolerance:.0%} of the months.",
            "Extra usage, or a higher tolerance (taximeter settings plan).",
        )
    if not open_plans and len(sure) == 1:
        return Verdict(sure[0].plan.id, (sure[0].plan.id,), _carries(sure[0], tolerance), None, best)
    reason = (
        f"{either([one.plan.name for one in candidates])}: whether {either([one.plan.name for one in open_plans])}"
        " carries this work depends on its true capacity within the range."
        if open_plans
        else _open_reason(sure, shares)
    )
    return Verdict(CANNOT_TELL, tuple(one.plan.id for one in candidates), reason, _settle(evidence, candidates))


def _may_be_cheapest(one: PlanOutlook, sure: Sequence[PlanOutlook]) -> bool:
    """Whether the plan would be cheapest in enough months if it carried the work."""
    if not one.is_known:
        return not sure or _middle(one) < _middle(sure[-1])
    shares = cheapest_shares([*sure, one])
    is_settled = any(shares[other.plan.id] >= SURE_SHARE for other in sure)
    return not is_settled and shares[one.plan.id] >= _CANDIDATE_SHARE


def _middle(one: PlanOutlook) -> tuple[float, str]:
    return one.monthly.p50, one.plan.id


def _carries(one: PlanOutlook, tolerance: float) -> str:
    if one.plan.is_metered:
        return f"{one.plan.name} (${one.monthly.p50:,.0f} a month) is the cheapest, and nothing limits it."
    return (
        f"{one.plan.name} (${one.fee_usd:,.0f}) is the cheapest that carries this work: even at the low end of its"
        f" capacity at most {tolerance:.0%} of months reach a limit."
    )


def _reason(best: PlanOutlook, by_id: Mapping[str, PlanOutlook], share: float) -> str:
    others = sorted((one for one in by_id.values() if one is not best and one.is_known), key=_middle)
    against = f"; next is {others[0].plan.name} at ${others[0].monthly.p50:,.0f}" if others else ""
    chance = f"It is the cheapest in {share:.0%} of the simulated months"
    if best.plan.is_metered:
        return f"{chance}: about ${best.monthly.p50:,.0f} a month{against}."
    week = best.capacity.week.usd if best.capacity.week else None
    sizes = f" It carries ${week.low:,.0f}–{week.high:,.0f} a week ({best.capacity.origin})" if week else ""
    used = (
        f"; your weeks use {best.utilisation:.0%} of the middle of that range." if best.utilisation is not None else "."
    )
    beyond = best.monthly.p50 - best.fee_usd
    extra = f", about ${beyond:,.0f} of it on top of the fee" if beyond >= 0.5 else ""
    return f"{chance}: ${best.monthly.p50:,.0f} a month{extra}{against}.{sizes}{used if sizes else ''}"


def _open_reason(candidates: Sequence[PlanOutlook], shares: Mapping[str, float]) -> str:
    parts = []
    for one in candidates:
        low, high = round(one.monthly.p10), round(one.monthly.p90)
        band = f"${low:,}" if low == high else f"${low:,}–{high:,}"
        known = f"cheapest in {shares[one.plan.id]:.0%}" if one.plan.id in shares else "capacity unknown"
        parts.append(f"{one.plan.name} {band} ({known})")
    return f"The bands overlap: {', '.join(parts)}."


def _settle(evidence: Evidence, candidates: Sequence[PlanOutlook]) -> str:
    unknown = [one.plan for one in candidates if not one.is_known]
    if unknown:
        names = " and ".join(plan.name for plan in unknown)
        return f"A capacity for {names} (taximeter settings capacity.{unknown[0].id}.mid DOLLARS), or its meter."
    if all((one.hit_probability_at_low or 0.0) < _LIMIT_MATTERS for one in candidates):
        return _MORE_HISTORY
    if not evidence.knows_hours:
        return "The hours of the work, which a file of days lacks: run taximeter plans on the ledger."
    if evidence.has_unused_meter:
        return (
            "Your plan: --plan ID, or taximeter settings plan.id ID. Once the plan is known, its meter is"
            " fitted and replaces the published ranges."
        )
    left = INTERVALS_NEEDED - evidence.meter_intervals
    if left > 0:
        return (
            f"Your own meter: with the status line installed, it replaces the published ranges after {left} more"
            f" step{'' if left == 1 else 's'} of the limit meters (taximeter install claude-code)."
        )
    return _MORE_HISTORY

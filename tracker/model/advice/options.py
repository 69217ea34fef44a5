"""Prices the three options for the coming calls: continue, compact, new session (MODEL 7.1, 7.2, 7.4).

`continue` is the forecast, plus the expected cost of cold calls, of a cold start if the cache has expired, and of the
client's own compaction. The other two are that less their saving, so that cost differences between options equal the
savings shown beside them and in nudges (tracker.model.advice.session_nudges).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.advice.compaction import compaction_nano, saving_nano, saving_nano_per_call
from tracker.model.advice.fresh_start import (
    cold_orientation_nano,
    fresh_context_tokens,
    new_session_nano,
    new_session_saving_nano_per_call,
)
from tracker.model.advice.idle import cold_penalty_nano
from tracker.model.advice.nudge import Situation
from tracker.model.advice.saving import SavingRange, payback_turns
from tracker.model.forecast.growth import CallsPerTurn, GrowthEstimate
from tracker.model.forecast.horizon import CallsAhead
from tracker.model.forecast.next_calls import Band, Forecast, forecast

# What an alternative must save to be worth the disruption: a cent, and a share of the cost of continuing.
MIN_SAVING_NANO = 10_000_000
MIN_SAVING_SHARE = 0.01


class OptionKind:
    """Names of the options."""

    CONTINUE = "continue"
    COMPACT = "compact"
    NEW_SESSION = "new_session"


# Why the cheapest option (the key) is not the advised one.
_WHY_NOT = {
    OptionKind.CONTINUE: "Going on is cheaper only at first.",
    OptionKind.COMPACT: "Compacting is cheaper, but keeps the old task.",
    OptionKind.NEW_SESSION: "A new session is cheaper, but knows nothing.",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option over the coming calls; modelled nano-dollars."""

    kind: str
    cost_nano: int
    low_nano: int
    high_nano: int
    one_off_nano: int  # part of the cost, paid at once
    saving: SavingRange  # against continuing; zero for `continue` itself
    payback_turns: float | None  # None: never pays back, or nothing to pay back


@dataclass(frozen=True, slots=True)
class Options:
    """The options at one moment; `forecast` is `continue` with every call warm."""

    calls: int
    forecast: Forecast
    go_on: Option
    compact: Option
    new_session: Option

    @property
    def ways(self) -> tuple[Option, Option, Option]:
        """The three options, the least disruptive first."""
        return self.go_on, self.compact, self.new_session

    @property
    def best(self) -> Option:
        """The cheapest option; `continue` unless another saves at least a cent and 1 % of its cost."""
        cheapest = min(self.ways, key=lambda option: option.cost_nano)
        saved = self.go_on.cost_nano - cheapest.cost_nano
        return cheapest if saved >= max(MIN_SAVING_NANO, MIN_SAVING_SHARE * self.go_on.cost_nano) else self.go_on

    def why_not_best(self, advised: Option) -> str:
        """A sentence on why the advised option is not the cheapest; empty if it is."""
        return _WHY_NOT[self.best.kind] if advised.cost_nano > self.best.cost_nano else ""


class Shortened(NamedTuple):
    """An option that shortens the context, compared with continuing; modelled nano-dollars."""

    one_off_nano: float  # paid at once
    extra_nano: float  # one_off_nano less what continuing pays too: rewriting the whole context if the cache is cold
    saving_nano_per_call: float
    spared_nano: float  # avoided share of the client's own compaction, if that comes

    def saving(self, calls: CallsAhead) -> SavingRange:
        """Saving over these calls."""
        low, point, high = (saving_nano(self.extra_nano, self.saving_nano_per_call, count) for count in calls[:3])
        return SavingRange.of(low, point + calls.compacts * self.spared_nano, high)

    def payback_turns(self, here: Situation) -> float | None:
        """Turns until it breaks even; None if never."""
        return payback_turns(self.extra_nano, self.saving_nano_per_call, here.mean_calls_per_turn)


def shortened(here: Situation, kind: str, *, is_cold: bool) -> Shortened:
    """Compacting (7.1) or a new session (7.2); `is_cold`: after the cache expired (7.4)."""
    context, shape, orientation, tariff = here.context, here.shape, here.orientation, here.tariff
    if kind == OptionKind.COMPACT:
        after = shape.context_after
        one_off = compaction_nano(context, shape, tariff, is_cold=is_cold)
        per_call = saving_nano_per_call(context, shape, tariff, here.cold_probability)
    else:
        after = fresh_context_tokens(shape, orientation)
        start = cold_orientation_nano if is_cold else new_session_nano
        one_off = start(shape, orientation, tariff)
        per_call = new_session_saving_nano_per_call(context, shape, orientation, tariff, here.cold_probability)
    extra = one_off - (_penalty(here) if is_cold else 0.0)
    return Shortened(one_off, extra, per_call, _put_off_share(here, after) * _clients_own_nano(here))


def _clients_own_nano(here: Situation) -> float:
    return compaction_nano(here.trigger_tokens, here.shape, here.tariff)


def _put_off_share(here: Situation, after: float) -> float:
    """How far the client's own compaction is postponed, as a share of the distance between two of them; 0..1."""
    way = here.trigger_tokens - after
    return min(1.0, max(0.0, (here.context - after) / way)) if way > 0 else 0.0


def _penalty(here: Situation) -> float:
    return cold_penalty_nano(here.context, here.shape.static_floor, here.tariff)


def calls_in_turns(per_turn: CallsPerTurn, turns: int, calls_to_auto_compaction: float) -> CallsAhead:
    """Calls in the next `turns` turns, or until the client compacts if that comes first; at least one."""
    asked = float(per_turn.calls_in(turns))
    calls = min(asked, max(1.0, calls_to_auto_compaction))
    return CallsAhead(calls, calls, calls, compacts=float(calls_to_auto_compaction < asked))


def price_options(
    here: Situation,
    calls: CallsAhead,
    estimate: GrowthEstimate,
    band: Band,
    *,
    is_cold: bool,
) -> Options:
    """Price the coming calls for each option; `calls` ends where the client compacts automatically.

    The forecast's band stands for more or less work than expected: it scales the cost per call, not one-off costs. It
    was measured on real costs, cold calls included, so the expected cold calls shift the middle but not the ends.
    """
    count = max(1, round(calls.point))
    ahead = forecast(count, here.context, estimate, here.tariff, band)
    penalty = _penalty(here)
    turning_cold = count * here.cold_probability * penalty
    at_once = penalty if is_cold else 0.0
    clients_own = calls.compacts * _clients_own_nano(here)
    ways = {kind: shortened(here, kind, is_cold=is_cold) for kind in (OptionKind.COMPACT, OptionKind.NEW_SESSION)}
    # A forecast below the cost of re-reading alone would give a shorter context a negative cost.
    rent = max(saving_nano(0.0, way.saving_nano_per_call, calls.point) for way in ways.values())
    running = max(rent, ahead.point_nano + turning_cold * math.exp(band.median))
    low_share = ahead.low_nano / running if running else 1.0
    high_share = max(1.0, ahead.high_nano / running) if running else 1.0

    def option(
        kind: str, at_once: float, later: float, running_nano: float, saving: SavingRange, payback: float | None
    ) -> Option:
        once = at_once + later
        return Option(
            kind=kind,
            cost_nano=round(once + running_nano),
            low_nano=round(once + running_nano * low_share),
            high_nano=round(once + running_nano * high_share),
            one_off_nano=round(at_once),
            saving=saving,
            payback_turns=payback,
        )

    def alternative(kind: str) -> Option:
        way = ways[kind]
        left = running - saving_nano(0.0, way.saving_nano_per_call, calls.point)
        later = clients_own - calls.compacts * way.spared_nano
        return option(kind, way.one_off_nano, later, left, way.saving(calls), way.payback_turns(here))

    return Options(
        calls=count,
        forecast=ahead,
        go_on=option(OptionKind.CONTINUE, at_once, clients_own, running, SavingRange(0, 0, 0), None),
        compact=alternative(OptionKind.COMPACT),
        new_session=alternative(OptionKind.NEW_SESSION),
    )

"""The three priced ways to go on for the calls to come: continue, compact, new session (MODEL 7.1, 7.2, 7.4).

`continue` is the forecast, the calls that may turn out cold, a cold start if the cache has gone, and the client's own
compaction as likely as it is to come. The other two are that less their saving, so that cost differences between
options are exactly the savings shown beside them, and those that nudges name (tracker.model.advice.session_nudges).
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

# What another way than going on has to save to be worth what it disturbs: a cent, and a share of what going on costs.
MIN_SAVING_NANO = 10_000_000
MIN_SAVING_SHARE = 0.01


class OptionKind:
    """Names of the ways to go on."""

    CONTINUE = "continue"
    COMPACT = "compact"
    NEW_SESSION = "new_session"


# Why one does not go the cheapest way, by its kind, where another is advised.
_WHY_NOT = {
    OptionKind.CONTINUE: "Going on is cheaper only at first.",
    OptionKind.COMPACT: "Compacting is cheaper, but keeps the old task.",
    OptionKind.NEW_SESSION: "A new session is cheaper, but knows nothing.",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on over the calls to come; modelled nano-dollars."""

    kind: str
    cost_nano: int
    low_nano: int
    high_nano: int
    one_off_nano: int  # part of the cost that is paid at once
    saving: SavingRange  # against continuing; zero for `continue` itself
    payback_turns: float | None  # None: never within reach, or nothing to earn back


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one moment; `forecast` is `continue` as if every call were warm."""

    calls: int
    forecast: Forecast
    go_on: Option
    compact: Option
    new_session: Option

    @property
    def ways(self) -> tuple[Option, Option, Option]:
        """The three, the least disturbing one first."""
        return self.go_on, self.compact, self.new_session

    @property
    def best(self) -> Option:
        """The cheapest of the three; going on, where no other saves a cent and a hundredth of it."""
        cheapest = min(self.ways, key=lambda option: option.cost_nano)
        saved = self.go_on.cost_nano - cheapest.cost_nano
        return cheapest if saved >= max(MIN_SAVING_NANO, MIN_SAVING_SHARE * self.go_on.cost_nano) else self.go_on

    def why_not_best(self, advised: Option) -> str:
        """Why another way is advised than the cheapest, in a sentence; empty where it is the cheapest."""
        return _WHY_NOT[self.best.kind] if advised.cost_nano > self.best.cost_nano else ""


class Shortened(NamedTuple):
    """A way to shorten the context, against going on as it is; modelled nano-dollars."""

    one_off_nano: float  # paid at once
    extra_nano: float  # of it, what going on does not pay: with a cold cache that writes the whole context again
    saving_nano_per_call: float
    spared_nano: float  # of the client's own compaction, where that comes

    def saving(self, calls: CallsAhead) -> SavingRange:
        """What it saves over these calls."""
        low, point, high = (saving_nano(self.extra_nano, self.saving_nano_per_call, count) for count in calls[:3])
        return SavingRange.of(low, point + calls.compacts * self.spared_nano, high)

    def payback_turns(self, here: Situation) -> float | None:
        """Turns until it has paid off; None if it never does."""
        return payback_turns(self.extra_nano, self.saving_nano_per_call, here.mean_calls_per_turn)


def shortened(here: Situation, kind: str, *, is_cold: bool) -> Shortened:
    """Compacting (7.1) or a new session (7.2), after a pause that outlived the cache too (7.4)."""
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
    """How far the client's own compaction is put off, of the way from one of them to the next; 0..1."""
    way = here.trigger_tokens - after
    return min(1.0, max(0.0, (here.context - after) / way)) if way > 0 else 0.0


def _penalty(here: Situation) -> float:
    return cold_penalty_nano(here.context, here.shape.static_floor, here.tariff)


def calls_in_turns(per_turn: CallsPerTurn, turns: int, calls_to_auto_compaction: float) -> CallsAhead:
    """Calls of the next `turns` turns, or until the client compacts if that comes first: one at the least."""
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
    """Price the calls to come each way; none of them is beyond where the client compacts by itself.

    The forecast's band is read as more or less work than expected, and scales what runs per call, not what is paid
    once. It was measured on what really came, calls that turned cold among it, so that these move the expected cost and
    not the ends.
    """
    count = max(1, round(calls.point))
    ahead = forecast(count, here.context, estimate, here.tariff, band)
    penalty = _penalty(here)
    turning_cold = count * here.cold_probability * penalty
    at_once = penalty if is_cold else 0.0
    clients_own = calls.compacts * _clients_own_nano(here)
    ways = {kind: shortened(here, kind, is_cold=is_cold) for kind in (OptionKind.COMPACT, OptionKind.NEW_SESSION)}
    # A forecast below what re-reading alone comes to would leave a shorter context less than nothing to cost.
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

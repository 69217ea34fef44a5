"""The three priced ways to go on for the next calls: continue, compact, new session (MODEL 7.1, 7.2, 7.4).

`continue` is the forecast, the calls that may turn out cold, and a cold start if the cache has gone. The other two are
that less their saving, so that cost differences between options are exactly the savings shown beside them.
"""

import math
from dataclasses import dataclass
from typing import Self

from tracker.model.compaction import (
    CompactionShape,
    break_even_calls,
    compaction_nano,
    saving_nano,
    saving_nano_per_call,
)
from tracker.model.forecast import Band, Forecast, forecast
from tracker.model.fresh_start import (
    Orientation,
    cold_orientation_nano,
    new_session_nano,
    new_session_saving_nano_per_call,
)
from tracker.model.growth import CallsPerTurn, GrowthEstimate
from tracker.model.horizon import CallsRange
from tracker.model.idle import cold_penalty_nano
from tracker.model.rates import Tariff


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
class SavingRange:
    """Modelled nano-dollars saved, with an 80 % range."""

    point_nano: int
    low_nano: int
    high_nano: int

    @classmethod
    def of(cls, one_end: float, point: float, other_end: float) -> Self:
        """Of the figures at 10 %, expected and 90 % of what lies ahead: less of it may save more."""
        return cls(round(point), round(min(one_end, other_end)), round(max(one_end, other_end)))


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on over the next turns; modelled nano-dollars."""

    kind: str
    cost_nano: int
    low_nano: int
    high_nano: int
    one_off_nano: int  # part of the cost that is paid at once
    saving: SavingRange  # against continuing; zero for `continue` itself
    payback_turns: float | None  # None: never within reach, or nothing to earn back


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything the three options are priced from."""

    context: int
    is_cold: bool
    shape: CompactionShape
    orientation: Orientation
    estimate: GrowthEstimate
    tariff: Tariff
    cold_probability: float
    calls_per_turn: CallsPerTurn
    calls_to_auto_compaction: float | None
    band: Band


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one moment; `forecast` is `continue` as if every call were warm."""

    turns: int
    calls: int  # in these turns; only those until the client compacts by itself, if that comes first
    until_compaction: bool  # whether it does
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
        """The cheapest of the three, the least disturbing one among equals."""
        return min(self.ways, key=lambda option: option.cost_nano)

    def why_not_best(self, advised: Option) -> str:
        """Why another way is advised than the cheapest, in a sentence; empty where it is the cheapest."""
        return _WHY_NOT[self.best.kind] if advised.cost_nano > self.best.cost_nano else ""


def saving_range(one_off_nano: float, per_call_nano: float, calls: CallsRange) -> SavingRange:
    """Saving over a range of later calls."""
    return SavingRange.of(*(saving_nano(one_off_nano, per_call_nano, count) for count in calls))


def payback_turns(one_off_nano: float, per_call_nano: float, mean_calls_per_turn: float) -> float | None:
    """Turns until a one-off cost is earned back; None when it never is."""
    calls = break_even_calls(one_off_nano, per_call_nano)
    return None if math.isinf(calls) else calls / max(mean_calls_per_turn, 1.0)


def calls_in_turns(per_turn: CallsPerTurn, turns: int, calls_to_auto_compaction: float | None) -> int:
    """Calls of the next `turns` turns, or until the client compacts if that comes first: one at the least."""
    calls = per_turn.calls_in(turns)
    return calls if calls_to_auto_compaction is None else min(calls, max(1, round(calls_to_auto_compaction)))


def price_options(outlook: Outlook, turns: int) -> Options:
    """Price the next `turns` turns each way, up to where the client compacts by itself: no forecast reaches beyond.

    The forecast's band is read as more or less work than expected, and scales what runs per call, not what is paid
    once. It was measured on what really came, calls that turned cold among it, so that these move the expected cost and
    not the ends.
    """
    calls = calls_in_turns(outlook.calls_per_turn, turns, outlook.calls_to_auto_compaction)
    tariff, shape, band = outlook.tariff, outlook.shape, outlook.band
    ahead = forecast(calls, outlook.context, outlook.estimate, tariff, band)
    penalty = cold_penalty_nano(outlook.context, shape.static_floor, tariff)
    turning_cold = calls * outlook.cold_probability * penalty
    at_once = penalty if outlook.is_cold else 0.0
    running = ahead.point_nano + turning_cold * math.exp(band.median)
    low_share = ahead.low_nano / running if running else 1.0
    high_share = max(1.0, ahead.high_nano / running) if running else 1.0
    horizon: float = calls
    if outlook.calls_to_auto_compaction is not None:
        horizon = min(horizon, outlook.calls_to_auto_compaction)
    start = cold_orientation_nano if outlook.is_cold else new_session_nano
    starting_over = start(shape, outlook.orientation, tariff)
    saving_calls = CallsRange(*(horizon * math.exp(share) for share in band[:3]))

    def option(kind: str, one_off: float, running_nano: float, saving: SavingRange, payback: float | None) -> Option:
        return Option(
            kind=kind,
            cost_nano=round(one_off + running_nano),
            low_nano=round(one_off + running_nano * low_share),
            high_nano=round(one_off + running_nano * high_share),
            one_off_nano=round(one_off),
            saving=saving,
            payback_turns=payback,
        )

    def alternative(kind: str, one_off: float, per_call: float) -> Option:
        extra = one_off - at_once
        return option(
            kind,
            one_off,
            running - saving_nano(0.0, per_call, saving_calls.point),
            saving_range(extra, per_call, saving_calls),
            payback_turns(extra, per_call, outlook.calls_per_turn.mean),
        )

    return Options(
        turns=turns,
        calls=calls,
        until_compaction=calls < outlook.calls_per_turn.calls_in(turns),
        forecast=ahead,
        go_on=option(OptionKind.CONTINUE, at_once, running, SavingRange(0, 0, 0), None),
        compact=alternative(
            OptionKind.COMPACT,
            compaction_nano(outlook.context, shape, tariff, is_cold=outlook.is_cold),
            saving_nano_per_call(outlook.context, shape, tariff, outlook.cold_probability),
        ),
        new_session=alternative(
            OptionKind.NEW_SESSION,
            starting_over,
            new_session_saving_nano_per_call(
                outlook.context, shape, outlook.orientation, tariff, outlook.cold_probability
            ),
        ),
    )

"""Cost of the next n calls with an 80 % band (MODEL section 5): split conformal prediction on finished epochs.

The band is conditional on n more calls in this epoch; it is never a bootstrap of the session itself. It is calibrated
at turn ends, where forecasts are made: a prompt, and often a pause, comes next. Stretches from anywhere in an epoch are
cheaper, and bands calibrated on them held only 64 % (docs/accuracy.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.growth import GrowthEstimate, GrowthPool, estimate_growth
from tracker.model.quantiles import TAIL

BUCKETS = (5, 10, 20, 40)
CONDITION = "if the session goes on for that many calls without a reset"


class Band(NamedTuple):
    """Quantiles of ln(actual/F) for one bucket of n."""

    low: float
    median: float
    high: float
    source: str  # own | shipped
    residuals: int

    @property
    def measured_on(self) -> str:
        """Where the quantiles are from, in words."""
        return f"{self.residuals:,} forecasts of your own" if self.source == "own" else "published sessions"


# 10 % and 90 % values for users without a history; the shipped median is 0, so the point is F itself.
_SHIPPED = {5: (-0.33, 0.71), 10: (-0.28, 0.70), 20: (-0.28, 0.55), 40: (-0.29, 0.51)}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Modelled nano-dollars of the next calls."""

    calls: int
    point_nano: int
    low_nano: int
    high_nano: int
    band: Band
    condition: str = CONDITION


class EpochCall(NamedTuple):
    """One call of a finished epoch, for calibration: tokens and nano-dollars."""

    context: int
    output: int
    cost_nano: int
    ends_turn: bool


def raw_forecast_nano(calls: float, context: float, estimate: GrowthEstimate, tariff: Tariff) -> float:
    """F: n warm calls from a context of C tokens, in nano-dollars."""
    rent = calls * context * tariff.read + tariff.read * estimate.growth * calls * (calls - 1) / 2
    return rent + calls * estimate.growth * tariff.write + calls * estimate.output * tariff.output


def bucket_of(calls: float) -> int:
    """The calibration bucket nearest to n on a logarithmic scale."""
    return min(BUCKETS, key=lambda bucket: abs(math.log(max(calls, 1) / bucket)))


def _conformal(residuals: Sequence[float]) -> Band:
    """Order statistics at ranks floor(a(m+1)) and ceil((1-a)(m+1)); a is half of what the band leaves out.

    With at least a hundred residuals, both ranks exist.
    """
    ordered = sorted(residuals)
    count = len(ordered)
    # Rounded first: 0.1 * 110 must be rank 11, not 10.999….
    low_rank = math.floor(round(TAIL * (count + 1), 9))
    high_rank = math.ceil(round((1 - TAIL) * (count + 1), 9))
    return Band(ordered[low_rank - 1], median(ordered), ordered[high_rank - 1], "own", count)


def band_for(calls: float, own: Sequence[float] = ()) -> Band:
    """Band for n calls: from the user's own residuals if the bucket has a hundred, else the shipped one."""
    if len(own) >= DEFAULTS.values_before_own_tails:
        return _conformal(own)
    low, high = _SHIPPED[bucket_of(calls)]
    return Band(low, 0.0, high, "shipped", 0)


def forecast(calls: int, context: int, estimate: GrowthEstimate, tariff: Tariff, band: Band) -> Forecast:
    """Point F*exp(median) and band for `calls` more calls."""
    raw = raw_forecast_nano(calls, context, estimate, tariff)
    return Forecast(
        calls=calls,
        point_nano=round(raw * math.exp(band.median)),
        low_nano=round(raw * math.exp(band.low)),
        high_nano=round(raw * math.exp(band.high)),
        band=band,
    )


def epoch_residuals(epoch: Sequence[EpochCall], bucket: int, pool: GrowthPool, tariff: Tariff) -> list[float]:
    """ln(actual/F) of the `bucket` calls after each turn end of a finished epoch, forecast from the calls before."""
    residuals: list[float] = []
    increments = [after.context - before.context for before, after in pairwise(epoch)]
    outputs = [call.output for call in epoch]
    for seen in range(1, len(epoch) - bucket + 1):
        if not epoch[seen - 1].ends_turn:
            continue
        estimate = estimate_growth(increments[: seen - 1], outputs[:seen], pool)
        expected = raw_forecast_nano(bucket, epoch[seen - 1].context, estimate, tariff)
        actual = sum(call.cost_nano for call in epoch[seen : seen + bucket])
        if actual > 0 and expected > 0:
            residuals.append(math.log(actual / expected))
    return residuals

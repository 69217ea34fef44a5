"""Fits the size of a plan's windows to its meter (MODEL section 9.3): percent used against the tokens in between.

`delta% = (fresh + alpha*read)/kappa`: alpha is the weight of a cache read, 100*kappa is the window in limit units. Use
on other devices moves the meter without local calls: such intervals are left out of the fit and reported. Everything
here is modelled.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.defaults import DAY_MS, DEFAULTS
from tracker.model.plans.meter import Interval, Spent
from tracker.model.plans.plan import Range
from tracker.model.quantiles import middle_80, quantile

INTERVALS_NEEDED = 30
_WEIGHT_STEPS = 100
_GAIN_OF_TWO_TERMS = 0.20
_LOOKBACK_MS = DEFAULTS.calibration_window_days * DAY_MS
_ROUNDS = 3  # each round corrects the rounding of readings with the previous fit
_RESAMPLES = 400
_BLOCK_INTERVALS = 5
_ROUNDING_PERCENT = 0.25  # half a rounding step at one end of a run of intervals
_OUTLIER_MADS = 3 * 1.4826
_OUTLIER_PERCENT = 2.0
_ELSEWHERE_SHARE = 0.05
_DRIFT_SHARE = 0.30
_DRIFT_INTERVALS = 10


@dataclass(frozen=True, slots=True)
class MeterFit:
    """Fitted size of one window, in limit units and in plain dollars."""

    read_weight: float
    read_weight_interval: tuple[float, float]  # 80 %
    size: Range  # limit units: 10 %, estimate, 90 %
    plain_size: Range  # as-logged dollars
    is_plain: bool  # two terms fit hardly better than dollars: use `plain_size`
    intervals: int
    elsewhere_share: float  # share of the meter's movement without local calls, or far beyond them
    drift: float | None  # present size over earlier size, less one; None if unknown
    dollars_per_unit: float  # as-logged dollars per limit unit, for the user's mix

    @property
    def is_used_elsewhere(self) -> bool:
        """Whether other devices or the web chat use the same limits."""
        return self.elsewhere_share >= _ELSEWHERE_SHARE

    @property
    def has_drifted(self) -> bool:
        """Whether the window's size changed by more than 30 %."""
        return self.drift is not None and abs(self.drift) > _DRIFT_SHARE


class _Point(NamedTuple):
    """An interval, as input of the fit."""

    moved: float  # percent, rounding corrected as far as known; used to fit the weight
    delta: float  # percent as read; its rounding cancels over many intervals, so it fits the size
    spent: Spent


def fit_meter(intervals: Sequence[Interval], now_ms: int, changed_at: int | None = None) -> MeterFit | None:
    """Fit the latest weeks of one window kind; None with fewer than 30 intervals with local calls.

    `changed_at`: when the window got its present size (meter_change), None if it always had it.
    """
    recent = _present(intervals, now_ms, changed_at)
    local = [interval for interval in recent if interval.spent.logged > 0]
    if len(local) < INTERVALS_NEEDED:
        return None
    points, weight, excess = _fit(local)
    kappa = _kappa(points, weight)
    weights, kappas, plain_kappas = _resample(points)
    units = sum(point.spent.load(weight) for point in points)
    moved = sum(interval.delta_percent for interval in recent)
    rounding = _rounding_share(local)
    without_calls = moved - sum(interval.delta_percent for interval in local)
    since = max(now_ms - _LOOKBACK_MS, changed_at or 0)
    before = [
        interval
        for interval in intervals
        if since - _LOOKBACK_MS < interval.until_ms <= since and interval.spent.logged > 0
    ]
    return MeterFit(
        read_weight=weight,
        read_weight_interval=middle_80(weights),
        size=_size(kappa, kappas, rounding),
        plain_size=_size(_kappa(points, None), plain_kappas, rounding),
        is_plain=_is_plain(points, weight),
        intervals=len(local),
        elsewhere_share=(without_calls + excess) / moved,
        drift=kappa / _kappa(_fit(before)[0], weight) - 1 if len(before) >= _DRIFT_INTERVALS else None,
        dollars_per_unit=sum(point.spent.logged for point in points) / units if units else 1.0,
    )


def usable_intervals(intervals: Sequence[Interval], now_ms: int, changed_at: int | None = None) -> int:
    """Number of the latest intervals that a fit can use."""
    return sum(interval.spent.logged > 0 for interval in _present(intervals, now_ms, changed_at))


def _present(intervals: Sequence[Interval], now_ms: int, changed_at: int | None) -> list[Interval]:
    """Intervals of the latest weeks since the window has its present size."""
    since = now_ms - _LOOKBACK_MS
    return [
        interval
        for interval in intervals
        if since < interval.until_ms <= now_ms and interval.from_ms >= (changed_at or 0)
    ]


def _fit(intervals: Sequence[Interval]) -> tuple[list[_Point], float, float]:
    """(points kept, read weight, percent moved by outliers beyond what local calls explain)."""
    weight: float | None = None
    kappa: float | None = None
    kept: list[_Point] = []
    excess = 0.0
    for _ in range(_ROUNDS):
        points = [
            _Point(interval.moved(weight, kappa), interval.delta_percent, interval.spent) for interval in intervals
        ]
        weight = _best_weight(_Sums.of(points if kappa is None else kept))
        kappa = _kappa(points if kappa is None else kept, weight)
        kept, excess = _without_outliers(points, weight, kappa)
        weight = _best_weight(_Sums.of(kept))
        kappa = _kappa(kept, weight)
    return kept, weight or 0.0, excess


def _without_outliers(points: Sequence[_Point], weight: float, kappa: float) -> tuple[list[_Point], float]:
    """The points whose movement local calls explain, and the percent that the other points moved."""
    residuals = [point.moved - point.spent.load(weight) / kappa for point in points]
    middle = quantile(residuals, 0.5)
    spread = quantile([abs(residual - middle) for residual in residuals], 0.5)
    limit = middle + max(_OUTLIER_PERCENT, _OUTLIER_MADS * spread)
    kept = [point for point, residual in zip(points, residuals, strict=True) if residual <= limit]
    return kept, sum(residual for residual in residuals if residual > limit)


def _rounding_share(intervals: Sequence[Interval]) -> float:
    """Relative bias that the size may have because every unbroken run of intervals ends on whole percents.

    A bootstrap does not show it: within a run, the rounding error of one interval is the opposite of the next one's.
    """
    ends = {interval.until_ms for interval in intervals}
    rows = sum(interval.from_ms not in ends for interval in intervals)
    return _ROUNDING_PERCENT * rows / sum(interval.delta_percent for interval in intervals)


def _size(kappa: float, resampled: Sequence[float], rounding: float) -> Range:
    low, high = middle_80(resampled)
    return Range(min(kappa, low) * (1 - rounding), kappa, max(kappa, high) * (1 + rounding)).times(100)


class _Sums(NamedTuple):
    """Sums from which the squared error of any read weight can be computed."""

    moved: float
    fresh: float
    read: float
    moved_moved: float
    fresh_fresh: float
    read_read: float
    fresh_read: float
    fresh_moved: float
    read_moved: float

    @classmethod
    def of(cls, points: Iterable[_Point], *, plain: bool = False) -> "_Sums":
        """Sum over points with both terms, or with plain dollars in place of the first."""
        sums = [0.0] * len(cls._fields)
        for point in points:
            moved, spent = point.moved, point.spent
            fresh, read = (spent.logged, 0.0) if plain else (spent.fresh, spent.read)
            terms = (
                moved,
                fresh,
                read,
                moved * moved,
                fresh * fresh,
                read * read,
                fresh * read,
                fresh * moved,
                read * moved,
            )
            for place, term in enumerate(terms):
                sums[place] += term
        return cls(*sums)

    def squared_error(self, weight: float) -> float:
        """Squared error of the movement against load/kappa; kappa is the ratio of sums."""
        per_unit = self.moved / (self.fresh + weight * self.read)
        cross = self.fresh_moved + weight * self.read_moved
        square = self.fresh_fresh + 2 * weight * self.fresh_read + weight * weight * self.read_read
        return self.moved_moved - 2 * per_unit * cross + per_unit * per_unit * square


def _best_weight(sums: _Sums) -> float:
    return min((step / _WEIGHT_STEPS for step in range(_WEIGHT_STEPS + 1)), key=sums.squared_error)


def _is_plain(points: Sequence[_Point], weight: float) -> bool:
    """Whether two terms reduce the squared error of plain dollars by less than a fifth."""
    error = _Sums.of(points).squared_error(weight)
    return error > (1 - _GAIN_OF_TWO_TERMS) * _Sums.of(points, plain=True).squared_error(0.0)


def _kappa(points: Sequence[_Point], weight: float | None) -> float:
    return sum(point.spent.load(weight) for point in points) / sum(point.delta for point in points)


def _resample(points: Sequence[_Point]) -> tuple[list[float], list[float], list[float]]:
    """Bootstrapped weights, kappas and plain kappas, over blocks of neighbouring points."""
    draw = random.Random(0)  # noqa: S311 — resampling, not a secret
    blocks = [points[start : start + _BLOCK_INTERVALS] for start in range(0, len(points), _BLOCK_INTERVALS)]
    weights, kappas, plain_kappas = [], [], []
    for _ in range(_RESAMPLES):
        chosen = [point for block in draw.choices(blocks, k=len(blocks)) for point in block]
        weight = _best_weight(_Sums.of(chosen))
        weights.append(weight)
        kappas.append(_kappa(chosen, weight))
        plain_kappas.append(_kappa(chosen, None))
    return weights, kappas, plain_kappas

"""Statistics shared by several packages. Random draws are seeded: the same records give the same figures."""

import math
import random
from collections.abc import Sequence

TAIL = 0.1  # left out at each end: all ranges of the model are 80 % (section 12)
Z_80 = 1.2816  # standard deviations from the middle of a normal distribution to its 90 % quantile
_DRAWS = 200_000
_MAX_RESAMPLES = 1_000
_MIN_RESAMPLES = 200


def quantile(values: Sequence[float], share: float) -> float:
    """The `share` quantile (0..1), interpolated linearly between order statistics; ValueError if empty."""
    if not values:
        raise ValueError("no values to take a quantile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def middle_80(values: Sequence[float]) -> tuple[float, float]:
    """The 10 % and 90 % quantiles; ValueError if empty."""
    return quantile(values, TAIL), quantile(values, 1 - TAIL)


def shrink(own: float, prior: float, observations: int, weight: int) -> float:
    """Weighted mean of the user's own mean, with weight k/(k+weight) for k observations, and a prior."""
    own_share = observations / (observations + weight)
    return own_share * own + (1 - own_share) * prior


def shrunk_mean(own: Sequence[float], prior: float, weight: int) -> float:
    """The mean of the user's own values, shrunk towards a prior by their number."""
    return shrink(sum(own) / len(own) if own else 0.0, prior, len(own), weight)


def bootstrap_mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """80 % bootstrap interval of the mean; large samples get fewer resamples, to bound the work.

    The order of the values does not matter. ValueError if empty.
    """
    if not values:
        raise ValueError("no values to resample")
    values, size = sorted(values), len(values)
    resamples = max(_MIN_RESAMPLES, min(_MAX_RESAMPLES, _DRAWS // size))
    draw = random.Random(0)  # noqa: S311 — resampling, not a secret
    means = [sum(draw.choices(values, k=size)) / size for _ in range(resamples)]
    tail = _tail_of_means(size)
    return quantile(means, tail), quantile(means, 1 - tail)


def _tail_of_means(size: int) -> float:
    """The share of resampled means to leave out at each end.

    Resampled means of few values vary too little; Student's t and the unbiased variance correct for it.
    Expanded percentiles: Hesterberg, What Teachers Should Know About the Bootstrap, 2015; the quantile of t by
    its expansion in the degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if size == 1:
        return TAIL
    freedom = size - 1
    cube, fifth = Z_80**3, Z_80**5
    student = Z_80 + (cube + Z_80) / (4 * freedom) + (5 * fifth + 16 * cube + 3 * Z_80) / (96 * freedom**2)
    return math.erfc(student * math.sqrt(size / freedom / 2)) / 2

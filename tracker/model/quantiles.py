"""Small statistics that several subjects share. Draws are seeded: the same records give the same figures."""

import math
import random
from collections.abc import Sequence

TAIL = 0.1  # left out at either end: every range of the model is one of 80 % (section 12)
Z_80 = 1.2816  # standard deviations from the middle of a normal law to its 90 %
_DRAWS = 200_000
_MAX_RESAMPLES = 1_000
_MIN_RESAMPLES = 200


def quantile(values: Sequence[float], share: float) -> float:
    """The `share` quantile (0..1) with linear interpolation between order statistics; ValueError when empty."""
    if not values:
        raise ValueError("no values to take a quantile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def middle_80(values: Sequence[float]) -> tuple[float, float]:
    """The 10 % and the 90 % quantile; ValueError when empty."""
    return quantile(values, TAIL), quantile(values, 1 - TAIL)


def shrink(own: float, prior: float, observations: int, weight: int) -> float:
    """Weigh the user's own mean k/(k+weight) against a prior."""
    own_share = observations / (observations + weight)
    return own_share * own + (1 - own_share) * prior


def shrunk_mean(own: Sequence[float], prior: float, weight: int) -> float:
    """The user's own mean, weighed by how many values it comes from."""
    return shrink(sum(own) / len(own) if own else 0.0, prior, len(own), weight)


def bootstrap_mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Bootstrap interval of the mean, 80 %; the number of resamples falls as samples grow (bounded work).

    The order of the values does not matter. ValueError when empty.
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
    """The share of resampled means to leave out at either end.

    Means of few values resampled are spread too little, by the factor that Student's t and the unbiased variance put
    right. Expanded percentiles: Hesterberg, What Teachers Should Know About the Bootstrap, 2015; the quantile of t by
    its expansion in the degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if size == 1:
        return TAIL
    freedom = size - 1
    cube, fifth = Z_80**3, Z_80**5
    student = Z_80 + (cube + Z_80) / (4 * freedom) + (5 * fifth + 16 * cube + 3 * Z_80) / (96 * freedom**2)
    return math.erfc(student * math.sqrt(size / freedom / 2)) / 2

"""Small statistics that several subjects share. Draws are seeded: the same records give the same figures."""

import random
from collections.abc import Sequence

from tracker.model.defaults import DEFAULTS

_DRAWS = 200_000
_MOST_RESAMPLES = 1_000
_LEAST_RESAMPLES = 200


def quantile(values: Sequence[float], share: float) -> float:
    """The `share` quantile (0..1) with linear interpolation between order statistics; ValueError when empty."""
    if not values:
        raise ValueError("no values to take a quantile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def shrink(own: float, prior: float, observations: int, weight: int) -> float:
    """Weigh the user's own mean k/(k+weight) against a prior."""
    own_share = observations / (observations + weight)
    return own_share * own + (1 - own_share) * prior


def shrunk_mean(own: Sequence[float], prior: float, weight: int) -> float:
    """The user's own mean, weighed by how many values it comes from."""
    return shrink(sum(own) / len(own) if own else 0.0, prior, len(own), weight)


def bootstrap_mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean, 80 %; the number of resamples falls as samples grow (bounded work).

    The order of the values does not matter. ValueError when empty.
    """
    if not values:
        raise ValueError("no values to resample")
    values, size = sorted(values), len(values)
    resamples = max(_LEAST_RESAMPLES, min(_MOST_RESAMPLES, _DRAWS // size))
    draw = random.Random(0)  # noqa: S311 — resampling, not a secret
    means = [sum(draw.choices(values, k=size)) / size for _ in range(resamples)]
    tail = (1 - DEFAULTS.band_coverage) / 2
    return quantile(means, tail), quantile(means, 1 - tail)

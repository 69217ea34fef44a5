"""Simulated meters: sessions with growing contexts, pauses, a window that resets, whole percents, other devices."""

import functools
import random
from typing import NamedTuple

from store.task_rows import LimitSample
from tracker.model.defaults import DAY_MS, HOUR_MS
from tracker.model.plans.calibration import MeterFit, fit_meter
from tracker.model.plans.meter import MeteredCall, intervals_of


class Simulated(NamedTuple):
    """Readings and the local calls between them."""

    samples: list[LimitSample]
    calls: list[MeteredCall]
    now_ms: int


@functools.cache
def simulate(
    read_weight: float,
    kappa: float,
    seed: int,
    *,
    days: int = 21,
    since_ms: int = 0,
    window_hours: int = 5,
    elsewhere: float = 0.0,
    together: int = 0,
) -> Simulated:
    """A meter whose window holds 100*kappa limit units; `elsewhere`: chance that a pause is spent on another device.

    `together`: sessions that start in the same second in every tenth pause; a reading holds what was used before it was
    drawn, half a second earlier.

    Prices are those of claude-opus-5-5: $4 in, $20 out, $0.40 a million tokens read, $8 written for an hour.
    """
    draw = random.Random(seed)
    samples: list[LimitSample] = []
    calls: list[MeteredCall] = []
    now, used, resets_at = since_ms, 0.0, since_ms + window_hours * HOUR_MS
    while now < since_ms + days * DAY_MS:
        context = draw.uniform(20_000, 50_000)
        for number in range(draw.randrange(5, 60)):
            now += int(draw.expovariate(1 / 40_000))
            while now >= resets_at:
                used, resets_at = 0.0, resets_at + window_hours * HOUR_MS
            growth, output = draw.expovariate(1 / 1_300), draw.expovariate(1 / 500)
            is_cold = number == 0 or draw.random() < 0.03
            written, reread = (context, 0.0) if is_cold else (growth, context)
            context += growth
            fresh = (written * 4 + output * 20) / 1e6
            read = reread * 0.4 / 1e6
            calls.append(MeteredCall(now, (written * 8 + output * 20) / 1e6 + read, fresh, read))
            used += (fresh + read_weight * read) / kappa
            if draw.random() < 0.5:
                samples.append(LimitSample(now + 500, float(round(min(100.0, used))), resets_at))
        for _ in range(together if together and draw.random() < 0.1 else 0):
            now += 20
            fresh = draw.uniform(20_000, 50_000) * 4 / 1e6
            calls.append(MeteredCall(now, 2 * fresh, fresh, 0.0))
            used += fresh / kappa
            samples.append(LimitSample(now + 500, float(round(min(100.0, used))), resets_at))
        if draw.random() < elsewhere:
            used += draw.uniform(2, 8)
        now += int(draw.expovariate(1 / (4 * HOUR_MS)))
        if now < resets_at:
            samples.append(LimitSample(now, float(round(min(100.0, used))), resets_at))
    return Simulated(samples, calls, now)


def fit(meter: Simulated) -> MeterFit:
    """What the readings and calls say of the meter: they are enough."""
    found = fit_meter(intervals_of(meter.samples, meter.calls), meter.now_ms)
    assert found is not None
    return found

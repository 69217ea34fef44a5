"""Formulas for habits that cost money over many sessions (MODEL section 7.5): routing, baseline, miss storms."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tracker.model.advice.saving import SavingRange
from tracker.model.cache.miss_causes import Cause
from tracker.model.cache.misses import MissKind
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import Z_80


class TurnProfile(NamedTuple):
    """The facts that tell a light turn from a heavy one."""

    has_edits: bool
    output_tokens: int
    calls: int
    cost_nano: int


class Loss(NamedTuple):
    """A call's cache miss, if any."""

    kind: str | None  # MissKind
    cause: str | None  # Cause
    waste_nano: int


class Storm(NamedTuple):
    """Avoidable major misses among the latest calls."""

    misses: int
    calls: int
    waste_nano: int
    causes: tuple[str, ...]  # most frequent first

    @property
    def saving(self) -> SavingRange:
        """Waste of as many calls again; the range is that of a Poisson count (its square root)."""
        spread = Z_80 / math.sqrt(max(1, self.misses))
        return SavingRange.of(self.waste_nano * max(0.0, 1 - spread), self.waste_nano, self.waste_nano * (1 + spread))


def is_light(turn: TurnProfile) -> bool:
    """Whether a smaller model could have done the turn: no edits, little output, few calls."""
    return (
        not turn.has_edits and turn.output_tokens < DEFAULTS.light_output_tokens and turn.calls < DEFAULTS.light_calls
    )


def light_share(turns: Sequence[TurnProfile]) -> float:
    """Share of spend that went to light turns, 0..1."""
    total = sum(turn.cost_nano for turn in turns)
    light = sum(turn.cost_nano for turn in turns if is_light(turn))
    return light / total if total else 0.0


def baseline_month_nano(tokens: float, calls: float, cold_starts: float, tariff: Tariff) -> float:
    """Nano-dollars that `tokens` of baseline cost over a month's calls and cold starts."""
    return tokens * (tariff.read * calls + tariff.write * cold_starts)


def find_storm(recent: Sequence[Loss]) -> Storm:
    """Major misses not caused by expiry among `recent` losses, oldest first."""
    window = recent[-DEFAULTS.storm_window_calls :]
    hits = [loss for loss in window if loss.kind == MissKind.MAJOR and loss.cause != Cause.EXPIRED]
    names = [loss.cause or Cause.UNKNOWN for loss in hits]
    causes = tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
    return Storm(len(hits), len(window), sum(loss.waste_nano for loss in hits), causes)

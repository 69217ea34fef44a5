"""Compares compaction rules over many replayed chains (MODEL section 8).

Every figure is modelled. `captured` is a rule's share of what perfect hindsight would have saved against doing nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tracker.model.advice.backtest import (
    FIXED_TOKENS,
    REREAD_FACTORS,
    Nudge,
    Policy,
    Replay,
    Run,
    advised,
    fixed,
    never,
    nudge_saving,
    nudge_saving_nano,
    optimum,
    run,
    window_share,
    with_reread,
    with_summary_kept,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.defaults import HOUR_MS
from tracker.model.quantiles import bootstrap_mean_interval


class PolicyName:
    """Names of the rules, in the order of reports."""

    NEVER = "never"
    CLIENT = "client"
    WINDOW_80 = "window_80"
    OURS = "taximeter"
    OPTIMUM = "optimum"


RULES: Mapping[str, Policy] = {
    PolicyName.NEVER: never,
    PolicyName.CLIENT: never,
    **{f"fixed_{tokens // 1000}k": fixed(tokens) for tokens in FIXED_TOKENS},
    PolicyName.WINDOW_80: window_share,
    PolicyName.OURS: advised,
    PolicyName.OPTIMUM: optimum,
}


@dataclass(frozen=True, slots=True)
class Score:
    """One rule's result over all chains; modelled nano-dollars."""

    name: str
    cost_nano: int
    captured: float | None  # None if hindsight could have saved nothing
    captured_without_last: float | None  # the same, without compactions after a session's last call
    regret_nano: int  # cost above the optimum
    nudges: int
    nudges_per_session: float
    nudges_per_hour: float | None  # per hour of activity
    precision: float | None  # share of nudges that, each alone, would have saved money
    won_nano: int  # mean per nudge, over all nudges
    lost_nano: int


class Variant(NamedTuple):
    """Our rule under another assumption on what compacting costs."""

    cost_nano: int
    captured: float | None
    saved_nano: int  # against never compacting


@dataclass(frozen=True, slots=True)
class Hindsight:
    """One nudge of our rule, the index of its chain, and what following it alone would have saved."""

    chain: int
    nudge: Nudge
    saving: SavingRange


@dataclass(frozen=True, slots=True)
class Backtest:
    """The comparison, our rule's nudges, and the sensitivity to assumptions."""

    sessions: int
    active_ms: int
    scores: Sequence[Score]
    saving: SavingRange  # of our rule against never compacting; 80 % bootstrap range over sessions
    sensitivity: Mapping[str, Variant]
    nudges: Sequence[Hindsight]

    def score(self, name: str) -> Score:
        """The score of a rule."""
        return next(score for score in self.scores if score.name == name)


def backtest(replays: Sequence[Replay], summary_tokens: float | None = None) -> Backtest:
    """Replay every chain under every rule; ValueError if there are none."""
    if not replays:
        raise ValueError("no chains to replay")
    runs = _runs(replays, RULES)
    scores = [_score(name, runs, replays) for name in RULES]
    gains = [
        idle.cost_nano - ours.cost_nano
        for idle, ours in zip(runs[PolicyName.NEVER], runs[PolicyName.OURS], strict=True)
    ]
    low, high = bootstrap_mean_interval(gains)
    return Backtest(
        sessions=len(replays),
        active_ms=sum(replay.active_ms for replay in replays),
        scores=scores,
        saving=SavingRange(round(sum(gains)), round(low * len(gains)), round(high * len(gains))),
        sensitivity=_sensitivity(replays, summary_tokens),
        nudges=[
            Hindsight(chain, nudge, nudge_saving(replay, nudge))
            for chain, (replay, made) in enumerate(zip(replays, runs[PolicyName.OURS], strict=True))
            for nudge in made.nudges
        ],
    )


def _runs(replays: Sequence[Replay], names: Iterable[str]) -> dict[str, list[Run]]:
    return {
        name: [
            run(replay, RULES[name](replay), trigger=replay.client_trigger if name == PolicyName.CLIENT else None)
            for replay in replays
        ]
        for name in names
    }


def _score(name: str, runs: Mapping[str, Sequence[Run]], replays: Sequence[Replay]) -> Score:
    idle, best, cost = (_total(runs[one]) for one in (PolicyName.NEVER, PolicyName.OPTIMUM, name))
    lost_at_last = sum(made.last_nano for made in runs[name])
    points = [
        round(nudge_saving_nano(replay, nudge))
        for replay, made in zip(replays, runs[name], strict=True)
        for nudge in made.nudges
    ]
    hours = sum(replay.active_ms for replay in replays) / HOUR_MS
    count = len(points)
    return Score(
        name=name,
        cost_nano=round(cost),
        captured=_captured(idle, cost, best),
        captured_without_last=_captured(idle, cost - lost_at_last, best),
        regret_nano=round(cost - best),
        nudges=count,
        nudges_per_session=count / len(replays),
        nudges_per_hour=count / hours if hours else None,
        precision=sum(point > 0 for point in points) / count if count else None,
        won_nano=round(sum(max(0, point) for point in points) / count) if count else 0,
        lost_nano=round(sum(max(0, -point) for point in points) / count) if count else 0,
    )


def _captured(idle: float, cost: float, best: float) -> float | None:
    """Share of hindsight's saving; differences below a nano-dollar count as zero."""
    return (idle - cost) / (idle - best) if idle - best >= 1 else None


def _total(runs: Sequence[Run]) -> float:
    return sum(made.cost_nano for made in runs)


def _sensitivity(replays: Sequence[Replay], summary_tokens: float | None) -> dict[str, Variant]:
    variants: dict[str, Callable[[Replay], Replay]] = {
        f"reread_{factor:g}x": partial(with_reread, factor=factor) for factor in REREAD_FACTORS
    }
    if summary_tokens is not None:
        variants["summary_as_observed"] = partial(with_summary_kept, tokens=summary_tokens)
    made = {}
    for label, variant in variants.items():
        changed = [variant(replay) for replay in replays]
        runs = _runs(changed, (PolicyName.NEVER, PolicyName.OURS, PolicyName.OPTIMUM))
        idle, cost, best = map(_total, runs.values())
        made[label] = Variant(round(cost), _captured(idle, cost, best), round(idle) - round(cost))
    return made

"""What other compactions would have saved in a task: as Taximeter advises, and at best (MODEL section 8).

Replays only the task's own main-chain calls, with the context from its beginning, against what the user and the client
did. Everything is modelled.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from store.money import short_usd, usd
from store.prices import stored_prices
from store.tasks import floors
from tracker.advisor.replay import RecordedStretch, WeeklyHabits, recorded_session
from tracker.model.advice.backtest import (
    REREAD_FACTORS,
    Policy,
    Replay,
    advised,
    at_ends,
    excerpt,
    optimum,
    run,
    with_reread,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.cost.rates import Rates
from tracker.reports.task import TaskDetail

_MIN_NANO = 50_000_000
_MIN_SHARE = 0.02
_TURNS_NAMED = 6


class Compacted(NamedTuple):
    """A task with other compactions: the turns they precede, and what they save."""

    turns: Sequence[int]
    saving: SavingRange

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        saving = self.saving
        return {
            "before_turns": list(self.turns),
            "saves_usd": usd(saving.point_nano),
            "low_usd": usd(saving.low_nano),
            "high_usd": usd(saving.high_nano),
        }

    def __str__(self) -> str:
        turns = [f"{turn:,}" for turn in self.turns[:_TURNS_NAMED]]
        if left := len(self.turns) - len(turns):
            turns.append(f"{left:,} more")
        *first, last = turns
        named = f"turns {', '.join(first)} and {last}" if first else f"turn {last}"
        point, low, high = self.saving.point_nano, self.saving.low_nano, self.saving.high_nano
        return f"before {named}: ~{short_usd(point)} less ({short_usd(low)} to {short_usd(high)})"


class TaskHindsight(NamedTuple):
    """Cheaper alternatives, if they save at least five cents and 2 %; else None.

    `best` is also None unless it saves that much more than `advised`.
    """

    advised: Compacted | None
    best: Compacted | None

    @property
    def sentences(self) -> list[str]:
        """The alternatives as sentences; empty if nothing would have been cheaper."""
        told = []
        if self.advised:
            told.append(f"compacted as Taximeter advises, {self.advised}")
        if self.best:
            told.append(f"compacted at best, with hindsight, {self.best}")
        return told

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "label": "modelled",
            "advised": self.advised.as_json() if self.advised else None,
            "best": self.best.as_json() if self.best else None,
        }


class _Part(NamedTuple):
    """An uninterrupted stretch of the task in one session."""

    replay: Replay  # its call 0 is not the task's
    turns: Sequence[int]  # turn number of each of the task's calls
    recorded: Collection[int]  # indices of the calls after which the user compacted


def task_hindsight(db: sqlite3.Connection, detail: TaskDetail, *, quiet: bool = False) -> TaskHindsight | None:
    """Replay a task; None if a call of its sessions has no price. `quiet`: as in the user's settings."""
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}
    weekly = WeeklyHabits(db, floors(db))
    sessions = dict.fromkeys(call.session_id for call in detail.main_calls)
    stretches = {session: recorded_session(db, session, weekly, rates, quiet=quiet) for session in sessions}
    if not all(stretches.values()):
        return None
    parts = list(_parts(detail, stretches))
    least = max(_MIN_NANO, round(_MIN_SHARE * detail.task.cost))
    as_advised, best = _compacted(parts, advised), _compacted(parts, optimum)
    if as_advised.saving.point_nano < least:
        return TaskHindsight(None, best if best.saving.point_nano >= least else None)
    return TaskHindsight(as_advised, best if best.saving.point_nano - as_advised.saving.point_nano >= least else None)


def _parts(detail: TaskDetail, stretches: Mapping[int, Iterable[RecordedStretch]]) -> Iterator[_Part]:
    turns = {(call.session_id, call.position): detail.number_of(call) for call in detail.main_calls}
    for session_id, recorded_ones in stretches.items():
        for recorded in recorded_ones:
            numbers = [turns.get((session_id, call.position)) for call in recorded.calls]
            for is_ours, group in groupby(enumerate(numbers), key=lambda each: each[1] is not None):
                if is_ours:
                    yield _part(recorded, [(place, number or 0) for place, number in group])


def _part(recorded: RecordedStretch, calls: Sequence[tuple[int, int]]) -> _Part:
    first, last = calls[0][0], calls[-1][0]
    by_user = {made.place - first + 1 for made in recorded.compactions if not made.by_itself}
    return _Part(excerpt(recorded.replay, first, last), [number for _, number in calls], by_user)


def _compacted(parts: Iterable[_Part], policy: Policy) -> Compacted:
    turns: list[int] = []
    ends: list[tuple[float, float, float]] = []
    for part in parts:
        chosen = [nudge.place for nudge in run(part.replay, policy(part.replay)).nudges]
        turns += (part.turns[place] for place in chosen)
        low, high = (_saved(with_reread(part.replay, factor), part.recorded, chosen) for factor in REREAD_FACTORS)
        ends.append((low, _saved(part.replay, part.recorded, chosen), high))
    saving = SavingRange.of(*map(sum, zip(*ends, strict=True))) if turns else SavingRange(0, 0, 0)
    return Compacted(sorted(turns), saving)


def _saved(replay: Replay, recorded: Collection[int], chosen: Collection[int]) -> float:
    return run(replay, at_ends(recorded)).cost_nano - run(replay, at_ends(chosen)).cost_nano

"""Replays recorded chains under other rules of compacting (MODEL section 8): what each rule would have cost.

Only what a call re-reads depends on the rule. What it added, its output, the pause before it and how much of its prefix
the cache held stay as recorded, at the recorded call's own rates; so a replay in which nobody compacts costs what was
billed. After a compaction the context is C1 at once, and what is read again, the extra calls, and writing the shorter
context to the cache stand in the compaction's own cost: the next call finds it there, whatever the recorded one found.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import NamedTuple

from tracker.model.advice.compaction import (
    FIRES,
    CompactionShape,
    CompactionState,
    compaction_failed,
    compaction_nano,
    decide_compaction,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.cost.rates import Tariff

WINDOW_SHARE = 0.8
FIXED_TOKENS = (100_000, 150_000, 300_000)
# The least and the most that reading again after a compaction may come to, against what is assumed.
REREAD_FACTORS = (0.25, 3.0)


class ReplayCall(NamedTuple):
    """A recorded call of a main chain; tokens, and nano-dollars as floats, because what is made of them is modelled."""

    context: int
    growth: int  # since the call before; the whole prompt at the start, 0 where a recorded compaction lies between
    own_nano: float  # what does not depend on the prefix: new content, output, searches
    prefix_tokens: int  # read, or paid again because the cache was cold
    read_nano: float  # for one of these tokens
    tariff: Tariff
    at_turn_end: bool = False
    level: float = math.inf  # the advisor's level at this turn end
    plan_in_progress: bool = False
    warm_tokens: float = math.inf  # of the prefix, from its start: what was in the cache
    cold_nano: float = 0.0  # what a token of it beyond these costs more than a read


@dataclass(frozen=True, slots=True)
class Replay:
    """A session's main chain, ready to be replayed; thresholds in tokens."""

    session: str
    calls: Sequence[ReplayCall]
    shape: CompactionShape
    trigger: int  # where the client compacts by itself, as far as the user's history tells
    client_trigger: int  # where it does as it is shipped
    window: int
    active_ms: int
    # What going on costs after a call before which the client compacts, as it turns up: the same from any context.
    tails: dict[int, float] = field(init=False, default_factory=dict, compare=False, repr=False)


class Nudge(NamedTuple):
    """A compaction that a rule asked for: after which call, and at which context."""

    place: int
    context: float


class Run(NamedTuple):
    """A chain replayed under a rule; modelled nano-dollars."""

    cost_nano: float
    nudges: tuple[Nudge, ...]
    last_nano: float  # of it, what a compaction after the very last call costs: followed, and lost


class TurnEnd(NamedTuple):
    """What a rule sees at a turn end of a replay."""

    place: int  # of the call in the chain
    context: float
    calls_since: int | None  # calls since the last compaction; None before the first
    failed: bool  # that compaction did not help


Rule = Callable[[TurnEnd], bool]
Policy = Callable[[Replay], Rule]


def never(_: Replay) -> Rule:
    """Nobody compacts; the client does at its trigger."""
    return lambda _: False


def fixed(limit_tokens: float) -> Policy:
    """Compact at every turn end at or above a size."""
    return lambda _: lambda end: end.context >= limit_tokens


def window_share(replay: Replay) -> Rule:
    """Compact at four fifths of the window."""
    return fixed(WINDOW_SHARE * replay.window)(replay)


def advised(replay: Replay) -> Rule:
    """Compact whenever the advisor recommends it."""

    def decide(end: TurnEnd) -> bool:
        call = replay.calls[end.place]
        state = CompactionState(round(end.context), end.calls_since, call.plan_in_progress, end.failed)
        return decide_compaction(state, call.level) == FIRES

    return decide


def at_ends(chosen: Collection[int]) -> Rule:
    """Compact after these calls."""
    return lambda end: end.place in chosen


def run(replay: Replay, rule: Rule, *, trigger: int | None = None) -> Run:
    """Replay a chain under a rule; `trigger` in place of the chain's own."""
    limit = replay.trigger if trigger is None else trigger
    after = replay.shape.context_after
    cost = last = context = 0.0
    since: int | None = None
    failed = False
    nudges: list[Nudge] = []
    start, count = 0, len(replay.calls)
    while start < count:  # a compaction begins another walk
        before = context
        walk = enumerate(_walk(replay, start, context, limit, is_warm=start > 0), start)
        for place, (call, context, nano, by_itself) in walk:
            cost += nano
            since = 1 if by_itself else since + 1 if since is not None else None
            failed = compaction_failed(round(before), round(after)) if by_itself else failed
            before = context
            if call.at_turn_end and rule(TurnEnd(place, context, since, failed)):
                nudges.append(Nudge(place, context))
                one_off = compaction_nano(context, replay.shape, call.tariff)
                cost += one_off
                last = one_off if place == count - 1 else 0.0
                failed = compaction_failed(round(context), round(after))
                context, since = after, 0
                break
        start = place + 1
    return Run(cost, tuple(nudges), last)


def _walk(
    replay: Replay, start: int, context: float, trigger: int, *, is_warm: bool
) -> Iterator[tuple[ReplayCall, float, float, bool]]:
    """Each call from `start` on: the context after it, its nano-dollars, whether the client had to compact before it.

    `is_warm`: an action has paid for what the first of them found cold.
    A history is walked a thousand times over, so that this loop is most of a backtest: it is written without calls.
    """
    shape = replay.shape
    after, baseline = shape.context_after, shape.baseline
    calls: Iterator[ReplayCall] = islice(replay.calls, start, None)
    if is_warm:
        calls = chain((first._replace(warm_tokens=math.inf) for first in islice(calls, 1)), calls)
    for call in calls:
        recorded, growth, own_nano, prefix_tokens, read_nano, tariff, _, _, _, warm_tokens, cold_nano = call
        grown = context + growth
        by_itself = context > after and grown > trigger
        nano = own_nano
        if by_itself:
            nano = compaction_nano(context, shape, tariff) + own_nano
            grown = after + growth
        # A cut that the client made in a longer history finds less to cut here.
        least = baseline if baseline < recorded else recorded  # noqa: FURB136 — a call takes three times as long
        context = grown if grown > least else least  # noqa: FURB136 — likewise
        prefix = prefix_tokens + context - recorded
        if prefix > 0:
            nano += prefix * read_nano
            if prefix > warm_tokens:
                nano += (prefix - warm_tokens) * cold_nano
        yield call, context, nano, by_itself


def _tail_nano(replay: Replay, start: int, context: float, *, is_warm: bool) -> float:
    """Nano-dollars of the calls from `start` on when nobody compacts any more."""
    total = 0.0
    so_far: dict[int, float] = {}  # where the client compacted
    for place, (_, _, nano, by_itself) in enumerate(
        _walk(replay, start, context, replay.trigger, is_warm=is_warm), start
    ):
        total += nano
        if by_itself:
            so_far[place] = total
            if place in replay.tails:
                total += replay.tails[place]
                break
    replay.tails.update({place: total - before for place, before in so_far.items()})
    return total


def one_step_nano(replay: Replay, nudge: Nudge, one_off_nano: float, context_after: float) -> float:
    """What this one action saves over the rest of the chain, nobody acting after it: the one-step counterfactual."""
    start = nudge.place + 1
    going_on = _tail_nano(replay, start, nudge.context, is_warm=False)
    return going_on - one_off_nano - _tail_nano(replay, start, context_after, is_warm=True)


def nudge_saving_nano(replay: Replay, nudge: Nudge) -> float:
    """What compacting at this one nudge saves."""
    one_off = compaction_nano(nudge.context, replay.shape, replay.calls[nudge.place].tariff)
    return one_step_nano(replay, nudge, one_off, replay.shape.context_after)


def nudge_saving(replay: Replay, nudge: Nudge) -> SavingRange:
    """The one-step counterfactual, its range over how much is read again afterwards."""
    low, high = (nudge_saving_nano(with_reread(replay, factor), nudge) for factor in REREAD_FACTORS)
    return SavingRange.of(low, nudge_saving_nano(replay, nudge), high)


class _Best(NamedTuple):
    """The least that the rest of a chain can cost, and the next end at which one compacts for that."""

    nano: float
    end: int  # -1: none


def optimum(replay: Replay) -> Rule:
    """The best that anybody could have done at turn ends, knowing what was to come: a dynamic programme over them."""
    best: dict[int, _Best] = {}  # after compacting at this end
    resumed: dict[int, _Best] = {}  # after this call, before which the client compacted
    once = {
        i: compaction_nano(0.0, replay.shape, call.tariff) for i, call in enumerate(replay.calls) if call.at_turn_end
    }
    for start in (*reversed(once), -1):  # -1: from the first call on
        best[start] = _best_after(replay, start, once, best, resumed)
    chosen: set[int] = set()
    place = best[-1].end
    while place >= 0:
        chosen.add(place)
        place = best[place].end
    return at_ends(chosen)


def _best_after(
    replay: Replay, start: int, once: Mapping[int, float], best: Mapping[int, _Best], resumed: dict[int, _Best]
) -> _Best:
    """After this call; `best` has every later end.

    What follows a compaction of the client's does not depend on what went before it: it is worked out once, and kept in
    `resumed`.
    """
    context = 0.0 if start < 0 else replay.shape.context_after
    total, least = 0.0, _Best(math.inf, -1)
    before: list[tuple[int, float, _Best]] = []  # each compaction of the client's: so far, and the best up to there
    rest = _Best(0.0, -1)
    walk = _walk(replay, start + 1, context, replay.trigger, is_warm=start >= 0)
    for index, (call, context, nano, by_itself) in enumerate(walk, start + 1):
        total += nano
        if call.at_turn_end:
            acting = total + context * call.tariff.read + once[index] + best[index].nano
            if acting < least.nano:
                least = _Best(acting, index)
        if by_itself:
            before.append((index, total, least))
            least = _Best(math.inf, -1)
            if index in resumed:
                rest = resumed[index]
                break
    found = min(_Best(total + rest.nano, rest.end), least)
    for index, so_far, earlier in reversed(before):
        resumed[index] = _Best(found.nano - so_far, found.end)
        found = min(found, earlier)
    return found


def excerpt(replay: Replay, first: int, last: int) -> Replay:
    """These calls alone, ready to be replayed, and before them one that costs nothing.

    It stands for the end of the turn before, where one may compact as well; where the chain begins with them there is
    no such end. After the last of them nothing is left to be saved.
    """
    calls = list(replay.calls[first : last + 1])
    if first:
        before = replay.calls[first - 1]
        lead = before._replace(growth=before.context, own_nano=0.0, prefix_tokens=0, read_nano=0.0, cold_nano=0.0)
    else:
        lead = calls[0]._replace(context=0, growth=0, own_nano=0.0, prefix_tokens=0, at_turn_end=False)
    return replace(replay, calls=[lead, *calls[:-1], calls[-1]._replace(at_turn_end=False)])


def with_reread(replay: Replay, factor: float) -> Replay:
    """The same chain where compacting makes one read this much more again than is assumed; levels stay."""
    shape = replay.shape
    return replace(
        replay,
        shape=replace(shape, reread=shape.reread * factor, extra_calls=shape.extra_calls * factor),
    )


def with_summary_kept(replay: Replay, tokens: float) -> Replay:
    """The same chain with summaries of this size; levels stay."""
    return replace(replay, shape=replace(replay.shape, summary_kept=tokens))

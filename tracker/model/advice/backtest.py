"""Replays recorded chains under other compaction rules (MODEL section 8): what would each rule have cost?

Only the tokens that a call re-reads depend on the rule. What it added, its output, the pause before it and how much of
its prefix the cache held stay as recorded, at the call's own rates, so a replay without compactions costs what was
billed. After a compaction the context is C1 at once. The compaction's cost includes reading things again, the extra
calls, and writing the shorter context to the cache; the next call finds it there, whatever the recorded one found.
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
# Lower and upper bound of the tokens read again after a compaction, as factors of the assumption.
REREAD_FACTORS = (0.25, 3.0)


class ReplayCall(NamedTuple):
    """A recorded call of a main chain; tokens, and nano-dollars as floats, since results are modelled."""

    context: int
    growth: int  # since the previous call; the whole prompt for the first, 0 right after a recorded compaction
    own_nano: float  # the part independent of the prefix: new content, output, searches
    prefix_tokens: int  # read from the cache, or paid again because it was cold
    read_nano: float  # per prefix token
    tariff: Tariff
    at_turn_end: bool = False
    level: float = math.inf  # the advisor's level at this turn end
    plan_in_progress: bool = False
    warm_tokens: float = math.inf  # leading tokens of the prefix that were in the cache
    cold_nano: float = 0.0  # extra cost of each prefix token beyond them


@dataclass(frozen=True, slots=True)
class Replay:
    """A session's main chain, ready to be replayed; thresholds in tokens."""

    session: str
    calls: Sequence[ReplayCall]
    shape: CompactionShape
    trigger: int  # where the client compacts automatically, learned from the user's history
    client_trigger: int  # the same, as shipped
    window: int
    active_ms: int
    # Memo of the cost after a call before which the client compacts; it does not depend on the earlier context.
    tails: dict[int, float] = field(init=False, default_factory=dict, compare=False, repr=False)


class Nudge(NamedTuple):
    """A compaction that a rule asked for: the call it follows, and the context in tokens."""

    place: int
    context: float


class Run(NamedTuple):
    """A chain replayed under a rule; modelled nano-dollars."""

    cost_nano: float
    nudges: tuple[Nudge, ...]
    last_nano: float  # part of cost_nano: a compaction after the very last call, which can save nothing


class TurnEnd(NamedTuple):
    """What a rule sees at a turn end of a replay."""

    place: int  # index of the call in the chain
    context: float
    calls_since: int | None  # calls since the last compaction; None before the first
    failed: bool  # that compaction hardly shortened the context


Rule = Callable[[TurnEnd], bool]
Policy = Callable[[Replay], Rule]


def never(_: Replay) -> Rule:
    """Never compact; only the client does, at its trigger."""
    return lambda _: False


def fixed(limit_tokens: float) -> Policy:
    """Compact at every turn end with at least this much context."""
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
    """Replay a chain under a rule; `trigger` overrides the chain's own."""
    limit = replay.trigger if trigger is None else trigger
    after = replay.shape.context_after
    cost = last = context = 0.0
    since: int | None = None
    failed = False
    nudges: list[Nudge] = []
    start, count = 0, len(replay.calls)
    while start < count:  # each compaction starts a new walk
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
    """Each call from `start` on: the context after it, its nano-dollars, whether the client compacted before it.

    `is_warm`: an action has already paid to warm the cache for the first call.
    This loop is most of a backtest's time, so it makes no function calls.
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
        # Where the client cut the recorded history, a shorter one has less to cut.
        least = baseline if baseline < recorded else recorded  # noqa: FURB136 — a function call takes three times as long
        context = grown if grown > least else least  # noqa: FURB136 — as above
        prefix = prefix_tokens + context - recorded
        if prefix > 0:
            nano += prefix * read_nano
            if prefix > warm_tokens:
                nano += (prefix - warm_tokens) * cold_nano
        yield call, context, nano, by_itself


def _tail_nano(replay: Replay, start: int, context: float, *, is_warm: bool) -> float:
    """Nano-dollars of the calls from `start` on, without further compactions by the user."""
    total = 0.0
    so_far: dict[int, float] = {}  # totals at the client's compactions
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
    """Saving of this one action over the rest of the chain, with no action after it: the one-step counterfactual."""
    start = nudge.place + 1
    going_on = _tail_nano(replay, start, nudge.context, is_warm=False)
    return going_on - one_off_nano - _tail_nano(replay, start, context_after, is_warm=True)


def nudge_saving_nano(replay: Replay, nudge: Nudge) -> float:
    """Nano-dollars saved by compacting at this nudge alone."""
    one_off = compaction_nano(nudge.context, replay.shape, replay.calls[nudge.place].tariff)
    return one_step_nano(replay, nudge, one_off, replay.shape.context_after)


def nudge_saving(replay: Replay, nudge: Nudge) -> SavingRange:
    """The one-step counterfactual, with a range for how much is read again afterwards."""
    low, high = (nudge_saving_nano(with_reread(replay, factor), nudge) for factor in REREAD_FACTORS)
    return SavingRange.of(low, nudge_saving_nano(replay, nudge), high)


class _Best(NamedTuple):
    """The minimal cost of the rest of a chain, and the next turn end at which to compact for it."""

    nano: float
    end: int  # -1: none


def optimum(replay: Replay) -> Rule:
    """The cheapest choice of turn ends in hindsight, by dynamic programming."""
    best: dict[int, _Best] = {}  # after compacting at this end
    resumed: dict[int, _Best] = {}  # from this call on, before which the client compacted
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
    """The best continuation after this call; `best` holds those of all later ends.

    After a compaction by the client the earlier context no longer matters: those results are memoised in `resumed`.
    """
    context = 0.0 if start < 0 else replay.shape.context_after
    total, least = 0.0, _Best(math.inf, -1)
    before: list[tuple[int, float, _Best]] = []  # per compaction by the client: index, cost so far, best end before it
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
    """The calls from `first` to `last` as a replay of their own, preceded by a call that costs nothing.

    That call stands for the previous turn's end, where compacting is allowed too, unless the chain begins at `first`.
    Compacting after the last call is not allowed, as it could save nothing.
    """
    calls = list(replay.calls[first : last + 1])
    if first:
        before = replay.calls[first - 1]
        lead = before._replace(growth=before.context, own_nano=0.0, prefix_tokens=0, read_nano=0.0, cold_nano=0.0)
    else:
        lead = calls[0]._replace(context=0, growth=0, own_nano=0.0, prefix_tokens=0, at_turn_end=False)
    return replace(replay, calls=[lead, *calls[:-1], calls[-1]._replace(at_turn_end=False)])


def with_reread(replay: Replay, factor: float) -> Replay:
    """The chain with the tokens and calls of reading again multiplied by `factor`; levels stay."""
    shape = replay.shape
    return replace(
        replay,
        shape=replace(shape, reread=shape.reread * factor, extra_calls=shape.extra_calls * factor),
    )


def with_summary_kept(replay: Replay, tokens: float) -> Replay:
    """The chain with summaries of this size; levels stay."""
    return replace(replay, shape=replace(replay.shape, summary_kept=tokens))

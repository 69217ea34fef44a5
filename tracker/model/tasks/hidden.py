"""Models the cost of requests missing from the records (MODEL section 3); never part of a measured total."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from store.money import component_nano
from tracker.model.cache.cache_life import is_expired
from tracker.model.cache.misses import Judgement, MissKind
from tracker.model.cost.chain_call import ChainCall, Reset
from tracker.model.cost.rates import Rates, has_cache
from tracker.model.defaults import DEFAULTS


def compaction_request_nano(tokens_before: int, rates: Rates, *, is_cold: bool) -> int:
    """Modelled nano-dollars of an unrecorded compaction request: the whole context again, and the summary's output."""
    prompt_rate = rates.input if is_cold else rates.read
    return component_nano(tokens_before, prompt_rate) + component_nano(DEFAULTS.summary_output_tokens, rates.output)


def unlogged_prefix_nano(expected_read: int, cache_read: int, rates: Rates, ttl_ms: int | None) -> int:
    """Modelled nano-dollars of an unrecorded request between turns, if the cached prefix is longer than calls explain.

    0 if it is not. Only for the first call of a turn that has an expected read.
    """
    if not 0 < expected_read < cache_read:
        return 0
    return component_nano(expected_read, rates.read) + component_nano(
        cache_read - expected_read, rates.write_rate(ttl_ms)
    )


def unrecorded_by_turn(
    calls: Sequence[ChainCall], judged: Mapping[int, Judgement], turn_of: Mapping[tuple[int, bool], int]
) -> dict[int, int]:
    """Modelled nano-dollars of unrecorded requests by turn: compactions, and requests between turns.

    `calls`: a main chain in file order; `turn_of`: the turn of (call id, is a copy). Adds `compaction_request_nano` and
    `unlogged_prefix_nano`; copies and unpriced calls are skipped.
    """
    found: Counter[int] = Counter()
    is_cached = has_cache(calls)
    for before, call in pairwise(call for call in calls if call.grows_the_chain):
        if call.copied or call.rates is None:
            continue
        judgement, turn = judged[call.call_id], turn_of[call.call_id, False]
        if judgement.kind == MissKind.PLANNED_REBUILD and call.reset_before == Reset.COMPACT:
            # The request came while the last answer was still cached; a pause after it does not raise its cost.
            age_ms = (call.reset_at or call.started_at) - before.last_at
            is_cold = not is_cached or is_expired(age_ms, judgement.ttl_ms)
            found[turn] += compaction_request_nano(before.context + before.output, call.rates, is_cold=is_cold)
        elif judgement.kind is None and turn != turn_of[before.call_id, before.copied]:
            found[turn] += unlogged_prefix_nano(judgement.expected_read, call.cache_read, call.rates, judgement.ttl_ms)
    return found

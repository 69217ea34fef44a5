"""Recorded work priced under other conditions: ranges, not promises. Everything here is modelled.

Prompts, outputs, turns and pauses stay as recorded, though another model might need more or fewer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tracker.model.cost.rates import PICO_PER_NANO, Rates
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.plans.billing import LoggedCall, replay
from tracker.model.plans.plan import Range
from tracker.model.quantiles import bootstrap_mean_interval

# The newer tokenizer makes 1.0 to 1.35 times the tokens of the same text, usually 1.3 (PRICES section 1.4).
NEW_TOKENS = Range(1.0, 1.3, 1.35)
SAME_TOKENS = Range(1.0, 1.0, 1.0)
OLD_TOKENS = Range(1 / NEW_TOKENS.high, 1 / NEW_TOKENS.mid, 1 / NEW_TOKENS.low)
BATCH_SHARE_OF_PRICE = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """Nano-dollars of the calls that could be repriced: actual, and under the other conditions."""

    actual: int
    otherwise: Range
    calls: int
    left_out: int = 0  # calls without rates
    does_not_fit: int = 0  # calls whose prompt exceeds the other model's window

    @property
    def saving(self) -> Range:
        """Nano-dollars saved; negative if it would have cost more."""
        return Range(
            self.actual - self.otherwise.high, self.actual - self.otherwise.mid, self.actual - self.otherwise.low
        )


def token_factor(tokenizer: str, other: str) -> Range:
    """Tokens under the tokenizer `other` per token under `tokenizer` ("old" or "new"), for the same text."""
    if tokenizer == other:
        return SAME_TOKENS
    return NEW_TOKENS if other == "new" else OLD_TOKENS


def on_another_model(
    calls: Iterable[LoggedCall],
    factor_of: Callable[[str], Range | None],
    rates_for: Callable[[int], Rates | None],
    context_window: int | None,
) -> Case:
    """Every call at another model's rates, its tokens scaled by `factor_of(model)`; None leaves a call out.

    `rates_for` takes the prompt size, because some models price long prompts differently.
    """
    actual = judged = left_out = does_not_fit = 0
    sums = [0.0, 0.0, 0.0]
    for call in calls:
        factors = factor_of(call.model)
        if factors is None or not (costs := _costs_of(call, factors, rates_for)):
            left_out += 1
            continue
        sums = [total + cost for total, cost in zip(sums, costs, strict=True)]
        actual += call.cost or 0
        judged += 1
        does_not_fit += context_window is not None and call.context * factors.mid > context_window
    return Case(actual, Range(*sums), judged, left_out, does_not_fit)


def _costs_of(call: LoggedCall, factors: Range, rates_for: Callable[[int], Rates | None]) -> list[float]:
    """Nano-dollars of a call with its tokens times each factor; empty without a price on either side."""
    if call.rates is None or call.cost is None:
        return []
    beside = call.cost - _pico(call, call.rates) / PICO_PER_NANO
    costs = []
    last: Rates | None = None
    pico = 0
    for factor in factors:
        rates = rates_for(round(call.context * factor))
        if rates is None:
            return []
        if rates is not last:
            last, pico = rates, _pico(call, rates)
        costs.append(beside + pico * factor / PICO_PER_NANO)
    return costs


def other_cache_life(calls: Sequence[LoggedCall], ttl_ms: int, static_floor: int) -> Case:
    """Every cache write with another lifetime. The range is a bootstrap over chains; if the shorter lifetime loses a
    prefix, the cheap end keeps its first `static_floor` tokens, which other sessions may keep warm."""
    priced = [call for call in calls if call.rates is not None and call.cost is not None]
    gains = _gains(priced, ttl_ms, 0)
    if not gains:
        return Case(0, Range(0, 0, 0), 0, len(calls))
    kindest = _gains(priced, ttl_ms, static_floor) if ttl_ms == TTL_5M_MS else gains
    low, _ = bootstrap_mean_interval(gains)
    _, high = bootstrap_mean_interval(kindest)
    actual, gain = sum(call.cost or 0 for call in priced), sum(gains)
    count = len(gains)
    return Case(
        actual,
        Range(actual - max(gain, high * count), actual - gain, actual - min(gain, low * count)),
        len(priced),
        len(calls) - len(priced),
    )


def in_batches(calls: Iterable[LoggedCall], share: float) -> Case:
    """A share of this work as batch requests, at half the token price. Cache hits are uncertain in a batch: one end of
    the range keeps them as recorded, the other sends every prompt uncached."""
    actual = judged = left_out = 0
    cached = uncached = beside = 0.0
    for call in calls:
        if call.rates is None or call.cost is None:
            left_out += 1
            continue
        judged += 1
        actual += call.cost
        tokens = _pico(call, call.rates) / PICO_PER_NANO
        cached += tokens
        uncached += (call.context * call.rates.input + call.output * call.rates.output) / PICO_PER_NANO
        beside += call.cost - tokens
    ends = [actual * (1 - share) + share * (beside + BATCH_SHARE_OF_PRICE * one) for one in (cached, uncached)]
    return Case(actual, Range(min(ends), sum(ends) / 2, max(ends)), judged, left_out)


def without_baseline_above(
    main: Sequence[Sequence[LoggedCall]],
    others: Sequence[Sequence[LoggedCall]],
    begun: Mapping[int, int],
    tokens: int,
) -> Case:
    """Chains with their first prompt cut to `tokens`: the excess is neither written nor read.

    `begun`: tokens of each chain's first prompt, which may lie outside these calls. The cautious end trims main chains
    only, the other one subagents too.
    """
    everything = [call for chain in (*main, *others) for call in chain]
    priced = [call for call in everything if call.cost is not None and call.rates is not None]
    actual = sum(call.cost or 0 for call in priced)
    least = sum(_trimmed(chain, begun, tokens) for chain in main)
    most = least + sum(_trimmed(chain, begun, tokens) for chain in others)
    otherwise = Range(actual - most, actual - (least + most) / 2, actual - least)
    return Case(actual, otherwise, len(priced), len(everything) - len(priced))


def other_lifetime(calls: Iterable[LoggedCall]) -> int:
    """The less used cache lifetime, by tokens written; milliseconds."""
    long_lived = short_lived = 0
    for call in calls:
        long_lived += call.write_1h
        short_lived += call.write_5m
    return TTL_5M_MS if long_lived > short_lived else TTL_1H_MS


def _pico(call: LoggedCall, rates: Rates) -> int:
    """Cost of the call's tokens in pico-dollars."""
    return (
        call.input * rates.input
        + call.cache_read * rates.read
        + call.write_5m * (rates.write_5m or rates.input)
        + call.write_1h * (rates.write_1h or rates.input)
        + call.output * rates.output
    )


def _gains(calls: Sequence[LoggedCall], ttl_ms: int, static_floor: int) -> list[float]:
    """Nano-dollars saved by each chain."""
    by_chain: dict[int, float] = {}
    for one in replay(calls, ttl_ms, static_floor):
        if one.cost is not None and one.call.cost is not None:
            by_chain[one.call.chain_id] = by_chain.get(one.call.chain_id, 0.0) + one.call.cost - one.cost
    return list(by_chain.values())


def _trimmed(chain: Sequence[LoggedCall], begun: Mapping[int, int], tokens: int) -> float:
    """Nano-dollars for what stands in the prompts after their first `tokens` and within the chain's first prompt."""
    end = begun.get(chain[0].chain_id, 0)
    saved = 0.0
    for call in chain:
        if call.rates is None:
            continue
        written = call.write_5m + call.write_1h
        write_pico = call.write_5m * call.rates.write_5m + call.write_1h * call.rates.write_1h
        start = 0
        # A cache holds the beginning of a prompt: reads come first, then writes, then the rest.
        for count, rate in (
            (call.cache_read, call.rates.read),
            (written, write_pico / written if written else 0.0),
            (call.input, call.rates.input),
        ):
            saved += max(0, min(end, start + count) - max(tokens, start)) * rate
            start += count
    return saved / PICO_PER_NANO

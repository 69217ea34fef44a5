"""Chooses the cache lifetime, five minutes or one hour (MODEL section 7.5): the share rule, confirmed by a replay.

The replay keeps the prompts, outputs and gaps of recorded chains; only what was warm and the write rate change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.advice.saving import SavingRange
from tracker.model.cache.cache_life import is_expired
from tracker.model.cost.rates import PICO_PER_NANO, Rates
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.quantiles import bootstrap_mean_interval


class CachedCall(NamedTuple):
    """A call with the cache entry it should have read; tokens."""

    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    rates: Rates | None  # None if it cannot be replayed: no price, or unknown lifetime of its writes
    expected_read: int
    missed: int
    ttl_ms: int | None  # lifetime of the entry
    age_ms: int | None  # since the previous call; None for the first of a chain

    def is_past(self, ttl_ms: int | None) -> bool:
        """Whether the pause before the call was too long for an entry of this lifetime."""
        return self.age_ms is not None and is_expired(self.age_ms, ttl_ms)


Chain = Sequence[CachedCall]


@dataclass(frozen=True, slots=True)
class TtlChoice:
    """Cost comparison of the two lifetimes over the replayed chains; modelled."""

    current_ttl_ms: int
    better_ttl_ms: int
    rewrite_share: float | None  # r5; None without five-minute writes
    threshold: float | None  # the share above which one hour wins at these rates
    current_nano: int
    saving: SavingRange
    saving_share: float  # of current_nano


def one_hour_threshold(rates: Rates) -> float | None:
    """Share of five-minute writes that must be rewrites within the hour for one hour to be cheaper.

    (p_1h - p_5m)/(p_1h - p_r); with the usual multipliers of input this is 0.75/(2 - p_r/p_i). None if a one-hour
    write costs no more than a read.
    """
    span = rates.write_1h - rates.read
    return (rates.write_1h - rates.write_5m) / span if span > 0 else None


def five_minute_rewrite_share(chains: Iterable[Chain]) -> float | None:
    """r5: share of tokens written for five minutes that replaced an entry lost to a pause of 5 to 60 minutes."""
    written = rewritten = 0
    for chain in chains:
        for call in chain:
            written += call.write_5m
            is_short_lived = call.ttl_ms == TTL_5M_MS
            if call.missed and is_short_lived and call.is_past(TTL_5M_MS) and not call.is_past(TTL_1H_MS):
                rewritten += min(call.missed, call.write_5m)
    return rewritten / written if written else None


def replay_chain_nano(chain: Chain, ttl_ms: int) -> float:
    """Nano-dollars of a chain's priced calls if every write had this lifetime."""
    total = 0.0
    for call in chain:
        if call.rates is None:
            continue
        fresh, read, written = call.input, call.cache_read, call.write_5m + call.write_1h
        did_expire, would_expire = call.is_past(call.ttl_ms), call.is_past(ttl_ms)
        if call.missed and did_expire and not would_expire:
            from_writes = min(call.missed, written)
            written -= from_writes
            fresh -= call.missed - from_writes
            read += call.missed
        elif call.expected_read and not call.missed and would_expire and not did_expire:
            written += read
            read = 0
        rates = call.rates
        pico = fresh * rates.input + read * rates.read + written * rates.write_rate(ttl_ms) + call.output * rates.output
        total += pico / PICO_PER_NANO
    return total


def choose_ttl(chains: Sequence[Chain], rates: Rates) -> TtlChoice | None:
    """Replay chains as recorded and under the less used lifetime; None without cache writes.

    A chain that already has that lifetime gains nothing (subagents may have five minutes and the main chain an hour).
    The range is a bootstrap over chains.
    """
    written = [(sum(call.write_5m for call in chain), sum(call.write_1h for call in chain)) for chain in chains]
    short_lived, long_lived = (sum(tokens) for tokens in zip(*written, strict=True)) if written else (0, 0)
    if not long_lived + short_lived:
        return None
    current, other = (TTL_1H_MS, TTL_5M_MS) if long_lived > short_lived else (TTL_5M_MS, TTL_1H_MS)
    lifetimes = [TTL_1H_MS if hour > five else TTL_5M_MS for five, hour in written]
    now = [replay_chain_nano(chain, lifetime) for chain, lifetime in zip(chains, lifetimes, strict=True)]
    then = [replay_chain_nano(chain, other) for chain in chains]
    gains = [before - after for before, after in zip(now, then, strict=True)]
    low, high = bootstrap_mean_interval(gains)
    total, gain = sum(now), sum(gains)
    return TtlChoice(
        current_ttl_ms=current,
        better_ttl_ms=other if gain > 0 else current,
        rewrite_share=five_minute_rewrite_share(chains),
        threshold=one_hour_threshold(rates),
        current_nano=round(total),
        saving=SavingRange(round(gain), round(low * len(gains)), round(high * len(gains))),
        saving_share=gain / total if total else 0.0,
    )

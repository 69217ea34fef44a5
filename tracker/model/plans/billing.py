"""The same calls under two billings (PRICES section 3.5): as logged, and as an API key would be billed.

A subscription's main chain writes the cache for an hour, an API key for five minutes: the key pays less per write, but
rewrites the prefix after every pause that only the hour survives. The replay keeps prompts, outputs and times. Costs as
logged are priced, the other billing is modelled.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker.model.cache.cache_life import is_expired, written_ttl
from tracker.model.cost.rates import PICO_PER_NANO, Rates
from tracker.model.defaults import TTL_5M_MS
from tracker.model.plans.plan import Excluded, exclusions_of


class LoggedCall(NamedTuple):
    """A call from the ledger. Times in epoch milliseconds, money in nano-dollars."""

    id: int
    chain_id: int
    position: int
    day: str  # local day, ISO
    started_at: int
    first_at: int
    last_at: int
    model: str  # canonical id
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    is_fast: bool
    is_other_agent: bool
    rates: Rates | None  # None if unpriced, or if the provider reported only an amount
    cost: int | None  # None while unpriced

    @property
    def context(self) -> int:
        """Prompt size in tokens."""
        return self.input + self.cache_read + self.write_5m + self.write_1h

    @property
    def excluded(self) -> Excluded:
        """The exclusions that this call falls under."""
        return exclusions_of(self.model, self.context, is_fast=self.is_fast, is_other_agent=self.is_other_agent)

    @property
    def fresh_nano(self) -> int:
        """The part that always counts towards a limit: (input + writes) at the input rate, and output (MODEL 9.3)."""
        if self.rates is None:
            return self.cost or 0
        prompt = self.input + self.write_5m + self.write_1h
        return (prompt * self.rates.input + self.output * self.rates.output) // PICO_PER_NANO

    @property
    def read_nano(self) -> int:
        """The part whose weight is fitted: cache reads at the read rate."""
        return 0 if self.rates is None else self.cache_read * self.rates.read // PICO_PER_NANO


class Replayed(NamedTuple):
    """A call under another cache lifetime; `cost` in nano-dollars, None if unpriced."""

    call: LoggedCall
    cost: int | None


def replay(calls: Iterable[LoggedCall], ttl_ms: int, static_floor: int = 0) -> list[Replayed]:
    """Replay every call as if all cache writes lived `ttl_ms`; calls must be in file order within each `chain_id`.

    `static_floor`: tokens of the first block, which other sessions keep warm through a pause. A shorter lifetime turns
    reads after longer pauses into writes; a longer one turns rewrites after shorter pauses into reads, unless another
    model made them.
    """
    chains: dict[int, list[LoggedCall]] = {}
    for call in calls:
        chains.setdefault(call.chain_id, []).append(call)
    return [one for chain in chains.values() for one in _replay_chain(chain, ttl_ms, static_floor)]


def as_api_key(calls: Iterable[LoggedCall]) -> list[Replayed]:
    """Every call as an API key would have been billed: five-minute caches."""
    return replay(calls, TTL_5M_MS)


def _replay_chain(chain: Sequence[LoggedCall], ttl_ms: int, static_floor: int) -> list[Replayed]:
    made = []
    previous: LoggedCall | None = None
    lived_ms: int | None = None  # lifetime of the previous calls' writes
    for call in sorted(chain, key=lambda call: call.position):
        rewritten = reread = 0
        if previous is not None and lived_ms is not None and lived_ms != ttl_ms:
            age_ms = max(0, call.started_at - previous.last_at)
            would_expire, did_expire = is_expired(age_ms, ttl_ms), is_expired(age_ms, lived_ms)
            if would_expire and not did_expire:
                rewritten = max(0, call.cache_read - static_floor)
            elif did_expire and not would_expire and call.model == previous.model:  # each model has its own cache
                expected = previous.cache_read + previous.write_5m + previous.write_1h
                reread = max(0, min(expected - call.cache_read, call.write_5m + call.write_1h))
        made.append(Replayed(call, _cost(call, ttl_ms, rewritten, reread)))
        lived_ms = written_ttl(call.write_5m, call.write_1h) or lived_ms
        if call.context:
            previous = call
    return made


def _cost(call: LoggedCall, ttl_ms: int, rewritten: int, reread: int) -> int | None:
    """The logged cost with its cache part replaced.

    `rewritten`: tokens that this billing writes and the log reads; `reread`: the opposite.
    """
    if call.cost is None or call.rates is None:
        return call.cost
    rates = call.rates
    written = call.write_5m + call.write_1h + rewritten - reread
    before = call.write_5m * rates.write_5m + call.write_1h * rates.write_1h + call.cache_read * rates.read
    after = written * rates.write_rate(ttl_ms) + (call.cache_read - rewritten + reread) * rates.read
    return call.cost + (after - before) // PICO_PER_NANO

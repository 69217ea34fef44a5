"""The same calls under two billings (PRICES section 3.5): as logged, and as an API key would have been billed.

A subscription writes its main chain for an hour, an API key for five minutes: the key pays less for each write and pays
the prefix again after every pause that only the hour survived. Pauses are replayed from the records; prompts, outputs
and times stay as they were. Costs as logged are priced, the other billing is modelled.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker.model.cache.cache_life import is_expired, written_ttl
from tracker.model.cost.rates import PICO_PER_NANO, Rates
from tracker.model.defaults import TTL_5M_MS
from tracker.model.plans.plan import Excluded, exclusions_of


class LoggedCall(NamedTuple):
    """A call as the ledger has it. Times in epoch milliseconds, tokens as counts, money in nano-dollars."""

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
    rates: Rates | None  # None while unpriced, or when the provider reported only an amount
    cost: int | None  # None while unpriced

    @property
    def context(self) -> int:
        """Prompt size in tokens."""
        return self.input + self.cache_read + self.write_5m + self.write_1h

    @property
    def excluded(self) -> Excluded:
        """What a plan might leave out about this call."""
        return exclusions_of(self.model, self.context, is_fast=self.is_fast, is_other_agent=self.is_other_agent)

    @property
    def fresh_nano(self) -> int:
        """The part of a limit unit that always counts: (input + writes) at the input rate, and output (MODEL 9.3)."""
        if self.rates is None:
            return self.cost or 0
        prompt = self.input + self.write_5m + self.write_1h
        return (prompt * self.rates.input + self.output * self.rates.output) // PICO_PER_NANO

    @property
    def read_nano(self) -> int:
        """The part whose weight in a limit is fitted: cache reads at the read rate."""
        return 0 if self.rates is None else self.cache_read * self.rates.read // PICO_PER_NANO


class Replayed(NamedTuple):
    """A call under another cache lifetime; `cost` in nano-dollars, None while unpriced."""

    call: LoggedCall
    cost: int | None


def replay(calls: Iterable[LoggedCall], ttl_ms: int, static_floor: int = 0) -> list[Replayed]:
    """Every call as if all cache writes had lived `ttl_ms`; chains are told apart by `chain_id`, order is the file's.

    `static_floor`: tokens of the first block that other sessions keep warm and that a pause does not lose. A shorter
    lifetime loses what was read after a pause longer than it; a longer one keeps what was written again after a pause
    shorter than it, unless another model wrote it again.
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
    lived_ms: int | None = None  # lifetime of what the previous calls wrote
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
    """The logged cost with the cache part exchanged; whatever else the cost holds stays.

    `rewritten`: tokens that this billing writes where the log shows a read; `reread`: the other way round.
    """
    if call.cost is None or call.rates is None:
        return call.cost
    rates = call.rates
    written = call.write_5m + call.write_1h + rewritten - reread
    before = call.write_5m * rates.write_5m + call.write_1h * rates.write_1h + call.cache_read * rates.read
    after = written * rates.write_rate(ttl_ms) + (call.cache_read - rewritten + reread) * rates.read
    return call.cost + (after - before) // PICO_PER_NANO

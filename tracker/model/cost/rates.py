"""The five rates of a price row (MODEL section 3): exact for bills, floats for modelled figures.

The read rate is data, never a fixed share of the input rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

from store.money import component_nano
from store.records import Price
from tracker.model.defaults import TTL_1H_MS

PICO_PER_NANO = 1_000


class CacheUse(Protocol):
    """Tokens of a call that a cache held or kept."""

    @property
    def cache_read(self) -> int: ...
    @property
    def write_5m(self) -> int: ...
    @property
    def write_1h(self) -> int: ...


class Tariff(NamedTuple):
    """Nano-dollars per token as floats, with one write rate: for forecasts only, never for a bill."""

    input: float
    write: float
    read: float
    output: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Pico-dollars per token of one price row, every multiplier included."""

    input: int
    write_5m: int
    write_1h: int
    read: int
    output: int

    @classmethod
    def from_price(cls, price: Price) -> Self:
        """The token rates of a resolved price row."""
        return cls(price.input, price.write_5m, price.write_1h, price.cache_read, price.output)

    def uncached(self) -> Self:
        """Rates where nothing is cached: whatever a call reads again is input."""
        return replace(self, write_5m=self.input, write_1h=self.input, read=self.input)

    def prompt_nano(self, input_tokens: int, cache_read: int, write_5m: int, write_1h: int) -> int:
        """Nano-dollars of a prompt, each component rounded separately as in a bill."""
        return (
            component_nano(input_tokens, self.input)
            + component_nano(cache_read, self.read)
            + component_nano(write_5m, self.write_5m)
            + component_nano(write_1h, self.write_1h)
        )

    def write_rate(self, ttl_ms: int | None) -> int:
        """Pico-dollars per token written with a TTL; the input rate if there is no write rate (MODEL section 11)."""
        rate = self.write_1h if ttl_ms == TTL_1H_MS else self.write_5m
        return rate or self.input

    def tariff(self, ttl_ms: int | None) -> Tariff:
        """Dollar tariff under a cache TTL; an unknown TTL counts as five minutes."""
        return Tariff(
            input=self.input / PICO_PER_NANO,
            write=self.write_rate(ttl_ms) / PICO_PER_NANO,
            read=self.read / PICO_PER_NANO,
            output=self.output / PICO_PER_NANO,
        )

    def limit_tariff(self, read_weight: float) -> Tariff:
        """Tariff in a plan's limit units (MODEL section 9.3): writes weigh as input, reads by a fitted weight 0..1."""
        return Tariff(
            input=self.input / PICO_PER_NANO,
            write=self.input / PICO_PER_NANO,
            read=read_weight * self.read / PICO_PER_NANO,
            output=self.output / PICO_PER_NANO,
        )


def has_cache(calls: Sequence[CacheUse]) -> bool:
    """Whether a chain's calls read or write a cache; one call alone may have been too short for it."""
    return len(calls) < 2 or any(call.cache_read or call.write_5m or call.write_1h for call in calls)

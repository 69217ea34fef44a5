"""A plan: its fee, the windows that limit work, the work it excludes, and the capacity of its windows.

Capacities are ranges with an origin, or unknown. Capacities that were never measured are not guessed.
"""

import math
from dataclasses import dataclass, replace
from enum import IntFlag
from functools import cache
from typing import NamedTuple

from store.money import NANO_PER_USD
from tracker.model.defaults import DEFAULTS

LONG_PROMPT_TOKENS = 200_000


class Excluded(IntFlag):
    """Work that a plan may exclude; it is then billed at API prices (PRICES section 3.5)."""

    FAST = 1
    FABLE = 2
    OPUS_LONG = 4
    SONNET_4_6_LONG = 8
    OTHER_AGENTS = 16  # other vendors' agents with a plan's login


NOTHING_EXCLUDED = Excluded(0)


def exclusions_of(model: str, prompt_tokens: int, *, is_fast: bool, is_other_agent: bool) -> Excluded:
    """The exclusions that a call falls under; `model` is a canonical id, `prompt_tokens` input, reads and writes."""
    return _exclusions(model, prompt_tokens > LONG_PROMPT_TOKENS, is_fast, is_other_agent)


@cache
def _exclusions(model: str, is_long: bool, is_fast: bool, is_other_agent: bool) -> Excluded:
    found = Excluded(0)
    if is_fast:
        found |= Excluded.FAST
    if is_other_agent:
        found |= Excluded.OTHER_AGENTS
    if model.startswith(("claude-fable-", "claude-mythos-")):
        found |= Excluded.FABLE
    if is_long:
        if "-opus-" in model:
            found |= Excluded.OPUS_LONG
        if model.startswith("claude-sonnet-4-6"):
            found |= Excluded.SONNET_4_6_LONG
    return found


class Range(NamedTuple):
    """Low, middle and high estimate, in dollars or limit units."""

    low: float
    mid: float
    high: float

    @classmethod
    def around(cls, mid: float) -> "Range":
        """The range with the default spread around a middle (MODEL section 12)."""
        spread = DEFAULTS.capacity_spread_share
        return cls(mid * (1 - spread), mid, mid * (1 + spread))

    def at(self, share: float) -> float:
        """The value at a position 0..1 in the range: logarithmic, with `mid` at 0.5."""
        start, end, part = (self.low, self.mid, 2 * share) if share < 0.5 else (self.mid, self.high, 2 * share - 1)
        return start * math.exp(part * math.log(end / start))

    def times(self, factor: float) -> "Range":
        """The range scaled."""
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    @property
    def is_valid(self) -> bool:
        """Whether the three are in order and finite."""
        return 0 < self.low <= self.mid <= self.high and math.isfinite(self.high)


class Origin:
    """Where a capacity comes from, best first."""

    METER = "your meter"
    SETTINGS = "your settings"
    SCALED = "your meter on another plan, scaled by the published ratio"
    REFUSALS = "refusals in your records"
    PUBLISHED = "published"
    UNKNOWN = "unknown"


class Size(NamedTuple):
    """Capacity of a window: API-equivalent dollars as logged or, with a read weight, limit units (MODEL 9.3)."""

    amount: Range
    read_weight: float | None = None
    unit_usd: float = 1.0  # as-logged dollars per unit, for the user's mix

    @property
    def usd(self) -> Range:
        """The size in as-logged dollars of the user's mix."""
        return self.amount.times(self.unit_usd)

    def times(self, factor: float) -> "Size":
        """The size of `factor` windows together."""
        return self._replace(amount=self.amount.times(factor))


@dataclass(frozen=True, slots=True)
class Capacity:
    """Capacities of a plan's windows. None for an existing window means unknown."""

    week: Size | None = None
    five_hour: Size | None = None
    origin: str = Origin.UNKNOWN
    detail: str = ""

    def times(self, factor: float) -> "Capacity":
        """Both windows scaled."""
        return replace(
            self,
            week=None if self.week is None else self.week.times(factor),
            five_hour=None if self.five_hour is None else self.five_hour.times(factor),
        )

    def with_gaps_from(self, known: "Capacity") -> "Capacity":
        """This capacity, with missing sizes taken from `known`."""
        return replace(self, week=self.week or known.week, five_hour=self.five_hour or known.five_hour)


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to pay as of one day. Amounts in nano-dollars per seat and month, before tax."""

    id: str
    name: str
    monthly_nano: int
    annual_nano: int | None = None
    has_five_hour: bool = False
    has_week: bool = False
    excludes: Excluded = NOTHING_EXCLUDED
    is_metered: bool = False  # no allowance: all use at API prices
    is_for_groups: bool = False
    api_credit_nano: int = 0  # shown, never subtracted: it cannot be spent in Claude Code
    valid_from: str = ""
    source: str = ""
    checked_on: str = ""
    published: Capacity = Capacity()  # measured by others

    def fee_usd(self, *, seats: int = 1, annual: bool = False, tax: float = 0.0) -> float:
        """Dollars per month for all seats, with tax; the annual price if requested and available."""
        per_seat = self.annual_nano if annual and self.annual_nano is not None else self.monthly_nano
        return seats * per_seat * (1 + tax) / NANO_PER_USD

    def knows(self, capacity: Capacity) -> bool:
        """Whether every limit of the plan has a known size."""
        return (capacity.week is not None or not self.has_week) and (
            capacity.five_hour is not None or not self.has_five_hour
        )

"""What a plan is: a fee, windows that limit work, work that it never covers, and how much fits in a window.

Capacities are ranges with an origin, or unknown. Nothing here guesses a capacity that nobody measured.
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
    """Work that a plan may leave out; it is then billed at API prices (PRICES section 3.5)."""

    FAST = 1
    FABLE = 2
    OPUS_LONG = 4
    SONNET_4_6_LONG = 8
    OTHER_AGENTS = 16  # agents of other makers with a plan's login


NOTHING_EXCLUDED = Excluded(0)


def exclusions_of(model: str, prompt_tokens: int, *, is_fast: bool, is_other_agent: bool) -> Excluded:
    """Which exclusions a call falls under; `model` is a canonical id, the prompt counts input, reads and writes."""
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
    """Low, middle and high of something uncertain, in dollars or limit units."""

    low: float
    mid: float
    high: float

    @classmethod
    def around(cls, mid: float) -> "Range":
        """The default spread about a middle (MODEL section 12)."""
        spread = DEFAULTS.capacity_spread_share
        return cls(mid * (1 - spread), mid, mid * (1 + spread))

    def at(self, share: float) -> float:
        """The value at a share of 0..1 of the range: logarithmic, low to mid to high in equal halves."""
        start, end, part = (self.low, self.mid, 2 * share) if share < 0.5 else (self.mid, self.high, 2 * share - 1)
        return start * math.exp(part * math.log(end / start))

    def times(self, factor: float) -> "Range":
        """The range scaled."""
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    @property
    def is_valid(self) -> bool:
        """Whether the three are in order and can be reached."""
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
    """What fits in a window: API-equivalent dollars as logged or, with a read weight, limit units (MODEL 9.3)."""

    amount: Range
    read_weight: float | None = None
    unit_usd: float = 1.0  # as-logged dollars that a unit is in the user's mix

    @property
    def usd(self) -> Range:
        """In as-logged dollars of the user's mix."""
        return self.amount.times(self.unit_usd)

    def times(self, factor: float) -> "Size":
        """So many windows in one."""
        return self._replace(amount=self.amount.times(factor))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What fits in the windows of a plan. `None` for a window that exists means unknown."""

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
        """The same, its windows of no size as in `known`."""
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
    published: Capacity = Capacity()  # what others measured

    def fee_usd(self, *, seats: int = 1, annual: bool = False, tax: float = 0.0) -> float:
        """Dollars a month for all seats, tax included; the annual price where there is one and it is asked for."""
        per_seat = self.annual_nano if annual and self.annual_nano is not None else self.monthly_nano
        return seats * per_seat * (1 + tax) / NANO_PER_USD

    def knows(self, capacity: Capacity) -> bool:
        """Whether every limit of the plan has a known size."""
        return (capacity.week is not None or not self.has_week) and (
            capacity.five_hour is not None or not self.has_five_hour
        )

"""A nudge: one evaluation with its inputs, and one line of at most 120 characters that names the action.

Users who pay per call see dollars, users on a plan see plan usage. Without calibrated limit units a plan gets waste
nudges only, because the weight of a read is unknown (MODEL section 7).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from store.money import NANO_PER_USD, short_usd
from store.plain_text import plain
from tracker.model.advice.compaction import CompactionShape
from tracker.model.advice.fresh_start import Orientation
from tracker.model.advice.saving import SavingRange
from tracker.model.cost.rates import Rates, Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.horizon import CallsAhead, calls_ahead

LONGEST_TEXT = 120
_CENT = NANO_PER_USD // 100
PAYS = "pays"  # the usual reason of a fired nudge
InputValue = str | int | float | bool | None


class NudgeKind:
    """Names in the nudge log."""

    COMPACT = "compact"
    NEW_SESSION = "new_session"
    BEFORE_EXPIRY = "before_expiry"
    ANSWER_NOW = "answer_now"
    COLD_RESUME = "cold_resume"
    TTL = "ttl"
    ROUTING = "routing"
    BASELINE = "baseline"
    LARGE_RESULT = "large_result"
    MISS_STORM = "miss_storm"


WASTE_KINDS = frozenset({NudgeKind.COLD_RESUME, NudgeKind.MISS_STORM, NudgeKind.BASELINE})


@dataclass(frozen=True, slots=True)
class Meter:
    """A calibrated window of a plan."""

    read_weight: float  # limit units per nano-dollar of reads, 0..1
    nano_per_percent: float  # limit units, as nano-dollars, per 1 % of the window
    window: str
    counts_dollars: bool = False  # limit units fit no better than dollars at list price, so dollars are used


@dataclass(frozen=True, slots=True)
class Billing:
    """How the user pays, which decides the currency and the kinds of nudges."""

    is_plan: bool = False
    meter: Meter | None = None  # None until calibrated

    @property
    def unit_read_weight(self) -> float | None:
        """Weight of a read in limit units; None if the currency is dollars at list price."""
        return None if self.meter is None or self.meter.counts_dollars else self.meter.read_weight

    def permits(self, kind: str) -> bool:
        """False for nudges about re-reading if the weight of reads is zero or unknown."""
        if not self.is_plan or kind in WASTE_KINDS:
            return True
        return self.meter is not None and self.meter.read_weight > DEFAULTS.weightless_read_share

    def tariff(self, rates: Rates, ttl_ms: int | None, *, is_cached: bool = True) -> Tariff:
        """The tariff at list prices, or in limit units if calibrated. Without a cache, all that is sent is input."""
        rates = rates if is_cached else rates.uncached()
        weight = self.unit_read_weight
        if weight is None:
            return rates.tariff(ttl_ms)
        return rates.limit_tariff(weight if is_cached else 1.0)

    def amount(self, nano: float) -> str | None:
        """An amount in the user's currency; None if it can only be called "plan usage"."""
        if not self.is_plan:
            return short_usd(round(nano))
        if self.meter is None:
            return None
        percent = round(nano / self.meter.nano_per_percent, 1) or 0.0  # no "-0.0%"
        return f"{percent:.1f}%"


@dataclass(frozen=True, slots=True)
class Situation:
    """A session at the moment of advice; the tariff is in the user's currency (Billing.tariff)."""

    context: int
    shape: CompactionShape
    orientation: Orientation
    tariff: Tariff
    billing: Billing
    cold_probability: float
    remaining_calls: float  # m, given another turn
    remaining_calls_of_a_fresh_session: float  # m(0)
    calls_to_auto_compaction: float
    trigger_tokens: int  # context at which that happens
    mean_calls_per_turn: float

    @property
    def calls_ahead(self) -> CallsAhead:
        """Calls over which an action now saves something, if the user goes on."""
        return calls_ahead(self.remaining_calls, self.calls_to_auto_compaction)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of one kind of nudge, fired or not; logged in full."""

    kind: str
    fired: bool
    reason: str
    text: str | None  # always set if fired; may be set otherwise, for a price that is shown but not delivered
    saving: SavingRange | None
    payback_turns: float | None
    inputs: Mapping[str, InputValue] = field(default_factory=dict)
    subject: str | None = None  # what it is about, for kinds with several subjects

    @property
    def expected_value_nano(self) -> int:
        """The value that nudges are ranked by."""
        return self.saving.point_nano if self.saving else 0


def payback_phrase(turns: float | None) -> str:
    """Break-even in whole turns, rounded up, as text."""
    if turns is None:
        return ""
    if turns <= 0:
        return ", pays at once"
    whole = math.ceil(turns)
    return f", back in {whole} turn{'' if whole == 1 else 's'}"


def saving_phrase(billing: Billing, saving: SavingRange, turns: float | None) -> str:
    """Saving with its range and payback, in the user's currency."""
    unit = _CENT if abs(saving.point_nano) >= _CENT else 1  # the ends of a range get no more digits than its middle
    ends = (round(nano / unit) * unit for nano in (saving.low_nano, saving.high_nano))
    point, low, high = (billing.amount(nano) for nano in (saving.point_nano, *ends))
    if point is None:
        return f"saves plan usage{payback_phrase(turns)}"
    of_what = f" of the {billing.meter.window}" if billing.meter is not None else ""
    return f"saves ~{point}{of_what} ({low} to {high}){payback_phrase(turns)}"


def one_line(action: str, effect: str) -> str:
    """`action: effect` within the maximum length; only the action is cut, never the figures."""
    room = LONGEST_TEXT - len(effect) - 2
    action = plain(action)  # it may hold a command or a file's name
    shown = action if len(action) <= room else action[: max(0, room - 1)].rstrip() + "…"
    return f"{shown}: {effect}"[:LONGEST_TEXT]


def thousands(tokens: float) -> str:
    """A token count in thousands, as text."""
    return f"{tokens / 1000:.0f}k"


def evaluated(
    kind: str,
    billing: Billing,
    *,
    reason: str,
    text: str,
    saving: SavingRange | None,
    inputs: Mapping[str, InputValue],
    fired: bool | None = None,
    payback_turns: float | None = 0.0,
    subject: str | None = None,
) -> Evaluation:
    """Build an evaluation. It never fires if `billing` does not permit the kind.

    Without `fired`, it fires if the reason is `PAYS`. `text` is shown only if it fires.
    """
    fired = reason == PAYS if fired is None else fired
    if fired and not billing.permits(kind):
        fired, reason = False, "off: the weight of a read in this plan's limits is zero or unknown"
    return Evaluation(kind, fired, reason, text if fired else None, saving, payback_turns, inputs, subject)

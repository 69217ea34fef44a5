"""What a nudge is: one evaluation with its inputs, and one line of at most 120 characters that names the action.

Dollars are for users who pay by the call. A plan's user hears of plan usage; without calibrated limit units only
waste nudges remain, because nobody knows what a read weighs there (MODEL section 7).
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
PAYS = "pays"  # the reason of most nudges that fire
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

    read_weight: float  # of a read in limit units, 0..1
    nano_per_percent: float  # limit units, as nano-dollars, per 1 % of the window
    window: str
    counts_dollars: bool = False  # its units are no better than dollars at list price, so these are its units


@dataclass(frozen=True, slots=True)
class Billing:
    """How the user pays, as far as it decides currency and kinds of nudges."""

    is_plan: bool = False
    meter: Meter | None = None  # of the plan; None while not calibrated

    @property
    def unit_read_weight(self) -> float | None:
        """Weight of a read where limit units are the currency; None where dollars at list price are."""
        return None if self.meter is None or self.meter.counts_dollars else self.meter.read_weight

    def permits(self, kind: str) -> bool:
        """False for nudges about re-reading where reads weigh nothing, or nobody knows what they weigh."""
        if not self.is_plan or kind in WASTE_KINDS:
            return True
        return self.meter is not None and self.meter.read_weight > DEFAULTS.weightless_read_share

    def tariff(self, rates: Rates, ttl_ms: int | None) -> Tariff:
        """List prices, or limit units where they are calibrated."""
        weight = self.unit_read_weight
        return rates.tariff(ttl_ms) if weight is None else rates.limit_tariff(weight)

    def amount(self, nano: float) -> str | None:
        """An amount in the user's currency; None where only "plan usage" can be named."""
        if not self.is_plan:
            return short_usd(round(nano))
        if self.meter is None:
            return None
        percent = round(nano / self.meter.nano_per_percent, 1) or 0.0  # no "-0.0%"
        return f"{percent:.1f}%"


@dataclass(frozen=True, slots=True)
class Situation:
    """A session at the moment of advice; the tariff is already in the user's currency (Billing.tariff)."""

    context: int
    shape: CompactionShape
    orientation: Orientation
    tariff: Tariff
    billing: Billing
    cold_probability: float
    remaining_calls: float  # m, given another turn
    remaining_calls_of_a_fresh_session: float  # m(0)
    calls_to_auto_compaction: float
    trigger_tokens: int  # where that is
    mean_calls_per_turn: float

    @property
    def calls_ahead(self) -> CallsAhead:
        """Calls over which what is done now saves something if the user goes on."""
        return calls_ahead(self.remaining_calls, self.calls_to_auto_compaction)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of one kind of nudge, fired or not; all of it goes into the log."""

    kind: str
    fired: bool
    reason: str
    text: str | None  # a fired nudge always has one; a price that is shown but not delivered may have one
    saving: SavingRange | None
    payback_turns: float | None
    inputs: Mapping[str, InputValue] = field(default_factory=dict)
    subject: str | None = None  # what the notice is about, where one kind speaks of several things

    @property
    def expected_value_nano(self) -> int:
        """What ranks nudges against each other."""
        return self.saving.point_nano if self.saving else 0


def payback_phrase(turns: float | None) -> str:
    """Break-even in whole turns, rounded up."""
    if turns is None:
        return ""
    if turns <= 0:
        return ", pays at once"
    whole = math.ceil(turns)
    return f", back in {whole} turn{'' if whole == 1 else 's'}"


def saving_phrase(billing: Billing, saving: SavingRange, turns: float | None) -> str:
    """Saving with its range and payback, in the user's currency."""
    unit = _CENT if abs(saving.point_nano) >= _CENT else 1  # the ends of a range need no more digits than its middle
    ends = (round(nano / unit) * unit for nano in (saving.low_nano, saving.high_nano))
    point, low, high = (billing.amount(nano) for nano in (saving.point_nano, *ends))
    if point is None:
        return f"saves plan usage{payback_phrase(turns)}"
    of_what = f" of the {billing.meter.window}" if billing.meter is not None else ""
    return f"saves ~{point}{of_what} ({low} to {high}){payback_phrase(turns)}"


def one_line(action: str, effect: str) -> str:
    """`action: effect` within the longest text; the action gives way, never the figures."""
    room = LONGEST_TEXT - len(effect) - 2
    action = plain(action)  # it may hold a command or a file's name
    shown = action if len(action) <= room else action[: max(0, room - 1)].rstrip() + "…"
    return f"{shown}: {effect}"[:LONGEST_TEXT]


def thousands(tokens: float) -> str:
    """Tokens in thousands, as people write them."""
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
    """An evaluation; `text` is shown if it fires, which it does not where `billing` does not permit the kind.

    Unless `fired` says so, it fires where the reason is that it pays.
    """
    fired = reason == PAYS if fired is None else fired
    if fired and not billing.permits(kind):
        fired, reason = False, "off: what a read weighs in this plan's limits is nothing or not known"
    return Evaluation(kind, fired, reason, text if fired else None, saving, payback_turns, inputs, subject)

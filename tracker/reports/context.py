"""The context report: growth of a session's context, cost of the next turns, and three options (MODEL 5 to 7).

Growth, forecast and options are modelled; the JSON has their assumptions. Everything else is measured or priced.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from store.money import short_usd, usd
from store.nudges import NudgeRow, chosen_nudges
from store.prices import stored_prices
from store.reads.live_session import LiveCall, LiveSession, is_answered, latest_turns, was_cut
from store.tasks import floors
from tracker.advisor.assessment import assess
from tracker.advisor.billing import billing_of
from tracker.advisor.evaluate import Moment
from tracker.advisor.habits import Habits
from tracker.advisor.preferences import Preferences
from tracker.advisor.state import RESETS, SessionState, load_state
from tracker.clock import iso, now_ms
from tracker.model.advice.idle import cold_penalty_nano, keep_warm_pings
from tracker.model.advice.nudge import Billing, payback_phrase
from tracker.model.advice.options import Option, OptionKind, Options, calls_in_turns, price_options
from tracker.model.advice.session_nudges import option_kind_of
from tracker.model.cache.cache_life import is_expired, written_ttl
from tracker.model.cost.rates import Rates
from tracker.model.defaults import HOUR_MS, MINUTE_MS
from tracker.model.forecast.auto_compaction import TriggerSource
from tracker.model.forecast.growth import (
    CallsPerTurn,
    GrowthEstimate,
    next_call_nano,
    rent_crossover_tokens,
)
from tracker.reports.json_values import rounded
from tracker.words import counted, tokens

NAMES = {OptionKind.CONTINUE: "go on", OptionKind.COMPACT: "compact", OptionKind.NEW_SESSION: "new session"}


class Prospect(NamedTuple):
    """Forecast and options of a session; modelled."""

    turns: int | None  # requested number; None: the expected rest of the session, given another turn
    estimate: GrowthEstimate
    options: Options
    until_compaction: bool  # whether the client will compact before that many calls
    level: float
    trigger: int  # tokens at which the client compacts automatically
    trigger_source: TriggerSource
    to_compaction: int  # calls, at least one
    next_call: int  # nano-dollars; on a cold cache with the penalty
    next_turn: Options  # `options` over one turn
    cold_penalty: int  # extra nano-dollars of the next call once the cache has expired
    pings: int | None  # number of keep-warm prompts that pay; None if the cache lifetime is unknown
    crossover: float
    per_turn: CallsPerTurn


class ContextReport(NamedTuple):
    """A session's context; `prospect` is None if the model has no price, or from a reset to the next call."""

    session: LiveSession
    calls: Sequence[LiveCall]
    model: str
    context: int  # of the last call
    was_reset: bool  # the context was cut after that call: its size is unknown until the next one
    baseline: int
    peak: int
    resets: int
    ttl_ms: int | None
    is_cold: bool
    idle_ms: int
    prospect: Prospect | None

    @property
    def lifetime(self) -> str:
        """`1 h cache`; empty if the lifetime is unknown."""
        if self.ttl_ms is None:
            return ""
        return (
            f"{self.ttl_ms // HOUR_MS} h cache" if self.ttl_ms >= HOUR_MS else f"{self.ttl_ms // MINUTE_MS} min cache"
        )

    @property
    def size(self) -> str:
        """`120k now`, or `120k until it was cut`."""
        return f"{tokens(self.context)} {'until it was cut' if self.was_reset else 'now'}"

    @property
    def why_no_forecast(self) -> str:
        """Why there is no prospect; only if there is none."""
        return "the context was cut; the next call shows its size" if self.was_reset else "the model has no price"

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": 1,
            "session": self.session.native_id,
            "agent": self.session.agent,
            "project": self.session.project,
            "title": self.session.title,
            "model": self.model,
            "last_at": iso(self.calls[-1].last_at),
            "calls": len(self.calls),
            "context": self.context,
            "was_reset": self.was_reset,
            "baseline": self.baseline,
            "peak": self.peak,
            "resets": self.resets,
            "cache": {
                "ttl_minutes": None if self.ttl_ms is None else self.ttl_ms // MINUTE_MS,
                "is_cold": self.is_cold,
                "idle_seconds": self.idle_ms // 1000,
            },
            "prospect": None if self.prospect is None else prospect_json(self.prospect),
            "curve": [
                {"at": iso(call.first_at), "context": call.context, "epoch": call.epoch, "miss": call.cause}
                for call in self.calls
            ],
        }


def prospect_json(ahead: Prospect) -> dict[str, Any]:
    """Modelled figures with the assumptions behind them."""
    options = ahead.options
    return {
        "label": "modelled",
        "growth_per_call": round(ahead.estimate.growth),
        "output_per_call": round(ahead.estimate.output),
        "next_call_usd": usd(ahead.next_call),
        "next_turn": {
            "calls": ahead.next_turn.calls,
            "cost_usd": usd(ahead.next_turn.go_on.cost_nano),
            "p10_usd": usd(ahead.next_turn.go_on.low_nano),
            "p90_usd": usd(ahead.next_turn.go_on.high_nano),
        },
        "keep_warm_pings": ahead.pings,
        "rent_exceeds_rest_above": None if ahead.crossover == float("inf") else round(ahead.crossover),
        "compact_level": round(ahead.level),
        "auto_compaction_at": ahead.trigger,
        "auto_compaction_source": ahead.trigger_source,
        "calls_to_auto_compaction": ahead.to_compaction,
        "turns": ahead.turns,
        "calls": options.calls,
        "until_auto_compaction": ahead.until_compaction,
        "calls_per_turn": {
            "mean": round(ahead.per_turn.mean, 2),
            "p10": round(ahead.per_turn.p10, 2),
            "p90": round(ahead.per_turn.p90, 2),
        },
        "forecast": {
            "cost_usd": usd(options.forecast.point_nano),
            "p10_usd": usd(options.forecast.low_nano),
            "p90_usd": usd(options.forecast.high_nano),
            "band": options.forecast.band.source,
            "condition": options.forecast.condition,
        },
        "options": [_option_json(one) for one in options.ways],
        "best": options.best.kind,
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "kind": option.kind,
        "cost_usd": usd(option.cost_nano),
        "p10_usd": usd(option.low_nano),
        "p90_usd": usd(option.high_nano),
        "saves_usd": usd(option.saving.point_nano),
        "payback_turns": rounded(option.payback_turns, 2),
    }


def context_report(
    db: sqlite3.Connection,
    session_id: int,
    habits: Habits,
    preferences: Preferences,
    *,
    turns: int | None = None,
    now: int | None = None,
) -> ContextReport | None:
    """The report of one session over the next `turns` turns, or its expected rest; None if it has no own call.

    `habits`: with the session's agent (tracker.advisor.habits); `preferences`: those that its nudges use.
    """
    state = load_state(db, session_id, floors(db))
    if state is None:
        return None
    calls, last = state.calls, state.last
    moment = now_ms() if now is None else now
    ttl_ms = written_ttl(last.write_5m, last.write_1h) or last.ttl_ms
    idle_ms = abs(moment - last.last_at)  # a time ahead of the clock counts like one behind it
    is_cold = is_expired(idle_ms, ttl_ms)
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}.get(last.price_id or "")
    prospect = (
        None
        if rates is None or state.was_reset
        else _prospect(state, rates, habits, preferences, turns, ttl_ms, is_cold=is_cold)
    )
    return ContextReport(
        session=state.session,
        calls=calls,
        model=last.model,
        context=last.context,
        was_reset=state.was_reset,
        baseline=state.first_prompt,
        peak=max(call.context for call in calls),
        resets=len({call.epoch for call in calls}) - 1,
        ttl_ms=ttl_ms,
        is_cold=is_cold,
        idle_ms=idle_ms,
        prospect=prospect,
    )


def open_nudge(db: sqlite3.Connection, session_id: int, preferences: Preferences, now_ms: int) -> NudgeRow | None:
    """A session's current nudge, unless dismissed, settled, switched off, or outdated by a prompt.

    None once the context was cut, as in the advice file.
    """
    if was_cut(db, session_id, RESETS):
        return None
    turn = next(reversed(latest_turns(db, session_id, 1)), None)
    for row in chosen_nudges(db, session_id):
        if row.moment == Moment.PROMPT and turn is not None and is_answered(db, session_id, turn):
            continue  # too late to start its work in a new session
        is_open = row.due_at <= now_ms < row.expires_at and row.dismissed_at is None and row.followed is None
        is_open = is_open and row.kind in preferences.enabled
        if is_open and (turn is None or row.anchor == turn.prompt_uuid or row.at >= turn.at):
            return row
    return None


def advised(options: Options, nudge: NudgeRow | None) -> Option:
    """The option to recommend: the one of the open nudge, so that there is one answer; else the cheapest."""
    way = option_kind_of(nudge.kind, json.loads(nudge.inputs)) if nudge is not None else None
    return next((one for one in options.ways if one.kind == way), options.best)


def horizon(ahead: Prospect) -> str:
    """Describes the calls that the options are priced over."""
    if ahead.turns is None:
        return "the likely rest of the session"
    return "until compaction" if ahead.until_compaction else f"the next {counted(ahead.turns, 'turn')}"


def effect(option: Option) -> str:
    """Effect of an alternative: `saves $1.25, back in 3 turns`."""
    saved = option.saving.point_nano
    if saved > 0:
        return f"saves {short_usd(saved)}{payback_phrase(option.payback_turns)}"
    return f"costs {short_usd(-saved)} more" if saved else "saves nothing"


def _prospect(
    state: SessionState,
    rates: Rates,
    habits: Habits,
    preferences: Preferences,
    turns: int | None,
    ttl_ms: int | None,
    *,
    is_cold: bool,
) -> Prospect:
    """The prospect, in dollars even on a plan; only the level is the one that nudges use."""
    assessment = assess(state, habits, rates, Billing())
    billing = billing_of(state.session, preferences, habits)
    weighed = assess(state, habits, rates, billing, quiet=preferences.quiet)
    here, estimate = assessment.situation, assessment.estimate
    to_compaction = here.calls_to_auto_compaction

    def options_over(turns: int | None) -> Options:
        calls = here.calls_ahead if turns is None else calls_in_turns(habits.calls_per_turn, turns, to_compaction)
        return price_options(
            here,
            calls,
            estimate,
            habits.band(state.last.model, calls.point),
            is_cold=is_cold,
        )

    to_come = here.remaining_calls if turns is None else habits.calls_per_turn.calls_in(turns)
    warm_call = next_call_nano(here.context, estimate.growth, estimate.output, here.tariff)
    cold_penalty = round(cold_penalty_nano(here.context, here.shape.static_floor, here.tariff))
    return Prospect(
        turns=turns,
        estimate=estimate,
        options=options_over(turns),
        until_compaction=round(to_compaction) < round(to_come),
        level=weighed.level,
        trigger=assessment.trigger.tokens,
        trigger_source=assessment.trigger.source,
        to_compaction=max(1, round(to_compaction)),
        next_call=round(warm_call) + (cold_penalty if is_cold else 0),
        next_turn=options_over(1),
        cold_penalty=cold_penalty,
        pings=None if ttl_ms is None else keep_warm_pings(rates, ttl_ms),
        crossover=rent_crossover_tokens(estimate.growth, estimate.output, here.tariff),
        per_turn=habits.calls_per_turn,
    )

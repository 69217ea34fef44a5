"""The context report: how a session's context grew, what the next turns cost, and three ways to go on (MODEL 5 to 7).

Growth, forecast and options are modelled; their assumptions stand in the JSON. Everything else is measured or priced.
"""

import sqlite3
import statistics
import time
from itertools import pairwise
from typing import Any, NamedTuple

from store.context_reads import (
    ContextCall,
    ContextSession,
    compaction_triggers,
    earlier_sessions,
    floor_of,
    main_calls,
    pool_calls,
    turn_sizes,
)
from store.money import usd
from store.queries import stored_prices
from store.records import CallFlag
from tracker.model.compaction import LevelInputs, compact_level, level_inputs
from tracker.model.defaults import DEFAULTS, MINUTE_MS, TTL_1H_MS, TTL_5M_MS
from tracker.model.forecast import EpochCall, band_for, bucket_of, epoch_residuals
from tracker.model.fresh_start import Orientation
from tracker.model.growth import (
    CallsPerTurn,
    CallsToCompaction,
    GrowthEstimate,
    GrowthPool,
    calls_per_turn,
    calls_to_compaction,
    estimate_growth,
    growth_pool,
    next_call_nano,
    rent_crossover_tokens,
)
from tracker.model.horizon import cold_probability
from tracker.model.idle import is_expired
from tracker.model.misses import MissKind
from tracker.model.options import Option, Options, Outlook, price_options
from tracker.model.rates import Rates, Tariff
from tracker.reports.times import iso

_POOL_CALLS = 20_000
_POOL_TURNS = 2_000
_LARGE_WINDOW_TRIGGER = 967_000  # where clients compact a window of a million tokens


class Prospect(NamedTuple):
    """What lies ahead of a session; modelled."""

    estimate: GrowthEstimate
    options: Options
    level: float
    trigger: int
    to_compaction: CallsToCompaction | None
    next_call: int
    crossover: float
    turns: CallsPerTurn


class ContextReport(NamedTuple):
    """A session's context; `prospect` is None where the model has no price."""

    session: ContextSession
    calls: list[ContextCall]
    model: str
    context: int
    baseline: int
    peak: int
    resets: int
    ttl_ms: int | None
    is_cold: bool
    idle_ms: int
    prospect: Prospect | None

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
        "rent_exceeds_rest_above": None if ahead.crossover == float("inf") else round(ahead.crossover),
        "compact_level": round(ahead.level),
        "auto_compaction_at": ahead.trigger,
        "calls_to_auto_compaction": None if ahead.to_compaction is None else round(ahead.to_compaction.mean),
        "turns": options.turns,
        "calls": options.calls,
        "calls_per_turn": {"mean": round(ahead.turns.mean, 2), "p10": ahead.turns.p10, "p90": ahead.turns.p90},
        "forecast": {
            "cost_usd": usd(options.forecast.point_nano),
            "p10_usd": usd(options.forecast.low_nano),
            "p90_usd": usd(options.forecast.high_nano),
            "band": options.forecast.band.source,
            "condition": options.forecast.condition,
        },
        "options": [_option_json(one) for one in (options.go_on, options.compact, options.new_session)],
        "best": options.best.kind,
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "kind": option.kind,
        "cost_usd": usd(option.cost_nano),
        "p10_usd": usd(option.low_nano),
        "p90_usd": usd(option.high_nano),
        "saves_usd": usd(option.saving.point_nano),
        "payback_turns": None if option.payback_turns is None else round(option.payback_turns, 2),
    }


def context_report(
    db: sqlite3.Connection, session: ContextSession, *, turns: int = 8, now: int | None = None
) -> ContextReport | None:
    """The report of one session over the next `turns` turns; None if it has no call of its own."""
    calls = [call for call in main_calls(db, session.id) if call.context and not call.flags & CallFlag.ITERATION]
    if not calls:
        return None
    last = calls[-1]
    moment = int(time.time() * 1000) if now is None else now
    ttl_ms = _ttl_after(last)
    idle_ms = max(0, moment - last.last_at)
    is_cold = is_expired(idle_ms, ttl_ms)
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}.get(last.price_id or "")
    prospect = None
    if rates is not None:
        prospect = _prospect(db, session, calls, rates.tariff(ttl_ms), turns, is_cold=is_cold)
    return ContextReport(
        session,
        calls,
        last.model,
        last.context + last.output,
        calls[0].context,
        max(call.context for call in calls),
        len({call.epoch for call in calls}) - 1,
        ttl_ms,
        is_cold,
        idle_ms,
        prospect,
    )


def _ttl_after(call: ContextCall) -> int | None:
    if call.write_1h and not call.write_5m:
        return TTL_1H_MS
    return TTL_5M_MS if call.write_5m and not call.write_1h else call.ttl_ms


def _epochs(calls: list[ContextCall]) -> list[list[ContextCall]]:
    """Calls of each stretch between two resets."""
    found: dict[tuple[int, int], list[ContextCall]] = {}
    for call in calls:
        if call.context and not call.flags & CallFlag.ITERATION:
            found.setdefault((call.session_id, call.epoch), []).append(call)
    return list(found.values())


def _increments(epoch: list[ContextCall]) -> list[int]:
    return [after.context - before.context for before, after in pairwise(epoch)]


def _prospect(
    db: sqlite3.Connection,
    session: ContextSession,
    calls: list[ContextCall],
    tariff: Tariff,
    turns: int,
    *,
    is_cold: bool,
) -> Prospect:
    last = calls[-1]
    pooled = pool_calls(db, last.model, _POOL_CALLS)
    epochs = _epochs(pooled)
    pool = growth_pool([step for epoch in epochs for step in _increments(epoch)], [call.output for call in pooled])
    current = [call for call in calls if call.epoch == last.epoch]
    estimate = estimate_growth(_increments(current), [call.output for call in current], pool)
    sizes = turn_sizes(db, _POOL_TURNS)
    per_turn = calls_per_turn([size for size, _, _ in sizes])
    cold = cold_probability(sum(call.kind == MissKind.MAJOR for call in pooled), len(pooled))
    context = last.context + last.output
    trigger = _trigger(db, max(call.context for call in calls))
    growths = [end - begin for _, begin, end in sizes if begin and end and end > begin]
    inputs: LevelInputs = level_inputs(
        first_call_context=calls[0].context,
        median_first_call_context=_median([epoch[0].context for epoch in epochs if epoch[0].epoch == 0]),
        static_floor=floor_of(db, last.model, last.version),
        pool_growth=pool.growth,
        turn_growth=sum(growths) / len(growths) if growths else None,
        output=estimate.output,
        cold_probability=cold,
        trigger_tokens=trigger,
        earlier_sessions=earlier_sessions(db, session.id),
    )
    to_compaction = calls_to_compaction(context, trigger, estimate)
    ended = [epoch for epoch in epochs if epoch[-1] != last]
    options = price_options(
        Outlook(
            context=context,
            is_cold=is_cold,
            shape=inputs.shape,
            orientation=Orientation(),
            estimate=estimate,
            tariff=tariff,
            cold_probability=cold,
            calls_per_turn=per_turn,
            calls_to_auto_compaction=None if to_compaction is None else to_compaction.mean,
            band=band_for(
                per_turn.calls_in(turns), _residuals(ended, bucket_of(per_turn.calls_in(turns)), pool, tariff)
            ),
        ),
        turns,
    )
    return Prospect(
        estimate,
        options,
        compact_level(inputs, tariff),
        trigger,
        to_compaction,
        round(next_call_nano(context, estimate.growth, estimate.output, tariff)),
        rent_crossover_tokens(estimate.growth, estimate.output, tariff),
        per_turn,
    )


def _residuals(ended: list[list[ContextCall]], bucket: int, pool: GrowthPool, tariff: Tariff) -> dict[int, list[float]]:
    """How far forecasts over ended epochs were off, for the bucket at hand."""
    found: list[float] = []
    for epoch in ended:
        sized = [EpochCall(call.context, call.output, call.cost) for call in epoch if call.cost is not None]
        found += epoch_residuals(sized, bucket, pool, tariff)
    return {bucket: found}


def _trigger(db: sqlite3.Connection, peak: int) -> int:
    """Where the client compacts by itself: what it did before, else by the size of its window.

    What it did in smaller windows than this session's says nothing.
    """
    seen = [size for size in compaction_triggers(db) if size >= peak]
    if seen:
        return round(statistics.median(seen))
    small = DEFAULTS.auto_compact_trigger_tokens
    return small if peak <= small else _LARGE_WINDOW_TRIGGER


def _median(values: list[int]) -> float | None:
    return statistics.median(values) if values else None

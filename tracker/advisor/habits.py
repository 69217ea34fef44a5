"""The user's habits with an agent (MODEL sections 5 to 7): measured from the latest sessions and cached in the ledger.

Measuring reads up to twenty thousand calls and takes up to a second, so it is done when the process is idle.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from functools import cached_property, partial
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

import msgspec

from store.ledger import unless_busy
from store.meta import store_habits, stored_habits
from store.prices import stored_prices
from store.reads import habits as stored
from store.reads.habits import HabitCall, HabitTurn
from store.records import CallFlag
from tracker.advisor.compactions import aftermath, triggers
from tracker.advisor.meter import read_meter
from tracker.clock import day_start_ms, local
from tracker.model.advice.compaction import Aftermath
from tracker.model.advice.fresh_start import Orientation
from tracker.model.advice.habits import TurnProfile
from tracker.model.advice.nudge import Meter
from tracker.model.advice.ttl_choice import CachedCall, TtlChoice, choose_ttl
from tracker.model.cache.miss_causes import Cause
from tracker.model.cache.misses import MissKind
from tracker.model.cost.rates import PICO_PER_NANO, Rates, has_cache
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS
from tracker.model.forecast.growth import CallsPerTurn, GrowthPool, calls_per_turn, growth_pool
from tracker.model.forecast.horizon import CallsRange, IdleGap, SessionLength, remaining_calls
from tracker.model.forecast.next_calls import BUCKETS, Band, EpochCall, band_for, bucket_of, epoch_residuals
from tracker.model.plans.load import days_between
from tracker.model.plans.projection import draw_months, month_sums
from tracker.model.quantiles import middle_80

MAX_CALLS = 20_000
HABITS_TTL_MS = 12 * HOUR_MS
_MONTH_DAYS = 30
_MONTHS_DRAWN = 500
_MAX_TURNS = 1_000
_MIN_CHAINS = 5  # with fewer, a replay of cache lifetimes tells nothing


class Month(msgspec.Struct, frozen=True):
    """The last thirty days with an agent."""

    calls: CallsRange = CallsRange(0.0, 0.0, 0.0)  # of main chains, like cold_starts: subagents have other prompts
    cold_starts: int = 0
    spend_nano: int = 0
    fresh_nano: float = 0.0  # what a plan's meter counts in full: input and writes at the input rate, output
    read_nano: float = 0.0  # cache reads, which it may weigh less

    def spend(self, read_weight: float | None) -> int:
        """All spend: in nano-dollars, or in limit units if `read_weight` is given."""
        return self.spend_nano if read_weight is None else round(self.fresh_nano + read_weight * self.read_nano)


class Habits(msgspec.Struct, frozen=True, dict=True):  # `dict` for cached_property
    """Statistics of the user's sessions with one agent; the empty value holds the defaults."""

    sessions: int = 0
    calls: int = 0
    cold_calls: int = 0
    pools: dict[str, GrowthPool] = {}  # by model
    first_context: float | None = None  # median prompt size of a session's first call
    calls_per_turn: CallsPerTurn = calls_per_turn(())
    lengths: list[SessionLength] = []
    gaps: list[IdleGap] = []
    orientation: Orientation = Orientation()
    aftermath: Aftermath = Aftermath()
    triggers: dict[str, int] = {}  # lesson_key of trigger.py -> size at which the client compacted by itself
    turns: list[TurnProfile] = []  # of the last thirty days
    month: Month = Month()
    ttl: TtlChoice | None = None
    meter: Meter | None = None
    bands: dict[str, dict[int, Band]] = {}  # model -> calls ahead -> forecast errors, if enough epochs ended

    @cached_property
    def calls_of_a_fresh_session(self) -> float:
        """m(0): mean number of calls in a session."""
        return remaining_calls(self.lengths, 0)

    def band(self, model: str, calls: float) -> Band:
        """The forecast band over this many calls: the user's own if known, else the shipped one."""
        return self.bands.get(model, {}).get(bucket_of(calls)) or band_for(calls)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Habits).decode


def cached_habits(db: sqlite3.Connection, agent: str, now: int) -> tuple[Habits, bool]:
    """Habits as last measured, and whether they should be measured again."""
    kept = stored_habits(db, agent)
    if kept is None:
        return Habits(), True
    try:
        return _decode(kept[1]), not 0 <= now - kept[0] < HABITS_TTL_MS
    except (msgspec.DecodeError, ValueError):
        return Habits(), True  # written by another version


def measure_habits(db: sqlite3.Connection, agent: str, now: int, *, wait: bool = True) -> Habits:
    """Measure the user's habits with an agent and store them; without `wait`, not while another process writes."""
    work = _load(db, stored.recent_sessions(db, agent, MAX_CALLS))
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}
    habits = msgspec.structs.replace(
        _sessions_habits(db, work, now),
        turns=_profiles(work, now),
        month=_month(db, agent, now, rates),
        ttl=_ttl_choice(work, rates),
        meter=read_meter(db, now),
        bands=_bands(work, rates, now),
    )
    with nullcontext() if wait else unless_busy(db):
        store_habits(db, agent, now, _encode(habits).decode())
    return habits


def current_habits(db: sqlite3.Connection, agent: str, now: int) -> Habits:
    """Cached habits, measured again if stale (up to a second); for commands, which wait for no other process."""
    habits, is_due = cached_habits(db, agent, now)
    return measure_habits(db, agent, now, wait=False) if is_due else habits


class PastHabits:
    """Habits with an agent as they would have been measured at a past time.

    The calls of the last measurement stay in memory, so asking for times in order reads each call once. Keeping a whole
    year would take hundreds of megabytes.
    """

    def __init__(self, db: sqlite3.Connection, agent: str, *, max_calls: int = MAX_CALLS) -> None:
        self._db, self._agent, self._max_calls = db, agent, max_calls
        self._work: dict[int, _Session] = {}

    def before(self, at: int) -> Habits:
        """Habits from the sessions that had ended by `at`, without the monthly figures."""
        sessions = stored.recent_sessions(self._db, self._agent, self._max_calls, at)
        new = {session: ended for session, ended in sessions.items() if session not in self._work}
        known = self._work | _load(self._db, new)
        self._work = {session: known[session] for session in sorted(sessions)}
        return _sessions_habits(self._db, self._work, at)


class _Session(NamedTuple):
    """The records of a session that habits are measured from."""

    last_at: int
    chains: list[list[HabitCall]]
    main: list[HabitCall]  # calls that grow the main chain
    turns: list[HabitTurn]


_Work = Mapping[int, _Session]  # by session id, ascending


def _load(db: sqlite3.Connection, last_at: Mapping[int, int]) -> dict[int, _Session]:
    work = {session: _Session(last_at[session], [], [], []) for session in sorted(last_at)}
    for _, members in groupby(stored.habit_calls(db, last_at), key=lambda call: call.chain_id):
        chain = list(members)
        session = work[chain[0].session_id]
        session.chains.append(chain)
        if not chain[0].chain:
            session.main.extend(call for call in chain if call.context and not call.flags & CallFlag.ITERATION)
    for turn in stored.habit_turns(db, last_at):
        work[turn.session_id].turns.append(turn)
    return work


def _sessions_habits(db: sqlite3.Connection, work: _Work, now: int) -> Habits:
    """The habits that are measured session by session."""
    calls = [call for session in work.values() for chain in session.chains for call in chain]
    turns = [turn for session in work.values() for turn in session.turns]
    mains = _mains(work)
    model_of = {chain[0].session_id: chain[-1].model for chain in mains}
    compactions = stored.compactions(db, work)
    ended_before = now - DEFAULTS.return_window_ms
    first_contexts = [chain[0].context for chain in mains]
    return Habits(
        sessions=len(mains),
        calls=len(calls),
        cold_calls=sum(call.kind == MissKind.MAJOR for call in calls),
        pools=_pools(mains),
        first_context=float(median(first_contexts)) if first_contexts else None,
        calls_per_turn=calls_per_turn([turn.main_calls for turn in turns if turn.main_calls > 0]),
        lengths=sorted(
            SessionLength(len(session.main), session.last_at < ended_before)
            for session in work.values()
            if session.main
        ),
        gaps=_gaps(work, ended_before),
        orientation=_orientation(mains, stored.first_edits(db, work)),
        triggers=triggers(compactions, model_of),
        aftermath=aftermath(compactions, mains, lambda sessions: stored.file_uses(db, sessions)),
    )


def _mains(work: _Work) -> list[list[HabitCall]]:
    return [session.main for session in work.values() if session.main]


def _pools(mains: Iterable[Sequence[HabitCall]]) -> dict[str, GrowthPool]:
    increments: dict[str, list[int]] = {}
    outputs: dict[str, list[int]] = {}
    for chain in mains:
        for call in chain:
            outputs.setdefault(call.model, []).append(call.output)
        for before, after in pairwise(chain):
            if before.epoch == after.epoch and before.model == after.model:
                increments.setdefault(after.model, []).append(after.context - before.context)
    return {model: growth_pool(increments.get(model, ()), made) for model, made in outputs.items()}


def _bands(work: _Work, rates: Mapping[str, Rates], now: int) -> dict[str, dict[int, Band]]:
    """Forecast errors at the turn ends of finished epochs, each at its own price."""
    ended_before = now - DEFAULTS.return_window_ms
    residuals: dict[str, dict[int, list[float]]] = {}
    pools = _pools(_mains(work))
    for session in work.values():
        turn_of = partial(bisect_right, sorted(turn.at for turn in session.turns))
        for (_, model), members in groupby(session.main, key=lambda call: (call.epoch, call.model)):
            epoch = list(members)
            price = rates.get(epoch[-1].price_id or "")
            if price is None or (epoch[-1] is session.main[-1] and epoch[-1].last_at >= ended_before):
                continue
            tariff = (price if has_cache(session.main) else price.uncached()).tariff(epoch[-1].ttl_ms)
            sized = [
                EpochCall(call.context, call.output, call.cost, turn_of(call.first_at) < turn_of(after.first_at))
                for call, after in pairwise((*epoch, epoch[-1]))
                if call.cost is not None
            ]
            for bucket in BUCKETS:
                found = epoch_residuals(sized, bucket, pools[model], tariff)
                residuals.setdefault(model, {}).setdefault(bucket, []).extend(found)
    return {
        model: {bucket: band for bucket, found in by_bucket.items() if (band := band_for(bucket, found)).residuals}
        for model, by_bucket in residuals.items()
    }


def _gaps(work: _Work, ended_before: int) -> list[IdleGap]:
    """Pauses before a prompt, and after the last turn of every session that has ended."""
    gaps: list[IdleGap] = []
    for session in work.values():
        for before, after in pairwise(session.turns):
            gaps.append(IdleGap(max(0, after.at - before.ended_at), before.context_end or 0))
        if session.turns and session.turns[-1].ended_at < ended_before:
            gaps.append(IdleGap(None, session.turns[-1].context_end or 0))
    return gaps


def _orientation(mains: Iterable[Sequence[HabitCall]], first_edits: Mapping[int, int]) -> Orientation:
    """Median tokens read and calls made before a session's first edit; the default below three such sessions."""
    tokens: list[int] = []
    counts: list[int] = []
    for chain in mains:
        edit = first_edits.get(chain[0].session_id)
        before = [call for call in chain if edit is not None and call.position <= edit]
        if before and before[-1].epoch == before[0].epoch:
            tokens.append(max(0, before[-1].context - before[0].context))
            counts.append(len(before))
    if len(counts) < DEFAULTS.sessions_before_own_statistics:
        return Orientation()
    return Orientation(float(median(tokens)), round(median(counts)))


def _profiles(work: _Work, now: int) -> list[TurnProfile]:
    recent = [turn for session in work.values() for turn in session.turns if turn.at >= now - _MONTH_DAYS * DAY_MS]
    return [TurnProfile(turn.has_edits, turn.output, turn.calls, turn.cost) for turn in recent[-_MAX_TURNS:]]


def _month(db: sqlite3.Connection, agent: str, now: int, rates: Mapping[str, Rates]) -> Month:
    """The past month; the range of calls in the next one is drawn from its days."""
    today = local(now).date()
    since = today - timedelta(days=_MONTH_DAYS - 1)
    begins = day_start_ms(since)
    days = stored.calls_by_day(db, agent, begins)
    if not days:
        return Month()
    made = {day: float(calls) for day, calls, _ in days}
    history = [(day, made.get(day.isoformat(), 0.0)) for day in days_between(since, today)]
    tomorrow, last = today + timedelta(days=1), today + timedelta(days=_MONTH_DAYS)
    ahead = draw_months(history, tomorrow, last, _MONTHS_DRAWN)
    low, high = middle_80(month_sums(ahead, [calls for _, calls in history]))
    starts = fresh = read = 0
    for usage in stored.calls_by_price(db, agent, begins, cold_kind=MissKind.COLD_START, cold_cause=Cause.EXPIRED):
        starts += usage.cold
        price = rates.get(usage.price_id or "")
        if price is not None:
            fresh += usage.sent * price.input + usage.output * price.output
            read += usage.cache_read * price.read
    return Month(
        calls=CallsRange(low, sum(made.values()), high),
        cold_starts=starts,
        spend_nano=sum(nano or 0 for *_, nano in days),
        fresh_nano=fresh / PICO_PER_NANO,
        read_nano=read / PICO_PER_NANO,
    )


def _ttl_choice(work: _Work, rates: Mapping[str, Rates]) -> TtlChoice | None:
    """Both cache lifetimes replayed over the recorded chains; None if the latest call has no price."""
    chains = sorted(
        (chain for session in work.values() for chain in session.chains), key=lambda chain: chain[0].chain_id
    )
    if len(chains) < _MIN_CHAINS:
        return None
    latest = max((chain[-1] for chain in _mains(work)), key=lambda call: call.last_at, default=None)
    current = rates.get(latest.price_id or "") if latest is not None else None
    if current is None:
        return None
    return choose_ttl([list(_cached_calls(chain, rates)) for chain in chains], current)


def _cached_calls(chain: Sequence[HabitCall], rates: Mapping[str, Rates]) -> Iterator[CachedCall]:
    before: HabitCall | None = None
    for call in chain:
        started = call.first_at if call.requested_at is None else call.requested_at
        # Each model has its own cache: after a change of model there was nothing to read, whatever the lifetime.
        has_entry = before is None or call.model == before.model
        yield CachedCall(
            input=call.input,
            cache_read=call.cache_read,
            write_5m=call.write_5m,
            write_1h=call.write_1h,
            output=call.output,
            rates=None if call.flags & CallFlag.TTL_UNKNOWN else rates.get(call.price_id or ""),
            expected_read=call.expected_read if has_entry else 0,
            missed=call.missed if has_entry else 0,
            ttl_ms=call.ttl_ms,
            age_ms=None if before is None else max(0, started - before.last_at),
        )
        before = call

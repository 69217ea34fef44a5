"""Loads recorded work for the plan model: days under each plan's exclusions, meter fits, refusals.

The history is at most 26 weeks and ends with the last complete day. If nothing was recorded in that time, it ends with
the last day of work and is marked stale.
"""

import sqlite3
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from itertools import accumulate, groupby
from operator import or_
from typing import NamedTuple

from store.money import NANO_PER_USD
from store.prices import stored_prices
from store.reads.filter import Filter
from store.reads.plans import PlanCallRow, limit_refusals, limit_samples, plan_calls
from store.reads.spend import NO_SPEND, SpendRow, spend_total, totals, unpriced_models
from store.task_rows import LimitSample
from tracker.clock import day_start_ms, local
from tracker.hidden_spend import Hidden, hidden_in
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS, MINUTE_MS
from tracker.model.plans.billing import LoggedCall, Replayed, as_api_key
from tracker.model.plans.calibration import INTERVALS_NEEDED, fit_meter, usable_intervals
from tracker.model.plans.capacity import LimitHit, MeterFits
from tracker.model.plans.load import DayLoad, LoadedCall, day_loads, days_between, loaded_calls, loads_of_sums
from tracker.model.plans.meter import MeteredCall, intervals_of
from tracker.model.plans.meter_change import size_changes
from tracker.model.plans.plan import Excluded
from tracker.model.plans.projection import ACTIVE_DAYS_FOR_A_BAND, month_bounds
from tracker.plan_data.days_file import FileOfDays
from tracker.pricing import normalise

HISTORY_DAYS = 182
FIVE_HOUR_KIND, WEEK_KIND = "five_hour", "seven_day"
_WINDOW_MS = {FIVE_HOUR_KIND: 5 * HOUR_MS, WEEK_KIND: 7 * DAY_MS}
# A refused prompt is retried and refused again: refusals closer than this count as one hit.
_SAME_HIT_MS = HOUR_MS
_HIT_SAMPLE_MS = 30 * MINUTE_MS

_DRAWS_NOTHING = int(Excluded.FAST | Excluded.OTHER_AGENTS)

NO_FITS = MeterFits()


class Meters(NamedTuple):
    """Results from the readings of the plan's meters."""

    fits: MeterFits = NO_FITS
    steps: int = 0  # usable steps of the meter that has more
    changed_at: int | None = None  # when a window changed size, epoch milliseconds


NO_METERS = Meters()


@dataclass(frozen=True, slots=True)
class Load:
    """Recorded days, and what is known about limits."""

    source: str  # "ledger", or the name of a file of days
    as_of: date
    first: date
    last: date
    days: Mapping[Excluded, Sequence[DayLoad]]  # by exclusions; always holds Excluded(0)
    month: Mapping[Excluded, Sequence[DayLoad]]  # the month of `as_of` so far, by exclusions
    spent_nano: Sequence[int]  # per day of the month, as an API key
    counted: SpendRow  # the history as logged
    month_counted: SpendRow  # the month as logged
    unpriced_models: Sequence[str] = ()  # in the history
    hidden: Hidden | None = None  # of this month; None if days are sums
    api_nano: Mapping[int, int | None] = field(default_factory=dict)  # by call id, as an API key
    excluded_nano: Mapping[str, int] = field(default_factory=dict)  # this month, by kind of exclusion, as logged
    rest_of_today: float = 0.0  # share of a day's spend that usually comes after the present time
    is_stale: bool = False  # the history ends with old work, as there is none since
    meters: Meters = NO_METERS
    hits: Mapping[str, Sequence[LimitHit]] = field(default_factory=dict)  # by full window, "" if unknown

    @property
    def base(self) -> Sequence[DayLoad]:
        """The days without exclusions."""
        return self.days[Excluded(0)]

    @property
    def history(self) -> list[tuple[date, float]]:
        """Dollars per day, as an API key."""
        return [(day.day, day.api) for day in self.base]

    @property
    def active_days(self) -> int:
        """Number of days with work."""
        return sum(day.is_active for day in self.base)

    @property
    def has_enough_days(self) -> bool:
        """Whether there are enough days of work for meaningful percentiles."""
        return self.active_days >= ACTIVE_DAYS_FOR_A_BAND

    @property
    def meter_changed_on(self) -> date | None:
        """The local day on which the meter's windows got their present size; None if they always had it."""
        return None if self.meters.changed_at is None else local(self.meters.changed_at).date()

    @property
    def refusals(self) -> int:
        """Number of refusals by a limit."""
        return sum(map(len, self.hits.values()))

    def hits_of_this_size(self, window: str) -> list[LimitHit]:
        """Refusals by a window since it has its present size."""
        return [hit for hit in self.hits.get(window, ()) if hit.at_ms >= (self.meters.changed_at or 0)]

    @property
    def is_of_sums(self) -> bool:
        """Whether days are known only by their sums."""
        return self.source != "ledger"


def load_of_file(file: FileOfDays, exclusions: Sequence[Excluded]) -> Load:
    """The load of a file of days; its last day counts as today, and as complete."""
    usd_by_day = file.usd_by_day
    first, last = min(usd_by_day), max(usd_by_day)
    first = max(first, last - timedelta(days=HISTORY_DAYS - 1))
    days = loads_of_sums(usd_by_day, first, last)
    month = loads_of_sums(usd_by_day, month_bounds(last)[0], last)
    spent_nano = [round(day.api * NANO_PER_USD) for day in month]
    kinds = (Excluded(0), *exclusions)
    return Load(
        source=file.name,
        as_of=last,
        first=first,
        last=last,
        days=dict.fromkeys(kinds, days),
        month=dict.fromkeys(kinds, month),
        spent_nano=spent_nano,
        counted=NO_SPEND,
        month_counted=NO_SPEND._replace(cost=sum(spent_nano)),
    )


def load_of_ledger(db: sqlite3.Connection, today: date, now_ms: int, exclusions: Sequence[Excluded]) -> Load | None:
    """The load of the ledger's days; None for an empty ledger."""
    whole = totals(db)
    if whole.first_day is None or whole.last_day is None:
        return None
    first, last, is_stale = _history(date.fromisoformat(whole.first_day), date.fromisoformat(whole.last_day), today)
    month_first = month_bounds(today)[0]
    history_days = {day.isoformat() for day in days_between(first, last)}
    month_days = {day.isoformat() for day in days_between(month_first, today)}
    readings = _readings(db, now_ms)
    refusals = limit_refusals(db, day_start_ms(first))
    calls: list[LoadedCall] = []
    api: dict[int, int | None] = {}
    # One pass: half a year of calls in memory would be hundreds of megabytes.
    logged = _logged_calls(db, min(first, month_first), max(last, today))
    for _, chain in groupby(logged, key=lambda call: call.chain_id):
        replayed = as_api_key(chain)
        api.update((call.id, api_nano) for call, api_nano in replayed if call.day in month_days)
        calls += loaded_calls(replayed)
    calls.sort()
    in_history = [call for call in calls if call.day in history_days]
    in_month = [call for call in calls if call.day in month_days]
    kinds = {Excluded(0), *exclusions}
    history = Filter(since=first.isoformat(), until=last.isoformat())
    this_month = Filter(since=month_first.isoformat(), until=today.isoformat())
    return Load(
        source="ledger",
        as_of=today,
        first=first,
        last=last,
        days=_days(in_history, kinds, first, last),
        month=_days(in_month, kinds, month_first, today),
        spent_nano=_spent(in_month, month_first, today),
        counted=spend_total(db, history),
        unpriced_models=unpriced_models(db, history),
        hidden=hidden_in(db, this_month),
        month_counted=spend_total(db, this_month),
        api_nano=api,
        excluded_nano=_excluded(in_month),
        rest_of_today=_rest_of_day(in_history, now_ms),
        is_stale=is_stale,
        meters=_meters(readings, _metered(calls) if readings else [], now_ms),
        hits=_hits(db, refusals, calls, day_start_ms(first)),
    )


def meter_fits(db: sqlite3.Connection, today: date, now_ms: int) -> MeterFits:
    """Fitted read weight and window sizes, for advice in limit units; empty without readings."""
    first = today - timedelta(days=2 * DEFAULTS.calibration_window_days)
    if not limit_samples(db, FIVE_HOUR_KIND, now_ms - DAY_MS) and not limit_samples(db, WEEK_KIND, now_ms - DAY_MS):
        return NO_FITS
    calls = loaded_calls(Replayed(call, call.cost) for call in _logged_calls(db, first, today))
    return _meters(_readings(db, now_ms), _metered(calls), now_ms).fits


def price_rates(db: sqlite3.Connection) -> dict[str | None, Rates]:
    """The rates of every stored price row, by id."""
    return {price.id: Rates.from_price(price) for price in stored_prices(db)}


def logged_call(row: PlanCallRow, rates: Mapping[str | None, Rates]) -> LoggedCall:
    """A ledger row as a LoggedCall; `rates` by price id."""
    name = normalise(row.model)
    return LoggedCall(
        row.id,
        row.chain_id,
        row.position,
        row.day,
        row.first_at if row.requested_at is None else row.requested_at,
        row.first_at,
        row.last_at,
        name.canonical,
        row.input,
        row.cache_read,
        row.write_5m,
        row.write_1h,
        row.output,
        row.speed == "fast" or name.fast,
        row.is_other_agent,
        rates.get(row.price_id),
        row.cost,
    )


def _logged_calls(db: sqlite3.Connection, first: date, last: date) -> Iterator[LoggedCall]:
    """Calls of these days, chain by chain."""
    rates = price_rates(db)
    return (logged_call(row, rates) for row in plan_calls(db, first.isoformat(), last.isoformat()))


def _history(first_seen: date, last_seen: date, today: date) -> tuple[date, date, bool]:
    """First and last day of the history, and whether it is stale. Today is incomplete, and used only if it is all."""
    last = today - timedelta(days=1)
    is_stale = last_seen < today - timedelta(days=HISTORY_DAYS)
    if is_stale or first_seen > last:
        last = last_seen
    return max(first_seen, last - timedelta(days=HISTORY_DAYS - 1)), last, is_stale


def _days(
    calls: Sequence[LoadedCall], kinds: Collection[Excluded], first: date, last: date
) -> dict[Excluded, list[DayLoad]]:
    """The days under each set of exclusions; sets with the same effect on these calls share a list."""
    seen = reduce(or_, {call.excluded for call in calls}, 0)
    made: dict[int, list[DayLoad]] = {}
    for left_out in {excludes & seen for excludes in kinds}:
        made[left_out] = day_loads(calls, left_out, first, last)
    return {excludes: made[excludes & seen] for excludes in kinds}


def _spent(calls: Sequence[LoadedCall], first: date, last: date) -> list[int]:
    sums: Counter[str] = Counter()
    for call in calls:
        sums[call.day] += call.api
    return [sums[day.isoformat()] for day in days_between(first, last)]


def _rest_of_day(calls: Sequence[LoadedCall], now_ms: int) -> float:
    """Share of the spend that came later in the local day than now; 0 without spend."""
    now = _time_of_day(now_ms)
    spent = sum(call.api for call in calls)
    return sum(call.api for call in calls if _time_of_day(call.first_at) > now) / spent if spent else 0.0


def _time_of_day(at_ms: int) -> tuple[int, ...]:
    return time.localtime(at_ms / 1000)[3:6]


def _excluded(calls: Sequence[LoadedCall]) -> dict[str, int]:
    found: Counter[Excluded] = Counter()
    for call in calls:
        for flag in Excluded(call.excluded):
            found[flag] += call.logged
    return {flag.name.lower(): found[flag] for flag in Excluded if flag.name and found[flag]}


def _metered(calls: Iterable[LoadedCall]) -> list[MeteredCall]:
    """The calls that draw on the plan, in order of their end."""
    return sorted(
        MeteredCall(call.last_at, call.logged / NANO_PER_USD, call.fresh / NANO_PER_USD, call.read / NANO_PER_USD)
        for call in calls
        if call.logged and _draws_on_plan(call)
    )


def _draws_on_plan(call: LoadedCall) -> bool:
    return not call.excluded & _DRAWS_NOTHING


def _readings(db: sqlite3.Connection, now_ms: int) -> dict[str, list[LimitSample]]:
    """Readings of both meters by window; empty if neither has any."""
    since = now_ms - 2 * DEFAULTS.calibration_window_days * DAY_MS
    samples = {kind: limit_samples(db, kind, since) for kind in (FIVE_HOUR_KIND, WEEK_KIND)}
    return samples if any(samples.values()) else {}


def _meters(samples: Mapping[str, Sequence[LimitSample]], metered: Sequence[MeteredCall], now_ms: int) -> Meters:
    if not samples:
        return NO_METERS
    windows = {kind: intervals_of(found, metered) for kind, found in samples.items()}
    changes = size_changes(windows)
    return Meters(
        MeterFits(*(fit_meter(windows[kind], now_ms, changes[kind]) for kind in (FIVE_HOUR_KIND, WEEK_KIND))),
        min(max(usable_intervals(windows[kind], now_ms, changes[kind]) for kind in windows), INTERVALS_NEEDED),
        max((at for at in changes.values() if at is not None), default=None),
    )


def _hits(
    db: sqlite3.Connection, refusals: Sequence[int], calls: Sequence[LoadedCall], since: int
) -> dict[str, list[LimitHit]]:
    """Refusals by full window ("" if no meter tells which), with this machine's spend in it."""
    found: dict[str, list[LimitHit]] = {FIVE_HOUR_KIND: [], WEEK_KIND: [], "": []}
    last_at: int | None = None
    if not refusals:
        return found
    readings = {kind: limit_samples(db, kind, since - _HIT_SAMPLE_MS) for kind in (FIVE_HOUR_KIND, WEEK_KIND)}
    has_readings = any(readings.values())
    drawing = sorted((call.last_at, call.logged) for call in calls if has_readings and _draws_on_plan(call))
    ends = [last_at for last_at, _ in drawing]
    spent = [0, *accumulate(logged for _, logged in drawing)]  # running sum: spend before each call
    for at in refusals:
        if last_at is not None and at - last_at < _SAME_HIT_MS:
            continue
        last_at = at
        near = {
            kind: [row.used_percent for row in rows if at - _HIT_SAMPLE_MS <= row.at <= at]
            for kind, rows in readings.items()
        }
        _, kind = max(((used[-1], kind) for kind, used in near.items() if used), default=(0.0, ""))
        nano = spent[bisect_right(ends, at)] - spent[bisect_right(ends, at - _WINDOW_MS.get(kind, 0))]
        found[kind].append(LimitHit(at, nano / NANO_PER_USD))
    return found

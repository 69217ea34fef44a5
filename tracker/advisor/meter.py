"""What a plan's own meter tells about the worth of a read (MODEL sections 7 and 9.3): the currency of plan users."""

import sqlite3
from datetime import UTC, datetime, timedelta

import msgspec

from store.money import NANO_PER_USD
from store.plans import limit_samples, plan_calls
from tracker.model.defaults import DAY_MS, DEFAULTS
from tracker.model.plans.calibration import INTERVALS_NEEDED, fit_meter
from tracker.model.plans.meter import LimitSample, MeteredCall, intervals_of
from tracker.reports.plan_load import FIVE_HOUR_KIND, WEEK_KIND, logged_call

# The week is the scarcer window for most; its meter moves slowly, so the five hours stand in until it has told enough.
_WINDOWS = ((WEEK_KIND, "week"), (FIVE_HOUR_KIND, "5-hour window"))


class Meter(msgspec.Struct, frozen=True):
    """A calibrated window: how much a read weighs in it, and nano-dollars of limit units for one percent."""

    read_weight: float
    nano_per_percent: float
    window: str


def read_meter(db: sqlite3.Connection, now: int) -> Meter | None:
    """The meter of the user's plan; None without a plan, and until thirty steps of it were seen."""
    since = now - DEFAULTS.calibration_window_days * DAY_MS
    calls: list[MeteredCall] | None = None
    for kind, window in _WINDOWS:
        samples = [LimitSample(*row) for row in limit_samples(db, kind, since)]
        if len(samples) <= INTERVALS_NEEDED:
            continue
        calls = _metered_calls(db, since, now) if calls is None else calls
        fit = fit_meter(intervals_of(samples, calls), now)
        if fit is not None:
            return Meter(fit.read_weight, fit.size.mid * NANO_PER_USD / 100, window)
    return None


def _metered_calls(db: sqlite3.Connection, since: int, now: int) -> list[MeteredCall]:
    """This machine's calls that move the meter, by the time they ended."""
    first, last = (
        datetime.fromtimestamp(at / 1000, UTC).astimezone().date() + timedelta(days=days)
        for at, days in ((since, -1), (now, 1))
    )
    calls = [logged_call(row) for row in plan_calls(db, first.isoformat(), last.isoformat())]
    return sorted(
        MeteredCall(
            call.last_at, call.cost / NANO_PER_USD, call.fresh_nano / NANO_PER_USD, call.read_nano / NANO_PER_USD
        )
        for call in calls
        if call.cost and not call.is_other_agent and not call.is_fast
    )

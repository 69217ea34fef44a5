"""Weight of a cache read in a plan's limits, fitted to the plan's own meter (MODEL sections 7 and 9.3)."""

import sqlite3

from store.money import NANO_PER_USD
from tracker.clock import local
from tracker.model.advice.nudge import Meter


def read_meter(db: sqlite3.Connection, now: int) -> Meter | None:
    """The meter of the user's plan, with the same fit as `plans`; None before thirty meter steps.

    The weekly window is the scarcer one for most users. Until its slow meter has enough steps, the five hours are used.
    """
    from tracker.plan_data.load import meter_fits

    fits = meter_fits(db, local(now).date(), now)
    for fit, window in ((fits.week, "week"), (fits.five_hour, "5-hour window")):
        if fit is not None:
            size = fit.plain_size if fit.is_plain else fit.size
            weight = 1.0 if fit.is_plain else fit.read_weight
            return Meter(weight, size.mid * NANO_PER_USD / 100, window, fit.is_plain)
    return None

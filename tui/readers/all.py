"""Builds a snapshot: the top line always, and the part that the requested screen draws."""

import sqlite3
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from store.money import NANO_PER_USD
from store.reads.board import latest_limits
from store.reads.calls import newest_call_id
from store.reads.filter import Filter
from store.reads.spend import SpendRow, spend_total, totals
from tracker.clock import local
from tracker.model.defaults import DAY_MS
from tracker.settings import DisplaySettings, Settings, nano
from tui.readers.months import requested_month
from tui.readers.settings import SettingsReader
from tui.snapshot import LimitWindow, OwnPlan, Snapshot, Spent, Top, ViewRequest

if TYPE_CHECKING:
    from tui.readers.nudges import NudgesReader
    from tui.readers.plans import PlansReader

_WINDOW_NAMES = {"five_hour": "5h", "seven_day": "wk"}


class SnapshotReader:
    """Builds snapshots on one thread; caches between them what is slow to compute."""

    def __init__(self, looked_in: tuple[str, ...], on_ready: Callable[[], None] | None = None) -> None:
        """`looked_in`: the watched folders.

        `on_ready` is called on another thread when a background job has a result; with None jobs run synchronously.
        """
        self._looked_in, self._on_ready = looked_in, on_ready
        self._settings = SettingsReader()
        self._plans: PlansReader | None = None
        self._nudges: NudgesReader | None = None

    def read(self, db: sqlite3.Connection, request: ViewRequest, at_ms: int) -> Snapshot:
        """The snapshot for a request, from the ledger as it is now."""
        settings = self._settings.read()
        today = local(at_ms).date()
        plan = self._settings.own_plan(today.isoformat())
        return Snapshot(
            at_ms=at_ms,
            request=request,
            calls=totals(db).calls,
            top=read_top(db, today, at_ms, plan, settings),
            looked_in=self._looked_in,
            settings=settings,
            **{request.screen: self._part(db, request, at_ms, today, settings, plan)},
            trouble=self._trouble(),
        )

    def _trouble(self) -> str:
        """What was ignored of the user's files."""
        own = self._settings
        return own.trouble or own.plan_trouble or own.price_trouble or (self._plans.trouble if self._plans else "")

    def end(self) -> None:
        """Kill background jobs."""
        for reader in (self._plans, self._nudges):
            if reader is not None:
                reader.end()

    def _part(
        self,
        db: sqlite3.Connection,
        request: ViewRequest,
        at_ms: int,
        today: date,
        settings: Settings,
        plan: OwnPlan | None,
    ) -> Any:
        """The part for the requested screen, whose modules are imported on its first request."""
        if request.screen == "now":
            from tui.readers.now import read_now

            return read_now(db, request.session, at_ms, len(self._looked_in), settings)
        if request.screen == "tasks":
            from tui.readers.tasks import read_tasks

            return read_tasks(db, requested_month(db, request.month, today), at_ms)
        if request.screen == "task":
            from tui.readers.tasks import read_task

            return read_task(db, request.task, at_ms)
        if request.screen == "spend":
            from tui.readers.spend import read_spend

            month = requested_month(db, request.month, today)
            return read_spend(db, month, today, at_ms, settings.budget, plan, request.listed)
        if request.screen == "cache":
            from tui.readers.cache import read_cache

            return read_cache(db, requested_month(db, request.month, today))
        if request.screen == "plans":
            from tui.readers.plans import PlansReader

            self._plans = self._plans or PlansReader(self._settings, self._on_ready)
            return self._plans.read(db, today, at_ms, newest_call_id(db))
        from tui.readers.nudges import NudgesReader

        self._nudges = self._nudges or NudgesReader(self._on_ready)
        return self._nudges.read(db, settings, at_ms)


def read_top(db: sqlite3.Connection, today: date, at_ms: int, plan: OwnPlan | None, settings: Settings) -> Top:
    """Today, this month, and the plan's windows as the client last reported them."""
    day = spend_total(db, Filter(since=today.isoformat(), until=today.isoformat()))
    month = spend_total(db, Filter(since=today.replace(day=1).isoformat(), until=today.isoformat()))
    return Top(
        today=today,
        of_today=_spent(day, settings.budget.day),
        of_month=_spent(month, settings.budget.month),
        plan=plan,
        windows=tuple(
            LimitWindow(_WINDOW_NAMES[kind], row.used_percent / 100)
            for kind, row in latest_limits(db, at_ms - 7 * DAY_MS, at_ms + DAY_MS).items()
            if kind in _WINDOW_NAMES and (row.resets_at is None or row.resets_at > at_ms)
        ),
        beside=other_currency(month.cost, settings.display),
    )


def other_currency(nano: int, display: DisplaySettings) -> str:
    """An amount in the user's own currency at the rate they set; empty if they set none."""
    if display.currency == "USD" or display.currency_rate == 1:
        return ""
    return f"{display.currency} {nano / NANO_PER_USD * display.currency_rate:,.2f}"


def _spent(row: SpendRow, budget_usd: float | None) -> Spent:
    return Spent(row.cost, row.calls, row.unpriced, row.floor, nano(budget_usd))

"""The nudge log as a report: nudges, their promised savings, and their outcomes (MODEL sections 7.6 and 8).

Promises are modelled. `realised` holds what followed compact nudges came to against the forecast without them.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from store import nudges as log
from store.money import short_usd, usd
from store.nudges import NudgeRow
from store.reads import live_session as live
from store.records import EventKind
from tracker.advisor.evaluate import KINDS
from tracker.advisor.followed import COMPACTING
from tracker.advisor.log import log_entries
from tracker.advisor.preferences import Preferences
from tracker.clock import iso, now_ms
from tracker.model.advice.compaction import summary_nano
from tracker.model.advice.delivery import is_dismissed
from tracker.model.cost.rates import Tariff
from tracker.model.forecast.growth import GrowthEstimate
from tracker.model.forecast.next_calls import band_for, forecast
from tracker.reports.json_values import rounded


@dataclass(frozen=True, slots=True)
class Realised:
    """Result of a followed nudge: nano-dollars of the next calls, and their forecast without the action."""

    nudge_id: int
    calls: int
    actual_nano: int
    forecast_nano: int
    low_nano: int
    high_nano: int


@dataclass(frozen=True, slots=True)
class KindSummary:
    """One kind of nudge over the chosen time."""

    kind: str
    state: str  # on | off | dismissed: switched off by three dismissals
    shown: int
    followed: int
    observed: int  # shown ones known to be followed or not
    dismissed: int


@dataclass(frozen=True, slots=True)
class NudgeReport:
    """Rows, latest first, and kinds in the order of the model."""

    rows: Sequence[NudgeRow]
    kinds: Sequence[KindSummary]
    realised: Sequence[Realised]
    has_more: bool = False  # rows were left out

    @property
    def open_promises(self) -> int:
        """Nano-dollars promised by shown nudges that were not followed; only the largest per session."""
        by_session: dict[int, int] = {}
        for row in self.rows:
            if row.shown_at is not None and row.followed != 1 and row.saving is not None:
                by_session[row.session_id] = max(by_session.get(row.session_id, 0), row.saving)
        return sum(by_session.values())

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": 1,
            "label": "modelled",
            "nudges": [_row_json(row) for row in self.rows],
            "kinds": [asdict(one) for one in self.kinds],
            "realised": [
                {
                    "nudge": one.nudge_id,
                    "calls": one.calls,
                    "actual_usd": usd(one.actual_nano),
                    "forecast_usd": usd(one.forecast_nano),
                    "p10_usd": usd(one.low_nano),
                    "p90_usd": usd(one.high_nano),
                    "saved_usd": usd(one.forecast_nano - one.actual_nano),
                }
                for one in self.realised
            ],
        }


def nudge_report(
    db: sqlite3.Connection,
    preferences: Preferences,
    *,
    since: int | None = None,
    before: int | None = None,
    kind: str | None = None,
    every: bool = False,
    limit: int | None = 200,
) -> NudgeReport:
    """The latest nudges; with `every` all evaluations, fired or not. `limit` cuts the rows, not the kinds' counts."""
    more = None if limit is None else limit + 1
    latest = log.logged(db, now_ms=now_ms(), since=since, before=before, kind=kind, fired_only=not every, limit=more)
    rows = latest[:limit]
    followed = [row for row in rows if row.followed == 1 and row.kind in COMPACTING]
    realised = [found for row in followed if (found := realised_of(db, row)) is not None]
    shown = log.shown_by_kind(db, since=since, before=before, kind=kind)
    states = _states(db, preferences)
    return NudgeReport(
        rows,
        [KindSummary(one, states[one], *shown.get(one, (0, 0, 0, 0))) for one in KINDS],
        realised,
        len(latest) > len(rows),
    )


def _states(db: sqlite3.Connection, preferences: Preferences) -> dict[str, str]:
    entries = log_entries(log.shown_or_dismissed(db, now_ms()), log.kind_choices(db))
    return {
        kind: "off" if kind in preferences.off else "dismissed" if is_dismissed(kind, entries) else "on"
        for kind in KINDS
    }


def realised_of(db: sqlite3.Connection, nudge: NudgeRow) -> Realised | None:
    """Cost of the calls after a followed compact nudge, compaction included, against the forecast without it."""
    inputs: dict[str, Any] = json.loads(nudge.inputs)
    after = next(
        (
            mark.position
            for mark in live.marks(db, nudge.session_id)
            if mark.kind == EventKind.COMPACT and mark.at is not None and mark.at > (nudge.shown_at or 0)
        ),
        None,
    )
    if after is None or "growth" not in inputs:
        return None
    horizon = round(float(inputs["remaining_calls"]))
    later = [call for call in live.main_calls(db, nudge.session_id) if call.position > after][:horizon]
    if not later or any(call.cost is None for call in later):
        return None
    tariff = Tariff(*(float(inputs[name]) for name in ("input_nano", "write_nano", "read_nano", "output_nano")))
    estimate = GrowthEstimate(float(inputs["growth"]), float(inputs["output"]))
    without = forecast(len(later), nudge.context, estimate, tariff, band_for(len(later)))
    return Realised(
        nudge_id=nudge.id,
        calls=len(later),
        actual_nano=sum(call.cost or 0 for call in later) + round(summary_nano(nudge.context, tariff)),
        forecast_nano=without.point_nano,
        low_nano=without.low_nano,
        high_nano=without.high_nano,
    )


def fate(row: NudgeRow) -> str:
    """What became of a nudge, in a word."""
    if row.dismissed_at is not None:
        return "dismissed"
    if row.followed == 1:
        return "followed"
    if row.shown_at is not None:
        return "shown"
    return "not shown" if row.fired else "silent"


def why_not_shown(row: NudgeRow) -> str | None:
    """Why a nudge that was due is not shown; None for others."""
    if not row.fired or fate(row) != "not shown":
        return None
    return row.reason if not row.chosen else "no hook, status line or dashboard was there to show it"


def promised(row: NudgeRow) -> str:
    """Its modelled saving: ~$0.40; empty without one."""
    return "" if row.saving is None else f"~{short_usd(row.saving)}"


def _row_json(row: NudgeRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.due_at),
        "agent": row.agent,
        "session": row.session,
        "project": row.project,
        "kind": row.kind,
        "moment": row.moment,
        "subject": row.subject or None,
        "fired": bool(row.fired),
        "reason": row.reason,
        "text": row.text,
        "context": row.context,
        "saves_usd": usd(row.saving),
        "p10_usd": usd(row.saving_low),
        "p90_usd": usd(row.saving_high),
        "payback_turns": rounded(row.payback_turns, 2),
        "fate": fate(row),
        "shown_at": iso(row.shown_at),
        "dismissed_at": iso(row.dismissed_at),
        "followed": None if row.followed is None else bool(row.followed),
        "inputs": json.loads(row.inputs),
    }

"""The cache report: savings by caching, and the cost of misses by cause and with their tasks (MODEL section 4)."""

import sqlite3
from typing import Any, NamedTuple

from store.money import usd
from store.reads.cache import CacheDay, MissCause, MissRow, cache_days, epoch_peaks, miss_causes, miss_rows
from store.reads.filter import EVERYTHING, Filter
from tracker.clock import iso
from tracker.reports.json_values import rounded


class CacheReport(NamedTuple):
    """Sums by day and in total, misses by cause, and the most expensive misses."""

    days: list[CacheDay]
    total: CacheDay
    peaks: int
    causes: list[MissCause]
    misses: list[MissRow]

    @property
    def rewrite(self) -> float | None:
        """Tokens written per token of the largest prompt of each epoch; 1.0: each token once. None where nothing is
        written, as with providers that cache by themselves."""
        return self.total.written / self.peaks if self.peaks and self.total.written else None

    def as_json(self) -> dict[str, Any]:
        """JSON form; ratios are weighted by tokens."""
        return {
            "schema_version": 1,
            "total": day_json(self.total) | {"rewrite": rounded(self.rewrite, 6)},
            "days": [{"day": day.day, **day_json(day)} for day in self.days],
            "causes": [
                {
                    "cause": one.cause,
                    "count": one.misses,
                    "tokens": one.missed,
                    "waste_usd": usd(one.waste),
                    "unpriced": one.unpriced,
                }
                for one in self.causes
            ],
            "misses": [
                {
                    "at": iso(one.at),
                    "session": one.session,
                    "task": one.task_id,
                    "title": one.title,
                    "model": one.model,
                    "kind": one.kind,
                    "cause": one.cause,
                    "source": one.source,
                    "tokens": one.missed,
                    "is_up_to": one.is_up_to,
                    "waste_usd": usd(one.waste),
                }
                for one in self.misses
            ],
        }


def survival(day: CacheDay) -> float | None:
    """Share of the expected tokens that were read from the cache: the health number."""
    return day.survived / day.expected if day.expected else None


def hit(day: CacheDay) -> float | None:
    """Share of prompt tokens read from the cache; it rises with a session's length, so it is no target."""
    return day.read / day.prompt if day.prompt else None


def savings(day: CacheDay) -> int:
    """Cost of the priced calls without caching, less their bill, in nano-dollars; can be negative."""
    return day.uncached - day.billed


def day_json(day: CacheDay) -> dict[str, Any]:
    """JSON of a day's ratios and amounts."""
    return {
        "calls": day.calls,
        "survival": rounded(survival(day), 6),
        "hit": rounded(hit(day), 6),
        "cold_starts": day.cold_starts,
        "planned_rebuilds": day.rebuilds,
        "misses": day.misses,
        "waste_usd": usd(day.waste),
        "saved_usd": usd(savings(day)),
        "unpriced": {"calls": day.unpriced, "misses": day.unpriced_misses},
        "floor": {"calls": day.floor},
    }


def cache_report(db: sqlite3.Connection, chosen: Filter = EVERYTHING, *, max_misses: int = 50) -> CacheReport:
    """The report over the chosen calls; `max_misses`: number of single misses to list, most expensive first."""
    days = cache_days(db, chosen)
    sums = [sum(column) for column in zip(*(day[1:] for day in days), strict=True)] or [0] * (len(CacheDay._fields) - 1)
    return CacheReport(
        days,
        CacheDay("total", *sums),
        epoch_peaks(db, chosen),
        miss_causes(db, chosen),
        miss_rows(db, chosen, max_misses),
    )

"""The spend report: what DESIGN section 4 promises as `spend --json`, for the command line and the dashboard alike."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from store.money import usd
from store.prices import has_user_prices
from store.reads.filter import Filter
from store.reads.reported import billed_sums
from store.reads.spend import SpendRow, branch_rows, spend_rows, spend_total, subagent_rows, unpriced_models
from tracker.hidden_spend import Hidden, hidden_in

BRANCH = "branch"
SUBAGENT = "subagent"
PERIODS = ("day", "week", "month")

# Names in JSON and CSV of the ledger's columns input, cache_read, write_5m, write_1h and output.
TOKEN_CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


def tokens_json(counts: Sequence[int]) -> dict[str, int]:
    """JSON of token counts in the order of TOKEN_CLASSES."""
    return dict(zip(TOKEN_CLASSES, counts, strict=True))


def sums_json(row: SpendRow) -> dict[str, Any]:
    """JSON of a row's or the total's sums."""
    return {
        "calls": row.calls,
        "sessions": row.sessions,
        "tokens": tokens_json((row.input, row.cache_read, row.write_5m, row.write_1h, row.output)),
        "web_searches": row.web_searches,
        "cost_usd": usd(row.cost),
    }


class SpendReport(NamedTuple):
    """Rows, their total, and the figures beside it."""

    by: str
    utc: bool
    rows: list[SpendRow]
    extras: list[dict[str, str]]  # further columns of each row: a branch's project
    total: SpendRow
    unpriced_models: list[str]
    hidden: Hidden
    billed_calls: int  # shown at the provider's own figure
    billed_cost: int
    has_user_prices: bool  # whether the ledger has prices of the user's own

    def cut(self, most: int | None) -> "SpendReport":
        """The same with at most so many rows, None for all; the total stays."""
        return self._replace(rows=self.rows[:most], extras=self.extras[:most])

    def as_json(self) -> dict[str, Any]:
        """The JSON contract."""
        return {
            "schema_version": 1,
            "by": self.by,
            "rows": [
                {"key": row.key, **extra, **sums_json(row)} for row, extra in zip(self.rows, self.extras, strict=True)
            ],
            "total": sums_json(self.total),
            "unpriced": {"calls": self.total.unpriced, "models": self.unpriced_models},
            "floor": {"calls": self.total.floor},
            "hidden": self.hidden.as_json(),
        }


def summed(rows: Sequence[SpendRow]) -> SpendRow:
    """The sum of rows that share no call; sessions are counted once for each row."""
    return SpendRow("", *map(sum, zip(*(row[1:] for row in rows), strict=True)))


def spend_report(db: sqlite3.Connection, by: str, chosen: Filter) -> SpendReport:
    """Sum the chosen part of the ledger `by` day, week, month, model, project, branch, session, agent or subagent."""
    if by == BRANCH:
        branches = branch_rows(db, chosen)
        rows, extras = [row for _, row in branches], [{"project": project} for project, _ in branches]
    else:
        rows = subagent_rows(db, chosen) if by == SUBAGENT else spend_rows(db, by, chosen)
        extras = [{} for _ in rows]
    return SpendReport(
        by,
        chosen.utc,
        rows,
        extras,
        spend_total(db, chosen),
        unpriced_models(db, chosen),
        hidden_in(db, chosen),
        *billed_sums(db, chosen),
        has_user_prices(db),
    )

"""The spend report: what DESIGN section 4 promises as `spend --json`, for the command line and the dashboard alike."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from store.filter import Filter
from store.money import usd
from store.prices import has_user_prices
from store.reported import billed_sums
from store.spend import spend_rows, spend_total, unpriced_models
from tracker.reports.hidden import Hidden, hidden_in

# The ledger's columns input, cache_read, write_5m, write_1h and output, as every JSON and CSV names them.
TOKEN_CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


def tokens_json(counts: Sequence[int]) -> dict[str, int]:
    """Token counts in the order of TOKEN_CLASSES as JSON."""
    return dict(zip(TOKEN_CLASSES, counts, strict=True))


class SpendRow(NamedTuple):
    """Sums under one key; tokens in counts, cost in nano-dollars over the priced calls."""

    key: str
    calls: int
    sessions: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    unpriced: int
    floor: int

    def as_json(self) -> dict[str, Any]:
        """The row of the JSON contract."""
        return {"key": self.key, **self.sums_json()}

    def sums_json(self) -> dict[str, Any]:
        """The same without its key: the form of the total."""
        return {
            "calls": self.calls,
            "sessions": self.sessions,
            "tokens": tokens_json((self.input, self.cache_read, self.write_5m, self.write_1h, self.output)),
            "web_searches": self.web_searches,
            "cost_usd": usd(self.cost),
        }


class SpendReport(NamedTuple):
    """Rows, their total, and what stands beside it."""

    by: str
    utc: bool
    rows: list[SpendRow]
    total: SpendRow
    unpriced_models: list[str]
    hidden: Hidden
    billed_calls: int  # shown at the provider's own figure
    billed_cost: int
    has_user_prices: bool  # in the ledger, not all prices are the list's

    def as_json(self) -> dict[str, Any]:
        """The JSON contract."""
        return {
            "schema_version": 1,
            "by": self.by,
            "rows": [row.as_json() for row in self.rows],
            "total": self.total.sums_json(),
            "unpriced": {"calls": self.total.unpriced, "models": self.unpriced_models},
            "floor": {"calls": self.total.floor},
            "hidden": {"cost_usd": usd(self.hidden.cost), "sessions": self.hidden.sessions},
        }


def spend_report(db: sqlite3.Connection, by: str, chosen: Filter) -> SpendReport:
    """Sum the chosen part of the ledger `by` day, week, month, model, project, session or agent."""
    rows = [_row(str(values[0]), values[1:]) for values in spend_rows(db, by, chosen)]
    return SpendReport(
        by,
        chosen.utc,
        rows,
        _row("total", spend_total(db, chosen)),
        unpriced_models(db, chosen),
        hidden_in(db, chosen),
        *billed_sums(db, chosen),
        has_user_prices(db),
    )


def _row(key: str, values: tuple[Any, ...]) -> SpendRow:
    return SpendRow(key, *(value or 0 for value in values))

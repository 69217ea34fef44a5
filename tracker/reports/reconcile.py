"""The reconcile report: the ledger against the provider's usage and cost reports, beside the client's own totals.

Days are UTC, like the provider's. Tokens are measured on both sides; the ledger's money is priced, the provider's is as
reported.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.money import usd
from store.reads.filter import Filter
from store.reads.reconcile import ReportableRow, reportable_rows, session_days
from tracker.hidden_spend import Hidden, SessionHidden, hidden_in, hidden_spend
from tracker.model.defaults import DAY_MS
from tracker.model.plans.reconcile import Charge, Evidence, Recorded, Reports, Row, Side, Usage, compare
from tracker.pricing import PriceBook, cost, normalise
from tracker.reports.spend import tokens_json


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """Rows of both sides; `sources`: origin of the provider's side."""

    first: str
    last: str
    sources: Sequence[str]
    rows: Sequence[Row]  # against the usage and cost reports
    code_rows: Sequence[Row]  # against the Claude Code analytics report
    other_charges: Sequence[Charge]  # costs that are not tokens
    plan_calls: int  # calls on a subscription, which the usage report leaves out
    hidden: Hidden

    def counts(self) -> dict[str, int]:
        """Number of rows in each class."""
        return dict(Counter(row.kind for row in (*self.rows, *self.code_rows)))

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": 1,
            "first_day_utc": self.first,
            "last_day_utc": self.last,
            "sources": list(self.sources),
            "rows": [_row_json(row) for row in self.rows],
            "claude_code_rows": [_row_json(row) for row in self.code_rows],
            "other_costs": [
                {"day": one.day, "kind": one.model, "provider_usd": usd(one.nano)} for one in self.other_charges
            ],
            "classes": self.counts(),
            "subscription_calls": self.plan_calls,
            "hidden": self.hidden.as_json(),
            "labels": {"tokens": "measured", "ledger_usd": "priced", "provider_usd": "reported", "class": "inferred"},
        }


def reconcile_report(
    db: sqlite3.Connection,
    book: PriceBook,
    reports: Reports,
    first: str,
    last: str,
    complete_until: str,
) -> ReconcileReport:
    """Compare UTC days from `first` to `last`. `complete_until`: the last day certainly complete at the provider."""
    found = reportable_rows(db, first, last)
    days = session_days(db, first, last)
    possible = hidden_spend(db, sorted({session for session, _ in days})).rows
    evidence = Evidence(_hidden_by_day(possible, days), lambda *asked: _price(book, *asked), complete_until)
    billed = [_recorded(row) for row in found if not row.is_plan]
    everything = [_recorded(row) for row in found]
    usage = Side(reports.usage.between(first, last), reports.charges.between(first, last))
    code = Side(reports.code.between(first, last), writes_are_split=False)
    return ReconcileReport(
        first,
        last,
        reports.sources,
        compare(billed, usage, evidence),
        compare(everything, code, evidence),
        [one for one in usage.charges.rows if not one.is_tokens],
        sum(row.calls for row in found if row.is_plan),
        hidden_in(db, Filter(since=first, until=last, utc=True)),
    )


def _recorded(row: ReportableRow) -> Recorded:
    return Recorded(
        Usage(
            row.day,
            normalise(row.model).canonical or row.model,
            row.input,
            row.cache_read,
            row.write_5m,
            row.write_1h,
            row.output,
            row.web_searches,
            row.cost,
        ),
        row.calls,
        row.unpriced,
        row.floor,
        row.web_cost,
    )


def _hidden_by_day(rows: Sequence[SessionHidden], days: Sequence[tuple[int, str]]) -> dict[tuple[str, str], int]:
    """Upper bound of hidden nano-dollars by day: a session's hidden spend may be on any of its days."""
    found: Counter[tuple[str, str]] = Counter()
    of_session: dict[int, set[str]] = {}
    for session, day in days:
        of_session.setdefault(session, set()).add(day)
    for row in rows:
        for day in of_session.get(row.session_id, ()):
            for model, nano in row.by_model.items():
                found[day, normalise(model).canonical or model] += nano
    return found


def _price(book: PriceBook, day: str, model: str, tokens: Sequence[int]) -> int | None:
    from tracker.pricing.rows import epoch_day

    price = book.resolve(model, None, epoch_day(day) * DAY_MS + DAY_MS // 2, 0)
    if price is None:
        return None
    fresh, read, write_5m, write_1h, output = tokens
    return cost(price, fresh, read, write_5m, write_1h, output, 0)


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "day": row.day,
        "model": row.model or None,
        "ledger": None
        if row.recorded is None
        else {
            "calls": row.recorded.calls,
            "tokens": tokens_json(row.recorded.usage.tokens),
            "web_searches": row.recorded.usage.web_searches,
            "cost_usd": None if row.recorded.unpriced else usd(row.recorded.usage.cost),
        },
        "provider": None
        if row.reported is None and row.charged is None
        else {
            "tokens": tokens_json(row.reported.tokens) if row.reported else None,
            "web_searches": row.reported.web_searches if row.reported else None,
            "cost_usd": usd(row.charged),
        },
        "difference": {
            "tokens": tokens_json(row.difference),
            "web_searches": row.web_difference,
            "cost_usd": usd(row.money_difference),
        },
        "class": row.kind,
        "why": row.why,
    }

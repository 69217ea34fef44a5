"""Hidden spend: a session's cost by the client's own counter, less the cost of its records (CLAUDE_CODE section 2).

Shown beside totals, never in them. None means unknown: without a client counter, a session may still have hidden spend.
"""

import sqlite3
from typing import Any, NamedTuple

import msgspec

from store.money import usd
from store.reads.client_totals import CounterRow, counted_sessions, counter_rows
from store.reads.filter import Filter
from tracker.pricing import cost

# The client adds floats: smaller differences are rounding, not requests.
_ROUNDING_NANO = 1000


class SessionHidden(NamedTuple):
    """Hidden spend of one session; `cost` is None if the counter is unreliable, for the reason `why`."""

    session_id: int
    session: str
    cost: int | None
    by_model: dict[str, int]
    why: str | None


class Hidden(NamedTuple):
    """Hidden spend over many sessions."""

    cost: int | None
    sessions: int
    rows: list[SessionHidden]

    def as_json(self) -> dict[str, Any]:
        """JSON form, beside a report's total."""
        return {"cost_usd": usd(self.cost), "sessions": self.sessions}


def hidden_spend(db: sqlite3.Connection, session_ids: list[int]) -> Hidden:
    """Hidden spend of these sessions in nano-dollars; `cost` is None if no session's is known."""
    by_session: dict[int, list[CounterRow]] = {}
    for counter in counter_rows(db, session_ids):
        by_session.setdefault(counter.session_id, []).append(counter)
    rows = [_session(rows) for rows in by_session.values()]
    known = [row.cost for row in rows if row.cost is not None]
    return Hidden(sum(known) if known else None, len(known), rows)


def hidden_in(db: sqlite3.Connection, chosen: Filter) -> Hidden:
    """Hidden spend within a filter; a session's counts on the day of its counter's last value.

    Unknown for a branch: a counter covers its whole session.
    """
    if chosen.branch is not None:
        return Hidden(None, 0, [])
    found = hidden_spend(db, counted_sessions(db, chosen))
    if chosen.model is None:
        return found
    told = [row for row in found.rows if row.cost is not None and (row.by_model or not row.cost)]
    return Hidden(sum(row.by_model.get(chosen.model, 0) for row in told) if told else None, len(told), found.rows)


def _session(counters: list[CounterRow]) -> SessionHidden:
    total = 0
    by_model: dict[str, int] = {}
    session_id, session = counters[0][:2]
    for counter in counters:
        why, hidden, parts = _beyond_records(counter)
        if why is not None:
            return SessionHidden(session_id, session, None, {}, why)
        total += hidden if hidden > _ROUNDING_NANO else 0
        for model, part in parts.items():
            if part > _ROUNDING_NANO:
                by_model[model] = by_model.get(model, 0) + part
    covers_all = any(counter.has_start for counter in counters) and any(counter.has_end for counter in counters)
    if not total and not covers_all:
        return SessionHidden(session_id, session, None, {}, "the client's total does not cover the whole session")
    return SessionHidden(session_id, session, total, by_model, None)


def _beyond_records(counter: CounterRow) -> tuple[str | None, int, dict[str, int]]:
    """Why a counter is unreliable, else what it has beyond the records, in total and by model.

    The client counts at list price. If a model's records have another price, tokens are compared, at the user's price.
    """
    recorded = counter.recorded
    if counter.unknown_model or any(one.unpriced for one in recorded.values()):
        return "a model without a price", 0, {}
    if any(one.user_price and name not in counter.models for name, one in recorded.items()):
        return "the client's total has no tokens for a price of your own", 0, {}
    parts = {
        name: model.cost - (recorded[name].cost if name in recorded else 0) for name, model in counter.models.items()
    }
    hidden = counter.client_cost - sum(one.cost for one in recorded.values())
    for name, one in recorded.items():
        if one.user_price:
            counted = msgspec.structs.astuple(counter.models[name])[1:-1]
            part = cost(one.user_price, *counted) - cost(one.user_price, *one[:6])
            hidden += part - parts[name]
            parts[name] = part
    if hidden < -_ROUNDING_NANO:
        return "the client's total is below what it recorded", 0, {}
    return None, hidden, parts

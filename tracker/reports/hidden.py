"""Hidden spend: what the client says a session cost, less what its records show (CLAUDE_CODE section 2).

Shown beside the total, never in it. Unknown is None: a session whose client left no counter is not a session
without hidden spend.
"""

import sqlite3
from typing import NamedTuple

from store.spend import Filter
from store.totals import CounterRow, counted_sessions, counter_rows

# The client adds floats; below this a difference is their rounding, not a request.
_ROUNDING_NANO = 1000


class SessionHidden(NamedTuple):
    """Hidden spend of one session; `cost` None where the counter cannot be trusted, `why` says why."""

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


def hidden_spend(db: sqlite3.Connection, session_ids: list[int] | None = None) -> Hidden:
    """Hidden spend of the given sessions (None: all); `cost` is None if no session's is known."""
    counters = counter_rows(db, session_ids)
    by_session: dict[int, list[CounterRow]] = {}
    for counter in counters:
        by_session.setdefault(counter.session_id, []).append(counter)
    rows = [_session(rows) for rows in by_session.values()]
    known = [row.cost for row in rows if row.cost is not None]
    return Hidden(sum(known) if known else None, len(known), rows)


def hidden_in(db: sqlite3.Connection, chosen: Filter) -> Hidden:
    """Hidden spend of the chosen part: all of a session's is on the day of its counter's last word."""
    found = hidden_spend(db, counted_sessions(db, chosen))
    if chosen.model is None:
        return found
    told = [row for row in found.rows if row.cost is not None and (row.by_model or not row.cost)]
    return Hidden(sum(row.by_model.get(chosen.model, 0) for row in told) if told else None, len(told), found.rows)


def _session(counters: list[CounterRow]) -> SessionHidden:
    total = 0
    by_model: dict[str, int] = {}
    first = counters[0]
    for counter in counters:
        if counter.unknown_model or counter.unpriced_calls:
            return SessionHidden(first.session_id, first.session, None, {}, "a model without a price")
        hidden = counter.client_cost - counter.recorded_cost
        if hidden < -_ROUNDING_NANO:
            return SessionHidden(
                first.session_id, first.session, None, {}, "the client's total is below what it recorded"
            )
        total += hidden if hidden > _ROUNDING_NANO else 0
        for name, model in counter.models.items():
            recorded = counter.recorded_by_model.get(name, (0,) * 6)[5]
            if model.cost - recorded > _ROUNDING_NANO:
                by_model[name] = by_model.get(name, 0) + model.cost - recorded
    return SessionHidden(first.session_id, first.session, total, by_model, None)

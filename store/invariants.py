"""Checks of what must always hold in a ledger; run by `taximeter doctor` and the tests."""

import sqlite3
from typing import NamedTuple

from store.records import CallFlag


class Invariant(NamedTuple):
    """A statement about the ledger, and the number of rows that break it."""

    statement: str
    broken: int


# Of a call at a list price; what is made of several requests may hold some at another price.
_AT_ONE_PRICE = f"NOT call.flags & {int(CallFlag.REPORTED_COST | CallFlag.SEVERAL_REQUESTS)}"

_CHECKS = (
    (
        "every call has a session and a chain of that session",
        """SELECT COUNT(*) FROM call LEFT JOIN chain ON chain.id = call.chain_id AND chain.session_id = call.session_id
        WHERE chain.id IS NULL""",
    ),
    (
        "no two calls share a key",
        """SELECT COUNT(*) FROM call_alias JOIN call
        ON call.message_id = call_alias.key OR call.request_id = call_alias.key
        WHERE call.id != call_alias.call_id""",
    ),
    ("no count is negative", "SELECT COUNT(*) FROM call WHERE MIN(input, cache_read, write_5m, write_1h, output) < 0"),
    (
        "every cost points at a stored price row",
        """SELECT COUNT(*) FROM call LEFT JOIN price ON price.id = call.price_id
        WHERE call.cost IS NOT NULL AND call.price_id IS NOT NULL AND price.id IS NULL""",
    ),
    (
        # Pico-dollars; each of the five components is rounded to half a nano-dollar.
        "every list price gives its calls' costs",
        f"""SELECT COUNT(*) FROM call JOIN price ON price.id = call.price_id
        WHERE {_AT_ONE_PRICE} AND ABS((call.cost - call.web_searches * price.web_search) * 1000
        - call.input * price.input - call.cache_read * price.cache_read - call.write_5m * price.write_5m
        - call.write_1h * price.write_1h - call.output * price.output) > 2500""",
    ),
    (
        "daily sums equal the sums of their calls",
        """SELECT COUNT(*) FROM (SELECT session_id, model, SUM(calls) AS calls, SUM(cost) AS cost FROM spend
        WHERE session_id NOT IN (SELECT id FROM session WHERE spend_stale) GROUP BY 1, 2) AS kept
        LEFT JOIN (SELECT session_id, model, COUNT(*) AS calls, COALESCE(SUM(cost), 0) AS cost FROM call GROUP BY 1, 2)
        AS counted ON counted.session_id = kept.session_id AND counted.model = kept.model
        WHERE counted.calls IS NOT kept.calls OR counted.cost IS NOT kept.cost""",
    ),
    (
        "a call seen in several places is credited to one of them",
        """SELECT COUNT(*) FROM (SELECT DISTINCT call_id FROM sighting) AS seen JOIN call ON call.id = seen.call_id
        WHERE NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.call_id = call.id
        AND sighting.session_id = call.session_id AND sighting.chain_id = call.chain_id)""",
    ),
    (
        "every call of a modelled session belongs to one task",
        """SELECT COUNT(*) FROM call JOIN session ON session.id = call.session_id
        LEFT JOIN call_split ON call_split.call_id = call.id LEFT JOIN task ON task.id = call_split.task_id
        WHERE NOT model_stale AND task.id IS NULL""",
    ),
    (
        "the parts of a call add up to its cost",
        """SELECT COUNT(*) FROM call_split JOIN call ON call.id = call_split.call_id
        JOIN session ON session.id = call.session_id
        WHERE NOT model_stale AND call.cost IS NOT NULL
        AND baseline + carry_over + own + waste + fresh + generation + other IS NOT call.cost""",
    ),
    (
        "a task costs what its calls cost",
        """SELECT COUNT(*) FROM task LEFT JOIN (SELECT task_id, COUNT(*) AS calls, COALESCE(SUM(call.cost), 0) AS cost
        FROM call_split JOIN call ON call.id = call_split.call_id GROUP BY 1) AS counted ON counted.task_id = task.id
        WHERE (COALESCE(counted.calls, 0) != task.calls OR COALESCE(counted.cost, 0) != task.cost) AND NOT EXISTS
        (SELECT 1 FROM task_turn JOIN session ON session.id = task_turn.session_id
        WHERE task_turn.task_id = task.id AND model_stale)""",
    ),
)


def check_invariants(db: sqlite3.Connection) -> list[Invariant]:
    """Every statement with the number of rows that break it (0: it holds)."""
    checks = [Invariant(statement, int(db.execute(query).fetchone()[0])) for statement, query in _CHECKS]
    problems = [row[0] for row in db.execute("PRAGMA quick_check(5)") if row[0] != "ok"]
    return [*checks, Invariant("the database file is intact", len(problems))]

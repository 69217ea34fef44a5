"""Calls that are the same though no key says so: copies of Cline's tasks, and requests that it made by Claude Code.

*Copies.* A classic request is known by its task's folder. A copy of that under another name has the same requests at
the same millisecond.

*Claude Code.* Cline's provider `claude-code` runs `claude -p` (classic) or its SDK for each request, which leaves a
transcript of its own. Cline's row has the sum of what the run's main thread used, often without the last counts of its
output; the transcript has every call. So the counts are the transcript's. A classic request is one call, which stays in
Cline's task, as its row is the earlier one; a run of several calls stays a session of Claude Code's.
"""

import sqlite3

from store.clauses import IS_HEADLESS, PROMPT_TOKENS, exists
from store.merge import DRIVES_CLAUDE_CODE, join_calls

_SLACK_MS = 600_000  # Cline ends a run after ten minutes; its row has the time at which the run began or ended
_ARE_CLINES = "agent IN ('cline', 'roo')"
_REQUESTS = f"""
    WITH request AS MATERIALIZED (
        SELECT call.id, session.id AS session, agent, spend_stale, provider, call.first_at, call.last_at,
               input, cache_read, write_5m + write_1h AS written
        FROM session JOIN call ON call.session_id = session.id WHERE {_ARE_CLINES} AND {PROMPT_TOKENS} > 0
    )
"""
_COPIES = f"""
    {_REQUESTS}
    SELECT DISTINCT MIN(one.id, other.id), MAX(one.id, other.id) FROM request one
    JOIN request other ON other.first_at = one.first_at AND other.input = one.input
        AND other.cache_read = one.cache_read AND other.agent = one.agent AND other.session != one.session
    WHERE one.spend_stale ORDER BY 1, 2
"""
_RUNS = f"""
    {_REQUESTS}
    SELECT request.id, session.id, MIN(call.id) FROM request
    JOIN session ON session.agent = 'claude-code' AND {IS_HEADLESS} AND (session.spend_stale OR request.spend_stale)
        AND session.first_at <= request.last_at + {_SLACK_MS} AND session.last_at >= request.first_at - {_SLACK_MS}
    JOIN call ON call.session_id = session.id JOIN chain ON chain.id = call.chain_id AND chain.key = ''
    WHERE request.provider = '{DRIVES_CLAUDE_CODE}' AND session.id NOT IN (
        SELECT made.session_id FROM sighting JOIN session seen ON seen.id = sighting.seen_session_id
        JOIN call made ON made.id = call_id WHERE seen.{_ARE_CLINES})
    GROUP BY request.id, session.id
    HAVING SUM(call.input) = request.input AND SUM(call.cache_read) = request.cache_read
        AND SUM(call.write_5m + call.write_1h) = request.written
    ORDER BY MIN(ABS(call.first_at - request.first_at)), request.id, session.id
"""


def join_keyless_calls(db: sqlite3.Connection) -> None:
    """Make one call of those that are the same; looks at stale sessions only."""
    if exists(db, f"SELECT 1 FROM session WHERE spend_stale AND {_ARE_CLINES}"):
        for call, copy in db.execute(_COPIES).fetchall():
            join_calls(db, call, copy)
    if exists(db, f"SELECT 1 FROM session WHERE spend_stale AND ({_ARE_CLINES} OR {IS_HEADLESS})"):
        joined: set[int] = set()
        for request, run, call in db.execute(_RUNS).fetchall():
            if joined.isdisjoint((request, -run)):
                joined.update((request, -run))
                join_calls(db, request, call)

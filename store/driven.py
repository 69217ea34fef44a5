"""Requests that Cline made by running Claude Code are one with what Claude Code wrote of them.

Cline's provider `claude-code` runs `claude -p` (classic) or its SDK for each request, which leaves a transcript of its
own. Neither side names the other. Cline's row has the sum of what the run's main thread used, often without the last
counts of its output; the transcript has every call. So the counts are the transcript's. A classic request is one call,
which stays in Cline's task, as its row is the earlier one; a run of several calls stays a session of Claude Code's.
"""

import sqlite3

from store.clauses import IS_HEADLESS, PROMPT_TOKENS, exists
from store.merge import DRIVES_CLAUDE_CODE, join_calls

_SLACK_MS = 600_000  # Cline ends a run after ten minutes; its row has the time at which the run began or ended
_CHANGED = f"SELECT 1 FROM session WHERE spend_stale AND (agent = 'cline' OR {IS_HEADLESS})"
_PAIRS = f"""
    WITH request AS (
        SELECT call.id, call.first_at, call.last_at, spend_stale, input, cache_read, write_5m + write_1h AS written
        FROM session JOIN call ON call.session_id = session.id
        WHERE agent = 'cline' AND provider = '{DRIVES_CLAUDE_CODE}' AND {PROMPT_TOKENS} > 0
    )
    SELECT request.id, session.id, MIN(call.id) FROM request
    JOIN session ON session.agent = 'claude-code' AND {IS_HEADLESS} AND (session.spend_stale OR request.spend_stale)
        AND session.first_at <= request.last_at + {_SLACK_MS} AND session.last_at >= request.first_at - {_SLACK_MS}
    JOIN call ON call.session_id = session.id JOIN chain ON chain.id = call.chain_id AND chain.key = ''
    WHERE session.id NOT IN (
        SELECT made.session_id FROM sighting JOIN session seen ON seen.id = sighting.seen_session_id
        JOIN call made ON made.id = call_id WHERE seen.agent = 'cline')
    GROUP BY request.id, session.id
    HAVING SUM(call.input) = request.input AND SUM(call.cache_read) = request.cache_read
        AND SUM(call.write_5m + call.write_1h) = request.written
    ORDER BY MIN(ABS(call.first_at - request.first_at)), request.id, session.id
"""


def join_driven_calls(db: sqlite3.Connection) -> None:
    """Join each such request with the run that used as many tokens at that time; looks at stale sessions only."""
    if not exists(db, _CHANGED):
        return
    joined: set[int] = set()
    for request, run, call in db.execute(_PAIRS).fetchall():
        if joined.isdisjoint((request, -run)):
            joined.update((request, -run))
            join_calls(db, request, call)

"""Merges calls that are the same without sharing a key: copies of Cline's tasks, and its requests via Claude Code.

*Copies.* A classic request is known by its task's folder. A copy of that under another name has the same requests at
the same millisecond.

*Claude Code.* Cline's provider `claude-code` runs `claude -p` (classic) or its SDK for each request, which leaves a
transcript of its own. Cline's row has the sum of what the run's main thread used, often without the last counts of its
output; the transcript has every call. So the counts are the transcript's. A classic request is one call, which stays in
Cline's task, as its row is the earlier one; a run of several calls stays a session of Claude Code's.
"""

import sqlite3
from collections.abc import Mapping

from store.clauses import IS_HEADLESS, PROMPT_TOKENS, exists
from store.merge import join_calls
from store.records import DRIVES_CLAUDE_CODE

_SLACK_MS = 600_000  # Cline ends a run after ten minutes; its row has the time at which the run began or ended
_ARE_CLINES = "agent IN ('cline', 'roo')"
_CHANGED = f"""
    SELECT MIN(first_at) - {_SLACK_MS} AS since, MAX(last_at) + {_SLACK_MS} AS until FROM session
    WHERE spend_stale AND ({_ARE_CLINES} OR {IS_HEADLESS})
"""
_IS_NEAR = "session.first_at <= :until AND session.last_at >= :since"
_REQUESTS = f"""
    SELECT call.id, session.id AS session, agent, call.first_at, input, cache_read
    FROM session JOIN call ON call.session_id = session.id WHERE {_ARE_CLINES} AND {PROMPT_TOKENS} > 0
"""
_COPIES = f"""
    WITH changed AS MATERIALIZED ({_REQUESTS} AND spend_stale)
    SELECT DISTINCT MIN(one.id, other.id), MAX(one.id, other.id) FROM ({_REQUESTS} AND {_IS_NEAR}) other
    CROSS JOIN changed one ON other.first_at = one.first_at AND other.input = one.input
        AND other.cache_read = one.cache_read AND other.agent = one.agent AND other.session != one.session
    ORDER BY 1, 2
"""
_BY_CLAUDE_CODE = f"""
    SELECT call.id, call.first_at, call.last_at, input, cache_read, write_5m + write_1h
    FROM session JOIN call ON call.session_id = session.id
    WHERE agent = 'cline' AND provider = '{DRIVES_CLAUDE_CODE}' AND {PROMPT_TOKENS} > 0 AND {_IS_NEAR}
"""
_RUNS = f"""
    SELECT session.id, MIN(call.id), MIN(call.first_at), session.first_at, session.last_at,
           SUM(input), SUM(cache_read), SUM(write_5m + write_1h)
    FROM session JOIN call ON call.session_id = session.id JOIN chain ON chain.id = call.chain_id AND chain.key = ''
    WHERE agent = 'claude-code' AND {IS_HEADLESS} AND {_IS_NEAR}
        AND session.id NOT IN (
            SELECT made.session_id FROM session seen JOIN sighting ON sighting.seen_session_id = seen.id
            JOIN call made ON made.id = call_id WHERE seen.agent = 'cline')
    GROUP BY session.id
"""


def join_keyless_calls(db: sqlite3.Connection) -> int:
    """Merge calls that are the same; compares stale sessions with those of the same time.

    Returns the change in the number of calls.
    """
    since, until = db.execute(_CHANGED).fetchone()
    if since is None:
        return 0
    change = 0
    near = {"since": since, "until": until}
    if exists(db, f"SELECT 1 FROM session WHERE spend_stale AND {_ARE_CLINES}"):
        for call, copy in db.execute(_COPIES, near).fetchall():
            change += join_calls(db, call, copy)
    return change + _join_runs(db, near)


def _join_runs(db: sqlite3.Connection, near: Mapping[str, int]) -> int:
    """Merge each request with the run at that time whose main thread used the same number of tokens, nearest first."""
    requests = db.execute(_BY_CLAUDE_CODE, near).fetchall()
    runs: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for *run, fresh, read, written in db.execute(_RUNS, near) if requests else ():
        runs.setdefault((fresh, read, written), []).append(tuple(run))
    pairs = sorted(
        (abs(called_at - first_at), request, run, call)
        for request, first_at, last_at, *tokens in requests
        for run, call, called_at, began_at, ended_at in runs.get(tuple(tokens), ())
        if began_at <= last_at + _SLACK_MS and ended_at >= first_at - _SLACK_MS
    )
    joined_requests: set[int] = set()
    joined_runs: set[int] = set()
    change = 0
    for _, request, run, call in pairs:
        if request not in joined_requests and run not in joined_runs:
            joined_requests.add(request)
            joined_runs.add(run)
            change += join_calls(db, request, call)
    return change

"""Size in tokens of a chain's first prompt, which a fork may have copied from its parent."""

import sqlite3
from collections.abc import Iterable

from store.clauses import PROMPT_TOKENS, json_list
from store.records import CallFlag

_CHAINS = "SELECT value FROM json_each(:chains)"
_SESSIONS = f"SELECT session_id FROM chain WHERE id IN ({_CHAINS})"
# A copy counts for the chain of the same key in the session in whose file it stands.
_PROMPTS = f"""
    SELECT call.chain_id, call.position, {PROMPT_TOKENS} AS tokens, call.flags FROM call
    WHERE call.session_id IN ({_SESSIONS})
    UNION ALL
    SELECT here.id, sighting.position, {PROMPT_TOKENS}, call.flags FROM sighting
    JOIN call ON call.id = sighting.call_id JOIN chain AS made ON made.id = sighting.chain_id
    JOIN chain AS here ON here.session_id = sighting.seen_session_id AND here.key = made.key
    WHERE sighting.seen_session_id IN ({_SESSIONS})
"""


def first_prompts(db: sqlite3.Connection, chain_ids: Iterable[int]) -> dict[int, int]:
    """Tokens by chain, for chains that sent anything."""
    found = db.execute(
        f"SELECT chain_id, tokens, MIN(position) FROM ({_PROMPTS})"
        f" WHERE tokens > 0 AND NOT flags & :inner AND chain_id IN ({_CHAINS}) GROUP BY chain_id",
        {"chains": json_list(chain_ids), "inner": int(CallFlag.ITERATION)},
    )
    return {chain_id: tokens for chain_id, tokens, _ in found}


def first_prompt(db: sqlite3.Connection, session_id: int) -> int:
    """Tokens of a session's main chain; 0 if it has sent nothing."""
    chains = [row[0] for row in db.execute("SELECT id FROM chain WHERE session_id = ? AND key = ''", (session_id,))]
    return max(first_prompts(db, chains).values(), default=0)

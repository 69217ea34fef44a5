"""The cost of a token that is part of every prompt: sums of rates over calls, in pico-dollars a token."""

import sqlite3
from typing import NamedTuple

from store.reads.filter import Filter
from store.records import Agent

_COLD = "call_split.kind IN ('cold_start', 'planned_rebuild', 'major')"


class Carriers(NamedTuple):
    """Which calls of Claude Code carry a text: all, a project's, or those of one of the client's folders."""

    project: str | None = None
    client_folder: str | None = None


EVERY_CALL = Carriers()


class StandingCost(NamedTuple):
    """What one token in the baseline of every call would have cost over some days, and the number of calls."""

    pico_per_token: int
    calls: int
    cold_calls: int
    chains: int
    write_pico: int  # sum of write rates over cold calls: what one token written at the start of each costs
    read_pico: int  # the same for reads by all others


def standing_cost(db: sqlite3.Connection, since_day: str, until_day: str, carriers: Carriers) -> StandingCost:
    """Sums over the priced calls of local days that carry the token.

    A token of the baseline is written by a cold call and read by every other (MODEL section 7.5).
    """
    where, values = Filter(since_day, until_day, agent=Agent.CLAUDE_CODE).of_calls()
    row = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(cold), 0), COUNT(DISTINCT chain_id), COALESCE(SUM(CASE WHEN cold THEN write"
        " ELSE 0 END), 0), COALESCE(SUM(CASE WHEN cold THEN 0 ELSE read END), 0) FROM ("
        f" SELECT call.chain_id, COALESCE({_COLD}, 0) AS cold, price.cache_read AS read,"
        " CASE WHEN call.write_1h > 0 THEN price.write_1h ELSE price.write_5m END AS write"
        " FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id"
        " JOIN price ON price.id = call.price_id LEFT JOIN call_split ON call_split.call_id = call.id"
        " WHERE chain.kind IN ('main', 'subagent')"
        " AND (?1 IS NULL OR session.project = ?1 OR substr(session.project, 1, length(?1) + 1) = ?1 || '/')"
        # A transcript has its session's name: 36 characters before `.jsonl`.
        " AND (?2 IS NULL OR session.native_id IN (SELECT substr(path, -42, 36) FROM source_file"
        f" WHERE substr(path, 1, length(?2) + 1) = ?2 || '/')) AND {where})",
        (*carriers, *values),
    ).fetchone()
    calls, cold, chains, write, read = row
    return StandingCost(write + read, calls, cold, chains, write, read)


def commonest_model(db: sqlite3.Connection, since_day: str, until_day: str) -> str | None:
    """The model of Claude Code with the most calls between two local days."""
    row = db.execute(
        "SELECT model FROM spend JOIN session ON session.id = spend.session_id"
        " WHERE session.agent = 'claude-code' AND day BETWEEN ? AND ? GROUP BY model ORDER BY SUM(calls) DESC LIMIT 1",
        (since_day, until_day),
    ).fetchone()
    return None if row is None else str(row[0])

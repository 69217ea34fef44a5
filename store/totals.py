"""What the clients themselves say a session cost, beside what was recorded of it: the inputs of hidden spend."""

import sqlite3
from typing import NamedTuple

import msgspec

from store.records import CopyRank, ModelTotal
from store.spend import Filter


class CounterRow(NamedTuple):
    """The last word of one run of a client's cost counter, and what the ledger has of the same stretch."""

    session_id: int
    agent: str
    session: str
    parent: str | None
    own_start_at: int | None
    started_at: int | None
    at: int | None
    client_cost: int
    unknown_model: bool
    models: tuple[ModelTotal, ...]
    recorded_cost: int
    unpriced_calls: int
    recorded_by_model: dict[str, tuple[int, int, int, int, int, int]]  # input, read, 5m, 1h, output, cost


# As rows of the table `spend`, so that a filter of that table serves: hidden spend counts on the day of the last word.
_LAST_WORDS = """
    SELECT session_id, ? AS model, date(MAX(COALESCE(at, started_at)) / 1000, 'unixepoch', 'localtime') AS day,
           date(MAX(COALESCE(at, started_at)) / 1000, 'unixepoch') AS day_utc
    FROM client_total WHERE source = 'cost-state' GROUP BY session_id
"""
_decode_models = msgspec.json.Decoder(list[dict[str, int | str]]).decode


def counter_rows(db: sqlite3.Connection, session_ids: list[int] | None = None) -> list[CounterRow]:
    """One row per session and counter start, the latest of each (CLAUDE_CODE section 1.8)."""
    chosen = "" if session_ids is None else f"AND session_id IN ({', '.join(map(str, session_ids))})"
    rows = db.execute(
        f"""
        SELECT total.session_id, agent, native_id, parent, own_start_at, started_at, total.at, cost, unknown_model,
               models, position
        FROM client_total AS total JOIN session ON session.id = total.session_id
        WHERE source = 'cost-state' {chosen} AND position = (
            SELECT MAX(position) FROM client_total AS later
            WHERE later.session_id = total.session_id AND later.source = total.source
                  AND later.started_at IS total.started_at)
        ORDER BY total.session_id, started_at
        """
    ).fetchall()
    made = []
    for row in rows:
        cost, unpriced, by_model = _recorded(db, row[0], row[5], row[6], row[10])
        models = tuple(msgspec.convert(model, ModelTotal, strict=False) for model in _as_arrays(row[9]))
        made.append(CounterRow._make((*row[:8], bool(row[8]), models, cost, unpriced, by_model)))
    return made


def counted_sessions(db: sqlite3.Connection, chosen: Filter) -> list[int]:
    """Sessions whose client counted their cost and wrote it last in the chosen part, whatever models they used."""
    found = db.execute(
        f"SELECT spend.session_id FROM ({_LAST_WORDS}) AS spend"
        f" JOIN session ON session.id = spend.session_id WHERE {chosen.where}",
        (chosen.model, *chosen.values),
    )
    return [row[0] for row in found]


def _as_arrays(models: str) -> list[list[int | str]]:
    return [[model[name] for name in ModelTotal.__struct_fields__] for model in _decode_models(models)]


def _recorded(
    db: sqlite3.Connection, session_id: int, started_at: int | None, at: int | None, position: int
) -> tuple[int, int, dict[str, tuple[int, int, int, int, int, int]]]:
    """Recorded cost of the calls that a counter covers: seen in this session, after its start, before its row.

    A `--fork-session` copy keeps counting from its parent's total, so its copied calls belong; those of `/branch`
    do not. Calls of subagents stand in other files: the row's time bounds them.
    """
    rows = db.execute(
        """
        SELECT model, SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h), SUM(output), SUM(cost),
               SUM(cost IS NULL)
        FROM (
            SELECT call.*, call.position AS here, call.chain_id AS chain_here FROM call
            WHERE session_id = :session
            UNION ALL
            SELECT call.*, sighting.position, sighting.chain_id FROM sighting JOIN call ON call.id = sighting.call_id
            WHERE sighting.seen_session_id = :session AND call.session_id != :session
                  AND sighting.copy_rank != :branch
        ) AS covered JOIN chain ON chain.id = covered.chain_here
        WHERE (:started IS NULL OR covered.first_at >= :started)
              AND CASE WHEN chain.key = '' THEN covered.here < :position
                       ELSE :at IS NULL OR covered.last_at <= :at + 2000 END
        GROUP BY model
        """,
        {
            "session": session_id,
            "started": started_at,
            "at": at,
            "position": position,
            "branch": CopyRank.BRANCH,
        },
    ).fetchall()
    return (
        sum(row[6] or 0 for row in rows),
        sum(row[7] for row in rows),
        {row[0]: (row[1], row[2], row[3], row[4], row[5], row[6] or 0) for row in rows},
    )

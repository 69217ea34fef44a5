"""Every stored field of calls, for export."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from store.reads.chains import AGENT_TYPE, named_chains
from store.reads.filter import Filter

_CALLS = f"""
    SELECT session.agent, session.native_id AS session, session.project, chain.key AS chain, chain.kind AS chain_kind,
           {AGENT_TYPE} AS agent_type, call.message_id, call.request_id, call.turn, call.position, call.requested_at,
           call.first_at, call.last_at, call.retries, call.model, call.provider, call.input, call.cache_read,
           call.write_5m, call.write_1h, call.output, call.thinking, call.web_searches, call.speed, call.tier,
           call.geo, call.stop, call.effort, call.version, call.flags, call.copy_rank, call.price_id, call.cost,
           call.reported_cost, call.miss_reason, NULLIF(split.task_id, '') AS task, split.epoch, split.expected_read,
           split.missed, split.kind AS cache_kind, split.cause AS miss_cause, split.cause_source AS miss_cause_source,
           split.ttl_ms, split.baseline, split.carry_over, split.own, split.waste, split.fresh, split.generation,
           split.other
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
    LEFT JOIN call_split AS split ON split.call_id = call.id
"""
CALL_EXPORT = f"{_CALLS} {named_chains()}"
_NEW_CALLS = f"{_CALLS} {named_chains('session_id IN (SELECT session_id FROM call WHERE id > :after)')}"


def call_rows(db: sqlite3.Connection, chosen: Filter, *, limit: int | None) -> Iterator[dict[str, Any]]:
    """The chosen calls with every stored field, in order of time; `limit` keeps the latest."""
    where, values = chosen.of_calls()
    query = f"{CALL_EXPORT} WHERE {where} ORDER BY call.first_at, call.message_id"
    if limit is not None:
        query = (
            f"SELECT * FROM ({CALL_EXPORT} WHERE {where} ORDER BY call.first_at DESC, call.message_id DESC"
            " LIMIT ?) ORDER BY first_at, message_id"
        )
    yield from _by_name(db.execute(query, values if limit is None else (*values, limit)))


def call_fields(db: sqlite3.Connection) -> list[str]:
    """The field names of `call_rows`, in order."""
    return [column[0] for column in db.execute(f"{CALL_EXPORT} LIMIT 0").description]


def newest_call_id(db: sqlite3.Connection) -> int:
    """The highest call id, from which `calls_after` can start."""
    return int(db.execute("SELECT COALESCE(MAX(id), 0) FROM call").fetchone()[0])


def calls_after(db: sqlite3.Connection, call_id: int) -> list[dict[str, Any]]:
    """Calls added after the one with this id, in order of time, with every stored field and `id`."""
    query = (
        f"SELECT * FROM ({_NEW_CALLS.replace('SELECT', 'SELECT call.id,', 1)} WHERE call.id > :after)"
        " ORDER BY first_at, message_id"
    )
    return list(_by_name(db.execute(query, {"after": call_id})))


def _by_name(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)

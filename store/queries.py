"""Reads rows for reports. SQL lives here and in the other modules of `store`, nowhere else."""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from store.clauses import IS_COUNTED, SESSION_TITLE, where_clause
from store.filter import EVERYTHING, Filter
from store.records import Price
from store.spend import unpriced_models
from store.titles import title_in


class Totals(NamedTuple):
    """The ledger in few figures; the days are local ISO days, None where there is no call."""

    calls: int
    sessions: int
    unpriced_calls: int
    unpriced_models: list[str]
    first_day: str | None
    last_day: str | None


def totals(db: sqlite3.Connection) -> Totals:
    """Counts over the whole ledger."""
    calls, sessions, unpriced, *days = db.execute(
        "SELECT COALESCE(SUM(calls), 0), COUNT(DISTINCT session_id), COALESCE(SUM(unpriced), 0), MIN(day), MAX(day)"
        " FROM spend"
    ).fetchone()
    return Totals(calls, sessions, unpriced, unpriced_models(db, EVERYTHING), *days)


def uncounted_models(db: sqlite3.Connection) -> set[str]:
    """Models of which no unpriced call has token counts: what they lack is not a price."""
    return {
        row[0]
        for row in db.execute(f"SELECT model FROM call WHERE cost IS NULL GROUP BY model HAVING NOT MAX({IS_COUNTED})")
    }


def recorded_models(db: sqlite3.Connection) -> list[str]:
    """The ids of all models that were called, in order."""
    return [model for (model,) in db.execute("SELECT DISTINCT model FROM spend ORDER BY model")]


def stored_prices(db: sqlite3.Connection) -> list[Price]:
    """Every resolved price row."""
    return [Price(*row) for row in db.execute("SELECT * FROM price")]


class ListedSession(NamedTuple):
    """A session in a list, with its sums."""

    agent: str
    native_id: str
    project: str | None
    title: str | None
    branch: str | None
    version: str | None
    entrypoint: str | None
    billing: str
    parent: str | None
    first_at: int | None
    last_at: int | None
    calls: int
    cost: int
    unpriced: int
    floor: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    models: str

    @property
    def tokens(self) -> tuple[int, int, int, int, int]:
        """Its tokens by class: input, cache read, 5 min writes, 1 h writes, output."""
        return self.input, self.cache_read, self.write_5m, self.write_1h, self.output


def session_rows(db: sqlite3.Connection, chosen: Filter) -> list[ListedSession]:
    """Sessions with calls in the chosen part, latest first."""
    where, values = chosen.of_spend()
    found = db.execute(
        f"SELECT agent, native_id, project, {SESSION_TITLE}, branch, version, entrypoint, billing, parent, first_at,"
        " last_at, SUM(calls), SUM(cost), SUM(unpriced), SUM(floor), SUM(input), SUM(cache_read), SUM(write_5m),"
        " SUM(write_1h), SUM(output), GROUP_CONCAT(DISTINCT model)"
        f" FROM spend JOIN session ON session.id = spend.session_id WHERE {where}"
        " GROUP BY spend.session_id ORDER BY last_at DESC, native_id",
        values,
    )
    listed = [ListedSession(*row) for row in found]
    return [session._replace(title=title_in(session.title)) if session.title else session for session in listed]


CALL_EXPORT = """
    SELECT session.agent, session.native_id AS session, session.project, chain.key AS chain, chain.kind AS chain_kind,
           chain.agent_type, call.message_id, call.request_id, call.turn, call.position, call.requested_at,
           call.first_at, call.last_at, call.retries, call.model, call.provider, call.input, call.cache_read,
           call.write_5m, call.write_1h, call.output, call.thinking, call.web_searches, call.speed, call.tier,
           call.geo, call.stop, call.effort, call.version, call.flags, call.copy_rank, call.price_id, call.cost,
           call.reported_cost, call.miss_reason
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
"""


def call_rows(
    db: sqlite3.Connection,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    project: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    session: str | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Every stored field of the chosen calls in order of time; `limit` keeps the latest."""
    values: list[str | int]
    where, values = where_clause(
        (
            ("call.first_at >= ?", since_ms),
            ("call.first_at < ?", until_ms),
            ("instr(session.project, ?) > 0", project),
            ("session.agent = ?", agent),
            ("call.model = ?", model),
            ("instr(session.native_id, ?) = 1", session),
        )
    )
    query = f"{CALL_EXPORT} WHERE {where} ORDER BY call.first_at, call.message_id"
    if limit is not None:
        query = (
            f"SELECT * FROM ({CALL_EXPORT} WHERE {where} ORDER BY call.first_at DESC, call.message_id DESC LIMIT ?)"
            " ORDER BY first_at, message_id"
        )
        values.append(limit)
    yield from _by_name(db.execute(query, values))


def call_fields(db: sqlite3.Connection) -> list[str]:
    """The names of what `call_rows` yields, in order."""
    return [column[0] for column in db.execute(f"{CALL_EXPORT} LIMIT 0").description]


def newest_call_id(db: sqlite3.Connection) -> int:
    """The highest id of any call: what `calls_after` starts from."""
    return int(db.execute("SELECT COALESCE(MAX(id), 0) FROM call").fetchone()[0])


def calls_after(db: sqlite3.Connection, call_id: int) -> list[dict[str, Any]]:
    """Calls that were added after the one with this id, in order of time, with every stored field and `id`."""
    query = (
        f"SELECT * FROM ({CALL_EXPORT.replace('SELECT', 'SELECT call.id,', 1)} WHERE call.id > ?)"
        " ORDER BY first_at, message_id"
    )
    return list(_by_name(db.execute(query, (call_id,))))


def _by_name(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


class FileRow(NamedTuple):
    """A file that was read."""

    path: str
    bad_lines: int
    gone: bool


def file_rows(db: sqlite3.Connection) -> list[FileRow]:
    """Every file that the ledger knows."""
    return [
        FileRow(path, bad_lines, bool(gone))
        for path, bad_lines, gone in db.execute(
            "SELECT path, bad_lines, gone_at IS NOT NULL FROM source_file ORDER BY path"
        )
    ]

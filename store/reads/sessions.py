"""Lists sessions, and finds the one that a command is about."""

import sqlite3
from typing import NamedTuple

from store.clauses import HAS_TALKED, LATEST_SESSION_FIRST, SESSION_TITLE
from store.reads.filter import Filter


class FoundSession(NamedTuple):
    """A session that was asked for, or the latest."""

    id: int
    agent: str
    native_id: str


def find_session(db: sqlite3.Connection, prefix: str | None, now: int) -> list[FoundSession]:
    """Sessions whose id starts with `prefix`; without one the latest as of `now` (epoch ms), preferring real talk."""
    columns = "SELECT id, agent, native_id FROM session"
    if prefix is None:
        found = db.execute(
            f"{columns} WHERE EXISTS (SELECT 1 FROM call WHERE session_id = session.id)"
            f" ORDER BY {HAS_TALKED} DESC, {LATEST_SESSION_FIRST} LIMIT 1",
            {"now": now},
        )
    else:
        found = db.execute(f"{columns} WHERE instr(native_id, ?) = 1 ORDER BY last_at DESC LIMIT 5", (prefix,))
    return [FoundSession(*row) for row in found]


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
        f" FROM {chosen.spend} JOIN session ON session.id = spend.session_id WHERE {where}"
        " GROUP BY spend.session_id ORDER BY last_at DESC, native_id",
        values,
    )
    return [ListedSession(*row) for row in found]

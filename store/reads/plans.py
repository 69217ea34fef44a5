"""Rows for plans and what-ifs. Times are epoch milliseconds, days are local days, money is nano-dollars."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from store.clauses import IN_LIST, PROMPT_TOKENS, json_list, local_day
from store.reads.filter import Filter
from store.records import DRIVES_CLAUDE_CODE, Agent, CallFlag, EventKind
from store.task_rows import LimitSample

_FLOOR = int(CallFlag.OUTPUT_IS_FLOOR)  # enum arithmetic is too slow for what runs once a call
# What another agent asks through Claude Code (store.keyless) draws on the plan as Claude Code does.
_IS_OTHER_AGENT = f"""
    session.agent != '{Agent.CLAUDE_CODE}' AND call.provider != '{DRIVES_CLAUDE_CODE}' AND NOT EXISTS (
        SELECT 1 FROM sighting CROSS JOIN session AS seen ON seen.id = sighting.seen_session_id
        WHERE sighting.call_id = call.id AND seen.agent = '{Agent.CLAUDE_CODE}')
"""


class PlanCallRow(NamedTuple):
    """A call, and the row of `price` that it was billed by (None while unpriced)."""

    id: int
    chain_id: int
    is_other_agent: bool
    position: int
    day: str
    requested_at: int | None
    first_at: int
    last_at: int
    model: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    speed: str | None
    cost: int | None
    flags: int
    chain_kind: str
    entrypoint: str | None
    price_id: str | None

    @property
    def is_floor(self) -> bool:
        """Whether not all of its output is on record."""
        return bool(self.flags & _FLOOR)


_CALLS = f"""
    SELECT call.id, call.chain_id, {_IS_OTHER_AGENT}, call.position,
           {local_day("call.first_at")}, call.requested_at, call.first_at, call.last_at,
           call.model, call.input, call.cache_read, call.write_5m, call.write_1h, call.output, call.speed, call.cost,
           call.flags, chain.kind, session.entrypoint, call.price_id
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
"""


def plan_calls(
    db: sqlite3.Connection, since_day: str, until_day: str, *, project: str | None = None
) -> Iterator[PlanCallRow]:
    """Calls of the local days from `since_day` to `until_day`, chain by chain in file order."""
    where, values = Filter(since_day, until_day, project).of_calls()
    found = db.execute(f"{_CALLS} WHERE {where} ORDER BY call.chain_id, call.position", values)
    return map(PlanCallRow._make, found)


def limit_samples(db: sqlite3.Connection, kind: str, since_ms: int) -> list[LimitSample]:
    """Readings of one window ("five_hour" or "seven_day") of all sessions, oldest first."""
    found = db.execute(
        "SELECT at, used_percent, resets_at FROM limit_sample WHERE kind = ? AND at >= ? ORDER BY at", (kind, since_ms)
    )
    return [LimitSample._make(row) for row in found]


def limit_refusals(db: sqlite3.Connection, since_ms: int) -> list[int]:
    """When a plan's limit refused a request, from the transcripts; one refused prompt may be in several rows."""
    found = db.execute(
        "SELECT DISTINCT at FROM event WHERE kind = ? AND at >= ? ORDER BY at", (EventKind.LIMIT, since_ms)
    )
    return [row[0] for row in found]


class TaskCallRow(NamedTuple):
    """A priced call of a task, with what decides whether a plan covers it."""

    task_id: str
    call_id: int
    is_other_agent: bool
    model: str
    prompt_tokens: int
    speed: str | None
    cost: int


def task_calls(db: sqlite3.Connection, task_ids: Iterable[str], chosen: Filter) -> list[TaskCallRow]:
    """The chosen priced calls of these tasks."""
    where, values = chosen.of_calls()
    found = db.execute(
        f"SELECT task_id, call.id, {_IS_OTHER_AGENT}, call.model, {PROMPT_TOKENS}, call.speed, call.cost"
        " FROM call_split JOIN call ON call.id = call_split.call_id"
        " JOIN session ON session.id = call.session_id"
        f" WHERE call.cost AND task_id {IN_LIST} AND {where}",
        (json_list(task_ids), *values),
    )
    return [TaskCallRow._make(row) for row in found]

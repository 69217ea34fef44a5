"""The current state of a session, as input for advice. Takes a few milliseconds."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from store.clauses import IN_LIST, IS_HEADLESS, PROMPT_TOKENS, SESSION_TITLE, columns, exists, json_list
from store.records import CallFlag, EventKind
from store.task_rows import EventRow, ToolRow

_MARKS = (
    EventKind.COMPACT,
    EventKind.SUMMARY,
    EventKind.MICROCOMPACT,
    EventKind.CLEAR,
    EventKind.REWIND,
    EventKind.INTERRUPT,
    EventKind.API_ERROR,
    EventKind.LIMIT,
    EventKind.EXIT,
)


class ActiveSession(NamedTuple):
    """A recently active session; all fields but the ids change whenever its records do."""

    id: int
    native_id: str
    last_at: int
    newest_call: int | None
    newest_turn: int | None


class LiveSession(NamedTuple):
    """Facts of a session."""

    id: int
    agent: str
    native_id: str
    project: str | None
    title: str | None
    billing: str
    has_limit_samples: int


class LiveCall(NamedTuple):
    """A call of the main chain with its derived figures."""

    message_id: str
    position: int
    started_at: int
    first_at: int
    last_at: int
    model: str
    version: str | None
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    context: int  # the whole prompt, tokens
    output: int
    stop: str | None
    price_id: str | None
    cost: int | None
    epoch: int | None
    missed: int | None
    kind: str | None
    cause: str | None
    waste: int | None
    ttl_ms: int | None
    task_id: str | None


class LiveTurn(NamedTuple):
    """One of a session's prompts, and its task as far as it was derived."""

    prompt_uuid: str
    position: int
    at: int
    task_id: str | None
    decision: str | None
    score: int | None  # per mille of what starts a task


def active_sessions(db: sqlite3.Connection, since: int) -> list[ActiveSession]:
    """Sessions with a record since then (epoch ms), latest first."""
    rows = db.execute(
        "SELECT id, native_id, last_at, (SELECT MAX(call.id) FROM call WHERE call.session_id = session.id),"
        " (SELECT MAX(turn.at) FROM turn WHERE turn.session_id = session.id)"
        " FROM session WHERE last_at >= ? ORDER BY last_at DESC, id DESC",
        (since,),
    )
    return [ActiveSession(*row) for row in rows]


def sessions_begun(
    db: sqlite3.Connection, *, since: int | None, until: int | None, project: str | None, agent: str | None
) -> list[int]:
    """Sessions with calls that began in [since, until) (epoch ms), oldest first; `project` is part of a path."""
    rows = db.execute(
        "SELECT id FROM session WHERE COALESCE(own_start_at, first_at) >= ?1 AND COALESCE(own_start_at, first_at) < ?2"
        " AND (?3 IS NULL OR instr(project, ?3)) AND (?4 IS NULL OR agent = ?4)"
        " AND EXISTS (SELECT 1 FROM call WHERE call.session_id = session.id)"
        " ORDER BY COALESCE(own_start_at, first_at), id",
        (0 if since is None else since, 2**62 if until is None else until, project, agent),
    )
    return [row[0] for row in rows]


def live_session(db: sqlite3.Connection, session_id: int) -> LiveSession:
    """Facts of a session; LookupError if the id is unknown."""
    row = db.execute(
        f"SELECT id, agent, native_id, project, {SESSION_TITLE}, billing, EXISTS (SELECT 1 FROM limit_sample"
        " WHERE kind IN ('five_hour', 'seven_day') AND session_id = session.id) FROM session WHERE id = ?",
        (session_id,),
    ).fetchone()
    if row is None:
        raise LookupError(f"no session {session_id}")
    return LiveSession(*row)


def main_calls(db: sqlite3.Connection, session_id: int) -> list[LiveCall]:
    """The session's own main chain calls that add to its context, in file order."""
    rows = db.execute(
        "SELECT message_id, position, COALESCE(requested_at, call.first_at), call.first_at, last_at, model, version,"
        f" input, cache_read, write_5m, write_1h, {PROMPT_TOKENS}, output, stop, price_id, cost, epoch, missed,"
        " call_split.kind, cause, waste, ttl_ms, task_id"
        " FROM call JOIN chain ON chain.id = call.chain_id LEFT JOIN call_split ON call_split.call_id = call.id"
        f" WHERE call.session_id = ? AND chain.key = '' AND {PROMPT_TOKENS} AND NOT flags & ?"
        " ORDER BY call.position, call.first_at, message_id",
        (session_id, int(CallFlag.ITERATION)),
    )
    return [LiveCall(*row) for row in rows]


def latest_turns(db: sqlite3.Connection, session_id: int, limit: int) -> list[LiveTurn]:
    """The session's last prompts, oldest first."""
    rows = db.execute(
        "SELECT turn.prompt_uuid, turn.position, turn.at, task_id, decision, score FROM turn"
        " LEFT JOIN task_turn USING (session_id, prompt_uuid) WHERE turn.session_id = ?"
        " ORDER BY turn.position DESC, turn.prompt_uuid DESC LIMIT ?",
        (session_id, limit),
    )
    return [LiveTurn(*row) for row in rows][::-1]


def is_answered(db: sqlite3.Connection, session_id: int, turn: LiveTurn) -> bool:
    """Whether a call of the main chain follows a prompt."""
    return exists(
        db,
        "SELECT 1 FROM call JOIN chain ON chain.id = call.chain_id"
        " WHERE call.session_id = ? AND chain.key = '' AND call.position > ?",
        (session_id, turn.position),
    )


def was_cut(db: sqlite3.Connection, session_id: int, kinds: Collection[str]) -> bool:
    """Whether the main chain ends with an event of these kinds, with no call after it."""
    return exists(
        db,
        f"SELECT 1 FROM event WHERE session_id = ? AND chain = '' AND kind {IN_LIST}"
        " AND position > (SELECT MAX(call.position) FROM call JOIN chain ON chain.id = call.chain_id"
        " WHERE call.session_id = event.session_id AND chain.key = '')",
        (session_id, json_list(kinds)),
    )


def marks(db: sqlite3.Connection, session_id: int) -> list[EventRow]:
    """Events of the main chain, in file order."""
    rows = db.execute(
        f"SELECT {columns('event', EventRow._fields)} FROM event"
        f" WHERE session_id = ? AND chain = '' AND kind {IN_LIST} ORDER BY position",
        (session_id, json_list(_MARKS)),
    )
    return [EventRow(*row) for row in rows]


def tools_with(db: sqlite3.Connection, session_id: int, flags: int) -> list[ToolRow]:
    """Tool uses of the main chain that have any of these flags, in order of time."""
    return _tools(db, "flags & ?", (session_id, flags))


def tools_since(db: sqlite3.Connection, session_id: int, position: int) -> list[ToolRow]:
    """Tool uses of the main chain from a position in its file onwards, in order of time."""
    return _tools(db, "position >= ?", (session_id, position))


def _tools(db: sqlite3.Connection, where: str, values: Sequence[int]) -> list[ToolRow]:
    rows = db.execute(
        f"SELECT {columns('tool_use', ToolRow._fields)} FROM tool_use WHERE session_id = ? AND chain = '' AND {where}"
        " ORDER BY at, position, id",
        values,
    )
    return [ToolRow(*row) for row in rows]


def next_start(db: sqlite3.Connection, project: str, after: int, *, besides: int) -> int | None:
    """When the user (no program, no agent) next began a session in a project after a time; None if they did not."""
    row = db.execute(
        "SELECT MIN(COALESCE(own_start_at, first_at)) FROM session"
        " WHERE project = ? AND id != ? AND COALESCE(own_start_at, first_at) > ?"
        f" AND NOT {IS_HEADLESS} AND teammate IS NULL",
        (project, besides, after),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def transcripts_of(db: sqlite3.Connection, native_id: str) -> list[str]:
    """Paths of a session's transcripts that still exist, the one still being written last."""
    endings = (f"/{native_id}/ui_messages.json", f"/{native_id}.messages.json", f"/{native_id}.jsonl")
    found = [
        db.execute(
            "SELECT path FROM source_file WHERE gone_at IS NULL AND substr(path, -length(?1)) = ?1", (ending,)
        ).fetchone()
        for ending in endings
    ]
    return [str(row[0]) for row in found if row is not None]

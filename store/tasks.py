"""SQL of the task model: loads a session's records and writes the derived tables.

A session's derived rows are replaced as a whole; the user's edits are in store.task_edits.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from store.clauses import IN_LIST, columns, exists, json_list
from store.records import EventKind
from store.task_rows import (
    CallRow,
    ChainRow,
    EventRow,
    PartRow,
    SessionRecords,
    SessionRow,
    SplitRow,
    TaskRow,
    TaskTurnRow,
    TeamRow,
    ToolRow,
    TurnRow,
)

_CALL = """
    call.id, chain.key, call.session_id, call.message_id, {place}.turn, {place}.position, {place}.requested_at,
    {place}.first_at, {place}.last_at, call.model, call.input, call.cache_read, call.write_5m, call.write_1h,
    call.output, call.web_searches, call.speed, call.stop, call.effort, call.version, call.flags,
    call.price_id, call.cost, call.miss_reason
"""
_OWN_CALLS = (
    f"SELECT {_CALL.format(place='call')} FROM call JOIN chain ON chain.id = call.chain_id WHERE call.session_id = ?"
)
_COPIES = (
    f"SELECT {_CALL.format(place='sighting')}, 1 FROM sighting JOIN call ON call.id = sighting.call_id"
    " JOIN chain ON chain.id = sighting.chain_id WHERE sighting.seen_session_id = :id AND call.session_id != :id"
    " ORDER BY sighting.first_at, sighting.position, call.message_id"
)
_TURN = columns("turn", TurnRow._fields)
_TOOL = columns("tool_use", ToolRow._fields)
_CHAINS = f"SELECT {columns('chain', ChainRow._fields)} FROM chain WHERE session_id = ?"
_EVENTS = f"SELECT {columns('event', EventRow._fields)} FROM event WHERE session_id = ?"


# An approved plan that begins with a cleared context: the client interrupts the session that planned, at its question
# whether to go ahead, and gives the plan to a new one in the same moment, with the path of the old one's transcript
# (not always: the first clients that did this left it out, and whoever publishes transcripts may redact it).
_PLANS_CARRIED_OUT = """
    WITH span AS MATERIALIZED (
        SELECT id, agent, project, first_at, last_at + :waits AS until FROM session
        WHERE (agent, project) IN (SELECT agent, project FROM session WHERE id IN (SELECT value FROM json_each(:ids)))
    ),
    touched AS MATERIALIZED (SELECT span.* FROM json_each(:ids) JOIN span ON span.id = value),
    pair (doing, planning) AS MATERIALIZED (
        SELECT doing.id, planning.id FROM touched AS doing JOIN span AS planning USING (agent, project)
            WHERE planning.id != doing.id AND doing.first_at BETWEEN planning.first_at AND planning.until
        UNION SELECT doing.id, planning.id FROM touched AS planning JOIN span AS doing USING (agent, project)
            WHERE planning.id != doing.id AND doing.first_at BETWEEN planning.first_at AND planning.until
    ),
    approval AS MATERIALIZED (
        SELECT session_id, at FROM event WHERE session_id IN (SELECT planning FROM pair) AND chain = ''
            AND kind = 'interrupt' AND 'ExitPlanMode' = (
                SELECT name FROM tool_use WHERE tool_use.session_id = event.session_id AND tool_use.chain = ''
                    AND tool_use.position < event.position ORDER BY tool_use.position DESC LIMIT 1
            )
    ),
    named (doing, planning, position) AS MATERIALIZED (
        SELECT doing.id, planning.id, event.position FROM event JOIN session AS doing ON doing.id = event.session_id
            JOIN session AS planning ON planning.agent = doing.agent AND planning.native_id = event.detail
            WHERE event.kind = :plan AND planning.id != doing.id
            AND (doing.id IN (SELECT id FROM touched) OR planning.id IN (SELECT id FROM touched))
    ),
    found (doing, planning, at, position) AS MATERIALIZED (
        SELECT doing, planning, at, NULL FROM approval JOIN pair ON planning = session_id
        UNION ALL SELECT doing, planning, NULL, position FROM named
    )
    SELECT turn.session_id, prompt_uuid, planning, COALESCE(found.at, turn.at)
    FROM found JOIN turn ON turn.session_id = doing
        AND turn.position = (SELECT MIN(position) FROM turn AS first WHERE first.session_id = doing)
    WHERE ABS(found.at - turn.at) <= :within OR found.position = turn.position
    ORDER BY turn.session_id, found.at IS NULL, ABS(found.at - turn.at) DESC, planning
"""


# -- loading ----------------------------------------------------------------------------------------------------------


def stale_sessions(db: sqlite3.Connection) -> list[int]:
    """Sessions whose records changed after their tasks were derived, oldest first."""
    return [row[0] for row in db.execute("SELECT id FROM session WHERE model_stale ORDER BY first_at, id")]


def has_stale_sessions(db: sqlite3.Connection) -> bool:
    """Whether any session is stale."""
    return exists(db, "SELECT 1 FROM session WHERE model_stale")


def load_session(db: sqlite3.Connection, session_id: int) -> SessionRecords:
    """All records of a session; where its own file is gone, prompts and tools come from a file that copied them."""
    row = db.execute(
        "SELECT session.id, session.agent, session.native_id, session.project, session.branch, session.title,"
        " session.title_rank, origin.id, session.teammate FROM session LEFT JOIN session AS origin"
        " ON origin.agent = session.agent AND origin.native_id = session.parent WHERE session.id = ?",
        (session_id,),
    ).fetchone()
    session = SessionRow(*row)
    calls = [CallRow(*call) for call in db.execute(_OWN_CALLS, (session_id,))]
    foreign: dict[str, int] = {}
    for copy in db.execute(_COPIES, {"id": session_id}).fetchall():
        calls.append(CallRow._make((*copy[:-1], True)))
        if copy[4] is not None:
            foreign.setdefault(copy[4], copy[2])
    turns = [TurnRow(*turn) for turn in db.execute(f"SELECT {_TURN} FROM turn WHERE session_id = ?", (session_id,))]
    if session.parent_id is not None:
        shared = db.execute(
            "SELECT turn.prompt_uuid FROM turn JOIN turn AS earlier ON earlier.prompt_uuid = turn.prompt_uuid"
            " AND earlier.session_id = ? WHERE turn.session_id = ?",
            (session.parent_id, session_id),
        )
        for (uuid,) in shared:
            foreign.setdefault(uuid, session.parent_id)
    known = {turn.prompt_uuid for turn in turns}
    missing = {call.turn for call in calls if not call.copied and call.turn and call.turn not in known}
    tools = [ToolRow(*tool) for tool in db.execute(f"SELECT {_TOOL} FROM tool_use WHERE session_id = ?", (session_id,))]
    if missing:
        turns += _borrowed_turns(db, session_id, missing)
        tools += _borrowed_tools(db, session_id, {tool.id for tool in tools})
    return SessionRecords(
        session,
        [ChainRow(*chain) for chain in db.execute(_CHAINS, (session_id,))],
        calls,
        turns,
        tools,
        [EventRow(*event) for event in db.execute(_EVENTS, (session_id,))],
        foreign,
    )


def _borrowed_turns(db: sqlite3.Connection, session_id: int, missing: set[str]) -> list[TurnRow]:
    found: dict[str, TurnRow] = {}
    seen = db.execute(
        f"SELECT DISTINCT {_TURN} FROM call JOIN turn ON turn.session_id = call.seen_session_id"
        " AND turn.prompt_uuid = call.turn WHERE call.session_id = ? AND call.seen_session_id != call.session_id"
        " ORDER BY turn.at, turn.position",
        (session_id,),
    )
    for turn in seen:
        if turn[0] in missing:
            found.setdefault(turn[0], TurnRow(*turn))
    return list(found.values())


def _borrowed_tools(db: sqlite3.Connection, session_id: int, known: set[str]) -> list[ToolRow]:
    seen = db.execute(
        f"SELECT {_TOOL} FROM call JOIN tool_use ON tool_use.message_id = call.message_id"
        " AND tool_use.session_id = call.seen_session_id"
        " WHERE call.session_id = ? AND call.seen_session_id != call.session_id",
        (session_id,),
    )
    return [ToolRow(*tool) for tool in seen if tool[0] not in known]


def floors(db: sqlite3.Connection) -> dict[tuple[str, str | None], int]:
    """Static floor in tokens, by model and client version."""
    found = db.execute("SELECT model, version, cache_read FROM static_floor")
    return {(model, version or None): cache_read for model, version, cache_read in found}


def related_sessions(db: sqlite3.Connection, session_ids: Iterable[int]) -> set[int]:
    """Forks of the given sessions: the calls that they copied belong to the tasks of these sessions."""
    found = db.execute(
        "SELECT fork.id FROM session AS fork JOIN session AS origin ON origin.native_id = fork.parent"
        f" AND origin.agent = fork.agent WHERE origin.id {IN_LIST}",
        (json_list(session_ids),),
    )
    return {row[0] for row in found}


# -- one session's derived rows ---------------------------------------------------------------------------------------


def replace_session(
    db: sqlite3.Connection,
    session_id: int,
    turns: Sequence[TaskTurnRow],
    parts: Sequence[PartRow],
    splits: Sequence[SplitRow],
    cold_reads: dict[tuple[str, str, int], int],
) -> None:
    """Replace the session's derived rows, and mark it as up to date."""
    for table in ("call_split", "task_turn", "task_part", "cold_read"):
        db.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))
    _insert(db, "INSERT OR REPLACE INTO call_split", splits)
    _insert(db, "INSERT INTO task_turn", turns)
    _insert(db, "INSERT INTO task_part", parts)
    _insert(db, "INSERT INTO cold_read", [(session_id, *key, times) for key, times in cold_reads.items()])
    db.execute("UPDATE session SET model_stale = 0 WHERE id = ?", (session_id,))


def cold_keys(db: sqlite3.Connection, session_id: int) -> set[tuple[str, str]]:
    """Models and versions of a session's stored cold reads."""
    return set(db.execute("SELECT DISTINCT model, version FROM cold_read WHERE session_id = ?", (session_id,)))


def refresh_floors(db: sqlite3.Connection, keys: Iterable[tuple[str, str]], causes: Sequence[str]) -> None:
    """Recompute the static floors of these models and versions.

    Where one changed, the sessions with a miss of one of `causes` (those that depend on it) are marked again.
    """
    for model, version in keys:
        best = db.execute(
            "SELECT cache_read, SUM(times) FROM cold_read WHERE model = ? AND version = ?"
            " GROUP BY cache_read ORDER BY 2 DESC, 1 LIMIT 1",
            (model, version),
        ).fetchone()
        floor = best[0] if best is not None and best[1] >= 2 and best[0] > 0 else None
        row = db.execute(
            "SELECT cache_read FROM static_floor WHERE model = ? AND version = ?", (model, version)
        ).fetchone()
        if floor == (row[0] if row else None):
            continue
        db.execute("DELETE FROM static_floor WHERE model = ? AND version = ?", (model, version))
        if floor is not None:
            db.execute("INSERT INTO static_floor VALUES (?, ?, ?)", (model, version, floor))
        db.execute(
            "UPDATE session SET model_stale = 1 WHERE id IN (SELECT call_split.session_id FROM call_split"
            f" JOIN call ON call.id = call_split.call_id WHERE call_split.cause {IN_LIST}"
            " AND call.model = ? AND COALESCE(call.version, '') = ?)",
            (json_list(causes), model, version),
        )


# -- parts, links and tasks -------------------------------------------------------------------------------------------


def parts_of_sessions(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[PartRow]:
    """Parts of these sessions."""
    return _parts(db, f"session_id {IN_LIST}", (json_list(session_ids),))


def parts_of_tasks(db: sqlite3.Connection, task_ids: Iterable[str]) -> list[PartRow]:
    """Parts of these tasks."""
    return _parts(db, f"task_id {IN_LIST}", (json_list(task_ids),))


def parts_linked_into(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[PartRow]:
    """Parts whose link points into these sessions."""
    return _parts(db, f"link_session_id {IN_LIST}", (json_list(session_ids),))


def parts_on_branch(db: sqlite3.Connection, project: str, branch: str) -> list[PartRow]:
    """Parts of a project's sessions on a branch."""
    return _parts(db, "branch = ? AND session_id IN (SELECT id FROM session WHERE project = ?)", (branch, project))


def _parts(db: sqlite3.Connection, where: str, values: Sequence[object]) -> list[PartRow]:
    found = db.execute(f"SELECT * FROM task_part WHERE {where} ORDER BY first_at, session_id, root", values)
    return [PartRow(*row) for row in found]


def part_of_turn(db: sqlite3.Connection, session_id: int, uuid: str) -> PartRow | None:
    """The part that a turn is in."""
    row = db.execute(
        "SELECT task_part.* FROM task_turn JOIN task_part USING (session_id, root)"
        " WHERE task_turn.session_id = ? AND prompt_uuid = ?",
        (session_id, uuid),
    ).fetchone()
    return PartRow(*row) if row else None


def team_sessions(db: sqlite3.Connection) -> list[TeamRow]:
    """All sessions that were in an agent team."""
    found = db.execute(
        "SELECT id, agent, native_id, project, team, teammate, COALESCE(own_start_at, first_at, 0) FROM session"
        " WHERE team IS NOT NULL ORDER BY agent, native_id"
    )
    return [TeamRow(*row) for row in found]


def turn_at(db: sqlite3.Connection, session_id: int, at: int) -> str | None:
    """A session's turn at a time, or its first turn if none had begun; None for a session without turns."""
    row = db.execute(
        "SELECT prompt_uuid FROM task_turn WHERE session_id = ?1 ORDER BY at > ?2, ABS(at - ?2), ordinal DESC LIMIT 1",
        (session_id, at),
    ).fetchone()
    return row[0] if row else None


def plans_carried_out(
    db: sqlite3.Connection, session_ids: Iterable[int], *, within_ms: int, waits_ms: int
) -> list[tuple[int, str, int, int]]:
    """Sessions that began with an approved plan, where they or the planning sessions are among these.

    Each with its first prompt, the planning session and the time of the approval; the likeliest of a session last: the
    one that its prompt names, before it the nearest in time. `within_ms`: between approval and prompt; `waits_ms`:
    between the last call of the planning and its approval.
    """
    values = {"ids": json_list(session_ids), "within": within_ms, "waits": waits_ms, "plan": EventKind.PLAN}
    return db.execute(_PLANS_CARRIED_OUT, values).fetchall()


def restored_sessions(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """Which of these sessions began with a rewind of another: each with that session and the time of the rewind."""
    return db.execute(
        "SELECT session.id, origin.id, event.at FROM session JOIN session AS origin"
        " ON origin.agent = session.agent AND origin.native_id = session.parent"
        " JOIN event ON event.session_id = session.id AND event.kind = ? AND event.at <= session.first_at"
        f" WHERE session.id {IN_LIST}",
        (EventKind.REWIND, json_list(session_ids)),
    ).fetchall()


def set_links(db: sqlite3.Connection, parts: Sequence[PartRow]) -> None:
    """Store the links of parts."""
    db.executemany(
        "UPDATE task_part SET link_kind = ?, link_session_id = ?, link_turn = ? WHERE session_id = ? AND root = ?",
        [(part.link_kind, part.link_session_id, part.link_turn, part.session_id, part.root) for part in parts],
    )


def set_task(db: sqlite3.Connection, part: PartRow, task_id: str) -> None:
    """Assign a part, its turns and its calls to a task."""
    place = (part.session_id, part.root)
    db.execute("UPDATE task_part SET task_id = ? WHERE session_id = ? AND root = ?", (task_id, *place))
    db.execute("UPDATE task_turn SET task_id = ? WHERE session_id = ? AND root = ?", (task_id, *place))
    db.execute(
        "UPDATE call_split SET task_id = ? WHERE session_id = ? AND turn IN"
        " (SELECT prompt_uuid FROM task_turn WHERE session_id = ? AND root = ?)",
        (task_id, part.session_id, *place),
    )


def facts_of_sessions(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[tuple[int, str, bytes]]:
    """Session, part and facts of every turn in these sessions."""
    return db.execute(
        f"SELECT session_id, root, facts FROM task_turn WHERE session_id {IN_LIST}",
        (json_list(session_ids),),
    ).fetchall()


def sessions_by_id(db: sqlite3.Connection, session_ids: Iterable[int]) -> dict[int, SessionRow]:
    """Facts of sessions."""
    found = db.execute(
        "SELECT id, agent, native_id, project, branch, title, title_rank, NULL, teammate FROM session"
        f" WHERE id {IN_LIST}",
        (json_list(session_ids),),
    )
    return {row[0]: SessionRow(*row) for row in found}


def tasks_per_session(db: sqlite3.Connection, session_ids: Iterable[int]) -> dict[int, int]:
    """The number of tasks with turns in each session."""
    found = db.execute(
        f"SELECT session_id, COUNT(DISTINCT task_id) FROM task_part WHERE session_id {IN_LIST} GROUP BY session_id",
        (json_list(session_ids),),
    )
    return dict(found)


def sessions_with_totals(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[int]:
    """Which of these sessions have a client total."""
    found = db.execute(
        f"SELECT DISTINCT session_id FROM client_total WHERE session_id {IN_LIST}",
        (json_list(session_ids),),
    )
    return [row[0] for row in found]


def replace_tasks(db: sqlite3.Connection, gone: Iterable[str], rows: Sequence[TaskRow]) -> None:
    """Remove the tasks `gone` and store `rows`."""
    db.executemany("DELETE FROM task WHERE id = ?", [(task_id,) for task_id in gone])
    _insert(db, "INSERT OR REPLACE INTO task", rows)


def _insert(db: sqlite3.Connection, verb: str, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        db.executemany(f"{verb} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def mark_stale(db: sqlite3.Connection, session_ids: Iterable[int]) -> None:
    """Mark these sessions as stale, so that they are derived again."""
    db.executemany("UPDATE session SET model_stale = 1 WHERE id = ?", [(one,) for one in session_ids])


def mark_all_stale(db: sqlite3.Connection) -> None:
    """Delete all derived rows and mark every session as stale."""
    for table in ("call_split", "task_turn", "task_part", "cold_read", "static_floor", "task"):
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE session SET model_stale = 1")

"""Writes batches into the ledger, each in one transaction with its file's read state.

The joins below give the same rows whatever the order of the observations (a call's own rules are in store.merge).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from store.merge import CONTENT_COLUMNS, PLACE_COLUMNS, mark_changed, merge_calls
from store.prices import ListPrice, add_prices
from store.projects import project_of
from store.records import Batch, Call, Chain, ClientTotal, Event, EventKind, Price, Session, ToolFlag, ToolUse, Turn

# Where a transcript was rewritten, what it says stands at other bytes (CLAUDE_CODE section 8, point 14): the earliest
# place counts, as it does for calls and prompts. A rewritten reply has other words.
_DROP_MOVED_EVENTS = f"""
    DELETE FROM event WHERE session_id = ?1 AND at IS NOT NULL AND (chain, position, kind) NOT IN (
        SELECT chain, MIN(position), kind FROM event WHERE session_id = ?1
        GROUP BY chain, kind, at, CASE WHEN kind <> '{EventKind.REPLY}' THEN detail END)
"""
# Read anew, a refusal may turn out to be a plan's limit: the line is one mark.
_DROP_MISREAD_LIMIT = f"""
    DELETE FROM event WHERE session_id = ? AND chain = ? AND position = ? AND kind = '{EventKind.API_ERROR}'
"""
_DROP_MOVED_TOTALS = """
    DELETE FROM client_total WHERE session_id = ?1 AND (source, position) NOT IN (
        SELECT source, MIN(position) FROM client_total WHERE session_id = ?1
        GROUP BY source, at, started_at, cost, models)
"""
# A tool use is asked for on one line and answered on another: what was asked is taken whole from the earliest place.
_IS_EARLIEST_ASK = "excluded.name IS NOT NULL AND (name IS NULL OR excluded.position < position)"
_AS_ASKED = ", ".join(
    f"{column} = CASE WHEN {_IS_EARLIEST_ASK} THEN excluded.{column} ELSE {column} END"
    for column in ("chain", "turn", "position", "at", "message_id", "target", "name")
)
_PUT_TOOL = f"""
    INSERT INTO tool_use VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        {_AS_ASKED},
        flags = CASE WHEN excluded.name IS NULL THEN flags | excluded.flags
            ELSE excluded.flags | (flags & {int(ToolFlag.FAILED)}) END,
        result_chars = COALESCE(MAX(result_chars, excluded.result_chars), result_chars, excluded.result_chars),
        is_error = CASE WHEN excluded.result_chars IS NULL OR excluded.result_chars < result_chars
            THEN COALESCE(is_error, excluded.is_error) ELSE excluded.is_error END,
        spawned = COALESCE(spawned, excluded.spawned),
        commit_sha = COALESCE(commit_sha, excluded.commit_sha)
"""
# The better file (rank) says where a session ran; its latest line says on which branch and version.
_WHERE_IT_RAN = ", ".join(
    f"""{column} = CASE WHEN :{column} IS NULL OR :rank < rank THEN {column}
                        WHEN {column} IS NULL OR :rank > rank OR :rank = 2 THEN :{column}
                        ELSE MIN({column}, :{column}) END"""
    for column in ("cwd", "entrypoint")
)
_AT_ITS_LATEST_LINE = ", ".join(
    f"""{column} = CASE WHEN :{column} IS NULL OR :rank < rank THEN {column}
                        WHEN {column} IS NULL OR :rank > rank OR facts_at IS NULL OR :last_at >= facts_at
                        THEN :{column} ELSE {column} END"""
    for column in ("branch", "version")
)
_PUT_SESSION = f"""
    UPDATE session SET
        {_WHERE_IT_RAN},
        {_AT_ITS_LATEST_LINE},
        facts_at = CASE WHEN :rank > rank THEN :last_at
                        WHEN :rank = rank THEN COALESCE(MAX(facts_at, :last_at), :last_at, facts_at)
                        ELSE facts_at END,
        title = CASE WHEN :title IS NOT NULL AND :title_rank >= title_rank THEN :title ELSE title END,
        title_rank = CASE WHEN :title IS NOT NULL THEN MAX(title_rank, :title_rank) ELSE title_rank END,
        billing = CASE WHEN billing = 'unknown' THEN COALESCE(:billing, billing) ELSE billing END,
        parent = COALESCE(:parent, parent),
        first_at = COALESCE(MIN(first_at, :first_at), first_at, :first_at),
        last_at = COALESCE(MAX(last_at, :last_at), last_at, :last_at),
        own_start_at = COALESCE(MIN(own_start_at, :own_start_at), own_start_at, :own_start_at),
        team = COALESCE(MAX(team, :team), team, :team),  -- a longer list is the greater text
        teammate = COALESCE(MAX(teammate, :teammate), teammate, :teammate),
        rank = MAX(rank, :rank)
    WHERE id = :id
"""


class Writer:
    """Writes batches over one connection, caching ids between them. Call inside a transaction.

    `list_price` is asked where two observations of a call have different prices; without it the recorded one stays.
    """

    def __init__(self, connection: sqlite3.Connection, list_price: ListPrice = lambda _call: None) -> None:
        self._db = connection
        self._list_price = list_price
        self._sessions: dict[tuple[str, str], int] = {}
        self._chains: dict[tuple[int, str], int] = {}
        self._prices: set[str] = set()
        self.new_calls = 0

    def write(self, batch: Batch) -> None:
        """Merge a batch into the ledger and mark the touched sessions as stale."""
        touched: set[int] = set()
        self._put_prices(batch.prices)
        for session in batch.sessions:
            touched.add(self._put_session(session))
        self._put_chains(batch.chains, touched)
        self._put_calls(batch.calls, touched)
        self._put_turns(batch.turns, touched)
        self._put_tools(batch.tools, touched)
        self._put_events(batch.events, touched)
        self._put_totals(batch.totals, touched)
        mark_changed(self._db, touched)

    def _put_prices(self, prices: Iterable[Price]) -> None:
        """Store resolved price rows."""
        new = [price for price in prices if price.id not in self._prices]
        if new:
            add_prices(self._db, new)
            self._prices.update(price.id for price in new)

    # -- ids --------------------------------------------------------------------------------------------------------

    def session_id(self, agent: str, native_id: str) -> int:
        """Id of a session; a new one gets a row with the id alone."""
        known = self._sessions.get((agent, native_id))
        if known is not None:
            return known
        self._db.execute("INSERT OR IGNORE INTO session (agent, native_id) VALUES (?, ?)", (agent, native_id))
        row = self._db.execute(
            "SELECT id FROM session WHERE agent = ? AND native_id = ?", (agent, native_id)
        ).fetchone()
        self._sessions[agent, native_id] = row[0]
        return int(row[0])

    def _chain_id(self, session_id: int, key: str) -> int:
        known = self._chains.get((session_id, key))
        if known is not None:
            return known
        self._db.execute(
            "INSERT OR IGNORE INTO chain (session_id, key, kind) VALUES (?, ?, ?)",
            (session_id, key, "subagent" if key else "main"),
        )
        row = self._db.execute("SELECT id FROM chain WHERE session_id = ? AND key = ?", (session_id, key)).fetchone()
        self._chains[session_id, key] = row[0]
        return int(row[0])

    # -- joins ------------------------------------------------------------------------------------------------------

    def _put_session(self, session: Session) -> int:
        session_id = self.session_id(session.agent, session.native_id)
        self._db.execute(_PUT_SESSION, {**msgspec.structs.asdict(session), "id": session_id})
        cwd, project = self._db.execute("SELECT cwd, project FROM session WHERE id = ?", (session_id,)).fetchone()
        if cwd is not None and project_of(cwd) != project:
            self._db.execute("UPDATE session SET project = ? WHERE id = ?", (project_of(cwd), session_id))
        return session_id

    def _put_chains(self, chains: Sequence[Chain], touched: set[int]) -> None:
        for chain in chains:
            session_id = self.session_id(chain.agent, chain.session)
            touched.add(session_id)
            chain_id = self._chain_id(session_id, chain.key)
            self._db.execute(
                """
                UPDATE chain SET
                    kind = :kind,
                    first_at = COALESCE(MIN(first_at, :first_at), first_at, :first_at),
                    spawn_tool_use = COALESCE(MIN(spawn_tool_use, :spawn_tool_use), spawn_tool_use, :spawn_tool_use),
                    prompt_id = COALESCE(prompt_id, :prompt_id),
                    agent_type = COALESCE(MIN(agent_type, :agent_type), agent_type, :agent_type)
                WHERE id = :id
                """,
                {**msgspec.structs.asdict(chain), "id": chain_id},
            )

    def _put_calls(self, calls: Sequence[Call], touched: set[int]) -> None:
        rows = []
        for call in calls:
            session_id = self.session_id(call.agent, call.session)
            seen_id = self.session_id(call.agent, call.seen_session)
            touched.add(session_id)
            touched.add(seen_id)
            rows.append(_call_row(call, session_id, self._chain_id(session_id, call.chain), seen_id))
        self.new_calls += merge_calls(self._db, calls, rows, touched, self._list_price)

    def _put_turns(self, turns: Sequence[Turn], touched: set[int]) -> None:
        self._db.executemany(
            """
            INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET
                position = excluded.position, at = excluded.at, text = excluded.text, chars = excluded.chars,
                words = excluded.words, echo = COALESCE(turn.echo, excluded.echo), branch = excluded.branch
            WHERE excluded.position < turn.position
            """,
            self._rows(turns, touched),
        )

    def _put_tools(self, tools: Sequence[ToolUse], touched: set[int]) -> None:
        self._db.executemany(_PUT_TOOL, self._rows(tools, touched))

    def _put_events(self, events: Sequence[Event], touched: set[int]) -> None:
        rows = self._rows(events, touched)
        self._db.executemany(
            "INSERT OR REPLACE INTO event (session_id, chain, position, at, kind, detail, tokens_before, tokens_after)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._db.executemany(_DROP_MOVED_EVENTS, {row[:1] for row in rows})
        self._db.executemany(_DROP_MISREAD_LIMIT, [row[:3] for row in rows if row[4] == EventKind.LIMIT])

    def _put_totals(self, totals: Sequence[ClientTotal], touched: set[int]) -> None:
        rows = [
            (*row, msgspec.json.encode([msgspec.structs.asdict(model) for model in models]).decode(), unknown_model)
            for *row, models, unknown_model in self._rows(totals, touched)
        ]
        self._db.executemany("INSERT OR REPLACE INTO client_total VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.executemany(_DROP_MOVED_TOTALS, {row[:1] for row in rows})

    def _rows(
        self, records: Sequence[Turn | ToolUse | Event | ClientTotal], touched: set[int]
    ) -> list[tuple[Any, ...]]:
        """The values of records, with the session's id in place of the two fields that name it."""
        rows = []
        for record in records:
            session_id = self.session_id(record.agent, record.session)
            touched.add(session_id)
            rows.append((session_id, *msgspec.structs.astuple(record)[2:]))
        return rows


_FIELDS = Call.__struct_fields__
_PLACE_OF = itemgetter(*map(_FIELDS.index, PLACE_COLUMNS[3:]))
_CONTENT_OF = itemgetter(*map(_FIELDS.index, CONTENT_COLUMNS))


def _call_row(call: Call, session_id: int, chain_id: int, seen_id: int) -> tuple[object, ...]:
    """The values of CALL_COLUMNS in their order."""
    values = msgspec.structs.astuple(call)
    return (call.message_id, call.request_id, session_id, chain_id, seen_id, *_PLACE_OF(values), *_CONTENT_OF(values))

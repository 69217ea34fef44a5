"""What the agents' records hold: files, sessions, calls, turns, tool uses, events; and the sums by day."""

from typing import Any

from store.migrations.steps import migration, run_script

# Where a call was made, or seen.
_PLACE = """
            session_id INTEGER NOT NULL REFERENCES session (id),
            chain_id INTEGER NOT NULL REFERENCES chain (id),
            seen_session_id INTEGER NOT NULL REFERENCES session (id),
            copy_rank INTEGER NOT NULL,
            turn TEXT,
            position INTEGER NOT NULL,
            requested_at INTEGER,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            retries INTEGER NOT NULL
""".strip()


@migration
def m001_sources_and_sessions(db: Any) -> None:
    """Which files were read how far, and the sessions and chains that they hold."""
    run_script(
        db,
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE source_file (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL UNIQUE,
            agent TEXT NOT NULL,
            kind TEXT NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            state BLOB,
            version INTEGER NOT NULL DEFAULT 0,
            bad_lines INTEGER NOT NULL DEFAULT 0,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            gone_at INTEGER
        ) STRICT;
        CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            agent TEXT NOT NULL,
            native_id TEXT NOT NULL,
            rank INTEGER NOT NULL DEFAULT -1,
            facts_at INTEGER,
            project TEXT,
            cwd TEXT,
            branch TEXT,
            version TEXT,
            entrypoint TEXT,
            title TEXT,
            title_rank INTEGER NOT NULL DEFAULT 0,
            billing TEXT NOT NULL DEFAULT 'unknown',
            parent TEXT,
            first_at INTEGER,
            last_at INTEGER,
            own_start_at INTEGER,
            spend_stale INTEGER NOT NULL DEFAULT 1,
            model_stale INTEGER NOT NULL DEFAULT 1,
            UNIQUE (agent, native_id)
        ) STRICT;
        CREATE INDEX session_stale ON session (id) WHERE spend_stale OR model_stale;
        CREATE TABLE chain (
            id INTEGER PRIMARY KEY,
            session_id INTEGER NOT NULL REFERENCES session (id),
            key TEXT NOT NULL,
            kind TEXT NOT NULL,
            first_at INTEGER,
            spawn_tool_use TEXT,
            prompt_id TEXT,
            agent_type TEXT,
            UNIQUE (session_id, key)
        ) STRICT
        """,
    )


@migration
def m002_calls(db: Any) -> None:
    """Every model call once, the price row it was billed at, and the other places where it was seen."""
    run_script(
        db,
        f"""
        CREATE TABLE price (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            effective_from TEXT NOT NULL,
            input INTEGER NOT NULL,
            output INTEGER NOT NULL,
            write_5m INTEGER NOT NULL,
            write_1h INTEGER NOT NULL,
            cache_read INTEGER NOT NULL,
            web_search INTEGER NOT NULL,
            tier TEXT NOT NULL,
            multiplier_permille INTEGER NOT NULL,
            source TEXT NOT NULL,
            checked_on TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE call (
            id INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            request_id TEXT UNIQUE,
            {_PLACE},
            model TEXT NOT NULL,
            provider TEXT NOT NULL,
            input INTEGER NOT NULL,
            cache_read INTEGER NOT NULL,
            write_5m INTEGER NOT NULL,
            write_1h INTEGER NOT NULL,
            output INTEGER NOT NULL,
            thinking INTEGER NOT NULL,
            web_searches INTEGER NOT NULL,
            speed TEXT,
            tier TEXT,
            geo TEXT,
            stop TEXT,
            effort TEXT,
            version TEXT,
            flags INTEGER NOT NULL,
            price_id TEXT,
            cost INTEGER,
            reported_cost INTEGER,
            miss_reason TEXT
        ) STRICT;
        CREATE INDEX call_session ON call (session_id);
        CREATE INDEX call_unpriced ON call (model) WHERE cost IS NULL;
        CREATE TABLE call_alias (
            key TEXT PRIMARY KEY,
            is_request INTEGER NOT NULL,
            call_id INTEGER NOT NULL REFERENCES call (id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX call_alias_call ON call_alias (call_id);
        CREATE TABLE sighting (
            call_id INTEGER NOT NULL REFERENCES call (id),
            {_PLACE},
            PRIMARY KEY (call_id, session_id, chain_id, seen_session_id, copy_rank)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sighting_seen ON sighting (seen_session_id)
        """,
    )


@migration
def m003_turns_tools_events(db: Any) -> None:
    """What happened around the calls: prompts, tool uses, marks, and the client's own totals."""
    run_script(
        db,
        """
        CREATE TABLE turn (
            session_id INTEGER NOT NULL REFERENCES session (id),
            prompt_uuid TEXT NOT NULL,
            position INTEGER NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            prompt_id TEXT,
            text TEXT NOT NULL,
            chars INTEGER NOT NULL,
            words BLOB NOT NULL,
            echo INTEGER,
            branch TEXT,
            source_tool_use TEXT,
            seen_agent TEXT,
            PRIMARY KEY (session_id, prompt_uuid)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tool_use (
            session_id INTEGER NOT NULL REFERENCES session (id),
            id TEXT NOT NULL,
            chain TEXT NOT NULL,
            turn TEXT,
            position INTEGER NOT NULL,
            at INTEGER NOT NULL,
            message_id TEXT,
            name TEXT,
            target TEXT,
            flags INTEGER NOT NULL,
            result_chars INTEGER,
            is_error INTEGER,
            spawned TEXT,
            commit_sha TEXT,
            PRIMARY KEY (session_id, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE event (
            session_id INTEGER NOT NULL REFERENCES session (id),
            chain TEXT NOT NULL,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER,
            detail TEXT,
            tokens_before INTEGER,
            tokens_after INTEGER,
            PRIMARY KEY (session_id, chain, position, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE client_total (
            session_id INTEGER NOT NULL REFERENCES session (id),
            source TEXT NOT NULL,
            position INTEGER NOT NULL,
            at INTEGER,
            started_at INTEGER,
            cost INTEGER NOT NULL,
            models TEXT NOT NULL,
            unknown_model INTEGER NOT NULL,
            PRIMARY KEY (session_id, source, position)
        ) STRICT, WITHOUT ROWID
        """,
    )


@migration
def m004_spend(db: Any) -> None:
    """Sums by session, day and model, so that reports take the same time however long the history is."""
    run_script(
        db,
        """
        CREATE TABLE spend (
            session_id INTEGER NOT NULL REFERENCES session (id),
            day TEXT NOT NULL,
            day_utc TEXT NOT NULL,
            model TEXT NOT NULL,
            calls INTEGER NOT NULL,
            input INTEGER NOT NULL,
            cache_read INTEGER NOT NULL,
            write_5m INTEGER NOT NULL,
            write_1h INTEGER NOT NULL,
            output INTEGER NOT NULL,
            web_searches INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            unpriced INTEGER NOT NULL,
            floor INTEGER NOT NULL,
            PRIMARY KEY (session_id, day, day_utc, model)
        ) STRICT, WITHOUT ROWID
        """,
    )

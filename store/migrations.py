"""The schema, as append-only migrations of sqlite-utils. A released migration is never edited.

Importing this costs nothing; sqlite-utils (a tenth of a second) is imported when an older ledger is brought up to date.
"""

from typing import Any

from store.migration_steps import MigrationSteps

MIGRATIONS = MigrationSteps("taximeter")


def _run(db: Any, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS()
def m001_sources_and_sessions(db: Any) -> None:
    """Which files were read how far, and the sessions and chains that they hold."""
    _run(
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


@MIGRATIONS()
def m002_calls(db: Any) -> None:
    """Every model call once, the price row it was billed at, and the other places where it was seen."""
    _run(
        db,
        """
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
            session_id INTEGER NOT NULL REFERENCES session (id),
            chain_id INTEGER NOT NULL REFERENCES chain (id),
            seen_session_id INTEGER NOT NULL REFERENCES session (id),
            copy_rank INTEGER NOT NULL,
            turn TEXT,
            position INTEGER NOT NULL,
            requested_at INTEGER,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            retries INTEGER NOT NULL,
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
            session_id INTEGER NOT NULL REFERENCES session (id),
            chain_id INTEGER NOT NULL REFERENCES chain (id),
            seen_session_id INTEGER NOT NULL REFERENCES session (id),
            copy_rank INTEGER NOT NULL,
            turn TEXT,
            position INTEGER NOT NULL,
            requested_at INTEGER,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            retries INTEGER NOT NULL,
            PRIMARY KEY (call_id, session_id, chain_id, seen_session_id, copy_rank)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sighting_seen ON sighting (seen_session_id)
        """,
    )


@MIGRATIONS()
def m003_turns_tools_events(db: Any) -> None:
    """What happened around the calls: prompts, tool uses, marks, and the client's own totals."""
    _run(
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


@MIGRATIONS()
def m004_spend(db: Any) -> None:
    """Sums by session, day and model, so that reports take the same time however long the history is."""
    _run(
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


@MIGRATIONS()
def m005_tasks(db: Any) -> None:
    """Tasks as derived from the rows above, and the user's edits: the only table here that no rebuild touches.

    `task_turn` holds the sums that tasks are added up from, `call_split` the exact split of each call. `task_edit` and
    `task_suggestion` are append-only and name turns by the agents' own ids, so they outlive every derived row.
    """
    _run(
        db,
        """
        CREATE TABLE task_edit (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE TABLE task_suggestion (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            label TEXT NOT NULL,
            agent TEXT NOT NULL,
            session TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE TABLE task (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL,
            title_from TEXT NOT NULL,
            status TEXT NOT NULL,
            evidence TEXT,
            if_left TEXT,
            excluded INTEGER NOT NULL,
            agents TEXT NOT NULL,
            project TEXT,
            sessions TEXT NOT NULL,
            models TEXT NOT NULL,
            branch TEXT,
            started_at INTEGER NOT NULL,
            ended_at INTEGER NOT NULL,
            active_ms INTEGER NOT NULL,
            turns INTEGER NOT NULL,
            calls INTEGER NOT NULL,
            unpriced INTEGER NOT NULL,
            floor INTEGER NOT NULL,
            input INTEGER NOT NULL,
            cache_read INTEGER NOT NULL,
            write_5m INTEGER NOT NULL,
            write_1h INTEGER NOT NULL,
            output INTEGER NOT NULL,
            web_searches INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            baseline INTEGER NOT NULL,
            carry_over INTEGER NOT NULL,
            own INTEGER NOT NULL,
            waste INTEGER NOT NULL,
            fresh INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            other INTEGER NOT NULL,
            misses INTEGER NOT NULL,
            subagent_calls INTEGER NOT NULL,
            subagent_cost INTEGER NOT NULL,
            hidden INTEGER,
            edit_turns INTEGER NOT NULL,
            retry_turns INTEGER NOT NULL,
            retry_cost INTEGER NOT NULL,
            context_begin INTEGER,
            context_end INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE task_part (
            session_id INTEGER NOT NULL REFERENCES session (id),
            root TEXT NOT NULL,
            task_id TEXT NOT NULL,
            opens_session INTEGER NOT NULL,
            branch TEXT,
            keys TEXT NOT NULL,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            link_kind TEXT,
            link_session_id INTEGER,
            link_turn TEXT,
            PRIMARY KEY (session_id, root)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX task_part_task ON task_part (task_id);
        CREATE INDEX task_part_link ON task_part (link_session_id) WHERE link_session_id IS NOT NULL;
        CREATE INDEX task_part_branch ON task_part (branch) WHERE branch IS NOT NULL;
        CREATE TABLE task_turn (
            session_id INTEGER NOT NULL REFERENCES session (id),
            prompt_uuid TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            task_id TEXT NOT NULL,
            root TEXT NOT NULL,
            kind TEXT NOT NULL,
            decision TEXT NOT NULL,
            decided_by TEXT NOT NULL,
            score INTEGER,
            reasons TEXT NOT NULL,
            at INTEGER NOT NULL,
            ended_at INTEGER NOT NULL,
            calls INTEGER NOT NULL,
            unpriced INTEGER NOT NULL,
            floor INTEGER NOT NULL,
            input INTEGER NOT NULL,
            cache_read INTEGER NOT NULL,
            write_5m INTEGER NOT NULL,
            write_1h INTEGER NOT NULL,
            output INTEGER NOT NULL,
            web_searches INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            baseline INTEGER NOT NULL,
            carry_over INTEGER NOT NULL,
            own INTEGER NOT NULL,
            waste INTEGER NOT NULL,
            fresh INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            other INTEGER NOT NULL,
            misses INTEGER NOT NULL,
            subagent_calls INTEGER NOT NULL,
            subagent_cost INTEGER NOT NULL,
            models TEXT NOT NULL,
            context_begin INTEGER,
            context_end INTEGER,
            facts BLOB NOT NULL,
            PRIMARY KEY (session_id, prompt_uuid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX task_turn_task ON task_turn (task_id);
        CREATE TABLE call_split (
            call_id INTEGER PRIMARY KEY,
            session_id INTEGER NOT NULL,
            turn TEXT NOT NULL,
            task_id TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            expected_read INTEGER NOT NULL,
            missed INTEGER NOT NULL,
            kind TEXT,
            cause TEXT,
            cause_source TEXT,
            is_up_to INTEGER NOT NULL,
            ttl_ms INTEGER,
            baseline INTEGER,
            carry_over INTEGER,
            own INTEGER,
            waste INTEGER,
            fresh INTEGER,
            generation INTEGER,
            other INTEGER
        ) STRICT;
        CREATE INDEX call_split_session ON call_split (session_id);
        CREATE INDEX call_split_task ON call_split (task_id);
        CREATE INDEX call_split_missed ON call_split (cause) WHERE cause IS NOT NULL;
        CREATE TABLE cold_read (
            session_id INTEGER NOT NULL,
            model TEXT NOT NULL,
            version TEXT NOT NULL,
            cache_read INTEGER NOT NULL,
            times INTEGER NOT NULL,
            PRIMARY KEY (session_id, model, version, cache_read)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE static_floor (
            model TEXT NOT NULL,
            version TEXT NOT NULL,
            cache_read INTEGER NOT NULL,
            PRIMARY KEY (model, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE git_commit (
            project TEXT NOT NULL,
            sha TEXT NOT NULL,
            at INTEGER NOT NULL,
            reverts TEXT,
            files TEXT NOT NULL,
            PRIMARY KEY (project, sha)
        ) STRICT, WITHOUT ROWID;
        UPDATE session SET model_stale = 1
        """,
    )


@MIGRATIONS()
def m006_limit_samples(db: Any) -> None:
    """How full a plan's windows were when: from these the size of the windows is worked out (MODEL 9.3)."""
    _run(
        db,
        """
        CREATE TABLE limit_sample (
            kind TEXT NOT NULL,
            session_id INTEGER NOT NULL REFERENCES session (id),
            at INTEGER NOT NULL,
            used_percent REAL NOT NULL,
            resets_at INTEGER,
            PRIMARY KEY (kind, session_id, at)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX limit_sample_at ON limit_sample (kind, at)
        """,
    )


@MIGRATIONS()
def m007_nudges(db: Any) -> None:
    """Every evaluation of a nudge with its inputs, what the user said to kinds of nudges, and the measured habits.

    `token` names a nudge in the advice file; `due_at` is when it becomes true. `habit` only saves measuring again.
    """
    _run(
        db,
        """
        CREATE TABLE nudge (
            id INTEGER PRIMARY KEY,
            session_id INTEGER NOT NULL REFERENCES session (id),
            kind TEXT NOT NULL,
            moment TEXT NOT NULL,
            anchor TEXT NOT NULL,
            subject TEXT NOT NULL,
            at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            context INTEGER NOT NULL,
            fired INTEGER NOT NULL,
            chosen INTEGER NOT NULL,
            reason TEXT NOT NULL,
            token TEXT NOT NULL,
            text TEXT,
            saving INTEGER,
            saving_low INTEGER,
            saving_high INTEGER,
            payback_turns REAL,
            inputs TEXT NOT NULL,
            shown_at INTEGER,
            dismissed_at INTEGER,
            followed INTEGER,
            UNIQUE (session_id, moment, anchor, kind, subject)
        ) STRICT;
        CREATE INDEX nudge_at ON nudge (at);
        CREATE INDEX nudge_shown ON nudge (shown_at) WHERE shown_at IS NOT NULL;
        CREATE TABLE nudge_word (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            word TEXT NOT NULL
        ) STRICT;
        CREATE TABLE habit (
            key TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    )


@MIGRATIONS()
def m008_metered_jobs(db: Any) -> None:
    """Spend that is not tokens, as the user records it; like edits of tasks it names a turn, so a rebuild keeps it."""
    _run(
        db,
        """
        CREATE TABLE metered_job (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            what TEXT NOT NULL,
            agent TEXT,
            session TEXT,
            prompt_uuid TEXT,
            unit TEXT NOT NULL,
            unit_price INTEGER NOT NULL,
            submitted INTEGER NOT NULL,
            succeeded INTEGER NOT NULL,
            accepted INTEGER NOT NULL,
            billed_milli INTEGER NOT NULL,
            provider_cost INTEGER,
            removed_at INTEGER
        ) STRICT
        """,
    )

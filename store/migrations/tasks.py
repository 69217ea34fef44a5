"""Tasks and everything that is worked out for them, and the edits that outlive a rebuild."""

from typing import Any

from store.migrations.steps import migration, run_script

# Of a turn, and of a task, which is added up from its turns.
_SUMS = """
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
            subagent_cost INTEGER NOT NULL
""".strip()


@migration
def m005_tasks(db: Any) -> None:
    """Tasks as derived from the rows above, and the user's edits: the only table here that no rebuild touches.

    `task_turn` holds the sums that tasks are added up from, `call_split` the exact split of each call. `task_edit` and
    `task_suggestion` are append-only and name turns by the agents' own ids, so they outlive every derived row.
    """
    run_script(
        db,
        f"""
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
            {_SUMS},
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
            {_SUMS},
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

"""What is noted while the agent runs: plan windows, nudges, spend that is not tokens."""

from typing import Any

from store.migrations.steps import migration, run_script


@migration
def m006_limit_samples(db: Any) -> None:
    """How full a plan's windows were when: from these the size of the windows is worked out (MODEL 9.3)."""
    run_script(
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


@migration
def m007_nudges(db: Any) -> None:
    """Every evaluation of a nudge with its inputs, what the user said to kinds of nudges, and the measured habits.

    `token` names a nudge in the advice file; `due_at` is when it becomes true. `habit` only saves measuring again.
    """
    run_script(
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


@migration
def m008_metered_jobs(db: Any) -> None:
    """Spend that is not tokens, as the user records it; like edits of tasks it names a turn, so a rebuild keeps it."""
    run_script(
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

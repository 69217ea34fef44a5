"""Agent teams: whose sessions belong together."""

from typing import Any

from store.migrations.steps import MIGRATIONS, run_script


@MIGRATIONS()
def m010_agent_teams(db: Any) -> None:
    """Which teams a session was in, and as which teammate: a teammate's work is on the task of its lead.

    Messages of teammates were taken for prompts: these are mended, and the files that they stand in are read once more
    from the start for what was not kept. A position one further on lets the second reading replace the text.
    """
    run_script(
        db,
        """
        ALTER TABLE session ADD COLUMN team TEXT;
        ALTER TABLE session ADD COLUMN teammate TEXT;
        CREATE INDEX session_team ON session (agent, native_id) WHERE team IS NOT NULL;
        WITH known AS MATERIALIZED (
            SELECT DISTINCT native_id FROM session JOIN turn ON turn.session_id = session.id
            WHERE turn.text LIKE '<teammate-message%'
        )
        UPDATE source_file SET state = NULL, mtime_ns = 0
        WHERE EXISTS (SELECT 1 FROM known WHERE instr(source_file.path, known.native_id));
        UPDATE session SET model_stale = 1
        WHERE id IN (SELECT session_id FROM turn WHERE text LIKE '<teammate-message%');
        UPDATE turn SET kind = 'notification', text = '', words = x'', position = position + 1
        WHERE text LIKE '<teammate-message%'
        """,
    )

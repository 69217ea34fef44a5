"""What the agent says first after a prompt."""

from typing import Any

from store.migrations.steps import MIGRATIONS, run_script


@MIGRATIONS()
def m011_first_words_of_replies(db: Any) -> None:
    """Transcripts that are still there are read once more from the start, for marks that were not kept before."""
    run_script(
        db,
        """
        UPDATE source_file SET state = NULL, mtime_ns = 0, version = version + 1 WHERE agent = 'claude-code';
        DELETE FROM event WHERE kind = 'question'
        """,
    )

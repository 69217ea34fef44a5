"""The project that a prompt was typed in."""

from typing import Any

from store.migrations.steps import MIGRATIONS


@MIGRATIONS()
def m012_marks_of_other_projects(db: Any) -> None:
    """Transcripts that are still there are read once more from the start, for marks that were not kept before."""
    db.execute("UPDATE source_file SET state = NULL, mtime_ns = 0, version = version + 1 WHERE agent = 'claude-code'")

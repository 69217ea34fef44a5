"""What a task's requests that no record shows would have cost, where no counter of the client tells."""

from typing import Any

from store.migrations.steps import MIGRATIONS, run_script


@MIGRATIONS()
def m009_unrecorded_of_tasks(db: Any) -> None:
    """The modelled figure of MODEL section 3, beside `task.hidden`, which is measured."""
    run_script(
        db,
        """
        ALTER TABLE task ADD COLUMN unrecorded INTEGER NOT NULL DEFAULT 0;
        UPDATE session SET model_stale = 1
        """,
    )

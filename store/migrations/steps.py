"""The migrations with two ways to apply them: by sqlite-utils to an older ledger, directly to a new one.

Making a new ledger takes milliseconds and importing sqlite-utils many times as long; a test holds both ways equal.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Migrations

Step = Callable[[Any], None]

_SET = "taximeter"
_STEPS: dict[str, Step] = {}


def migration(step: Step) -> Step:
    """Decorator: add a step, known by the name of its function, which begins with its number.

    It gets something with `execute`.
    """
    _STEPS[step.__name__] = step
    return step


def library() -> "Migrations":
    """The migrations, for sqlite-utils, which applies those that a ledger lacks."""
    from sqlite_utils import Migrations

    made = Migrations(_SET)
    for name in sorted(_STEPS):
        made()(_STEPS[name])
    return made


def create(connection: sqlite3.Connection) -> None:
    """Apply every step to an empty database, with the record that sqlite-utils keeps of them."""
    for name in sorted(_STEPS):
        _STEPS[name](connection)
    connection.execute(
        'CREATE TABLE "_sqlite_migrations" (\n   "id" INTEGER PRIMARY KEY,\n   "migration_set" TEXT,\n'
        '   "name" TEXT,\n   "applied_at" TEXT\n)'
    )
    connection.execute(
        'CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"\n'
        '    ON "_sqlite_migrations" ("migration_set", "name")'
    )
    connection.executemany(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
        [(_SET, name, str(datetime.now(UTC))) for name in sorted(_STEPS)],
    )


def run_script(db: Any, script: str) -> None:
    """Run statements one by one: `executescript` would end the migration's transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)

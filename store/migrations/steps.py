"""A list of migrations with two ways to apply it: by sqlite-utils to an older ledger, directly to a new one.

Making a new ledger takes milliseconds and importing sqlite-utils many times as long; a test holds both ways equal.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Migrations

Step = Callable[[Any], None]


class MigrationSteps:
    """Functions in the order in which they were added; each gets something with `execute`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._steps: list[Step] = []

    def __call__(self) -> Callable[[Step], Step]:
        """Decorator: add a step, known by the name of its function."""

        def add(step: Step) -> Step:
            self._steps.append(step)
            return step

        return add

    def library(self) -> "Migrations":
        """The steps for sqlite-utils, which applies to a ledger those that it lacks."""
        from sqlite_utils import Migrations

        made = Migrations(self._name)
        for step in self._steps:
            made()(step)
        return made

    def create(self, connection: sqlite3.Connection) -> None:
        """Apply every step to an empty database, with the record that sqlite-utils keeps of them."""
        for step in self._steps:
            step(connection)
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
            [(self._name, step.__name__, str(datetime.now(UTC))) for step in self._steps],
        )


MIGRATIONS = MigrationSteps("taximeter")


def run_script(db: Any, script: str) -> None:
    """Run statements one by one: `executescript` would end the migration's transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)

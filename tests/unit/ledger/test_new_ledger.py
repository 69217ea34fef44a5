"""A new ledger is made without sqlite-utils: it must be what the migrations make of an empty file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlite_utils

from store import migrations
from store.ledger import open_ledger

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
_APPLIED = "SELECT id, migration_set, name FROM _sqlite_migrations ORDER BY id"


def test_a_new_ledger_is_what_the_migrations_make(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as migrated, closing(open_ledger(tmp_path / "ledger.db")) as made:
        migrations.library().apply(sqlite_utils.Database(migrated))
        for question in (_SCHEMA, _APPLIED):
            assert made.execute(question).fetchall() == migrated.execute(question).fetchall()


def test_a_new_ledger_has_nothing_left_to_migrate(tmp_path: Path) -> None:
    with closing(open_ledger(tmp_path / "ledger.db")) as made:
        assert migrations.library().pending(sqlite_utils.Database(made)) == []

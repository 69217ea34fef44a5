"""What is taken over of a damaged ledger: every table but those that are derived anew."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.damage import recover_rows
from store.ledger import open_ledger, transaction
from store.schema_version import SCHEMA_VERSION

DERIVED = {
    "_sqlite_migrations", "call_split", "cold_read", "git_commit", "habit", "meta", "spend", "static_floor", "task",
    "task_part", "task_turn",
}  # fmt: skip
SAID_BY_THE_USER = {"task_edit", "task_suggestion", "nudge_word", "metered_job"}


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")} - DERIVED


def fill(db: sqlite3.Connection) -> None:
    """A row in each table that is not derived, all alike, so that what points at another row finds it."""
    value = {"INTEGER": 1, "REAL": 1.0, "TEXT": "x", "BLOB": b"x"}
    for table in tables(db):
        kinds = [kind for (kind,) in db.execute("SELECT type FROM pragma_table_info(?)", (table,))]
        db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kinds))})", [value[kind] for kind in kinds])


@pytest.mark.parametrize(("version", "taken"), [(SCHEMA_VERSION, None), (SCHEMA_VERSION - 1, SAID_BY_THE_USER)])
def test_every_record_is_recovered_and_from_another_version_the_users_own_rows(
    version: int, taken: set[str] | None, tmp_path: Path
) -> None:
    with closing(open_ledger(tmp_path / "old.db")) as old, transaction(old):
        old.execute("PRAGMA defer_foreign_keys = ON")
        fill(old)
        old.execute(f"PRAGMA user_version = {version}")
    with closing(open_ledger(tmp_path / "new.db")) as db:
        with transaction(db):
            recover_rows(db, tmp_path / "old.db")
        every = tables(db)
        found = {table for table in every if db.execute(f"SELECT 1 FROM {table}").fetchone()}
    assert found == (taken or every)


def test_a_row_whose_session_could_not_be_read_is_left_out(tmp_path: Path) -> None:
    with closing(open_ledger(tmp_path / "old.db")) as old:
        old.execute("PRAGMA foreign_keys = OFF")
        with transaction(old):
            fill(old)
            old.execute("DELETE FROM session")
    with closing(open_ledger(tmp_path / "new.db")) as db:
        with transaction(db):
            recover_rows(db, tmp_path / "old.db")
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT COUNT(*) FROM chain").fetchone() == (0,)
        assert db.execute("SELECT COUNT(*) FROM task_edit").fetchone() == (1,)

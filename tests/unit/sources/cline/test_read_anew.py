"""Files that are read anew, after an upgrade or of a damaged ledger, count nothing twice that was removed from them."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import ledger_path, open_ledger, replace_if_damaged
from store.records import CallFlag
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import before_migration
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import Rows, SessionFolder, TaskFolder, metrics


def upgrade() -> None:
    """As if the last version of the ledger had been one before files were to be read anew."""
    with before_migration(ledger_path(), "m013_outcomes_of_checks"):
        pass  # its rows are what they would have been


def mend() -> None:
    """Damage what is derived, and have the ledger replaced."""
    with closing(sqlite3.connect(ledger_path())) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'cold_read'").fetchone()
    with ledger_path().open("r+b") as handle:
        handle.seek((page - 1) * 4096)
        handle.write(b"\xff" * 4096)
    with closing(open_ledger()) as db, pytest.raises(sqlite3.DatabaseError) as met:
        db.execute("SELECT * FROM cold_read").fetchall()
    assert replace_if_damaged(ledger_path(), met.value) is not None


@pytest.mark.parametrize("happens", [upgrade, mend])
def test_requests_before_a_restored_checkpoint_are_counted_once(tmp_path: Path, happens: Callable[[], None]) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    kept = [rows.say("task", "Go"), rows.request(4, 40, 100, cost=0.1)]
    task.write([*kept, rows.request(3, 30, 50, 100, cost=0.2)])
    assert [calls for calls, _ in read_on(tmp_path)] == [2]
    task.write([*kept, rows.deleted(3, 30, 50, 100, 0.2)])
    before = read_on(tmp_path)
    happens()
    with closing(open_ledger()) as db:
        db.execute("DELETE FROM turn")
    assert read_on(tmp_path) == before
    with closing(open_ledger()) as db:
        assert db.execute("SELECT text FROM turn").fetchall() == [("Go",)], "what the file still says is read"


def test_a_corrected_reading_replaces_the_one_before(tmp_path: Path) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    task.write([rows.say("task", "Go"), rows.request(4, 40, 100, cost=0.1)])
    read_on(tmp_path)
    under_way = CallFlag.OUTPUT_IS_FLOOR | CallFlag.TTL_UNKNOWN
    with before_migration(ledger_path(), "m014_corrected_readings") as db:
        assert db.execute("SELECT flags, stop FROM call").fetchall() == [(under_way, None)]
        db.execute("UPDATE call SET flags = ?", (int(CallFlag.ESTIMATED | CallFlag.TTL_UNKNOWN),))  # taken for whole
    read_on(tmp_path)
    with closing(open_ledger()) as db:
        assert db.execute("SELECT flags FROM call").fetchall() == [(under_way,)]


def test_a_broken_stream_is_not_taken_for_a_stop_any_more(session: SessionFolder) -> None:
    session.user("Go")
    session.answer(metrics(0, 0))
    session.write()
    folder = session.root.parent
    read_on(folder)
    with before_migration(ledger_path(), "m014_corrected_readings") as db:
        assert db.execute("UPDATE call SET flags = flags | ?", (int(CallFlag.ABORTED),)).rowcount == 1
    read_on(folder)
    with closing(open_ledger()) as db:
        assert db.execute("SELECT flags FROM call").fetchall() == [(CallFlag.OUTPUT_IS_FLOOR,)]


def test_clines_own_retry_is_not_taken_for_a_resume_any_more(task: TaskFolder, rows: Rows) -> None:
    """It was a turn that the user began, and the call before it one that the user stopped."""
    broken = [rows.say("task", "Go"), rows.request(4, 3, 100)]
    retry = rows.say("error_retry", json.dumps({"delaySeconds": 3, "errorMessage": "terminated"}))
    asked, again = rows.ask("resume_task"), rows.request(4, 40, 100)
    task.write([*broken, retry, asked, again, rows.say("tool", json.dumps({"tool": "readFile"}))])
    folder = task.root.parent
    read_on(folder)
    with closing(open_ledger()) as db:
        fresh = dump(db, folder)
    with before_migration(ledger_path(), "m020_what_started_subagents_and_retries_of_cline") as db:
        db.execute("UPDATE call SET flags = flags | ?, stop = 'end_turn' WHERE output = 3", (int(CallFlag.ABORTED),))
        db.execute(
            "INSERT INTO turn (session_id, prompt_uuid, position, at, kind, text, chars, words)"
            " SELECT session_id, ?1, ?1, ?1, 'command', 'resume', 6, x'' FROM turn",
            (again["ts"],),
        )
        assert db.execute("UPDATE tool_use SET turn = ?", (str(again["ts"]),)).rowcount == 1
        db.execute(
            "INSERT INTO event (session_id, chain, position, at, kind) SELECT id, '', ?1, ?1, 'resume' FROM session",
            (again["ts"],),
        )
        assert db.execute("UPDATE event SET position = ? WHERE kind = 'api_error'", (retry["ts"],)).rowcount == 1
    read_on(folder)
    with closing(open_ledger()) as db:
        assert differences(fresh, dump(db, folder)) == []


def read_on(folder: Path) -> list[tuple[int, int]]:
    """Take in what is new; number and cost of all calls in the ledger."""
    with closing(open_ledger()) as db:
        take_in_cline(db, folder / ".cline")
        return db.execute("SELECT COUNT(*), SUM(cost) FROM call").fetchall()

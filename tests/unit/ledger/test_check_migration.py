"""A ledger from before outputs of checks were looked at learns of hidden failures from files that are still there."""

import sqlite3
from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger
from store.records import ToolFlag

from .dump import differences, dump
from .plain import FILE, answer, encoded, prompt
from .reading import ledger_of, take_in, write_tree

ASKS = {"content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "go test ./... | tail -1"}}]}
ANSWERS = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "FAIL"}]}


def test_hidden_failures_are_learned_from_the_files(tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1, message=ASKS), prompt("", second=2, message=ANSWERS))}
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root) as db:
        fresh = dump(db, root)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        assert db.execute(f"UPDATE tool_use SET flags = flags & ~{int(ToolFlag.FAILED)}").rowcount == 1
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm013_outcomes_of_checks'")
        db.execute("PRAGMA user_version = 12")
        db.commit()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).files == 1
        assert differences(fresh, dump(db, root)) == []

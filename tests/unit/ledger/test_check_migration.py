"""A ledger from before outputs of checks were looked at learns of them from files that are still there."""

from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from store.records import ToolFlag

from .dump import differences, dump
from .plain import FILE, answer, encoded, prompt
from .reading import before_migration, ledger_of, take_in, write_tree

ASKS = {"content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "go test ./... | tail -1"}}]}
GOES_ON = "Command running in background with ID: b1"


@pytest.mark.parametrize(
    ("output", "as_it_was"),
    [
        ("FAIL", f"flags = flags & ~{int(ToolFlag.FAILED)}"),  # was taken for passed, by its exit status
        (GOES_ON, "is_error = 0"),  # likewise, though it had not ended
        ("ok", f"flags = flags | {int(ToolFlag.PUSH)}"),  # `git stash push` was taken for a push
    ],
)
def test_what_a_newer_version_reads_otherwise_is_learned_from_the_files(
    output: str, as_it_was: str, tmp_path: Path
) -> None:
    answers = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": output}]}
    files = {FILE: encoded(prompt(), answer(1, message=ASKS), prompt("", second=2, message=answers))}
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root) as db:
        fresh = dump(db, root)
    with before_migration(tmp_path / "ledger.db", "m013_outcomes_of_checks") as db:
        assert db.execute(f"UPDATE tool_use SET {as_it_was}").rowcount == 1
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).files == 1
        assert differences(fresh, dump(db, root)) == []

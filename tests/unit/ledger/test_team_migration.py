"""A ledger from before agent teams were known learns them from the files that are still there."""

from contextlib import closing
from pathlib import Path
from typing import Any

from store.ledger import open_ledger

from .dump import differences, dump
from .plain import FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, prompt, session_of
from .reading import before_migration, ledger_of, take_in, write_tree

GONE = "0a1b2c3d-0000-4000-8000-000000000003"
MESSAGE = '<teammate-message teammate_id="team-lead">\nLook at the parser.\n</teammate-message>'
OWN: dict[str, Any] = {"teamName": "crew", "agentName": "scout"}


def older(path: Path) -> None:
    """Put a ledger back to what the version before would have made of the same files."""
    with before_migration(path, "m010_agent_teams") as db:
        db.execute(
            "UPDATE turn SET kind = 'prompt', text = ?, words = x'01020304' WHERE kind = 'notification'", (MESSAGE,)
        )
        db.execute("DROP INDEX session_team")
        db.execute("ALTER TABLE session DROP COLUMN team")
        db.execute("ALTER TABLE session DROP COLUMN teammate")
        db.execute("UPDATE session SET model_stale = 0")


def test_files_of_teams_are_read_again_and_no_others(tmp_path: Path) -> None:
    files = {
        FILE: encoded(prompt(MESSAGE, **OWN), answer(1, **OWN), prompt(second=2, **OWN), answer(3, **OWN)),
        OTHER_FILE: session_of(2, OTHER, first=10),
        f"-home-dev-app/{GONE}.jsonl": encoded(prompt(MESSAGE, GONE, **OWN), answer(20, GONE, **OWN)),
    }
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root) as db:
        fresh = dump(db, root)
    older(tmp_path / "ledger.db")
    (root / "projects" / f"-home-dev-app/{GONE}.jsonl").unlink()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT native_id FROM session WHERE model_stale ORDER BY 1").fetchall() == [
            (SESSION,),
            (GONE,),
        ]
        assert take_in(db, root).files == 1
        told = differences(fresh, dump(db, root))
        assert take_in(db, root).files == 0
        lost = db.execute(
            "SELECT kind, text, words, team FROM turn JOIN session ON session_id = id WHERE native_id = ?", (GONE,)
        )
        assert lost.fetchall() == [("notification", "", b"", None)], "its calls stay in the message's turn"
    assert {line.split(": ")[0].split()[-1] for line in told} == {"session", "turn"}
    assert all(GONE in line for line in told), "the other files say what they say to a new ledger"

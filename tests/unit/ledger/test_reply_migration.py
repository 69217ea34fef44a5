"""A ledger from before the agent's first words were kept learns them from the transcripts that are still there."""

from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger

from .dump import differences, dump
from .plain import FILE, OTHER, OTHER_FILE, answer, encoded, prompt, session_of
from .reading import before_migration, ledger_of, take_in, write_tree

SAYS = {"content": [{"type": "text", "text": "Good catch, that is right."}]}


def test_transcripts_are_read_once_more(tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1, message=SAYS)), OTHER_FILE: session_of(2, OTHER, first=10)}
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root) as db:
        assert db.execute("SELECT COUNT(*) FROM event WHERE kind = 'reply'").fetchone() == (2,)
        fresh = dump(db, root)
    with before_migration(tmp_path / "ledger.db", "m011_first_words_of_replies") as db:
        db.execute("UPDATE event SET kind = 'question', detail = NULL")
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).files == 2
        assert differences(fresh, dump(db, root)) == []
        assert take_in(db, root).files == 0

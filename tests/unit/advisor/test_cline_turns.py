"""Whether a turn of Cline's goes on: its store says no reason why an answer stopped."""

from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import SessionFolder, metrics
from tracker.advisor.state import load_state
from tracker.rebuild import rebuild


@pytest.mark.parametrize(
    ("tool", "is_over"), [("submit_and_exit", True), ("ask_question", True), ("run_commands", False), (None, True)]
)
def test_an_answer_that_hands_over_to_the_user_ends_the_turn(tool: str | None, is_over: bool, tmp_path: Path) -> None:
    session = SessionFolder(tmp_path / ".cline", "1795000000000_abcde")
    session.user('<user_input mode="act">Mend the parser</user_input>')
    asked = [{"type": "tool_use", "id": "1", "name": tool, "input": {}}] if tool else []
    session.answer(metrics(20_000, 90), content=[{"type": "text", "text": "Well."}, *asked])
    session.write()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in_cline(db, tmp_path / ".cline")
        rebuild(db)
        [(session_id,)] = db.execute("SELECT id FROM session").fetchall()
        state = load_state(db, session_id, {})
        assert state is not None
        assert state.is_waiting is is_over

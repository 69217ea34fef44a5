"""Copies of a call, in other files and in progress records: one call, where it was made (CLAUDE_CODE section 8)."""

from pathlib import Path
from typing import Any

import pytest

from store.records import CallFlag, CopyRank
from tests.unit.ledger.plain import COST, OTHER, SESSION, answer, at, prompt

from .reading import calls_of


def progress(kind: str = "agent_progress", **changes: Any) -> dict[str, Any]:
    """Call 1 of a subagent inside a progress record."""
    message = {
        "type": "assistant",
        "timestamp": at(1),
        "uuid": "u",
        "requestId": "req_1",
        "message": answer(1)["message"],
    }
    data = {"type": kind, "agentId": "ab1", "message": message}
    return {"type": "progress", "sessionId": SESSION, "timestamp": at(2), "data": data, **changes}


class TestCopies:
    """Whose call it is."""

    @pytest.mark.parametrize(
        ("marks", "rank"),
        [
            ({"requestSessionId": OTHER}, CopyRank.FORK),
            ({"forkedFrom": {"sessionId": OTHER, "messageUuid": "x"}}, CopyRank.BRANCH),
            ({"sessionId": OTHER}, CopyRank.FOREIGN),
        ],
    )
    def test_a_marked_copy_belongs_to_the_session_it_names(
        self, marks: dict[str, Any], rank: int, tmp_path: Path
    ) -> None:
        (call,) = calls_of(tmp_path, prompt(), answer(1, **marks))
        assert (call.session, call.seen_session, call.copy_rank) == (OTHER, SESSION, rank)

    def test_marks_that_name_the_session_itself_are_no_marks(self, tmp_path: Path) -> None:
        (call,) = calls_of(tmp_path, prompt(), answer(1, requestSessionId=SESSION))
        assert (call.session, call.copy_rank) == (SESSION, CopyRank.OWN)

    def test_lines_older_than_their_file_are_copies(self, tmp_path: Path) -> None:
        row = {"type": "queue-operation", "operation": "enqueue", "timestamp": at(100), "sessionId": SESSION}
        old, own = calls_of(tmp_path, row, prompt(), answer(1), answer(101))
        assert (old.copy_rank, own.copy_rank) == (CopyRank.FORK, CopyRank.OWN)

    @pytest.mark.parametrize("kind", ["agent_progress", "skill_progress"])
    def test_a_call_inside_a_progress_record_belongs_to_the_subagent(self, kind: str, tmp_path: Path) -> None:
        row = progress(kind)
        (call,) = calls_of(tmp_path, prompt(), row, row)
        assert (call.session, call.chain, call.copy_rank) == (SESSION, "ab1", CopyRank.EMBEDDED)
        assert call.flags & CallFlag.EMBEDDED
        assert call.cost == COST

    @pytest.mark.parametrize(
        ("marks", "rank"),
        [
            ({"requestSessionId": OTHER}, CopyRank.EMBEDDED),
            ({"forkedFrom": {"sessionId": OTHER, "messageUuid": "x"}}, CopyRank.BRANCH),
        ],
    )
    def test_a_copied_progress_record_is_the_original_session_s(
        self, marks: dict[str, Any], rank: int, tmp_path: Path
    ) -> None:
        (call,) = calls_of(tmp_path, prompt(), progress(**marks))
        assert (call.session, call.chain, call.seen_session, call.copy_rank) == (OTHER, "ab1", SESSION, rank)

    def test_other_progress_records_hold_no_calls(self, tmp_path: Path) -> None:
        row = {
            "type": "progress",
            "sessionId": SESSION,
            "timestamp": at(2),
            "data": {"type": "bash_progress", "output": "msg_1"},
        }
        assert calls_of(tmp_path, prompt(), row) == []

"""What a first call after a cut or a pause paid for: planned rebuilds, and misses with their causes."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tasks.making import (
    FIXTURES,
    Transcript,
    ledger_of,
)
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

NO_ANSWER = {"model": "<synthetic>", "usage": {}, "content": [{"type": "text", "text": "No response requested."}]}
STARTED = {"hookEvent": "SessionStart", "hookName": "SessionStart:resume"}
COUNTS_NOTHING = {"id": "msg_0", "model": "claude-opus-4-5-20251101", "content": [], "usage": {"input_tokens": 0}}


def kinds(db: sqlite3.Connection) -> list[str | None]:
    """What each call's reads say, in file order."""
    found = db.execute(
        "SELECT call_split.kind FROM call_split JOIN call ON call.id = call_id ORDER BY call.session_id, call.position"
    )
    return [row[0] for row in found]


def test_a_compaction_is_a_planned_rebuild_and_no_miss(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / "s06_manual_compact")
    rebuild(db)
    assert kinds(db) == ["cold_start", None, None, None, None, None, "planned_rebuild"]


@pytest.mark.parametrize(("plans_first", "expected"), [(True, "planned_rebuild"), (False, "cold_start")])
def test_a_plan_that_clears_the_context_of_its_own_session_is_a_planned_rebuild(
    plans_first: bool, expected: str, tmp_path: Path
) -> None:
    session = Transcript(tmp_path / "c", "s")
    if plans_first:
        session.prompt("plan retries").answer("1", wrote=60_000).answer("2", read=60_000, wrote=1000)
    session.prompt("Implement the following plan:\n\n# Retries\n\nread the full transcript at: /c/s.jsonl")
    session.answer("3", read=31_000, wrote=9000).answer("4", read=40_000)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert kinds(db)[-2:] == [expected, None]


def test_the_first_call_after_a_clear_is_a_planned_rebuild_of_another_task(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / "s09_clear")
    rebuild(db)
    assert sorted(map(str, kinds(db))) == ["cold_start", "planned_rebuild"]
    assert len(tasks_report(db).tasks) == 2


def causes(root: Path, tmp_path: Path) -> list[tuple[str, int]]:
    db = ledger_of(tmp_path, root)
    rebuild(db)
    return db.execute("SELECT cause, missed FROM call_split WHERE cause IS NOT NULL ORDER BY call_id").fetchall()


def test_a_long_pause_and_a_restart_are_named(tmp_path: Path) -> None:
    one = Transcript(tmp_path / "c", "s1")
    one.prompt("go").answer("1", wrote=50_000).prompt("on", after_minutes=20).answer("2", wrote=50_000)
    one.prompt("<command-name>/exit</command-name>").prompt("back").answer("3", wrote=50_000)
    assert causes(tmp_path / "c", tmp_path) == [("expired", 50_000), ("restart", 50_000)]


@pytest.mark.parametrize(
    ("mark", "cause"),
    [
        ({"type": "assistant", "message": NO_ANSWER}, "restart"),
        ({"type": "attachment", "attachment": {"type": "hook_success", **STARTED}}, "restart"),
        ({"type": "progress", "data": {"type": "hook_progress", **STARTED}}, "restart"),
        (
            {"type": "progress", "data": {"type": "hook_progress", **STARTED, "hookName": "SessionStart:compact"}},
            "messages_changed_or_unknown",
        ),
        (
            {"type": "attachment", "attachment": {"type": "file", "content": json.dumps(STARTED)}},
            "messages_changed_or_unknown",
        ),
    ],
)
def test_what_a_client_writes_when_a_session_is_resumed_is_a_restart(
    mark: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("go").answer("1", wrote=50_000)
    one.row(**mark).prompt("back").answer("2", wrote=50_000)
    assert causes(tmp_path / "c", tmp_path) == [(cause, 50_000)]


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize(("pause_before", "pause_after", "rate"), [(0, 0, 0.5), (0, 60, 0.5), (60, 0, 5.0)])
def test_a_compaction_is_priced_cold_if_the_pause_was_before_it(
    pause_before: int, pause_after: int, rate: float, is_answered: bool, tmp_path: Path
) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("go").answer("1", wrote=99_997, output=1000)
    one.prompt("<command-name>/compact</command-name>", after_minutes=pause_before)
    one.row(type="system", subtype="compact_boundary").prompt("Summary", after_minutes=0, isCompactSummary=True)
    one.prompt("on", after_minutes=pause_after)
    if not is_answered:
        one.row(type="assistant", message=COUNTS_NOTHING)
    one.answer("2", wrote=20_000)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    ((unrecorded,),) = db.execute("SELECT unrecorded FROM task").fetchall()
    assert unrecorded == 101_000 * rate * 1000 + 5000 * 25_000


def test_a_compaction_is_priced_as_input_where_nothing_is_cached(tmp_path: Path) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("go").answer("1", plain=100_000, wrote=0, output=1000)
    one.row(type="system", subtype="compact_boundary").prompt("Summary", after_minutes=0, isCompactSummary=True)
    one.prompt("on").answer("2", plain=20_000, wrote=0)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    ((unrecorded,),) = db.execute("SELECT unrecorded FROM task").fetchall()
    assert unrecorded == 101_000 * 5000 + 5000 * 25_000


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_clear_ends_what_was_inherited_also_if_the_first_answer_counts_nothing(
    is_answered: bool, tmp_path: Path
) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("go").answer("1", wrote=1000).answer("2", read=1000, wrote=90_000)
    one.prompt("<command-name>/clear</command-name>").prompt("add a page to the docs")
    if not is_answered:
        one.row(type="assistant", message=COUNTS_NOTHING)
    one.answer("3", wrote=50_000).answer("4", read=50_000)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    found = db.execute("SELECT SUM(baseline) > 0, SUM(carry_over), SUM(own) > 0 FROM task")
    assert found.fetchone() == (1, 0, 1)

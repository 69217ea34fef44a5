"""What compacting at other moments would have saved in a task."""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.test_replay import recorded
from tests.unit.advisor.topics import UNRELATED, totals_committed
from tests.unit.advisor.transcripts import Transcript
from tracker.cli.task import draw
from tracker.edit_tasks import commands as edit_tasks
from tracker.model.advice.backtest import excerpt, never, run
from tracker.model.advice.saving import SavingRange
from tracker.reports.carried import task_carried
from tracker.reports.task import TaskDetail, task_detail
from tracker.reports.task_hindsight import Compacted, TaskHindsight, task_hindsight
from tracker.reports.tasks import tasks_report


def backup(one: Transcript, contexts: Sequence[int]) -> Transcript:
    """The task after the totals: two turns that grow through these contexts."""
    half = len(contexts) // 2
    one.prompt(UNRELATED).tool_turns(list(contexts[:half]))
    return one.prompt("yes").tool_turns(list(contexts[half:]))


def details(db: sqlite3.Connection) -> list[TaskDetail]:
    """Every task, in order of time."""
    rows = sorted(tasks_report(db).tasks, key=lambda task: task.started_at)
    return [detail for row in rows if (detail := task_detail(db, row.id)) is not None]


@pytest.mark.parametrize("cut", [0, 1, 3, 6])
def test_the_parts_of_a_session_cost_what_they_were_billed(desk: Desk, cut: int) -> None:
    backup(totals_committed(desk), [102_000, 104_000, 106_000, 108_000])
    desk.take_in()
    [one] = recorded(desk.db)
    for first, end in pairwise(sorted({0, cut, len(one.calls)})):
        part = excerpt(one.replay, first, end - 1)
        assert run(part, never(part)).cost_nano == pytest.approx(sum(call.cost or 0 for call in one.calls[first:end]))


def test_a_task_that_began_with_a_long_context_should_have_begun_with_a_compaction(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    backup(totals_committed(desk), range(102_000, 142_000, 1_000))
    desk.take_in()
    first, second = details(desk.db)
    assert task_hindsight(desk.db, first) == TaskHindsight(None, None), "three calls earn no compaction back"
    found = task_hindsight(desk.db, second)
    assert found is not None
    assert found.advised is not None
    assert found.best is not None
    assert (found.advised.turns, found.best.turns) == ([2], [1]), "100k is not yet the level"
    saving = found.best.saving
    assert saving.low_nano < 0 < saving.point_nano < saving.high_nano < second.task.cost
    assert found.advised.saving.point_nano < saving.point_nano
    assert found.as_json()["best"]["before_turns"] == [1]
    draw(second, found, task_carried(desk.db, second.task.id))
    assert "compacted as Taximeter advises, before turn 2: ~$" in capsys.readouterr().out


def test_what_the_user_compacted_is_not_advised_once_more(desk: Desk) -> None:
    one = totals_committed(desk)
    one.compact(100_000, 30_000)
    backup(one, range(32_000, 72_000, 1_000))
    desk.take_in()
    assert task_hindsight(desk.db, details(desk.db)[1]) == TaskHindsight(None, None)


def test_turns_of_two_sessions_are_named_in_their_order(desk: Desk) -> None:
    one = Transcript(desk.claude_dir).prompt("Add totals to the report").tool_turns([30_000, 100_000])
    other = Transcript(desk.claude_dir, start_ms=one.now + 1_000)
    other.prompt(UNRELATED).tool_turns([30_000, 90_000, 100_000])
    for session in (other, one):
        session.now = other.now
        session.prompt("yes").tool_turns(list(range(102_000, 142_000, 1_000)))
    desk.take_in()
    first, second = details(desk.db)
    edit_tasks.merge(desk.db, second.task.id, [first.task.id])
    [both] = details(desk.db)
    found = task_hindsight(desk.db, both)
    assert found is not None
    assert found.best is not None
    assert found.best.turns == [3, 4]


def test_what_would_have_been_cheaper_is_not_known_where_a_call_has_no_price(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    one = totals_committed(desk)
    one.model = "glm-nobody"
    backup(one, range(102_000, 142_000, 1_000))
    desk.take_in()
    for detail in details(desk.db):
        found = task_hindsight(desk.db, detail)
        assert found is None
        draw(detail, found, task_carried(desk.db, detail.task.id))
    assert "compacted" not in capsys.readouterr().out


def test_sentences_name_the_turns_and_the_range() -> None:
    saving = SavingRange(1_250_000_000, 900_000_000, 1_400_000_000)
    found = TaskHindsight(Compacted([2], saving), Compacted([1, 3, 5, 6, 8, 9, 11, 12], saving))
    assert found.sentences == [
        "compacted as Taximeter advises, before turn 2: ~$1.25 less ($0.90 to $1.40)",
        "compacted at best, with hindsight, before turns 1, 3, 5, 6, 8, 9 and 2 more: ~$1.25 less ($0.90 to $1.40)",
    ]

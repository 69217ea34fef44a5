"""The user's word on tasks: every kind of edit, its undo, and that no rebuild loses it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from store import tasks as stored
from store.ledger import transaction
from store.reads.filter import Filter
from store.task_edits import add_edit
from store.tasks import mark_all_stale, mark_stale
from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import Transcript, edit, ledger_of, rebuild_everything
from tests.unit.tasks.rows import DERIVED, RAW, check_sums, derived
from tracker.edit_tasks import commands as edit_tasks
from tracker.edit_tasks.commands import EditError
from tracker.model.tasks.edits import EditBody
from tracker.rebuild import rebuild
from tracker.reports.task import task_detail
from tracker.reports.tasks import tasks_report


@pytest.fixture
def edited(tmp_path: Path) -> tuple[sqlite3.Connection, Path]:
    """A ledger with one session of four prompts and one of two, and its folder."""
    root = tmp_path / "c"
    one = Transcript(root, "s1")
    for number, words in enumerate(("add retries", "yes", "still slow", "ok, commit"), start=1):
        one.prompt(words).answer(f"a{number}", read=2000 * (number - 1), tools=edit(f"e{number}"))
    two = Transcript(root, "s2", project="/code/web")
    two.minute = 300
    two.prompt("why is the build slow?").answer("b1").prompt("and on the server?").answer("b2", read=2000)
    db = ledger_of(tmp_path, root)
    rebuild(db)
    return db, root


def shape(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """Title and number of turns of each task, oldest first."""
    return [(task.title, task.turns) for task in sorted(tasks_report(db).tasks, key=lambda task: task.started_at)]


def ids(db: sqlite3.Connection) -> list[str]:
    """Ids, oldest first."""
    return [task.id for task in sorted(tasks_report(db).tasks, key=lambda task: task.started_at)]


BEFORE = [("add retries", 4), ("why is the build slow?", 2)]


def test_the_edited_ledger_begins_with_two_tasks(edited: tuple[sqlite3.Connection, Path]) -> None:
    assert shape(edited[0]) == BEFORE


def make_all_edits(db: sqlite3.Connection) -> None:
    """One of each kind."""
    retries, build = ids(db)
    slow = edit_tasks.split(db, retries, 3)
    edit_tasks.rename(db, slow, "Make uploads fast")
    edit_tasks.move(db, build, 2, retries)
    edit_tasks.set_status(db, slow, "abandoned")
    edit_tasks.exclude(db, build)


AFTER = [("add retries", 3), ("Make uploads fast", 2)]


def test_edits_of_every_kind(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    make_all_edits(db)
    assert shape(db) == AFTER
    report = tasks_report(db)
    assert [(task.title, task.turns) for task in report.excluded] == [("why is the build slow?", 1)]
    slow = next(task for task in report.tasks if task.title == "Make uploads fast")
    assert (slow.status, slow.evidence, slow.title_from) == ("abandoned", "you", "you")
    check_sums(db)


def test_undo_takes_back_one_edit_after_the_other(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    before = derived(db)
    make_all_edits(db)
    kinds = [edit_tasks.undo(db) for _ in range(6)]
    assert kinds == ["exclude", "status", "move", "rename", "split", None]
    assert derived(db) == before


def test_edits_survive_a_rebuild_from_an_empty_ledger(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, root = edited
    make_all_edits(db)
    before = shape(db)
    db.execute("PRAGMA foreign_keys = OFF")
    with transaction(db):
        for table in (*DERIVED, *RAW):
            db.execute(f"DELETE FROM {table}")
    assert shape(db) == []
    take_in(db, root)
    rebuild(db)
    assert shape(db) == before == AFTER
    check_sums(db)


@pytest.mark.parametrize(
    "judge",
    [
        lambda db, task: edit_tasks.rename(db, task, "Retries"),
        lambda db, task: edit_tasks.set_status(db, task, "abandoned"),
        edit_tasks.exclude,
    ],
    ids=["rename", "status", "exclude"],
)
def test_a_task_that_was_judged_stays_whole_when_rules_change(
    judge: Callable[[sqlite3.Connection, str], str],
    edited: tuple[sqlite3.Connection, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    db, _ = edited
    retries, _ = ids(db)
    judge(db, retries)
    made = derived(db)
    rebuild_everything(db)
    assert derived(db) == made
    monkeypatch.setattr("tracker.model.tasks.boundaries.score_of", lambda *_: 2.0)
    rebuild_everything(db)
    report = tasks_report(db)
    assert sorted(task.turns for task in (*report.tasks, *report.excluded)) == [1, 1, 4]
    edit_tasks.split(db, retries, 3)
    report = tasks_report(db)
    assert sorted(task.turns for task in (*report.tasks, *report.excluded)) == [1, 1, 2, 2]


def test_edits_hold_while_the_session_goes_on(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, root = edited
    edit_tasks.split(db, ids(db)[0], 3)
    more = Transcript(root, "s1")
    more._count, more.minute = 100, 60
    more.prompt("yes").answer("a9", read=8000)
    take_in(db, root)
    rebuild(db)
    assert shape(db) == [("add retries", 2), ("still slow", 3), ("why is the build slow?", 2)]


def test_a_merge_across_sessions_and_its_undo(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    before = derived(db)
    retries, build = ids(db)
    assert edit_tasks.merge(db, retries, [build]) == retries
    assert shape(db) == [("add retries", 6)]
    check_sums(db)
    # The other session's calls are on the task, and a rebuild from nothing agrees.
    merged = derived(db)
    rebuild_everything(db)
    assert derived(db) == merged
    edit_tasks.undo(db)
    assert derived(db) == before


def test_a_later_task_can_take_an_earlier_one_in(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, _ = ids(db)
    slow = edit_tasks.split(db, retries, 3)
    assert edit_tasks.merge(db, slow, [retries]) == slow
    assert [task.turns for task in tasks_report(db).tasks if task.id == slow] == [4]
    check_sums(db)


def test_splitting_a_merged_task_parts_what_came_before_from_what_came_after(
    edited: tuple[sqlite3.Connection, Path],
) -> None:
    db, _ = edited
    retries, build = ids(db)
    edit_tasks.merge(db, build, [retries])  # named after the later session
    edit_tasks.split(db, build, 5)
    assert shape(db) == BEFORE
    edit_tasks.undo(db)
    assert shape(db) == [("add retries", 6)]
    edit_tasks.undo(db)
    edit_tasks.merge(db, retries, [build])  # named after the earlier one
    edit_tasks.split(db, retries, 3)
    assert shape(db) == [("add retries", 2), ("still slow", 4)]
    check_sums(db)


def test_moving_the_first_turn_leaves_the_rest_a_task(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, build = ids(db)
    edit_tasks.move(db, retries, 1, build)
    assert sorted(turns for _, turns in shape(db)) == [3, 3]
    check_sums(db)


def test_what_was_merged_into_a_task_stays_there_when_its_first_turn_leaves(
    edited: tuple[sqlite3.Connection, Path],
) -> None:
    db, _ = edited
    retries, build = ids(db)
    slow = edit_tasks.split(db, retries, 3)
    edit_tasks.merge(db, retries, [build])
    edit_tasks.move(db, retries, 1, slow)
    assert shape(db) == [("add retries", 3), ("why is the build slow?", 3)]
    edit_tasks.undo(db)
    edit_tasks.move(db, retries, 3, slow)  # the first of those merged in
    assert shape(db) == [("add retries", 3), ("still slow", 3)]
    check_sums(db)


def test_a_task_that_took_an_earlier_one_in_can_be_split_anywhere(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, build = ids(db)
    edit_tasks.merge(db, build, [retries])
    assert edit_tasks.split(db, build, 2) == build
    assert shape(db) == [("add retries", 1), ("still slow", 5)]


def test_a_turn_taken_out_of_a_named_task_can_become_one_without_those_after_it(
    edited: tuple[sqlite3.Connection, Path],
) -> None:
    db, _ = edited
    retries, build = ids(db)
    edit_tasks.rename(db, retries, "Retries")
    edit_tasks.move(db, retries, 2, build)
    edit_tasks.split(db, build, 2)
    assert shape(db) == [("Retries", 3), ("yes", 1), ("why is the build slow?", 2)]


def _said_of(db: sqlite3.Connection) -> list[tuple[str, str, str | None, bool]]:
    report = tasks_report(db)
    tasks = sorted((*report.tasks, *report.excluded), key=lambda task: task.started_at)
    return [(task.title, task.status, task.evidence, bool(task.excluded)) for task in tasks]


def test_title_status_and_exclusion_stay_with_their_task(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, build = ids(db)
    of_build = _said_of(db)[1]
    edit_tasks.rename(db, retries, "Upload")
    edit_tasks.set_status(db, retries, "abandoned")
    edit_tasks.exclude(db, retries)
    upload = ("Upload", "abandoned", "you", True)
    assert _said_of(db) == [upload, of_build]
    edit_tasks.move(db, retries, 1, build)
    moved = _said_of(db)
    assert sorted(moved) == sorted([upload, ("add retries", *moved[1 - moved.index(upload)][1:])])
    assert not moved[1 - moved.index(upload)][3]
    edit_tasks.undo(db)
    assert _said_of(db) == [upload, of_build]
    edit_tasks.merge(db, build, [retries])
    (merged,) = _said_of(db)
    assert (merged[0], merged[3]) == ("add retries", False)
    assert merged[1:3] != upload[1:3]
    edit_tasks.undo(db)
    edit_tasks.merge(db, retries, [build])
    assert _said_of(db) == [upload]


def test_an_edit_of_an_earlier_version_means_what_it_meant(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, build = ids(db)
    edit_tasks.rename(db, retries, "Upload")
    first, second, third, _ = (edit_tasks.turn_of(db, retries, number).anchor for number in range(1, 5))
    other = edit_tasks.turn_of(db, build, 1).anchor
    for kind, body in (
        ("move", EditBody((first,), into=other, follower=second)),
        ("merge", EditBody((second,), into=other)),
        ("split", EditBody((third,), later=(other,), earlier=(second,))),
    ):
        with transaction(db):
            add_edit(db, kind, msgspec.json.encode(body).decode())
            mark_all_stale(db)
        rebuild(db)
    assert sorted(shape(db)) == [("Upload", 5), ("yes", 1)]
    for _ in range(4):
        edit_tasks.undo(db)
    assert shape(db) == BEFORE


def test_join_mends_a_false_start(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    slow = edit_tasks.split(db, ids(db)[0], 3)
    edit_tasks.join(db, slow)
    assert shape(db) == BEFORE


def test_an_impossible_edit_is_refused_with_a_sentence(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    retries, _ = ids(db)
    for wrong, said in (
        (lambda: edit_tasks.find_task(db, "nothing"), "no task 'nothing'"),
        (lambda: edit_tasks.find_task(db, " "), "no task ' '"),
        (lambda: edit_tasks.find_task(db, "t"), r"'t' could be t\w+, t\w+: give more"),
        (lambda: edit_tasks.split(db, retries, 1), "turn 1 already starts the task"),
        (lambda: edit_tasks.split(db, retries, 9), "has 4 turns, no turn 9"),
        (lambda: edit_tasks.join(db, retries), "no task comes before it in its session; merge joins any two"),
        (lambda: edit_tasks.join(db, retries, 2), "already belongs to the task of the turn before it"),
        (lambda: edit_tasks.merge(db, retries, [retries]), "at least one other task"),
        (lambda: edit_tasks.move(db, retries, 2, retries), "the turn already belongs to that task"),
        (lambda: edit_tasks.set_status(db, retries, "finished"), "not a status: 'finished'"),
        (lambda: edit_tasks.rename(db, retries, "  "), "at least one letter"),
        (lambda: edit_tasks.find_numbered(db, f"{retries}.x"), "not a turn"),
        (lambda: edit_tasks.find_numbered(db, f"{retries}.²"), "not a turn"),
        (lambda: edit_tasks.find_numbered(db, f"{retries}.{'9' * 5000}"), "not a turn"),
    ):
        with pytest.raises(EditError, match=said):
            wrong()
    assert edit_tasks.find_numbered(db, retries) == (retries, 1)
    assert edit_tasks.find_numbered(db, f"{retries}.123456789") == (retries, 123_456_789)
    assert db.execute("SELECT COUNT(*) FROM task_edit").fetchone() == (0,)
    last = edit_tasks.split(db, retries, 4)
    with pytest.raises(EditError, match="has 1 turn, no turn 2"):
        edit_tasks.turn_of(db, last, 2)


def test_ids_are_the_same_in_another_ledger_and_short_ones_are_unmistakable(
    edited: tuple[sqlite3.Connection, Path], tmp_path: Path
) -> None:
    db, root = edited
    other = ledger_of(tmp_path / "other", root)
    rebuild(other)
    assert ids(other) == ids(db)
    report = tasks_report(db)
    for identity, short in report.short_ids.items():
        assert edit_tasks.find_task(db, short) == identity


def test_filters_choose_tasks(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    assert [task.title for task in tasks_report(db, Filter(project="web")).tasks] == ["why is the build slow?"]
    assert tasks_report(db, Filter(agent="cline")).tasks == []
    assert len(tasks_report(db, Filter(model="claude-opus-4-5-20251101")).tasks) == 2
    assert tasks_report(db, Filter(since="2027-01-01", utc=True)).tasks == []
    assert len(tasks_report(db, Filter(since="2026-11-10", until="2026-11-10", utc=True)).tasks) == 2


def test_an_opened_task_holds_what_the_list_says(edited: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = edited
    for task in tasks_report(db).tasks:
        detail = task_detail(db, task.id)
        assert detail is not None
        assert sum(turn.row.cost for turn in detail.turns) == task.cost
        assert sum(call.cost or 0 for call in detail.calls) == task.cost
        opened = detail.as_json()["task"]
        (listed,) = [one for one in tasks_report(db).as_json()["tasks"] if one["id"] == task.id]
        assert {name: opened[name] for name in listed if name != "turns"} == {
            name: value for name, value in listed.items() if name != "turns"
        }


def test_an_edit_that_another_process_stores_while_sessions_are_derived_counts(
    edited: tuple[sqlite3.Connection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, _ = edited
    first = edit_tasks.turn_of(db, ids(db)[0], 1)
    body = msgspec.json.encode(EditBody((first.anchor,), title="Retries")).decode()
    asked = stored.has_stale_sessions

    def edited_between_groups(db: sqlite3.Connection) -> bool:
        if len(shape(db)) == 2:
            monkeypatch.setattr(stored, "has_stale_sessions", asked)
            with transaction(db):
                add_edit(db, "rename", body)
                mark_stale(db, [first.row.session_id])
        return asked(db)

    monkeypatch.setattr(stored, "has_stale_sessions", edited_between_groups)
    with transaction(db):
        mark_all_stale(db)
        db.execute("DELETE FROM task")
    rebuild(db)
    assert shape(db) == [("Retries", 4), ("why is the build slow?", 2)]

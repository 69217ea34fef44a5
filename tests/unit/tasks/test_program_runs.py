"""Runs of programs are told from the work of the person beside them."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from store.reads.board import count_sessions, latest_sessions
from store.reads.program_runs import program_runs
from store.reads.sessions import find_session
from tests.unit.tasks.making import NOW_MS, START, Transcript, ledger_of
from tracker.edit_tasks import commands as edit_tasks
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

ASKED = "You judge the change that was just made: number"
EDIT = [("e", "Edit", {"file_path": "/code/api/a.py"})]


def run(root: Path, number: int, text: str = ASKED, *, entrypoint: str | None = "sdk-cli", **given: Any) -> None:
    """A session of one prompt, half an hour after the one before."""
    project = given.pop("project", "/code/api")
    one = Transcript(root, f"run{number}", project=project)
    one.minute = 30 * number
    more: dict[str, Any] = {"entrypoint": entrypoint} if entrypoint else {}
    tools = [(f"{number}{key}", name, words) for key, name, words in given.pop("tools", ())]
    one.prompt(f"{text} {number}", **more).answer(f"r{number}", tools=tools, **more)


def ledger(folder: Path) -> sqlite3.Connection:
    db = ledger_of(folder, folder / "c")
    rebuild(db)
    return db


def titles(db: sqlite3.Connection) -> set[str]:
    known = program_runs(db)
    return {task.title for task in tasks_report(db).tasks if task.id in known}


def test_three_that_begin_alike_are_runs_and_in_no_rate(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    for number in range(3, 9):
        run(tmp_path / "c", number, f"{number} is what I type", entrypoint="cli")
    db = ledger(tmp_path)
    assert titles(db) == {f"{ASKED} {number}" for number in range(3)}
    report = tasks_report(db)
    assert len(report.tasks) == 9
    assert report.headline.completed == sum(report.evidence.values()) == report.questions == 6
    said = report.as_json()
    assert said["headline"]["program_runs"] == sum(task["program_run"] for task in said["tasks"]) == 3
    assert said["headline"]["program_runs_usd"] == f"{3 * report.tasks[0].cost / 10**9:.9f}"
    assert said["total"]["calls"] == 9


def test_the_share_of_second_tries_is_of_what_people_asked_for(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    again = [*EDIT, ("f", "Bash", {"command": "pytest"}), ("g", "Edit", {"file_path": "/code/api/a.py"})]
    run(tmp_path / "c", 3, "make it pass", entrypoint="cli", tools=again)
    report = tasks_report(ledger(tmp_path))
    assert (len(report.runs), [task.title for task in report.typed]) == (3, ["make it pass 3"])
    assert report.retry_share == 1.0


def test_shares_have_four_digits_in_json(tmp_path: Path) -> None:
    again = [*EDIT, ("f", "Bash", {"command": "pytest"}), ("g", "Edit", {"file_path": "/code/api/a.py"})]
    for number, tools in enumerate((EDIT, EDIT, again)):
        run(tmp_path / "c", number, f"{number} make it pass", entrypoint="cli", tools=tools)
    headline = tasks_report(ledger(tmp_path)).as_json()["headline"]
    assert (headline["one_shot"], headline["retry_share"]) == (0.6667, 0.3333)


@pytest.mark.parametrize(
    "given",
    [
        {"entrypoint": "cli"},
        {"entrypoint": None},
        {"tools": EDIT},
        {"project": "/code/web"},
        {"text": "Another matter"},
    ],
)
def test_what_a_user_may_have_typed_is_no_program_run(tmp_path: Path, given: dict[str, Any]) -> None:
    run(tmp_path / "c", 0)
    run(tmp_path / "c", 1)
    run(tmp_path / "c", 2, **given)
    assert titles(ledger(tmp_path)) == set()


@pytest.mark.parametrize("entrypoint", ["cli", None])
def test_words_too_long_to_be_typed_five_times_are_a_programs(tmp_path: Path, entrypoint: str | None) -> None:
    """SDKs of 2025 name no entry point, and some tools type into the client's terminal."""
    long = "Context: this summary is shown in a list, which helps to choose the talk. Write it, short, of talk"
    for number in range(5):
        run(tmp_path / "c", number, long, entrypoint=entrypoint, project=f"/code/{number}")
    for number in range(5, 10):
        run(tmp_path / "c", number, long[:70], entrypoint=entrypoint)
    for number in range(10, 14):
        run(tmp_path / "c", number, f"Please {long}", entrypoint=entrypoint)
    assert titles(ledger(tmp_path)) == {f"{long} {number}" for number in range(5)}


@pytest.mark.parametrize(("chars", "runs"), [(79, 0), (80, 5)])
def test_what_is_shorter_than_a_program_writes_may_be_typed_again_and_again(
    tmp_path: Path, chars: int, runs: int
) -> None:
    words = "Look over what changed since the last release, and say what the notes of it lack. And more"[:chars]
    for number in range(5):
        one = Transcript(tmp_path / "c", f"same{number}")
        one.minute = 30 * number
        one.prompt(words, entrypoint="cli").answer(f"r{number}", entrypoint="cli")
    assert len(program_runs(ledger(tmp_path))) == runs


def test_who_judges_a_run_makes_it_a_task_and_the_others_stay_runs(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    db = ledger(tmp_path)
    first, second, third = (task.id for task in tasks_report(db).tasks)
    edit_tasks.rename(db, first, "Mine")
    assert program_runs(db) == {second, third}
    edit_tasks.set_status(db, second, "completed")
    assert program_runs(db) == {third}


def test_a_run_that_a_small_model_named_counts_among_those_that_begin_alike(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    db = ledger(tmp_path)
    first, second, third = (task.id for task in tasks_report(db).tasks)
    db.execute("UPDATE task SET title = 'Judge a change', title_from = 'refined' WHERE id = ?", (first,))
    assert program_runs(db) == {second, third}


def test_a_task_that_was_typed_in_part_is_no_run(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    run(tmp_path / "c", 3, "and now by hand", entrypoint="cli")
    db = ledger(tmp_path)
    by_title = {task.title: task.id for task in tasks_report(db).tasks}
    edit_tasks.merge(db, by_title[f"{ASKED} 2"], [by_title["and now by hand 3"]])
    assert program_runs(db) == frozenset()


def test_without_words_nothing_begins_alike(tmp_path: Path) -> None:
    for number in range(3):
        run(tmp_path / "c", number)
    db = ledger(tmp_path)
    db.execute("UPDATE task SET title = ''")
    assert program_runs(db) == frozenset()


def test_what_a_client_does_before_a_word_is_said_is_a_run(tmp_path: Path) -> None:
    Transcript(tmp_path / "c", "warm").answer("m1", isSidechain=True, agentId="a1")
    Transcript(tmp_path / "c", "lost").answer("m2")
    Transcript(tmp_path / "c", "edits").answer("m3", tools=EDIT, isSidechain=True, agentId="a3")
    db = ledger(tmp_path)
    (warm,) = program_runs(db)
    found = db.execute(
        "SELECT native_id FROM task_part JOIN session ON session.id = session_id WHERE task_id = ?", (warm,)
    )
    assert found.fetchall() == [("warm",)]
    edit_tasks.set_status(db, warm, "completed")
    assert not program_runs(db)


def test_the_latest_session_is_the_persons_unless_there_is_none_of_that_day(tmp_path: Path) -> None:
    run(tmp_path / "c", 1, "typed", entrypoint="cli")
    run(tmp_path / "c", 2)
    db = ledger(tmp_path)
    since = round(START.timestamp() * 1000)
    assert find_session(db, None, NOW_MS)[0].native_id == "run1"
    assert [session.native_id for session in latest_sessions(db, since, 2, now=NOW_MS)] == ["run1", "run2"]
    run(tmp_path / "c", 100)
    db.close()
    db = ledger(tmp_path)
    assert find_session(db, None, NOW_MS)[0].native_id == "run100"


def test_a_session_of_a_clock_that_was_ahead_is_the_latest_only_where_there_is_no_other(tmp_path: Path) -> None:
    """It was so for a year, if that was how far ahead the clock was; each later prompt of it counts as ever."""
    ahead = Transcript(tmp_path / "c", "ahead")
    ahead.minute = 365 * 24 * 60
    ahead.prompt("what day is it").answer("a1")
    db = ledger(tmp_path)
    assert find_session(db, None, NOW_MS)[0].native_id == "ahead"
    db.close()
    run(tmp_path / "c", 1, "typed", entrypoint="cli")
    db = ledger(tmp_path)
    since = round(START.timestamp() * 1000)
    assert find_session(db, None, NOW_MS)[0].native_id == "run1"
    assert [session.native_id for session in latest_sessions(db, since, 5, now=NOW_MS)] == ["run1"]
    assert (count_sessions(db, since, now=NOW_MS), count_sessions(db, 0, now=NOW_MS)) == (1, 2)
    db.close()
    ahead.minute = 90
    ahead.prompt("and now").answer("a2")
    db = ledger(tmp_path)
    assert find_session(db, None, NOW_MS)[0].native_id == "ahead"
    assert [session.native_id for session in latest_sessions(db, since, 5, now=NOW_MS)] == ["ahead", "run1"]


def test_the_latest_session_is_one_that_has_talked_unless_there_is_none(tmp_path: Path) -> None:
    """Old clients began subagents before there was a prompt: what somebody wants to see is not that."""
    warm = Transcript(tmp_path / "c", "warm")
    warm.minute = 30
    warm.answer("m2", isSidechain=True, agentId="a1")
    db = ledger(tmp_path)
    assert [session.native_id for session in find_session(db, None, NOW_MS)] == ["warm"]
    db.close()
    Transcript(tmp_path / "c", "talked").prompt("mend it").answer("m1")
    db = ledger(tmp_path)
    assert [session.native_id for session in find_session(db, None, NOW_MS)] == ["talked"]
    assert [session.native_id for session in find_session(db, "wa", NOW_MS)] == ["warm"]

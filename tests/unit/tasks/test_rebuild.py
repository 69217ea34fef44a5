"""Over whole ledgers: tasks sum to the total, a rebuild from nothing gives the same rows, links and edits hold."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store import tasks as stored
from store.reads.board import latest_sessions
from store.reads.filter import EVERYTHING
from store.reads.live_session import live_session
from store.reads.sessions import find_session, session_rows
from store.samples import StatusSample, put_samples
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import take_in, write_tree
from tests.unit.ledger.synthetic import World
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.tasks.making import (
    FIXTURES,
    MINUTE,
    NOW_MS,
    REAL,
    SCENARIOS,
    Transcript,
    ledger_of,
    rebuild_everything,
)
from tests.unit.tasks.rows import check_sums, derived
from tracker.edit_tasks import commands as edit_tasks
from tracker.hidden_spend import hidden_in
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

CLINE = FIXTURES.parent / "cline"
CLINE_SCENARIOS = sorted(folder.name for folder in CLINE.iterdir() if folder.is_dir())
# Which files were read how far, and what else may differ from reading to reading.
UNLIKE = frozenset({"source_file", "habit", "sqlite_stat1"})


def titles(db: sqlite3.Connection) -> dict[str, str]:
    """Id of each task by its title."""
    return {task.title: task.id for task in tasks_report(db).tasks}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_of_the_fixtures_is_on_one_task(scenario: str, tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / scenario)
    rebuild(db)
    check_sums(db)


@pytest.mark.parametrize("scenario", CLINE_SCENARIOS)
def test_every_call_of_cline_is_on_one_task_and_a_native_task_is_one(scenario: str, tmp_path: Path) -> None:
    db = ledger_of(tmp_path)
    take_in_cline(db, next((CLINE / scenario).rglob(".cline")))
    rebuild(db)
    check_sums(db)
    (task,) = tasks_report(db).tasks
    assert task.status == "completed"


def test_all_fixtures_in_one_ledger_in_any_order_give_the_same_rows(tmp_path: Path) -> None:
    forward, backward = tmp_path / "a", tmp_path / "b"
    one = ledger_of(forward)
    other = ledger_of(backward)
    for scenario in SCENARIOS:
        take_in(one, FIXTURES / scenario)
        rebuild(one)  # step by step
    for scenario in reversed(SCENARIOS):
        take_in(other, FIXTURES / scenario)
    rebuild(other)  # all at once
    check_sums(one)
    tasks = "SELECT id, title, status, evidence, cost, carry_over, waste, turns, misses FROM task ORDER BY id"
    assert one.execute(tasks).fetchall() == other.execute(tasks).fetchall()
    before = derived(one)
    rebuild_everything(one)
    assert derived(one) == before


@pytest.mark.skipif(not REAL.is_dir(), reason="no real sessions on this machine")
def test_every_call_of_the_real_sessions_is_on_one_task(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, REAL)
    rebuild(db)
    check_sums(db)
    before = derived(db)
    rebuild_everything(db)
    assert derived(db) == before


def test_a_background_agent_and_its_report_are_on_the_task_that_started_it(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / "s15_multitask_bgagent")
    rebuild(db)
    started, reported = db.execute(
        "SELECT (SELECT task_id FROM task_turn JOIN turn USING (session_id, prompt_uuid)"
        " WHERE text LIKE '%background agent%'),"
        " (SELECT task_id FROM task_turn WHERE kind = 'notification')"
    ).fetchone()
    assert started == reported
    agents = db.execute(
        "SELECT DISTINCT task_id FROM call_split JOIN call ON call.id = call_id JOIN chain ON chain.id = chain_id"
        " WHERE chain.key != ''"
    ).fetchall()
    assert agents == [(started,)]


def test_hidden_spend_is_on_the_task_that_has_its_session_to_itself(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / "s27_hidden_spend")
    rebuild(db)
    tasks = tasks_report(db).tasks
    spend = hidden_in(db, EVERYTHING)
    assert spend.cost is not None
    if len(tasks) == 1:
        assert tasks[0].hidden == spend.cost
    else:
        assert {task.hidden for task in tasks} == {None}
    only = tasks[-1].id
    for task in tasks[:-1]:
        edit_tasks.merge(db, only, [task.id])
    assert [task.hidden for task in tasks_report(db).tasks] == [spend.cost]


def test_the_task_has_what_the_status_line_told_last(tmp_path: Path) -> None:
    """A side request that no record shows: nothing but the reading tells of it."""
    Transcript(tmp_path, "s1").prompt("mend the parser").answer("a1")
    db = ledger_of(tmp_path, tmp_path)
    rebuild(db)
    at, cost = db.execute("SELECT MAX(last_at), SUM(cost) FROM call").fetchone()
    for later, hidden in ((1000, 0), (2000, 5_000_000)):
        put_samples(db, [StatusSample("s1", at + later, cost + hidden, at - 3_600_000)])
        rebuild(db)
        assert [task.hidden for task in tasks_report(db).tasks] == [hidden]


@pytest.mark.parametrize(
    "scenario", ["s06_manual_compact", "s13_background", "s15_multitask_bgagent", "s27_hidden_spend"]
)
def test_tasks_of_one_session_share_what_its_client_told_of_it(scenario: str, tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / scenario)
    rebuild(db)
    for task in tasks_report(db).tasks:
        if task.turns > 1:
            edit_tasks.split(db, task.id, 2)
    told = hidden_in(db, EVERYTHING).cost
    tasks = tasks_report(db).tasks
    assert told is not None
    assert len(tasks) > 1
    assert {task.hidden for task in tasks} == {None}
    turns = sum(task.turns for task in tasks)
    assert told - turns <= sum(task.unrecorded for task in tasks) <= told
    if told:
        assert all(task.unrecorded < told for task in tasks)


def test_a_fork_goes_on_with_its_parents_task_and_counts_nothing_twice(tmp_path: Path) -> None:
    db = ledger_of(tmp_path, FIXTURES / "s08_resume_continue_fork")
    rebuild(db)
    check_sums(db)
    report = tasks_report(db)
    assert [(task.calls, task.turns) for task in report.tasks] == [(4, 4)]
    (part,) = db.execute("SELECT link_kind FROM task_part WHERE link_kind IS NOT NULL").fetchall()
    assert part == ("fork",)


def test_a_task_names_a_fork_and_its_parent_in_one_order_whichever_was_read_first(tmp_path: Path) -> None:
    """The client of that time copied a prompt without a mark, and its answer went on in the fork."""
    parent = Transcript(tmp_path / "parent", "aaa").prompt("round the totals").answer("1")
    fork = Transcript(tmp_path / "fork", "bbb")
    fork.path.write_text(parent.path.read_text().replace('"aaa"', '"bbb"'))
    fork.minute = 60
    fork.answer("2")
    told = []
    for order in (("parent", "fork"), ("fork", "parent")):
        (place := tmp_path / order[0] / "ledger").mkdir()
        db = ledger_of(place, *(tmp_path / name for name in order))
        rebuild(db)
        told.append([(task.sessions, task.calls) for task in tasks_report(db).tasks])
    assert told[0] == told[1] == [('["aaa","bbb"]', 2)]


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 50))
@example(seed=1, steps=33)
def test_tasks_are_the_same_whatever_was_read_first(seed: int, steps: int) -> None:
    """Sessions that were forked, branched and copied, derived at once or after each file."""
    files = World(seed).grow(steps).contents()
    names = sorted(files)
    random.Random(seed).shuffle(names)
    with TemporaryDirectory() as place:
        whole, root = Path(place, "whole"), Path(place, "claude")
        with closing(ledger_of(whole, write_tree(whole / "claude", files))) as db:
            rebuild(db)
            at_once = dump(db, without=UNLIKE)
        with closing(ledger_of(Path(place))) as db:
            for name in names:
                write_tree(root, {name: files[name]})
                take_in(db, root)
                rebuild(db)
            assert differences(at_once, dump(db, without=UNLIKE)) == []


def test_a_rebuild_that_another_process_did_meanwhile_has_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(ledger_of(tmp_path, FIXTURES / SCENARIOS[0])) as db:
        rebuild(db)
        looks = iter([True, False])
        monkeypatch.setattr(stored, "has_stale_sessions", lambda _db: next(looks))
        told: list[tuple[int, int]] = []
        assert rebuild(db, lambda *progress: told.append(progress)) == 0
        assert told == []


def test_a_fork_whose_parent_is_gone_still_has_its_prompts(tmp_path: Path) -> None:
    source = FIXTURES / "s08_resume_continue_fork" / "projects"
    (fork,) = [file for file in source.rglob("*.jsonl") if file.name.startswith("bea99b68")]
    place = tmp_path / "claude" / "projects" / fork.parent.name
    place.mkdir(parents=True)
    (place / fork.name).write_bytes(fork.read_bytes())
    db = ledger_of(tmp_path, tmp_path / "claude")
    rebuild(db)
    check_sums(db)
    assert [(task.calls, task.turns) for task in tasks_report(db).tasks] == [(4, 4)]


def test_what_a_session_did_is_known_from_its_fork_where_its_own_file_is_gone(tmp_path: Path) -> None:
    told = []
    for is_whole in (True, False):
        root = tmp_path / str(is_whole)
        parent = Transcript(root, "aaa").prompt("round the totals of the cart")
        parent.answer("1", tools=[("t1", "Edit", {"file_path": "/code/api/cart.py"})])
        parent.answer("2", tools=[("t2", "Bash", {"command": "pytest -q"})]).answer("3")
        copied = [json.loads(line) for line in parent.path.read_text().splitlines()]
        fork = Transcript(root, "bbb")
        rows = [
            row | {"sessionId": "bbb"} | ({"requestSessionId": "aaa"} if "requestId" in row else {}) for row in copied
        ]
        fork.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        fork.minute = 60
        fork.prompt("thanks").answer("4")
        if not is_whole:
            parent.path.unlink()
        place = tmp_path / f"ledger-{is_whole}"
        place.mkdir()
        db = ledger_of(place, root)
        rebuild(db)
        told.append([(task.status, task.evidence, task.calls, task.edit_turns) for task in tasks_report(db).tasks])
    assert told[0] == told[1] == [("completed", "check", 4, 1)]


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Implement the following plan:\n\n# Plan: Round the totals\n\n## Context\n\nCents", "Round the totals"),
        ("Implement the following plan:\n\n# SHOP-12: Fix `cart#total`\n## Why", "SHOP-12: Fix `cart#total`"),
        ("Implement the following plan:\n\nRound the totals.", "Round the totals."),
        ("Implement the following plan:", "Implement the following plan:"),
        ("Implement the following planner: # x", "Implement the following planner: # x"),
        ("## Stale docs\n\nThe guide names old flags", "Stale docs The guide names old flags"),
        ("#20817 is off by a cent", "#20817 is off by a cent"),
        ("# ", "#"),
    ],
)
def test_task_and_session_are_called_by_a_plans_heading_or_by_the_prompt_without_its_mark(
    prompt: str, title: str, tmp_path: Path
) -> None:
    Transcript(tmp_path / "c", "aaa").prompt(prompt).answer("1")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert list(titles(db)) == [title]
    listed, shown, opened = (
        session_rows(db, EVERYTHING),
        latest_sessions(db, 0, 5, now=NOW_MS),
        find_session(db, "aaa", NOW_MS),
    )
    assert [listed[0].title, shown[0].title, live_session(db, opened[0].id).title] == [title] * 3
    assert len(listed) == len(shown) == len(opened) == 1


def test_a_night_before_an_open_question_is_no_time_of_the_task(tmp_path: Path) -> None:
    session = Transcript(tmp_path / "c", "s").prompt("add retries").answer("a")
    answer = {"type": "tool_result", "tool_use_id": "t", "content": "three times", "is_error": False}
    session.prompt("", after_minutes=9 * 60, message={"role": "user", "content": [answer]}).answer("b")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    ((active,),) = db.execute("SELECT active_ms FROM task").fetchall()
    assert 10 < active / MINUTE < 11


def test_time_that_turns_of_a_task_share_counts_once(tmp_path: Path) -> None:
    for name in ("one", "two"):  # side by side, twenty seconds apart
        session = Transcript(tmp_path / "c", name)
        session.prompt(f"{name}: add retries", after_minutes=1 if name == "one" else 4 / 3).answer(f"{name}1")
        session.minute += 5
        session.answer(f"{name}2")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    alone = [active for (active,) in db.execute("SELECT active_ms FROM task")]
    into, other = titles(db).values()
    edit_tasks.merge(db, into, [other])
    ((together,),) = db.execute("SELECT active_ms FROM task").fetchall()
    assert [round(active / 1000) for active in (*alone, together)] == [306, 306, 326]

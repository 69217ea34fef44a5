"""A plan that is approved with a cleared context is carried out in a session of its own, and is one task with it."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import Transcript, ledger_of, rebuild_everything
from tracker.edit_tasks import commands as edit_tasks
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

WISH, PLAN = "could uploads be tried again?", "Implement the following plan: # Retries in the uploader ## Context"
INTERRUPTED = "[Request interrupted by user for tool use]"
NAMES = (
    "\n\nIf you need specific details from before exiting plan mode (like exact code snippets, error messages, or"
    " content you generated), read the full transcript at: {}\n\nUser feedback on this plan: mind a/b.jsonl"
)


def planning(root: Path, *, tool: str = "ExitPlanMode", name: str = "planning") -> Transcript:
    """A session that ends with the client's question whether to go ahead."""
    session = Transcript(root, name)
    session.prompt(WISH).answer(f"{name}1", tools=[(f"{name}-x1", "Read", {"file_path": "/code/api/up.py"})])
    session.answer(
        f"{name}2", tools=[(f"{name}-x2", tool, {})], result="The user doesn't want to proceed with this tool use."
    )
    return session.prompt(INTERRUPTED, after_minutes=9)


def doing(root: Path, planned: Transcript, *, later: float = 0, transcript: str = "") -> Transcript:
    """What the plan is carried out in, `later` minutes after the approval; `transcript`: the path that it names."""
    session = Transcript(root, "doing")
    session.minute = planned.minute - 0.05 + later
    session.prompt(PLAN + (NAMES.format(transcript) if transcript else ""), after_minutes=0)
    return session.answer("d1", tools=[("y1", "Edit", {"file_path": "/code/api/up.py"})]).answer("d2")


def tasks(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Sessions of each task by its title."""
    return {task.title: set(json.loads(task.sessions)) for task in tasks_report(db).tasks}


@pytest.mark.parametrize("order", [("planning", "doing"), ("doing", "planning")])
def test_planning_and_carrying_out_are_one_task_whichever_is_read_first(order: Sequence[str], tmp_path: Path) -> None:
    root, read = tmp_path / "c", tmp_path / "d"
    doing(root, planning(root))
    files = {file.stem: file for file in root.rglob("*.jsonl")}
    db = ledger_of(tmp_path)
    for name in order:
        file = read / files[name].relative_to(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files[name].read_bytes())
        take_in(db, read)
        rebuild(db)
    assert tasks(db) == {"Retries in the uploader": {"planning", "doing"}}
    rebuild_everything(db)
    assert tasks(db) == {"Retries in the uploader": {"planning", "doing"}}


@pytest.mark.parametrize(("tool", "later"), [("ExitPlanMode", 1.0), ("Bash", 0.0)])
def test_any_other_end_of_a_session_leaves_the_next_alone(tool: str, later: float, tmp_path: Path) -> None:
    root = tmp_path / "c"
    doing(root, planning(root, tool=tool), later=later)
    db = ledger_of(tmp_path, root)
    rebuild(db)
    assert tasks(db) == {WISH: {"planning"}, "Retries in the uploader": {"doing"}}


@pytest.mark.parametrize("order", [("planning", "doing"), ("doing", "planning")])
def test_the_session_that_the_prompt_names_made_the_plan_whatever_the_time(
    order: Sequence[str], tmp_path: Path
) -> None:
    root, read = tmp_path / "c", tmp_path / "d"
    planned = planning(root, tool="Bash")
    doing(root, planned, later=600, transcript=f"/home/dev/.claude/projects/-code-api/{planned.session}.jsonl")
    db = ledger_of(tmp_path)
    for name in order:
        file = read / next(root.rglob(f"{name}.jsonl")).relative_to(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((root / file.relative_to(read)).read_bytes())
        take_in(db, read)
        rebuild(db)
    assert tasks(db) == {"Retries in the uploader": {"planning", "doing"}}


def test_the_named_session_comes_before_one_that_ended_in_the_same_moment(tmp_path: Path) -> None:
    root = tmp_path / "c"
    planning(root, name="other")
    doing(root, planning(root), transcript="C:\\Users\\dev\\.claude\\projects\\C--code\\planning.jsonl")
    db = ledger_of(tmp_path, root)
    rebuild(db)
    assert tasks(db) == {WISH: {"other"}, "Retries in the uploader": {"planning", "doing"}}


def test_where_the_named_session_is_unknown_the_time_tells(tmp_path: Path) -> None:
    root = tmp_path / "c"
    doing(root, planning(root), transcript="/Users/dev/.REDACTED.jsonl")
    db = ledger_of(tmp_path, root)
    rebuild(db)
    assert tasks(db) == {"Retries in the uploader": {"planning", "doing"}}


@pytest.mark.parametrize(
    "prompt",
    [
        f"what does this mean? {PLAN}{NAMES.format('/x/planning.jsonl')}",
        f"{PLAN} read the full transcript at: /x/planning.txt\n\n/x/planning.jsonl",
        f"{PLAN} /x/planning.jsonl",
    ],
)
def test_a_transcript_that_is_mentioned_otherwise_links_nothing(prompt: str, tmp_path: Path) -> None:
    root = tmp_path / "c"
    planning(root, tool="Bash")
    Transcript(root, "doing").prompt(prompt, after_minutes=90).answer("d1")
    db = ledger_of(tmp_path, root)
    rebuild(db)
    assert {"planning"} in tasks(db).values()


@pytest.mark.parametrize("transcript", ["", "/x/planning.jsonl"])
def test_an_edit_parts_them_for_good(transcript: str, tmp_path: Path) -> None:
    root = tmp_path / "c"
    doing(root, planning(root), transcript=transcript)
    db = ledger_of(tmp_path, root)
    rebuild(db)
    ((task,),) = db.execute("SELECT id FROM task").fetchall()
    edit_tasks.split(db, task, 2)
    rebuild_everything(db)
    assert tasks(db) == {WISH: {"planning"}, "Retries in the uploader": {"doing"}}


def test_what_the_client_says_below_a_plan_is_no_part_of_its_heading(tmp_path: Path) -> None:
    session = Transcript(tmp_path / "c", "doing")
    plan = "Implement the following plan:\n\n# Retries in the uploader"
    session.prompt(plan + NAMES.format("/x/planning.jsonl")).answer("d1")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert tasks(db) == {"Retries in the uploader": {"doing"}}

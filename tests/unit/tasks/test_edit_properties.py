"""Any edits on any small sessions: exactly the turns named change their task, and undo restores everything."""

import sqlite3
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.reads.tasks import turns_of
from tests.unit.tasks.making import Transcript, edit, ledger_of, rebuild_everything
from tests.unit.tasks.rows import derived
from tracker.edit_tasks import commands as edit_tasks
from tracker.edit_tasks.commands import EditError
from tracker.model.tasks.status import TaskStatus
from tracker.rebuild import rebuild

Turn = tuple[int, str]
WORDS = (
    "please add retries to the client for uploads",
    "yes",
    "another issue: I'd like release notes for version nine, in the docs folder",
    "please add retries to the client for uploads",
    "ok",
)


def _apart(root: Path) -> None:
    """Three sessions, one after the other."""
    for number, words in enumerate((WORDS[:3], WORDS[:2], WORDS[2:])):
        one = Transcript(root, f"s{number}", project=f"/code/{number}")
        one.minute = 2000 * number
        _talk(one, words, 5)


def _at_once(root: Path) -> None:
    """Three sessions side by side."""
    for number, words in enumerate((WORDS, WORDS[1:4], WORDS[:2])):
        one = Transcript(root, f"s{number}")
        one.minute = 7 * number
        _talk(one, words, 11 + number)


def _on_a_branch(root: Path) -> None:
    """Three sessions that a rule takes for one task, and one beside them."""
    for number, words in enumerate((WORDS[:2], WORDS[:3], WORDS[1:2])):
        one = Transcript(root, f"s{number}", branch="feature/upload")
        one.minute = 300 * number
        _talk(one, words, 5)
    other = Transcript(root, "s3")
    other.minute = 450
    _talk(other, WORDS, 300)


def _talk(one: Transcript, words: tuple[str, ...], after_minutes: float) -> None:
    for place, text in enumerate(words):
        key = f"{one.session}{place}"
        one.prompt(text, after_minutes=after_minutes).answer(key, read=2000 * place, tools=edit(f"e{key}"))


SHAPES = (_apart, _at_once, _on_a_branch)


@cache
def _image(shape: int) -> bytes:
    """A ledger with the sessions of a shape."""
    with TemporaryDirectory() as folder:
        SHAPES[shape](Path(folder) / "c")
        db = ledger_of(Path(folder), Path(folder) / "c")
        rebuild(db)
        db.execute("PRAGMA journal_mode = DELETE")  # in memory there is no write-ahead log
        return db.serialize()


def _ledger(shape: int) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(_image(shape))
    return db


def _tasks(db: sqlite3.Connection) -> dict[str, list[Turn]]:
    """The turns of each task, in order of time."""
    ids = [row[0] for row in db.execute("SELECT id FROM task ORDER BY started_at, id")]
    return {one: [(row.session_id, row.prompt_uuid) for row in turns_of(db, one)] for one in ids}


def _groups(db: sqlite3.Connection) -> set[frozenset[Turn]]:
    return {frozenset(turns) for turns in _tasks(db).values()}


def _names(db: sqlite3.Connection, identity: str) -> tuple[Any, ...]:
    """Title, status and exclusion of a task as far as the user gave them."""
    row = db.execute("SELECT title, title_from, status, evidence, excluded FROM task WHERE id = ?", (identity,))
    title, title_from, status, evidence, excluded = row.fetchone()
    return (title if title_from == "you" else None, status if evidence == "you" else None, excluded)


def _regrouped(tasks: dict[str, list[Turn]], leaving: set[Turn], onto: str) -> set[frozenset[Turn]]:
    wanted = {one: set(turns) - leaving for one, turns in tasks.items()}
    wanted.setdefault(onto, set()).update(leaving)
    return {frozenset(turns) for turns in wanted.values() if turns}


def _task_at(db: sqlite3.Connection, turn: Turn) -> str:
    return next(one for one, turns in _tasks(db).items() if turn in turns)


def _check_split(db: sqlite3.Connection, task: str, number: int) -> None:
    tasks, before, rows = _tasks(db), _groups(db), turns_of(db, task)
    made = edit_tasks.split(db, task, number)
    first, at, turns = tasks[task][0], tasks[task][number - 1], tasks[task]
    assert at in _tasks(db)[made]
    assert first not in _tasks(db)[made]
    # A session's turns from there on go along, and so do parts in other sessions that begin later; earlier ones stay.
    session = [turn for turn in turns if turn[0] == at[0]]
    leaving = set(_tasks(db)[made])
    assert set(session[session.index(at) :]) <= leaving
    assert not leaving & set(session[: session.index(at)])
    for session_id, root in {(row.session_id, row.root) for row in rows if row.session_id != at[0]}:
        part = [turn for turn, row in zip(turns, rows, strict=True) if (row.session_id, row.root) == (session_id, root)]
        begins_later = turns.index(part[0]) > turns.index(at)
        assert leaving & set(part) == (set(part) if begins_later else set())
    assert _groups(db) == (before - {frozenset(turns)}) | {frozenset(leaving), frozenset(set(turns) - leaving)}


def _check_merge(db: sqlite3.Connection, into: str, other: str) -> None:
    tasks, names = _tasks(db), _names(db, into)
    made = edit_tasks.merge(db, into, [other])
    assert made == into
    assert _groups(db) == _regrouped(tasks, set(tasks[other]), into)
    assert _names(db, into) == names


def _check_move(db: sqlite3.Connection, task: str, number: int, target: str) -> None:
    tasks, kept, others = _tasks(db), _names(db, task), _names(db, target)
    turn = tasks[task][number - 1]
    made = edit_tasks.move(db, task, number, target)
    assert made == target
    assert _groups(db) == _regrouped(tasks, {turn}, target)
    assert _names(db, target) == others
    for rest in tasks[task]:
        if rest != turn:
            assert _names(db, _task_at(db, rest)) == kept


def _check_join(db: sqlite3.Connection, task: str, number: int) -> None:
    tasks = _tasks(db)
    turn = tasks[task][number - 1]
    made = edit_tasks.join(db, task, number)
    now = _tasks(db)[made]
    assert turn in now
    query = "SELECT session_id, prompt_uuid FROM task_turn WHERE session_id = ? ORDER BY ordinal"
    earlier = db.execute(query, turn[:1]).fetchall()
    before = earlier[: earlier.index(turn)]
    assert set(before) & set(now)
    joining = set(now) & set(tasks[task])
    onto = next(one for one, turns in tasks.items() if set(turns) & (set(now) - joining) or one == made)
    if onto != task:
        assert _groups(db) == _regrouped(tasks, joining, onto)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(("split", "merge", "move", "join", "rename", "status", "exclude")),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=7,
)


def _apply(db: sqlite3.Connection, kind: str, task: str, number: int, other: str) -> None:
    match kind:
        case "split":
            _check_split(db, task, number)
        case "merge":
            _check_merge(db, task, other)
        case "move":
            _check_move(db, task, number, other)
        case "join":
            _check_join(db, task, number)
        case "rename":
            edit_tasks.rename(db, task, f"Named {number}")
        case "status":
            edit_tasks.set_status(db, task, list(TaskStatus)[number % 5])
        case "exclude":
            edit_tasks.exclude(db, task, is_on=number % 2 > 0)
    if kind in ("rename", "status", "exclude"):
        assert task in _tasks(db)


@pytest.mark.parametrize("shape", range(len(SHAPES)), ids=[shape.__name__.strip("_") for shape in SHAPES])
@example(edits=[("merge", 1, 0, 0), ("join", 0, 4, 0)])  # on one task by a merge: nothing to join
@example(edits=[("split", 7, 1, 0), ("move", 3, 0, 8), ("merge", 1, 0, 8), ("split", 1, 1, 0)])  # a session's two parts
@settings(max_examples=25)
@given(edits=EDITS)
def test_an_edit_does_what_it_says_and_undo_restores_everything(
    shape: int, edits: list[tuple[str, int, int, int]]
) -> None:
    db = _ledger(shape)
    states = [derived(db)]
    turns = sorted(turn for group in _groups(db) for turn in group)
    for kind, one, number, two in edits:
        tasks = list(_tasks(db).items())
        (task, own), (other, _) = tasks[one % len(tasks)], tasks[two % len(tasks)]
        try:
            _apply(db, kind, task, 1 + number % len(own), other)
        except EditError:
            continue
        assert sorted(turn for group in _groups(db) for turn in group) == turns
        states.append(derived(db))
    rebuild_everything(db)
    assert derived(db) == states[-1]
    for state in reversed(states[:-1]):
        edit_tasks.undo(db)
        assert derived(db) == state
    assert edit_tasks.undo(db) is None

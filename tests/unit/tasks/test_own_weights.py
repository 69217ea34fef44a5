"""Own weights in the ledger: from thirty corrections on, the same after any rebuild, gone with undo or a setting."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from store.ledger import open_ledger, transaction
from store.meta import set_meta_value
from store.task_edits import edits
from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import Transcript, edit, ledger_of, rebuild_everything
from tests.unit.tasks.rows import DERIVED, RAW, check_sums, derived
from tracker.cli.app import cli
from tracker.edit_tasks import commands as edit_tasks
from tracker.model.tasks.boundaries import WEIGHTS
from tracker.model.tasks.edits import in_force
from tracker.rebuild import own_weights_in_use, rebuild
from tracker.settings import set_value

REVIEW = "please answer the review comments about naming of the handlers and the order of arguments in the parser"
SESSIONS = 31


def write_session(root: Path, name: str, minute: float) -> None:
    """Four prompts: work, more of it, the answer to a review, more of that."""
    one = Transcript(root, name)
    one.minute = minute
    one.prompt("add retries to the uploader").answer(f"{name}a", tools=edit(f"{name}e"))
    one.prompt("the uploader should give up after the third attempt").answer(f"{name}b", read=2000)
    one.prompt(REVIEW, after_minutes=3).answer(f"{name}c", read=4000)
    one.prompt("the parser should keep its name").answer(f"{name}d", read=6000)


def correct(db: sqlite3.Connection, name: str) -> None:
    """Say that the answer to the review is a task."""
    (identity,) = db.execute(
        "SELECT DISTINCT task_id FROM task_turn JOIN session ON session.id = session_id WHERE native_id = ?", (name,)
    ).fetchone()
    edit_tasks.split(db, identity, 3)


def tasks_in(db: sqlite3.Connection, name: str) -> int:
    (count,) = db.execute(
        "SELECT COUNT(DISTINCT task_id) FROM task_turn JOIN session ON session.id = session_id WHERE native_id = ?",
        (name,),
    ).fetchone()
    return int(count)


@pytest.fixture
def corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[sqlite3.Connection, Path]:
    """A ledger of sessions of which all but two have been corrected, and their folder."""
    monkeypatch.setenv("TAXIMETER_HOME", str(tmp_path))
    root = tmp_path / "c"
    for number in range(SESSIONS):
        write_session(root, f"s{number}", 100 * number)
    db = ledger_of(tmp_path, root)
    rebuild(db)
    for number in range(SESSIONS - 2):
        correct(db, f"s{number}")
    return db, root


LAST, UNTOUCHED = f"s{SESSIONS - 2}", f"s{SESSIONS - 1}"


def test_the_thirtieth_correction_changes_how_starts_are_found(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = corrected
    assert own_weights_in_use(db) is None
    assert tasks_in(db, UNTOUCHED) == 1
    shipped = derived(db)
    correct(db, LAST)
    own = own_weights_in_use(db)
    assert own is not None
    assert own.corrections == 30
    assert tasks_in(db, UNTOUCHED) == 2
    check_sums(db)
    edit_tasks.undo(db)
    assert own_weights_in_use(db) is None
    assert derived(db) == shipped


def test_a_rebuild_from_nothing_gives_the_same_rows(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, root = corrected
    correct(db, LAST)
    own, before = own_weights_in_use(db), derived(db)
    assert rebuild(db) == 0
    rebuild_everything(db)
    assert (own_weights_in_use(db), derived(db)) == (own, before)
    starts = (
        "SELECT native_id, prompt_uuid, decision, score FROM task_turn JOIN session ON id = session_id ORDER BY 1, 2"
    )
    decisions = db.execute(starts).fetchall()
    db.execute("PRAGMA foreign_keys = OFF")
    with transaction(db):
        for table in (*DERIVED, *RAW, "meta"):
            db.execute(f"DELETE FROM {table}")
    take_in(db, root)
    rebuild(db)
    assert own_weights_in_use(db) == own
    assert db.execute(starts).fetchall() == decisions


def test_corrections_tell_what_was_seen_and_no_text(corrected: tuple[sqlite3.Connection, Path]) -> None:
    (_, body), *_ = in_force(edits(corrected[0]))
    assert [(one.starts, one.is_word) for one in body.seen] == [(False, False), (True, True), (False, False)]
    assert all(0 < abs(value) <= 1 for one in body.seen for value in one.features.values())


def test_joining_says_that_a_turn_goes_on(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = corrected
    (identity,) = db.execute(
        "SELECT task_id FROM task_turn JOIN session ON session.id = session_id WHERE native_id = 's0' AND ordinal = 2"
    ).fetchone()
    edit_tasks.join(db, identity)
    *_, (_, body) = in_force(edits(db))
    assert [one.starts for one in body.seen if one.is_word] == [False]


def test_a_fit_of_another_version_is_made_again(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = corrected
    correct(db, LAST)
    own, before = own_weights_in_use(db), derived(db)
    set_meta_value(db, "boundary_fit", f'["1:1:True",[{[0.1] * (len(WEIGHTS) + 1)},30]]')
    assert own_weights_in_use(db) is None
    rebuild(db)
    assert (own_weights_in_use(db), derived(db)) == (own, before)


def test_what_other_rules_derived_is_derived_again(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, _ = corrected
    rebuild(db)
    before = derived(db)
    set_meta_value(db, "boundary_fit", '["1:1:True",null,1]')
    db.execute("UPDATE task_turn SET score = 123")
    assert derived(db) != before
    rebuild(db)
    assert derived(db) == before


def test_a_setting_turns_it_off_and_on(corrected: tuple[sqlite3.Connection, Path], tmp_path: Path) -> None:
    db, _ = corrected
    correct(db, LAST)
    own, before = own_weights_in_use(db), derived(db)
    set_value("tasks", "own_weights", False)
    rebuild(db)
    assert own_weights_in_use(db) is None
    assert tasks_in(db, UNTOUCHED) == 1
    (tmp_path / "settings.toml").write_text("[tasks\n")
    assert rebuild(db) == 0  # a file that cannot be read changes nothing
    (tmp_path / "settings.toml").write_text("[tasks]\nown_weights = true\n")
    rebuild(db)
    assert (own_weights_in_use(db), derived(db)) == (own, before)


def test_the_list_says_so_and_undo_names_what_it_took_back(corrected: tuple[sqlite3.Connection, Path]) -> None:
    db, root = corrected
    correct(db, LAST)
    db.close()

    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, [*words, "--claude-dir", str(root)])
        assert result.exit_code == 0, result.output
        return result.output

    own = open_ledger()
    (identity,) = own.execute(
        "SELECT task_id FROM task_turn JOIN session ON session.id = session_id WHERE native_id = 's0' AND ordinal = 2"
    ).fetchone()
    own.close()
    assert "Task starts are judged by weights learned from your 30 corrections" in run("tasks")
    run("task", "edit", "join", identity)
    assert run("task", "undo") == "undone: join\n"
    assert run("task", "undo") == "undone: split\n"
    assert "judged by your" not in run("tasks")

"""Sessions that go on with the task of an earlier one, and those for which that is only suggested."""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.ledger.reading import before_migration, take_in
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import SessionFolder, metrics
from tests.unit.tasks.making import Transcript, edit, ledger_of, rebuild_everything
from tests.unit.tasks.rows import derived
from tracker.edit_tasks import commands as edit_tasks
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report
from tracker.sources.cline import companions


def two_sessions(root: Path, *, branch: str, gap_minutes: float = 600, file: str = "/code/api/upload.py") -> None:
    first = Transcript(root, "s1", branch=branch)
    first.prompt("add retries to the uploader").answer("a1", tools=edit("e1")).answer("a2", read=2000)
    second = Transcript(root, "s2", branch=branch)
    second.minute = first.minute + gap_minutes
    second.prompt("the uploader should also log each attempt").answer("b1", tools=edit("e2", file)).answer(
        "b2", read=2000
    )


def test_the_same_files_on_a_branch_of_their_own_are_one_task(tmp_path: Path) -> None:
    two_sessions(tmp_path / "c", branch="feat/retries")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert [(task.calls, len(task.sessions.split(","))) for task in tasks_report(db).tasks] == [(4, 2)]


@pytest.mark.parametrize(
    "given",
    [
        {"branch": "main"},
        {"branch": "feat/retries", "gap_minutes": 8 * 1440},
        {"branch": "feat/retries", "file": "/code/api/billing.py"},
    ],
    ids=["default branch", "after a week", "other files"],
)
def test_otherwise_a_new_session_is_a_new_task(given: dict, tmp_path: Path) -> None:
    two_sessions(tmp_path / "c", **given)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert len(tasks_report(db).tasks) == 2


def test_one_file_of_many_is_no_suggestion(tmp_path: Path) -> None:
    """A changelog or a workflow is in every task."""
    two_sessions(tmp_path / "c", branch="main")
    first = Transcript(tmp_path / "c", "s1", branch="main")
    for name in ("log", "store"):
        first.answer(name, tools=edit(name, f"/code/api/{name}.py"))
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    report = tasks_report(db)
    assert (len(report.tasks), report.joins) == (2, [])


def test_the_same_files_on_the_default_branch_are_a_suggestion(tmp_path: Path) -> None:
    two_sessions(tmp_path / "c", branch="main")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    later, earlier = (task.id for task in tasks_report(db).tasks)
    assert [(one.task_id, one.into) for one in tasks_report(db).joins] == [(later, earlier)]
    edit_tasks.merge(db, earlier, [later])
    assert tasks_report(db).joins == []
    # Once parted by hand, it is not suggested again.
    edit_tasks.split(db, earlier, 2)
    assert (len(tasks_report(db).tasks), tasks_report(db).joins) == (2, [])


def test_the_same_issue_on_a_branch_of_its_own_is_one_task(tmp_path: Path) -> None:
    two_sessions(tmp_path / "c", branch="feat/API-77-retries", file="/code/api/billing.py")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert len(tasks_report(db).tasks) == 1


def test_a_link_is_found_whichever_session_is_read_first(tmp_path: Path) -> None:
    two_sessions(tmp_path / "c", branch="feat/retries")
    (one,) = (tmp_path / "c").rglob("s1.jsonl")
    kept = one.read_bytes()
    one.unlink()
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert len(tasks_report(db).tasks) == 1
    one.write_bytes(kept)
    take_in(db, tmp_path / "c")
    rebuild(db)
    (task,) = tasks_report(db).tasks
    assert task.calls == 4
    before = derived(db)
    rebuild_everything(db)
    assert derived(db) == before


def cline_session(root: Path, name: str, copied: Sequence[dict] = (), **metadata: object) -> SessionFolder:
    """A session of Cline's with a prompt and its answer after what it copied, and its manifest."""
    session = SessionFolder(root, name)
    session.messages = list(copied)
    session.user(f'<user_input mode="act">Mend the parser, {name}</user_input>')
    session.answer(metrics(20_000, 90))
    session.write()
    started = datetime.fromtimestamp(int(name[:10]), UTC).isoformat()
    manifest = {"session_id": name, "started_at": started, "interactive": True, "metadata": metadata}
    (session.folder / f"{name}.json").write_text(json.dumps(manifest))
    return session


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("origin", "tasks"), [("restoredFromSessionId", 1), ("fork", 2)], ids=["a restored checkpoint", "a fork"]
)
def test_what_follows_a_restored_checkpoint_of_clines_is_the_same_task(
    origin: str, tasks: int, order: tuple[int, int], tmp_path: Path
) -> None:
    first = cline_session(tmp_path / "a" / ".cline", "1763463600000_first")
    named = first.session if origin != "fork" else {"forkedFromSessionId": first.session}
    cline_session(tmp_path / "b" / ".cline", "1763467200000_later", first.messages, **{origin: named})
    db = ledger_of(tmp_path)
    for place in order:
        take_in_cline(db, tmp_path / "ab"[place] / ".cline")
        rebuild(db)
    report = tasks_report(db)
    assert (len(report.tasks), sum(task.calls for task in report.tasks)) == (tasks, 2)
    if tasks == 1:
        edit_tasks.split(db, report.tasks[0].id, 2)
        assert len(tasks_report(db).tasks) == 2


def test_a_ledger_that_had_a_restored_checkpoint_as_a_task_of_its_own_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / ".cline"
    first = cline_session(store, "1763463600000_first")
    cline_session(store, "1763467200000_later", first.messages, restoredFromSessionId=first.session)
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as db, monkeypatch.context() as older:
        decode = companions._decode_manifest
        older.setattr(
            companions, "_decode_manifest", lambda text: decode(text.replace(b"restoredFrom", b"unknownFrom"))
        )
        take_in_cline(db, store)
        rebuild(db)
        assert [task.calls for task in tasks_report(db).tasks] == [1, 1]
    with before_migration(path, "m019_copies_without_a_key_and_checkpoints"):
        pass
    with closing(open_ledger(path)) as db:
        take_in_cline(db, store)
        rebuild(db)
        assert [task.calls for task in tasks_report(db).tasks] == [2]

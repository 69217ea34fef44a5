"""What the repository on this machine knows of a task: commits made by hand, and reverts."""

import sqlite3
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from tests.unit.tasks.making import NEEDS_GIT, Transcript, git, ledger_of
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

pytestmark = NEEDS_GIT


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that a session works in; the time is that of the session."""
    import time

    monkeypatch.setattr(time, "time", lambda: 1_794_300_000.0)
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q")
    edit(tmp_path, folder, "upload.py")
    return folder


def edit(tmp_path: Path, folder: Path, name: str) -> None:
    """The session edits a file of this name."""
    transcript = Transcript(tmp_path / "c", "s1", project=str(folder))
    edits = [("e1", "Edit", {"file_path": str(folder / name)})]
    transcript.prompt("add retries to the uploader").answer("a1", tools=edits).answer("a2")


def status(db: sqlite3.Connection) -> tuple[str, str | None]:
    (task,) = tasks_report(db, now=0).tasks
    return task.status, task.evidence


def test_a_commit_made_by_hand_completes_the_task_and_its_revert_takes_it_back(
    repository: Path, tmp_path: Path
) -> None:
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert status(db) == ("open", None)
    (repository / "upload.py").write_text("retries\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Retry uploads", minute=10)
    rebuild(db)
    assert status(db) == ("completed", "git")
    git(repository, "revert", "--no-edit", "HEAD", minute=50)
    rebuild(db)
    assert status(db) == ("reverted", "git")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_is_the_same_however_its_name_is_put_together(
    repository: Path, tmp_path: Path, form: Literal["NFC", "NFD"]
) -> None:
    """macOS finds it under either spelling, and git tells it composed."""
    name = "r\u00e9sum\u00e9.py"
    (tmp_path / "c" / "projects").rename(tmp_path / "other")
    edit(tmp_path, repository, unicodedata.normalize(form, name))
    commit(repository, "retries\n", 10, name)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert status(db) == ("completed", "git")


def commit(repository: Path, content: str, minute: float, name: str = "upload.py") -> None:
    (repository / name).write_text(content)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Retry uploads", minute=minute)


def test_one_of_several_commits_that_was_reverted_and_made_anew_reverts_no_task(
    repository: Path, tmp_path: Path
) -> None:
    commit(repository, "one\n", 10)
    commit(repository, "two\n", 11)
    git(repository, "revert", "--no-edit", "HEAD", minute=12)
    commit(repository, "two, right this time\n", 13)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert status(db) == ("completed", "git")


def test_a_revert_that_was_reverted_reverts_nothing(repository: Path, tmp_path: Path) -> None:
    commit(repository, "one\n", 10)
    git(repository, "revert", "--no-edit", "HEAD", minute=12)
    git(repository, "revert", "--no-edit", "HEAD", minute=14)
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert status(db) == ("completed", "git")


def test_a_commit_of_other_files_says_nothing(repository: Path, tmp_path: Path) -> None:
    db = ledger_of(tmp_path, tmp_path / "c")
    (repository / "other.py").write_text("x\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Other work", minute=10)
    rebuild(db)
    assert status(db) == ("open", None)


@pytest.mark.parametrize(("sha", "known"), [("1a2b3c4", ("reverted", "git")), ("5d6e7f8", ("completed", "git"))])
def test_a_task_that_took_back_its_own_commit_needs_no_repository(
    sha: str, known: tuple[str, str], tmp_path: Path
) -> None:
    commit = [("t1", "Edit", {"file_path": "/code/api/a.py"}), ("t2", "Bash", {"command": "git commit -am x"})]
    revert = [("t3", "Bash", {"command": f"git revert --no-edit {sha}"})]
    transcript = Transcript(tmp_path / "c", "s1").prompt("add retries to the uploader")
    transcript.answer("a1", tools=commit, result="[main 1a2b3c4] x").answer("a2", tools=revert).answer("a3")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert status(db) == known

"""What repositories are asked: nothing leaves the machine for it, and an odd one says nothing."""

import json
import os
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.tasks.making import NEEDS_GIT, git
from tracker.git_log import one_spelling, read_new_commits, repository_of, store_commits

LONG_AGO_MS = 1_000_000_000_000  # git takes fewer digits for something else than seconds
CODE = "".join(f"line {number}\n" for number in range(100))


def repository(folder: Path) -> Path:
    """A repository in which a file was moved and changed."""
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "old.py").write_text(CODE)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "begin")
    (folder / "old.py").rename(folder / "new.py")
    (folder / "new.py").write_text(CODE.replace("line 7\n", "another line\n"))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "move")
    return folder


@NEEDS_GIT
def test_commits_with_the_files_that_they_touched(tmp_path: Path) -> None:
    folder = repository(tmp_path / "work")
    [news] = read_new_commits(open_ledger(), [(str(folder), LONG_AGO_MS)])
    names = [sorted(Path(name).name for name in json.loads(commit.files)) for commit in news.commits]
    assert names == [["new.py", "old.py"], ["old.py"]]


@NEEDS_GIT
def test_a_repository_is_read_again_after_a_commit_in_any_of_its_worktrees(tmp_path: Path) -> None:
    main, linked, db = repository(tmp_path / "work"), tmp_path / "linked", open_ledger()
    git(main, "worktree", "add", "-q", str(linked))

    def news(folder: Path) -> int | None:
        found = read_new_commits(db, [(str(folder), LONG_AGO_MS)])
        store_commits(db, found)
        return len(found[0].commits) if found else None

    for commits, place in enumerate((linked, main, linked), start=2):
        assert [news(folder) for folder in (main, linked, main, linked)] == [commits, commits, None, None]
        git(place, "commit", "-q", "--allow-empty", "-m", f"number {commits}")


@NEEDS_GIT
def test_a_partial_clone_fetches_nothing(tmp_path: Path) -> None:
    """Comparing a moved file with the old one would need contents that only the server has."""
    origin = repository(tmp_path / "origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{origin}", "clone")
    clone = tmp_path / "clone"
    missing = git(clone, "rev-list", "--objects", "--all", "--missing=print").count("?")
    [news] = read_new_commits(open_ledger(), [(str(clone), LONG_AGO_MS)])
    assert len(news.commits) == 2
    assert git(clone, "rev-list", "--objects", "--all", "--missing=print").count("?") == missing == 2


@NEEDS_GIT
def test_a_repository_says_no_command_that_git_then_runs(tmp_path: Path) -> None:
    """A partial clone that misses something fetches it by whatever transport its own configuration allows."""
    folder, ran = repository(tmp_path / "work"), tmp_path / "ran"
    tree = git(folder, "rev-parse", "HEAD^{tree}").strip()
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for name, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::touch {ran}"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
        ("core.fsmonitor", f"touch {ran}"),
    ):
        git(folder, "config", name, value)
    assert read_new_commits(open_ledger(), [(str(folder), LONG_AGO_MS)]) == []
    assert not ran.exists()


@NEEDS_GIT
def test_a_git_hook_that_runs_us_does_not_say_which_repository_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = repository(tmp_path / "work"), repository(tmp_path / "other")
    git(other, "commit", "-q", "--allow-empty", "-m", "one more")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    [news] = read_new_commits(open_ledger(), [(str(folder), LONG_AGO_MS)])
    assert len(news.commits) == 2


def test_a_worktree_file_that_leads_to_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: own")
    (tmp_path / "own").mkdir()
    os.mkfifo(tmp_path / "own" / "commondir")
    assert read_new_commits(open_ledger(), [(str(tmp_path), LONG_AGO_MS)]) == []


@pytest.mark.parametrize("content", [b"gitdir: \xff\xfe", b"gitdir: a\x00b", b""])
def test_a_worktree_file_that_names_no_folder_says_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(content)
    assert read_new_commits(open_ledger(), [(str(tmp_path), LONG_AGO_MS)]) == []


def test_a_folder_that_may_not_be_looked_into_says_nothing(tmp_path: Path) -> None:
    """A session of another user's, or of a container, names folders that are closed to this one."""
    locked = tmp_path / "locked"
    (locked / "work").mkdir(parents=True)
    locked.chmod(0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        assert repository_of(str(locked / "work")) is None
    finally:
        os.seteuid(was)
        locked.chmod(0o700)


def test_a_folder_whose_name_is_too_long_says_nothing() -> None:
    assert repository_of("/" + "x" * 5000) is None


def test_on_macos_a_folder_for_passing_files_has_two_names() -> None:
    assert [one_spelling(name) for name in ("/private/tmp/a.py", "/tmp/a.py")] == ["/tmp/a.py"] * 2
    assert one_spelling("/private/tmpfiles/a.py") == "/private/tmpfiles/a.py"

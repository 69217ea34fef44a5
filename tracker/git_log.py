"""Reads the git logs of the repositories that sessions worked in, to learn what became of their commits.

A repository is read again when its reflog or packed references change; one that is gone or too slow is skipped.
"""

import os
import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from store import repositories
from store.meta import meta_value, set_meta_value
from store.task_rows import CommitRow, TaskTurnRow
from tracker.model.defaults import DEFAULTS
from tracker.model.tasks.session_tasks import decode_facts
from tracker.model.tasks.status import GitFacts
from tracker.sources.file_access import open_regular

_TIMEOUT_SECONDS = 5
_MAX_COMMITS = 2_000
_REVERT = re.compile(r"This reverts commit ([0-9a-f]{7,40})")
_LINKED = re.compile("^/private(?=/(?:tmp|var)/)")  # macOS: /tmp and /var lead there
_LONGEST_POINTER = 8192
# A partial clone would fetch missing objects, with a command that its own configuration may name: allow no transport.
# Only the environment guarantees this; a repository's configuration overrides `-c protocol.allow=never`.
_ENVIRONMENT = {"GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_ELSEWHERE = ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")  # set when we run inside a git hook
_RECORD, _FIELD = "\x1e", "\x1f"


def repository_of(folder: str) -> Path | None:
    """The root of the repository or linked worktree that a session's folder lies in; None if there is none."""
    start = Path(folder)
    try:
        if not start.is_absolute() or not start.is_dir():
            return None
        return next((parent for parent in (start, *start.parents) if (parent / ".git").exists()), None)
    except OSError:  # no permission, or not a valid folder name
        return None


class NewCommits(NamedTuple):
    """The commits of a repository that changed; `stamp` identifies the state they were read from."""

    folder: str
    stamp: str
    commits: list[CommitRow]


def read_new_commits(db: sqlite3.Connection, folders: Iterable[tuple[str, int]]) -> list[NewCommits]:
    """Commits of the folders whose repository changed; `folders` are (path, epoch ms at which its first session began).

    Runs git and writes nothing, so no lock is held meanwhile.
    """
    found: list[NewCommits] = []
    for folder, first_at in folders:
        repository = repository_of(folder)
        if repository is None:
            continue
        stamp = _stamp(repository)
        if meta_value(db, f"git:{folder}") != stamp:
            commits = _read(repository, folder, first_at)
            if commits is not None:
                found.append(NewCommits(folder, stamp, commits))
    return found


def store_commits(db: sqlite3.Connection, found: Iterable[NewCommits]) -> set[str]:
    """Store commits; returns the folders that had new ones. Call inside a transaction."""
    changed: set[str] = set()
    for new in found:
        if repositories.put_commits(db, new.commits):
            changed.add(new.folder)
        set_meta_value(db, f"git:{new.folder}", new.stamp)
    return changed


def _stamp(repository: Path) -> str:
    """Changes whenever a commit is made, fetched or dropped in any worktree; each worktree has its own log."""
    git = repository / ".git"
    if git.is_file():
        own = repository / _text_of(git).removeprefix("gitdir:").strip()
        git = own / _text_of(own / "commondir").strip()
    folders = (git, *sorted(git.glob("worktrees/*")))
    times = []
    for name in (folder / name for folder in folders for name in ("logs/HEAD", "packed-refs", "FETCH_HEAD", "HEAD")):
        try:
            times.append(str(name.stat().st_mtime_ns))
        except (OSError, ValueError):  # ValueError: a name that no file can have
            times.append("")
    return " ".join(times)


def _text_of(path: Path) -> str:
    try:
        with open_regular(str(path))[0] as handle:
            return handle.read(_LONGEST_POINTER).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _read(repository: Path, folder: str, first_at: int) -> list[CommitRow] | None:
    import subprocess  # late import: every report runs this module, few have a repository to read

    command = [
        "git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
        "-C", str(repository), "log",
        "--all", "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-renames", "--name-only",
        f"--max-count={_MAX_COMMITS}", f"--since=@{first_at // 1000}",
        f"--format={_RECORD}%H{_FIELD}%ct{_FIELD}%B{_FIELD}",
    ]  # fmt: skip
    try:
        answer = subprocess.run(  # noqa: S603 — a fixed command; the folder is an argument, not a shell word
            command,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
            env={name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _ENVIRONMENT,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    rows = []
    for record in answer.stdout.decode("utf-8", "replace").split(_RECORD)[1:]:
        parts = record.split(_FIELD)
        if len(parts) != 4 or not parts[1].isdigit():
            continue
        sha, seconds, message, files = parts
        revert = _REVERT.search(message)
        names = [str(repository / name) for name in files.splitlines() if name]
        rows.append(
            CommitRow(
                folder,
                sha,
                int(seconds) * 1000,
                revert.group(1) if revert else None,
                msgspec.json.encode(names).decode(),
            )
        )
    return rows


def git_facts(db: sqlite3.Connection, turns: Sequence[TaskTurnRow]) -> GitFacts:
    """Facts from the recorded commits about the task of these turns."""
    folder = repositories.folder_of(db, turns[0].session_id)
    if folder is None:
        return GitFacts()
    until = max(turn.ended_at for turn in turns) + DEFAULTS.completion_window_ms
    known = repositories.commits_of(db, folder, turns[0].at, until)
    facts = [decode_facts(turn.facts) for turn in turns]
    edited = {one_spelling(name) for fact in facts for name in fact.edited}
    made = {sha for fact in facts for sha in fact.commits}
    touching = [
        commit
        for commit in known
        if not edited.isdisjoint(map(one_spelling, msgspec.json.decode(commit.files, type=list[str])))
    ]
    # The agent's own commits decide; without any, anybody's commits with the task's files.
    own = [commit for commit in known if any(_same_commit(commit.sha, sha) for sha in made)] or touching
    shas = [commit.sha for commit in own if commit.reverts is None] or list(made)
    reverted = repositories.reverted_shas(db, folder)
    # The task may have reverted all its own commits.
    taken_back = [sha for fact in facts for sha in fact.reverts]
    return GitFacts(bool(touching), _are_all(shas, reverted) or _are_all(made, taken_back))


def one_spelling(name: str) -> str:
    """Canonical spelling of a file name: macOS accepts composed and decomposed letters, and two prefixes of /tmp."""
    return _LINKED.sub("", name if name.isascii() else unicodedata.normalize("NFC", name))


def _are_all(shas: Collection[str], reverted: Collection[str]) -> bool:
    return bool(shas) and all(any(_same_commit(sha, other) for other in reverted) for sha in shas)


def _same_commit(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)

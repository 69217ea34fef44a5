"""Another project's folder begins another task; a folder inside or above the first one does not (MODEL 2.1)."""

from pathlib import Path

import pytest

from store.projects import is_within
from tests.unit.tasks.making import Transcript, ledger_of
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

HOME, WORD = "/code/api", "and the rows of the report"


def starts(folder: Path, *places: str | tuple[str, str]) -> list[bool]:
    """Whether each prompt after the first starts a task; a place is a folder, or a folder and the words typed there."""
    one = Transcript(folder / "c", "s1", project=HOME)
    one.prompt("sum up the rows of the report").answer("a0")
    for number, place in enumerate(places, 1):
        cwd, words = (place, WORD) if isinstance(place, str) else place
        one.prompt(words, cwd=cwd).answer(f"a{number}", cwd=cwd)
    db = ledger_of(folder, folder / "c")
    rebuild(db)
    firsts = {turns[0].prompt_uuid for turns in tasks_report(db).turns.values()}
    prompts = db.execute("SELECT prompt_uuid FROM turn ORDER BY position").fetchall()
    return [prompt in firsts for (prompt,) in prompts[1:]]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (("/code/web",), [True]),
        ((HOME, "/code/api/src", "/code/api/docs", "/code", HOME), [False] * 5),
        (("/code", "/code/web", "/code/web", HOME), [False, True, False, True]),
        (("/code/api/.claude/worktrees/fix", HOME), [False, False]),
        (("/code/api-2",), [True]),
        ((("/code/web", "yes"),), [False]),
    ],
)
def test_a_prompt_in_another_project_starts_a_task(
    tmp_path: Path, places: tuple[str | tuple[str, str], ...], expected: list[bool]
) -> None:
    assert starts(tmp_path, *places) == expected


@pytest.mark.parametrize(
    ("folder", "other", "expected"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a/", True),
        ("/ab", "/a", False),
        (r"C:\a\b", r"C:\a", True),
        ("/a", "/a/b", False),
        ("/a", "/", True),
    ],
)
def test_is_within(folder: str, other: str, expected: bool) -> None:
    assert is_within(folder, other) is expected

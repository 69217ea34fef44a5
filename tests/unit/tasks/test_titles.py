"""What a task and its session are called when the first prompt says nothing of the work."""

import json
from pathlib import Path

import pytest

from store.reads.filter import EVERYTHING
from store.reads.live_session import live_session
from store.reads.sessions import find_session, session_rows
from store.titles import only_resumes
from tests.unit.tasks.making import NOW_MS, Transcript, ledger_of
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

OPENER = "good morning buddy, it's 24 July 26 at 0546 local time. Please pick up where we left off."
WORK = "add retries to the uploader"


@pytest.mark.parametrize(
    "text",
    [
        OPENER,
        "pick up where we left off",
        "Pick up from previous session",
        "Let's continue where you left off!",
        "please continue with the last conversation",
        "ok, can you carry on where we stopped",
    ],
)
def test_a_bare_request_to_resume_is_recognised(text: str) -> None:
    assert only_resumes(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "continue",
        "learn about this current project and where we last left off",
        "fix the uploader and continue where we left off",
        "fix the uploader. Then continue where we left off",
        "pick up the parcel service's webhook",
        "continue the previous work on retries",
        "pick up where we left off: the retries",
    ],
)
def test_a_text_that_names_the_work_is_not_a_bare_resume(text: str) -> None:
    assert not only_resumes(text)


@pytest.mark.parametrize(
    ("prompts", "kind", "given", "title"),
    [
        ([OPENER, WORK], "ai-title", "Pick up from previous session", WORK),
        ([OPENER, WORK], "ai-title", "Uploader retries", "Uploader retries"),
        ([OPENER, WORK], "", "", WORK),
        (["A page for the login", WORK], "", "", "A page for the login"),
        (["I need a page for the login", WORK], "", "", "I need a page for the login"),
        ([OPENER], "ai-title", "Pick up from previous session", "Pick up from previous session"),
        ([OPENER], "", "", OPENER),
        ([WORK], "custom-title", "Pick up from last session", "Pick up from last session"),
    ],
)
def test_task_and_session_are_called_by_what_says_more_but_the_users_own_title_stays(
    prompts: list[str], kind: str, given: str, title: str, tmp_path: Path
) -> None:
    session = Transcript(tmp_path / "c", "s")
    for number, prompt in enumerate(prompts):
        session.prompt(prompt).answer(f"a{number}")
    if kind:
        field = "aiTitle" if kind == "ai-title" else "customTitle"
        with session.path.open("a") as file:
            file.write(json.dumps({"type": kind, field: given, "sessionId": "s"}) + "\n")
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert [task.title for task in tasks_report(db).tasks] == [title]
    assert [session.title for session in session_rows(db, EVERYTHING)] == [title]
    assert [live_session(db, session.id).title for session in find_session(db, None, NOW_MS)] == [title]


@pytest.mark.parametrize(
    ("renamed", "title"), [(None, WORK), ("uploads", "uploads")], ids=["kept by the client", "renamed by the user"]
)
def test_what_the_work_before_a_clear_was_called_is_no_title_of_the_next(
    renamed: str | None, title: str, tmp_path: Path
) -> None:
    """The client writes it at the top of the new session's file, before the command, and again later."""
    kept, new = ({"type": "custom-title", "customTitle": text, "sessionId": "s"} for text in ("login", renamed))
    session = Transcript(tmp_path / "c", "s")
    session.path.write_text(json.dumps(kept) + "\n")
    session.prompt("<command-name>/clear</command-name>").prompt(WORK).answer("a")
    with session.path.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in (kept, new) if row["customTitle"]))
    db = ledger_of(tmp_path, tmp_path / "c")
    rebuild(db)
    assert [task.title for task in tasks_report(db).tasks] == [title]
    assert [row.title for row in session_rows(db, EVERYTHING)] == [title]

"""402, 403, 429 and key limits told apart, on the task in which they happened."""

import json
import sqlite3
from typing import Any

import pytest

from store.reads.tasks import RefusalMark
from store.records import EventKind
from tests.unit.reported.conftest import TakeIn
from tests.unit.sources.cline.writing import CAPTURES, Rows, TaskFolder
from tracker.reports.refusals import RefusalKind, grouped, task_refusals

SAID = {
    "402": "OpenRouter API Error 402: Insufficient credits. Add more at the provider",
    "403": "OpenRouter API Error 403: Your chosen model requires moderation",
    "key_limit": "OpenRouter API Error 403: Key limit exceeded (total limit)",
    "429": "OpenRouter API Error 429: Rate limit exceeded: free-models-per-day",
}


def refused(session: Any, text: str) -> None:
    shown = {"displayOnly": True, "displayRole": "error"}
    session.answer(None, text, id=f"error_{session.at}", metadata=shown)


def test_each_reason_stands_alone_and_those_that_the_user_can_mend_come_first(
    session: Any, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    session.user("Go")
    for name in ("429", "403", "402", "key_limit", "429"):
        refused(session, SAID[name])
    session.answer({"inputTokens": 10, "outputTokens": 1})
    session.write()
    found = task_refusals(db, take_in(session.root))
    assert [(one.kind, one.words) for one in found] == [
        (RefusalKind.CREDIT, "402 no credit left"),
        (RefusalKind.KEY_LIMIT, "the key's own limit is reached"),
        (RefusalKind.REFUSED, "403 refused"),
        (RefusalKind.RATE, "429 too many requests, 2 times"),
    ]
    assert all(one.advice for one in found)
    assert (found[3].first_at, found[3].last_at) == (session.at - 5000, session.at - 1000)


def test_a_refusal_is_on_the_task_in_which_it_happened(session: Any, db: sqlite3.Connection, take_in: TakeIn) -> None:
    session.user("Go")
    session.answer({"inputTokens": 10, "outputTokens": 1})
    refused(session, SAID["402"])
    session.write()
    task_id = take_in(session.root)
    assert [one.words for one in task_refusals(db, task_id)] == ["402 no credit left"]
    assert task_refusals(db, "tanother") == []


def test_of_a_session_with_two_tasks_each_has_its_own(session: Any, db: sqlite3.Connection, take_in: TakeIn) -> None:
    session.user("Go", id="first")
    session.answer({"inputTokens": 10, "outputTokens": 1})
    refused(session, SAID["429"])
    session.user("Now this", id="second")
    refused(session, SAID["402"])
    session.answer({"inputTokens": 10, "outputTokens": 1})
    session.write()
    task_id = take_in(session.root)
    # What an edit of the user does: the second turn is on a task of its own.
    db.execute("UPDATE task_turn SET task_id = 'tsecond', root = 'second' WHERE prompt_uuid = 'second'")
    db.execute(
        "INSERT INTO task_part SELECT session_id, 'second', 'tsecond', 0, branch, keys, first_at, last_at, NULL, NULL,"
        " NULL FROM task_part"
    )
    assert [one.kind for one in task_refusals(db, task_id)] == [RefusalKind.RATE]
    assert [one.kind for one in task_refusals(db, "tsecond")] == [RefusalKind.CREDIT]


def test_a_stream_that_broke_is_named_by_its_code(db: sqlite3.Connection, take_in: TakeIn) -> None:
    [one] = task_refusals(db, take_in(CAPTURES / "v2-error-retry" / ".cline"))
    assert (one.kind, one.words, one.advice) == (RefusalKind.OTHER, "request failed (UND_ERR_SOCKET)", "")


def test_classic_retries_count_each(task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn) -> None:
    rows = Rows()
    asked = [rows.say("task", "Go"), rows.request(0, 0, cost=None)]
    failed = [rows.say("error_retry", json.dumps({"errorMessage": SAID["429"]})) for _ in range(2)]
    task.write([*asked, *failed, rows.request(1000, 100)])
    [one] = task_refusals(db, take_in(task.root))
    assert (one.kind, one.status, one.times) == (RefusalKind.RATE, "429", 2)


@pytest.mark.parametrize(
    ("kind", "detail", "expected", "words"),
    [
        (EventKind.LIMIT, "", RefusalKind.PLAN, "a limit of the plan is reached"),
        (EventKind.API_ERROR, "529", RefusalKind.OVERLOADED, "529 the provider was overloaded"),
        (EventKind.API_ERROR, "credits", RefusalKind.CREDIT, "no credit left"),
        (EventKind.API_ERROR, "401", RefusalKind.KEY, "401 the key was not accepted"),
        (EventKind.API_ERROR, "500", RefusalKind.OTHER, "500 request failed"),
        (EventKind.API_ERROR, "other", RefusalKind.OTHER, "request failed"),
        (EventKind.API_ERROR, "", RefusalKind.OTHER, "request failed"),
    ],
)
def test_what_the_sources_write(kind: str, detail: str, expected: str, words: str) -> None:
    [one] = grouped([RefusalMark(kind, detail, 1_795_000_000_000)])
    assert (one.kind, one.words) == (expected, words)
    assert one.as_json()["first_at"] == "2026-11-18T11:06:40.000Z"

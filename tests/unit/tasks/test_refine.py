"""Suggestions of a small model, against a loopback server: good ones stand below the user's edits."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.tasks.making import Transcript, ledger_of, rebuild_everything
from tests.unit.tasks.refined import MODEL, REFINED, Api, four_prompts, serving, shape
from tracker.edit_tasks import commands as edit_tasks
from tracker.errors import UserError
from tracker.model.tasks.edits import Anchor
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild
from tracker.refine.asking import AskError, through_api
from tracker.refine.suggestions import Digest, cheapest_model, digests, quote, read_answer, refine
from tracker.reports.tasks import tasks_report


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr("tracker.provider.api._wait_seconds", lambda *_: 0.0)
    with serving(monkeypatch) as server:
        yield server


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return four_prompts(tmp_path)


def ask(db, **given):
    chosen = digests(db, [1], **given)
    return list(refine(db, chosen, MODEL, PriceBook(), through_api(MODEL)))


def test_a_good_answer_becomes_suggestions(db, api: Api) -> None:
    (outcome,) = ask(db)
    rebuild(db)
    assert (outcome.tasks, outcome.problem) == (2, None)
    assert outcome.cost_nano == 1000 * 100 + 100 * 500  # 0.10 and 0.50 $ per million tokens
    assert shape(db) == REFINED
    assert {row[0] for row in db.execute("SELECT decided_by FROM task_turn")} == {"rule", "refined"}
    rebuild_everything(db)
    assert shape(db) == REFINED


def test_what_is_sent_is_the_digest_and_nothing_else(db, api: Api) -> None:
    (digest,) = digests(db, [1])
    ask(db)
    (request,) = api.requests
    assert api.keys == ["sk-test"]
    assert request["messages"] == [{"role": "user", "content": digest.text}]
    assert "add retries" in digest.text


def test_the_users_edits_stand_above_suggestions_whichever_came_first(db, api: Api) -> None:
    only = tasks_report(db).tasks[0].id
    edit_tasks.rename(db, only, "Mine")
    ask(db)
    rebuild(db)
    assert shape(db)[0][0] == "Mine"
    billing = tasks_report(db).tasks[0].id
    edit_tasks.join(db, billing)
    assert [title for title, *_ in shape(db)] == ["Mine"]
    # Undo takes back the user's word alone.
    edit_tasks.undo(db)
    edit_tasks.undo(db)
    assert edit_tasks.undo(db) is None
    assert shape(db) == REFINED


def test_a_session_is_asked_about_once_until_it_goes_on(db, api: Api, tmp_path: Path) -> None:
    ask(db)
    assert digests(db, [1]) == []
    assert len(digests(db, [1], again=True)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "I cannot do that.",
        "{",
        '{"tasks": "none"}',
        '{"tasks": []}',
        '{"tasks": [{"first": 2}]}',
        '{"tasks": [{"first": 1}, {"first": 9}]}',
        '{"tasks": [{"first": 1}, {"first": 3}, {"first": 2}]}',
        '{"tasks": [{"first": 1}, {"first": 1}]}',
        '{"tasks": [{"first": "u1"}]}',
    ],
)
def test_a_bad_answer_changes_nothing_and_says_why(db, api: Api, text: str) -> None:
    before = shape(db)
    api.text = text
    (outcome,) = ask(db)
    rebuild(db)
    assert outcome.problem
    assert outcome.cost_nano > 0
    assert shape(db) == before
    assert db.execute("SELECT COUNT(*) FROM task_suggestion").fetchone() == (0,)


def test_json_inside_words_is_found() -> None:
    assert [task.first for task in read_answer('Here: {"tasks": [{"first": 1}]} as asked.', 2)] == [1]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not recognise the key"), (429, r"asks to wait 0 s \(429\)"), (500, "500"), (529, "529"), (404, "404")],
)
def test_an_error_of_the_api_is_one_sentence(db, api: Api, status: int, words: str) -> None:
    api.status = status
    with pytest.raises(AskError, match=words):
        ask(db)


def test_a_cut_connection_is_one_sentence(db, api: Api) -> None:
    api.cut = True
    with pytest.raises(AskError, match=r"connection to the provider broke.*; answers so far are kept"):
        ask(db)


def test_a_transient_api_error_is_retried(db, api: Api) -> None:
    api.faults = [529, 429]
    (outcome,) = ask(db)
    assert (outcome.tasks, len(api.requests)) == (2, 3)


def test_a_malformed_key_is_not_sent(db, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant with\ttabs and ünicode")
    with pytest.raises(UserError, match="ANTHROPIC_API_KEY does not hold a valid key"):
        ask(db)
    assert api.requests == []


def test_without_a_key_nothing_is_sent(db, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(AskError, match="ANTHROPIC_API_KEY"):
        ask(db)
    assert api.requests == []


def test_the_cheapest_current_model_and_its_price(db) -> None:
    assert cheapest_model("2026-11-21") == MODEL
    assert cheapest_model("2026-01-01") == "claude-3-haiku-20240307"
    price = quote(digests(db, [1]), MODEL, PriceBook())
    assert (price.sessions, price.prompts) == (1, 4)
    assert 0 < price.cost_nano < 1_000_000  # a tenth of a cent


def test_a_long_prompts_price_is_for_tokens_not_characters() -> None:
    """Beyond 100,000 tokens the model costs five times as much; so many characters are a third of that."""
    anchors = [Anchor("claude-code", "s1", f"p{number}") for number in range(2)]
    one = Digest(1, "claude-code", "s1", anchors, "x" * 150_000)
    price = quote([one], MODEL, PriceBook())
    assert price.input_tokens < 100_000
    assert price.cost_nano == price.input_tokens * 100 + price.output_tokens * 500


def test_a_session_with_one_prompt_is_not_asked_about(tmp_path: Path) -> None:
    Transcript(tmp_path / "c", "s1").prompt("add retries").answer("a1")
    made = ledger_of(tmp_path, tmp_path / "c")
    rebuild(made)
    assert digests(made, [1]) == []

"""The agent's own figures beside what is shown (PRICES section 1.5; CLINE sections 2 and 3)."""

import json
import sqlite3
from typing import Any

import pytest

from store.ledger import home
from tests.unit.reported.conftest import TakeIn
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import CAPTURES, Rows, SessionFolder, TaskFolder, metrics
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild
from tracker.reports.reported import Label, ReportedCost, task_reported
from tracker.reprice import reprice_ledger

OPENROUTER = {"providerId": "openrouter", "modelId": "anthropic/claude-sonnet-4.5", "mode": "act"}
LISTED = """
[[price]]
model = "my-priced-model"
input = 3
output = 15
cache_write_5m = 3
cache_write_1h = 3
cache_read = 0.3
"""


def only(found: list[ReportedCost]) -> ReportedCost:
    [one] = found
    return one


@pytest.mark.parametrize(
    "name",
    [
        "v2-condense",
        "v2-error-retry",
        "v2-hooks",
        "v2-subagent",
        "v2-tools-followup",
        "v3-error-retry",
        "v3-hooks",
        "v3-simple",
        "v3-tools-followup",
        "v3-tui-compact",
    ],
)
def test_where_cline_reckons_as_we_do_there_is_nothing_to_say(
    name: str, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    found = only(task_reported(db, take_in(CAPTURES / name / ".cline")))
    assert (found.label, found.as_json()["differs"], found.sentences) == (Label.PRICED, False, [])
    assert found.sums.compared_cost == found.sums.compared_reported == found.sums.cost


def test_cached_tokens_that_cline_charges_twice_are_said(db: sqlite3.Connection, take_in: TakeIn) -> None:
    home().mkdir(parents=True, exist_ok=True)
    (home() / "prices.toml").write_text(LISTED)
    found = only(task_reported(db, take_in(CAPTURES / "v2-openai-priced" / ".cline")))
    assert (found.sums.compared_cost, found.sums.compared_reported) == (34_818_000, 61_698_000)
    assert found.label == Label.PRICED
    assert found.sentences == ["Cline says $0.0617, the list price is $0.0348 (77 % more)"]


def test_a_model_without_a_list_price_has_clines_word_only(db: sqlite3.Connection, take_in: TakeIn) -> None:
    found = only(task_reported(db, take_in(CAPTURES / "v2-openai-priced" / ".cline")))
    assert found.sentences == ["2 calls have no list price; Cline says $0.0617"]
    assert found.as_json()["differs"]


def test_a_total_without_its_subagents_is_said(db: sqlite3.Connection, take_in: TakeIn) -> None:
    task_id = take_in(CAPTURES / "v3-subagent" / ".cline")
    found = only(task_reported(db, task_id))
    assert not found.calls_differ
    assert found.sentences == [
        "Cline's own total is $0.0543, the sum of its calls $0.0756 (28 % less): it leaves out subagents"
    ]


def test_a_total_with_what_a_fork_copied_is_said(session: SessionFolder, db: sqlite3.Connection) -> None:
    session.user("Describe the parser")
    session.answer(metrics(1_000, 100, cost=0.0045))
    session.write()
    fork = SessionFolder(session.root, "1795000900000_forkd")
    fork.messages = list(session.messages)
    fork.user("Go on with the parser")
    fork.answer(metrics(2_000, 200, cost=0.009))
    fork.write()
    metadata = {"totalCost": 0.0135, "fork": {"forkedFromSessionId": session.session}}
    manifest = {"session_id": fork.session, "ended_at": "2026-12-01T00:00:00Z", "metadata": metadata}
    (fork.folder / f"{fork.session}.json").write_text(json.dumps(manifest))
    take_in_cline(db, session.root)
    rebuild(db)
    [(task_id,)] = db.execute(
        "SELECT DISTINCT task_id FROM task_part WHERE session_id = (SELECT id FROM session WHERE native_id = ?)",
        (fork.session,),
    )
    [sentence] = only(task_reported(db, task_id)).sentences
    assert sentence.startswith("Cline's own total is $0.0135, the sum of its calls $0.0090 (50 % more)")
    assert sentence.endswith(": it holds what was copied from another session")


def test_what_the_provider_billed_is_what_is_shown(task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn) -> None:
    rows = Rows()
    rows.model = OPENROUTER
    task.write([rows.say("task", "Go"), rows.request(1000, 100, cost=0.5), rows.request(1000, 100, cost=0.25)])
    found = only(task_reported(db, take_in(task.root)))
    assert (found.label, found.sums.cost, found.listed_cost) == (Label.REPORTED, 750_000_000, 9_000_000)
    assert found.sentences == ["The provider billed $0.7500, the list price is $0.0090 (99 % less)"]
    assert found.as_json()["billed"] == {
        "calls": 2, "shown_usd": "0.750000000", "listed_calls": 2, "list_price_usd": "0.009000000"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "cost"), [("anthropic/claude-sonnet-4.5", 0.0045), ("a-model/of-nobody", 0.1), ("a-model/of-nobody", 0.0)]
)
def test_a_bill_like_the_list_price_or_without_one_says_nothing(
    model: str, cost: float, task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    rows = Rows()
    rows.model = {**OPENROUTER, "modelId": model}
    task.write([rows.say("task", "Go"), rows.request(1000, 100, cost=cost)])
    found = only(task_reported(db, take_in(task.root)))
    assert (found.label, found.sums.cost, found.sentences) == (Label.REPORTED, round(cost * 10**9), [])


def test_a_corrected_price_table_leaves_what_was_billed_alone(
    task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    rows = Rows()
    rows.model = OPENROUTER
    task.write([rows.say("task", "Go"), rows.request(1000, 100, cost=0.5)])
    take_in(task.root)
    assert reprice_ledger(db, PriceBook(None), dry_run=False) == []
    assert db.execute("SELECT cost FROM call").fetchall() == [(500_000_000,)]


def test_a_task_on_two_providers_is_both(task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn) -> None:
    rows = Rows()
    written = [rows.say("task", "Go"), rows.request(1000, 100, cost=0.0045)]
    rows.model = OPENROUTER
    task.write([*written, rows.request(1000, 100, cost=0.25)])
    found = only(task_reported(db, take_in(task.root)))
    assert (found.label, found.sums.cost) == (Label.MIXED, 254_500_000)
    assert found.sentences == ["The provider billed $0.2500 for 1 of 2 calls, the list price is $0.0045 (98 % less)"]


@pytest.mark.parametrize(("cost", "differs"), [(0.0045, False), (0.004545, False), (0.0045451, True), (0.00445, True)])
def test_one_per_cent_is_the_limit(
    cost: float, differs: bool, task: TaskFolder, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    rows = Rows()
    task.write([rows.say("task", "Go"), rows.request(1000, 100, cost=cost)])
    assert only(task_reported(db, take_in(task.root))).calls_differ == differs


def write_manifest(session: Any, cost: float, ended_at: str) -> None:
    manifest = {"session_id": session.session, "status": "completed", "ended_at": ended_at}
    path = session.folder / f"{session.session}.json"
    path.write_text(json.dumps({**manifest, "metadata": {"totalCost": cost}}))


@pytest.mark.parametrize(("ended_at", "differs"), [("2026-11-18T10:00:00Z", False), ("2026-11-19T10:00:00Z", True)])
def test_a_total_from_before_the_latest_call_is_not_compared(
    ended_at: str, differs: bool, session: Any, db: sqlite3.Connection, take_in: TakeIn
) -> None:
    session.user("Go")
    session.answer({"inputTokens": 1000, "outputTokens": 100, "cost": 0.0045})
    session.write()
    write_manifest(session, 0.001, ended_at)
    said = only(task_reported(db, take_in(session.root))).sentences
    assert [one.startswith("Cline's own total is $0.0010") for one in said] == [True] * differs


def test_an_agent_that_reports_nothing_is_left_out(session: Any, db: sqlite3.Connection, take_in: TakeIn) -> None:
    session.user("Go")
    session.answer({"inputTokens": 1000, "outputTokens": 100})
    session.write()
    assert task_reported(db, take_in(session.root)) == []


def test_the_json_form_has_every_figure(db: sqlite3.Connection, take_in: TakeIn) -> None:
    found = only(task_reported(db, take_in(CAPTURES / "v3-subagent" / ".cline"))).as_json()
    assert found["compared"] == {"calls": 6, "shown_usd": "0.075645750", "reported_usd": "0.075645750"}
    assert (found["agent"], found["label"], found["own_total_usd"]) == ("cline", "priced", "0.054287850")
    assert found["differs"] is True
    json.dumps(found)


def test_no_task_has_no_figures(db: sqlite3.Connection) -> None:
    assert task_reported(db, "tnowhere") == []

"""`tasks --refine` to the end: what is asked of whom, what comes back, and what was paid."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Taximeter
from tests.unit.tasks.making import Transcript
from tests.unit.tasks.refined import Api, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(monkeypatch) as made:
        yield made


@pytest.fixture
def sessions(taximeter: Taximeter, tmp_path: Path) -> None:
    """Two sessions of two prompts."""
    for name in ("s1-older", "s2-newer"):
        one = Transcript(tmp_path / "c", name)
        one.minute = 100 * int(name[1])
        one.prompt("add retries").answer(f"{name}a").prompt("rows for invoices").answer(f"{name}b")
    taximeter.claude_dirs = [tmp_path / "c"]


@pytest.mark.usefixtures("sessions")
def test_each_session_is_answered_kept_and_paid_and_asked_again_only_by_name(taximeter: Taximeter, server: Api) -> None:
    server.text = json.dumps({"tasks": [{"first": 1, "title": "Retries"}, {"first": 2, "title": "Invoices"}]})
    ran = taximeter("tasks", "--refine", "--yes", "--json")
    assert {task["title"] for task in ran.json()["tasks"]} == {"Retries", "Invoices"}
    assert "4 prompts of 2 sessions" in ran.err
    assert ran.err.splitlines()[-3:] == ["s2-newer: 2 tasks", "s1-older: 2 tasks", "paid $0.0003"]
    assert "nothing to refine" in taximeter("tasks", "--refine", "--yes").err
    assert len(server.requests) == 2
    assert "2 prompts of 1 session," in taximeter("tasks", "--refine", "--session", "s1", "--yes").err
    assert len(server.requests) == 3
    ran = taximeter("tasks", "--refine", "--session", "s9", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "no session begins with 's9'" in ran.err


@pytest.mark.usefixtures("sessions")
def test_where_asking_goes_wrong_what_was_paid_until_then_is_said(taximeter: Taximeter, server: Api) -> None:
    server.text = "I cannot do that."
    ran = taximeter("tasks", "--refine", "--yes")
    assert ran.code == 0
    assert "s2-newer: the answer holds no JSON" in ran.err
    assert "paid $0.0003" in ran.err
    server.status = 401
    ran = taximeter("tasks", "--refine", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "paid $0.00\n" in ran.err
    assert "does not recognise the key" in ran.err.splitlines()[-1]

"""What a subagent is called: by its own lines, in older clients by the call that started it."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.ledger import ledger_path, open_ledger
from store.reads.board import recent_calls
from tests.cli.running import Taximeter, too_wide
from tests.unit.ledger.plain import COST, FILE, SESSION, answer, encoded, prompt
from tests.unit.ledger.reading import write_tree
from tui.widgets.calls import call_columns

NAMED = {"a1": "kit:reviewer", "a2": "Explore", "a3": None, "a4": None}


def started(number: int, agent: str, **given: str) -> list[dict[str, Any]]:
    """A call that starts an agent, and its result."""
    use = {"type": "tool_use", "id": f"toolu_{number}", "name": "Agent", "input": {"description": "look"} | given}
    result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done"}
    ran = prompt("", second=number, message={"role": "user", "content": [result]}, toolUseResult={"agentId": agent})
    return [answer(number, message={"content": [use]}), ran]


def subagent(agent: str, number: int, **changes: Any) -> dict[str, bytes]:
    """A subagent's file with one call."""
    lines = encoded(answer(number, isSidechain=True, agentId=agent, **changes))
    return {f"-home-dev-app/{SESSION}/subagents/agent-{agent}.jsonl": lines}


@pytest.fixture
def agents(taximeter: Taximeter, tmp_path: Path) -> Taximeter:
    """A session with the four subagents of NAMED."""
    files = {
        FILE: encoded(
            prompt(),
            *started(1, "a1", subagent_type="kit:reviewer"),
            *started(2, "a2", subagent_type="general-purpose"),
            *started(3, "a3"),
        ),
        **subagent("a1", 11),
        **subagent("a2", 12, attributionAgent="Explore"),
        **subagent("a3", 13),
        **subagent("a4", 14),
    }
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
    return taximeter


def test_spend_counts_a_subagent_to_its_type(agents: Taximeter) -> None:
    """A name may have colons."""
    rows = agents("spend", "--json", "--by", "subagent").json()["rows"]
    found = [(row["key"], row["calls"], Decimal(row["cost_usd"])) for row in rows]
    cost = Decimal(COST).scaleb(-9)
    assert found == [("main", 3, 3 * cost), ("(unknown)", 2, 2 * cost), ("Explore", 1, cost), ("kit:reviewer", 1, cost)]


def test_every_list_of_calls_has_the_same_type(agents: Taximeter) -> None:
    calls = [row for row in agents("calls", "--json").json_lines() if row["chain"]]
    assert {row["chain"]: row["agent_type"] for row in calls} == NAMED
    shown = sorted(line.split()[3] for line in agents("calls").out.splitlines() if "opus" in line)
    assert shown == ["Explore", "kit:reviewer", "main", "main", "main", "subagent", "subagent"]
    (task,) = agents("tasks", "--json").json()["tasks"]
    opened = agents("task", task["id"], "--json").json()["task"]["subagents"]
    assert {agent["chain"]: agent["type"] for agent in opened} == {
        chain: name or "subagent" for chain, name in NAMED.items()
    }


def test_the_dashboards_calls_have_it_too(agents: Taximeter) -> None:
    agents("sync")
    with closing(open_ledger(ledger_path())) as db:
        calls = recent_calls(db, 1, 10)
    assert {call.chain: call.agent_type for call in calls if call.chain} == NAMED
    (column,) = [column for column in call_columns(None) if column.title == "chain"]
    assert {column.text(call) for call in calls} == {"main", "↳ Explore", "↳ kit:reviewer", "↳ subagent"}


def test_a_long_type_leaves_room_for_its_turn(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "entire-engineering:research:best-practices-researcher"
    files = {FILE: encoded(prompt(), answer(1)), **subagent("a1", 11, attributionAgent=kind)}
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
    (task,) = taximeter("tasks", "--json").json()["tasks"]
    monkeypatch.setattr("tracker.cli.task.terminal_width", lambda: 80)
    narrow = taximeter("task", task["id"]).out
    assert "…ractices-researcher ↳ turn 1" in narrow
    assert too_wide(narrow) == []
    monkeypatch.setattr("tracker.cli.task.terminal_width", lambda: 120)
    assert f"{kind} ↳ turn 1" in taximeter("task", task["id"]).out

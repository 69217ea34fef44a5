"""What a subagent is called: by its own lines, in older clients by the call that started it."""

import os
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.ledger import ledger_path, open_ledger
from store.reads.board import recent_calls
from store.reads.calls import calls_after
from tests.cli.running import Taximeter, too_wide
from tests.unit.ledger.plain import COST, FILE, SESSION, answer, encoded, progress, prompt
from tests.unit.ledger.reading import write_tree
from tracker.cli.watch import call_line
from tui.widgets.calls import call_columns

AGENTS = f"-home-dev-app/{SESSION}/subagents"
NAMED = {"a1": "kit:reviewer", "a2": "Explore", "a3": None, "a4": None}


def asked(number: int, **given: str) -> dict[str, Any]:
    """A tool use that starts an agent."""
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "Agent", "input": {"description": "look"} | given}


def started(number: int, agent: str, **given: str) -> list[dict[str, Any]]:
    """A call that starts an agent, and its result."""
    use = asked(number, **given)
    result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done"}
    ran = prompt("", second=number, message={"role": "user", "content": [result]}, toolUseResult={"agentId": agent})
    return [answer(number, message={"content": [use]}), ran]


def subagent(agent: str, number: int, **changes: Any) -> dict[str, bytes]:
    """A subagent's file with one call."""
    lines = encoded(answer(number, isSidechain=True, agentId=agent, **changes))
    return {f"{AGENTS}/agent-{agent}.jsonl": lines}


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


LONG = "entire-engineering:research:best-practices-researcher"


@pytest.fixture
def long(taximeter: Taximeter, tmp_path: Path) -> Taximeter:
    """A session with a subagent of a plugin."""
    files = {FILE: encoded(prompt(), answer(1)), **subagent("a1", 11, attributionAgent=LONG)}
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
    return taximeter


@pytest.mark.parametrize("cells", [80, 120])
def test_of_a_long_type_lists_of_calls_keep_its_own_name(
    long: Taximeter, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    for module in ("output", "listing", "watch"):
        monkeypatch.setattr(f"tracker.cli.{module}.terminal_width", lambda: cells)
    listed = long("calls").out
    assert "-researcher  " in listed
    assert cells == 120 or too_wide(listed) == []
    with closing(open_ledger(ledger_path())) as db:
        (row,) = [row for row in calls_after(db, 0) if row["chain"]]
    assert f"  {'best-practic' if cells == 120 else 'best-'}  opus" in call_line(row, "")


def test_a_long_type_leaves_room_for_its_turn(long: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = long("tasks", "--json").json()["tasks"]
    monkeypatch.setattr("tracker.cli.task.terminal_width", lambda: 80)
    narrow = long("task", task["id"]).out
    assert "…ractices-researcher ↳ turn 1" in narrow
    assert too_wide(narrow) == []
    monkeypatch.setattr("tracker.cli.task.terminal_width", lambda: 120)
    assert f"{LONG} ↳ turn 1" in long("task", task["id"]).out


class TestNeverReportedBack:
    """Agents of the first turn whose results are missing, and that ran on in the second; one started the other."""

    @pytest.fixture
    def files(self) -> dict[str, bytes]:
        """The transcripts, without any id of the prompt."""
        asks = {"content": [asked(22, subagent_type="inner-type")]}
        return {
            FILE: encoded(
                prompt(),
                answer(1, message={"content": [asked(1, subagent_type="outer-type")]}),
                prompt("what about the tests?", second=10),
                answer(11),
            ),
            **subagent("outer", 21, message=asks),
            **subagent("inner", 23),
        }

    @pytest.fixture
    def facts(self) -> dict[str, bytes]:
        """What the client writes beside the agents' transcripts."""
        return {
            f"{AGENTS}/agent-outer.meta.json": b'{"agentType":"outer-type","toolUseId":"toolu_1","spawnDepth":1}',
            f"{AGENTS}/agent-inner.meta.json": b'{"agentType":"inner-type","toolUseId":"toolu_22","spawnDepth":2}',
        }

    def turns(self, taximeter: Taximeter) -> dict[str, tuple[str, int]]:
        """Type and turn of each subagent."""
        (task,) = taximeter("tasks", "--json").json()["tasks"]
        opened = taximeter("task", task["id"], "--json").json()["task"]["subagents"]
        return {agent["chain"]: (agent["type"], agent["turn"]) for agent in opened}

    def test_the_file_beside_them_names_their_type_and_their_turn(
        self, files: dict[str, bytes], facts: dict[str, bytes], taximeter: Taximeter, tmp_path: Path
    ) -> None:
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files | facts)]
        assert self.turns(taximeter) == {"outer": ("outer-type", 1), "inner": ("inner-type", 1)}

    def test_it_may_come_late(
        self, files: dict[str, bytes], facts: dict[str, bytes], taximeter: Taximeter, tmp_path: Path
    ) -> None:
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        assert self.turns(taximeter) == {"outer": ("subagent", 2), "inner": ("subagent", 2)}
        write_tree(tmp_path / "claude", facts)
        assert self.turns(taximeter) == {"outer": ("outer-type", 1), "inner": ("inner-type", 1)}

    def test_torn_it_is_read_again(
        self, files: dict[str, bytes], facts: dict[str, bytes], taximeter: Taximeter, tmp_path: Path
    ) -> None:
        torn = {name: content[:20] for name, content in facts.items()}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files | torn)]
        assert self.turns(taximeter) == {"outer": ("subagent", 2), "inner": ("subagent", 2)}
        write_tree(tmp_path / "claude", facts)
        assert self.turns(taximeter) == {"outer": ("outer-type", 1), "inner": ("inner-type", 1)}

    @pytest.mark.parametrize("content", [b"[]", b'{"agentType":5,"toolUseId":["toolu_1"]}'])
    def test_of_another_shape_it_is_read_once(
        self, content: bytes, files: dict[str, bytes], taximeter: Taximeter, tmp_path: Path
    ) -> None:
        """Not with every report; doctor names it."""
        beside = f"{AGENTS}/agent-outer.meta.json"
        root = write_tree(tmp_path / "claude", files | {beside: content})
        os.utime(root / "projects" / beside, (1, 1))
        taximeter.claude_dirs = [root]
        assert self.turns(taximeter) == {"outer": ("subagent", 2), "inner": ("subagent", 2)}
        assert taximeter("sync", "--json").json()["files"] == 0
        doctor = taximeter("doctor", "--json").json()
        assert [Path(file["path"]).name for file in doctor["files_with_bad_lines"]] == ["agent-outer.meta.json"]
        assert doctor["torn_files"] == []

    def test_alone_it_is_no_session(self, facts: dict[str, bytes], taximeter: Taximeter, tmp_path: Path) -> None:
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", facts)]
        assert taximeter("sessions", "--json").json()["sessions"] == []
        assert taximeter("tasks", "--json").json()["tasks"] == []
        assert taximeter("doctor", "--json").json()["sessions"] == 0

    def test_an_older_clients_progress_names_the_call_that_started_it(
        self, files: dict[str, bytes], taximeter: Taximeter, tmp_path: Path
    ) -> None:
        taximeter.claude_dirs = [
            write_tree(tmp_path / "claude", {FILE: files[FILE] + encoded(progress(21, "toolu_1"))})
        ]
        assert self.turns(taximeter) == {"ab1": ("outer-type", 1)}

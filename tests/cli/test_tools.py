"""`tools`: its rows sum to the bill of `spend`, in every form and under every filter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.tasks.making import Transcript

EVER = ("--since", "2020-01-01")
ROW = [
    "kind", "tool", "target", "results", "tokens", "mean_tokens", "mean_calls_carried",
    "fresh_usd", "carried_usd", "cost_usd", "share",
]  # fmt: skip


def cost_of(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["cost_usd"]) for row in rows), Decimal(0))


@pytest.mark.parametrize("by", ["tool", "server"])
@pytest.mark.parametrize("chosen", [(), ("--agent", "claude-code"), ("--model", "opus"), ("--project", "p")])
def test_rows_sum_to_the_bill(by: str, chosen: tuple[str, ...], captured: Taximeter) -> None:
    report = captured("tools", "--by", by, *EVER, *chosen, "--json").json()
    spent = captured("spend", *EVER, *chosen, "--json").json()
    assert list(report) == ["schema_version", "by", "rows", "targets", "total", "unpriced", "floor"]
    assert all(list(row) == ROW for row in report["rows"] + report["targets"])
    assert cost_of(report["rows"]) == Decimal(spent["total"]["cost_usd"]) == Decimal(report["total"]["cost_usd"])
    assert report["total"]["calls"] == spent["total"]["calls"]
    assert all(
        Decimal(row["fresh_usd"]) + Decimal(row["carried_usd"]) == Decimal(row["cost_usd"]) for row in report["rows"]
    )


def test_each_days_rows_sum_to_its_bill_although_sessions_span_days(captured: Taximeter) -> None:
    days = [row["key"] for row in captured("spend", *EVER, "--json").json()["rows"]]
    for day in days:
        period = ("--since", day, "--until", day, "--json")
        assert cost_of(captured("tools", *period).json()["rows"]) == Decimal(
            captured("spend", *period).json()["total"]["cost_usd"]
        )


def test_targets_are_part_of_their_tool_and_csv_has_the_same_rows(captured: Taximeter) -> None:
    report = captured("tools", *EVER, "--json").json()
    tools = {row["tool"]: row for row in report["rows"] if row["kind"] == "tool"}
    assert tools
    for name, tool in tools.items():
        parts = [row for row in report["targets"] if row["tool"] == name]
        assert sum(row["results"] for row in parts) <= tool["results"]
        assert cost_of(parts) <= Decimal(tool["cost_usd"])
    rows = captured("tools", *EVER, "--csv").rows()
    assert rows[0] == ROW
    assert [row[9] for row in rows[1:]] == [row["cost_usd"] for row in report["rows"]]
    targets = captured("tools", *EVER, "--by", "target", "--csv").rows()
    assert [row[2] for row in targets[1:]] == [row["target"] for row in report["targets"]]


def test_the_limit_is_per_table_and_the_rest_is_one_row(captured: Taximeter) -> None:
    report = captured("tools", *EVER, "--limit", "2", "--json").json()
    assert len(report["rows"]) == 2
    assert len(report["targets"]) <= 2
    told = captured("tools", *EVER, "--limit", "2").out
    assert " more  " in told
    assert "more  " not in captured("tools", *EVER, "--limit", "0").out


def test_the_default_period_is_thirty_days(taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    taximeter.claude_dirs = [DATA / "s01_simple"]
    for day, is_there in ((datetime(2026, 12, 15, tzinfo=UTC), True), (datetime(2027, 1, 15, tzinfo=UTC), False)):
        monkeypatch.setattr("tracker.clock.now", day.astimezone)
        told, since = taximeter("tools").out, (day - timedelta(days=29)).date()
        assert (f"Since {since}; --since goes further back" in told) is is_there
        assert (f"Nothing matches since {since}. The ledger has 1 call of 1 session" in told) is not is_there
    first = taximeter("spend", "--json").json()["rows"][0]["key"]
    assert f"--since {first} covers all of them.\n" in told
    assert "bill" in taximeter("tools", "--since", first).out
    assert "Nothing matches. " in taximeter("tools", "--since", "7d").out
    for chosen in (EVER, ("--until", "2026-12-31")):
        told = taximeter("tools", *chosen).out
        assert told.startswith("No tool results; the bill is $0.0012\n\nwhat")
        assert "Since " not in told


def test_an_empty_ledger_has_no_other_days(taximeter: Taximeter) -> None:
    assert taximeter("tools").out.endswith("taximeter demo\n")


def test_tools_of_one_mcp_server_are_one_row(taximeter: Taximeter, tmp_path: Path) -> None:
    asked = [("t1", "mcp__docs__find", {}), ("t2", "mcp__docs__open", {}), ("t3", "Read", {"file_path": "/code/a.py"})]
    script = Transcript(tmp_path / "claude", "s1").prompt("go").answer("a", tools=asked, output=100, result="x" * 999)
    script.answer("b", read=2000, wrote=700).answer("c", read=2700, wrote=403)
    taximeter.claude_dirs = [tmp_path / "claude"]
    by_tool = taximeter("tools", *EVER, "--json").json()["rows"]
    by_server = taximeter("tools", *EVER, "--json", "--by", "server").json()["rows"]
    assert {(row["tool"], row["results"], row["tokens"]) for row in by_tool if row["tool"]} == {
        ("mcp__docs__find", 1, 200), ("mcp__docs__open", 1, 200), ("Read", 1, 200),
    }  # fmt: skip
    (server,) = (row for row in by_server if row["tool"] == "mcp__docs")
    assert (server["results"], server["tokens"], server["mean_calls_carried"]) == (2, 400, 1)
    told = taximeter("tools", *EVER).out
    assert "/code/a.py" in told
    assert "Tool results cost ~$" in told


def test_what_has_no_price_is_no_zero(taximeter: Taximeter, tmp_path: Path) -> None:
    script = Transcript(tmp_path / "claude", "s1").prompt("go")
    asked = [("t1", "Read", {"file_path": "/code/a.py"})]
    script.answer("a", tools=asked, result="x" * 999).answer("b", read=2000, wrote=700).answer("c", read=2700)
    path = script.path
    path.write_text(path.read_text().replace("claude-opus-4-5-20251101", "glm-nobody"))
    taximeter.claude_dirs = [tmp_path / "claude"]
    told = taximeter("tools", *EVER).out
    assert "Tool results cost ? of ?" in told
    assert "Not in the total: 3 calls without a price, glm-nobody" in told
    (one,) = taximeter("tasks", "--json").json()["tasks"]
    assert "$0" not in told + taximeter("task", one["id"]).out


@pytest.fixture
def read_twice(taximeter: Taximeter, tmp_path: Path) -> Taximeter:
    """A session of 1,003, 3,103, 4,203 and 4,303 tokens: an answer of 100, 2,000 of a.md, then 100, 1,000 of b.md."""
    script = Transcript(tmp_path / "claude", "s1").prompt("go")
    script.answer("a", tools=[("t1", "Read", {"file_path": "/a.md"})], wrote=1000, output=100, result="x" * 8000)
    script.answer(
        "b", tools=[("t2", "Read", {"file_path": "/b.md"})], read=1000, wrote=2100, output=100, result="x" * 4000
    )
    script.answer("c", read=3100, wrote=1100, output=100).prompt("more").answer("d", read=4200, wrote=100)
    taximeter.claude_dirs = [tmp_path / "claude"]
    return taximeter


def test_a_task_shows_what_its_calls_carried(read_twice: Taximeter) -> None:
    (one,) = read_twice("tasks", "--json").json()["tasks"]
    carried = read_twice("task", one["id"], "--json").json()["task"]["carried"]
    assert cost_of(carried["rows"]) == Decimal(one["cost_usd"])
    first, second = carried["targets"]
    assert (first["target"], first["tokens"], first["mean_calls_carried"]) == ("/a.md", 2000, 2)
    assert (second["target"], second["tokens"], second["mean_calls_carried"]) == ("/b.md", 1000, 1)
    # $5 a million tokens, $6.25 written, $0.50 read. Behind the first prompt of 1,003 tokens the second call brought
    # 2,100, all written; the third read 2,097 of these, the fourth 3,197 of 3,200.
    assert float(first["fresh_usd"]) == pytest.approx(2000 * (2100 * 6.25 + 3 * 5) / 2100 / 1e6)
    assert float(first["carried_usd"]) == pytest.approx(2000 * 0.5 / 1e6 * (2097 / 2100 + 3197 / 3200))
    told = read_twice("task", one["id"]).out
    assert "Carried  tool results for ~$" in told
    assert "/b.md" in told


def test_context_lists_what_the_context_holds(read_twice: Taximeter) -> None:
    report = read_twice("context", "--json").json()
    assert report["context"] == 4303
    assert [tuple(one.values()) for one in report["holds"]["sources"]] == [
        ("tool", "Read", 3000), ("first_prompt", None, 1003), ("own_text", None, 300),
    ]  # fmt: skip
    assert [tuple(one.values()) for one in report["holds"]["largest_results"]] == [
        ("Read", "/a.md", 2000, 2), ("Read", "/b.md", 1000, 1),
    ]  # fmt: skip
    told = read_twice("context").out
    assert "It holds" in told
    assert "Read 3.0k 70% · first prompt 1.0k 23% · agent's own text 300 7%" in told
    assert "carried by 1 call\n" in told

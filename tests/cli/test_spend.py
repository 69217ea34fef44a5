"""`spend`: sums by every key, as table, JSON and CSV, and what stands beside the total."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Taximeter, reports
from tests.unit.ledger.captured import DATA, billed_calls
from tests.unit.ledger.plain import FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, prompt, session_of
from tests.unit.ledger.reading import write_tree

KEYS = ("day", "week", "month", "model", "project", "branch", "session", "agent", "subagent")
ROW = {"calls", "sessions", "tokens", "web_searches", "cost_usd"}
TOKENS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"]


class TestSpend:
    """`spend`."""

    @pytest.mark.parametrize("by", KEYS)
    def test_json_has_the_contracts_form(self, by: str, captured: Taximeter) -> None:
        report = captured("spend", "--json", "--by", by).json()
        assert list(report) == ["schema_version", "by", "rows", "total", "unpriced", "floor", "hidden"]
        assert (report["schema_version"], report["by"]) == (1, by)
        assert report["rows"]
        for row in report["rows"]:
            assert set(row) == ROW | ({"key", "project"} if by == "branch" else {"key"})
            assert list(row["tokens"]) == TOKENS
            assert Decimal(row["cost_usd"]).as_tuple().exponent == -9
        assert set(report["total"]) == ROW
        assert set(report["unpriced"]) == {"calls", "models"}
        assert set(report["floor"]) == {"calls"}
        assert set(report["hidden"]) == {"cost_usd", "sessions"}

    @pytest.mark.parametrize("by", KEYS)
    def test_rows_add_up_to_the_total(self, by: str, captured: Taximeter) -> None:
        report = captured("spend", "--json", "--by", by).json()
        rows, total = report["rows"], report["total"]
        assert sum(row["calls"] for row in rows) == total["calls"] == 7 + 4 + 11 + 7
        assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal(total["cost_usd"])
        for kind in TOKENS:
            assert sum(row["tokens"][kind] for row in rows) == total["tokens"][kind]

    def test_a_long_list_is_cut_on_a_terminal_and_still_sums_to_the_total(
        self, taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(24):
            session = f"{number:08d}{SESSION[8:]}"
            path = tmp_path / "projects" / f"p{number}" / f"{session}.jsonl"
            path.parent.mkdir(parents=True)
            lines = (prompt(session=session), answer(number, session))
            path.write_bytes(encoded(*(line | {"cwd": f"/code/p{number}"} for line in lines)))
        taximeter.claude_dirs = [tmp_path]

        def listed(*options: str) -> list[list[str]]:
            return [line.split() for line in taximeter("spend", "--by", "project", *options).out.splitlines()]

        assert len([row for row in listed() if row[0].startswith("/code/p")]) == 24
        monkeypatch.setattr("tracker.cli.common.is_terminal", lambda: True)
        rows = listed()
        assert len([row for row in rows if row[0].startswith("/code/p")]) == 20
        (more,) = (row for row in rows if row[1:2] == ["more"])
        assert more[:3] == ["4", "more", "4"]
        assert ["--limit", "0", "lists", "all."] in rows
        assert len([row for row in listed("--limit", "0") if row[0].startswith("/code/p")]) == 24
        assert len(taximeter("spend", "--by", "project", "--json").json()["rows"]) == 24
        cut = taximeter("spend", "--by", "project", "--limit", "3", "--json").json()
        assert (len(cut["rows"]), cut["total"]["calls"]) == (3, 24)
        assert len(taximeter("spend", "--by", "project", "--limit", "3", "--csv").rows()) == 4
        assert len(taximeter("spend", "--limit", "1", "--json").json()["rows"]) == len(
            taximeter("spend", "--json").json()["rows"]
        )

    def test_hidden_spend_stands_beside_the_total_not_in_it(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "s06_manual_compact"]
        report = taximeter("spend", "--json").json()
        calls = billed_calls("s06_manual_compact")
        recorded = sum(call.cost for call in calls if call.in_transcript)
        unrecorded = sum(call.cost for call in calls if not call.in_transcript)
        assert int(Decimal(report["total"]["cost_usd"]) * 10**9) == recorded
        assert int(Decimal(report["hidden"]["cost_usd"]) * 10**9) == unrecorded

    def test_hidden_spend_of_zero_is_not_mentioned(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "s01_simple"]
        assert taximeter("spend", "--json").json()["hidden"] == {"cost_usd": "0.000000000", "sessions": 1}
        assert "unrecorded" not in taximeter("spend").out

    def test_unknown_hidden_spend_is_null(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "v1_0_128"]
        report = taximeter("spend", "--json").json()
        assert report["hidden"] == {"cost_usd": None, "sessions": 0}
        assert report["floor"]["calls"] > 0

    @pytest.mark.parametrize("by", KEYS)
    def test_table_and_csv_have_the_numbers_of_the_json(self, by: str, captured: Taximeter) -> None:
        rows = captured("spend", "--json", "--by", by).json()["rows"]
        header, *lines = captured("spend", "--csv", "--by", by).rows()
        assert header[:10] == [
            "key",
            "calls",
            "sessions",
            "input",
            "cache_read",
            "cache_write_5m",
            "cache_write_1h",
            "output",
            "web_searches",
            "cost_usd",
        ]
        for row, line in zip(rows, lines, strict=True):
            counts = [row["calls"], row["sessions"], *row["tokens"].values(), row["web_searches"]]
            assert line[:10] == [row["key"], *map(str, counts), row["cost_usd"]]
        table = captured("spend", "--by", by).out.splitlines()[1 : 1 + len(rows)]
        for row, drawn in zip(rows, table, strict=True):
            cells = drawn.split()
            cost = Decimal(row["cost_usd"])
            assert cells[-1].removeprefix("≥") == (f"${cost:,.2f}" if cost >= Decimal("0.01") else f"${cost:.4f}")
            assert (cells[-7], cells[-6]) == (f"{row['calls']:,}", f"{row['sessions']:,}")

    def test_a_call_is_on_the_branch_of_its_prompt(self, taximeter: Taximeter, tmp_path: Path) -> None:
        """Also if the agent leaves it meanwhile, and its subagents' calls; two projects' main are two branches."""
        beside: dict[str, Any] = {"isSidechain": True, "agentId": "a1", "gitBranch": "main"}
        files = {
            FILE: encoded(
                prompt(gitBranch="main"),
                answer(1, gitBranch="main"),
                prompt("the other one", second=2, gitBranch="fix/upload"),
                answer(3, gitBranch="fix/upload"),
                answer(4, gitBranch="main"),
            ),
            f"-home-dev-app/{SESSION}/subagents/agent-a1.jsonl": encoded(
                prompt("look", second=5, **beside), answer(6, **beside)
            ),
            OTHER_FILE: encoded(
                prompt(session=OTHER, second=10, cwd="/home/dev/web", gitBranch="main"),
                answer(11, OTHER, cwd="/home/dev/web", gitBranch="main"),
                prompt(session=OTHER, second=12, cwd="/home/dev/web"),
            ),
        }
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        rows = taximeter("spend", "--json", "--by", "branch").json()["rows"]
        found = [(row["key"], row["project"], row["calls"], row["sessions"]) for row in rows]
        assert found == [
            ("fix/upload", "/home/dev/app", 3, 1),
            ("main", "/home/dev/app", 1, 1),
            ("main", "/home/dev/web", 1, 1),
        ]
        header, *lines = taximeter("spend", "--csv", "--by", "branch").rows()
        assert [(line[0], line[header.index("project")]) for line in lines] == [one[:2] for one in found]
        only = ("--project", "web", "--since", "2026-11-20", "--until", "2026-11-20", "--utc")
        (row,) = taximeter("spend", "--json", "--by", "branch", *only).json()["rows"]
        assert (row["key"], row["project"], row["calls"]) == found[2][:3]
        assert taximeter("spend", "--json", "--by", "branch", "--since", "2026-11-21", "--utc").json()["rows"] == []
        for branch in ("main", "fix/upload", "(unknown)"):
            part = reports(taximeter, "--branch", branch)
            of_branch = [row for row in rows if row["key"] == branch]
            assert part["spend"]["total"]["calls"] == sum(row["calls"] for row in of_branch)
            assert Decimal(part["spend"]["total"]["cost_usd"]) == sum(Decimal(row["cost_usd"]) for row in of_branch)
            assert part["tools"]["total"] == {name: part["spend"]["total"][name] for name in ("calls", "cost_usd")}
            assert len(part["calls"]) == part["cache"]["total"]["calls"] == part["spend"]["total"]["calls"]
            assert sum(session["calls"] for session in part["sessions"]["sessions"]) == len(part["calls"])
            assert {task["id"] for task in part["tasks"]["tasks"]} == {call["task"] for call in part["calls"]}
        (day,) = taximeter("spend", "--json", "--branch", "main", "--project", "web", "--utc").json()["rows"]
        assert (day["key"], day["calls"]) == ("2026-11-20", 1)

    def test_a_session_outside_of_git_is_on_no_known_branch(self, tree: Path, taximeter: Taximeter) -> None:
        assert tree
        (row,) = taximeter("spend", "--json", "--by", "branch").json()["rows"]
        assert (row["key"], row["project"], row["calls"]) == ("(unknown)", "/home/dev/app", 3)

    def test_redirected_output_has_no_colours(self, captured: Taximeter) -> None:
        assert "\x1b" not in captured("spend").out + captured("sessions").out + captured("doctor").out

    def test_an_unpriced_call_is_loud_and_not_free(self, taximeter: Taximeter, tmp_path: Path) -> None:
        files = {FILE: session_of(1) + encoded(answer(2, message={"model": "claude-nobody-9"}))}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        report = taximeter("spend", "--json", "--by", "model").json()
        assert report["unpriced"] == {"calls": 1, "models": ["claude-nobody-9"]}
        tasks = list(csv.DictReader(io.StringIO(taximeter("tasks", "--csv").out)))
        assert sum(int(task["unpriced_calls"]) for task in tasks) == 1
        table = taximeter("spend", "--by", "model").out
        assert "claude-nobody-9" in table
        unpriced_row = next(line for line in table.splitlines() if line.startswith("claude-nobody-9"))
        assert unpriced_row.endswith("?")
        assert "$0.00" not in unpriced_row
        (total,) = [line for line in taximeter("tasks").out.splitlines() if " 1 task " in line]
        assert "+?" in total
        opened = taximeter("task", taximeter("tasks", "--json").json()["tasks"][0]["id"]).out
        assert opened.count("+?") == 2, "the task, its turn"

    def test_tasks_without_any_price_cost_no_zero_in_sum(self, taximeter: Taximeter, tmp_path: Path) -> None:
        files = {FILE: encoded(answer(2, message={"model": "claude-nobody-9"}))}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        (total,) = [line for line in taximeter("tasks").out.splitlines() if " 1 task " in line]
        assert "?" in total.split()
        assert "+?" not in total

    def test_waste_of_an_unpriced_miss_is_not_shown_as_zero(self, taximeter: Taximeter, tmp_path: Path) -> None:
        """The second call pays for the whole prompt again."""
        missed = {"model": "claude-nobody-9", "usage": {"cache_creation_input_tokens": 50_000, "output_tokens": 1}}
        files = {FILE: encoded(answer(2, message=missed), answer(3, message=missed))}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        shown = taximeter("tasks").out
        assert "$0.00" not in shown
        task = shown.splitlines()[2].split()[1]
        opened = taximeter("task", task).out
        assert "Cache misses ×  1 for ? " in opened
        assert "$0.00" not in opened

    def test_a_call_without_usage_lacks_no_price(self, taximeter: Taximeter, tmp_path: Path) -> None:
        uncounted = answer(2) | {"message": {"id": "msg_2", "model": "gpt-5-mini"}}
        unknown = answer(3, message={"model": "claude-nobody-9"})
        files = {FILE: session_of(1) + encoded(uncounted, unknown)}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        said = "claude-nobody-9, gpt-5-mini (no token counts) (taximeter prices --help)"
        assert said in taximeter("sync").out
        assert said in taximeter("doctor").out
        assert said in " ".join(taximeter("spend").out.split())
        assert "$0.00" not in taximeter("reprice").out

    def test_no_price_is_asked_for_where_only_token_counts_are_missing(
        self, taximeter: Taximeter, tmp_path: Path
    ) -> None:
        uncounted = answer(2) | {"message": {"id": "msg_2", "model": "gpt-5-mini"}}
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(1) + encoded(uncounted)})]
        for command in ("sync", "doctor", "spend"):
            shown = taximeter(command).out
            assert "gpt-5-mini (no token counts)" in shown
            assert "taximeter prices" not in shown

    def test_each_filter_leaves_the_calls_that_it_names(self, captured: Taximeter) -> None:
        def calls(*words: str) -> int:
            total: int = captured("spend", "--json", *words).json()["total"]["calls"]
            return total

        assert calls("--project", "s08_resume") == 4
        assert calls("--agent", "claude-code") == 29
        assert calls("--agent", "cline") == 0
        assert calls("--model", "claude-opus-5-5") + calls("--model", "claude-haiku-5-5") < 29
        assert calls("--since", "2027-01-01") == 0
        assert calls("--until", "2020-01-01") == 0

    def test_a_model_is_named_by_any_part_of_its_id_that_no_other_has(self, captured: Taximeter) -> None:
        whole = captured("spend", "--model", "claude-opus-5-5", "--json")
        assert whole.json()["total"]["calls"] > 0
        for command in ("spend", "sessions", "calls", "tasks", "cache"):
            named = [captured(command, "--model", name, "--json").out for name in ("claude-opus-5-5", "Opus")]
            assert named[0] == named[1], command
        several = captured("spend", "--model", "claude")
        assert several.code == 1
        assert "claude-haiku-5-5, claude-opus-5-5" in several.err
        assert captured("spend", "--model", "somebody-else", "--json").json()["rows"] == []

    def test_of_many_models_that_could_be_meant_a_dozen_are_named(self, taximeter: Taximeter, tmp_path: Path) -> None:
        lines = [answer(number, message={"model": f"claude-{'x' * number * 20}"}) for number in range(1, 15)]
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
        said = taximeter("spend", "--model", "claude").err
        assert said.endswith("…, 2 more: give more of the id\n")
        assert len(said) < 1000

    def test_weeks_are_those_of_iso_8601(self, taximeter: Taximeter, tmp_path: Path) -> None:
        days = {"2026-12-31": "2026-W53", "2027-01-03": "2026-W53", "2027-01-04": "2027-W01"}
        lines = [answer(n, timestamp=f"{day}T12:00:00.000Z") for n, day in enumerate(days, start=1)]
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
        rows = taximeter("spend", "--json", "--utc", "--by", "week").json()["rows"]
        assert [(row["key"], row["calls"]) for row in rows] == [("2026-W53", 2), ("2027-W01", 1)]

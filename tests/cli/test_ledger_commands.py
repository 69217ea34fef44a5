"""`spend`, `sessions`, `calls`: the contract of their JSON, and the same numbers in every form."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.cli.running import Taximeter
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.captured import DATA, billed_calls
from tests.unit.ledger.plain import COST, FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, prompt, session_of
from tests.unit.ledger.reading import write_tree
from tracker.cli.common import parse_day

KEYS = ("day", "week", "month", "model", "project", "branch", "session", "agent", "subagent")
ROW = {"calls", "sessions", "tokens", "web_searches", "cost_usd"}
TOKENS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("typed", "day"), [("today", "2026-11-21"), ("yesterday", "2026-11-20"), ("7d", "2026-11-15"), ("4w", "2026-10-25")]
)
def test_days_are_counted_back_from_today(typed: str, day: str) -> None:
    assert parse_day(typed) == parse_day(typed, utc=True) == day


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

    def test_a_session_outside_of_git_is_on_no_known_branch(self, tree: Path, taximeter: Taximeter) -> None:
        assert tree
        (row,) = taximeter("spend", "--json", "--by", "branch").json()["rows"]
        assert (row["key"], row["project"], row["calls"]) == ("(unknown)", "/home/dev/app", 3)

    def test_a_subagent_counts_to_its_type(self, taximeter: Taximeter, tmp_path: Path) -> None:
        """Its own lines name it, in older clients the call that started it; a name may have colons."""

        def started(number: int, agent: str, **given: str) -> list[dict[str, Any]]:
            use = {
                "type": "tool_use",
                "id": f"toolu_{number}",
                "name": "Agent",
                "input": {"description": "look"} | given,
            }
            result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done"}
            ran = prompt(
                "", second=number, message={"role": "user", "content": [result]}, toolUseResult={"agentId": agent}
            )
            return [answer(number, message={"content": [use]}), ran]

        def subagent(agent: str, number: int, **changes: Any) -> dict[str, bytes]:
            lines = encoded(answer(number, isSidechain=True, agentId=agent, **changes))
            return {f"-home-dev-app/{SESSION}/subagents/agent-{agent}.jsonl": lines}

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
        rows = taximeter("spend", "--json", "--by", "subagent").json()["rows"]
        found = [(row["key"], row["calls"], Decimal(row["cost_usd"])) for row in rows]
        cost = Decimal(COST).scaleb(-9)
        assert found == [
            ("main conversation", 3, 3 * cost),
            ("subagent", 2, 2 * cost),
            ("Explore", 1, cost),
            ("kit:reviewer", 1, cost),
        ]

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


class TestDays:
    """Days are cut at local midnight, with --utc at midnight UTC."""

    MOMENTS = (
        "2026-10-31T23:30:00.000Z",
        "2026-11-01T04:30:00.000Z",
        "2026-11-02T04:30:00.000Z",
        "2026-11-02T05:30:00.000Z",
    )
    DAYS: ClassVar = {
        "UTC": {"2026-10-31": 1, "2026-11-01": 1, "2026-11-02": 2},
        "Asia/Tokyo": {"2026-11-01": 2, "2026-11-02": 2},
        # Clocks are set back on 1 November, a day of 25 hours: 23:30 of it is 04:30 UTC of the second.
        "America/New_York": {"2026-10-31": 1, "2026-11-01": 2, "2026-11-02": 1},
    }

    @pytest.fixture
    def four_calls(self, taximeter: Taximeter, tmp_path: Path) -> Taximeter:
        """Calls around midnight."""
        lines = [answer(number, timestamp=moment) for number, moment in enumerate(self.MOMENTS, start=1)]
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
        return taximeter

    @pytest.mark.parametrize("where", DAYS)
    def test_days_are_cut_at_local_midnight(
        self, where: str, four_calls: Taximeter, zone: Callable[[str], None]
    ) -> None:
        zone(where)
        rows = four_calls("spend", "--json").json()["rows"]
        assert {row["key"]: row["calls"] for row in rows} == self.DAYS[where]
        for day, count in self.DAYS[where].items():
            assert four_calls("spend", "--json", "--since", day, "--until", day).json()["total"]["calls"] == count
            assert len(four_calls("calls", "--json", "--since", day, "--until", day).json_lines()) == count

    @pytest.mark.parametrize("where", DAYS)
    def test_utc_days_are_the_same_everywhere(
        self, where: str, four_calls: Taximeter, zone: Callable[[str], None]
    ) -> None:
        zone(where)
        rows = four_calls("spend", "--json", "--utc").json()["rows"]
        assert {row["key"]: row["calls"] for row in rows} == self.DAYS["UTC"]
        assert len(four_calls("calls", "--json", "--utc", "--since", "2026-11-02").json_lines()) == 2

    def test_a_machine_that_moves_gets_its_days_cut_anew(
        self, four_calls: Taximeter, zone: Callable[[str], None]
    ) -> None:
        for where, days in [*self.DAYS.items(), *reversed(self.DAYS.items())]:
            zone(where)
            rows = four_calls("spend", "--json").json()["rows"]
            assert {row["key"]: row["calls"] for row in rows} == days

    def test_days_are_those_of_the_zone_without_a_sync_too(
        self, four_calls: Taximeter, zone: Callable[[str], None]
    ) -> None:
        four_calls("sync")
        for where, days in self.DAYS.items():
            zone(where)
            rows = four_calls("spend", "--json", "--no-sync").json()["rows"]
            assert {row["key"]: row["calls"] for row in rows} == days

    @pytest.mark.parametrize("where", ["Asia/Tokyo", "America/New_York"])
    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.000Z", "0001-01-01T00:00:00.000Z"])
    @pytest.mark.parametrize("command", ["spend", "calls", "tasks", "cache"])
    def test_a_time_at_either_end_of_the_calendar_counts_as_missing(
        self, command: str, moment: str, where: str, taximeter: Taximeter, tmp_path: Path, zone: Callable[[str], None]
    ) -> None:
        """The call has the time of the line before it."""
        zone(where)
        content = session_of(1) + encoded(answer(2, timestamp=moment))
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: content})]
        assert (taximeter(command).code, taximeter("calls", "--json", "--since", "2026-11-20").code) == (0, 0)
        assert {call["first_at"] for call in taximeter("calls", "--json").json_lines()} == {"2026-11-20T12:00:01.000Z"}


class TestLists:
    """`sessions` and `calls`."""

    def test_sessions_are_the_same_in_json_csv_and_table(self, captured: Taximeter) -> None:
        listed = captured("sessions", "--json").json()
        assert listed["schema_version"] == 1
        sessions = listed["sessions"]
        assert sum(one["calls"] for one in sessions) == 29
        assert [one["last_at"] for one in sessions] == sorted((one["last_at"] for one in sessions), reverse=True)
        header, *lines = captured("sessions", "--csv").rows()
        place = {name: index for index, name in enumerate(header)}
        assert [(line[place["session"]], int(line[place["calls"]]), line[place["cost_usd"]]) for line in lines] == [
            (one["session"], one["calls"], one["cost_usd"]) for one in sessions
        ]
        table = captured("sessions").out.splitlines()[1:]
        assert [line.split()[0] for line in table[: len(sessions)]] == [one["session"][:8] for one in sessions]
        assert captured("sessions", "--json", "--limit", "2").json()["sessions"] == sessions[:2]
        assert f"{len(sessions) - 2} older sessions left out" in captured("sessions", "--limit", "2").out

    def test_sessions_with_calls_that_have_no_price(self, taximeter: Taximeter, tmp_path: Path) -> None:
        unknown = {"model": "claude-nobody-9"}
        files = {
            FILE: session_of(1) + encoded(answer(2, message=unknown)),
            OTHER_FILE: encoded(answer(100, OTHER, message=unknown)),
        }
        taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
        header, *lines = taximeter("sessions", "--csv").rows()
        wanted = [header.index(name) for name in ("session", "cost_usd", "unpriced_calls", "floor_calls")]
        assert [[line[place] for place in wanted] for line in lines] == [
            [OTHER, "0.000000000", "1", "0"],
            [SESSION, "0.001740000", "1", "0"],
        ]
        table = taximeter("sessions").out.splitlines()
        assert [line.split()[-1] for line in table[1:3]] == ["?", "$0.0017+?"]

    def test_a_fork_and_its_parent(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "s08_resume_continue_fork"]
        found = {
            one["session"][:8]: (one["calls"], one["cost_usd"], one["parent"])
            for one in taximeter("sessions", "--json").json()["sessions"]
        }
        origin = "14e838d0-e3c8-4c9e-8376-cdcfcb2ad601"
        assert found == {"14e838d0": (3, "0.004194000", None), "bea99b68": (1, "0.001856000", origin)}

    def test_a_forks_first_prompt_is_that_of_its_parent(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "s08_resume_continue_fork"]
        parent, fork = (taximeter("context", session, "--json").json() for session in ("14e838d0", "bea99b68"))
        assert fork["calls"] == 1
        assert fork["baseline"] == parent["baseline"] == parent["curve"][0]["context"]
        assert fork["baseline"] < fork["curve"][0]["context"]

    @pytest.mark.parametrize(("one_hour", "prompts"), [(False, 11), (True, 19)])
    def test_context_says_how_many_prompts_keeping_a_cache_warm_is_worth(
        self, one_hour: bool, prompts: int, taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = Transcript(tmp_path / "claude", one_hour=one_hour).prompt("go").call(30_000)
        taximeter.claude_dirs = [tmp_path / "claude"]
        said = f"keeping it warm pays off for at most {prompts} idle prompts"
        for seconds, is_warm in ((60, True), (7200, False)):
            moment = datetime.fromtimestamp(one.now / 1000 + seconds, UTC)
            monkeypatch.setattr("tracker.clock.now", moment.astimezone)
            text, ahead = taximeter("context").out, taximeter("context", "--json").json()["prospect"]
            assert (said in text) is is_warm
            assert ahead["keep_warm_pings"] == prompts
            turn = ahead["next_turn"]
            low, middle, high = (f"${Decimal(turn[name]):.2f}" for name in ("p10_usd", "cost_usd", "p90_usd"))
            assert f"next turn ~{middle} ({low} – {high}), about {turn['calls']} calls" in text

    def test_calls_json_is_one_object_a_line_that_adds_up(self, captured: Taximeter) -> None:
        calls = captured("calls", "--json").json_lines()
        total = captured("spend", "--json", "--no-sync").json()["total"]
        assert len(calls) == total["calls"]
        assert sum(Decimal(call["cost_usd"]) for call in calls) == Decimal(total["cost_usd"])
        assert [call["first_at"] for call in calls] == sorted(call["first_at"] for call in calls)

    @pytest.mark.parametrize("form", ["--json", "--csv"])
    def test_a_call_has_its_task_and_the_parts_of_its_cost(self, form: str, captured: Taximeter) -> None:
        """Straight from a ledger in which nothing was derived yet."""
        printed = captured("calls", form)
        if form == "--json":
            calls = printed.json_lines()
        else:
            header, *lines = printed.rows()
            calls = [dict(zip(header, line, strict=True)) for line in lines]
        parts = ("baseline", "carry_over", "own", "waste", "fresh", "generation", "other")
        for call in calls:
            assert sum(Decimal(call[f"{part}_usd"]) for part in parts) == Decimal(call["cost_usd"])
        by_task: dict[str, Decimal] = {}
        for call in calls:
            by_task[call["task"]] = by_task.get(call["task"], Decimal(0)) + Decimal(call["cost_usd"])
        tasks = captured("tasks", "--json", "--no-sync").json()["tasks"]
        assert by_task == {task["id"]: Decimal(task["cost_usd"]) for task in tasks}

    def test_calls_csv_has_the_same_calls(self, captured: Taximeter) -> None:
        calls = captured("calls", "--json").json_lines()
        header, *lines = captured("calls", "--csv").rows()
        assert header == list(calls[0])
        for name in ("message_id", "cost_usd", "output", "first_at"):
            assert [line[header.index(name)] for line in lines] == [str(call[name]) for call in calls]

    def test_calls_of_one_session_and_the_latest_few(self, captured: Taximeter) -> None:
        assert len(captured("calls", "--json", "--session", "14e838d0").json_lines()) == 3
        everything = captured("calls", "--json").json_lines()
        assert captured("calls", "--json", "--limit", "3").json_lines() == everything[-3:]
        for all_of_them in ("0", str(10**30)):
            assert captured("calls", "--json", "--limit", all_of_them).json_lines() == everything
        assert captured("calls", "--limit", str(10**30)).out == captured("calls", "--limit", "0").out

    @pytest.mark.parametrize("beginning", ["%", "14e8_8d0", "4e838d0"])
    def test_a_session_is_named_by_how_its_id_begins(self, beginning: str, captured: Taximeter) -> None:
        assert "no session begins with" in captured("calls", "--json", "--session", beginning).err

    def test_a_floor_is_marked_in_the_table(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "v1_0_128"]
        assert "≥" in taximeter("calls").out

    def test_one_hour_cache_writes_count_as_writes(self, taximeter: Taximeter) -> None:
        taximeter.claude_dirs = [DATA / "s11_onehour"]
        [call] = taximeter("calls", "--json").json_lines()
        assert (call["write_5m"], call["write_1h"]) == (1000, 2000)
        assert taximeter("calls").out.splitlines()[1].split()[-3:] == ["3.0k", str(call["output"]), "$0.03"]

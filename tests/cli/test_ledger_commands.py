"""Periods; `sessions` and `calls`: the contract of their JSON, and the same numbers in every form."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from tests.cli.running import Taximeter
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.plain import FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, session_of
from tests.unit.ledger.reading import write_tree
from tracker.cli.common import parse_day


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("typed", "day"), [("today", "2026-11-21"), ("yesterday", "2026-11-20"), ("7d", "2026-11-15"), ("4w", "2026-10-25")]
)
def test_days_are_counted_back_from_today(typed: str, day: str) -> None:
    assert parse_day(typed) == parse_day(typed, utc=True) == day


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

"""`plans` as a user types it, over ledgers."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store.ledger import LEDGER_NAME, open_ledger
from store.samples import LimitReading, StatusSample, put_samples
from tests.cli.history import DOLLAR, NOW, last_days, of_an_old_client, write_history
from tests.cli.running import Taximeter
from tracker.model.plans.capacity import MeterFits
from tracker.plan_data.load import meter_fits

pytestmark = pytest.mark.usefixtures("still")


def test_an_empty_ledger_says_where_it_looked(taximeter: Taximeter, tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    taximeter.claude_dirs = [tmp_path]
    assert "No sessions found" in taximeter("plans").out
    report = taximeter("plans", "--json").json()
    assert report["recommendation"]["plan"] == "cannot_tell"
    assert report["plans"] == []


def test_a_ledger_of_eight_weeks_has_an_answer(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56))]
    report = taximeter("plans", "--json").json()
    assert report["recommendation"]["plan"] == "pro"
    assert report["history"]["method"] == "whole weeks"
    assert report["history"]["unpriced_calls"] == 0
    assert report["history"]["active_days"] in range(38, 42)
    assert report["month"]["logged_usd"] == report["month"]["as_api_key_usd"]
    assert max(map(len, taximeter("plans", "--tasks").out.splitlines())) <= 80


def test_tasks_of_the_month_are_shared_out(taximeter: Taximeter, tmp_path: Path) -> None:
    moments = last_days(56) | {NOW - timedelta(minutes=30): DOLLAR}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    report = taximeter("plans", "--json").json()
    shares = report["tasks"]
    assert shares
    for one in shares:
        assert float(one["allocated_usd"]["api"]) == pytest.approx(float(one["cost_usd"]))
        assert float(one["marginal_usd"]["api"]) == pytest.approx(float(one["cost_usd"]))
        assert 0 < float(one["allocated_usd"]["pro"]) < 20
        assert float(one["allocated_usd"]["ultra"]) == pytest.approx(2 * float(one["allocated_usd"]["max"]), rel=0.01)
        assert float(one["marginal_usd"]["max"]) == 0
        assert 0 < float(one["marginal_usd"]["pro"]) < float(one["cost_usd"])  # $6 may not fit its five hours
    assert sum(float(one["allocated_usd"]["max"]) for one in shares) <= 100.01


def test_of_a_task_that_crosses_a_months_end_this_months_calls_count(taximeter: Taximeter, tmp_path: Path) -> None:
    before, after = (datetime(2026, 10, 31, 23, minute, 30, tzinfo=UTC) for minute in (50, 58))
    history = write_history(tmp_path / "c", last_days(56))
    write_history(history, {before: 20 * DOLLAR, after: 8 * DOLLAR}, project="/home/dev/night", first=100)
    taximeter.claude_dirs = [history]
    report = taximeter("plans", "--json").json()
    assert sorted({one["cost_usd"] for one in report["tasks"]}) == ["4.000000000", "6.000000000"]
    assert sum(float(one["cost_usd"]) for one in report["tasks"]) == float(report["month"]["logged_usd"])
    (crossing,) = [one for one in report["tasks"] if one["cost_usd"] == "4.000000000"]
    assert crossing["allocated_usd"]["api"] == "4.000000000"


def test_tasks_are_shared_out_in_the_unit_of_their_month(taximeter: Taximeter, tmp_path: Path) -> None:
    """An hour's cache is paid to a plan, five minutes' to a key: what the tasks cost there is what the month does."""
    writes: dict[str, Any] = {
        "cache_creation_input_tokens": 100_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100_000},
    }
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56), **writes)]
    report = taximeter("plans", "--json").json()
    month = report["month"]
    assert float(month["as_api_key_usd"]) < float(month["logged_usd"])
    tasks = report["tasks"]
    assert sum(float(one["allocated_usd"]["api"]) for one in tasks) == pytest.approx(float(month["as_api_key_usd"]))
    share = float(month["as_api_key_usd"]) / float(month["by_month_end_usd"]["p50"])
    assert sum(float(one["allocated_usd"]["max"]) for one in tasks) == pytest.approx(100 * share)


def test_a_quiet_month_does_not_carry_the_overflow_of_a_busy_one(taximeter: Taximeter, tmp_path: Path) -> None:
    busy = {moment: output for moment, output in last_days(56, 30).items() if moment.month < NOW.month}
    taximeter.claude_dirs = [write_history(tmp_path / "c", busy | {NOW - timedelta(days=1): 2 * DOLLAR})]
    report = taximeter("plans", "--json").json()
    (task,) = report["tasks"]
    pro = next(one for one in report["plans"] if one["id"] == "pro")
    fee = 20 * 2 / float(report["month"]["by_month_end_usd"]["p50"])
    assert float(pro["overflow_usd"]) > 100
    assert fee < float(task["allocated_usd"]["pro"]) < fee + float(task["marginal_usd"]["pro"])


def test_work_that_waits_for_a_limit_costs_nothing(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56, 30))]
    report = taximeter("plans", "--no-extra-usage", "--json").json()
    assert report["plans"][1]["overflow_is"] == "blocked work"
    assert float(report["plans"][1]["overflow_usd"]) > 100
    for one in report["tasks"]:
        assert one["marginal_usd"]["pro"] == "0.000000000"
        assert one["marginal_usd"]["api"] == one["cost_usd"]
        assert float(one["allocated_usd"]["pro"]) == pytest.approx(20 / 21, rel=0.01)
    assert "fee shared over completed" in " ".join(taximeter("plans", "--no-extra-usage").out.split())


def test_an_unknown_capacity_has_a_task_from_all_fits_to_nothing_fits(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56))]
    report = taximeter("plans", "--all", "--json").json()
    pro, team = (next(one for one in report["plans"] if one["id"] == name) for name in ("pro", "team-standard"))
    assert pro["task_usd"]["allocated_if_nothing_fits"] is pro["task_usd"]["marginal_if_nothing_fits"] is None
    allocated = float(team["task_usd"]["allocated"])
    assert allocated == pytest.approx(25 / 21)
    assert float(team["task_usd"]["allocated_if_nothing_fits"]) == pytest.approx(allocated + 6)
    assert float(team["task_usd"]["marginal_if_nothing_fits"]) == pytest.approx(6)
    assert set(report["tasks"][0]["unfitted_usd"]) == {"team-standard", "team-premium"}
    assert "~$1.19+" in taximeter("plans", "--all").out
    waiting = taximeter("plans", "--all", "--no-extra-usage").out
    assert "~$1.19+" not in waiting
    assert "~$25 ?" in waiting


def test_what_plans_leave_out_is_listed_in_one_order_whatever_came_first(taximeter: Taximeter, tmp_path: Path) -> None:
    write_history(tmp_path / "c", last_days(14, 2), model="claude-fable-5-2")
    write_history(tmp_path / "c", last_days(14, 2, hour=15), project="/home/dev/fast", first=100, speed="fast")
    taximeter.claude_dirs = [tmp_path / "c"]
    assert list(taximeter("plans", "--json").json()["month"]["excluded_usd"]) == ["fast", "fable"]


def test_tax_is_on_both_sides(taximeter: Taximeter, tmp_path: Path) -> None:
    write_history(tmp_path / "c", last_days(56, 30))
    write_history(tmp_path / "c", last_days(56, 2, hour=15), project="/home/dev/fast", first=100, speed="fast")
    taximeter.claude_dirs = [tmp_path / "c"]
    without = taximeter("plans", "--json").json()
    taxed = taximeter("plans", "--tax", "0.25", "--json").json()
    assert taxed["break_even"] == without["break_even"]
    assert taxed["answer_changes"] == without["answer_changes"]
    assert taxed["month"] == without["month"]
    assert float(without["plans"][1]["overflow_usd"]) > 0 < float(without["plans"][1]["excluded_usd"])
    for one, other in zip(without["plans"], taxed["plans"], strict=True):
        assert dollars(other) == pytest.approx([amount * 1.25 for amount in dollars(one)])
    for one, other in zip(without["tasks"], taxed["tasks"], strict=True):
        assert one["cost_usd"] == other["cost_usd"]
        for kind in ("allocated_usd", "marginal_usd"):
            assert [float(other[kind][plan]) for plan in one[kind]] == pytest.approx(
                [float(amount) * 1.25 for amount in one[kind].values()]
            )
    assert "a typical month, before tax" in taximeter("plans", "--tax", "0.25").out


def dollars(plan: dict[str, Any]) -> list[float]:
    """Every amount of a plan of the JSON that somebody would pay."""
    singles = [plan[name] for name in ("fee_usd", "overflow_usd", "excluded_usd")]
    return [float(amount or 0) for amount in (*singles, *plan["monthly_usd"].values(), *plan["task_usd"].values())]


def test_runs_of_programs_are_in_the_load_and_no_tasks(taximeter: Taximeter, tmp_path: Path) -> None:
    root = write_history(tmp_path / "c", last_days(56))
    write_history(root, last_days(56, 2, hour=15), words="You judge the change made:", entrypoint="sdk-cli", first=100)
    taximeter.claude_dirs = [root]
    report = taximeter("plans", "--json").json()
    assert report["month"]["logged_usd"] == "120.000000000"
    assert {one["cost_usd"] for one in report["tasks"]} == {"6.000000000"}
    assert report["plans"][0]["task_usd"]["allocated"] == "6.000000000"


def test_what_a_plan_leaves_out_does_not_reach_its_fee(taximeter: Taximeter, tmp_path: Path) -> None:
    """Fast mode is billed beside a plan: $4 a day of it say nothing about the fee, $6 a day of the rest do."""
    write_history(tmp_path / "c", last_days(56))
    write_history(tmp_path / "c", last_days(56, 2, hour=15), project="/home/dev/fast", first=100, speed="fast")
    taximeter.claude_dirs = [tmp_path / "c"]
    report = taximeter("plans", "--json").json()
    assert report["month"]["logged_usd"] == "150.000000000"
    assert report["break_even"]["pro"]["day"] == "2026-11-05"
    assert report["break_even"]["max"]["day"] is None
    fast = [one for one in report["tasks"] if one["cost_usd"] == "4.000000000"]
    assert fast
    for one in fast:
        assert one["allocated_usd"]["max"] == one["marginal_usd"]["max"] == one["allocated_usd"]["api"]
    others = [float(one["allocated_usd"]["max"]) for one in report["tasks"] if one not in fast]
    assert sum(others) == pytest.approx(100 * 15 / 21, rel=0.01)  # of 21 working days 15 are over


def test_without_any_price_there_is_no_verdict(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56), model="claude-nobody-9")]
    report = taximeter("plans", "--json").json()
    assert report["recommendation"]["plan"] == "cannot_tell"
    assert "100% of the calls have no price (claude-nobody-9)" in report["recommendation"]["reason"]
    assert report["month"]["logged_usd"] == "0.000000000"
    assert "no price" in taximeter("plans").out


def test_old_work_only_is_used_and_said(taximeter: Taximeter, tmp_path: Path) -> None:
    moments = {moment - timedelta(days=300): tokens for moment, tokens in last_days(56).items()}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    report = taximeter("plans", "--json").json()
    assert any("no work in the last 26 weeks" in one for one in report["assumptions"])
    assert report["history"]["active_days"] >= 38


def test_a_plan_is_known_from_the_clients_login(taximeter: Taximeter, tmp_path: Path) -> None:
    (Path.home() / ".claude.json").write_text(
        json.dumps({"oauthAccount": {"rateLimitTier": "default_claude_max_20x", "emailAddress": "dev@example.com"}})
    )
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(56))]
    ran = taximeter("plans", "--json")
    assert ran.json()["current"] == {"plan": "ultra", "from": "this machine's login"}
    assert "dev@example.com" not in ran.out


@pytest.mark.parametrize(
    ("second", "plan"), [(None, "max"), ("default_claude_max_5x", "max"), ("default_claude_pro", None)]
)
def test_a_plan_is_known_from_several_clients_if_their_logins_agree(
    second: str | None, plan: str | None, taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, tier in (("work", second), ("private", "default_claude_max_5x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".claude.json").write_text(json.dumps({"oauthAccount": {"rateLimitTier": tier}}))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{tmp_path / 'work'},{tmp_path / 'private'}")
    current = taximeter("plans", "--json").json()["current"]
    assert current == (plan and {"plan": plan, "from": "this machine's login"})


def test_an_api_key_pays_less_for_writes_and_again_for_pauses(taximeter: Taximeter, tmp_path: Path) -> None:
    writes: dict[str, Any] = {
        "cache_creation_input_tokens": 100_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100_000},
    }
    today = NOW - timedelta(minutes=10)
    taximeter.claude_dirs = [write_history(tmp_path / "c", {today: 0}, **writes)]
    month = taximeter("plans", "--json").json()["month"]
    assert month["logged_usd"] == "1.600000000"
    assert month["as_api_key_usd"] == "1.000000000"


def test_fast_work_stands_apart(taximeter: Taximeter, tmp_path: Path) -> None:
    today = NOW - timedelta(minutes=10)
    taximeter.claude_dirs = [write_history(tmp_path / "c", {today: DOLLAR}, speed="fast")]
    report = taximeter("plans", "--json").json()
    assert report["month"]["excluded_usd"] == {"fast": "2.000000000"}
    assert "never inside a plan: fast" in taximeter("plans").out


def test_what_is_a_floor_or_has_no_price_is_said(taximeter: Taximeter, tmp_path: Path) -> None:
    root = write_history(tmp_path / "c", last_days(28))
    of_an_old_client(root)
    write_history(root, {NOW - timedelta(days=1): DOLLAR}, model="claude-opus-99", first=100)
    taximeter.claude_dirs = [root]
    report = taximeter("plans", "--json").json()
    assert (report["month"]["floor_calls"], report["month"]["unpriced_calls"]) == (30, 2)
    assert (report["history"]["floor_calls"], report["history"]["unpriced_calls"]) == (40, 2)
    screen = " ".join(taximeter("plans").out.split())
    assert "November 2026 so far, at list prices ≥$90.00+? priced" in screen
    assert "The output of 40 of 42 calls is not fully recorded" in screen
    assert "2 of 42 calls have no price and are not in it." in screen


def test_the_end_of_the_month_counts_the_rest_of_today(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last day of a month, a Monday: before the hours of work a whole day is still to come, after them none."""
    days = [datetime(2026, 11, 30, 15, tzinfo=UTC) - timedelta(days=back) for back in range(1, 57)]
    taximeter.claude_dirs = [write_history(tmp_path / "c", {day: 6 * DOLLAR for day in days if day.weekday() < 5})]

    def by_the_end(hour: int) -> dict[str, str]:
        monkeypatch.setattr("tracker.clock.now", lambda: datetime(2026, 11, 30, hour, tzinfo=UTC).astimezone())
        month: dict[str, Any] = taximeter("plans", "--json").json()["month"]
        assert month["as_of"] == "2026-11-30"
        assert month["logged_usd"] == "120.000000000"
        band: dict[str, str] = month["by_month_end_usd"]
        return band

    assert float(by_the_end(11)["p50"]) == pytest.approx(126)
    assert float(by_the_end(18)["p50"]) == pytest.approx(120)


def test_work_that_only_some_plans_leave_out_is_not_said_to_be_outside_all(
    taximeter: Taximeter, tmp_path: Path
) -> None:
    today = NOW - timedelta(minutes=10)
    taximeter.claude_dirs = [write_history(tmp_path / "c", {today: DOLLAR}, model="claude-fable-5-2")]
    assert "of it not inside Pro: fable" in taximeter("plans").out
    assert "of it not inside Pro or Team Standard: fable" in taximeter("plans", "--all").out


def test_a_meter_replaces_the_published_range(taximeter: Taximeter, tmp_path: Path, isolated_home: Path) -> None:
    """Half a dollar moves the five-hour meter by two points: the window holds $25."""
    start = NOW - timedelta(days=7)
    moments = {start + timedelta(hours=hour): DOLLAR // 2 for hour in range(7 * 24)}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    assert taximeter("sync").code == 0
    with closing(open_ledger(isolated_home / LEDGER_NAME)) as db:
        put_samples(db, _meter_readings(db, start))
    ran = taximeter("plans", "--plan", "max", "--json").json()
    fit = ran["meter"]["five_hour"]
    assert fit["intervals"] >= 30
    assert float(fit["usd_per_percent"]) == pytest.approx(0.25, rel=0.1)
    capacity = next(one["capacity"] for one in ran["plans"] if one["id"] == "max")
    assert capacity["origin"] == "your meter"
    assert float(capacity["five_hour_usd"]["mid"]) == pytest.approx(25, rel=0.1)
    with closing(open_ledger(isolated_home / LEDGER_NAME)) as db:
        for_advice = meter_fits(db, NOW.date(), int(NOW.timestamp() * 1000))
        assert for_advice.five_hour is not None
        assert for_advice.five_hour.intervals == fit["intervals"]
        assert (
            meter_fits(db, NOW.date() + timedelta(days=9), int(NOW.timestamp() * 1000) + 9 * 86_400_000) == MeterFits()
        )
    assert "its meter is fitted" in taximeter("plans", "--json").json()["recommendation"]["would_settle"]
    assert "its meter is fitted" not in (ran["recommendation"]["would_settle"] or "")
    screen = taximeter("plans", "--plan", "max").out
    assert "Your five-hour meter" in screen
    assert max(map(len, screen.splitlines())) <= 80
    assert not [one for one in ran["assumptions"] if "settings.toml" in one]
    (isolated_home / "settings.toml").write_text(
        "[capacity.max]\nfive_hour_mid = 90\nmid = 600\n[capacity.pro]\nmid = 120\n"
    )
    ran = taximeter("plans", "--plan", "max", "--json").json()
    [said] = [one for one in ran["assumptions"] if "settings.toml" in one]
    assert said.startswith("[capacity.max] in settings.toml does not count where your own meter has measured the size:")
    assert said.endswith(f" {fit['intervals']} steps of the five-hour meter.")
    capacity = next(one["capacity"] for one in ran["plans"] if one["id"] == "max")
    assert float(capacity["five_hour_usd"]["mid"]) == pytest.approx(25, rel=0.1)
    assert float(capacity["week_usd"]["mid"]) == 600


def test_a_plan_that_was_changed_does_not_inherit_the_size_of_the_one_before(
    taximeter: Taximeter, tmp_path: Path, isolated_home: Path
) -> None:
    """From $100 in five hours to $800, six days ago."""
    start, change = NOW - timedelta(days=20), NOW - timedelta(days=6)
    moments = {start + timedelta(hours=hour): 8 * DOLLAR for hour in range(20 * 24)}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    assert taximeter("sync").code == 0
    with closing(open_ledger(isolated_home / LEDGER_NAME)) as db:
        put_samples(db, _meter_readings(db, start, usd_per_percent=1.0, changes=(change, 8.0)))
    ran = taximeter("plans", "--plan", "max", "--json").json()
    assert ran["meter"]["changed_on"] in {"2026-11-15", "2026-11-16"}
    capacity = next(one["capacity"] for one in ran["plans"] if one["id"] == "max")
    assert capacity["origin"] == "your meter"
    assert float(capacity["five_hour_usd"]["mid"]) == pytest.approx(800, rel=0.15)
    assert "changed size on Nov 15" in " ".join(taximeter("plans", "--plan", "max").out.split())


def _meter_readings(
    db: sqlite3.Connection,
    start: datetime,
    *,
    usd_per_percent: float = 0.25,
    changes: tuple[datetime, float] | None = None,
) -> list[StatusSample]:
    """Five-hour readings after each call; `changes`: when, and to how many dollars a percent."""
    first = int(start.timestamp() * 1000)
    window = 5 * 3_600_000
    used, readings = 0.0, []
    resets_at = first + window
    for ended_at, session, cost in db.execute(
        "SELECT call.last_at, native_id, cost FROM call JOIN session ON session.id = session_id ORDER BY call.last_at"
    ).fetchall():
        while ended_at >= resets_at:
            used, resets_at = 0.0, resets_at + window
        if changes is not None and ended_at >= int(changes[0].timestamp() * 1000):
            usd_per_percent = changes[1]
        used += cost / 1e9 / usd_per_percent
        readings.append(
            StatusSample(session, ended_at + 500, None, None, [LimitReading("five_hour", round(used), resets_at)])
        )
    return readings


@pytest.mark.parametrize("which", [min, max])
def test_refusals_in_transcripts_are_counted(
    which: Callable[[Iterable[Path]], Path], taximeter: Taximeter, tmp_path: Path
) -> None:
    """From the morning of the first day on; another attempt in the same hour is no further one."""
    root = write_history(tmp_path / "c", last_days(14))
    path = which((root / "projects").rglob("*.jsonl"))
    refused = json.loads(path.read_text().splitlines()[-1])
    refused |= {"uuid": "refused", "isApiErrorMessage": True, "requestId": None, "error": "rate_limit"}
    refused["message"] |= {
        "id": "synthetic",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": "5-hour limit reached"}],
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    later = (datetime.fromisoformat(refused["timestamp"]) + timedelta(minutes=28)).isoformat()
    attempts = (refused, {**refused, "uuid": "refused again", "timestamp": later})
    path.write_text(path.read_text() + "".join(json.dumps(one) + "\n" for one in attempts))
    taximeter.claude_dirs = [root]
    assert taximeter("plans", "--json").json()["meter"]["refusals"] == 1
    words = " ".join(taximeter("plans").out.split())
    assert "Limits refused work once" in words
    assert "refusals within an hour are one" in words

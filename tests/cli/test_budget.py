"""`budget`, `whatif` and `record` as a user types them."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.history import DOLLAR, NOW, last_days, of_an_old_client, write_history
from tests.cli.running import Taximeter
from tests.unit.ledger.captured import DATA
from tracker.words import tokens

WHATIF = ("--since", "2026-11-01", "--until", "2026-11-21")


pytestmark = pytest.mark.usefixtures("still")


# -- budget --------------------------------------------------------------------------------------------------------


def test_budgets_are_set_reached_and_removed(taximeter: Taximeter, tmp_path: Path, isolated_home: Path) -> None:
    today = NOW - timedelta(minutes=10)
    taximeter.claude_dirs = [write_history(tmp_path / "c", {today: 6 * DOLLAR})]
    report = taximeter(
        "budget", "--set", "month=10", "--set", "day=5", "--set", "project:dev/app=100", "--set", "task=6", "--json"
    ).json()
    lines = {(one["kind"], one["key"]): one for one in report["budgets"]}
    month = next(one for (kind, _), one in lines.items() if kind == "month")
    assert (month["spent_usd"], month["share"], month["alerts"]) == ("6.000000000", 0.6, [0.5])
    assert next(one for (kind, _), one in lines.items() if kind == "day")["alerts"] == [0.5, 0.8, 1.0]
    assert lines["project", "dev/app"]["share"] == 0.06
    assert [one["alerts"] for (kind, _), one in lines.items() if kind == "task"] == [[0.5, 0.8, 1.0]]
    screen = taximeter("budget")
    assert "over" in screen.out
    assert "past 50%" in screen.out
    assert max(map(len, screen.out.splitlines())) <= 80
    assert taximeter("budget", "--set", "day=").code == 0
    assert "day" not in (isolated_home / "settings.toml").read_text()


def test_budgets_as_csv_have_a_row_each(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", {NOW - timedelta(minutes=10): 6 * DOLLAR})]
    listed = taximeter("budget", "--set", "month=10", "--set", "day=5", "--json").json()["budgets"]
    header, *rows = taximeter("budget", "--csv").rows()
    made = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["kind"], row["spent_usd"]) for row in made] == [(one["kind"], one["spent_usd"]) for one in listed]
    assert [row["alerts"] for row in made if row["kind"] == "day"] == ["0.5 0.8 1.0"]


def test_a_budget_says_what_of_its_spend_is_a_floor_and_what_has_no_price(taximeter: Taximeter, tmp_path: Path) -> None:
    today = NOW - timedelta(minutes=10)
    root = write_history(tmp_path / "c", {today: 6 * DOLLAR})
    write_history(root, {today - timedelta(hours=1): DOLLAR}, model="claude-opus-99", first=1)
    write_history(root, {today - timedelta(days=60): DOLLAR}, model="claude-opus-99", first=2, project="/home/dev/old")
    of_an_old_client(root)
    taximeter.claude_dirs = [root]
    day = taximeter("budget", "--set", "day=10", "--set", "project:dev/old=5", "--json").json()["budgets"][0]
    assert (day["spent_usd"], day["unpriced_calls"], day["floor_calls"]) == ("6.000000000", 2, 4)
    screen = taximeter("budget").out
    assert re.search(r"today +≥\$6\.00\+\? +\$10\.00 +≥60%", screen)
    assert re.search(r"dev/old, this month +\$0\.00 +\$5\.00 +0%", screen)
    assert "≥ a floor: the output of some calls is not fully recorded." in screen
    assert "calls without a price are not in it" in screen


@pytest.mark.parametrize("command", ["budget", "plans"])
def test_hidden_spend_is_shown_next_to_the_month(command: str, taximeter: Taximeter) -> None:
    taximeter.claude_dirs = [DATA / "s27_hidden_spend"]
    report = taximeter(command, "--json").json()
    hidden = report["hidden_this_month"]["cost_usd"] if command == "budget" else report["month"]["hidden_usd"]
    assert hidden == taximeter("spend", "--json").json()["hidden"]["cost_usd"] == "0.115818000"
    screen = " ".join(taximeter(command).out.split())
    assert "$0.12 of unrecorded requests (compaction, titles, web search …)" in screen


def test_tasks_past_their_budget_that_have_no_line_are_counted(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(28))]
    report = taximeter("budget", "--set", "task=0.01", "--json").json()
    listed = [one for one in report["budgets"] if one["kind"] == "task"]
    assert (len(listed), report["tasks_not_listed"]) == (10, 10)  # of twenty days of this month
    assert "10 more tasks are past an alert" in " ".join(taximeter("budget").out.split())


def test_runs_of_programs_are_no_workload_but_spend(taximeter: Taximeter, tmp_path: Path) -> None:
    root = write_history(tmp_path / "c", last_days(28))
    taximeter.claude_dirs = [root]
    before = taximeter("budget", "--json").json()
    write_history(root, last_days(28, 1, hour=20), words="You judge the change made:", entrypoint="sdk-cli", first=100)
    after = taximeter("budget", "--json").json()
    assert after["layers"] == before["layers"]
    assert after["history"]["completed_tasks"] == before["history"]["completed_tasks"]
    assert float(after["history"]["spent_usd"]) == pytest.approx(float(before["history"]["spent_usd"]) * 7 / 6)


def test_layers_stand_side_by_side(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(28))]
    report = taximeter("budget", "--set", "buffer=0.5", "--set", "retry=2", "--json").json()
    layers = report["layers"]
    assert layers["multipliers"]["retry"] == {"measured": 1.0, "used": 2.0, "from": "settings"}
    assert layers["multipliers"]["waste"]["from"] == "measured"
    base, loaded, planned = (float(layers[f"{name}_usd"]) for name in ("base", "loaded", "planned"))
    assert loaded == pytest.approx(base * 2)
    assert planned == pytest.approx(loaded * 1.5)
    screen = taximeter("budget").out
    for word in ("list price", "workload", "base", "loaded", "buffer", "planned", "your settings", "measured"):
        assert word in screen
    assert f" calls × {tokens(layers['workload']['tokens_per_call'])} " in screen
    assert max(map(len, screen.splitlines())) <= 80


def test_tasks_without_a_price_are_left_out_of_the_layers_and_counted(taximeter: Taximeter, tmp_path: Path) -> None:
    root = write_history(tmp_path / "c", last_days(28))
    taximeter.claude_dirs = [root]
    before = taximeter("budget", "--json").json()
    write_history(root, last_days(28, 1, hour=20), model="claude-opus-99", first=100)
    after = taximeter("budget", "--json").json()
    assert after["layers"] == before["layers"]
    assert (before["history"]["tasks_without_price"], after["history"]["tasks_without_price"]) == (0, 20)
    assert "open tasks and 20 without a price are left out." in " ".join(taximeter("budget").out.split())


def test_a_budget_of_nothing_is_over_with_any_spend(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", {NOW - timedelta(days=5): DOLLAR})]
    report = taximeter("budget", "--set", "day=0", "--set", "month=0", "--json").json()
    found = {one["kind"]: (one["share"], one["alerts"]) for one in report["budgets"]}
    assert (found["day"], found["month"], found["week"]) == ((0, []), (1, [0.5, 0.8, 1]), (None, []))
    assert [line.split()[-1] for line in taximeter("budget").out.splitlines() if "this month" in line] == ["over"]


@pytest.mark.parametrize(("days", "words"), [(1, "there is 1 task."), (2, "there are 2 tasks.")])
def test_too_few_tasks_for_layers_are_counted(days: int, words: str, taximeter: Taximeter, tmp_path: Path) -> None:
    moments = {NOW - timedelta(days=back): DOLLAR for back in range(2, 2 + days)}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    assert words in " ".join(taximeter("budget").out.split())


def test_several_changes_are_applied_together_or_not_at_all(
    taximeter: Taximeter, tree: Path, isolated_home: Path
) -> None:
    file = isolated_home / "settings.toml"
    for wrong in ("week=abc", "week=-1", "colour=1", "week", "project:=7"):
        assert taximeter("budget", "--set", "month=200", "--set", wrong).code == 2
        assert not file.exists(), wrong
    assert taximeter("budget", "--set", "month=200", "--set", "week=50", "--set", "month=").code == 0
    assert file.read_text().split() == ["[budget]", "week", "=", "50"]
    assert tree.is_dir()


@pytest.mark.parametrize(
    "change",
    [
        "month",
        "month=x",
        "retry=0.5",
        "colour=1",
        "colour=",
        "alerts=1",
        "hard_stop=true",
        "month=-1",
        "month=nan",
        "project:=7",
        "project: =7",
    ],
)
def test_a_wrong_change_is_one_line_and_changes_nothing(change: str, taximeter: Taximeter, isolated_home: Path) -> None:
    ran = taximeter("budget", "--set", change)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert not (isolated_home / "settings.toml").exists()


# -- what if -------------------------------------------------------------------------------------------------------


def test_whatif_gives_ranges_with_their_assumptions(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(20, 1.0))]
    report = taximeter("whatif", *WHATIF, "--model", "claude-sonnet-5-5", "--model", "claude-opus-4-6", "--json").json()
    same, old = report["cases"]
    assert same["otherwise_usd"]["low"] == same["otherwise_usd"]["high"]
    assert float(same["otherwise_usd"]["mid"]) == pytest.approx(float(report["actual_usd"]) / 2)
    assert float(old["otherwise_usd"]["low"]) < float(old["otherwise_usd"]["high"])
    assert any("1/1.35" in one for one in old["assumptions"])
    everything = taximeter("whatif", *WHATIF, "--json").json()
    assert {one["what"] for one in everything["cases"]} == {"model", "cache", "batch", "baseline"}
    for one in everything["cases"]:
        assert one["label"] == "modelled"
        assert one["assumptions"]
        low, mid, high = (float(one["saving_usd"][name]) for name in ("low", "mid", "high"))
        assert low <= mid <= high


def test_whatif_takes_a_family_for_its_newest_model(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(20, 1.0))]
    usual = {case["change"] for case in taximeter("whatif", *WHATIF, "--json").json()["cases"]}
    (case,) = taximeter("whatif", *WHATIF, "--model", "Haiku", "--json").json()["cases"]
    assert case["change"] in usual
    named = ("--model", "Haiku", "--model", case["change"])
    assert taximeter("whatif", *WHATIF, *named, "--json").json()["cases"] == [case]
    assert "-haiku-" in case["change"]


def test_whatif_as_text_fits_80_columns_and_says_each_assumption_once(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(20, 1.0))]
    ran = taximeter("whatif", *WHATIF, "--model", "claude-sonnet-5-5", "--batch", "0.2")
    assert "claude-sonnet-5-5" in ran.out
    assert "Ranges, not promises" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    alike = taximeter("whatif", *WHATIF, "--model", "claude-sonnet-5-5", "--model", "claude-haiku-5-5").out
    assert alike.count("Same prompts, answers") == 1, "what several rows rest on is said once"
    assert "  - claude-sonnet-5-5, claude-haiku-5-5: Same prompts" in alike
    assert "No calls" in taximeter("whatif", "--until", "2020-01-01", "--since", "2019-12-01").out


def test_whatif_knows_first_prompts_of_sessions_that_began_before(taximeter: Taximeter, tmp_path: Path) -> None:
    """A session over midnight: its first prompt is small, and all that it read on the second day is no part of it."""
    root = write_history(tmp_path / "c", {NOW - timedelta(days=1): DOLLAR}, cache_creation_input_tokens=10_000)
    (path,) = root.rglob("*.jsonl")
    *before, last = path.read_text().splitlines(keepends=True)
    second_day = json.loads(last)
    second_day["timestamp"] = NOW.strftime("%FT%TZ")
    second_day["message"]["usage"] |= {"cache_read_input_tokens": 200_000}
    path.write_text("".join(before) + json.dumps(second_day) + "\n")
    taximeter.claude_dirs = [root]
    report = taximeter("whatif", "--since", "2026-11-21", "--json").json()
    (baseline,) = [case for case in report["cases"] if case["what"] == "baseline"]
    assert report["calls"] == 1
    assert float(baseline["saving_usd"]["high"]) == 0


def test_whatif_over_answers_that_were_cut_off_is_a_floor(taximeter: Taximeter, tmp_path: Path) -> None:
    root = write_history(tmp_path / "c", last_days(3))
    of_an_old_client(root)
    taximeter.claude_dirs = [root]
    assert taximeter("whatif", *WHATIF, "--json").json()["floor_calls"] == 6
    screen = taximeter("whatif", *WHATIF).out
    assert "6 calls, ≥$18.00 at list prices" in screen
    assert "≥ a floor, here and below: the output of 6 calls is not fully" in screen


def test_whatif_promises_nothing_on_a_model_that_the_prompts_do_not_fit(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3), cache_read_input_tokens=300_000)]
    screen = taximeter("whatif", *WHATIF, "--model", "claude-haiku-4-5-20251001").out
    row = next(line for line in screen.splitlines() if line.startswith("claude-haiku"))
    assert row.endswith("6 prompts too large for it")
    assert "6 prompts are larger than its context window." in " ".join(screen.split())


def test_whatif_says_that_it_leaves_out_fast_mode(taximeter: Taximeter, tmp_path: Path) -> None:
    fast = "Without fast mode, which some of this work used."
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3), speed="fast")]
    assert fast in " ".join(taximeter("whatif", *WHATIF).out.split())


def test_whatif_without_a_price_has_no_amount(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3), model="claude-opus-99")]
    assert "6 calls, ? at list prices" in taximeter("whatif", *WHATIF).out


def test_whatif_on_no_such_model_is_one_line(taximeter: Taximeter, tree: Path) -> None:
    ran = taximeter("whatif", "--model", "claude-nobody-9")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert tree.is_dir()


# -- record --------------------------------------------------------------------------------------------------------


def test_a_job_is_recorded_on_its_task_and_priced_by_what_was_accepted(taximeter: Taximeter, tree: Path) -> None:
    task = taximeter("tasks", "--json").json()["tasks"][0]["id"]
    ran = taximeter(
        "record", "clip", "--task", task, "--unit", "second", "--unit-price", "0.10", "--submitted", "12",
        "--succeeded", "10", "--accepted", "4", "--billed", "80.5", "--json",
    )  # fmt: skip
    job = ran.json()["jobs"][0]
    assert (job["task"], job["cost_usd"], job["cost_per_accepted_usd"]) == (task, "8.050000000", "2.012500000")
    assert (job["billed"], job["computed_cost_usd"], job["provider_cost_usd"]) == ("80.5", "8.050000000", None)
    assert taximeter("tasks", "--json").json()["tasks"][0]["cost_usd"] == "0.005220000"
    assert taximeter("record", "--task", task).out.count("clip") == 1
    opened = taximeter("task", task, "--json").json()["task"]
    assert (opened["metered"], opened["cost_usd"]) == ([job], "0.005220000")
    assert "plus, recorded by you: $8.05 for clip\n" in taximeter("task", task).out
    assert taximeter("record", "--remove", str(job["id"])).code == 0
    assert "recorded by you" not in taximeter("task", task).out
    assert tree.is_dir()


def test_the_providers_own_figure_counts_and_a_difference_is_said(taximeter: Taximeter, tree: Path) -> None:
    ran = taximeter("record", "song", "--unit-price", "1", "--accepted", "0", "--provider-cost", "1.5")
    assert "the provider says $1.50" in " ".join(ran.out.split())
    job = taximeter("record", "--json").json()["jobs"][0]
    assert (job["cost_usd"], job["cost_per_accepted_usd"], job["accepted"]) == ("1.500000000", None, 0)
    assert tree.is_dir()


def test_a_recorded_job_can_be_removed(taximeter: Taximeter, tree: Path) -> None:
    taximeter("record", "song", "--unit-price", "1")
    assert taximeter("record", "--remove", "1", "--json").json()["jobs"] == []
    assert taximeter("record", "--remove", "1").code == 1
    assert tree.is_dir()


def test_a_job_that_cannot_be_recorded_removes_none(taximeter: Taximeter, tree: Path) -> None:
    taximeter("record", "song", "--unit-price", "1")
    for words in (("clip",), ("clip", "--unit-price", "1", "--accepted", "9"), ("--accepted", "1")):
        assert taximeter("record", *words, "--remove", "1").code == 2
    assert taximeter("record", "clip", "--unit-price", "1", "--remove", "7").code == 1
    assert [job["what"] for job in taximeter("record", "--json").json()["jobs"]] == ["song"]
    left = taximeter("record", "clip", "--unit-price", "1", "--remove", "1", "--json").json()["jobs"]
    assert [job["what"] for job in left] == ["clip"]
    assert tree.is_dir()


def test_amounts_are_kept_to_the_last_decimal(taximeter: Taximeter, tree: Path) -> None:
    words = ("song", "--unit-price", "0.000000001", "--billed", "1000000.001", "--json")
    job = taximeter("record", *words).json()["jobs"][0]
    assert (job["unit"], job["billed"], job["unit_price_usd"]) == ("result", "1000000.001", "0.000000001")
    assert job["cost_usd"] == "0.001000000"
    assert tree.is_dir()


@pytest.mark.parametrize(
    "words",
    [
        ("song",),
        ("song", "--unit-price", "x"),
        ("song", "--unit-price", "-1"),
        ("song", "--unit-price", "1", "--succeeded", "2", "--accepted", "3"),
        ("song", "--unit-price", "1", "--task", "t-none"),
        ("song", "--unit-price", "1000000", "--billed", "0.0004"),
        ("song", "--unit-price", "0.000000000123"),
        ("song", "--provider-cost", "1.0000000001"),
        ("--succeeded", "3", "--unit-price", "2"),
        ("--unit", "second"),
        ("", "--unit-price", "1"),
        (" \n", "--unit-price", "1"),
    ],
)
def test_an_impossible_job_is_refused(words: tuple[str, ...], taximeter: Taximeter, tree: Path) -> None:
    ran = taximeter("record", *words)
    assert ran.code in (1, 2)
    assert re.search(r"error|Error", ran.err)
    assert taximeter("record", "--json").json()["jobs"] == []
    assert tree.is_dir()

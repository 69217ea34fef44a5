"""`backtest`: the contract of its JSON, its rows, what people read, and what it says without a history."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.unit.advisor.transcripts import START_MS, Transcript
from tracker.cli.app import cli
from tracker.demo.samples import write_samples
from tracker.model.defaults import DAY_MS

POLICIES = [
    "never",
    "client",
    "fixed_100k",
    "fixed_150k",
    "fixed_300k",
    "window_80",
    "taximeter",
    "optimum",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sessions a day apart: one that grew to 160k over many turns, and a short question."""
    claude_dir = tmp_path / "claude"
    one = Transcript(claude_dir)
    for turn in range(30):
        one.prompt("also go on").tool_turns([100_000 + 2_000 * turn, 101_000 + 2_000 * turn])
    Transcript(claude_dir, start_ms=START_MS + DAY_MS, project="/home/dev/other").prompt("What is this?").call(30_000)
    return claude_dir


def run(folder: Path, *words: str) -> str:
    made = CliRunner().invoke(cli, ["backtest", *words, "--claude-dir", str(folder)])
    assert made.exit_code == 0, made.output
    return made.output


def report(folder: Path, *words: str) -> dict[str, Any]:
    return dict(json.loads(run(folder, "--json", *words)))


def test_json_keeps_its_contract(folder: Path) -> None:
    made = report(folder)
    assert (made["schema_version"], made["label"], made["sessions"]) == (1, "modelled", 2)
    assert [policy["name"] for policy in made["policies"]] == POLICIES
    by_name = {policy["name"]: policy for policy in made["policies"]}
    for policy in made["policies"]:
        for name in ("cost_usd", "won_usd", "lost_usd", "regret_usd"):
            assert Decimal(policy[name]).as_tuple().exponent == -9
        for name in ("captured", "precision", "nudges_per_session", "nudges_per_session_hour"):
            assert policy[name] is None or isinstance(policy[name], float)
    assert (by_name["never"]["captured"], by_name["optimum"]["captured"]) == (0.0, 1.0)
    assert by_name["never"]["precision"] is None
    assert made["assumptions"]["summary_kept_tokens"] == 12_000


def test_without_any_compaction_the_rule_never_costs_what_was_billed(folder: Path) -> None:
    made = report(folder)
    never = next(policy for policy in made["policies"] if policy["name"] == "never")
    assert Decimal(never["cost_usd"]) == Decimal(made["recorded"]["cost_usd"])
    assert made["recorded"]["compactions"] == 0


def test_each_nudge_has_its_time_and_its_range(folder: Path) -> None:
    made = report(folder)
    ours = next(policy for policy in made["policies"] if policy["name"] == "taximeter")
    assert len(made["nudges"]) == ours["nudges"] > 0
    for nudge in made["nudges"]:
        assert nudge["at"].endswith("Z")
        assert Decimal(nudge["low_usd"]) <= Decimal(nudge["saves_usd"]) <= Decimal(nudge["high_usd"])
    assert (
        made["said"][0]["text"]
        == "Compact now if you go on, 131k of context: saves ~$0.54 (-$0.36 to $2.26), back in 2 turns"
    )
    assert made["kinds"][0]["kind"] == "compact"
    assert Decimal(made["said"][0]["saved_usd"]) > 0


def test_filters_choose_the_sessions_to_replay(folder: Path) -> None:
    assert report(folder, "--project", "other")["sessions"] == 1
    assert report(folder, "--since", "2026-11-19")["sessions"] == 1
    assert report(folder, "--until", "2026-11-18")["sessions"] == 1


def shape(value: object) -> object:
    """The keys of JSON, each with those below it; what a list holds is left out, as it is where the list is empty."""
    return {key: shape(one) for key, one in value.items()} if isinstance(value, dict) else None


def test_without_a_session_to_replay_the_json_has_the_same_keys(folder: Path, tmp_path: Path) -> None:
    full, nothing = report(folder), report(folder, "--agent", "cline")
    assert shape(nothing) == shape(full | {"sensitivity": {}})
    assert (nothing["sessions"], nothing["left_out"], nothing["policies"]) == (0, 0, [])
    assert (nothing["first_at"], nothing["saving"]["usd"]) == (None, "0.000000000")
    Transcript(tmp_path / "unpriced", model="somebody-elses-model").prompt("Hello").call(30_000)
    assert report(tmp_path / "unpriced", "--project", "/home/dev/project")["left_out"] <= 1


def test_csv_has_a_row_a_rule(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(folder, "--csv"))))
    assert [row["name"] for row in rows] == POLICIES
    assert rows[0]["precision"] == ""


def test_the_text_names_what_happened_and_what_each_rule_saves(folder: Path) -> None:
    text = run(folder)
    assert max(map(len, text.splitlines())) <= 130
    assert text.startswith("Does the advice pay?  2 sessions, 2026-11-18 to 2026-11-19")
    text = " ".join(text.split())
    assert "What happened: 61 calls in main conversations, billed $" in text
    assert "▸ when Taximeter says so" in text
    assert "Followed each time, compact nudges would have saved ~$" in text
    assert "; over sessions like these -$" in text or "; over sessions like these $" in text
    assert ", meant to hold 8 of 10 times. Perfect hindsight" in text
    assert "the best fixed rule here (at 100k of context)" in text
    assert "three times as much re-read" in text
    assert "The nudges that would have been shown, had none been followed" in text
    assert "Compact now if you go on, 131k of context: saves ~$0.54 (-$0.36 to $2.26), back in 2 turns" in text


def test_what_is_lost_after_a_sessions_last_call_is_named_for_ours_and_the_best_fixed_rule(folder: Path) -> None:
    assert "Followed only" not in run(folder)
    ended = Transcript(folder, start_ms=START_MS + 2 * DAY_MS)
    ended.prompt("Add totals to the report").tool_turns(list(range(20_000, 170_000, 15_000)))
    [ours] = [one for one in report(folder)["policies"] if one["name"] == "taximeter"]
    share = f"{ours['captured_without_last']:.0%}"
    text = " ".join(run(folder).split())
    assert "the nudges get nothing of that, the best fixed rule here (at 300k of context) nothing." in text
    assert f" Followed only where the session goes on, as nudges ask: {share} and nothing." in text


def test_a_history_without_nudges_is_reported_as_such(tmp_path: Path) -> None:
    Transcript(tmp_path / "claude").prompt("What is this?").call(30_000)
    text = run(tmp_path / "claude")
    assert "No compact nudge would have been shown: no session reached its compact level." in text
    assert "What would have been said" not in text


def test_without_sessions_it_says_so_and_names_the_filters(tmp_path: Path) -> None:
    text = CliRunner().invoke(cli, ["backtest", "--no-sync"]).output
    assert text.startswith("No session to replay: a replay needs a session")
    assert "taximeter doctor" in text
    text = CliRunner().invoke(cli, ["backtest", "--no-sync", "--agent", "cline", "--since", "7d"]).output
    assert text.startswith("No session to replay with --since 7d --agent cline: a replay needs a session")


def test_csv_has_its_header_also_without_a_history(folder: Path) -> None:
    full, empty = (
        CliRunner().invoke(cli, ["backtest", "--csv", *words]).output.splitlines()
        for words in (["--claude-dir", str(folder)], ["--no-sync", "--agent", "cline"])
    )
    report = json.loads(run(folder, "--json"))
    assert full[0] == ",".join(report["policies"][0])
    assert empty == full[:1]


def test_the_bundled_sessions_show_advice_that_pays(tmp_path: Path) -> None:
    """Their client compacts by itself where Claude Code does: none of them comes near it."""
    write_samples(tmp_path, now=START_MS / 1000)
    made = report(tmp_path)
    saved = {policy["name"]: policy["captured"] for policy in made["policies"]}
    assert saved["taximeter"] > saved["fixed_100k"] > 0.2
    assert saved["never"] == saved["window_80"] == 0
    compacted = [json.loads(line) for path in tmp_path.rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert {row["compactMetadata"]["trigger"] for row in compacted if "compactMetadata" in row} == {"manual"}
